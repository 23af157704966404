"""Audits: rules asked of a part of the fleet, out of the records or of what was just seen, and kept."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from lisiere.compliance.engine import Comparer, Engine
from lisiere.compliance.subject import MAX_AGE_DAYS, Compared, Running, Setting, Subject
from lisiere.model.compliance_words import Basis, State, Topic
from lisiere.model.finding import FLEET, Audit, Audited, Finding, Observation, Result
from lisiere.model.fleet import Fleet
from lisiere.model.hashing import sha256_of
from lisiere.model.intent import SiteIntent
from lisiere.model.phrases import Whole
from lisiere.model.plan import Drift
from lisiere.policy.site import resolve_each
from lisiere.workflow.packs import Packs
from lisiere.workflow.waiving import due_notices, with_waivers

if TYPE_CHECKING:
    from lisiere.store.records import Records


@dataclass(frozen=True, slots=True)
class Order:
    """What to audit.

    Args:
        fleet: The whole fleet.
        names: The appliances.
        is_whole: Whether these are all that are audited by default, so that the fleet as a whole is asked too.
        packs: The rules.
        compare: How NAPALM compares getters with a validation file.
        as_of: The day on which dates are judged.
        at: The moment of the audit.
        max_age_days: How old what was read may be to say something of what runs.
    """

    fleet: Fleet
    names: Sequence[str]
    is_whole: bool
    packs: Packs
    compare: Comparer
    as_of: date
    at: datetime
    max_age_days: int = MAX_AGE_DAYS


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of one appliance besides the inventory."""

    running: Running | None = None
    compared: Compared | None = None
    told: tuple[Observation, ...] = ()
    missed: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """For whom and from what an audit is kept."""

    by: str
    basis: Basis
    selection: str
    run_id: str = ""


def evaluate(order: Order, seen: Mapping[str, Seen]) -> tuple[Result, ...]:
    """Ask every rule of every appliance, and of the fleet."""
    setting = Setting(order.fleet, order.as_of, order.at, order.max_age_days)
    engine = Engine(order.packs.rules.values(), setting=setting, compare=order.compare)
    wanted = frozenset(order.names)
    intents: dict[str, SiteIntent] = {}
    results: list[Result] = []
    for intent in resolve_each(order.fleet, [*order.names, *_others(order, wanted)]):
        intents[intent.name] = intent
        if intent.name in wanted:
            results += engine.ask(_subject(order, intent, seen.get(intent.name, Seen())))
    results += engine.ask_fleet(intents, hosts=wanted, is_whole=order.is_whole)
    return tuple(results)


def _others(order: Order, wanted: Collection[str]) -> list[str]:
    """The rest of the fleet in service: what an appliance shares with others shows only beside them."""
    return [one.name for one in order.fleet.in_service() if one.name not in wanted]


def _subject(order: Order, intent: SiteIntent, seen: Seen) -> Subject:
    topics = frozenset(Topic)
    return Subject(
        appliance=order.fleet.appliances[intent.name],
        intent=intent,
        running=seen.running,
        compared=seen.compared,
        states={Topic(one.topic): one for one in seen.told if one.topic in topics},
        getters={one.topic: one for one in seen.told if one.topic not in topics},
        missed=seen.missed,
    )


def seen_in_records(
    records: "Records", names: Sequence[str], *, missed: Mapping[str, str] | None = None
) -> dict[str, Seen]:
    """What the records know of appliances: their last configurations, deviations, and what they told last.

    `missed` tells why some could not be seen just now: what is on record of them is not looked at.
    """
    missed = missed or {}
    wanted = [name for name in names if name not in missed]
    hashes = records.last_running(wanted)
    texts = records.get_configurations(hashes.values())
    read_at = {one.host: one.read_at for one in records.status(wanted)}
    conforming, told = records.last_conforming(wanted), records.compliance.last_sights(wanted)
    drift: dict[str, list[Drift]] = defaultdict(list)
    for one in records.drift(wanted):
        drift[one.host].append(one)
    found = {name: Seen(missed=reason) for name, reason in missed.items()}
    for name in wanted:
        at, sha256 = read_at.get(name), hashes.get(name)
        running = compared = None
        if at is not None and sha256 is not None:
            then = conforming.get(name)
            conformed_at = then[1] if then is not None and then[0] == sha256 else None
            running = Running(texts[sha256], sha256, at)
            compared = Compared(tuple(drift[name]), at, conformed_at)
        found[name] = Seen(running, compared, told.get(name, ()))
    return found


