"""Tunnels in a configuration of several files: the sections of strongSwan's file, as far as both ends share them."""

import re
from collections.abc import Iterator, Mapping

from lisiere import bundle
from lisiere.configtree import ConfigSyntaxError

SWANCTL, AUTHORITY = "swanctl/swanctl.conf", "swanctl/x509ca/authority.pem"
_OWN = re.compile(r"\s*(?:rekey|life|rand|dpd|priority|if_id|keyingtries|unique|start_action|close_action)")
"""How a line begins that an end settles for itself: lifetimes, who begins, and what the kernel is told."""

_NAMED = re.compile(r"\t(\S+) \{")
_KEYS = "secrets {"


def shared_sections(text: str) -> Mapping[str, str]:
    """What each tunnel's connection and key say to the other end, by the tunnel's name; nothing for any other text."""
    try:
        files = {one.path: one.text for one in bundle.parse(text)}
    except ConfigSyntaxError:
        return {}
    found: dict[str, str] = {}
    for name, line in _lines(files.get(SWANCTL, "")):
        found[name] = f"{found.get(name, '')}{line}\n"
    authority = files.get(AUTHORITY, "")
    return {name: body + (authority if "auth = pubkey" in body else "") for name, body in found.items()}


def _lines(text: str) -> Iterator[tuple[str, str]]:
    """(tunnel, line) for every line of a section of the second level that both ends share."""
    name, prefix = "", ""
    for line in text.splitlines():
        prefix = "ike-" if line == _KEYS else prefix
        if match := _NAMED.fullmatch(line):
            name = match[1].removeprefix(prefix)
        elif line == "\t}":
            name = ""
        if name and not _OWN.match(line):
            yield name, line
