"""Which nodes of VyOS's configuration are tag nodes, needed to write its brace format."""

from functools import cache
from pathlib import Path

DATA = Path(__file__).with_name("tags.txt")


@cache
def tag_paths() -> frozenset[tuple[str, ...]]:
    """Paths of the tag nodes, `*` for a name on the way: `("firewall", "ipv4", "name", "*", "rule")`."""
    found: set[tuple[str, ...]] = set()
    above: list[tuple[str, ...]] = [()]
    for line in DATA.read_text(encoding="ascii").splitlines():
        if not line.startswith("#"):
            word, _, star = line.strip().partition(" ")
            depth = len(line) - len(line.lstrip())
            path = (*above[depth], word)
            above[depth + 1 :] = [(*path, star) if star else path]
            if star:
                found.add(path)
    return frozenset(found)
