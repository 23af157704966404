"""Requests on real appliances: asked for by the command line, seen by two, carried out by the worker in its window."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import yaml

from cli.demo import office
from lisiere.model.overlay import Overlay
from lisiere.model.words import SCHOOL_PROFILES
from lisiere.settings import Settings
from tests.proof import rotation, vpn
from tests.proof.asking import Try
from tests.proof.bench import Bench
from tests.proof.foretold import Foretold, read
from tests.proof.ground import Ground, segment_of
from tests.proof.reached import Compared, Reading, Seen, ask, compare, questions, unnoticed, with_tunnels

NOTHING = Foretold((), frozenset(), frozenset(), frozenset(), frozenset())
VERIFIED = "vérifiée"
Text = Mapping[str, object]
"""A request, as YAML holds it."""


@dataclass(frozen=True, slots=True)
class Pause:
    """What a transfer between the hub and a member who neither joins nor leaves saw of a change.

    Args:
        between: The two whose tunnel carried it.
        is_told: Whether the preview says that this tunnel is built anew.
        transfer: How it ended.
    """

    between: frozenset[str]
    is_told: bool
    transfer: rotation.Transfer


@dataclass(frozen=True, slots=True)
class Changed:
    """What a request changed, beside what its preview said.

    Args:
        packets: Those that were asked about.
        compared: What became of them.
        needed, idle: Lines of the preview about packets: those whose lack some packet shows, and the others.
        tunnels: Ends that were said to begin or to end.
        unlike: Ends that are not as was said.
        overlooked: Packets that no eye had the time to look at.
        stands: How the request stands.
        pause: What a transfer by a tunnel that goes on saw of it; None where no member may talk to the hub.
        anew: Appliances whose daemon was started anew, because it had given one number to two tunnels.
    """

    packets: int
    compared: Compared
    needed: int
    idle: tuple[str, ...]
    tunnels: int
    unlike: tuple[str, ...]
    overlooked: int
    stands: str
    pause: Pause | None
    anew: tuple[str, ...]

    @property
    def is_shown(self) -> bool:
        """Whether packets show every line but those about what goes over a hub, which may stand in for another way."""
        return self.needed > 0 and all(" vpn to vpn: " in line for line in self.idle)

    @property
    def disagreements(self) -> int:
        """How often what is differs from what was said."""
        compared = self.compared
        return len(compared.overlooked) + len(compared.untrue) + len(compared.in_clear) + len(self.unlike)


class Office:
    """Where requests about one overlay of a lab are worked on, by all whom it takes."""

    def __init__(self, bench: Bench, overlay: Overlay) -> None:
        self._bench = bench
        self._name, self._seen = overlay.name, (None, {})
        elsewhere = next(one for one in bench.fleet.territories if one != overlay.territory)
        office.put_under_git(bench.folder / "inventory", overlay.territory)
        settings = Settings(inventory=bench.folder / "inventory", state=bench.folder / ".lisiere", _env_file=None)
        self._tokens = office.let_in(settings, territory=overlay.territory, elsewhere=elsewhere)

    _seen: tuple[tuple[object, ...] | None, Seen]

    @property
    def overlay(self) -> Overlay:
        """The overlay as the inventory has it now."""
        return self._bench.fleet.overlays[self._name]

    def carry_out(self, text: Text, site: str, segment: str, *, language: str) -> Changed:
        """Ask with packets, carry a request out, and ask again; compare with what its preview says, word by word."""
        said = read(self._ask("anna", "request", "preview", self._written(text), "--language", language))
        overlay, before = self.overlay, self._ground()
        asked = questions(site, segment, overlay, before)
        now = datetime.now(UTC).time()
        first = Reading(before, before, overlay, NOTHING, now)
        had, lost = self._asked(before, asked, first)
        stands, anew, pause = self._under_transfer(text, site, said, before)
        after = self._ground()
        reading = Reading(before, after, overlay, said, now)
        has, lost_too = self._asked(after, asked, reading, is_new=True)
        idle = unnoticed(reading, had, has)
        return Changed(
            packets=len(asked),
            compared=compare(reading, had, has),
            needed=len(reading.passages) - len(idle),
            idle=tuple(map(str, idle)),
            tunnels=len(said.begun) + len(said.ended),
            unlike=tuple(self._unlike(said)),
            overlooked=lost + lost_too,
            stands=stands,
            pause=pause,
            anew=tuple(anew),
        )

    def _under_transfer(
        self, text: Text, joins: str, said: Foretold, before: Ground
    ) -> tuple[str, list[str], Pause | None]:
        """Carry a request out under a transfer: how it stands, who was started anew, and what the transfer saw."""
        pair, number = rotation.with_hub(self._bench, before, self.overlay, joins), self.sent(text)
        if pair is None:
            return *self._settled(number, said), None
        with rotation.running(*pair, before) as ended:
            stands, anew = self._settled(number, said)
        between = frozenset((pair[0].site, pair[1].arrives_at.partition(":")[0]))
        is_told = any(between == {*end} for end in said.anew)
        return stands, anew, Pause(between, is_told, ended[0])

    def _settled(self, number: int, said: Foretold) -> tuple[str, list[str]]:
        """Have the worker look, and wait for the tunnels: how the request stands, and who had to be started anew."""
        stands = self.worked(number)
        vpn.wait_for(lambda: not self._unlike(said), vpn.COMES_UP_S)
        return stands, vpn.untangle(vpn.of_overlay(vpn.ends(self._bench, self._ground()), self.overlay.name))

    def sent(self, text: Text) -> int:
        """A request that is scheduled for now; its number."""
        return office.send(self._ask, self._written(text))

    def worked(self, number: int) -> str:
        """How a request stands after the worker had a look; the inventory is another one by then."""
        self._ask("execution", "worker", "--once", "--lab")
        for name in ("fleet", "intents", "keeper"):
            vars(self._bench).pop(name, None)
        return office.stands(self._ask, number)[0].removeprefix(f"{number}: ")

    def _ground(self) -> Ground:
        return with_tunnels(self._bench.ground(), self.overlay.hubs)

    def _written(self, text: Text) -> Path:
        file = self._bench.folder / "demande.yaml"
        file.write_text("---\n" + yaml.safe_dump(dict(text), allow_unicode=True, sort_keys=False), encoding="utf-8")
        return file

    def _ask(self, who: str, *words: object) -> str:
        return self._bench.run(*map(str, words), LISIERE_TOKEN=self._tokens[who])

    def _asked(
        self, ground: Ground, asked: Sequence[Try], reading: Reading, *, is_new: bool = False
    ) -> tuple[Seen, int]:
        """What packets show; what was seen after one change holds before the next."""
        key = tuple(asked)
        if not is_new and self._seen[0] == key:
            return self._seen[1], 0
        expected = {one: reading.target(one) for one in asked if reading.arrives(one)}
        seen, lost = ask(ground, asked, expected)
        self._seen = key, seen
        return seen, lost

    def _unlike(self, said: Foretold) -> list[str]:
        """Ends of tunnels that are not as was said: those that begin or go on are up, and none that ends."""
        there = sorted(site for site in said.sites if site in self._bench.intents)
        up = {site: vpn.up_at(site) for site in there}
        ends = [(*end, True) for end in said.begun | said.anew] + [(*end, False) for end in said.ended]
        return [
            f"{site} to {peer} should be {'up' if is_up else 'down'}"
            for site, peer, is_up in sorted(ends)
            if site in up and peer in self._bench.intents and (f"{self._name}-{peer}" in up[site]) != is_up
        ]


def overlay_of(bench: Bench) -> Overlay | None:
    """An overlay whose hub is in the lab, and of which a member is that is none."""
    names = set(bench.names)
    for one in bench.fleet.overlays.values():
        members = {member.site for member in one.members} & names
        if one.hubs and one.hubs[0] in names and members - {*one.hubs}:
            return one
    return None


def newcomer(bench: Bench, overlay: Overlay) -> tuple[str, str] | None:
    """A site of the lab that may join an overlay, and its first segment; one that has others too, and is no school."""
    members = {one.site for one in overlay.members}
    for name, intent in bench.intents.items():
        if name in members or intent.territory != overlay.territory or intent.profile in SCHOOL_PROFILES:
            continue
        segments = bench.ground().segments(name)
        if len(segments) > 1:
            return name, segment_of(segments[0])
    return None
