"""`lisiere audit`: whether rules are kept, since when, and what will not be on a later day."""

from datetime import UTC, datetime, time
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from cli.audit_words import as_document, print_findings
from cli.options import (
    ON_LAB,
    AsJson,
    AsOf,
    Lab,
    Lifecycles,
    Names,
    Platforms,
    Profiles,
    Releases,
    Territories,
    selection,
)
from cli.output import note, print_json

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from lisiere.model.compliance_words import Basis
    from lisiere.model.finding import Audit, Finding
    from lisiere.model.fleet import Fleet
    from lisiere.model.plan import Run
    from lisiere.model.site import Appliance
    from lisiere.settings import Settings
    from lisiere.store.records import Records
    from lisiere.workflow.auditing import Order, Seen
    from lisiere.workflow.selection import Selection


class By(StrEnum):
    """What a table has a line for."""

    RULE = "rule"
    TERRITORY = "territory"
    FINDING = "finding"


def audit(
    context: typer.Context,
    *,
    territories: Territories = None,
    profiles: Profiles = None,
    platforms: Platforms = None,
    releases: Releases = None,
    lifecycles: Lifecycles = None,
    names: Names = None,
    live: Annotated[
        bool, typer.Option("--live/--last", help="Look at the appliances first, or take what was read last.")
    ] = False,
    intended: Annotated[
        bool, typer.Option("--intended", help="Judge what should run instead, without any appliance; not kept.")
    ] = False,
    as_of: AsOf = None,
    by: Annotated[By | None, typer.Option("--by", help="A line for each rule, territory or finding.")] = None,
    nightly: Annotated[
        bool,
        typer.Option(
            "--nightly", help="End with 0 whatever was found; with 1 when nothing was judged or a pack refused."
        ),
    ] = False,
    lab: Lab = None,
    as_json: AsJson = False,
) -> None:
    """Ask every rule of the appliances, and keep what changed since the last audit.

    As of another day than today, nothing is kept: it tells what would fail then. Exit status 1 when a rule is not
    kept and no waiver covers it, when an appliance could not be looked at or was never read, or when a rule pack is
    refused; with --nightly, when no appliance at all could be judged or a rule pack is refused.
    """
    from cli.lab_rootless import enters_lab
    from cli.records import open_records, settle
    from cli.workplace import chosen, fleet_on, played, settings_of
    from lisiere.model.days import day_of

    settings = settings_of(context)
    is_lab = enters_lab(settings, lab)
    day = as_of.date() if as_of else None
    fleet = fleet_on(settings, day, lab=is_lab)
    wanted = selection(territories, profiles, platforms, releases, lifecycles, names)
    appliances = chosen(fleet, wanted, is_lab=is_lab or intended)
    if is_lab and live:
        appliances = played(appliances, settings)
    with open_records(settings) as records:
        if not intended:
            settle(records, is_lab=is_lab, keeps=live)
        work = _Work(fleet, appliances, wanted, settings, records, is_lab=is_lab)
        order = work.order(day)
        audit_, findings = work.carry_out(order, is_live=live, is_intended=intended)
    if as_json:
        print_json(as_document(order, findings, audit_))
    else:
        ahead = day is not None and day > day_of(datetime.now(UTC))
        print_findings(order, findings, by or (By.TERRITORY if ahead else By.RULE))
    if work.is_wanting(order, findings, nightly=nightly) or not order.packs.is_whole:
        raise typer.Exit(1)


def _is_whole(wanted: "Selection") -> bool:
    """Whether the fleet itself is meant, and not some of its appliances."""
    return not (wanted.territories or wanted.profiles or wanted.platforms or wanted.releases or wanted.names)


def judge_run(run: "Run", *, fleet: "Fleet", settings: "Settings", records: "Records") -> None:
    """Judge the appliances of a run anew, out of what the run recorded; nothing is asked of any appliance."""
    from cli.workplace import acting_user
    from lisiere.drivers.validating import compare
    from lisiere.model.days import day_of
    from lisiere.workflow.auditing import Order, audit_run
    from lisiere.workflow.packs import load_packs

    in_service = {one.name for one in fleet.in_service()}
    names = sorted({one.host for one in run.outcomes} & in_service)
    if not names:
        return
    now = datetime.now(UTC)
    packs = load_packs(settings.rules)
    order = Order(
        fleet=fleet,
        names=names,
        is_whole=False,
        packs=packs,
        compare=compare,
        as_of=day_of(now),
        at=now,
        max_age_days=settings.evidence_days,
    )
    audit_run(records, order, by=acting_user(), run_id=run.id)


