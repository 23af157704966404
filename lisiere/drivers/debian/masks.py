"""Where secrets stand in the files of a Debian appliance, and how they are taken out of its texts. Pure."""

import re
from collections.abc import Callable, Iterator

from lisiere.drivers.base import Concealer

REFERENCE = re.compile(r"(?<![A-Za-z0-9])secret:[a-z0-9][a-z0-9._/-]*")
PLACES = {
    "swanctl/swanctl.conf": re.compile(r'^\s*secret = "?(?P<value>[^"]+)"?\s*$'),
    "squid/squid.conf": re.compile(r"(?:\blogin=[^\s:]*:|^\s*cachemgr_passwd )(?P<value>\S+)"),
    "chrony/chrony.conf": re.compile(r"^\s*\d+ (?:MD5|SHA\d+|AES\d+) (?P<value>\S+)"),
}
"""By file: what of a line is a secret."""
WHOLE = ("swanctl/private/", "swanctl/x509")
"""Files of one value each. Certificates are listed because the intent gives them as references."""
_HEAD = re.compile(r"@@ file (\S+) \d{4}")


def mask(text: str, concealer: Concealer) -> str:
    """A configuration or a difference of configurations with every secret concealed."""
    return "".join(_masked(text, concealer))


def mask_line(path: str, line: str, concealer: Concealer) -> str:
    """One line of a file with its secret concealed."""
    if path.startswith(WHOLE):
        return concealer.conceal(line) if line else line
    place = PLACES.get(path)
    match = place.search(line) if place else None
    if not match:
        return line
    begin, end = match.span("value")
    return line[:begin] + concealer.conceal(match["value"]) + line[end:]


def references_in(text: str) -> frozenset[str]:
    """The references to secrets in a text."""
    return frozenset(REFERENCE.findall(text))


def values_in(text: str) -> frozenset[str]:
    """Every secret value in a configuration, for taking them out of sentences."""
    found: set[str] = set()

    class Collector:
        """Conceals nothing and remembers all."""

        def reveal(self, text: str) -> str:
            return text

        def conceal(self, value: str, *, shape: str = "plain") -> str:
            del shape
            found.add(value)
            return value

    mask(text, Collector())
    return frozenset(found)


def _masked(text: str, concealer: Concealer) -> Iterator[str]:
    """The lines of a text, each with its file known from the headline above it."""
    path, is_difference, value = "", text.startswith("--- "), ""
    lines = text.splitlines(keepends=True)
    for at, line in enumerate(lines):
        headline = _path_of(line, is_difference=is_difference)
        if headline is not None:
            path = headline or path
            yield line
            continue
        sign, rest = (line[:1], line[1:]) if is_difference else ("", line)
        if not path.startswith(WHOLE):
            yield sign + _inner(rest, lambda inner: mask_line(path, inner, concealer))  # noqa: B023 - called at once
            continue
        value += rest
        following = lines[at + 1] if at + 1 < len(lines) else ""
        is_last = not following or _path_of(following, is_difference=is_difference) is not None
        if is_last or (is_difference and following[:1] != sign):
            yield f"{sign}{concealer.conceal(value.removesuffix(chr(10)))}\n"
            value = ""


def _inner(line: str, change: Callable[[str], str]) -> str:
    body = line.removesuffix("\n")
    return change(body) + line[len(body) :]


def _path_of(line: str, *, is_difference: bool) -> str | None:
    """The path that a headline names; None when the line is none, "" when it names no file."""
    if not is_difference:
        match = _HEAD.match(line)
        return match[1] if match else None
    if line.startswith(("--- ", "+++ ")):
        name = line[4:].strip()
        return "" if name == "/dev/null" else name
    return "" if line.startswith(("@@ ", "=== ")) else None
