"""systemd units: a nightly audit, notices, and requests that are due; written for one place, and kept from all else."""

from functools import cache
from pathlib import Path
from typing import Annotated

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import StringConstraints

from lisiere.model.base import Model
from lisiere.render.renderer import template_folder

OWN_STATE = Path("/var/lib/lisiere")
"""The folder that systemd makes for an account of its own."""
ENVIRONMENT_FILE = Path("/etc/lisiere/lisiere.env")
UNITS = ("lisiere-audit.service", "lisiere-audit.timer", "lisiere-notices.service", "lisiere-notices.timer")
OF_THE_WORKER = ("lisiere-worker.service", "lisiere-worker.timer")


class Installation(Model):
    """Where things are on the machine that audits; all paths are absolute.

    Args:
        program: The command `lisiere`.
        prefix: Folder of the Python environment that it runs in.
        source: Folder of the checkout that an editable installation points to; None for one that has all in `prefix`.
        inventory: Folder of the inventory.
        state: Folder of the records.
        account: Whose folder that is; empty for one that systemd makes, whose folder is `OWN_STATE`.
        templates: The customer's own templates.
        rules: The customer's own rule packs.
        is_live: Look at the appliances; else judge what was read last.
        ssh_key: Key of the account that audits, read by systemd and shown to the audit alone; so are the two next.
        secrets_file: The store of secrets.
        identity_file: What opens it.
        at: When, in the time of Paris.
        token_file: The token of who carries out requests, read by systemd; None where nobody does here.
    """

    program: Path
    prefix: Path
    source: Path | None
    inventory: Path
    state: Path = OWN_STATE
    account: str = ""
    templates: Path | None = None
    rules: Path | None = None
    is_live: bool
    ssh_key: Path
    secrets_file: Path
    identity_file: Path
    at: Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
    token_file: Path | None = None

    @property
    def folders(self) -> tuple[tuple[str, Path], ...]:
        """The folders, each with the setting that names it."""
        read = (("LISIERE_INVENTORY", self.inventory), *self.own_folders)
        return (("LISIERE_STATE", self.state), *read)

    @property
    def secret_folders(self) -> tuple[Path, ...]:
        """Where the store of secrets and what opens it are, unless that is with the records."""
        folders = dict.fromkeys((self.secrets_file.parent, self.identity_file.parent))
        return tuple(one for one in folders if one != self.state and self.state not in one.parents)

    @property
    def own_folders(self) -> tuple[tuple[str, Path], ...]:
        """The customer's own rules and templates, each with the setting that names it."""
        both = (("LISIERE_TEMPLATES", self.templates), ("LISIERE_RULES", self.rules))
        return tuple((name, folder) for name, folder in both if folder is not None)


def write_units(here: Installation) -> dict[str, str]:
    """The text of each unit by its name."""
    names = UNITS if here.token_file is None else (*UNITS, *OF_THE_WORKER)
    return {name: _environment().get_template(f"units/{name}.j2").render(here=here) for name in names}


def quoted(value: object) -> str:
    """A word of a unit file that means what it says: no specifier, no variable, no second word."""
    text = str(value).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{text}"' if any(char in text for char in " \t'\"\\;") else text


def working(value: object) -> str:
    """The folder of `WorkingDirectory=`, which takes the rest of its line as it is, but for specifiers."""
    return str(value).replace("%", "%%")


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(template_folder()),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 - unit files are no HTML; words are quoted by `quoted`
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
    made.filters["quoted"] = quoted
    made.filters["working"] = working
    return made
