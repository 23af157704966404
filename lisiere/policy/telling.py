"""Passages in words, for people: one line each, said once where both families say the same."""

from collections.abc import Iterable

from lisiere.model.intent import Family
from lisiere.policy import words
from lisiere.policy.frozen import Policy
from lisiere.policy.reach import Passage


def lines(passages: Iterable[Passage], policy: Policy) -> tuple[str, ...]:
    """Passages as lines, in order: `admin to wan: any -> mail-hosting, tcp/993 (IPv4 and IPv6)`.

    Args:
        passages: What passes, or begins or ceases to.
        policy: Whose sets give the names.
    """
    found: dict[str, list[Family]] = {}
    for one in passages:
        found.setdefault(_line(one, policy), []).append(one.family)
    return tuple(sorted(f"{line} ({_families(families)})" for line, families in found.items()))


def _line(one: Passage, policy: Policy) -> str:
    names = policy.sets.get(one.family, {})
    source, destination = (words.addresses(ranges, one.family, names) for ranges in one.box[:2])
    told = f"{one.from_zone} to {one.to_zone}: {source} -> {destination}, {words.services(one.box[2])}"
    hours = words.hours(one.box[3])
    return f"{told}, {hours}" if hours else told


def _families(families: Iterable[Family]) -> str:
    return " and ".join("IPv4" if one is Family.IPV4 else "IPv6" for one in sorted(set(families)))
