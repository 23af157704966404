"""Rules on their way into rule sets: from what a layer says to numbered rules for one family and one service entry."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network
from itertools import product
from types import MappingProxyType
from typing import NamedTuple

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


Order = tuple[int, int, int]
"""What prefixes are sorted by: family, address, length."""

Known = frozenset[tuple[str | None, Family]]
"""The names of sets that have a prefix of a family; None stands for any address."""

SHARED = 1 << 14
"""How many results are kept of each step that a fleet repeats: its profiles and overlays are few, its sites many."""


class Draft(NamedTuple):
    """One rule of a layer with every name resolved; no `entries` means any protocol."""

    id: str
    layer: Layer
    position: int
    from_zones: tuple[Zone, ...]
    to_zones: tuple[Zone, ...]
    action: Action
    sources: tuple[str | None, ...] = (None,)
    destinations: tuple[str | None, ...] = (None,)
    entries: tuple[ServiceEntry | None, ...] = (None,)
    log: bool = False
    flow: str | None = None
    windows: tuple[tuple[str, str] | None, ...] = (None,)

    @property
    def number(self) -> int:
        """First number of the rule in every rule set that it enters."""
        return BASE[self.layer] + self.position * STRIDE


class Content(NamedTuple):
    """The prefixes of a set in order, by family."""

    ipv4: tuple[IPv4Network, ...]
    ipv6: tuple[IPv6Network, ...]


@dataclass(slots=True)
class SetBook:
    """The address sets known while a site is resolved, and those that rules came to use.

    A site's own book stands on the one that all sites of the fleet have in common; its own sets come first.
    """

    common: "SetBook | None" = None
    known: set[tuple[str | None, Family]] = field(default_factory=lambda: {(None, one) for one in FAMILIES})
    used: set[tuple[str | None, Family]] = field(default_factory=set)
    _contents: dict[str, Content] = field(default_factory=dict)
    _named: dict[tuple[str, bool, bool], NamedSet] = field(default_factory=dict)

    def own(self) -> "SetBook":
        """A site's book on top of this one."""
        return SetBook(self, set(self.known))

    def add(self, name: str, prefixes: Iterable[Prefix]) -> str:
        """Make a set known under a name; returns the name. A name stands for one content."""
        if name not in self._contents:
            content = _content(prefixes)
            self._contents[name] = content
            self.known.update((name, family) for family, found in zip(FAMILIES, content, strict=True) if found)
        return name

    def named_sets(self) -> tuple[NamedSet, ...]:
        """Every used set by name, with the families in which it is used; a common one is one object for all sites."""
        return tuple(
            self._find(name, (name, Family.IPV4) in self.used, (name, Family.IPV6) in self.used)
            for name in sorted({name for name, _ in self.used if name})
        )

    def _find(self, name: str, is_ipv4: bool, is_ipv6: bool) -> NamedSet:
        content = self._contents.get(name)
        if content is None and self.common is not None:
            return self.common._find(name, is_ipv4, is_ipv6)
        found = self._named.get((name, is_ipv4, is_ipv6))
        if found is None:
            ipv4, ipv6 = self._contents[name]
            found = NamedSet(name=name, ipv4=ipv4 if is_ipv4 else (), ipv6=ipv6 if is_ipv6 else ())
            self._named[name, is_ipv4, is_ipv6] = found
        return found


def _content(prefixes: Iterable[Prefix]) -> Content:
    ordered = [one for _, one in sorted({order_of(one): one for one in prefixes}.items())]
    return Content(
        tuple(one for one in ordered if isinstance(one, IPv4Network)),
        tuple(one for one in ordered if isinstance(one, IPv6Network)),
    )


