"""Where secrets stand in a VyOS configuration, and how they are taken out of its texts. Pure."""

import re
from collections.abc import Iterator
from contextlib import suppress

from lisiere.drivers.base import Concealer
from lisiere.drivers.vyos.statements import Path, lines_with, parse_line

SECRET_LEAVES = frozenset(
    {
        "auth-key",
        "client-secret",
        "crypt-key",
        "encrypted-password",
        "master-key",
        "md5",
        "md5-key",
        "passphrase",
        "password",
        "plaintext-key",
        "plaintext-password",
        "pre-shared-secret",
        "preshared-key",
        "private-key",
        "secret",
        "shared-secret",
        "shared-secret-key",
        "token",
    }
)
"""Leaves whose value is a secret wherever they stand."""

SECRET_PATHS: tuple[Path, ...] = (
    ("pki", "ca", "*", "certificate"),
    ("pki", "ca", "*", "private", "key"),
    ("pki", "certificate", "*", "certificate"),
    ("pki", "certificate", "*", "private", "key"),
    ("pki", "key-pair", "*", "private", "key"),
    ("pki", "openssh", "*", "private", "key"),
    ("pki", "openvpn", "shared-secret", "*", "key"),
    ("service", "https", "api", "keys", "id", "*", "key"),
    ("service", "snmp", "community"),
    ("service", "snmp", "trap-target", "*", "community"),
    ("system", "config-management", "commit-archive", "location"),
)
"""Further places, where the word after the path is taken out; `*` is any word.

Certificates are listed because the intent gives them as references."""

KEYS_OF = frozenset({"radius", "tacacs"})
"""Services whose servers have a `key`, wherever they are configured: `… radius server 192.0.2.1 key`."""

BASE64_ROOTS = frozenset({"pki"})
"""Below these, values are constrained to base64, and so are the references that stand for them."""

_PATHS_BELOW = {
    start: tuple(pattern for pattern in SECRET_PATHS if pattern[:2] == start)
    for start in {pattern[:2] for pattern in SECRET_PATHS}
}
_HINTS = ("pass", "secret", "key", "md5", "token", "community", "certificate", "location", "login=")
"""Words of which every line that can hold a secret holds one."""
_OPTION_SECRET = re.compile(r"(login=[^\s':]*:)([^\s']+)")


def secret_positions(path: Path) -> Iterator[int]:
    """Where the secret words of a statement stand."""
    last = len(path) - 1
    if last < 1:
        return
    leaf = path[last - 1]
    is_server_key = leaf == "key" and last >= 4 and path[last - 4] in KEYS_OF
    if leaf in SECRET_LEAVES or is_server_key or path[last - 2 : last] == ("wep", "key"):
        yield last
        return
    for pattern in _PATHS_BELOW.get(path[:2], ()):
        at = len(pattern)
        if at <= last and all(want in ("*", word) for word, want in zip(path, pattern, strict=False)):
            yield at
            return


def is_secret(path: Path) -> bool:
    """Whether a statement holds a secret."""
    return next(secret_positions(path), None) is not None


def mask_commands(text: str, concealer: Concealer) -> str:
    """The `set` and `delete` lines of a text with every secret concealed; other lines pass.

    Raises:
        ValueError: A line that may hold a secret cannot be read, so it cannot be masked.
    """
    pieces, at = [], 0
    for begin, end in lines_with(text, _HINTS):
        pieces += [text[at:begin], _mask_line(text[begin:end], concealer)]
        at = end
    return "".join([*pieces, text[at:]])


def mask_path(path: Path, concealer: Concealer) -> Path:
    """A statement with its secrets concealed."""
    words = list(path)
    for at in secret_positions(path):
        words[at] = _conceal(path, path[at], concealer)
    return tuple(words)


def values_in(text: str) -> frozenset[str]:
    """Every secret value in `set` and `delete` lines, for taking them out of the device's own sentences."""
    found: set[str] = set()
    for begin, end in lines_with(text, _HINTS):
        line = text[begin:end].strip()
        with suppress(ValueError):
            path = parse_line(line).path
            found |= {path[at] for at in secret_positions(path) if path[at]}
    return frozenset(found)


def _mask_line(line: str, concealer: Concealer) -> str:
    if not line.startswith(("set ", "delete ")) or not any(word in line for word in _HINTS[:-1]):
        return _options(line, concealer)
    path = parse_line(line).path
    for at in secret_positions(path):
        if path[at]:
            line = _replace_word(line, path[at], _conceal(path, path[at], concealer))
    return _options(line, concealer)


def _replace_word(line: str, word: str, stand_in: str) -> str:
    """Replace the last occurrence of a word: what follows a secret does not repeat it."""
    head, _, tail = line.rpartition(word)
    return f"{head}{stand_in}{tail}"


def _options(line: str, concealer: Concealer) -> str:
    """Conceal the password in the free text of a proxy peer's options (`login=USER:PASSWORD`)."""
    return _OPTION_SECRET.sub(lambda match: match[1] + concealer.conceal(match[2]), line) if "login=" in line else line


def _conceal(path: Path, value: str, concealer: Concealer) -> str:
    if not value:
        return value
    return concealer.conceal(value, shape="base64" if path[0] in BASE64_ROOTS else "plain")
