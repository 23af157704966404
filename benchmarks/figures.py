"""From what each round cost to figures: medians, how far they spread, and ratios of rounds that ran side by side."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.compliance_work import AUDIT_COMMAND, REPORT_COMMAND, STATUS_COMMAND, THREE_YEARS
from benchmarks.contenders.register import (
    ANALYSE,
    ANSIBLE,
    FROM_RECORDS,
    LISIERE,
    LOAD,
    NETMIKO,
    PLAIN_RENDER,
    RAW,
    RENDER,
    RESOLVE,
    SIMPLE_LOAD,
)
from benchmarks.measuring import Row
from benchmarks.offline_work import CHECK, CHECK_COMMAND, HELP_COMMAND, IMPORTS, RENDER_COMMAND
from benchmarks.stage import REFERENCE_SIZE

Value = Callable[[Row], float]
SCALED = {CHECK: "check", RENDER: "render", FROM_RECORDS: "plan from records"}
"""The work whose cost per appliance is followed over several sizes of fleet."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One contender under one condition: medians over the rounds, and the least and the most of the wall time."""

    contender: str
    size: int
    rtt_ms: float
    rounds: int
    wall_s: float
    wall_least_s: float
    wall_most_s: float
    cpu_s: float
    rss_mib: float
    sessions: int
    lab_cpu_s: float
    wall_per_appliance_ms: float
    cpu_per_appliance_ms: float
    cpu_per_session_ms: float


def cells(rows: Iterable[Row]) -> list[Cell]:
    """Every contender under every condition, in the order in which they were measured."""
    found: dict[tuple[str, int, float], list[Row]] = {}
    for row in rows:
        found.setdefault((row.contender, row.size, row.rtt_ms), []).append(row)
    return [_cell(group) for group in found.values()]


def headline(rows: Sequence[Row]) -> dict[str, float]:
    """The figures by which Lisière is judged; one that was not measured is not there.

    A ratio is that of two contenders in the same round, the median over the rounds; over several round trips the worst
    is told, that is the one least in favour of Lisière.
    """
    largest = max((row.size for row in rows if row.contender == RAW), default=0)
    beside = max((row.size for row in rows if row.contender in (NETMIKO, ANSIBLE)), default=0)
    found = {
        "apply_cpu_vs_raw_paramiko": _worst(rows, LISIERE, RAW, _cpu_per_session, size=largest, pick=max),
        "apply_wall_vs_raw_paramiko": _worst(rows, LISIERE, RAW, _wall, size=largest, pick=max),
        "nornir_netmiko_wall_vs_apply": _worst(rows, NETMIKO, LISIERE, _wall, size=beside, pick=min),
        "ansible_wall_vs_apply": _worst(rows, ANSIBLE, LISIERE, _wall, size=beside, pick=min),
        "render_vs_plain_jinja": _ratio(rows, RENDER, PLAIN_RENDER, _wall),
        "load_vs_simple_inventory": _ratio(rows, SIMPLE_LOAD, LOAD, _wall),
        "imports_s": _median(rows, IMPORTS, _wall),
        f"load_{REFERENCE_SIZE}_s": _median(rows, LOAD, _wall),
        f"resolve_{REFERENCE_SIZE}_s": _median(rows, RESOLVE, _wall),
        f"render_{REFERENCE_SIZE}_s": _median(rows, RENDER, _wall, size=REFERENCE_SIZE),
        f"render_command_{REFERENCE_SIZE}_s": _median(rows, RENDER_COMMAND, _wall),
        f"analyse_{REFERENCE_SIZE}_s": _median(rows, ANALYSE, _wall),
        f"check_{REFERENCE_SIZE}_s": _median(rows, CHECK_COMMAND, _wall),
        f"plan_{REFERENCE_SIZE}_s": _median(rows, LISIERE, _plan, size=REFERENCE_SIZE, rtt_ms=0.0),
        f"apply_{REFERENCE_SIZE}_s": _median(rows, LISIERE, _apply, size=REFERENCE_SIZE, rtt_ms=0.0),
        f"plan_{REFERENCE_SIZE}_40ms_s": _median(rows, LISIERE, _plan, size=REFERENCE_SIZE, rtt_ms=40.0),
        f"apply_{REFERENCE_SIZE}_40ms_s": _median(rows, LISIERE, _apply, size=REFERENCE_SIZE, rtt_ms=40.0),
        f"audit_last_{REFERENCE_SIZE}_s": _median(rows, AUDIT_COMMAND, _wall),
        f"report_{REFERENCE_SIZE}_s": _median(rows, REPORT_COMMAND, _wall),
        "three_years_mb": _median(rows, THREE_YEARS, _mb),
        "status_three_years_s": _median(rows, STATUS_COMMAND, _wall),
        "rss_mib": _most(rows, LISIERE, size=largest),
        "help_cpu_ms": _in_ms(_median(rows, HELP_COMMAND, _cpu)),
        "cost_growth_per_appliance": growth(rows),
    }
    return {name: value for name, value in found.items() if value is not None}