def rule_sets(drafts: Iterable[Draft], *, zones: frozenset[Zone], book: SetBook) -> tuple[RuleSet, ...]:
    """Lay drafts out as rule sets of the pairs of zones that the site has; both families of a pair, ordered by name.

    Raises:
        ValueError: A rule expands to more device rules than a position owns numbers.
    """
    ordered = tuple(sorted(drafts, key=lambda one: one.number))
    sets, used = _laid_out(ordered, zones, frozenset(book.known))
    book.used |= used
    return sets


@lru_cache(maxsize=SHARED)
def _laid_out(drafts: tuple[Draft, ...], zones: frozenset[Zone], known: Known) -> tuple[tuple[RuleSet, ...], Known]:
    """The rule sets of drafts in order, and the sets that they use: the same objects for every site with the same."""
    cells: dict[tuple[Zone, Zone], dict[Family, list[PolicyRule]]] = {}
    used: set[tuple[str | None, Family]] = set()
    for draft in drafts:
        pairs = [pair for pair in product(draft.from_zones, draft.to_zones) if _is_pair(pair, zones)]
        if not pairs:
            continue
        named = [(name, family) for name in (*draft.sources, *draft.destinations) for family in FAMILIES]
        rules, names = _expanded(draft, known.intersection(named))
        used |= names
        for pair in pairs:
            cell = cells.setdefault(pair, {Family.IPV4: [], Family.IPV6: []})
            for family, found in rules.items():
                cell[family] += found
    if Zone.VPN in zones:
        cells.setdefault((Zone.VPN, Zone.VPN), {Family.IPV4: [], Family.IPV6: []})
    laid_out = tuple(
        _rule_set(source, target, family, tuple(cell[family]))
        for (source, target), cell in sorted(cells.items())
        for family in FAMILIES
        if any(cell.values()) or source == target
    )
    return laid_out, frozenset(used)


@lru_cache(maxsize=SHARED)
def _rule_set(source: Zone, target: Zone, family: Family, rules: tuple[PolicyRule, ...]) -> RuleSet:
    name = f"{source.upper()}-{target.upper()}"
    return RuleSet(name=name, from_zone=source, to_zone=target, family=family, rules=rules)


def _is_pair(pair: tuple[Zone, Zone], zones: frozenset[Zone]) -> bool:
    """True for two zones of the site that a rule set can stand between; only inside `vpn` do rules decide."""
    return pair[0] in zones and pair[1] in zones and (pair[0] != pair[1] or pair[0] is Zone.VPN)


def order_of(prefix: Prefix) -> Order:
    """By family, address, length: what ipaddress compares, without its cost."""
    return (prefix.version, int(prefix.network_address), prefix.prefixlen)


@lru_cache(maxsize=SHARED)
def _expanded(draft: Draft, known: Known) -> tuple[Mapping[Family, tuple[PolicyRule, ...]], Known]:
    """The device rules of one draft by family, and the sets they use; sets that lack a family leave no rule in it."""
    rules = {family: tuple(_expand(draft, family, known)) for family in FAMILIES}
    used = {
        (name, family)
        for family in FAMILIES
        for rule in rules[family]
        for name in (rule.source, rule.destination)
        if name
    }
    return MappingProxyType(rules), frozenset(used)


def _expand(draft: Draft, family: Family, known: Known) -> Iterator[PolicyRule]:
    excluded = ONLY_IPV6 if family is Family.IPV4 else ONLY_IPV4
    combinations = product(draft.sources, draft.destinations, draft.entries, draft.windows)
    for offset, (source, destination, entry, window) in enumerate(combinations):
        if offset >= STRIDE:
            raise ValueError(f"rule {draft.id} expands to more than {STRIDE} device rules; split it")
        if entry is not None and entry.protocol in excluded:
            continue
        if (source, family) in known and (destination, family) in known:
            yield _rule(draft, offset, source, destination, entry, window)


def _rule(
    draft: Draft,
    offset: int,
    source: str | None,
    destination: str | None,
    entry: ServiceEntry | None,
    window: tuple[str, str] | None,
) -> PolicyRule:
    return PolicyRule(
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
