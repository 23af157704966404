"""What values must be, told as a complaint: nothing when they are."""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from fnmatch import fnmatchcase
from types import MappingProxyType

from lisiere.model.expressions import compiled
from lisiere.model.phrases import Complaint
from lisiere.model.rule_pack import Demand

_NUMBER = re.compile(r"(-?\d+)([a-zA-Z]*)")
_SPAN = re.compile(r"(?:\d+[smhdwSMHDW]?)+")
_PART = re.compile(r"(\d+)([a-z]?)")

SECONDS = MappingProxyType({"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800})
"""Units of time as strongSwan and OpenSSH write them; OpenSSH also one after the other, `1h30m`."""
BYTES = MappingProxyType({"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30})
"""Units of volume as strongSwan writes them, in small letters or capitals."""


def complaint(demand: Demand, given: Sequence[str], *, as_of: date) -> str:
    """Why values are not what they must be; empty when they are."""
    values = [part.strip() for one in given for part in one.split(demand.split)] if demand.split else list(given)
    return next(_complaints(demand, values, as_of=as_of), "")


def _complaints(demand: Demand, values: Sequence[str], *, as_of: date) -> Iterator[str]:
    if demand.count_at_least is not None and len(values) < demand.count_at_least:
        yield Complaint.TOO_FEW(count=len(values), limit=demand.count_at_least)
    if demand.count_at_most is not None and len(values) > demand.count_at_most:
        yield Complaint.TOO_MANY(count=len(values), limit=demand.count_at_most)
    if demand.last is not None and (not values or values[-1] != demand.last):
        ends = Complaint.ENDS_OTHERWISE if values else Complaint.ENDS_WITH_NOTHING
        yield ends(values=values[-1:], value=demand.last)
    if demand.some_match is not None and not any(compiled(demand.some_match).fullmatch(one) for one in values):
        yield Complaint.NO_SUCH_FORM(form=demand.some_match)
    is_bound = demand.at_least is not None or demand.at_most is not None
    if not values and (demand.one_of or demand.matches is not None or is_bound):
        yield Complaint.NOTHING()
    for value in values:
        yield from _of_value(demand, value, as_of=as_of)


def _of_value(demand: Demand, value: str, *, as_of: date) -> Iterator[str]:
    if demand.one_of and not _is_among(value, demand.one_of):
        yield Complaint.NONE_OF(value=value, words=demand.one_of)
    if demand.none_of and _is_among(value, demand.none_of):
        yield Complaint.FORBIDDEN(value=value)
    if demand.at_least is not None or demand.at_most is not None:
        yield from _out_of_bounds(demand, value)
    if demand.matches is not None and compiled(demand.matches).fullmatch(value) is None:
        yield Complaint.OTHER_FORM(value=value, form=demand.matches)
    if demand.matches_none is not None and compiled(demand.matches_none).fullmatch(value) is not None:
        yield Complaint.FORBIDDEN_FORM(value=value, form=demand.matches_none)
    if (end := demand.ends.get(value)) is not None and as_of > end:
        yield Complaint.ENDED(value=value, day=end)


def _out_of_bounds(demand: Demand, value: str) -> Iterator[str]:
    is_time = demand.unit == "seconds"
    number = _seconds(value) if is_time else _bytes(value)
    if number is None:
        yield (Complaint.NO_NUMBER_OF_SECONDS if is_time else Complaint.NO_NUMBER_OF_BYTES)(value=value)
        return
    if demand.at_least is not None and number < demand.at_least:
        yield Complaint.TOO_LITTLE(amount=value, limit=demand.at_least)
    if demand.at_most is not None and number > demand.at_most:
        yield Complaint.TOO_MUCH(amount=value, limit=demand.at_most)


def _seconds(value: str) -> int | None:
    """A span of time, or a number of anything that has no unit; None for what is neither."""
    if re.fullmatch(r"-\d+", value):
        return int(value)
    if _SPAN.fullmatch(value) is None:
        return None
    return sum(int(number) * SECONDS[unit] for number, unit in _PART.findall(value.lower()))


def _bytes(value: str) -> int | None:
    found = _NUMBER.fullmatch(value)
    size = BYTES.get(found[2].lower()) if found else None
    return None if found is None or size is None else int(found[1]) * size


def _is_among(value: str, words: Sequence[str]) -> bool:
    return value in words or any(fnmatchcase(value, word) for word in words if "*" in word)
