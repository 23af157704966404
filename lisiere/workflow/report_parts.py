"""The parts of a report that are numbers: shares, the way they went, and the programme of replacement."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import date

from lisiere.model.compliance_words import Severity, State
from lisiere.model.finding import Finding, StateCounts
from lisiere.model.fleet import Fleet
from lisiere.model.report import ProgrammeLine, Share
from lisiere.model.words import Lifecycle

BEGUN = frozenset({Lifecycle.ACTIVE, Lifecycle.RETIRED})
"""Sites whose appliance came into service; a retired one did and went."""

MOST_URGENT_FIRST = tuple(reversed(Severity))


def counts_of(states: Mapping[State, int]) -> StateCounts:
    """Counts as a value."""
    return StateCounts(**{state.name.lower(): states.get(state, 0) for state in State})


def grouped(findings: Iterable[Finding], key: Callable[[Finding], Hashable]) -> dict[Hashable, StateCounts]:
    """How many findings of each group are in each state."""
    found: dict[Hashable, Counter[State]] = {}
    for one in findings:
        found.setdefault(key(one), Counter())[one.state] += 1
    return {name: counts_of(states) for name, states in found.items()}


def shares(counts: Mapping[Hashable, StateCounts], titles: Mapping[str, str]) -> tuple[Share, ...]:
    """Groups in the order of their titles; a group without a title is left out."""
    found = (Share(key=key, title=title, counts=counts[key]) for key, title in titles.items() if key in counts)
    return tuple(sorted(found, key=lambda one: (one.title.casefold(), one.key)))


def programme(fleet: Fleet, names: Iterable[str], *, day: date) -> tuple[ProgrammeLine, ...]:
    """The replacement of appliances against its plan, quarter by quarter, without a gap."""
    found: dict[tuple[int, int], Counter[str]] = {}
    for name in names:
        data = fleet.appliances[name].data
        quarter = found.setdefault(_quarter(data.scheduled_on), Counter())
        is_begun = data.lifecycle in BEGUN
        quarter["in_service" if is_begun else "late" if data.scheduled_on < day else "to_come"] += 1
    if not found:
        return ()
    return tuple(_line(quarter, found.get(quarter, Counter())) for quarter in _between(min(found), max(found)))


def _line(quarter: tuple[int, int], counts: Counter[str]) -> ProgrammeLine:
    return ProgrammeLine(
        quarter=f"{quarter[0]}-Q{quarter[1]}",
        scheduled=counts.total(),
        in_service=counts["in_service"],
        late=counts["late"],
        to_come=counts["to_come"],
    )


def _quarter(day: date) -> tuple[int, int]:
    return day.year, (day.month - 1) // 3 + 1


def _between(first: tuple[int, int], last: tuple[int, int]) -> Iterable[tuple[int, int]]:
    year, quarter = first
    while (year, quarter) <= last:
        yield year, quarter
        year, quarter = (year, quarter + 1) if quarter < 4 else (year + 1, 1)
