"""The keeper of secrets: values in place of references on the way out, references in place of values on the way in."""

import hashlib
import hmac
from collections.abc import Iterable
from functools import cached_property
from threading import Lock
from typing import NoReturn

from lisiere.errors import SecretError
from lisiere.secrets import references
from lisiere.secrets.references import Shape
from lisiere.secrets.stores import SecretStore

MASK = "masked:"
DIGITS = 12


class SecretKeeper:
    """Reveals and conceals the secrets of one store. Safe to share between threads; shows no value, is never pickled.

    Args:
        store: Where the values are; it is read once, at the first use.
        fingerprint_key: Key of the fingerprints that stand for values without a name, at least 16 bytes.
    """

    def __init__(self, store: SecretStore, *, fingerprint_key: bytes) -> None:
        if len(fingerprint_key) < 16:
            raise SecretError("the key of the fingerprints is shorter than 16 bytes")
        self._store, self._fingerprint_key, self._lock = store, fingerprint_key, Lock()

    def __repr__(self) -> str:
        return f"SecretKeeper({self._store!r})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a keeper of secrets is not pickled; build one in each process")

    def reveal(self, text: str) -> str:
        """The text with every reference replaced by its value.

        Raises:
            SecretError: References without a value, all of them named.
        """
        values = self._value_of
        if missing := self.missing(text):
            listed = ", ".join(references.write(name) for name in missing)
            raise SecretError(f"{len(missing)} secret(s) without a value: {listed}; add them to the store of secrets")
        return references.replace(text, values.__getitem__)

    def missing(self, text: str) -> tuple[str, ...]:
        """The names that a text refers to and that have no value, sorted."""
        return tuple(name for name in references.find(text) if name not in self._value_of)

    def conceal(self, value: str, *, shape: Shape = "plain") -> str:
        """What stands for a value in every text: the reference to it, or a keyed fingerprint when it has no name.

        What is a reference or a fingerprint already stays as it is.
        """
        if references.read(value) is not None or is_mask(value):
            return value
        name = self._name_of.get(value)
        return self.fingerprint(value) if name is None else references.write(name, shape)

    def fingerprint(self, value: str) -> str:
        """`masked:` and 12 hex digits: the same for the same value, telling nothing about it without the key."""
        return MASK + hmac.new(self._fingerprint_key, value.encode(), hashlib.sha256).hexdigest()[:DIGITS]

    def leaks(self, text: str) -> tuple[str, ...]:
        """The names of the secrets whose value stands in a text in clear; for tests and scans."""
        return tuple(sorted(name for name, value in self._value_of.items() if value in text))

    @cached_property
    def _value_of(self) -> dict[str, str]:
        with self._lock:
            return {name: self._store.get(name) for name in self._store.names()}

    @cached_property
    def _name_of(self) -> dict[str, str]:
        """Values to names. Two names for one value are refused: what was read back could not be told apart."""
        name_of: dict[str, str] = {}
        for name, value in sorted(self._value_of.items()):
            if value in name_of:
                raise SecretError(f"the secrets {name_of[value]} and {name} hold the same value; rotate one of them")
            name_of[value] = name
        return name_of


def is_mask(text: str) -> bool:
    """Whether a text is a fingerprint that stands for a value."""
    digits = text.removeprefix(MASK)
    return len(text) == len(MASK) + DIGITS == len(digits) + len(MASK) and set(digits) <= set("0123456789abcdef")


def names_in(texts: Iterable[str]) -> tuple[str, ...]:
    """The names that several texts refer to: each once, sorted."""
    return tuple(sorted({name for text in texts for name in references.find(text)}))
