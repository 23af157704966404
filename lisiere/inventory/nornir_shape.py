"""Nornir's hosts, groups and defaults, read with its inheritance into appliances, territories and profiles."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from pydantic import Field

from lisiere.inventory.nornir_words import DEFAULTS, GROUPS, HOSTS, KINDS
from lisiere.inventory.notes import Notebook, Place, did_you_mean
from lisiere.inventory.reading import UNREAD, Reader
from lisiere.inventory.sections import Item, M, Section, T, attempt, validated
from lisiere.model.base import Model
from lisiere.model.operator import UserName
from lisiere.model.site import Appliance, Profile, SiteData, Territory
from lisiere.model.words import Line, Platform

SITE_KEYS = frozenset(SiteData.model_fields)
ATTRIBUTES = ("hostname", "port", "username", "platform")
"""What Nornir keeps beside the data."""


class DefaultsEntry(Model):
    """Nornir's defaults."""

    hostname: Line | None = None
    port: int | None = Field(default=None, ge=1, le=65535)
    username: UserName | None = None
    platform: Platform | None = None
    data: dict[str, object] = Field(default_factory=dict)


class GroupEntry(DefaultsEntry):
    """One of Nornir's groups."""


class HostEntry(DefaultsEntry):
    """One of Nornir's hosts; groups that come first win."""

    groups: tuple[str, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Level:
    """One level of inheritance: a host, a group or the defaults, and where it is written."""

    name: str
    entry: DefaultsEntry
    place: Place


@dataclass(frozen=True)
class Chain:
    """Levels from a host to the defaults; the first that has a key gives its value."""

    levels: tuple[Level, ...]

    def attribute(self, name: str) -> object:
        """A host's own attribute, inherited; None when no level has it."""
        values = (getattr(level.entry, name) for level in self.levels)
        return next((value for value in values if value is not None), None)

    def attribute_place(self, name: str) -> Place:
        """Where an attribute is written, or the host when nobody writes it."""
        level = next((one for one in self.levels if getattr(one.entry, name) is not None), None)
        return level.place.at(name) if level else self.levels[0].place

    @cached_property
    def data(self) -> dict[str, object]:
        """The site's data, inherited; what only groups hold is left out."""
        own = self.levels[0].entry.data
        inherited = (level.entry.data for level in reversed(self.levels[1:]))
        found = {key: value for data in inherited for key, value in data.items() if key in SITE_KEYS}
        return {**found, **own} if found else own

    def data_level(self, key: object) -> Level:
        """The level that gives a key of the data; the host's own for one that nobody gives."""
        return next((level for level in self.levels if key in level.entry.data), self.levels[0])


@dataclass(frozen=True, slots=True)
class Host(Item[Appliance]):
    """An appliance and where each of its values is written."""

    chain: Chain

    def at(self, *path: str | int) -> Place:
        """The place of a value of the site's data."""
        if not path:
            return self.place
        return self.chain.data_level(path[0]).place.at("data", *path)


@dataclass(slots=True)
class Hosts:
    """Everything that Nornir's files hold."""

    defaults: DefaultsEntry = field(default_factory=DefaultsEntry)
    groups: Section[GroupEntry] = field(default_factory=Section)
    hosts: Section[Appliance] = field(default_factory=Section)
    territories: Section[Territory] = field(default_factory=Section)
    profiles: Section[Profile] = field(default_factory=Section)

    def host(self, name: str) -> Host:
        """A valid host of the section."""
        item = self.hosts.items[name]
        assert isinstance(item, Host)  # noqa: S101 - only `_add_host` fills the section
        return item

    def each(self) -> Iterator[Host]:
        """Every valid host, in the order of the files."""
        return (self.host(name) for name in self.hosts.items)


class HostFiles:
    """Reads defaults, groups and hosts into `found`."""

    def __init__(self, reader: Reader, notes: Notebook) -> None:
        self._reader, self._notes = reader, notes
        self._defaults: tuple[Level, ...] = ()
        self.found = Hosts()
        self._groups = self.found.groups

    def read(self) -> Hosts:
        """Read everything."""
        is_complete = self._read_defaults()
        self._read_groups()
        for file in self._host_files():
            self._read_hosts(file, is_complete=is_complete)
        return self.found

    def _host_files(self) -> list[str]:
        files = self._reader.names(HOSTS)
        if not files:
            self._notes.add_line(HOSTS, 0, "holds no host file", "write hosts/<siren>-<name>.yaml for each territory")
            self.found.hosts.is_whole = False
        return files

    def _read_defaults(self) -> bool:
        content = self._reader.read(DEFAULTS)
        if content is UNREAD:
            return False
        place = Place(DEFAULTS)
        entry = validated(DefaultsEntry, content or {}, place, thing="defaults", notes=self._notes)
        if entry is None:
            return False
        self._defaults = (Level("defaults", entry, place),)
        self.found.defaults = entry
        self._check_data_keys(self._defaults[0], SITE_KEYS)
        return True

    def _read_groups(self) -> None:
        content = self._mapping(GROUPS, self._groups)
        for name, raw in content.items():
            self._groups.known.add(name)
            place = Place(GROUPS, (name,))
            entry = validated(GroupEntry, raw, place, thing=f"group {name}", notes=self._notes)
            kind, _, rest = name.partition("-")
            if entry is None:
                self._know(kind, rest)
                continue
            self._groups.items[name] = Item(entry, place)
            own = {KINDS[kind]} if kind in ("epci", "profile") else set()
            self._check_data_keys(Level(name, entry, place), SITE_KEYS | own)
            self._enter_group(kind, rest, entry, place)
        for section in (self.found.territories, self.found.profiles):
            section.is_whole = section.is_whole and self._groups.is_whole

    def _know(self, kind: str, rest: str) -> None:
        if kind in ("epci", "profile"):
            (self.found.territories if kind == "epci" else self.found.profiles).known.add(rest)

    def _enter_group(self, kind: str, rest: str, entry: GroupEntry, place: Place) -> None:
        self._know(kind, rest)
        thing = f"group {place.path[0]}"
        if kind == "epci":
            territory = self._payload(Territory, entry, place, "territory", thing)
            if territory and self._agrees(territory.siren, rest, place.at("data", "territory", "siren"), thing):
                self.found.territories.items[rest] = Item(territory, place.at("data", "territory"))
        elif kind == "profile":
            profile = self._payload(Profile, entry, place, "profile", thing)
            if profile and self._agrees(profile.name, rest, place.at("data", "profile", "name"), thing):
                self.found.profiles.items[rest] = Item(profile, place.at("data", "profile"))
        elif kind == "platform":
            if entry.platform is None:
                self._notes.add(place, f"{thing}: lacks the key 'platform'", "add it")
            else:
                self._agrees(entry.platform, rest, place.at("platform"), thing)

    def _payload(self, model: type[M], entry: GroupEntry, place: Place, key: str, thing: str) -> M | None:
        if key not in entry.data:
            where = place.at("data") if entry.data else place
            self._notes.add(where, f"{thing}: its data lack the key {key!r}", "add it")
            return None
        here = place.at("data", key)
        return validated(model, entry.data[key], here, thing=f"{thing}: {key}", notes=self._notes)

    def _agrees(self, value: str, rest: str, place: Place, thing: str) -> bool:
        if value != rest:
            self._notes.add(place, f"{thing}: {value} is not what the group's name says", "make the two the same")
        return value == rest

    def _check_data_keys(self, level: Level, known: frozenset[str]) -> None:
        for key in level.entry.data:
            if key not in known:
                advice = did_you_mean(key, known) or "remove it or correct its name"
                self._notes.add(level.place.at("data", key), f"{_thing(level)}: unknown key {key!r} in data", advice)

    def _mapping(self, file: str, section: Section[T]) -> dict[str, object]:
        """The named entries of a file; an unreadable file or key leaves the section open."""
        content = self._reader.read(file)
        if isinstance(content, dict):
            for key in content:
                if not isinstance(key, str):
                    section.is_whole = False
                    self._notes.add(Place(file, (key,)), f"the name {key} must be text", "put it in quotes")
            return {key: value for key, value in content.items() if isinstance(key, str)}
        section.is_whole = False
        if content is None:
            self._notes.add_line(file, 0, "is empty", "write what it is for, or remove it")
        elif content is not UNREAD:
            self._notes.add(Place(file), "must be a mapping from names to what they stand for", "see groups.yaml")
        return {}

    def _read_hosts(self, file: str, *, is_complete: bool) -> None:
        for name, raw in self._mapping(file, self.found.hosts).items():
            place = Place(file, (name,))
            if name in self.found.hosts.known:
                self.found.hosts.is_whole = False  # one of the two was meant to have another name
                self._notes.add(place, f"host {name} is declared twice", "give one of the two another name")
                continue
            self.found.hosts.known.add(name)
            entry = validated(HostEntry, raw, place, thing=f"host {name}", notes=self._notes)
            if entry is None:
                continue
            own = Level(name, entry, place)
            groups = self._groups_of(own)
            chain = Chain((own, *(groups or ()), *self._defaults))
            data = self._site_data(chain, is_complete=is_complete and groups is not None)
            if data is not None and is_complete and groups is not None:
                self._add_host(chain, data)

    def _groups_of(self, host: Level) -> tuple[Level, ...] | None:
        """The groups of a host; None when one is unknown or broken, or a kind is not there exactly once."""
        names = host.entry.groups if isinstance(host.entry, HostEntry) else ()
        found = [
            (name, self._groups.find(name, host.place.at("groups", index), kind="group", notes=self._notes))
            for index, name in enumerate(names)
        ]
        is_usable = True
        for kind, meaning in KINDS.items():
            count = sum(name.startswith(f"{kind}-") for name in names)
            if count != 1:
                message = f"host {host.name}: must be in exactly one {meaning} group, not in {count}"
                self._notes.add(host.place.at("groups"), message, f"name one group {kind}-…")
                is_usable = False
        levels = tuple(Level(name, entry, Place(GROUPS, (name,))) for name, entry in found if entry is not None)
        return levels if is_usable and len(levels) == len(names) else None

    def _site_data(self, chain: Chain, *, is_complete: bool) -> SiteData | None:
        """The site's data; while levels are missing, so may keys be."""
        data, wrong = attempt(SiteData, chain.data)
        for one in wrong:
            level = chain.data_level(one.path[0]) if one.path else chain.levels[0]
            if one.path or is_complete:
                self._notes.add(level.place.at("data", *one.path), f"{_thing(level)}: {one.message}", one.advice)
        return data

    def _add_host(self, chain: Chain, data: SiteData) -> None:
        host = chain.levels[0]
        groups = {kind: rest for kind, _, rest in (level.name.partition("-") for level in chain.levels[1:])}
        own = {key: chain.attribute(key) for key in ATTRIBUTES}
        for key in (key for key in ATTRIBUTES if own[key] is None):
            message = f"host {host.name}: has no {key}, nor does a group or the defaults give one"
            self._notes.add(host.place, message, f"write `{key}:` in the host")
        if None in own.values():
            return
        raw = {"name": host.name, **own, "territory": groups["epci"], "profile": groups["profile"], "data": data}
        appliance, wrong = attempt(Appliance, raw)
        for one in wrong:
            if one.path and one.path[0] not in ("territory", "profile"):  # noted with the group
                place = chain.attribute_place(str(one.path[0])) if one.path[0] in ATTRIBUTES else host.place
                self._notes.add(place, f"host {host.name}: {one.message}", one.advice)
        if appliance is not None:
            self.found.hosts.items[host.name] = Host(appliance, host.place, chain)


def _thing(level: Level) -> str:
    file = level.place.file
    return f"host {level.name}" if file.startswith(HOSTS) else f"group {level.name}" if file == GROUPS else "defaults"
