"""A site's policy as sets of packets: the frozen, ordered rules that templates translate, ready to be reasoned about.

A policy speaks of the first packet of a connection; answers to what was allowed pass. A zone stands for whatever is
behind it, so that addresses matter only where a rule names them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from lisiere.model.intent import Family, NamedSet, PolicyRule, RuleSet, SiteIntent, ZoneMembers
from lisiere.model.words import Action
from lisiere.policy.grid import Box, Grid, Sizes
from lisiere.policy.lines import ADDRESSES, DAY_S, SERVICES, entry_ranges, prefix_ranges, window_ranges
from lisiere.policy.ranges import Ranges, full

Pair = tuple[str, str, Family]
"""From a zone, to a zone, in a family. A configuration that was read back may have zones of its own."""


class Term(NamedTuple):
    """A rule as the packets that it matches; `rule` is None in a policy that was read from a device."""

    allows: bool
    box: Box
    rule: PolicyRule | None


@dataclass(frozen=True, eq=False)
class Chain:
    """The rules from one zone to another in one family, in order; what none matches is denied."""

    family: Family
    terms: tuple[Term, ...]

    @cached_property
    def grid(self) -> Grid:
        """The coarsest grid on which each rule is a set of cells."""
        return Grid.of([term.box for term in self.terms], sizes_of(self.family))

    @cached_property
    def regions(self) -> tuple[int, ...]:
        """The cells that each rule matches."""
        return tuple(self.grid.region(term.box) for term in self.terms)

    @cached_property
    def decided(self) -> tuple[int, ...]:
        """The cells that each rule decides: those that it matches and no earlier one does."""
        before, found = 0, []
        for region in self.regions:
            found.append(region & ~before)
            before |= region
        return tuple(found)

    @cached_property
    def allowed(self) -> int:
        """The cells that pass."""
        found = 0
        for term, region in zip(self.terms, self.decided, strict=True):
            if term.allows:
                found |= region
        return found

    @cached_property
    def passing(self) -> tuple[Box, ...]:
        """What passes, as few boxes as can be had; the same for every chain that lets the same pass."""
        return self.grid.boxes(self.allowed)


@dataclass(frozen=True)
class Policy:
    """What passes an appliance.

    Args:
        zones: The zones that it has.
        open_zones: Those inside which everything passes, unless a chain from the zone to itself decides.
        chains: The rules of each pair of zones and family; a pair that has none lets nothing pass.
        sets: The addresses of named sets, by family, for words.
    """

    zones: frozenset[str]
    open_zones: frozenset[str]
    chains: Mapping[Pair, Chain]
    sets: Mapping[Family, Mapping[str, Ranges]] = field(default_factory=dict)


def sizes_of(family: Family) -> Sizes:
    """How many sources, destinations, services and moments there are."""
    return (ADDRESSES[family], ADDRESSES[family], SERVICES, DAY_S)


def everything(family: Family) -> Box:
    """All packets of a family."""
    source, destination, service, moment = sizes_of(family)
    return (full(source), full(destination), full(service), full(moment))


class PolicyBook:
    """Makes policies of intents; equal rules over equal sets become one chain, and are reasoned about once.

    Rule sets and named sets that sites share are one object each, so they are told apart by identity; the book keeps
    them, so that no other can take their place.
    """

    def __init__(self) -> None:
        self._chains: dict[tuple[int, ...], tuple[Chain, RuleSet, tuple[NamedSet, ...]]] = {}
        self._ranges: dict[tuple[int, Family], tuple[Ranges, NamedSet]] = {}
        self._names: dict[int, tuple[tuple[str, ...], RuleSet]] = {}

    def policy(self, intent: SiteIntent) -> Policy:
        """The policy of a site."""
        return self.read(intent.zones, intent.sets, intent.rule_sets)

    def read(self, zones: Iterable[ZoneMembers], named: Iterable[NamedSet], rule_sets: Iterable[RuleSet]) -> Policy:
        """The policy that zones, sets and rule sets are."""
        members, sets = tuple(zones), {one.name: one for one in named}
        return Policy(
            zones=frozenset(one.zone for one in members),
            open_zones=frozenset(one.zone for one in members if not one.is_isolated),
            chains={(one.from_zone, one.to_zone, one.family): self._chain(one, sets) for one in rule_sets},
            sets={family: {name: self._addresses(one, family) for name, one in sets.items()} for family in Family},
        )

    def _chain(self, rules: RuleSet, sets: Mapping[str, NamedSet]) -> Chain:
        used = tuple(sets[name] for name in self._used(rules))
        key = (id(rules), *map(id, used))
        found = self._chains.get(key)
        if found is None:
            terms = tuple(self._term(rule, rules.family, sets) for rule in rules.rules)
            found = self._chains[key] = (Chain(rules.family, terms), rules, used)
        return found[0]

    def _used(self, rules: RuleSet) -> tuple[str, ...]:
        """The names of the sets that rules refer to, each once."""
        found = self._names.get(id(rules))
        if found is None:
            names = (name for rule in rules.rules for name in (rule.source, rule.destination) if name is not None)
            found = self._names[id(rules)] = (tuple(dict.fromkeys(names)), rules)
        return found[0]

    def _term(self, rule: PolicyRule, family: Family, sets: Mapping[str, NamedSet]) -> Term:
        source, destination = (
            full(ADDRESSES[family]) if name is None else self._addresses(sets[name], family)
            for name in (rule.source, rule.destination)
        )
        box = (source, destination, entry_ranges(rule.entry), window_ranges(rule.window))
        return Term(rule.action is Action.ALLOW, box, rule)

    def _addresses(self, one: NamedSet, family: Family) -> Ranges:
        found = self._ranges.get((id(one), family))
        if found is None:
            prefixes = one.ipv4 if family is Family.IPV4 else one.ipv6
            found = self._ranges[id(one), family] = (prefix_ranges(prefixes), one)
        return found[0]


def policy_of(intent: SiteIntent) -> Policy:
    """The policy of one site."""
    return PolicyBook().policy(intent)
