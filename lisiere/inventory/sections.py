"""Named things of a file, each validated alone: one that is broken hides no mistake of another."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pydantic import BaseModel, ValidationError

from lisiere.inventory.notes import Notebook, Place, did_you_mean
from lisiere.inventory.reading import UNREAD, Reader
from lisiere.inventory.wording import Complaint, complaints

M = TypeVar("M", bound=BaseModel)
T = TypeVar("T")
V_co = TypeVar("V_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Item(Generic[V_co]):
    """A valid thing and where it is written."""

    value: V_co
    place: Place

    def at(self, *path: str | int) -> Place:
        """The place of one of its values."""
        return self.place.at(*path)


@dataclass(slots=True)
class Section(Generic[T]):
    """The things of one kind.

    Args:
        items: The valid ones by name.
        known: Every name that was read, also of things that are broken: to refer to them is no mistake.
        is_whole: False when a name may be missing, so that an unknown one says nothing.
    """

    items: dict[str, Item[T]] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    is_whole: bool = True

    @property
    def is_sound(self) -> bool:
        """Whether everything was read and is valid, so that the absence of something says something."""
        return self.is_whole and len(self.items) == len(self.known)

    def values(self) -> dict[str, T]:
        """The valid things by name, in the order of names."""
        return {name: self.items[name].value for name in sorted(self.items)}

    def find(self, name: str, place: Place, *, kind: str, notes: Notebook) -> T | None:
        """What a reference at `place` names; None when it is unknown, which is noted, or broken, which is already."""
        item = self.items.get(name)
        if item is not None:
            return item.value
        if name not in self.known and self.is_whole:
            advice = did_you_mean(name, self.known) or f"declare it, or name a {kind} that exists"
            notes.add(place, f"unknown {kind} {name!r}", advice)
        return None


def attempt(model: type[M], data: object) -> tuple[M | None, tuple[Complaint, ...]]:
    """A model of the data, or what is wrong with them."""
    try:
        return model.model_validate(data), ()
    except ValidationError as exc:
        return None, tuple(complaints(exc.errors(include_url=False), data=data, model=model))


def validated(model: type[M], data: object, place: Place, *, thing: str, notes: Notebook) -> M | None:
    """A model of the data; None when mistakes were noted. `thing` begins each message."""
    value, wrong = attempt(model, data)
    for one in wrong:
        notes.add(place.at(*one.path), f"{thing}: {one.message}", one.advice)
    return value


def top_level(reader: Reader, file: str, key: str, notes: Notebook) -> object:
    """What stands under the only key that a file has, or `UNREAD`."""
    content = reader.read(file)
    if content is UNREAD:
        return UNREAD
    if content is None:
        notes.add_line(file, 0, "is empty", f"begin with `{key}:`")
        return UNREAD
    if not isinstance(content, dict):
        notes.add(Place(file), f"must be a mapping with the key {key!r}", f"begin with `{key}:`")
        return UNREAD
    for other in content:
        if other != key:
            notes.add(Place(file, (other,)), f"unknown key {str(other)!r}", f"this file holds only {key!r}")
    if key not in content:
        notes.add_line(file, 0, f"lacks the key {key!r}", "add it")
        return UNREAD
    return content[key]


def read_list(reader: Reader, file: str, key: str, model: type[M], notes: Notebook, *, name: str) -> Section[M]:
    """The list of a file as a section; `name` is the key that names each thing."""
    section: Section[M] = Section()
    add_list(section, top_level(reader, file, key, notes), Place(file, (key,)), model, notes, name=name)
    return section


def add_list(section: Section[M], content: object, place: Place, model: type[M], notes: Notebook, *, name: str) -> None:
    """Add the things of a list to a section; a name that is already there is a mistake."""
    kind = _kind(model)
    if not isinstance(content, list):
        section.is_whole = False
        if content is not UNREAD:
            notes.add(place, f"{place.path[-1]} must be a list", "write one item per line, each after a hyphen")
        return
    for index, entry in enumerate(content):
        here = place.at(index)
        label = entry.get(name) if isinstance(entry, dict) else None
        if not isinstance(label, str):
            section.is_whole = False
        shown = f"{kind} {label}" if isinstance(label, str) else f"{kind} number {index + 1}"
        value = validated(model, entry, here, thing=shown, notes=notes)
        if isinstance(label, str):
            _enter(section, label, value, here, kind=kind, label=name, notes=notes)


def _enter(
    section: Section[M], name: str, value: M | None, place: Place, *, kind: str, label: str, notes: Notebook
) -> None:
    if name in section.known:
        section.is_whole = False  # one of the two was meant to have another name
        notes.add(place.at(label), f"{kind} {name} is declared twice", "give one of the two another name")
        return
    section.known.add(name)
    if value is not None:
        section.items[name] = Item(value, place)


def _kind(model: type[BaseModel]) -> str:
    """`AddressSet` as a person reads it: address set."""
    return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in model.__name__).strip()


def each(section: Section[T]) -> Iterator[tuple[str, T, Place]]:
    """(name, value, place) of everything valid in a section, in the order of the file."""
    for name, item in section.items.items():
        yield name, item.value, item.place
