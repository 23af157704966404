"""The firewall of a VyOS `set` text read back as a policy: what templates wrote, and what a person changed by hand.

Whatever is not understood makes the whole text unread: a reading is exact, or there is none.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lisiere.configtree import ConfigSyntaxError, Node, parse_set, set_lines
from lisiere.model.intent import Family
from lisiere.model.words import Zone
from lisiere.policy.frozen import Chain, Pair, Policy
from lisiere.policy.ranges import Ranges, merged
from lisiere.render.vyos import ZONES
from lisiere.render.vyos_rules import UnreadError, address_range, only, terms, value_at

ZONE_NAMES = {name: str(zone) for zone, name in ZONES.items()}
STATES = {("established", "accept"), ("related", "accept"), ("invalid", "drop")}
GROUPS = {Family.IPV4: "network-group", Family.IPV6: "ipv6-network-group"}
LEAVES = {Family.IPV4: "name", Family.IPV6: "ipv6-name"}


@dataclass(frozen=True, slots=True)
class Unread:
    """Why a text could not be read as a policy."""

    reason: str


NO_ZONES = Unread("it has no firewall zones")


class PolicyReader:
    """Reads texts; rule sets that are written alike, over groups with the same content, become one chain."""

    def __init__(self) -> None:
        self._chains: dict[tuple[object, ...], Chain] = {}

    def read(self, text: str) -> Policy | Unread:
        """The policy of a `set` text, or why it could not be read."""
        if "set firewall zone " not in text:
            return NO_ZONES
        try:
            firewall = parse_set(firewall_section(text)).at(("firewall",))
            if firewall is None or not (firewall.at(("zone",)) or Node()).children:
                return NO_ZONES
            return self._policy(firewall)
        except ConfigSyntaxError as exc:
            return Unread(f"it is no configuration: {exc}")
        except UnreadError as exc:
            return Unread(str(exc))

    def _policy(self, firewall: Node) -> Policy:
        only(firewall, "firewall", {"global-options", "group", "ipv4", "ipv6", "zone"})
        for family in Family:
            only(firewall.at((str(family),)) or Node(), f"firewall {family}", ("name",))
        _check_states(firewall)
        groups = {family: _groups(firewall, family) for family in Family}
        zones = firewall.children["zone"].children
        chains: dict[Pair, Chain] = {}
        for name, zone in zones.items():
            _check_zone(name, zone)
            for origin, family, rules in _bindings(name, zone):
                chains[_zone(origin), _zone(name), family] = self._chain(firewall, family, rules, groups[family])
        return Policy(
            zones=frozenset(map(_zone, zones)),
            open_zones=frozenset(_zone(name) for name, zone in zones.items() if _is_open(zone)),
            chains=chains,
            sets=groups,
        )

    def _chain(self, firewall: Node, family: Family, name: str, groups: Mapping[str, Ranges]) -> Chain:
        node = firewall.at((str(family), "name", name))
        if node is None:
            raise UnreadError(f"rule set {name} of {family} is missing")
        lines = tuple(set_lines(node))
        used = tuple(groups.get(one, ()) for line in lines if "-group '" in line for one in [line.split("'")[1]])
        key = (family, lines, used)
        found = self._chains.get(key)
        if found is None:
            found = self._chains[key] = Chain(family, tuple(terms(node, name, family, groups)))
        return found


def firewall_section(text: str) -> str:
    """The lines of a `set` text that its policy is made of."""
    return "\n".join(line for line in text.splitlines() if line.startswith("set firewall "))


def _zone(name: str) -> str:
    return ZONE_NAMES.get(name, name.lower())


def _check_states(firewall: Node) -> None:
    """Answers pass and nothing invalid does, or the rules do not mean what they say."""
    states = firewall.at(("global-options", "state-policy"))
    found = {
        (name, value)
        for name, node in (states.children.items() if states is not None else ())
        for value in (node.at(("action",)) or Node()).values
    }
    if found != STATES:
        raise UnreadError("its treatment of connection states is not ours")


def _groups(firewall: Node, family: Family) -> dict[str, Ranges]:
    group = firewall.at(("group",)) or Node()
    only(group, "firewall group", GROUPS.values())
    named = group.at((GROUPS[family],)) or Node()
    found = {}
    for name, node in named.children.items():
        only(node, f"group {name}", ("network", "description"))
        networks = (node.at(("network",)) or Node()).values
        found[name] = merged(address_range(value, family) for value in networks)
    return found


def _check_zone(name: str, zone: Node) -> None:
    known = ("default-action", "default-log", "description", "interface", "local-zone", "intra-zone-filtering", "from")
    only(zone, f"zone {name}", known)
    if (zone.at(("default-action",)) or Node()).values not in (["drop"], ["reject"]):
        raise UnreadError(f"zone {name} does not deny by default")
    is_self = zone.at(("local-zone",)) is not None
    if is_self != (_zone(name) == Zone.SELF):
        raise UnreadError(f"zone {name} is {'' if is_self else 'not '}the appliance itself")


def _is_open(zone: Node) -> bool:
    """Whether everything passes inside a zone: VyOS lets it unless it is told otherwise."""
    action = zone.at(("intra-zone-filtering", "action"))
    return action is None or action.values == ["accept"]


def _bindings(name: str, zone: Node) -> Iterable[tuple[str, Family, str]]:
    """(zone that packets come from, family, rule set) of all that a zone is bound to."""
    inside = zone.at(("intra-zone-filtering",)) or Node()
    only(inside, f"zone {name} intra-zone-filtering", ("action", "firewall"))
    origins = zone.at(("from",)) or Node()
    for origin, node in (*origins.children.items(), *([(name, inside)] if inside.children else [])):
        firewall = node.at(("firewall",)) or Node()
        only(firewall, f"zone {name} from {origin}", LEAVES.values())
        for family, leaf in LEAVES.items():
            bound = value_at(firewall, (leaf,), f"zone {name} from {origin}")
            if bound is not None:
                yield origin, family, bound
