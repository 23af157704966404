"""The one change of a flow that a demonstration makes, in its own copy of the inventory."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lisiere.errors import UsageError
from lisiere.model.fleet import Fleet
from lisiere.model.site import Appliance
from lisiere.model.words import Siren


@dataclass(frozen=True, slots=True)
class FlowChange:
    """A service put into one rule of a territory."""

    territory: Siren
    rule: str
    service: str


def choose(fleet: Fleet, among: Sequence[Appliance]) -> FlowChange:
    """A territory's own rule to change, one that concerns some of the appliances: one more service for its flow.

    Raises:
        UsageError: None of them is in a territory with a rule of its own.
    """
    for siren, rules in sorted(fleet.policies.territories.items()):
        zones = {segment.zone for one in among if one.territory == siren for segment in one.data.segments}
        for rule in rules:
            free = sorted(set(fleet.services) - set(rule.services))
            if rule.flow is not None and rule.services and free and zones & set(rule.from_zones):
                service = "ssh" if "ssh" in free else free[0]
                return FlowChange(siren, rule.id, service)
    raise UsageError("no appliance is in a territory with a rule of its own: the demonstration has no flow to change")


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
