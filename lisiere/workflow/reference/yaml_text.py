"""Models and plain values as YAML text, always the same bytes.

Keys come in the model's order, defaults are left out, lists are indented under their key, and text that could be read
as another type is quoted.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from lisiere.model.base import Model
from lisiere.model.overlay import OverlayFlow
from lisiere.model.traffic import DayWindow, PortRange, Rule

Plain = str | int | bool | date | None | Sequence["Plain"] | Mapping[str, "Plain"]
"""What YAML text is made from: scalars, lists and mappings."""

_LISTED: Mapping[type[Model], frozenset[str]] = {
    Rule: frozenset({"from", "to", "source", "destination", "services"}),
    OverlayFlow: frozenset({"from", "to", "services"}),
}
"""Fields where a file writes one value without a list."""

_SHOWN: Mapping[type[Model], frozenset[str]] = {OverlayFlow: frozenset({"from", "to"})}
"""Fields that a file writes even when they hold their default."""

_SAFE = re.compile(r"^[\w/](?:[\w ./:+@=(),;%&°\u2019-]*[\w./)=-])?$")
_AMBIGUOUS = re.compile(
    r"^(?:[0-9][0-9:._+-]*|[0-9][0-9_.]*e[+-]?[0-9]+|0[xob][0-9a-f_]+|\.[0-9].*|y|n|yes|no|on|off|true|false|null|nan|inf)$",
    re.IGNORECASE,
)
_IPV4 = re.compile(r"^[0-9]+(?:\.[0-9]+){3}$")


def document(content: Plain) -> str:
    """A whole file."""
    return "---\n" + "".join(f"{line}\n" for line in _lines(content, 0))


def plain(value: object) -> Plain:
    """A model, or anything that a model holds, as plain values."""
    if isinstance(value, PortRange):
        return value.first if value.first == value.last else str(value)
    if isinstance(value, DayWindow):
        return f"{value.start:%H:%M}-{value.stop:%H:%M}"
    if isinstance(value, Model):
        return dict(_fields(value))
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, tuple | list):
        return [plain(one) for one in value]
    if value is None or isinstance(value, bool | int | date):
        return value
    return str(value)


def _fields(model: Model) -> Iterator[tuple[str, Plain]]:
    kind = type(model)
    for name, field in kind.model_fields.items():
        key, value = field.alias or name, getattr(model, name)
        if value == field.get_default(call_default_factory=True) and key not in _SHOWN.get(kind, ()):
            continue
        shown = plain(value)
        is_single = key in _LISTED.get(kind, ()) and isinstance(value, tuple) and len(value) == 1
        yield key, plain(value[0]) if is_single else shown


def _lines(value: Plain, depth: int) -> Iterator[str]:
    pad = "  " * depth
    if isinstance(value, Mapping):
        for key, one in value.items():
            yield from _entry(f"{pad}{scalar(key)}:", one, depth)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for one in value:
            yield from _item(pad, one, depth)
    else:
        yield pad + scalar(value)


def _entry(head: str, value: Plain, depth: int) -> Iterator[str]:
    if _is_nested(value):
        yield head
        yield from _lines(value, depth + 1)
    else:
        yield f"{head} {_inline(value)}"


def _item(pad: str, value: Plain, depth: int) -> Iterator[str]:
    if not _is_nested(value):
        yield f"{pad}- {_inline(value)}"
        return
    first, *rest = _lines(value, depth + 1)
    yield f"{pad}- {first.lstrip()}"
    yield from rest


def _is_nested(value: Plain) -> bool:
    return isinstance(value, Mapping | Sequence) and not isinstance(value, str) and len(value) > 0


def _inline(value: Plain) -> str:
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[]"
    return scalar(value)


def scalar(value: str | int | bool | date | None) -> str:
    """One value; text is quoted where it must be."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return str(value)
    is_plain = _SAFE.match(value) is not None and ": " not in value and not value.endswith(":")
    if is_plain and (_IPV4.match(value) or not _AMBIGUOUS.match(value)):
        return value
    return json.dumps(value, ensure_ascii=False)
