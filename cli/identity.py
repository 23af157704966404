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

    def delete_password(self, service: str, account: str) -> None:
        """Keep it no longer."""


def signed_in(records: "Records") -> "User":
    """The signed-in user: `LISIERE_TOKEN`, the keyring, or the file.

    Raises:
        UsageError: Nobody is.
    """
    from lisiere.workflow.requests.people import user_of

    held = token()
    if not held:
        raise UsageError("nobody is signed in: `lisiere login`")
    return user_of(records, held)


def token() -> str:
    """The token that is held here; empty where nobody is signed in.

    Raises:
        UsageError: It cannot be read, or others could read it.
    """
    if given := os.environ.get(VARIABLE, "").strip():
        return given
    keyring = _keyring()
    if keyring is not None:
        try:
            return keyring.get_password(SERVICE, ACCOUNT) or ""
        except Exception as exc:
            raise _unusable(exc) from exc
    path = token_file()
    try:
        with path.open(encoding="utf-8") as file:
            if os.fstat(file.fileno()).st_mode & 0o077:
                raise UsageError(f"{path}: others may read it; `chmod 600 {path}`, or sign in anew")
            return file.read().strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as exc:
        raise UsageError(f"{path}: cannot be read; sign in anew with `lisiere login`") from exc


def keep(held: str) -> str:
    """Keep a token; where.

    Raises:
        UsageError: There is no place for it.
    """
    keyring = _keyring()
    if keyring is not None:
        try:
            keyring.set_password(SERVICE, ACCOUNT, held)
        except Exception as exc:
            raise _unusable(exc) from exc
        return "the keyring"
    path = token_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = path.with_name(f".{path.name}.new")
        beside.unlink(missing_ok=True)
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(f"{held}\n")
        beside.replace(path)
    except OSError as exc:
        raise UsageError(f"{path}: the token cannot be kept: {exc.strerror}") from exc
    return str(path)


def forget() -> None:
    """Keep no token any longer.

    Raises:
        UsageError: The keyring does not answer.
    """
    keyring = _keyring()
    if keyring is None:
        token_file().unlink(missing_ok=True)
    elif token():
        try:
            keyring.delete_password(SERVICE, ACCOUNT)
        except Exception as exc:
            raise _unusable(exc) from exc


def token_file() -> Path:
    """The file that holds the token where there is no keyring."""
    home = os.environ.get("XDG_CONFIG_HOME", "")
    return (Path(home) if home else Path.home() / ".config") / "lisiere" / "token"


def _keyring() -> Keyring | None:
    if find_spec("keyring") is None:
        return None
    try:
        backend = import_module("keyring").get_keyring()
    except Exception as exc:
        raise _unusable(exc) from exc
    return cast("Keyring", backend) if getattr(backend, "priority", 0) >= 1 else None


def _unusable(exc: Exception) -> UsageError:
    """What a keyring says may hold anything: its kind is enough."""
    return UsageError(f"the keyring does not answer ({type(exc).__name__}); unlock it, or set {VARIABLE}")
