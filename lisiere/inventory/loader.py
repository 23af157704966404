"""The door of the inventory: a folder in, a validated fleet or every mistake out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from lisiere.errors import InventoryError
from lisiere.inventory import (
    check_addresses,
    check_capabilities,
    check_crypto,
    check_flows,
    check_hosts,
    check_operator,
    check_overlays,
    check_partners,
    check_rules,
    check_secrets,
)
from lisiere.inventory.assembling import assemble
from lisiere.inventory.draft import Draft
from lisiere.inventory.files import read_draft
from lisiere.inventory.notes import Notebook
from lisiere.inventory.reading import UNCHANGED, Reader
from lisiere.model.fleet import Fleet

CHECKS = (
    check_hosts.check,
    check_addresses.check,
    check_operator.check,
    check_flows.check,
    check_rules.check,
    check_crypto.check,
    check_overlays.check,
    check_partners.check,
    check_capabilities.check,
    check_secrets.check,
)


def load_fleet(path: Path, *, as_of: date) -> Fleet:
    """Read and validate the inventory in a folder.

    Args:
        path: Root of the inventory.
        as_of: The day on which ends of flows, exceptions and algorithms are judged.

    Raises:
        InventoryError: Anything is wrong; every mistake is listed with file and line.
    """
    fleet, _ = load_draft(path, as_of=as_of)
    return fleet


def load_draft(path: Path, *, as_of: date) -> tuple[Fleet, Draft]:
    """As `load_fleet`, together with the draft, which still knows Nornir's groups and where everything is written."""
    found = load_whole(path, as_of=as_of)
    return found.fleet, found.draft


@dataclass(frozen=True, slots=True)
class Loaded:
    """A valid inventory: the fleet, where everything is written, and the texts of its files by name."""

    fleet: Fleet
    draft: Draft
    texts: Mapping[str, str]


def load_whole(path: Path, *, as_of: date, changed: Mapping[str, str] = UNCHANGED) -> Loaded:
    """As `load_fleet`, with all that was read; `changed` holds texts that stand in for those of files."""
    notes = Notebook(path)
    if not path.is_dir():
        notes.add_line("", 0, "there is no inventory folder here", "name the folder that holds hosts/ and groups.yaml")
        raise InventoryError(notes.mistakes({}))
    reader = Reader(path, notes, changed=changed)
    draft = read_draft(reader, notes, as_of=as_of)
    for check in CHECKS:
        check(draft, notes)
    mistakes = notes.mistakes(reader.texts)
    if mistakes or draft.operator is None:
        raise InventoryError(mistakes)
    return Loaded(assemble(draft, draft.operator.value), draft, reader.texts)
