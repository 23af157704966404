"""What is wrong with a file that the fast reader refused; imported only then."""

import re
from contextlib import suppress

import yaml

from lisiere.inventory.notes import Notebook
from lisiere.inventory.positions import compose, duplicate_keys

_LINE = re.compile(r"at line (\d+)")
_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}


def read_slowly(name: str, text: str, problem: str, notes: Notebook) -> tuple[object] | None:
    """Note what is wrong with a file; its content when it can still be checked further.

    A doubled key does not hinder that, nor does a number that is too large to be one.

    Args:
        name: The file.
        text: Its content.
        problem: What the fast reader said, for a file with which nothing else seems wrong.
        notes: Where mistakes go.
    """
    try:
        root = compose(text)
    except yaml.MarkedYAMLError as exc:
        notes.add_line(name, _problem_line(exc), f"not YAML: {exc.problem or 'syntax error'}", _advice(exc))
        return None
    except yaml.YAMLError:
        notes.add_line(name, 0, "holds a character that YAML forbids", "remove control characters")
        return None
    doubles = [] if root is None else list(duplicate_keys(root))
    for key, line, first in doubles:
        notes.add_line(name, line, f"key {key!r} stands in line {first} already", "keep one of the two")
    is_checkable = bool(doubles) or "integer" in problem
    if root is not None and is_checkable:
        with suppress(RecursionError):
            return (_plain(root),)
    # What the fast reader says may repeat a value, so only its line is used.
    found = _LINE.search(problem)
    notes.add_line(name, int(found[1]) if found else 0, "YAML that is not read here", "write it more plainly")
    return None


def _problem_line(exc: yaml.MarkedYAMLError) -> int:
    mark = exc.problem_mark or exc.context_mark
    return mark.line + 1 if mark else 0


def _advice(exc: yaml.MarkedYAMLError) -> str:
    if "tab" in (exc.problem or "") or "\\t" in (exc.problem or ""):
        return "indent with spaces"
    if exc.context_mark and exc.problem_mark and exc.context_mark.line != exc.problem_mark.line:
        return f"what is read here begins in line {exc.context_mark.line + 1}"
    return "correct the syntax; indentation, quotes and brackets are the usual suspects"


def _plain(node: yaml.Node) -> object:
    """Nodes to plain values the way the fast reader does it: dates and odd numbers stay text, later keys win."""
    if isinstance(node, yaml.MappingNode):
        return {_plain(key): _plain(value) for key, value in node.value if isinstance(key, yaml.ScalarNode)}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item) for item in node.value]
    text = str(node.value)
    if not isinstance(node, yaml.ScalarNode) or node.style in {"'", '"', "|", ">"}:
        return text
    if text.lower() in _WORDS:
        return _WORDS[text.lower()]
    return int(text) if _INTEGER.fullmatch(text) else text