def ratios(rows: Sequence[Row]) -> dict[str, dict[str, float]]:
    """Every ratio of two contenders under every condition, the median of its rounds: by name, then by condition."""
    pairs = (
        ("apply_cpu_vs_raw_paramiko", LISIERE, RAW, _cpu_per_session),
        ("apply_wall_vs_raw_paramiko", LISIERE, RAW, _wall),
        ("nornir_netmiko_wall_vs_apply", NETMIKO, LISIERE, _wall),
        ("nornir_netmiko_cpu_vs_apply", NETMIKO, LISIERE, _cpu),
        ("ansible_wall_vs_apply", ANSIBLE, LISIERE, _wall),
        ("ansible_cpu_vs_apply", ANSIBLE, LISIERE, _cpu),
    )
    found: dict[str, dict[str, float]] = {}
    for name, over, under, value in pairs:
        for size, rtt_ms in sorted({(row.size, row.rtt_ms) for row in rows if row.contender == over}):
            ratio = _ratio(rows, over, under, value, size=size, rtt_ms=rtt_ms)
            if ratio is not None:
                found.setdefault(name, {})[f"{size} appliances, {rtt_ms:g} ms"] = ratio
    return found


def growth(rows: Sequence[Row]) -> float | None:
    """How many times more CPU an appliance costs in the largest fleet than in the smallest: the worst kind of work."""
    found = []
    for name in SCALED:
        sizes = sorted({row.size for row in rows if row.contender == name})
        if len(sizes) > 1:
            small, large = (_median(rows, name, _cpu, size=size) for size in (sizes[0], sizes[-1]))
            found.append(((large or 0.0) / sizes[-1]) / ((small or 0.0) / sizes[0]))
    return max(found, default=None)


# ---- inside ----------------------------------------------------------------------------------------------------------


def _cell(rows: Sequence[Row]) -> Cell:
    first, walls = rows[0], [row.wall_s for row in rows]
    wall_s, cpu_s, sessions = median(walls), median(row.cpu_s for row in rows), int(median(row.logins for row in rows))
    return Cell(
        contender=first.contender,
        size=first.size,
        rtt_ms=first.rtt_ms,
        rounds=len(rows),
        wall_s=wall_s,
        wall_least_s=min(walls),
        wall_most_s=max(walls),
        cpu_s=cpu_s,
        rss_mib=max(row.rss_mib for row in rows),
        sessions=sessions,
        lab_cpu_s=median(row.lab_cpu_s for row in rows),
        wall_per_appliance_ms=wall_s * 1000 / first.size,
        cpu_per_appliance_ms=cpu_s * 1000 / first.size,
        cpu_per_session_ms=cpu_s * 1000 / sessions if sessions else 0.0,
    )


def _of(rows: Iterable[Row], contender: str, size: int | None, rtt_ms: float | None) -> list[Row]:
    return [
        row for row in rows if row.contender == contender and size in (None, row.size) and rtt_ms in (None, row.rtt_ms)
    ]


def _median(
    rows: Sequence[Row], contender: str, value: Value, *, size: int | None = None, rtt_ms: float | None = None
) -> float | None:
    found = [value(row) for row in _of(rows, contender, size, rtt_ms)]
    return median(found) if found else None


def _most(rows: Sequence[Row], contender: str, *, size: int) -> float | None:
    return max((row.rss_mib for row in _of(rows, contender, size, None)), default=None)


def _ratio(
    rows: Sequence[Row],
    over: str,
    under: str,
    value: Value,
    *,
    size: int | None = None,
    rtt_ms: float | None = None,
) -> float | None:
    """The median of the ratios of rounds side by side."""
    below = {(row.size, row.rtt_ms, row.round): value(row) for row in _of(rows, under, size, rtt_ms)}
    found = [
        value(row) / below[key]
        for row in _of(rows, over, size, rtt_ms)
        if (key := (row.size, row.rtt_ms, row.round)) in below
    ]
    return median(found) if found else None


def _worst(
    rows: Sequence[Row], over: str, under: str, value: Value, *, size: int, pick: Callable[[list[float]], float]
) -> float | None:
    rtts = sorted({row.rtt_ms for row in rows if row.size == size})
    found = [_ratio(rows, over, under, value, size=size, rtt_ms=rtt_ms) for rtt_ms in rtts]
    known = [one for one in found if one is not None]
    return pick(known) if known else None


def _in_ms(seconds: float | None) -> float | None:
    return None if seconds is None else seconds * 1000


def _wall(row: Row) -> float:
    return row.wall_s


def _cpu(row: Row) -> float:
    return row.cpu_s


def _cpu_per_session(row: Row) -> float:
    return row.cpu_s / row.logins


def _mb(row: Row) -> float:
    return row.extra["mb"]


def _plan(row: Row) -> float:
    return row.extra["plan_s"]


def _apply(row: Row) -> float:
    return row.extra["apply_s"]
