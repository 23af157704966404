"""Rules on their way into rule sets: from what a layer says to numbered rules for one family and one service entry."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network
from itertools import product

from lisiere.model.intent import Family, Layer, NamedSet, PolicyRule, RuleSet
from lisiere.model.traffic import Protocol, ServiceEntry
from lisiere.model.words import Action, Prefix, Zone

BASE: dict[Layer, int] = {
    Layer.MANAGEMENT: 100,
    Layer.FLEET: 10_000,
    Layer.WEB_ACCESS: 100_000,
    Layer.EXCEPTION: 200_000,
    Layer.TERRITORY: 300_000,
    Layer.OVERLAY: 400_000,
    Layer.PROFILE: 500_000,
}
"""First number of each layer: layers keep their order whatever a layer holds."""

STRIDE = 40
"""Numbers that one rule of a layer owns; a rule that comes or goes renumbers nothing of another position."""

FAMILIES = (Family.IPV4, Family.IPV6)
ONLY_IPV6 = frozenset({Protocol.ICMPV6})
ONLY_IPV4 = frozenset({Protocol.ICMP})


@dataclass(frozen=True, slots=True)
class Draft:
    """One rule of a layer with every name resolved; no `entries` means any protocol."""

    id: str
    layer: Layer
    position: int
    from_zones: Sequence[Zone]
    to_zones: Sequence[Zone]
    action: Action
    sources: Sequence[str | None] = (None,)
    destinations: Sequence[str | None] = (None,)
    entries: Sequence[ServiceEntry | None] = (None,)
    log: bool = False
    flow: str | None = None
    windows: Sequence[tuple[str, str] | None] = (None,)

    @property
    def number(self) -> int:
        """First number of the rule in every rule set that it enters."""
        return BASE[self.layer] + self.position * STRIDE


@dataclass(slots=True)
class SetBook:
    """The address sets known while a site is resolved, and those that rules came to use."""

    prefixes: dict[str, tuple[Prefix, ...]] = field(default_factory=dict)
    used: set[tuple[str, Family]] = field(default_factory=set)
    _known: set[tuple[str | None, Family]] = field(default_factory=lambda: {(None, one) for one in FAMILIES})

    def add(self, name: str, prefixes: Iterable[Prefix]) -> str:
        """Make a set known under a name; returns the name. A name stands for one content."""
        if name not in self.prefixes:
            content = tuple(sorted(set(prefixes), key=_order))
            self.prefixes[name] = content
            self._known |= {(name, Family.IPV4 if one.version == 4 else Family.IPV6) for one in content}
        return name

    def holds(self, name: str | None, family: Family) -> bool:
        """True when the set has a prefix of that family, or is no set at all."""
        return (name, family) in self._known

    def named_sets(self) -> tuple[NamedSet, ...]:
        """Every used set by name, with the families in which it is used."""
        found = []
        for name in sorted({name for name, _ in self.used}):
            ipv4 = tuple(p for p in self.prefixes[name] if isinstance(p, IPv4Network))
            ipv6 = tuple(p for p in self.prefixes[name] if not isinstance(p, IPv4Network))
            found.append(
                NamedSet(
                    name=name,
                    ipv4=ipv4 if (name, Family.IPV4) in self.used else (),
                    ipv6=ipv6 if (name, Family.IPV6) in self.used else (),
                ),
            )
        return tuple(found)


def rule_sets(drafts: Iterable[Draft], *, zones: frozenset[Zone], book: SetBook) -> tuple[RuleSet, ...]:
    """Lay drafts out as rule sets of the pairs of zones that the site has; both families of a pair, ordered by name.

    Raises:
        ValueError: A rule expands to more device rules than a position owns numbers.
    """
    cells: dict[tuple[Zone, Zone], dict[Family, list[PolicyRule]]] = {}
    for draft in sorted(drafts, key=lambda one: one.number):
        pairs = [pair for pair in product(draft.from_zones, draft.to_zones) if _is_pair(pair, zones)]
        if not pairs:
            continue
        rules = {family: tuple(_expand(draft, family, book)) for family in FAMILIES}
        for pair in pairs:
            cell = cells.setdefault(pair, {Family.IPV4: [], Family.IPV6: []})
            for family in FAMILIES:
                cell[family] += rules[family]
    if Zone.VPN in zones:
        cells.setdefault((Zone.VPN, Zone.VPN), {Family.IPV4: [], Family.IPV6: []})
    return tuple(
        RuleSet(
            name=f"{source.upper()}-{target.upper()}",
            from_zone=source,
            to_zone=target,
            family=family,
            rules=tuple(cell[family]),
        )
        for (source, target), cell in sorted(cells.items())
        for family in FAMILIES
        if any(cell.values()) or source == target
    )


def _is_pair(pair: tuple[Zone, Zone], zones: frozenset[Zone]) -> bool:
    """True for two zones of the site that a rule set can stand between; only inside `vpn` do rules decide."""
    return pair[0] in zones and pair[1] in zones and (pair[0] != pair[1] or pair[0] is Zone.VPN)


def _order(prefix: Prefix) -> tuple[int, int, int]:
    """By family, address, length: what ipaddress compares, without its cost."""
    return (prefix.version, int(prefix.network_address), prefix.prefixlen)


def _expand(draft: Draft, family: Family, book: SetBook) -> Iterable[PolicyRule]:
    """The device rules of one draft in one family; sets that lack the family leave no rule."""
    excluded = ONLY_IPV6 if family is Family.IPV4 else ONLY_IPV4
    combinations = product(draft.sources, draft.destinations, draft.entries, draft.windows)
    for offset, (source, destination, entry, window) in enumerate(combinations):
        if offset >= STRIDE:
            raise ValueError(f"rule {draft.id} expands to more than {STRIDE} device rules; split it")
        if entry is not None and entry.protocol in excluded:
            continue
        if not (book.holds(source, family) and book.holds(destination, family)):
            continue
        book.used.update((name, family) for name in (source, destination) if name is not None)
        yield PolicyRule(
            number=draft.number + offset,
            id=draft.id,
            layer=draft.layer,
            source=source,
            destination=destination,
            entry=entry,
            action=draft.action,
            log=draft.log,
            flow=draft.flow,
            window=window,
        )
