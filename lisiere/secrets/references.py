"""References to secrets inside texts: `secret:<name>`, and the same in base64 where a device accepts nothing else."""

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Literal

Shape = Literal["plain", "base64"]
"""How a reference is written: as it is, or as the base64 of itself for leaves that a device constrains to base64."""

PREFIX = "secret:"
_NAME = r"[a-z0-9][a-z0-9._/-]*"
_EXACT_NAME = re.compile(_NAME)
# Both begin with letters, so that the engine leaps from one to the next instead of trying every place of a long text.
_PLAIN = re.compile(rf"{PREFIX}(?<![A-Za-z0-9]{PREFIX})(?P<name>{_NAME})(?P<coded>(?!))?")
# The base64 of `secret:` followed by any character that may open a name.
_CODED_START = "c2VjcmV0O"
_CODED = re.compile(
    rf"(?P<coded>{_CODED_START}(?<![A-Za-z0-9+/]{_CODED_START})[g-v][A-Za-z0-9+/]+={{0,2}}(?![A-Za-z0-9+/=]))(?P<name>(?!))?"
)


def is_name(text: str) -> bool:
    """Whether `text` can name a secret: lower case, digits, and `. _ / -` after the first character."""
    return _EXACT_NAME.fullmatch(text) is not None


def write(name: str, shape: Shape = "plain") -> str:
    """The reference to `name`, in the shape that the leaf it stands in accepts."""
    reference = PREFIX + name
    return reference if shape == "plain" else base64.b64encode(reference.encode()).decode()


def read(text: str) -> str | None:
    """The name that `text`, taken as a whole, refers to in either shape; None when it is no reference."""
    match = _PLAIN.fullmatch(text) or _CODED.fullmatch(text)
    return _name(match) if match else None


def find(text: str) -> tuple[str, ...]:
    """The names that a text refers to in either shape: each once, sorted."""
    shapes = ((PREFIX, _PLAIN), (_CODED_START, _CODED))
    matches = chain.from_iterable(_search(text, start, shape) for start, shape in shapes)
    return tuple(sorted({name for match in matches if (name := _name(match)) is not None}))


def _search(text: str, start: str, shape: re.Pattern[str]) -> Iterator[re.Match[str]]:
    """The matches of a shape. Most texts hold none, or only near their end: what begins one is seen sooner than one."""
    first = text.find(start)
    return shape.finditer(text, max(0, first - 1)) if first >= 0 else iter(())


def replace(text: str, value_of: Callable[[str], str]) -> str:
    """The text with every reference replaced by `value_of(name)`."""

    def value(match: re.Match[str]) -> str:
        name = _name(match)
        return match[0] if name is None else value_of(name)

    # In this order a value is never taken for a reference: what stands for base64 holds no colon.
    return _PLAIN.sub(value, _CODED.sub(value, text))


def _name(match: re.Match[str]) -> str | None:
    plain: str | None = match["name"]
    if plain is not None:
        return plain
    try:
        decoded = base64.b64decode(match["coded"], validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return None
    name = decoded.removeprefix(PREFIX)
    return name if is_name(name) else None
