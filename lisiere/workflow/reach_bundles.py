"""The rules of a configuration of several files, and what beside them decides what reaches what and differs.

As for `set` texts (`reach_beside`), none of the latter is read back as packets.
"""

import re

from lisiere import bundle
from lisiere.configtree import ConfigSyntaxError
from lisiere.render.nft_reading import NO_TABLE, chain_of, members_of
from lisiere.render.vyos_reading import Unread

RULES, SHAPING, EFFECTIVE = "nftables.conf", "network/shaping.batch", "effective/"
PARTS = {"network": "network/", "tunnels": "swanctl/", "what does not go by its files": EFFECTIVE}
"""Files that lead packets elsewhere, or tell that an appliance does not go by others, by what is said of them."""
CHAINS = ("sources", "translation")
"""Parts of the rule set that are no rules of a pair of zones: who may send from where, and what becomes of addresses.
How fast packets go (`classes`, shaping) is none of it."""
_ALIAS = re.compile(r'^(link set dev [^\s"]+) alias "[^"]*"$')
"""What only describes: the name that an interface is given beside its own, and nothing else of a line."""


_CLASS = re.compile(
    r"qdisc replace dev \S+ root handle 1: htb default 20"
    r"|class replace dev \S+ parent 1:1? classid 1:(?:1|10|20) htb rate \d+mbit (?:ceil \d+mbit )?quantum \d+"
)
"""How fast packets go by the uplink."""


def rules(text: str) -> str:
    """The rule set of a configuration; "" without one."""
    return _files(text).get(RULES, "")


def unread(running: str) -> Unread | None:
    """Why what runs cannot be read at all: no rules of ours, or others are in force than its files say."""
    files = _files(running)
    if f"{EFFECTIVE}nftables.txt" in files:
        return Unread("the rules in force are not those of its files")
    return None if RULES in files else NO_TABLE


def differing_parts(running: str, intended: str) -> tuple[str, ...]:
    """The parts that differ, by name; the order of files does not count, nor what only describes."""
    before, after = _parts(running), _parts(intended)
    return tuple(name for name in before if before[name] != after[name])


def _parts(text: str) -> dict[str, object]:
    files = _files(text)
    held = files.get(RULES, "")
    chains: dict[str, object] = {name: chain_of(held, name) for name in CHAINS}
    return (
        {"zone members": members_of(held)}
        | chains
        | {
            name: {
                path: told for path, body in files.items() if path.startswith(folder) and (told := _told(path, body))
            }
            for name, folder in PARTS.items()
        }
    )


def _told(path: str, body: str) -> list[str]:
    """The lines of a file that count: all but those of the uplink's classes, and no names beside interfaces' own."""
    lines = body.split("\n")
    if path == SHAPING:
        return [line for line in lines if line and not _CLASS.fullmatch(line)]
    return [_ALIAS.sub(r"\1", line) for line in lines] if path.endswith(".batch") else lines


def _files(text: str) -> dict[str, str]:
    try:
        return {one.path: one.text for one in bundle.parse(text)}
    except ConfigSyntaxError:
        return {}
