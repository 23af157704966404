"""The flow matrix: each declared need with the rules that serve it, between which zones and at how many sites."""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from lisiere.model.fleet import Fleet
from lisiere.model.intent import Layer, RuleSet, SiteIntent
from lisiere.model.traffic import Flow
from lisiere.model.words import Action
from lisiere.policy import words
from lisiere.policy.lines import entry_ranges
from lisiere.policy.ranges import Ranges, merged


class RuleUse(NamedTuple):
    """A written rule that serves a flow, whatever it became between zones, families and services.

    Args:
        zones: `from > to`, each pair once.
        services: In words.
        sites: The sites that have it, by name.
    """

    layer: str
    id: str
    zones: tuple[str, ...]
    services: str
    sites: tuple[str, ...]


class FlowRow(NamedTuple):
    """One line of the matrix."""

    flow: Flow
    rules: tuple[RuleUse, ...]
    sites: int


class _Part(NamedTuple):
    flow: str
    layer: str
    id: str
    pair: str
    services: Ranges


def flow_matrix(fleet: Fleet, intents: Iterable[SiteIntent]) -> tuple[FlowRow, ...]:
    """Every declared flow in the order of its id; one without rules has no need, or no rule yet."""
    uses = rule_uses(intents)
    return tuple(
        FlowRow(flow, uses.get(name, ()), len({site for one in uses.get(name, ()) for site in one.sites}))
        for name, flow in sorted(fleet.flows.items())
    )


def rule_uses(intents: Iterable[SiteIntent]) -> dict[str, tuple[RuleUse, ...]]:
    """The rules that serve each flow, in the order of their layers."""
    known: dict[int, tuple[RuleSet, tuple[_Part, ...]]] = {}
    sites: dict[_Part, list[str]] = {}
    for intent in intents:
        here: dict[_Part, None] = {}
        for rules in intent.rule_sets:
            if id(rules) not in known:
                known[id(rules)] = (rules, tuple(dict.fromkeys(_parts(rules))))
            here.update(dict.fromkeys(known[id(rules)][1]))
        for part in here:
            sites.setdefault(part, []).append(intent.name)
    return _grouped(sites)


def _parts(rules: RuleSet) -> Iterator[_Part]:
    pair = f"{rules.from_zone} > {rules.to_zone}"
    for rule in rules.rules:
        if rule.action is Action.ALLOW and rule.flow is not None:
            yield _Part(rule.flow, str(rule.layer), rule.id, pair, entry_ranges(rule.entry))


def _grouped(sites: dict[_Part, list[str]]) -> dict[str, tuple[RuleUse, ...]]:
    rules: dict[tuple[str, str, str], list[_Part]] = {}
    for part in sites:
        rules.setdefault((part.flow, part.layer, part.id), []).append(part)
    found: dict[str, list[RuleUse]] = {}
    for (flow, layer, name), parts in rules.items():
        use = RuleUse(
            layer=layer,
            id=name,
            zones=tuple(sorted({part.pair for part in parts})),
            services=_services(tuple(sorted({part.services for part in parts}))),
            sites=tuple(sorted({site for part in parts for site in sites[part]})),
        )
        found.setdefault(flow, []).append(use)
    return {flow: tuple(sorted(uses, key=_order)) for flow, uses in found.items()}


def _order(use: RuleUse) -> tuple[int, str]:
    return list(Layer).index(Layer(use.layer)), use.id


@lru_cache(maxsize=1024)
def _services(found: tuple[Ranges, ...]) -> str:
    return words.services(merged(one for ranges in found for one in ranges))
