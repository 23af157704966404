"""Encryption with age (X25519), in terms of text and bytes: the only module that knows the library."""

from collections.abc import Sequence

import pyrage  # type: ignore[import-untyped]

from lisiere.errors import SecretError


def new_identity() -> str:
    """A new private key, `AGE-SECRET-KEY-1…`."""
    return str(pyrage.x25519.Identity.generate())


def recipient_of(identity: str) -> str:
    """The public half of a private key, `age1…`.

    Raises:
        ValueError: It is no private key.
    """
    try:
        return str(pyrage.x25519.Identity.from_str(identity).to_public())
    except pyrage.IdentityError:
        # Not chained: the cause may repeat the key.
        raise ValueError("not an age identity") from None


def encrypt(plain: bytes, recipients: Sequence[str]) -> bytes:
    """Encrypt for every recipient."""
    try:
        keys = [pyrage.x25519.Recipient.from_str(recipient) for recipient in recipients]
    except pyrage.RecipientError as exc:
        raise SecretError(f"not an age recipient (they begin with age1): {exc}") from exc
    return bytes(pyrage.encrypt(plain, keys))


def decrypt(sealed: bytes, identity: str) -> bytes:
    """Decrypt with a private key.

    Raises:
        SecretError: It was not encrypted for this key, or the data is damaged.
    """
    try:
        return bytes(pyrage.decrypt(sealed, [pyrage.x25519.Identity.from_str(identity)]))
    except pyrage.DecryptError as exc:
        raise SecretError(str(exc)) from exc