def seen_as_intended(texts: Mapping[str, str]) -> dict[str, Seen]:
    """What appliances should run, for an audit of the inventory alone."""
    why = Whole.INTENDED_ONLY()
    return {
        name: Seen(running=Running(text, sha256_of(text), None, is_intended=True), missed=why)
        for name, text in texts.items()
    }


def keep(records: "Records", order: Order, results: Iterable[Result], account: Account) -> Audit:
    """Put an audit on record, and the notices that are due."""
    hosts = frozenset(order.names) | ({FLEET} if order.is_whole else frozenset())
    audit = records.compliance.record_audit(
        Audited(
            at=order.at,
            by=account.by,
            basis=account.basis,
            selection=account.selection,
            packs_sha256=order.packs.sha256,
            hosts=hosts,
            results=tuple(results),
            known_hosts=frozenset(one.name for one in order.fleet.in_service()),
            known_rules=None if order.packs.is_whole else frozenset(order.packs.rules),
            run_id=account.run_id,
        )
    )
    announce(records, at=order.at)
    return audit


def announce(records: "Records", *, at: datetime) -> None:
    """Make the notices that are due, each once."""
    if due := due_notices(records.compliance.waivers(), at=at):
        records.compliance.notify(due, at=at)


def standing(records: "Records", fleet: Fleet, names: Iterable[str] | None, *, at: datetime) -> tuple[Finding, ...]:
    """What is on record now, waivers counted; of all appliances and the fleet by default."""
    return _with_waivers(records, fleet, records.compliance.findings(names), at=at)


def standing_at(records: "Records", fleet: Fleet, names: Iterable[str] | None, *, at: datetime) -> tuple[Finding, ...]:
    """What held at an instant in the past, waivers counted."""
    return _with_waivers(records, fleet, records.compliance.findings(names, at=at), at=at)


def looked_ahead(records: "Records", order: Order, results: Iterable[Result], *, at: datetime) -> tuple[Finding, ...]:
    """Results that are not kept, as findings of a moment that has not come: waivers that end before cover nothing."""
    return _with_waivers(records, order.fleet, as_findings(results, at=at), at=at)


def as_findings(results: Iterable[Result], *, at: datetime) -> tuple[Finding, ...]:
    """Results that are not on record, in the shape of those that are."""
    return tuple(
        Finding(
            host=one.host,
            rule=one.rule,
            state=one.state,
            reason=one.reason,
            entered_at=at,
            failed_at=at if one.state is State.FAILED else None,
            seen_at=at,
            evidence=one.evidence,
        )
        for one in results
    )


def _with_waivers(
    records: "Records", fleet: Fleet, findings: Iterable[Finding], *, at: datetime
) -> tuple[Finding, ...]:
    territories = {name: one.territory for name, one in fleet.appliances.items()}
    return with_waivers(findings, records.compliance.waivers(), at=at, territories=territories)


def audit_run(records: "Records", order: Order, *, by: str, run_id: str) -> Audit:
    """Judge the appliances of a run anew, out of what it recorded: a finding that it mended is closed at once."""
    results = evaluate(order, seen_in_records(records, order.names))
    return keep(records, order, results, Account(by=by, basis=Basis.APPLY, selection=f"run {run_id}", run_id=run_id))
