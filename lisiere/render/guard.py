"""What stands between a value of the inventory and a command: every expression of a template passes here.

A value that a template prints as it is must be one plain word; a value that holds blanks must be asked for with the
filter `text`, between quotes. Nothing can end a quote or a line, so no value can add a command, whatever it holds.
"""

import re
from base64 import b64encode
from functools import lru_cache

from lisiere.model.addresses import written

CACHE_SIZE = 1 << 16

_WORD = re.compile(r"[A-Za-z0-9._:/@+=,%~-]+")
_UNQUOTABLE = re.compile(r"['\"\\\x00-\x1f\x7f-\x9f\u2028\u2029]")
_LONGEST = 255


class UnsafeValueError(ValueError):
    """A value that cannot stand in a command where the template puts it."""


class Checked(str):
    """A piece of a command that has been checked, or whole commands made of such pieces by a template."""

    __slots__ = ()


_printed: dict[int, tuple[object, Checked]] = {}
"""What other values than text print, by the object itself: to hash an address costs as much as to print it. The value
is kept beside its words, so that no other can take its place."""


def guard(value: object) -> Checked:
    """Let a checked piece or one plain word pass; applied by the environment to every expression of every template.

    A plain word is an address, a number or a name.

    Raises:
        UnsafeValueError: The value is nothing, a boolean, or holds a blank, a quote or a sign that a shell could read.
    """
    if type(value) is Checked:
        return value
    if type(value) is str:
        return _word(value)
    found = _printed.get(id(value))
    if found is None:
        if value is None or isinstance(value, bool):
            raise UnsafeValueError(f"{value} is no value; a template prints words, numbers and addresses")
        if len(_printed) >= CACHE_SIZE:
            _printed.clear()
        found = _printed[id(value)] = (value, _word(written(value)))
    return found[1]


@lru_cache(maxsize=CACHE_SIZE)
def _word(found: str) -> Checked:
    if _WORD.fullmatch(found) is None:
        raise UnsafeValueError(f"{found!r} is no plain word; between quotes a text is printed with the filter 'text'")
    return Checked(found)


def text(value: object) -> Checked:
    """A text to stand between single quotes: blanks and accents are welcome.

    Raises:
        UnsafeValueError: It holds a quote, a backslash, a line end or a control character, or is too long or empty.
    """
    found = str(value)
    if not found or len(found) > _LONGEST:
        raise UnsafeValueError(f"a text has 1 to {_LONGEST} characters, this one has {len(found)}: {found[:40]!r}")
    if unfit := _UNQUOTABLE.search(found):
        raise UnsafeValueError(f"{unfit[0]!r} cannot stand between quotes: {found[:80]!r}")
    return Checked(found)


def paragraph(value: object) -> Checked:
    r"""Several lines as one value: the two characters `\n` stand for a line end, as VyOS reads banners.

    Raises:
        UnsafeValueError: A line holds a quote, a backslash or a control character.
    """
    lines = str(value).rstrip("\n").split("\n")
    return Checked(r"\n".join(text(line) if line else "" for line in lines))


def lines(value: object) -> Checked:
    """Several lines as they are, in a file that holds nothing else.

    Raises:
        UnsafeValueError: A line holds a quote, a backslash or a control character.
    """
    return Checked("\n".join(text(line) if line else "" for line in str(value).rstrip("\n").split("\n")))


@lru_cache(maxsize=CACHE_SIZE, typed=True)
def path(start: str, *words: object) -> Checked:
    """The beginning of a command.

    Args:
        start: What the template itself writes, blanks included, or an earlier path.
        words: Values, each one plain word.

    Raises:
        UnsafeValueError: A part is no plain word.
    """
    begun = start if type(start) is Checked else " ".join(map(guard, start.split(" ")))
    return Checked(" ".join((begun, *map(guard, words))))


def coded(value: object) -> Checked:
    """A text in base64, for the leaves that accept nothing else."""
    return Checked(b64encode(str(value).encode()).decode())
