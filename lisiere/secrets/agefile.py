"""The default store: one file encrypted with age to X25519 keys, readable by its owner only."""

import hashlib
import json
import os
import secrets
import stat
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import NoReturn

from lisiere.errors import SecretError
from lisiere.secrets import age, references
from lisiere.secrets.locks import held
from lisiere.secrets.stores import check_value

RANDOM_BYTES = 32
ID_LENGTH = 16
FORMAT = 1


@dataclass(frozen=True, slots=True, repr=False)
class _Content:
    """What the file holds once decrypted. Never shown: it has no repr."""

    fingerprint_key: bytes
    recipients: tuple[str, ...]
    values: Mapping[str, str]


class AgeFileStore:
    """Secrets in an age file, decrypted once per object with an X25519 identity.

    Changes are made under a lock on what the file holds at that moment, and the file is replaced as a whole.
    """

    def __init__(self, path: Path, *, identity: Path) -> None:
        self.path, self.identity = path, identity

    def __repr__(self) -> str:
        return f"AgeFileStore({str(self.path)!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a store of secrets is not pickled; open it in the process that needs it")

    @classmethod
    def create(cls, path: Path, *, identity: Path, also_to: Sequence[str] = ()) -> "AgeFileStore":
        """Make an empty store, and its identity unless that exists.

        Args:
            path: The encrypted file; must not exist.
            identity: The private key's file, made with mode 0600 when it is missing.
            also_to: Further age recipients that can decrypt the file, such as a key kept in a safe.
        """
        if path.exists():
            raise SecretError(f"{path} exists already; remove it first if it is to be made anew")
        if not identity.exists():
            identity.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            _write_private(identity, f"{age.new_identity()}\n".encode())
        own = age.recipient_of(_read_identity(identity))
        content = _Content(secrets.token_bytes(RANDOM_BYTES), (own, *also_to), {})
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _write_private(path, _encrypt(content))
        return cls(path, identity=identity)

    @property
    def fingerprint_key(self) -> bytes:
        """The key of the fingerprints that stand for values which have no name; one per store, made with it."""
        return self._content.fingerprint_key

    @property
    def id(self) -> str:
        """Tells this store from others; one per store, made with it, and nothing of what it holds."""
        return hashlib.sha256(b"store of secrets " + self._content.fingerprint_key).hexdigest()[:ID_LENGTH]

    def get(self, name: str) -> str:
        """The value of a secret."""
        if name not in self._content.values:
            raise SecretError(f"{self.path} holds no secret {name}")
        return self._content.values[name]

    def names(self) -> frozenset[str]:
        """Every name in the file."""
        return frozenset(self._content.values)

    def add(self, values: Mapping[str, str]) -> None:
        """Add new secrets; a name that exists already is refused."""

        def added(old: Mapping[str, str]) -> Mapping[str, str]:
            if taken := sorted(old.keys() & values.keys()):
                raise SecretError(f"{self.path} holds {', '.join(taken)} already; rotate instead of adding")
            return {**old, **values}

        self.change(added)

    def remove(self, *names: str) -> None:
        """Remove secrets; a name that is not there is refused."""

        def without(old: Mapping[str, str]) -> Mapping[str, str]:
            self._must_hold(old, names)
            return {name: value for name, value in old.items() if name not in names}

        self.change(without)

    def replace(self, values: Mapping[str, str]) -> None:
        """Give secrets that exist the values told."""

        def replaced(old: Mapping[str, str]) -> Mapping[str, str]:
            self._must_hold(old, tuple(values))
            return {**old, **values}

        self.change(replaced)

    def generate_missing(self, names: Sequence[str]) -> tuple[str, ...]:
        """Give a random value to each name that has none; returns those names."""
        made: list[str] = []

        def completed(old: Mapping[str, str]) -> Mapping[str, str]:
            made[:] = sorted(set(names) - old.keys())
            return {**old, **{name: random_value() for name in made}}

        self.change(completed)
        return tuple(made)

    @cached_property
    def _content(self) -> _Content:
        return _decrypt(self.path, self.identity)

    def change(self, change: Callable[[Mapping[str, str]], Mapping[str, str]]) -> None:
        """Replace all values by what `change` makes of those that the file holds now, in one piece."""
        with held(self.path.with_name(f".{self.path.name}.lock"), waits=True):
            content = _decrypt(self.path, self.identity)
            values = change(content.values)
            if values != content.values:
                for name, value in values.items():
                    _check_entry(name, value)
                content = replace(content, values=values)
                _write_private(self.path, _encrypt(content))
            self.__dict__["_content"] = content

    def _must_hold(self, values: Mapping[str, str], names: Sequence[str]) -> None:
        if unknown := sorted(set(names) - values.keys()):
            raise SecretError(f"{self.path} holds no secret {', '.join(unknown)}")


