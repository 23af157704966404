"""A packet that asks to pass an appliance, and the answer that a policy gives it."""

from datetime import time
from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from lisiere.model.base import Model
from lisiere.model.intent import Family, PolicyRule
from lisiere.model.traffic import Protocol
from lisiere.model.words import Action, Address, Zone

WITH_PORTS = frozenset({Protocol.TCP, Protocol.UDP})
WITH_TYPES = frozenset({Protocol.ICMP, Protocol.ICMPV6})


class Packet(Model):
    """The first packet of a connection, as the appliance sees it before any translation.

    Args:
        port: Destination port of TCP and UDP.
        icmp_type: Type of ICMP.
        at: Moment of the day on the appliance's clock; None for one that no rule's window holds.
    """

    from_zone: Zone
    to_zone: Zone
    source: Address
    destination: Address
    protocol: Protocol
    port: int | None = Field(default=None, ge=0, le=65535)
    icmp_type: int | None = Field(default=None, ge=0, le=255)
    at: time | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.source.version != self.destination.version:
            raise ValueError("a packet has two addresses of one family")
        if (self.port is not None) != (self.protocol in WITH_PORTS):
            raise ValueError("a packet has a port when it is TCP or UDP, and only then")
        if (self.icmp_type is not None) != (self.protocol in WITH_TYPES):
            raise ValueError("a packet has an ICMP type when it is ICMP, and only then")
        return self

    @property
    def family(self) -> Family:
        """The IP version of its addresses."""
        return Family.IPV4 if self.source.version == 4 else Family.IPV6


class Reason(StrEnum):
    """What decided about a packet."""

    RULE = "rule"
    DEFAULT = "default"
    INSIDE = "inside the zone"
    NO_ZONE = "no such zone here"


class Verdict(Model):
    """What becomes of a packet. `rule` is the one that decided, None when none did or when the rules have no names."""

    action: Action
    reason: Reason
    rule: PolicyRule | None = None

    @property
    def is_allowed(self) -> bool:
        """Whether the packet passes."""
        return self.action is Action.ALLOW
