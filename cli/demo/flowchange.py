"""The one change of a flow that a demonstration makes, in its own copy of the inventory."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lisiere.errors import UsageError
from lisiere.model.fleet import Fleet
from lisiere.model.site import Appliance
from lisiere.model.traffic import Rule
from lisiere.model.words import Siren
from lisiere.policy.site import resolve_sites


@dataclass(frozen=True, slots=True)
class FlowChange:
    """A service put into one rule of a territory."""

    territory: Siren
    rule: str
    service: str


def choose(fleet: Fleet, among: Sequence[Appliance]) -> FlowChange:
    """A territory's own rule to change, with an effect on some of the appliances: one more service for its flow.

    Raises:
        UsageError: No such rule concerns any of them.
    """
    for siren, rules in sorted(fleet.policies.territories.items()):
        names = [one.name for one in among if one.territory == siren]
        for rule in rules:
            change = _candidate(siren, rule, fleet)
            if change is not None and names and _has_effect(change, fleet, names):
                return change
    raise UsageError("no territory's own rule concerns these appliances: the demonstration has no flow to change")


def _candidate(siren: Siren, rule: Rule, fleet: Fleet) -> FlowChange | None:
    free = sorted(set(fleet.services) - set(rule.services))
    if rule.flow is None or not rule.services or not free:
        return None
    return FlowChange(siren, rule.id, "ssh" if "ssh" in free else free[0])


def _has_effect(change: FlowChange, fleet: Fleet, names: Sequence[str]) -> bool:
    return resolve_sites(_changed(fleet, change), names) != resolve_sites(fleet, names)


def _changed(fleet: Fleet, change: FlowChange) -> Fleet:
    """The fleet as it would be; what is written to the files is validated when they are loaded again."""
    rules = fleet.policies.territories[change.territory]
    wider = tuple(
        one.model_copy(update={"services": (*one.services, change.service)}) if one.id == change.rule else one
        for one in rules
    )
    territories = {**fleet.policies.territories, change.territory: wider}
    return fleet.model_copy(update={"policies": fleet.policies.model_copy(update={"territories": territories})})


def write(inventory: Path, change: FlowChange) -> None:
    """Put the change into the inventory's files; comments and order stay as they are."""
    from ruamel.yaml import YAML

    path = inventory / "policies.yaml"
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.explicit_start = True
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.width = 4096
    content = yaml.load(path.read_text(encoding="utf-8"))
    rules = content["policies"]["territories"][change.territory]
    rule = next(one for one in rules if one["id"] == change.rule)
    services = rule["services"]
    rule["services"] = [*([services] if isinstance(services, str) else services), change.service]
    with path.open("w", encoding="utf-8") as file:
        yaml.dump(content, file)