def random_value() -> str:
    """A new value that nobody can guess: 256 bits, of characters that every device accepts."""
    return secrets.token_urlsafe(RANDOM_BYTES)


def _check_entry(name: str, value: str) -> None:
    if not references.is_name(name):
        raise SecretError(f"{name!r} is no name of a secret: lower case, digits and . _ / - only, such as overlay/a--b")
    check_value(name, value)


def _read_identity(path: Path) -> str:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        text = path.read_text(encoding="ascii", errors="replace")
    except OSError as exc:
        raise SecretError(f"{path}: cannot read the identity: {exc.strerror}") from exc
    if mode & 0o077:
        raise SecretError(f"{path}: others can read the identity (mode {mode:04o}); run: chmod 600 {path}")
    for line in map(str.strip, text.splitlines()):
        if line.startswith("AGE-SECRET-KEY-1"):
            with suppress(ValueError):
                age.recipient_of(line)
                return line
    raise SecretError(f"{path}: holds no valid age identity (a line that begins with AGE-SECRET-KEY-1)")


def _decrypt(path: Path, identity: Path) -> _Content:
    key = _read_identity(identity)
    try:
        sealed = path.read_bytes()
    except OSError as exc:
        raise SecretError(f"{path}: cannot read the store of secrets: {exc.strerror}") from exc
    try:
        plain = age.decrypt(sealed, key)
    except SecretError as exc:
        raise SecretError(f"{path}: cannot be decrypted with the identity {identity}: {exc}") from exc
    try:
        return _parse(json.loads(plain))
    except (ValueError, KeyError, TypeError):
        # Not chained: the cause would carry the plain text.
        raise SecretError(f"{path}: its content is not that of a store of secrets, format {FORMAT}") from None


def _parse(data: dict[str, object]) -> _Content:
    key, recipients, values = data["fingerprint_key"], data["recipients"], data["secrets"]
    if data["format"] != FORMAT or not isinstance(key, str) or not isinstance(recipients, list):
        raise ValueError
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise ValueError
    return _Content(bytes.fromhex(key), tuple(str(recipient) for recipient in recipients), values)


def _encrypt(content: _Content) -> bytes:
    plain = json.dumps(
        {
            "format": FORMAT,
            "fingerprint_key": content.fingerprint_key.hex(),
            "recipients": content.recipients,
            "secrets": dict(sorted(content.values.items())),
        }
    )
    return age.encrypt(plain.encode(), content.recipients)


def _write_private(path: Path, content: bytes) -> None:
    """Replace a file as a whole; nobody but its owner can read it at any moment."""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as exc:
        raise SecretError(f"{path}: cannot be written: {exc.strerror}") from exc
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
        _sync_folder(path.parent)
    except OSError as exc:
        Path(name).unlink(missing_ok=True)
        raise SecretError(f"{path}: cannot be written: {exc.strerror}") from exc


def _sync_folder(folder: Path) -> None:
    """Have a new name outlive a loss of power: records go on as if the file had it."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