class _Work:
    """One audit, from the command line's words to findings."""

    def __init__(
        self,
        fleet: "Fleet",
        appliances: "Sequence[Appliance]",
        wanted: "Selection",
        settings: "Settings",
        records: "Records",
        *,
        is_lab: bool,
    ) -> None:
        self._fleet, self._appliances, self._wanted = fleet, tuple(appliances), wanted
        self._settings, self._records, self._is_lab = settings, records, is_lab
        self.missed: dict[str, str] = {}
        self.unread: list[str] = []

    def order(self, day: "date | None") -> "Order":
        """What is asked; mistakes in packs are told at once."""
        from lisiere.drivers.validating import compare
        from lisiere.model.days import day_of
        from lisiere.workflow.auditing import Order
        from lisiere.workflow.packs import load_packs

        packs = load_packs(self._settings.rules)
        for mistake in packs.mistakes:
            note(str(mistake))
        if packs.mistakes:
            note(f"{len(packs.mistakes)} mistake(s); the packs that hold them are not asked")
        now = datetime.now(UTC)
        return Order(
            fleet=self._fleet,
            names=[one.name for one in self._appliances],
            is_whole=_is_whole(self._wanted),
            packs=packs,
            compare=compare,
            as_of=day or day_of(now),
            at=now,
            max_age_days=self._settings.evidence_days,
        )

    def carry_out(
        self, order: "Order", *, is_live: bool, is_intended: bool
    ) -> "tuple[Audit | None, tuple[Finding, ...]]":
        """Look, judge and keep; nothing is kept of what is not of today."""
        from lisiere.model.compliance_words import Basis
        from lisiere.model.days import day_of
        from lisiere.workflow.auditing import Account, evaluate, keep, looked_ahead, standing

        basis = Basis.INTENDED if is_intended else Basis.LIVE if is_live else Basis.LAST
        seen = self._seen(order, basis)
        self.unread = [name for name in order.names if name not in self.missed and seen[name].running is None]
        results = evaluate(order, seen)
        if is_intended or order.as_of != day_of(order.at):
            day = datetime.combine(order.as_of, time(12), UTC)
            moment = order.at if order.as_of == day_of(order.at) else day
            return None, looked_ahead(self._records, order, results, at=moment)
        from cli.workplace import acting_user

        selection = f"{self._wanted}{ON_LAB}" if self._is_lab else str(self._wanted)
        account = Account(by=acting_user(), basis=basis, selection=selection)
        kept = keep(self._records, order, results, account)
        names = [*order.names, ""] if order.is_whole else order.names
        return kept, standing(self._records, self._fleet, names, at=order.at)

    def is_wanting(self, order: "Order", findings: "Sequence[Finding]", *, nightly: bool) -> bool:
        """Whether a person, or who watches the nights, has to look; says what was not judged."""
        from lisiere.model.compliance_words import State

        if self.unread:
            note(f"{len(self.unread)} appliance(s) were never read, so not judged; `lisiere audit --live` reads them")
        if not nightly:
            return bool(self.missed or self.unread) or any(one.state is State.FAILED for one in findings)
        is_unjudged = len(self.missed.keys() | set(self.unread)) == len(order.names) > 0
        if is_unjudged:
            note("no appliance could be judged")
        return is_unjudged

    def _seen(self, order: "Order", basis: "Basis") -> "dict[str, Seen]":
        from lisiere.model.compliance_words import Basis
        from lisiere.workflow.auditing import seen_as_intended, seen_in_records

        if basis is Basis.INTENDED:
            from cli.workplace import intended_texts

            return seen_as_intended(intended_texts(self._fleet, list(order.names), self._settings))
        if basis is Basis.LIVE:
            self._look(order)
        return seen_in_records(self._records, order.names, missed=self.missed)

    def _look(self, order: "Order") -> None:
        """Look at the appliances; what could not be seen is told and remembered."""
        from cli.looking import look

        self.missed = look(
            self._appliances,
            order,
            fleet=self._fleet,
            settings=self._settings,
            records=self._records,
            is_lab=self._is_lab,
        )
