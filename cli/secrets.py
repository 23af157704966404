"""`lisiere secrets`: the store of secrets of this workplace; names are shown, values never."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from cli.options import AsJson
from cli.output import note, print_json, print_table
from cli.rotate import rotate

if TYPE_CHECKING:
    from lisiere.model.fleet import Fleet
    from lisiere.secrets.agefile import AgeFileStore
    from lisiere.settings import Settings

app = typer.Typer(help="The store of secrets: names are shown, values never.", no_args_is_help=True)
app.command("rotate")(rotate)


@app.command("init")
def init(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Make the store if there is none, and give a value to every secret of the fleet that has none.

    Pre-shared keys are random; keys and certificates come from an authority kept in the store. Nothing that has a
    value is changed.
    """
    from cli.workplace import open_fleet, secrets_file, settings_of

    settings = settings_of(context)
    fleet = open_fleet(settings)
    is_new = not secrets_file(settings).exists()
    made = fill(open_or_create(settings), fleet)
    if as_json:
        print_json({"store": secrets_file(settings), "created": is_new, "added": made})
        return
    note(f"{secrets_file(settings)}: {'made, ' if is_new else ''}{len(made)} secret(s) added")


@app.command("list")
def list_names(context: typer.Context, *, as_json: AsJson = False) -> None:
    """List the names in the store, and those of the fleet that have no value."""
    from cli.workplace import open_fleet, secret_store, settings_of

    settings = settings_of(context)
    fleet = open_fleet(settings)
    held, wanted = secret_store(settings).names(), set(wanted_names(fleet))
    if as_json:
        print_json({"held": held, "missing": wanted - held, "unused": held - wanted})
        return
    rows = [(name, _state(name, held=held, wanted=wanted)) for name in sorted(held | wanted)]
    print_table(("secret", "state"), rows, empty="no secret is held or referred to")


def open_or_create(settings: "Settings") -> "AgeFileStore":
    """The store of this workplace, made when it is missing."""
    from cli.workplace import identity_file, secret_store, secrets_file
    from lisiere.secrets.agefile import AgeFileStore

    if secrets_file(settings).exists():
        return secret_store(settings)
    return AgeFileStore.create(secrets_file(settings), identity=identity_file(settings))


def fill(store: "AgeFileStore", fleet: "Fleet") -> list[str]:
    """Give a value to every secret of the fleet that has none; returns the names added."""
    from lisiere.secrets.authority import missing_values

    wanted = wanted_names(fleet)
    issued = missing_values(
        wanted,
        held={name: store.get(name) for name in store.names()},
        identity_of={name: f"{name}.{fleet.operator.domain}" for name in fleet.appliances},
        title=f"{fleet.operator.name} appliances",
        now=datetime.now(UTC),
    )
    store.add({name: value for name, value in issued.items() if name not in store.names()})
    random = store.generate_missing([name for name in wanted if not name.startswith("pki/")])
    return sorted({*issued, *random})


def wanted_names(fleet: "Fleet") -> tuple[str, ...]:
    """The names of all secrets that the configurations in service refer to, sorted."""
    from lisiere.policy.site import resolve_fleet

    found = {reference for intent in resolve_fleet(fleet) for reference in intent.secrets()}
    return tuple(sorted(reference.removeprefix("secret:") for reference in found))


def _state(name: str, *, held: frozenset[str], wanted: set[str]) -> str:
    from lisiere.secrets.staging import BEFORE

    if name not in held:
        return "MISSING"
    if name.startswith(BEFORE):
        return "held, the value before a rotation that is not at its end"
    return "held" if name in wanted else "held, no configuration refers to it"
