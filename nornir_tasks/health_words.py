"""Health in words: how what worked before a change is journalled, so that it is known after a crash."""

from nornir_tasks.verifying import Health

UP, ANSWERING, NOTHING = "tunnels up: ", "answering: ", "none"


def words_of(health: Health) -> str:
    """`tunnels up: a b; answering: 192.0.2.1`."""
    return f"{UP}{_listed(health.tunnels_up)}; {ANSWERING}{_listed(health.reachable)}"


def health_from(words: str) -> Health:
    """The health that was put into words; nothing worked where the words are others."""
    tunnels, _, addresses = words.partition("; ")
    return Health(tunnels_up=_read(tunnels, UP), reachable=_read(addresses, ANSWERING))


def _listed(names: frozenset[str]) -> str:
    return " ".join(sorted(names)) or NOTHING


def _read(words: str, opening: str) -> frozenset[str]:
    names = words.removeprefix(opening)
    return frozenset() if not words.startswith(opening) or names == NOTHING else frozenset(names.split())
