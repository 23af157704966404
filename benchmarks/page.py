"""The measured part of docs/performance.md, written between two marks; the words around it are kept."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from benchmarks.aims import AIMS
from benchmarks.errors import BenchError
from benchmarks.figures import SCALED, cells, headline, ratios
from benchmarks.profiling import Profile
from benchmarks.results import Results

BEGIN, END = "<!-- measured: begin; written by `make bench` -->", "<!-- measured: end -->"
SHOWN = 12
"""Lines of each part of a profile."""
FIGURES = {
    "apply_wall_vs_raw_paramiko": "wall time of plan and apply, against raw paramiko's one pass",
    "imports_s": "a process that imports what `lisiere check` needs, s",
    "load_600_s": "load and validate the inventory, s",
    "resolve_600_s": "resolve 600 intents on one core, s",
    "render_600_s": "render 600 intents on one core, s",
    "render_command_600_s": "`lisiere render --all` as a process, s",
    "check_600_s": "`lisiere check` as a process, s",
    "audit_last_600_s": "`lisiere audit --last` as a process, all rules, s",
    "report_600_s": "`lisiere report` as page, workbook and CSV, s",
    "three_years_mb": "records after three years of daily audits, MB",
    "status_three_years_s": "`lisiere status` with them, s",
    "analyse_600_s": "reason about the policies of 600 sites, s",
    "plan_600_s": "plan 600 at 0 ms, s",
    "apply_600_s": "apply 600 at 0 ms, s",
    "plan_600_40ms_s": "plan 600 at 40 ms, s",
    "apply_600_40ms_s": "apply 600 at 40 ms, s",
    "rss_mib": "the most memory that Lisière held, MiB",
}


def write(path: Path, results: Results) -> None:
    """Put the tables of a run into the page.

    Raises:
        BenchError: The page has lost its marks.
    """
    text = path.read_text("utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise BenchError(f"{path} has no place for what was measured: {BEGIN} … {END}")
    path.write_text(f"{before}{BEGIN}\n\n{tables(results)}\n{END}{after}", "utf-8")


def tables(results: Results) -> str:
    """All tables, in the order in which a reader asks."""
    figures = headline(results.rounds)
    parts = [
        _where(results),
        "### Aims\n\n" + _aims(figures),
        "### Further figures\n\n" + _figures(figures),
        "### Device work\n\n![Wall time per appliance](pictures/performance.svg)\n\n" + _devices(results),
        "### Ratios under each condition\n\n" + _ratios(results),
        "### Cost per appliance\n\n![CPU time per appliance](pictures/performance-scale.svg)\n\n" + _scale(results),
    ]
    if results.skipped:
        parts.append("### Left out\n\n" + "".join(f"- `{name}`: {why}\n" for name, why in results.skipped.items()))
    if results.profile is not None:
        parts.append("### Where the CPU time of plan and apply goes\n\n" + _profile(results.profile))
    return "\n".join(parts)


def _where(results: Results) -> str:
    facts, conditions = results.facts, results.conditions
    libraries = ", ".join(f"{name} {version}" for name, version in facts.libraries.items())
    apart = f"in an environment of its own: {facts.ansible}"
    return (
        f"{facts.date}, revision {facts.revision or 'unknown'}: {facts.cores} cores ({facts.cpu}),"
        f" {facts.memory_gib} GiB, {facts.kernel}, Python {facts.python}. {conditions.rounds} round(s);"
        f" configurations of {conditions.configuration_lines} lines, {conditions.commands_of_a_change} commands a"
        f" change (medians); {conditions.workers} workers.\n\n{libraries}; {apart}.\n"
    )


def _aims(figures: Mapping[str, float]) -> str:
    rows = [
        (
            aim.words,
            f"`{aim.figure}`",
            f"{aim.side} {aim.bound:g}",
            _number(figures.get(aim.figure)),
            aim.verdict(figures),
        )
        for aim in AIMS
    ]
    return _table(("what", "figure", "aim", "measured", ""), rows)


def _figures(figures: Mapping[str, float]) -> str:
    rows = [(words, f"`{name}`", _number(figures.get(name))) for name, words in FIGURES.items()]
    return _table(("what", "figure", "measured"), rows)


def _devices(results: Results) -> str:
    titles = results.conditions.titles
    rows = [
        (
            f"{cell.size}",
            f"{cell.rtt_ms:g}",
            titles[cell.contender],
            _number(cell.wall_s),
            f"{_number(cell.wall_least_s)} to {_number(cell.wall_most_s)}",
            _number(cell.cpu_s),
            f"{cell.sessions}",
            _number(cell.cpu_per_session_ms),
            _number(cell.wall_per_appliance_ms),
            f"{cell.rss_mib:.0f}",
            _number(cell.lab_cpu_s),
        )
        for cell in cells(results.rounds)
        if cell.contender in titles
    ]
    head = ("appliances", "ms", "by", "wall s", "spread", "CPU s", "sessions", "CPU ms a session", "wall ms each")
    return _table((*head, "MiB", "CPU s of the lab"), rows)


def _ratios(results: Results) -> str:
    rows = [
        (f"`{name}`", condition, _number(value))
        for name, found in ratios(results.rounds).items()
        for condition, value in found.items()
    ]
    return _table(("ratio", "condition", "median of the rounds"), rows)


def _scale(results: Results) -> str:
    order = list(SCALED)
    found = [cell for cell in cells(results.rounds) if cell.contender in SCALED]
    rows = [
        (SCALED[cell.contender], f"{cell.size}", _number(cell.wall_s), _number(cell.cpu_per_appliance_ms))
        for cell in sorted(found, key=lambda cell: (order.index(cell.contender), cell.size))
    ]
    return _table(("work", "appliances", "wall s", "CPU ms each"), rows)


def _profile(profile: Profile) -> str:
    columns = {
        "package": profile.by_package,
        "on whose behalf": profile.by_part_that_asked,
        "function": profile.by_function,
    }
    parts = [f"{profile.samples} samples of threads that held the interpreter lock.\n"]
    for title, shares in columns.items():
        rows = [(f"`{what}`", f"{share:.1%}") for what, share in list(shares.items())[:SHOWN]]
        parts.append(_table((title, "share"), rows))
    return "\n".join(parts)


def _number(value: float | None) -> str:
    """Three digits that mean something."""
    if value is None:
        return "not measured"
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
