"""Where the values of secrets are kept: the protocol, the environment, and several stores in a row."""

import os
import re
from collections.abc import Mapping, Sequence
from typing import Protocol

from lisiere.errors import SecretError

MAX_VALUE_LENGTH = 8192


class SecretStore(Protocol):
    """What a place that keeps secrets can do."""

    def get(self, name: str) -> str:
        """The value of a secret.

        Raises:
            SecretError: The store has no such name, or cannot be opened.
        """
        ...

    def names(self) -> frozenset[str]:
        """Every name that has a value here."""
        ...


class EnvironmentStore:
    """Secrets in environment variables: `secret:overlay/a--b` is `LISIERE_SECRET_OVERLAY_A__B`.

    Different names may fall on one variable: the names looked for are told beforehand, and a clash is refused.
    """

    def __init__(
        self, known: Sequence[str], *, environ: Mapping[str, str] | None = None, prefix: str = "LISIERE_SECRET_"
    ) -> None:
        environ = os.environ if environ is None else environ
        owner: dict[str, str] = {}
        for name in sorted(set(known)):
            variable = prefix + re.sub(r"[^A-Z0-9]", "_", name.upper())
            if variable in owner:
                raise SecretError(f"secrets {owner[variable]} and {name} would share the variable {variable}")
            owner[variable] = name
        self._values = {name: environ[variable] for variable, name in owner.items() if variable in environ}
        for name, value in self._values.items():
            check_value(name, value)

    def get(self, name: str) -> str:
        """The value of a secret."""
        if name not in self._values:
            raise SecretError(f"no environment variable holds the secret {name}")
        return self._values[name]

    def names(self) -> frozenset[str]:
        """The names whose variable is set."""
        return frozenset(self._values)


class ChainStore:
    """Several stores asked in order; the first that has a name answers."""

    def __init__(self, *stores: SecretStore) -> None:
        self._stores = stores

    def get(self, name: str) -> str:
        """The value in the first store that has the name."""
        for store in self._stores:
            if name in store.names():
                return store.get(name)
        raise SecretError(f"no store holds the secret {name}")

    def names(self) -> frozenset[str]:
        """The names of all stores together."""
        return frozenset().union(*(store.names() for store in self._stores))


def check_value(name: str, value: str) -> None:
    """Refuse a value that no device could hold: empty, too long, or with quotes, line breaks or control characters."""
    if not value:
        raise SecretError(f"the value of secret {name} is empty")
    if len(value) > MAX_VALUE_LENGTH:
        raise SecretError(f"the value of secret {name} is longer than {MAX_VALUE_LENGTH} characters")
    if "'" in value or '"' in value or not value.isprintable():
        raise SecretError(f"the value of secret {name} holds a quote, a line break or a control character")
