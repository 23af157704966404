"""`lisiere lab`: simulated appliances on this machine, to work on without harm."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from cli import lab_real
from cli.options import AsJson
from cli.output import note, print_json, progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from lab.daemon import LabState
    from lisiere.model.site import Appliance

app = typer.Typer(help="Simulated appliances on this machine, over real SSH.", no_args_is_help=True)
app.add_typer(lab_real.app, name="real")


@app.command("up")
def up(
    context: typer.Context,
    *,
    count: Annotated[int, typer.Option("--count", min=1, max=2000, help="Appliances to play.")] = 600,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port that each of them answers at.")] = 2222,
    minute: Annotated[
        float, typer.Option(min=0.01, metavar="SECONDS", help="How long a minute of a timed commit lasts here.")
    ] = 60.0,
    as_json: AsJson = False,
) -> None:
    """Start the lab with VyOS appliances out of the whole inventory, as they leave the bench, and return."""
    from cli.workplace import lab_folder, open_fleet, settings_of
    from lab.daemon import start
    from lab.fleet import PLATFORM, LabAppliance
    from lisiere.errors import UsageError

    settings = settings_of(context)
    fleet = open_fleet(settings, lab=False)
    playable = played(fleet.in_service())
    if not playable:
        raise UsageError(f"no appliance in service runs {PLATFORM}, which is what this lab plays")
    wanted = [LabAppliance(one.name, str(one.data.release)) for one in spread(playable, count)]
    with progress("start", len(wanted)) as advance:
        state = start(lab_folder(settings), wanted, minute_s=minute, port=port, progress=steps(advance))
    _report(state, as_json=as_json)


@app.command("down")
def down(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Stop the lab of this workplace."""
    from cli.workplace import lab_folder, settings_of
    from lab.daemon import stop

    was_up = stop(lab_folder(settings_of(context)))
    if as_json:
        print_json({"stopped": was_up})
        return
    note("the lab is stopped" if was_up else "no lab runs here")


@app.command("status")
def status(context: typer.Context, *, as_json: AsJson = False) -> None:
    """Say whether the lab runs and what it plays. Exit status 1 when none runs."""
    from cli.workplace import lab_folder, settings_of
    from lab.daemon import status as ask_status

    state = ask_status(lab_folder(settings_of(context)))
    if state is None:
        if as_json:
            print_json({"running": False})
        else:
            note("no lab runs here")
        raise typer.Exit(1)
    _report(state, as_json=as_json)


@app.command("fault")
def fault(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="APPLIANCE")],
    faults: Annotated[list[str], typer.Argument(metavar="FAULT=VALUE...", help="Such as refuse_login=true.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Make one appliance of the lab misbehave, for instance `refuse_login=true` or `drop_at=commit`."""
    from cli.workplace import lab_folder, settings_of
    from lab.daemon import ask

    answer = ask(lab_folder(settings_of(context)), {"name": name, "faults": dict(map(_parsed, faults))})
    if as_json:
        print_json(answer)
        return
    note(f"{name}: {', '.join(faults)}")


@app.command("change")
def change(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="APPLIANCE")],
    commands: Annotated[list[str], typer.Argument(metavar="COMMAND...", help="Quoted `set …` or `delete …` lines.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Change one appliance of the lab by hand, as a local administrator would; `lisiere drift --refresh` finds it."""
    from cli.workplace import lab_folder, settings_of
    from lab.daemon import ask

    answer = ask(lab_folder(settings_of(context)), {"name": name, "by_hand": commands})
    if as_json:
        print_json(answer)
        return
    note(f"{name}: changed by hand")


def played(appliances: "Iterable[Appliance]") -> "list[Appliance]":
    """Those of the appliances that this lab can play, by name."""
    from lab.fleet import PLATFORM

    return sorted((one for one in appliances if one.platform == PLATFORM), key=lambda one: one.name)


def spread(items: "list[Appliance]", count: int) -> "list[Appliance]":
    """`count` of the appliances, evenly over the whole list."""
    if count >= len(items):
        return items
    return [items[number * len(items) // count] for number in range(count)]


def steps(advance: "Callable[[str], None]") -> "Callable[[int], None]":
    """Turn the lab's `so many are up` into one call for each."""
    done = 0

    def tell(number: int) -> None:
        nonlocal done
        while done < number:
            done += 1
            advance("")

    return tell


def _report(state: "LabState", *, as_json: bool) -> None:
    if as_json:
        print_json({"running": True, "pid": state.pid, "started_at": state.started_at, "appliances": state.appliances})
        return
    note(f"the lab plays {len(state.appliances)} appliances (process {state.pid}); use it with --lab")


def _parsed(word: str) -> tuple[str, object]:
    """`drop_at=commit`, `delay_ms=200`, `refuse_login=true`."""
    from lisiere.errors import UsageError

    name, equals, value = word.partition("=")
    if not equals:
        raise UsageError(f"{word!r}: a fault is written name=value, such as refuse_login=true")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
