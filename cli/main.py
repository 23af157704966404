"""The command `lisiere`: its subcommands, and the one place where errors become words and an exit status.

Exit status: 0 done; 1 the job failed, in whole or in part; 2 the command line or the data are wrong; 130 stopped by
Ctrl-C.
"""

import gc
import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from cli.commands import WORDS, CommandGroup
from cli.guard import admit
from cli.light import lighten
from cli.workplace import Places
from lisiere.errors import DataError, LisiereError

app = typer.Typer(
    name="lisiere",
    cls=CommandGroup,
    help="Manage a fleet of network-edge appliances: check, render, plan, apply, and know what runs where.",
    epilog="Exit status: 0 done, 1 the job failed, 2 the command line or the data are wrong, 130 stopped by Ctrl-C.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: Rich costs as much as all the rest of the start
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120},
)


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        from importlib.metadata import version

        typer.echo(f"lisiere {version('lisiere')}")
        raise typer.Exit


@app.callback()
def root(
    context: typer.Context,
    *,
    inventory_folder: Annotated[
        Path | None,
        typer.Option("--inventory", metavar="DIR", help="Folder of the inventory (LISIERE_INVENTORY; ./inventory)."),
    ] = None,
    state_folder: Annotated[
        Path | None,
        typer.Option("--state", metavar="DIR", help="Folder of what Lisière writes (LISIERE_STATE; ./.lisiere)."),
    ] = None,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Manage a fleet of network-edge appliances: check, render, plan, apply, and know what runs where."""
    context.obj = places = Places(inventory=inventory_folder, state=state_folder)
    admit(places, context.invoked_subcommand or "", context.meta.get(WORDS, ()))


def main() -> None:
    """Run the command line and end the process with its exit status; no traceback for what was foreseen."""
    gc.set_threshold(100_000, 50, 100)  # a fleet is a million objects that live as long as the command
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")  # we have none; to look for some costs 40 ms
    lighten()
    try:
        app(prog_name="lisiere")
    except DataError as exc:
        print(exc, file=sys.stderr)  # noqa: T201
        print(f"{len(exc.mistakes)} mistake(s); nothing was done", file=sys.stderr)  # noqa: T201
        sys.exit(exc.exit_status)
    except LisiereError as exc:
        print(f"lisiere: {exc}", file=sys.stderr)  # noqa: T201
        sys.exit(exc.exit_status)
    except KeyboardInterrupt:
        print("lisiere: stopped", file=sys.stderr)  # noqa: T201
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except OSError as exc:
        _say_unforeseen(exc, f"{exc.filename}: {exc.strerror}" if exc.filename else str(exc))
    except Exception as exc:  # noqa: BLE001 - the last resort: one line instead of a traceback
        _say_unforeseen(exc, f"something unforeseen ({type(exc).__name__})")
    finally:
        gc.freeze()  # the process ends here: a last search for garbage among a million objects frees nothing sooner


def _say_unforeseen(exc: Exception, words: str) -> NoReturn:
    """Word what nobody foresaw in one line, without its text, which may hold anything; a traceback is for who asks."""
    if os.environ.get("LISIERE_DEBUG"):
        raise exc
    notes = "".join(f" {note}" for note in getattr(exc, "__notes__", ()))
    print(f"lisiere: {words}{notes}; LISIERE_DEBUG=1 shows where", file=sys.stderr)  # noqa: T201
    sys.exit(1)


if __name__ == "__main__":
    main()
