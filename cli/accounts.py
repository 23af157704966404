"""Whose process this is, whatever its environment says."""

import os
from collections.abc import Iterable
from pathlib import Path

UID_MAP = Path("/proc/self/uid_map")
SUDO_VARIABLE = "SUDO_UID"


def account() -> str:
    """The account of this process; for root, the one that called sudo, which root alone could make up."""
    import pwd

    uid = outside(os.getuid(), _mapped())
    before = os.environ.get(SUDO_VARIABLE, "")
    if uid == 0 and before.isascii() and before.isdecimal():
        uid = int(before)
    try:
        return pwd.getpwuid(uid).pw_name
    except (KeyError, OverflowError):
        return f"uid{uid}"


def outside(uid: int, mapped: Iterable[str]) -> int:
    """What an account is around a user namespace, in which everybody may be root.

    Args:
        uid: Its number here.
        mapped: The lines of `uid_map`: first number here, first number outside, how many.
    """
    for line in mapped:
        here, there, count = map(int, line.split())
        if here <= uid < here + count:
            return there + uid - here
    return uid


def _mapped() -> list[str]:
    try:
        return UID_MAP.read_text(encoding="ascii").splitlines()
    except OSError:
        return []
