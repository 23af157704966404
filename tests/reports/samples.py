"""Findings for tests of reports: every kind of state, over the reference fleet, made up and always the same."""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zlib import crc32

from lisiere.model.compliance_words import ScopeKind, State
from lisiere.model.finding import FLEET, Evidence, Finding, Scope, StateCounts, Waiver
from lisiere.model.phrases import Getter, Part
from lisiere.model.report import Language, Report, TrendPoint, View
from lisiere.model.site import Appliance
from lisiere.workflow.reporting import Told, make_report
from lisiere.workflow.scene import Scene, scene_of
from lisiere.workflow.waiving import end_of_day
from tests.compliance.casebook import fleet, packs

AT = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
EVIL = ("=HYPERLINK(A1)", "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", 'a "quoted", one', "＝1+1", "is not set")  # noqa: RUF001
WAIVED_RULE = "ipsec-certificates-preferred"


def scene(view: View, language: Language = Language.FR) -> Scene:
    """What a report of the reference fleet is about."""
    return scene_of(fleet(), packs(), view, language=language, at=AT)


def report(view: View, language: Language = Language.FR, *, every_result: bool = False) -> Report:
    """A report over the made-up findings."""
    return make_report(scene(view, language), told(), version="1", every_result=every_result)


@cache
def told() -> Told:
    """All that the records would tell of the whole fleet."""
    return Told(findings(), (waiver(1, Scope(kind=ScopeKind.FLEET)), waiver(2, elsewhere())), trend())


def elsewhere() -> Scope:
    """The first territory, as the scope of a waiver."""
    return Scope(kind=ScopeKind.TERRITORY, name=min(fleet().territories))


def waiver(number: int, scope: Scope) -> Waiver:
    """A waiver in force."""
    until = date(2027, 3, 31)
    return Waiver(
        number=number,
        rule=sorted(packs().rules)[0],
        scope=scope,
        reason=f"Reason {number}",
        measure=f"Measure {number}",
        asked_by="alice",
        asked_at=AT - timedelta(days=9),
        approved_by="bob",
        approved_at=AT - timedelta(days=8),
        until=until,
        ends_at=end_of_day(until),
    )


@cache
def findings() -> tuple[Finding, ...]:
    """Some appliances of every territory against every rule; reasons hold formulas, and names of others."""
    hosts = [one.name for some in _by_territory().values() for one in some[:4]]
    rules = sorted(packs().rules)
    found = [_finding(FLEET, rules[3], State.FAILED, "of the fleet as a whole")]
    for place, host in enumerate(hosts):
        other = hosts[-1 - place]
        for rule in rules:
            draw = crc32(f"{host} {rule}".encode()) % 40
            state = {0: State.FAILED, 1: State.WAIVED, 2: State.NOT_EVALUATED}.get(draw, State.PASSED)
            reason = "" if state is State.PASSED else _reason(place, other)
            found.append(_finding(host, rule, state, reason))
    return tuple(found)


def _by_territory() -> dict[str, list[Appliance]]:
    found: dict[str, list[Appliance]] = {siren: [] for siren in sorted(fleet().territories)}
    for one in fleet().in_service():
        found[one.territory].append(one)
    return found


def _reason(place: int, other: str) -> str:
    one = fleet().appliances[other]
    territory = fleet().territories[one.territory]
    reasons = (
        *EVIL,
        f"a key is shared with {other}",
        f"a tunnel to {one.data.site} is down",
        f"prefix {one.data.loopback.ipv4}/32 overlaps, and {one.data.segments[0].ipv4}",
        f"differs from territory {one.territory}",
        f"as in {territory.name}",
        *made_of_phrases(other),
    )
    return reasons[place % len(reasons)]


def made_of_phrases(other: str) -> tuple[str, ...]:
    """Reasons as rules make them, which a French report translates; each names a site or a territory of others."""
    one = fleet().appliances[other]
    territory = fleet().territories[one.territory]
    return (
        Part.ENDS_DIFFER_SELECTORS(name="overlay", peer=other),
        Getter.IS(name="hostname", value=one.data.site),
        Getter.IS(name="hostname", value=[one.data.site, {"at": territory.name}]),
        Getter.IS(name="hostname", value=f"{one.data.site} \"said\" 'so'"),
    )


def _finding(host: str, rule: str, state: State, reason: str) -> Finding:
    return Finding(
        host=host,
        rule=rule,
        state=state,
        reason=reason,
        entered_at=AT - timedelta(days=3),
        failed_at=AT - timedelta(days=30) if state in (State.FAILED, State.WAIVED) else None,
        seen_at=AT - timedelta(hours=2),
        evidence=Evidence(what="running configuration", sha256="ab" * 32),
        waiver=1 if state is State.WAIVED else 0,
    )


def trend() -> tuple[TrendPoint, ...]:
    """A year in which things get better."""
    return tuple(
        TrendPoint(
            at=AT - timedelta(days=30 * (12 - month)),
            counts=StateCounts(passed=900 + month, failed=40 - month, waived=5 + month, not_evaluated=12),
        )
        for month in range(13)
    )
