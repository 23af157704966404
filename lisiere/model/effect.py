"""The effect of a request, frozen: what visas are bound to, byte for byte."""

import json

from pydantic import Field

from lisiere.model.base import Model
from lisiere.model.hashing import sha256_of
from lisiere.model.words import HostName, SecretRef, Siren


class Said(Model):
    """A sentence in English with its facts; people read it in their language."""

    sentence: str
    facts: dict[str, str] = Field(default_factory=dict)


class FileEffect(Model):
    """The lines of an inventory file that come (`+`) and go (`-`); nothing of the lines around them."""

    file: str
    lines: tuple[str, ...]


class PassageEffect(Model):
    """What may pass or no longer may: the parts in the words of the policy; people read them in their language."""

    from_zone: str
    to_zone: str
    source: str
    destination: str
    services: str
    hours: str
    families: tuple[str, ...] = Field(min_length=1)


class ApplianceEffect(Model):
    """What changes on one appliance: its configuration, and what its rules let pass, in words."""

    host: HostName
    title: str
    before_sha256: str
    after_sha256: str
    difference: tuple[str, ...]
    opened: tuple[PassageEffect, ...]
    closed: tuple[PassageEffect, ...]
    tunnels_opened: tuple[str, ...]
    tunnels_closed: tuple[str, ...]
    tunnels_changed: tuple[str, ...]


class Effect(Model):
    """All that a request would do. Equal effects have equal bytes, whatever the day and the machine."""

    territory: Siren
    request: str
    files: tuple[FileEffect, ...]
    appliances: tuple[ApplianceEffect, ...]
    keys_made: tuple[SecretRef, ...]
    keys_ended: tuple[SecretRef, ...]
    keys_replaced: tuple[SecretRef, ...]
    warnings: tuple[Said, ...]

    def frozen(self) -> bytes:
        """The bytes that stand for the effect."""
        return json.dumps(self.model_dump(mode="json"), ensure_ascii=False, sort_keys=True, indent=1).encode() + b"\n"

    @property
    def sha256(self) -> str:
        """The hash of those bytes."""
        return sha256_of(self.frozen())


def thawed(content: bytes) -> Effect:
    """The effect that bytes stand for.

    Raises:
        ValueError: They stand for none.
    """
    return Effect.model_validate_json(content)
