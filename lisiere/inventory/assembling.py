"""From a draft to the fleet."""

from collections.abc import Mapping

from lisiere.inventory.draft import Draft
from lisiere.model.fleet import Fleet
from lisiere.model.operator import Operator
from lisiere.model.traffic import PolicyLayers, Rule
from lisiere.model.words import ProfileName


def assemble(draft: Draft, operator: Operator) -> Fleet:
    """The fleet of everything valid; complete when no mistake was noted."""
    return Fleet(
        as_of=draft.as_of,
        operator=operator,
        territories=draft.nornir.territories.values(),
        profiles={ProfileName(name): one for name, one in draft.nornir.profiles.values().items()},
        appliances=draft.nornir.hosts.values(),
        address_sets=draft.address_sets.values(),
        services=draft.services.values(),
        flows=draft.flows.values(),
        policies=_layers(draft),
        crypto=draft.crypto.values(),
        overlays=draft.overlays.values(),
        secrets=frozenset(draft.secrets),
    )


def _layers(draft: Draft) -> PolicyLayers:
    fleet: list[Rule] = []
    territories: dict[str, list[Rule]] = {}
    profiles: dict[str, list[Rule]] = {}
    for one in draft.policies.rules:
        scope = one.scope
        if scope.territory is not None and scope.territory in draft.nornir.territories.items:
            territories.setdefault(scope.territory, []).append(one.rule)
        elif scope.profile is not None:
            profiles.setdefault(scope.profile, []).append(one.rule)
        elif scope.territory is None:
            fleet.append(one.rule)
    return PolicyLayers(fleet=tuple(fleet), territories=_frozen(territories), profiles=_frozen(profiles))


def _frozen(layers: Mapping[str, list[Rule]]) -> dict[str, tuple[Rule, ...]]:
    return {name: tuple(rules) for name, rules in sorted(layers.items())}
