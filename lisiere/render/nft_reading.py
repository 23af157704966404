"""The firewall of a Debian configuration read back as a policy: what templates wrote, and what a person changed in it.

Whatever is not understood makes the whole text unread: a reading is exact, or there is none. Chains speak of zones and
packets come by interfaces, so the dispatch is read too: each interface has to lead to the chains of one zone, and to
all of them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_network

from lisiere.model.intent import Family
from lisiere.model.words import Zone
from lisiere.policy.frozen import Chain, Pair, Policy
from lisiere.policy.lines import prefix_range
from lisiere.policy.ranges import Ranges, merged
from lisiere.render.nft_rules import LIMIT, terms
from lisiere.render.vyos_reading import Unread
from lisiere.render.vyos_rules import UnreadError

NO_TABLE = Unread("it has no rules of ours")
HEAD, TAIL = "flush ruleset\ntable inet lisiere {\n", "\n}\n"
BLOCK = re.compile(r"\t(set|chain) ([a-z0-9][A-Za-z0-9._-]*) \{\n((?:\t\t.*\n)*)\t\}(?:\n|$)")
SET = re.compile(r"\t\ttype (ipv4|ipv6)_addr\n\t\tflags interval\n\t\telements = \{ (.*) \}\n")
PAIR = re.compile(r"([a-z]+)-([a-z]+)-(ipv4|ipv6)")
WAY = re.compile(r'"([^" ]+)"(?: \. "([^" ]+)")? : (?:goto (\S+)|(accept)),')
KEYS = {"input": "iifname", "output": "oifname", "forward": "iifname . oifname"}
DEVICE = r'"[^"\s]+"'
FIRST = {hook: f'{key} "lo" accept\n' for hook, key in KEYS.items()} | {
    "forward": "".join(
        rf"{way}name {DEVICE} tcp flags syn tcp option maxseg size set rt mtu\n" for way in ("iif", "oif")
    )
}
HOOKS = {
    hook: re.compile(
        rf"type filter hook {hook} priority filter; policy drop;\n{FIRST[hook]}ct state established,related accept\n"
        rf"ct state invalid {LIMIT}\nct state invalid counter drop\n"
        + "".join(
            rf'(?:meta nfproto {family} {re.escape(key)} vmap \{{\n(?P<{family}>(?:".*\n)*)\}}\n)?'
            for family in ("ipv4", "ipv6")
        )
        + rf"{LIMIT}\ncounter drop\n"
    )
    for hook, key in KEYS.items()
}
"""Each of the three ways of a packet, from its policy to its last line: one map of each family at most."""
CLASSES = re.compile(
    r"type filter hook postrouting priority mangle; policy accept;\n"
    rf"(?:oifname \{{ {DEVICE}, {DEVICE} \}} ip6? daddr [0-9a-f.:/]+ counter meta priority set 1:10\n)*"
)
"""How fast packets go, and nothing of where."""
_NO_CLASSES = "type filter hook postrouting priority mangle; policy accept;\n"
BESIDE = ("sources", "translation", "classes")
"""Chains that are no part of a policy: who may send from where, what becomes of addresses, how fast packets go."""


@dataclass(frozen=True, slots=True)
class _Way:
    """Where packets of a family go that pass from one interface to another; "" is the appliance itself."""

    family: Family
    came: str
    leaves: str
    chain: str
    """"" lets all of them pass."""


class NftReader:
    """Reads rule sets; chains that are written alike, over sets with the same content, become one."""

    def __init__(self) -> None:
        self._chains: dict[tuple[object, ...], Chain] = {}

    def read(self, text: str) -> Policy | Unread:
        """The policy of an `nftables.conf`, or why it could not be read."""
        if "table inet lisiere {" not in text or "-self-ipv4 {" not in text:
            return NO_TABLE
        try:
            return self._policy(text)
        except UnreadError as exc:
            return Unread(str(exc))

    def _policy(self, text: str) -> Policy:
        blocks = dict(_blocks(text))
        sets = {name: _elements(name, body) for (kind, name), body in blocks.items() if kind == "set"}
        ways = _all_ways(blocks)
        devices = _devices(ways)
        chains: dict[Pair, Chain] = {}
        met = {way.chain for way in ways if way.chain}
        for name in sorted(met | {name for kind, name in blocks if kind == "chain"} - {*KEYS, *BESIDE}):
            origin, target, family = _pair(name)
            body = blocks.get(("chain", name))
            if body is None:
                raise UnreadError(f"chain {name} is missing")
            chain = self._chain(
                name, body, family, sets
            )  # Read though nothing may lead to it: it could hook itself in.
            if name in met:
                chains[origin, target, family] = chain
        if not CLASSES.fullmatch(_joined(blocks.get(("chain", "classes"), _NO_CLASSES))):
            raise UnreadError("chain classes is not ours")
        zones = frozenset({*devices, *({str(Zone.SELF)} if devices else ())})
        _check_whole(ways, devices)
        return Policy(zones=zones, open_zones=_open_zones(ways, devices), chains=chains, sets=_by_family(sets))

    def _chain(self, name: str, body: str, family: Family, sets: Mapping[str, Ranges]) -> Chain:
        lines = _lines(body)
        used = tuple(sets.get(held, ()) for line in lines for held in re.findall(r" @(\S+)", line))
        key = (family, lines, used)
        found = self._chains.get(key)
        if found is None:
            found = self._chains[key] = Chain(family, tuple(terms(name, lines, family, sets)))
        return found


def chain_of(text: str, name: str) -> str:
    """A chain of a rule set as it is written; "" where it is not there or the text is not ours."""
    try:
        return dict(_blocks(text)).get(("chain", name), "")
    except UnreadError:
        return ""


def members_of(text: str) -> Mapping[str, frozenset[str]]:
    """The interfaces of each zone of a rule set; none where the text is not ours."""
    try:
        return _devices(_all_ways(dict(_blocks(text))))
    except UnreadError:
        return {}


def _all_ways(blocks: Mapping[tuple[str, str], str]) -> list[_Way]:
    return [way for hook in KEYS for way in _ways(hook, blocks.get(("chain", hook), ""))]


def _blocks(text: str) -> Iterator[tuple[tuple[str, str], str]]:
    """Sets and chains by kind and name; nothing may stand beside them."""
    if not (text.startswith(HEAD) and text.endswith(TAIL)):
        raise UnreadError("its rules are not all in one table of ours")
    at, end, seen = len(HEAD), len(text) - len(TAIL) + 1, set()
    while at < end:
        block = BLOCK.match(text, at, end)
        if block is None or block[2] in seen:
            line = text[at:end].partition("\n")[0].strip()
            raise UnreadError(f"its rules are not understood at: {line[:80]}")
        seen.add(block[2])
        yield (block[1], block[2]), block[3]
        at = block.end()


def _lines(body: str) -> tuple[str, ...]:
    """The lines as nft splits them, which knows fewer ends of a line than Python does."""
    return tuple(line.lstrip("\t") for line in body.split("\n")[:-1])


def _joined(body: str) -> str:
    return "".join(f"{line}\n" for line in _lines(body))


def _elements(name: str, body: str) -> Ranges:
    found = SET.fullmatch(body)
    if found is None or not name.startswith(f"{found[1]}-"):
        raise UnreadError(f"set {name} is not understood")
    try:
        prefixes = [ip_network(one) for one in found[2].split(", ")]
    except ValueError:
        raise UnreadError(f"set {name} has an element that is no prefix") from None
    if found[2] != ", ".join(map(str, prefixes)):
        raise UnreadError(f"set {name} has an element that is not written as ours are")
    if any(f"ipv{one.version}" != found[1] for one in prefixes):
        raise UnreadError(f"set {name} has an element of the other family")
    return merged(map(prefix_range, prefixes))


def _by_family(sets: Mapping[str, Ranges]) -> dict[Family, dict[str, Ranges]]:
    return {
        family: {name.removeprefix(f"{family}-"): held for name, held in sets.items() if name.startswith(f"{family}-")}
        for family in Family
    }


def _pair(name: str) -> tuple[str, str, Family]:
    found = PAIR.fullmatch(name)
    if found is None:
        raise UnreadError(f"chain {name} belongs to no pair of zones")
    return found[1], found[2], Family(found[3])


def _ways(hook: str, body: str) -> Iterator[_Way]:
    """The ways of a hook, which has to be ours from its policy to its last line."""
    found = HOOKS[hook].fullmatch(_joined(body))
    if found is None:
        raise UnreadError(f"the way of packets through {hook} is not ours")
    for family in Family:
        ways = [_way(hook, family, line) for line in (found[family] or "").split("\n")[:-1]]
        if len({(way.came, way.leaves) for way in ways}) < len(ways):
            raise UnreadError(f"the way of packets through {hook} is told twice")
        yield from ways


def _way(hook: str, family: Family, line: str) -> _Way:
    entry = WAY.fullmatch(line)
    if entry is None or bool(entry[2]) != (hook == "forward") or (entry[4] and hook != "forward"):
        raise UnreadError(f"the way of packets through {hook} is not understood: {line[:80]}")
    ends = {"input": (entry[1], ""), "output": ("", entry[1]), "forward": (entry[1], entry[2])}[hook]
    return _Way(family, *ends, entry[3] or "")


def _devices(ways: Sequence[_Way]) -> dict[str, frozenset[str]]:
    """The interfaces of each zone, by what they lead to; one that leads to chains of two zones is not understood."""
    found: dict[str, str] = {}
    for way in (one for one in ways if one.chain):
        origin, target, family = _pair(way.chain)
        if family is not way.family:
            raise UnreadError(f"packets of {way.family} are led to {way.chain}")
        for device, zone in ((way.came, origin), (way.leaves, target)):
            if (device == "") != (zone == Zone.SELF) or found.setdefault(device, zone) != zone:
                raise UnreadError(f"interface {device or 'lo'} leads to chains of several zones")
    zones = set(found.values()) - {str(Zone.SELF)}
    return {zone: frozenset(device for device, held in found.items() if held == zone) for zone in zones}


def _check_whole(ways: Sequence[_Way], devices: Mapping[str, frozenset[str]]) -> None:
    """A chain is met from every interface of the one zone to every interface of the other, or zones say too much."""
    ends = {**devices, str(Zone.SELF): frozenset({""})}
    held: dict[str, set[tuple[str, str]]] = {}
    for way in ways:
        if way.chain:
            held.setdefault(way.chain, set()).add((way.came, way.leaves))
    for name, pairs in held.items():
        origin, target, _ = _pair(name)
        if pairs != {(came, leaves) for came in ends[origin] for leaves in ends[target]}:
            raise UnreadError(f"not all interfaces of {origin} and {target} lead to {name}")


def _open_zones(ways: Sequence[_Way], devices: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """The zones inside which everything passes; a way that is open between two zones is not understood."""
    held = {(way.family, way.came, way.leaves) for way in ways if not way.chain}
    found = {str(Zone.SELF)}
    for zone, inside in devices.items():
        wanted = {(family, came, leaves) for family in Family for came in inside for leaves in inside}
        if wanted <= held:
            found.add(zone)
            held -= wanted
    if held:
        _, came, leaves = min(held)
        raise UnreadError(f"everything passes from {came} to {leaves}")
    return frozenset(found)
