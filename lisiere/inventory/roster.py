"""Which appliances there are, read alone: what a look at the records needs of an inventory, in a tenth of the time.

The rest of it is neither validated nor read, so that it can be asked how the fleet stands while somebody writes a rule.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import ConfigDict, ValidationError

from lisiere.inventory.nornir_words import DEFAULTS, GROUPS, HOSTS, KINDS
from lisiere.inventory.notes import Notebook
from lisiere.inventory.reading import Reader
from lisiere.model.base import Model
from lisiere.model.vocabulary import Lifecycle, Platform, ProfileName, Release

T = TypeVar("T")
PROFILES = frozenset(map(str, ProfileName))


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an appliance is in the programme, and what release it runs."""

    lifecycle: Lifecycle
    release: Release


@dataclass(frozen=True, slots=True)
class Listed:
    """An appliance as far as it can be selected by."""

    name: str
    territory: str
    profile: ProfileName
    platform: Platform
    data: Standing


@dataclass(frozen=True, slots=True)
class Roster:
    """All appliances by name, and the territories that they can be of."""

    appliances: Mapping[str, Listed]
    territories: frozenset[str]


class _Part(Model):
    model_config = ConfigDict(extra="ignore")


class _Data(_Part):
    lifecycle: Lifecycle | None = None
    release: Release | None = None


class _Level(_Part):
    platform: Platform | None = None
    data: _Data = _Data()


class _Host(_Level):
    groups: tuple[str, ...]


class _Files(_Part):
    defaults: _Level
    groups: dict[str, _Level]
    hosts: tuple[dict[str, _Host], ...]


def read_roster(path: Path) -> Roster | None:
    """The appliances of the inventory in a folder; None where something about them is wrong, which loading it tells."""
    notes = Notebook(path)
    reader = Reader(path, notes)
    hosts = [reader.read(name) for name in reader.names(HOSTS)]
    content = {"defaults": reader.read(DEFAULTS) or {}, "groups": reader.read(GROUPS), "hosts": hosts}
    try:
        files = _Files.model_validate(content)
    except ValidationError:
        return None
    found = {name: _listed(name, host, files) for one in files.hosts for name, host in one.items()}
    known = {name: one for name, one in found.items() if one is not None}
    if notes.mistakes(reader.texts) or not known or len(known) < sum(map(len, files.hosts)):
        return None
    return Roster(known, frozenset(_named("epci", files.groups)))


def _listed(name: str, host: _Host, files: _Files) -> Listed | None:
    """One appliance, with what it inherits; None where that is not what it should be."""
    own = {kind: _named(kind, host.groups) for kind in KINDS}
    if not set(host.groups) <= files.groups.keys() or any(len(names) != 1 for names in own.values()):
        return None
    levels = (host, *(files.groups[one] for one in host.groups), files.defaults)
    platform = _first(level.platform for level in levels)
    lifecycle = _first(level.data.lifecycle for level in levels)
    release = _first(level.data.release for level in levels)
    if platform is None or lifecycle is None or release is None or own["profile"][0] not in PROFILES:
        return None
    standing = Standing(lifecycle, release)
    return Listed(name, own["epci"][0], ProfileName(own["profile"][0]), platform, standing)


def _named(kind: str, groups: Sequence[str] | Mapping[str, object]) -> list[str]:
    """What groups of a kind are about, by their names."""
    return [name.removeprefix(f"{kind}-") for name in groups if name.startswith(f"{kind}-")]


def _first(values: Iterator[T | None]) -> T | None:
    return next((value for value in values if value is not None), None)
