"""What a demonstration does, step by step, with its timings."""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from cli.demo import compliance, flowchange, page
from cli.demo.folder import DemoError, prepare_folder, settled_in
from cli.demo.scan import scan
from cli.files import write_configuration, write_whole
from cli.output import note, progress
from cli.workplace import access, intended_texts, open_fleet, operator_name, secret_keeper
from lisiere.model.days import day_of

if TYPE_CHECKING:
    from lisiere.model.fleet import Fleet
    from lisiere.model.plan import ApplianceStatus, Drift, Plan, Run
    from lisiere.model.report import Report
    from lisiere.model.site import Appliance
    from lisiere.settings import Settings
    from lisiere.store.records import Records
    from lisiere.workflow.packs import Packs
    from nornir_tasks.fleet import Access

PAGE = "lisiere-demo.html"
MINUTE_S = 60.0
"""Minutes of timed commits last in full: a busy machine must not let them end before their confirmation."""


class Story:
    """One demonstration from its begin to its end. Whatever happens, no lab is left running."""

    def __init__(self, settings: "Settings", *, folder: Path, count: int, port: int) -> None:
        self._folder, self._count, self._port = folder, count, port
        self._source = settings.inventory
        self._settings = settled_in(settings, folder)
        self._started_at = datetime.now(UTC)
        self._steps: list[page.StepLine] = []
        self._rendered: tuple[Fleet, dict[str, str]] | None = None

    def tell(self) -> dict[str, object]:
        """Do all of it.

        Raises:
            DemoError: Something did not come out as it must.
        """
        from lab.daemon import stop

        began = time.monotonic()
        prepare_folder(self._folder, self._source, self._settings.inventory)
        try:
            return self._all(began)
        finally:
            stop(self._folder / "lab")

    # ---- the steps -----------------------------------------------------------------------------------------------

    def _all(self, began: float) -> dict[str, object]:
        from cli.records import open_records

        fleet, chosen = self._check()
        self._render(fleet, chosen)
        self._start_lab(chosen)
        with open_records(self._settings) as records:
            way = access(self._settings, lab=True, keeper=secret_keeper(self._settings))
            plan, run = self._first_rollout(fleet, chosen, records=records, way=way)
            self._nothing_left(fleet, chosen, records=records, way=way)
            fleet, change, changed = self._change_flow(fleet, chosen, records=records, way=way)
            drift = self._find_drift(fleet, chosen, records=records, way=way)
            report = self._audit(fleet, chosen, records=records)
            statuses = records.status([one.name for one in chosen])
        self._stop_lab()
        self._write_page(fleet, plan=plan, run=run, change=change, drift=drift, statuses=statuses, began=began)
        files = self._scan()
        seconds = time.monotonic() - began
        summary = self._summary(plan, run=run, changed=changed, drift=drift, files=files, seconds=seconds)
        summary |= {"compliance": _states(report), "report": str(self._folder / compliance.REPORT)}
        self._write("summary.json", summary)
        note("")
        for name, value in summary.items():
            note(f"{name.replace('_', ' '):<24}{value}")
        return summary

    def _check(self) -> tuple["Fleet", tuple["Appliance", ...]]:
        from cli.lab import played, spread
        from cli.secrets import fill, open_or_create

        with self._step("Contrôler l'inventaire et créer les secrets", "Check the inventory, make the secrets") as tell:
            fleet = self._fleet()
            chosen = tuple(spread(played(fleet.in_service()), self._count))
            made = fill(open_or_create(self._settings), fleet)
            sites, territories = len(fleet.appliances), len(fleet.territories)
            english, french = _not_played(fleet, chosen)
            tell(
                f"{sites} appliances, {territories} territories, {len(made)} secrets made{english}",
                f"{sites} équipements, {territories} territoires, {len(made)} secrets créés{french}",
            )
        return fleet, chosen

    def _render(self, fleet: "Fleet", chosen: tuple["Appliance", ...]) -> None:
        with self._step("Produire les configurations", "Render the configurations") as tell:
            texts = self._texts(fleet, chosen)
            for name, text in texts.items():
                write_configuration(self._folder / "rendered", name, text)
            lines = sum(text.count("\n") for text in texts.values())
            tell(f"{len(texts)} files, {lines} lines", f"{len(texts)} fichiers, {lines} lignes")

    def _start_lab(self, chosen: tuple["Appliance", ...]) -> None:
        from cli.lab import steps
        from lab.daemon import start
        from lab.fleet import LabAppliance
        from lab.ports import free_port

        with self._step("Démarrer les équipements simulés", "Start the simulated appliances") as tell:
            wanted = [LabAppliance(one.name, str(one.data.release)) for one in chosen]
            with progress("start", len(wanted)) as advance:
                start(
                    self._folder / "lab",
                    wanted,
                    minute_s=MINUTE_S,
                    port=self._port or free_port(),
                    progress=steps(advance),
                )
            tell(
                f"{len(wanted)} appliances in one process, each with an address and a host key of its own",
                f"{len(wanted)} équipements dans un processus, chacun avec son adresse et sa clé publique",
            )

    def _first_rollout(
        self, fleet: "Fleet", chosen: tuple["Appliance", ...], *, records: "Records", way: "Access"
    ) -> tuple["Plan", "Run"]:
        with self._step("Préparer le plan", "Plan") as tell:
            plan = self._plan(fleet, chosen, records=records, way=way)
            waves = len({change.wave for change in plan.changes})
            changes, failures = len(plan.changes), len(plan.failures)
            tell(
                f"{changes} to change in {waves} waves, {failures} failures",
                f"{changes} à modifier en {waves} vagues, {failures} échec(s)",
            )
        _must(len(plan.changes) == len(chosen) and not plan.failures, f"{plan.id} does not change every appliance")
        with self._step("Appliquer par vagues", "Apply in waves") as tell:
            run = self._apply(fleet, plan, records=records, way=way)
            tell(_outcomes(run), f"{_count(run)['applied']} appliqués et vérifiés sur {len(run.outcomes)}")
        self._must_succeed(run)
        return plan, run

    def _nothing_left(
        self, fleet: "Fleet", chosen: tuple["Appliance", ...], *, records: "Records", way: "Access"
    ) -> None:
        with self._step("Second plan : rien à faire", "Second plan: nothing to do") as tell:
            plan = self._plan(fleet, chosen, records=records, way=way)
            changes, same = len(plan.changes), len(plan.unchanged)
            tell(f"{changes} to change, {same} as intended", f"{changes} à modifier, {same} conformes")
        _must(len(plan.unchanged) == len(chosen), f"{plan.id} should be empty for all {len(chosen)} appliances")

    def _change_flow(
        self, fleet: "Fleet", chosen: tuple["Appliance", ...], *, records: "Records", way: "Access"
    ) -> tuple["Fleet", page.ChangeShown, int]:
        change = flowchange.choose(fleet, chosen)
        territory = fleet.territories[change.territory].name
        with self._step("Changer un flux et l'appliquer", "Change one flow and apply it") as tell:
            flowchange.write(self._settings.inventory, change)
            new = self._fleet()
            before, after = self._texts(fleet, chosen), self._texts(new, chosen)
            concerned = {name for name in after if after[name] != before[name]}
            plan = self._plan(new, chosen, records=records, way=way)
            planned = {one.host for one in plan.changes}
            _must(bool(planned) and planned == concerned, f"{plan.id} does not change just the appliances concerned")
            run = self._apply(new, plan, records=records, way=way)
            added = f"{territory}: {change.service} added to {change.rule}"
            same, applied = len(plan.unchanged), _count(run)["applied"]
            tell(
                f"{added}; {_outcomes(run)}, {same} untouched",
                f"{territory} : {change.service} ajouté à {change.rule} ; {applied} appliqués, {same} inchangés",
            )
        self._must_succeed(run)
        first = plan.changes[0]
        shown = page.ChangeShown(
            french=f"{territory} : le service {change.service} est ajouté à la règle {change.rule}. "
            f"{len(planned)} équipements sont concernés, {len(plan.unchanged)} ne sont pas touchés.",
            english=f"{territory}: the service {change.service} was added to the rule {change.rule}. "
            f"{len(planned)} appliances concerned, {len(plan.unchanged)} not touched.",
            host=first.host,
            difference=first.difference,
        )
        return new, shown, len(planned)

    def _find_drift(
        self, fleet: "Fleet", chosen: tuple["Appliance", ...], *, records: "Records", way: "Access"
    ) -> tuple["Drift", ...]:
        from lab.daemon import ask
        from nornir_tasks.auditing import look_at_fleet
        from nornir_tasks.fleet import FleetRunner
        from nornir_tasks.stopping import StoppedError

        victim = chosen[len(chosen) // 2]
        with self._step("Trouver une dérive faite à la main", "Find a drift made by hand") as tell:
            ask(self._folder / "lab", {"name": victim.name, "by_hand": ["set service ssh port '2022'"]})
            runner = FleetRunner(chosen, access=way)
            with progress("read", len(chosen)) as advance:
                problems = look_at_fleet(
                    runner,
                    compliance.look_of(self._packs()),
                    records=records,
                    intended=self._texts(fleet, chosen),
                    clock=_now,
                    progress=advance,
                )
            if runner.stop.is_set():
                raise StoppedError("the demonstration was stopped")
            _must(not any(problems.values()), "an appliance could not be read")
            drift = records.drift()
            self._write("drift.json", [one.model_dump(mode="json") for one in drift])
            where = ", ".join(sorted({one.host for one in drift}))
            tell(f"{len(drift)} deviation(s) on {where}", f"{len(drift)} écart(s) sur {where}")
        _must({one.host for one in drift} == {victim.name}, f"the drift of {victim.name} should be the only one")
        return drift

    def _audit(self, fleet: "Fleet", chosen: tuple["Appliance", ...], *, records: "Records") -> "Report":
        with self._step("Auditer le parc, accorder une dérogation", "Audit the fleet, waive one finding") as tell:
            shown = compliance.audit_and_waive(records, fleet, chosen, self._packs(), at=_now(), version=_version())
            audit, counts, rules = shown.audit, shown.report.counts, len(shown.report.rules)
            compliance.write_reports(self._folder, shown.report)
            tell(
                f"{rules} rules on {audit.appliances} appliances: {_states(shown.report)}",
                f"{rules} règles sur {audit.appliances} équipements : {counts.passed} respectées, {counts.failed} non "
                f"respectées, {counts.waived} sous dérogation, {counts.not_evaluated} non évaluées",
            )
        for line in compliance.lines(shown.report):
            note(f"    {line}")
        _must(counts.waived > 0 and counts.passed > counts.failed, "the audit does not show what it should")
        return shown.report

    def _packs(self) -> "Packs":
        from lisiere.workflow.packs import load_packs

        return load_packs()

    def _stop_lab(self) -> None:
        from lab.daemon import stop

        with self._step("Arrêter les équipements simulés", "Stop the simulated appliances") as tell:
            stop(self._folder / "lab")
            tell("stopped", "arrêtés")

    def _scan(self) -> int:
        from cli.workplace import secret_store

        with self._step(
            "Chercher des secrets dans tout ce qui est écrit", "Look for secrets in all that was written"
        ) as tell:
            found = scan(self._folder, store=secret_store(self._settings))
            leaks = len(found.leaks)
            tell(
                f"{leaks} secret values in {found.files} files",
                f"{leaks} valeur secrète dans {found.files} fichiers",
            )
        _must(
            not found.leaks, f"secret values leaked: {', '.join(f'{name} in {path}' for path, name in found.leaks[:5])}"
        )
        return found.files

    # ---- what they share -----------------------------------------------------------------------------------------

    def _plan(self, fleet: "Fleet", chosen: tuple["Appliance", ...], *, records: "Records", way: "Access") -> "Plan":
        from cli.plan_words import document
        from lisiere.workflow.terrain import terrain_of
        from nornir_tasks.plan_making import make_plan

        with progress("plan", len(chosen)) as advance:
            plan = make_plan(
                chosen,
                self._texts(fleet, chosen),
                access=way,
                records=records,
                selection="all (lab)",
                created_by=operator_name(),
                clock=_now,
                terrain=terrain_of(fleet, fleet.in_service()),
                progress=advance,
            )
        self._write(f"{plan.id}.json", document(plan))
        return plan

    def _apply(self, fleet: "Fleet", plan: "Plan", *, records: "Records", way: "Access") -> "Run":
        from lisiere.policy.site import resolve_sites
        from nornir_tasks.probes import probes_of
        from nornir_tasks.rollout import Caution, Rollout, Watch, apply_plan

        hosts = [change.host for change in plan.changes]
        intents = resolve_sites(fleet, hosts)
        with progress("apply", len(hosts)) as advance:
            run = apply_plan(
                Rollout(
                    plan=plan,
                    appliances=fleet.appliances,
                    probes={host: probes_of(fleet.appliances[host], intents[host]) for host in hosts},
                    access=way,
                    records=records,
                    started_by=operator_name(),
                    clock=_now,
                    caution=Caution(revert_in_s=self._settings.revert_in_s),
                    watch=Watch(on_wave=lambda number, size: note(f"  wave {number}: {size}"), on_host=advance),
                )
            )
        self._write(f"{run.id}.json", run.model_dump(mode="json"))
        return run

    def _fleet(self) -> "Fleet":
        return open_fleet(self._settings, as_of=day_of(self._started_at))

    def _texts(self, fleet: "Fleet", chosen: tuple["Appliance", ...]) -> dict[str, str]:
        """The intended texts, rendered once per state of the inventory."""
        if self._rendered is None or self._rendered[0] is not fleet:
            self._rendered = fleet, intended_texts(fleet, [one.name for one in chosen], self._settings)
        return self._rendered[1]

    def _must_succeed(self, run: "Run") -> None:
        from cli.apply import print_run
        from lisiere.model.plan import RunStatus
        from nornir_tasks.stopping import StoppedError

        if run.status is RunStatus.STOPPED:
            raise StoppedError("the demonstration was stopped")
        if run.status is not RunStatus.SUCCEEDED:
            print_run(run)
            raise DemoError(f"{run.id}: {run.status}")

    def _write_page(
        self,
        fleet: "Fleet",
        *,
        plan: "Plan",
        run: "Run",
        change: page.ChangeShown,
        drift: tuple["Drift", ...],
        statuses: tuple["ApplianceStatus", ...],
        began: float,
    ) -> None:
        conforming = sum(one.conformity == "conforms" for one in statuses)
        self._write("status.json", [one.model_dump(mode="json") for one in statuses])
        page.write_page(
            self._folder / PAGE,
            page.Page(
                appliances=len(statuses),
                started_at=page.minute(self._started_at),
                facts=(
                    page.Fact("Équipements", "Appliances", str(len(statuses))),
                    page.Fact("Appliqués et vérifiés", "Applied and verified", str(_count(run)["applied"])),
                    page.Fact("Conformes à la relecture", "Conforming when read again", str(conforming)),
                    page.Fact("En dérive", "Drifted", str(len({one.host for one in drift}))),
                    page.Fact("Durée totale", "Total time", f"{time.monotonic() - began:.0f} s"),
                ),
                steps=tuple(self._steps),
                waves=page.wave_lines(plan, run, fleet),
                territories=page.territory_lines(statuses, fleet),
                lifecycles=page.LIFECYCLES,
                programme=page.programme_lines(fleet),
                change=change,
                drift=page.drift_lines(drift),
                version=_version(),
                as_of=fleet.as_of.isoformat(),
                plan_id=plan.id,
                plan_sha256=plan.sha256,
            ),
        )

    def _summary(
        self, plan: "Plan", *, run: "Run", changed: int, drift: tuple["Drift", ...], files: int, seconds: float
    ) -> dict[str, object]:
        return {
            "appliances": len(plan.changes),
            "first_rollout": _outcomes(run),
            "second_plan": "empty",
            "changed_by_one_flow": changed,
            "drift_found_on": ", ".join(sorted({one.host for one in drift})),
            "secret_values": f"0 in {files} files",
            "seconds": round(seconds, 1),
            "page": str(self._folder / PAGE),
        }

    def _write(self, name: str, content: object) -> None:
        text = json.dumps(content, indent=1, ensure_ascii=False, default=str)
        write_whole(self._folder / "json" / name, f"{text}\n")

    @contextmanager
    def _step(self, french: str, english: str) -> Iterator[Callable[[str, str], None]]:
        """Time one step and say how it went; yields what is told of its result, in English and in French."""
        began, said = time.monotonic(), ["", ""]
        note(f"==> {english}")
        yield lambda english, french: said.__setitem__(slice(2), (english, french))
        seconds = time.monotonic() - began
        self._steps.append(page.StepLine(french, english, said[0], said[1], seconds))
        note(f"    {said[0]} ({seconds:.1f} s)")


def _not_played(fleet: "Fleet", chosen: tuple["Appliance", ...]) -> tuple[str, str]:
    """What is said, in English and French, of appliances in service that this lab cannot play; nothing without any."""
    from cli.lab import played

    in_service = list(fleet.in_service())
    others = len(in_service) - len(played(in_service))
    if not others:
        return "", ""
    return (
        f"; of {len(in_service)} in service {len(chosen)} are played here, {others} run Debian and are not",
        f" ; sur {len(in_service)} en service, {len(chosen)} sont joués ici, {others} sous Debian ne le sont pas",
    )


def _must(holds: bool, otherwise: str) -> None:
    if not holds:
        raise DemoError(otherwise)


def _count(run: "Run") -> Mapping[str, int]:
    return Counter(str(one.outcome) for one in run.outcomes)


def _outcomes(run: "Run") -> str:
    return page.counted(_count(run))


def _states(report: "Report") -> str:
    counts = report.counts
    return (
        f"{counts.passed} passed, {counts.failed} failed, {counts.waived} waived, {counts.not_evaluated} not evaluated"
    )


def _now() -> datetime:
    return datetime.now(UTC)


def _version() -> str:
    try:
        return version("lisiere")
    except PackageNotFoundError:
        return "from a checkout"
