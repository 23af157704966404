"""A configuration made of several files, as one text: what a platform without a configuration tree of its own holds.

Each file follows a line `@@ file PATH MODE`; files stand in the order of their paths, so that the same files are always
the same text. Pure; linear in the length of the text.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from lisiere.configtree import ConfigSyntaxError

MARK = "@@ "
"""No line of a file begins like this."""

MODES = frozenset({"0600", "0640", "0644"})
MOST_FILES, MOST_CHARACTERS = 200, 4_000_000
"""More than any appliance holds; a text beyond is no configuration of ours."""

_NAME = r"[a-z0-9][a-z0-9._-]{0,62}"
_PATH = re.compile(rf"{_NAME}(?:/{_NAME}){{0,4}}")
_HEAD = re.compile(rf"@@ file ({_PATH.pattern}) ([0-7]{{4}})")


@dataclass(frozen=True, slots=True, order=True)
class File:
    """One file of a configuration.

    Args:
        path: Below the folder of a configuration, `squid/squid.conf`; no part of it begins with a dot.
        mode: Permissions as `chmod` takes them, one of `MODES`.
        text: Whole lines, at least one; a line feed ends each.
    """

    path: str
    mode: str
    text: str


def write(files: Iterable[File]) -> str:
    """The files as one text, by path.

    Raises:
        ValueError: A path, mode or text cannot stand in a bundle, or a path occurs twice.
    """
    ordered = sorted(files)
    for one, following in pairwise(ordered):
        if one.path == following.path:
            raise ValueError(f"{one.path}: two files have this path")
    for one in ordered:
        if problem := _problem(one):
            raise ValueError(f"{one.path}: {problem}")
    return "".join(f"{MARK}file {one.path} {one.mode}\n{one.text}" for one in ordered)


def _problem(one: File) -> str:
    if not _PATH.fullmatch(one.path):
        return "a path has at most five parts of small letters, digits, dots, hyphens and underscores"
    if one.mode not in MODES:
        return f"the mode {one.mode} is none of {', '.join(sorted(MODES))}"
    if not one.text.endswith("\n"):
        return "a file has at least one line, and the last one ends"
    if one.text.startswith(MARK) or f"\n{MARK}" in one.text:
        return f"a line begins with {MARK!r}, which is where another file would begin"
    if "\r" in one.text or "\0" in one.text:
        return "a file holds no carriage return and no NUL"
    return ""


def parse(text: str) -> tuple[File, ...]:
    """The files of a text that `write` made.

    Raises:
        ConfigSyntaxError: It is none; the line says where.
    """
    if len(text) > MOST_CHARACTERS:
        raise ConfigSyntaxError(1, f"a bundle has at most {MOST_CHARACTERS} characters")
    if text and not text.endswith("\n"):
        raise ConfigSyntaxError(text.count("\n") + 1, "the last line does not end: a part may be missing")
    files: list[File] = []
    head: re.Match[str] | None = None
    body: list[str] = []
    for number, line in enumerate(text.split("\n")[:-1], start=1):
        if line.startswith(MARK):
            _keep(files, head, body, number)
            head, body = _HEAD.fullmatch(line), []
            if head is None:
                raise ConfigSyntaxError(number, "a file begins with '@@ file PATH MODE'")
        elif head is None:
            raise ConfigSyntaxError(number, "the first line of a bundle is '@@ file PATH MODE'")
        else:
            body.append(f"{line}\n")
    _keep(files, head, body, text.count("\n") + 1)
    return tuple(files)


def _keep(files: list[File], head: re.Match[str] | None, body: list[str], number: int) -> None:
    """Add the file that ends before a line."""
    if head is None:
        return
    one = File(path=head[1], mode=head[2], text="".join(body))
    if problem := _problem(one):
        raise ConfigSyntaxError(number - len(body) - 1, f"{one.path}: {problem}")
    if files and files[-1].path >= one.path:
        raise ConfigSyntaxError(
            number - len(body) - 1, f"{one.path}: files stand once each, in the order of their paths"
        )
    if len(files) == MOST_FILES:
        raise ConfigSyntaxError(number, f"a bundle has at most {MOST_FILES} files")
    files.append(one)
