"""From rounds to figures: paired ratios, the worst of several conditions, nothing made up."""

from pathlib import Path

import pytest

from benchmarks import page, results
from benchmarks.aims import AIMS
from benchmarks.errors import BenchError
from benchmarks.facts import gather
from benchmarks.figures import cells, headline, ratios
from benchmarks.measuring import Row
from benchmarks.profiling import summary
from benchmarks.results import Conditions, Results


def row(contender: str, number: int, wall_s: float, *, size: int = 600, rtt_ms: float = 0.0, logins: int = 600) -> Row:
    """One round; CPU time is half of the wall time."""
    return Row(
        contender=contender,
        size=size,
        rtt_ms=rtt_ms,
        round=number,
        wall_s=wall_s,
        cpu_s=wall_s / 2,
        rss_mib=50.0 + number,
        logins=logins,
        pushes=size,
        lab_cpu_s=1.0,
        extra={"plan_s": wall_s / 4, "apply_s": wall_s * 3 / 4},
    )


ROWS = [
    *(row("lisiere", number, wall, logins=1800) for number, wall in ((1, 12.0), (2, 30.0), (3, 16.0))),
    *(row("raw_paramiko", number, wall) for number, wall in ((1, 4.0), (2, 10.0), (3, 8.0))),
    row("lisiere", 1, 20.0, rtt_ms=40.0, logins=1800),
    row("raw_paramiko", 1, 5.0, rtt_ms=40.0),
    row("lisiere", 1, 2.0, size=30, logins=90),
    row("nornir_netmiko", 1, 40.0, size=30, logins=30),
]


def test_ratios_are_those_of_rounds_side_by_side() -> None:
    """A slow round of both says nothing about either; the worst round trip is the one that is told."""
    figures = headline(ROWS)
    assert figures["apply_wall_vs_raw_paramiko"] == 4.0
    assert figures["apply_cpu_vs_raw_paramiko"] == pytest.approx(4 / 3)
    assert figures["nornir_netmiko_wall_vs_apply"] == 20.0
    assert figures["plan_600_s"] == 4.0
    assert ratios(ROWS)["apply_wall_vs_raw_paramiko"] == {"600 appliances, 0 ms": 3.0, "600 appliances, 40 ms": 4.0}


def test_what_was_not_measured_is_not_there() -> None:
    """Neither as nothing nor as zero, and no aim is met by it."""
    figures = headline(ROWS)
    assert "ansible_wall_vs_apply" not in figures
    assert {aim.verdict(figures) for aim in AIMS if aim.figure == "ansible_wall_vs_apply"} == {"not measured"}


def test_a_cell_tells_medians_and_spread() -> None:
    """Per appliance and per session too."""
    first = cells(ROWS)[0]
    assert (first.rounds, first.wall_s, first.wall_least_s, first.wall_most_s) == (3, 16.0, 12.0, 30.0)
    assert first.cpu_per_session_ms == pytest.approx(8000 / 1800)
    assert first.rss_mib == 53.0


def test_growth_compares_the_smallest_fleet_with_the_largest() -> None:
    """The worst kind of work is told."""
    scaled = [row("check", 1, 0.6, size=60), row("check", 1, 90.0, size=6000), row("render", 1, 0.6, size=60)]
    assert headline(scaled)["cost_growth_per_appliance"] == pytest.approx(1.5)


def found(skipped: dict[str, str]) -> Results:
    """Results of a run that never was."""
    stack = "thread (1): pool;run (lisiere/store/journal.py:1);execute (django/db/x.py:2) 3"
    idle = "thread (2): MainThread;prepare (benchmarks/contenders/x.py:1);load (ryaml/y.py:2) 40"
    other = "thread (3): Thread-7;run (paramiko/transport.py:9);read (paramiko/packet.py:2) 1"
    conditions = Conditions(
        rounds=3,
        rtts_ms=(0.0, 40.0),
        configuration_lines=350,
        commands_of_a_change=50,
        workers=50,
        titles={"lisiere": "Lisière", "raw_paramiko": "raw", "nornir_netmiko": "netmiko"},
    )
    return Results(
        is_complete=True,
        facts=gather(),
        conditions=conditions,
        skipped=skipped,
        rounds=ROWS,
        profile=summary([stack, idle, other]),
    )


def test_a_profile_tells_on_whose_behalf_time_went() -> None:
    """What ran before the work is left out."""
    profile = found({}).profile
    assert profile is not None
    assert profile.samples == 4
    assert profile.by_package == {"django": 0.75, "paramiko": 0.25}
    assert profile.by_part_that_asked == {"lisiere.store.journal": 0.75, "paramiko's own threads": 0.25}


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    """Figures stand at the top of the file."""
    path = tmp_path / "results.json"
    written = found({"ansible": "cannot be installed"})
    results.write(path, written)
    assert results.read(path) == written
    assert '"apply_wall_vs_raw_paramiko": 4.0' in path.read_text("utf-8").partition('"how"')[0]
    assert [one.name for one in tmp_path.iterdir()] == ["results.json"]


def test_the_page_keeps_its_words_and_gets_the_tables(tmp_path: Path) -> None:
    """Twice gives the same page; a page without marks is left alone."""
    path = tmp_path / "performance.md"
    path.write_text(f"before\n{page.BEGIN}\nold\n{page.END}\nafter\n", "utf-8")
    page.write(path, found({"ansible": "cannot be installed"}))
    once = path.read_text("utf-8")
    page.write(path, found({"ansible": "cannot be installed"}))
    assert path.read_text("utf-8") == once
    assert once.startswith("before\n")
    assert once.endswith("after\n")
    assert "old" not in once
    assert "| missed |" in once
    assert "`ansible`: cannot be installed" in once
    path.write_text("no marks", "utf-8")
    with pytest.raises(BenchError, match="no place"):
        page.write(path, found({}))
    assert path.read_text("utf-8") == "no marks"
