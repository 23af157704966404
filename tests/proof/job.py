"""The main job on real appliances, by the commands that a person gives: plan, apply, verify, drift, records."""

import json
import re
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lab.real import territory
from lab.real.appliance import Appliance
from lisiere.drivers.base import TunnelFault
from lisiere.model.site import SCHOOL_WEB_ACCESS
from lisiere.model.words import ProfileName
from lisiere.secrets.agefile import AgeFileStore, random_value
from lisiere.secrets.references import PREFIX
from nornir_tasks.tunnel_words import WHY
from tests.proof.bench import Bench

REVERT_IN_S = 120
ELSEWHERE = {
    "management_prefixes": ("10.50.64.0/24", "fd80:80aa:0:77::/64"),
    "collectors": ("address: 10.50.64.61", "address: fd80:80aa:0:77::61"),
}
"""Prefixes from which nobody manages, and collectors in them: who goes by these is cut off."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one step of the job came to, and whether that is right."""

    what: str
    found: str
    holds: bool


def quiet_site(bench: Bench) -> str:
    """A site of no overlay, no school and no town hall: what happens to it concerns no other part of the proof."""
    intents = bench.intents.values()
    alone = [one for one in intents if not one.tunnels and one.web.kind not in SCHOOL_WEB_ACCESS]
    quiet = [one.name for one in alone if one.profile is not ProfileName.TOWN_HALL]
    return (quiet or [one.name for one in alone] or list(bench.names))[-1]


def steps(bench: Bench) -> Iterator[Step]:
    """A plan that has nothing to do, a change by hand that is seen and taken back, and what the records say."""
    plan = _json(bench, "plan", "--lab", "--json")
    changes, failures = len(plan["changes"]), len(plan["failures"])
    told = f"{changes} to change, {len(plan['unchanged'])} as intended, {failures} could not be compared"
    yield Step("a second plan", told, not changes and not failures)
    name = quiet_site(bench)
    appliance = Appliance(name, territory.DISKS / name)
    appliance.tell("nft", "insert", "rule", "inet", "lisiere", "forward", "accept")
    found = bench.run("drift", "--refresh", "--lab", "--name", name, status=1)
    yield Step("a rule by hand is seen", f"drift at {name}", "in force" in found)
    bench.run("plan", "--lab", "--name", name)
    bench.run("apply", "last", "--lab", "--yes")
    left = bench.run("drift", "--refresh", "--lab", "--name", name)
    yield Step("and taken back by apply", "no drift" if name not in left else left.strip()[:80], name not in left)
    run = _json(bench, "runs", "--json")[0]
    yield Step("recorded", f"{run['id']} {run['status']}: {run['outcomes']}", run["outcomes"] == {"applied": 1})


def wrong_key(bench: Bench) -> Step | None:
    """A key that changes at one end of a living tunnel: found by verification, in words, and taken back."""
    ours = ((one.name, tunnel) for one in bench.intents.values() for tunnel in one.tunnels if tunnel.initiates)
    found = next(((name, tunnel) for name, tunnel in ours if tunnel.peer in bench.intents), None)
    if found is None:
        return None
    name, tunnel = found
    state, other = bench.folder / ".lisiere", bench.folder / ".lisiere/other.age"
    shutil.copy(state / "secrets.age", other)
    key = tunnel.secret.removeprefix(PREFIX)
    AgeFileStore(other, identity=state / "identity.txt").replace({key: random_value()})
    bench.run("plan", "--lab", "--name", name, LISIERE_SECRETS_FILE=str(other))
    said = bench.run("apply", "last", "--lab", "--yes", status=1, LISIERE_SECRETS_FILE=str(other))
    why = f"tunnel to {tunnel.name}"
    told = next((line[line.index(why) :] for line in said.splitlines() if why in line), said.strip()[-300:])
    drift = bench.run("drift", "--refresh", "--lab", "--name", name)
    return Step("another key at one end", told, WHY[TunnelFault.KEY] in told and name not in drift)


def cut_off(bench: Bench) -> Step:
    """A change that cuts the way of management: applied, not verified, and gone by itself when its time is over."""
    name, began = quiet_site(bench), time.monotonic()
    wrong = bench.folder / "inventory-cut"
    shutil.copytree(bench.folder / "inventory", wrong, dirs_exist_ok=True)
    operator = wrong / "operator.yaml"
    operator.write_text(moved(operator.read_text(encoding="utf-8")), encoding="utf-8")
    bench.run("--inventory", str(wrong), "plan", "--lab", "--name", name)
    said = bench.run(
        "--inventory", str(wrong), "apply", "last", "--lab", "--yes", "--revert-in", str(REVERT_IN_S), status=1
    )
    outcomes = _json(bench, "runs", "--json")[0]["outcomes"]
    drift = bench.run("drift", "--refresh", "--lab", "--name", name)
    is_back = outcomes == {"reverted": 1} and "runs the old configuration and nothing is armed" in said
    told = f"{name}: exit 1, {outcomes}, back by itself after {time.monotonic() - began:.0f} s"
    return Step("management cut off", told if is_back else said.strip()[-300:], is_back and name not in drift)


def moved(text: str) -> str:
    """The data of an operator who manages from elsewhere."""
    for name, entries in ELSEWHERE.items():
        lines = "".join(f"    - {one}\n" for one in entries)
        text = re.sub(rf"( {name}:\n)(?:    - .*\n)+", rf"\g<1>{lines}", text)
    return text


def _json(bench: Bench, *words: str, status: int = 0) -> Any:
    return json.loads(bench.run(*words, status=status))
