"""Who is signed in at this terminal: the token of `lisiere login`, in the keyring or in a file of mode 0600."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from errno import EISDIR
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from lisiere.model.request_case import User
    from lisiere.store.records import Records
    from lisiere.workflow.requests.phrases import RequestError

FILE_VARIABLE = "LISIERE_TOKEN_FILE"
VARIABLE, SERVICE, ACCOUNT, TRIAL = "LISIERE_TOKEN", "lisiere", "token", "trial"


_HELD: ContextVar[str] = ContextVar("token of one command", default="")


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
        RequestError: Nobody is.
    """
    from lisiere.workflow.requests.people import user_of

    held = token()
    if not held:
        raise _said("Nobody is signed in: `lisiere login`")
    return user_of(records, held)


def token() -> str:
    """The token that is held here; empty where nobody is signed in, or the variable says that nobody is.

    Raises:
        RequestError: It cannot be read, or others could read it.
    """
    if given := _HELD.get():
        return given
    if VARIABLE in os.environ:
        return os.environ[VARIABLE].strip()
    return _given(Path(given)) if (given := os.environ.get(FILE_VARIABLE, "")) else _kept()


def _given(path: Path) -> str:
    """The token of a service. Systemd shows it to the account by an entry of its own, which counts as a group's."""
    is_credential = str(path.parent) == os.environ.get("CREDENTIALS_DIRECTORY", "")
    return _read(path, nobody_else=0o007 if is_credential else 0o077)


def _kept() -> str:
    """The token that `lisiere login` keeps: in the keyring, or in its file."""
    keyring = _keyring()
    if keyring is not None:
        try:
            return keyring.get_password(SERVICE, ACCOUNT) or ""
        except Exception as exc:
            raise _unusable(exc) from exc
    return _read(token_file())


def _read(path: Path, *, nobody_else: int = 0o077) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            if os.fstat(file.fileno()).st_mode & nobody_else:
                raise _said("{file}: others may read it; make it your own, or sign in anew", file=path)
            return file.read().strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as exc:
        raise _said("{file} cannot be read; sign in anew with `lisiere login`", file=path) from exc


@contextmanager
def holding(held: str) -> Iterator[None]:
    """Be signed in with a token for one command; it stands in no environment and no file."""
    before = _HELD.set(held)
    try:
        yield
    finally:
        _HELD.reset(before)


def is_held() -> bool:
    """Whether somebody is signed in for this command alone, from elsewhere."""
    return bool(_HELD.get())


def keep(held: str) -> str:
    """Keep a token; where.

    Raises:
        RequestError: There is no place for it.
    """
    keyring = _keyring()
    if keyring is not None:
        try:
            keyring.set_password(SERVICE, ACCOUNT, held)
        except Exception as exc:
            raise _unusable(exc) from exc
        return "keyring"
    path = token_file()
    try:
        _beside(path, f"{held}\n").replace(path)
    except OSError as exc:
        raise _said("{file}: the token cannot be kept: {reason}", file=path, reason=exc.strerror) from exc
    return str(path)


def try_place() -> None:
    """See that a token could be kept here, before one is asked for that nobody can have twice.

    Raises:
        RequestError: There is no place for it.
    """
    keyring = _keyring()
    if keyring is not None:
        try:
            keyring.set_password(SERVICE, TRIAL, "-")
            keyring.delete_password(SERVICE, TRIAL)
        except Exception as exc:
            raise _unusable(exc) from exc
        return
    path = token_file()
    try:
        if path.is_dir():
            raise IsADirectoryError(EISDIR, "it is a folder")
        _beside(path, "").unlink()
    except OSError as exc:
        raise _said("{file}: the token cannot be kept: {reason}", file=path, reason=exc.strerror) from exc


def _beside(path: Path, content: str) -> Path:
    """A file beside another one, that its owner alone can read."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(content)
    return beside


def forget() -> None:
    """Keep no token any longer.

    Raises:
        RequestError: The keyring does not answer.
    """
    token_file().unlink(missing_ok=True)
    keyring = _keyring()
    if keyring is None:
        return
    try:
        if keyring.get_password(SERVICE, ACCOUNT):
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


def _unusable(exc: Exception) -> "RequestError":
    """What a keyring says may hold anything: its kind is enough."""
    kind = type(exc).__name__
    return _said("The keyring does not answer ({kind}); unlock it, or sign in elsewhere", kind=kind)


def _said(sentence: str, **facts: object) -> "RequestError":
    """A refusal; its words are loaded where there is one."""
    from lisiere.workflow.requests.phrases import Phrase, RequestError

    return RequestError(Phrase.of(sentence, **facts))
