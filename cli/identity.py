"""Who is signed in at this terminal: the token of `lisiere login`, in the keyring or in a file of mode 0600."""

import os
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from lisiere.errors import UsageError

if TYPE_CHECKING:
    from lisiere.model.request_case import User
    from lisiere.store.records import Records

VARIABLE, SERVICE, ACCOUNT = "LISIERE_TOKEN", "lisiere", "token"


class Keyring(Protocol):
    """The part of the library `keyring` that is used, where it is installed and has a place to keep things."""

    def get_password(self, service: str, account: str) -> str | None:
        """What is kept."""

    def set_password(self, service: str, account: str, value: str) -> None:
        """Keep it."""


def signed_in(records: "Records") -> "User":
    """The signed-in user: `LISIERE_TOKEN`, the keyring, or the file.

    Raises:
        UsageError: Nobody is.
    """
    from lisiere.workflow.requests.people import user_of

    token = os.environ.get(VARIABLE, "").strip() or _kept()
    if not token:
        raise UsageError("nobody is signed in: `lisiere login`")
    return user_of(records, token)


def keep(token: str) -> str:
    """Keep a token; where."""
    keyring = _keyring()
    if keyring is not None:
        keyring.set_password(SERVICE, ACCOUNT, token)
        return "keyring"
    path = token_file()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(f"{token}\n")
    beside.replace(path)
    return str(path)


def token_file() -> Path:
    """The file that holds the token where there is no keyring."""
    home = os.environ.get("XDG_CONFIG_HOME", "")
    return (Path(home) if home else Path.home() / ".config") / "lisiere" / "token"


def _kept() -> str:
    keyring = _keyring()
    if keyring is not None:
        return keyring.get_password(SERVICE, ACCOUNT) or ""
    path = token_file()
    if not path.exists():
        return ""
    if path.stat().st_mode & 0o077:
        raise UsageError(f"{path}: others may read it; `chmod 600 {path}`, or sign in anew")
    return path.read_text(encoding="utf-8").strip()


def _keyring() -> Keyring | None:
    if find_spec("keyring") is None:
        return None
    backend = import_module("keyring").get_keyring()
    return cast("Keyring", backend) if getattr(backend, "priority", 0) >= 1 else None
