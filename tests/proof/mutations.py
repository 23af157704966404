"""The check of the proof itself: slips are sown into what an appliance is given, and the proof has to see each."""

import contextlib
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from tempfile import TemporaryDirectory

from lisiere.model.intent import SiteIntent
from lisiere.model.site import WebAccessKind
from lisiere.model.words import ProfileName
from lisiere.policy.lines import window_ranges
from lisiere.policy.ranges import holds
from lisiere.render.renderer import render, template_folder
from tests.proof import packets, school, vpn
from tests.proof.asking import Fate, Try
from tests.proof.bench import Bench
from tests.proof.faults import Role, Shown, Slip
from tests.proof.ground import Ground

ROUNDS = 2
BACK_S, SIDE_BY_SIDE = 45.0, 4


@dataclass(frozen=True)
class Caught:
    """Whether a slip was caught, and by what."""

    slip: Slip
    by: str
    took_s: float


def sow_all(bench: Bench, ground: Ground, slips: Sequence[Slip], *, seed: int) -> Iterator[Caught]:
    """Sow slips into the lab, those of different sites side by side; a slip for which there is no site is left out."""
    roles, work = dict(players(ground)), dict[str, list[Slip]]()
    for slip in slips:
        if slip.role in roles:
            work.setdefault(roles[slip.role], []).append(slip)
    done: SimpleQueue[Caught] = SimpleQueue()

    def at(site: str) -> None:
        for slip in work[site]:
            done.put(sow(bench, ground, site, slip, seed=seed))

    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        sown = [pool.submit(at, site) for site in work]
        while not (done.empty() and all(one.done() for one in sown)):
            with contextlib.suppress(Empty):
                yield done.get(timeout=0.5)
        for one in sown:
            one.result()


def sow(bench: Bench, ground: Ground, site: str, slip: Slip, *, seed: int) -> Caught:
    """Sow a slip, look, and take it out again."""
    began = time.monotonic()
    bench.put(site, slipped(slip, ground.intents[site]))
    try:
        said = CHECKS[slip.shown](bench, ground, site, seed)
        return Caught(slip, said, time.monotonic() - began)
    finally:
        bench.put(site, render(ground.intents[site]))
        if slip.shown in {Shown.MEMBERS, Shown.TUNNELS}:
            vpn.wait_for(lambda: not vpn.missing(_ends(bench, ground, site)), BACK_S)


def control(bench: Bench, ground: Ground, slips: Sequence[Slip], *, seed: int) -> list[str]:
    """What the same checks find where nothing was sown; nothing, or they prove nothing."""
    roles = dict(players(ground))
    asked = {(one.shown, roles[one.role]) for one in slips if one.role in roles}
    found = ((shown, site, CHECKS[shown](bench, ground, site, seed)) for shown, site in sorted(asked))
    return [f"{shown} at {site}: {said}" for shown, site, said in found if said]


def slipped(slip: Slip, intent: SiteIntent) -> str:
    """The configuration of a site with a slip in it.

    Raises:
        ValueError: The slip does not fit what it is sown into any more.
    """
    if not slip.template:
        return _replaced(slip, render(intent))
    with TemporaryDirectory() as folder:
        path = Path(folder) / slip.template
        path.parent.mkdir(parents=True)
        path.write_text(_replaced(slip, (template_folder() / slip.template).read_text(encoding="utf-8")))
        return render(intent, extra=Path(folder))


def _replaced(slip: Slip, text: str) -> str:
    found = re.sub(slip.old, slip.new, text, count=1)
    if found == text:
        raise ValueError(f"{slip.what}: does not fit {slip.template or 'the rendered text'} any more")
    return found


def players(ground: Ground) -> Iterator[tuple[Role, str]]:
    """Which site of the lab shows what."""
    for role, is_one in ROLES.items():
        found = sorted(name for name, intent in ground.intents.items() if is_one(intent))
        if found:
            yield role, min(found, key=lambda name: len(ground.intents[name].tunnels))


def _is_hall(intent: SiteIntent) -> bool:
    """With a proxy, guests and telephones; one without tunnels is taken first, so that nobody else is concerned."""
    zones = {str(one.zone) for one in intent.interfaces}
    return intent.profile is ProfileName.TOWN_HALL and {"guest", "voice"} <= zones


def _is_closed(intent: SiteIntent) -> bool:
    """Whether its backup may not run now."""
    rules = [one for rules in intent.rule_sets for one in rules.rules if one.id == "backup"]
    now = datetime.now(UTC)
    second = (now.hour * 60 + now.minute) * 60 + now.second
    return bool(rules) and not any(holds(window_ranges(one.window), second) for one in rules)


def _is_school(intent: SiteIntent) -> bool:
    return intent.web.kind is WebAccessKind.PARENT_PROXY and any(str(one.zone) == "guest" for one in intent.interfaces)


ROLES: Mapping[Role, Callable[[SiteIntent], bool]] = {
    Role.HALL: _is_hall,
    Role.MEMBER: lambda intent: _is_hall(intent) and len(intent.tunnels) in (1, 2),
    Role.SCHOOL: _is_school,
    Role.FILTERING: lambda intent: intent.web.kind in {WebAccessKind.DNS, WebAccessKind.LOCAL_FILTER},
    Role.CLOSED: _is_closed,
}


# ---- the parts of the proof, at one site -------------------------------------------------------------------------


def _packets(bench: Bench, ground: Ground, site: str, seed: int) -> str:
    return _first(ground, packets.questions(ground, [site], seed=seed))


def _members(bench: Bench, ground: Ground, site: str, seed: int) -> str:
    vpn.wait_for(lambda: not vpn.missing(_ends(bench, ground, site)), BACK_S)
    asked = [one for one in vpn.questions(bench, ground) if site in (one[0].site, one[1].arrives_at.partition(":")[0])]
    return _first(ground, asked)


def _first(ground: Ground, asked: Sequence[tuple[Try, Fate]]) -> str:
    near = {place for one, fate in asked for place in (one.at, fate.arrives_at, fate.beyond) if place}
    found = packets.run(ground.around(near), asked, rounds=ROUNDS)
    return str(found.disagreements[0]) if found.disagreements else ""


def _tunnels(bench: Bench, ground: Ground, site: str, seed: int) -> str:
    wanted = _ends(bench, ground, site)
    vpn.wait_for(lambda: not vpn.missing(wanted), 12.0)
    return ", ".join(map(str, vpn.missing(wanted)))


def _ends(bench: Bench, ground: Ground, site: str) -> list[vpn.End]:
    return [one for one in vpn.ends(bench, ground) if site in (one.site, one.tunnel.peer)]


def _classes(ground: Ground, site: str) -> list[school.Class]:
    return [one for one in school.classes(ground) if one.intent.name == site]


def _page(bench: Bench, ground: Ground, site: str, seed: int) -> str:
    return "; ".join(filter(None, (school.wrong_with(one, bench) for one in _classes(ground, site)[:1])))


def _parent(bench: Bench, ground: Ground, site: str, seed: int) -> str:
    with school.parent_down(bench):
        return school.wrong_without_parent(_classes(ground, site)[0], bench, ground)


def _pac(bench: Bench, ground: Ground, site: str, seed: int) -> str:
    return school.wrong_with_lease(_classes(ground, site)[0], ground)


CHECKS: Mapping[Shown, Callable[[Bench, Ground, str, int], str]] = {
    Shown.PACKETS: _packets,
    Shown.MEMBERS: _members,
    Shown.TUNNELS: _tunnels,
    Shown.PAGE: _page,
    Shown.PARENT: _parent,
    Shown.PAC: _pac,
}
