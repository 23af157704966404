"""`lisiere check`: is the inventory sound, and can every appliance be rendered?"""

from collections import Counter
from typing import TYPE_CHECKING

import typer

from cli.options import AsJson, AsOf
from cli.output import note, print_json, print_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lisiere.model.fleet import Fleet
    from lisiere.settings import Settings
    from lisiere.workflow.intended import Summary


def check(context: typer.Context, *, as_of: AsOf = None, as_json: AsJson = False) -> None:
    """Load, resolve and render the whole fleet, and report every mistake with its file and line.

    Nothing is sent and nothing is written. Exit status 2 when there is a mistake.
    """
    from cli.workplace import open_fleet, settings_of
    from lisiere.workflow.preparing import templates_ahead

    settings = settings_of(context)
    with templates_ahead(settings.templates):
        fleet = open_fleet(settings, as_of=as_of.date() if as_of else None, lab=False)
    from lisiere.workflow.intended import summarize_sites  # with Jinja, which the other core has been busy with

    rendered = summarize_sites(fleet, sorted(one.name for one in fleet.in_service()), extra=settings.templates)
    facts = _facts(fleet, rendered)
    facts["secrets"] = _secrets(settings, sorted({name for one in rendered.values() for name in one.secrets}))
    if as_json:
        print_json(facts)
        return
    print_table(("what", "count"), [(name, value) for name, value in facts.items() if isinstance(value, int)], empty="")
    print_table(("profile", "appliances"), sorted(_counts(facts, "profiles").items()), empty="")
    note(f"secrets: {facts['secrets']}")
    note(f"{fleet.as_of}: no mistake; {len(rendered)} configurations render")


def _facts(fleet: "Fleet", rendered: "Mapping[str, Summary]") -> dict[str, object]:
    appliances = fleet.appliances.values()
    return {
        "as_of": fleet.as_of,
        "appliances": len(fleet.appliances),
        "rendered": len(rendered),
        "lines": sum(one.lines for one in rendered.values()),
        "territories": len(fleet.territories),
        "overlays": len(fleet.overlays),
        "flows": len(fleet.flows),
        "services": len(fleet.services),
        "profiles": dict(sorted(Counter(str(one.profile) for one in appliances).items())),
        "lifecycles": dict(sorted(Counter(str(one.data.lifecycle) for one in appliances).items())),
        "releases": dict(sorted(Counter(f"{one.platform} {one.data.release}" for one in appliances).items())),
    }


def _counts(facts: dict[str, object], name: str) -> dict[str, int]:
    found = facts[name]
    return found if isinstance(found, dict) else {}


def _secrets(settings: "Settings", names: "Sequence[str]") -> str:
    """Whether every reference has a value, where there is a store to ask."""
    from cli.workplace import secret_keeper, secrets_file
    from lisiere.errors import SecretError

    if not secrets_file(settings).exists():
        return f"{len(names)} referred to; no store here ({secrets_file(settings)})"
    keeper = secret_keeper(settings)
    missing = [name for name in names if keeper.missing(f"secret:{name}")]
    if missing:
        shown = ", ".join(missing[:5]) + (", …" if len(missing) > 5 else "")
        raise SecretError(f"{len(missing)} secret(s) without a value: {shown}; add them with `lisiere secrets init`")
    return f"{len(names)} referred to; each has a value"
