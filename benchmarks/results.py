"""The results of a run as one JSON document, written as a whole or not at all."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from pydantic import TypeAdapter

from benchmarks.aims import AIMS
from benchmarks.facts import Facts
from benchmarks.figures import cells, headline, ratios
from benchmarks.measuring import Row
from benchmarks.profiling import Profile

DIGITS = 4

HOW = {
    "apply_cpu_vs_raw_paramiko": "CPU per session opened (the lab counts logins): Lisière's over raw paramiko's",
    "nornir_netmiko_wall_vs_apply": "wall time on the same appliances, all of them at once, in the same round",
    "ansible_wall_vs_apply": "wall time on the same appliances, up to 50 forks, in the same round",
    "cost_growth_per_appliance": "CPU per appliance, largest fleet over smallest; the worst of check, render, plan",
    "ratios": "each round's ratio, the median of them; of several round trips the worst for Lisière",
    "work": "connect, read running, push the lines that change, compare, commit, save, disconnect",
    "lisiere": "plans first, arms the commit, verifies over a new session, confirms, reads again, journals: it counts",
    "lab": "a process of its own on the same cores; its CPU time is told apart and is in nobody's figure",
    "rss_mib": "the most that the process held, and its children, pages that they share counted for each",
}


@dataclass(frozen=True, slots=True)
class Conditions:
    """Under which conditions a run measured; `titles` names the contenders of device work."""

    rounds: int
    rtts_ms: tuple[float, ...]
    configuration_lines: int
    commands_of_a_change: int
    workers: int
    titles: dict[str, str]


@dataclass(frozen=True, slots=True)
class Results:
    """What a run found: its rounds, from which all figures follow, and what one must know to read them."""

    is_complete: bool
    facts: Facts
    conditions: Conditions
    skipped: dict[str, str]
    rounds: list[Row]
    profile: Profile | None


def document(results: Results) -> dict[str, object]:
    """The figures first, then all that they come from."""
    figures = headline(results.rounds)
    return {
        **figures,
        "is_complete": results.is_complete,
        "how": HOW,
        "aims": [{**asdict(aim), "value": figures.get(aim.figure), "verdict": aim.verdict(figures)} for aim in AIMS],
        "facts": asdict(results.facts),
        "conditions": asdict(results.conditions),
        "skipped": results.skipped,
        "ratios": ratios(results.rounds),
        "cells": [asdict(cell) for cell in cells(results.rounds)],
        "profile": None if results.profile is None else asdict(results.profile),
        "rounds": [asdict(row) for row in results.rounds],
    }


def write(path: Path, results: Results) -> None:
    """Replace the file of an earlier run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(json.dumps(_rounded(document(results)), indent=1, ensure_ascii=False) + "\n", "utf-8")
    draft.replace(path)


def read(path: Path) -> Results:
    """What an earlier run found."""
    content = json.loads(path.read_text("utf-8"))
    names = [one.name for one in fields(Results)]
    return TypeAdapter(Results).validate_python({name: content[name] for name in names})


def _rounded(value: object) -> object:
    if isinstance(value, float):
        return round(value, DIGITS)
    if isinstance(value, Mapping):
        return {name: _rounded(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(one) for one in value]
    return value
