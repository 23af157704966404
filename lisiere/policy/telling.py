"""Passages in words, for people: one line each, said once where both families say the same."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from lisiere.model.intent import Family
from lisiere.policy import words
from lisiere.policy.frozen import Policy
from lisiere.policy.reach import Passage


class Spoken(NamedTuple):
    """A passage in words, part by part; `hours` is empty for always."""

    from_zone: str
    to_zone: str
    source: str
    destination: str
    services: str
    hours: str

    def __str__(self) -> str:
        """All of it as one line."""
        found = f"{self.from_zone} to {self.to_zone}: {self.source} -> {self.destination}, {self.services}"
        return f"{found}, {self.hours}" if self.hours else found


def spoken(
    passages: Iterable[Passage], policy: Policy, *, title: Callable[[str], str] = str
) -> dict[Spoken, tuple[Family, ...]]:
    """Passages in words, in order, with the families for which each holds.

    Args:
        passages: What passes, or begins or ceases to.
        policy: Whose sets give the names.
        title: What people call a set.
    """
    names = {family: {title(name): ranges for name, ranges in sets.items()} for family, sets in policy.sets.items()}
    found: dict[Spoken, set[Family]] = {}
    for one in passages:
        found.setdefault(_spoken(one, names.get(one.family, {})), set()).add(one.family)
    return {one: tuple(sorted(found[one])) for one in sorted(found)}


def lines(passages: Iterable[Passage], policy: Policy) -> tuple[str, ...]:
    """Passages as lines, in order: `admin to wan: any -> mail-hosting, tcp/993 (IPv4 and IPv6)`.

    Args:
        passages: What passes, or begins or ceases to.
        policy: Whose sets give the names.
    """
    return tuple(
        sorted(f"{one} ({' and '.join(map(_family, families))})" for one, families in spoken(passages, policy).items())
    )


def _spoken(one: Passage, names: words.Names) -> Spoken:
    source, destination = (words.addresses(ranges, one.family, names) for ranges in one.box[:2])
    return Spoken(
        str(one.from_zone), str(one.to_zone), source, destination, words.services(one.box[2]), words.hours(one.box[3])
    )


def _family(one: Family) -> str:
    return "IPv4" if one is Family.IPV4 else "IPv6"
