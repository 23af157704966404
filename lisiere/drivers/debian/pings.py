"""Pings of a Debian appliance: the arguments, and what its program prints, which is what VyOS's does. Pure."""

import re
from collections.abc import Sequence

from napalm.base import models

from lisiere.drivers.vyos import getters
from lisiere.errors import UsageError


def words(destination: str, source: str, ttl: int, timeout_s: int, size_bytes: int, count: int) -> Sequence[str]:
    """The arguments of `ping`."""
    found = ["-c", str(count), "-W", str(timeout_s), "-t", str(ttl), "-s", str(size_bytes)]
    found += ["-I", source] if source else []
    if bad := [word for word in (destination, source) if word and not re.fullmatch(r"[A-Za-z0-9][\w.:%-]*", word)]:
        raise UsageError(f"cannot ping with {bad[0]!r}: it is neither an address nor a name")
    return [*found, destination]


def answer(text: str) -> models.PingResultDict:
    """NAPALM's ping result out of what the program printed."""
    return getters.ping_answer(text)


def is_answered(text: str) -> bool:
    """Whether anything came back."""
    return getters.is_answered(text)
