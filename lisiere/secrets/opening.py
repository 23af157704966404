"""Opening a store of secrets again in another process: its paths cross, what is in it does not."""

from dataclasses import dataclass
from pathlib import Path

from lisiere.secrets.agefile import AgeFileStore
from lisiere.secrets.keeper import SecretKeeper


@dataclass(frozen=True, slots=True)
class Opening:
    """Where an age file and its identity are; called, it gives a keeper of what is there now."""

    path: Path
    identity: Path

    def __call__(self) -> SecretKeeper:
        """Open the store.

        Raises:
            SecretError: It cannot be opened.
        """
        store = AgeFileStore(self.path, identity=self.identity)
        return SecretKeeper(store, fingerprint_key=store.fingerprint_key)
