"""What values must be, told as a complaint: nothing when they are."""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from fnmatch import fnmatchcase

from lisiere.model.expressions import compiled
from lisiere.model.rule_pack import Demand

_NUMBER = re.compile(r"-?\d+")


def complaint(demand: Demand, given: Sequence[str], *, as_of: date) -> str:
    """Why values are not what they must be; empty when they are."""
    values = [part.strip() for one in given for part in one.split(demand.split)] if demand.split else list(given)
    return next(_complaints(demand, values, as_of=as_of), "")


def _complaints(demand: Demand, values: Sequence[str], *, as_of: date) -> Iterator[str]:
    if demand.count_at_least is not None and len(values) < demand.count_at_least:
        yield f"{len(values)} instead of {demand.count_at_least} or more"
    if demand.count_at_most is not None and len(values) > demand.count_at_most:
        yield f"{len(values)} instead of {demand.count_at_most} or fewer"
    if demand.last is not None and (not values or values[-1] != demand.last):
        yield f"ends with {_shown(values[-1:])}, not with {demand.last!r}"
    if demand.some_match is not None and not any(compiled(demand.some_match).fullmatch(one) for one in values):
        yield f"none is of the form {demand.some_match}"
    for value in values:
        yield from _of_value(demand, value, as_of=as_of)


def _of_value(demand: Demand, value: str, *, as_of: date) -> Iterator[str]:
    if demand.one_of and not _is_among(value, demand.one_of):
        yield f"{value!r} is none of {', '.join(demand.one_of)}"
    if demand.none_of and _is_among(value, demand.none_of):
        yield f"{value!r} is not to be there"
    if demand.at_least is not None or demand.at_most is not None:
        yield from _out_of_bounds(demand, value)
    if demand.matches is not None and compiled(demand.matches).fullmatch(value) is None:
        yield f"{value!r} is not of the form {demand.matches}"
    if demand.matches_none is not None and compiled(demand.matches_none).fullmatch(value) is not None:
        yield f"{value!r} is of the form {demand.matches_none}"
    if (end := demand.ends.get(value)) is not None and as_of > end:
        yield f"{value!r} ended on {end}"


def _out_of_bounds(demand: Demand, value: str) -> Iterator[str]:
    found = _NUMBER.match(value)
    if found is None:
        yield f"{value!r} is no number"
        return
    number = int(found[0])
    if demand.at_least is not None and number < demand.at_least:
        yield f"{number} is less than {demand.at_least}"
    if demand.at_most is not None and number > demand.at_most:
        yield f"{number} is more than {demand.at_most}"


def _is_among(value: str, words: Sequence[str]) -> bool:
    return value in words or any(fnmatchcase(value, word) for word in words if "*" in word)


def _shown(values: Sequence[str]) -> str:
    return ", ".join(map(repr, values)) or "nothing"
