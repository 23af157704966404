"""What may talk to what: address sets, services, flows, rules and their layers."""

from datetime import date, time
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from lisiere.model.base import Model
from lisiere.model.words import Action, Line, Prefix, RuleId, Siren, Slug, Zone


def listed(value: object) -> object:
    """Let a file write `from: edu` for `from: [edu]`."""
    return [value] if isinstance(value, str) else value


class AddressSet(Model):
    """Named prefixes of both families, for instance `operator-dns`."""

    name: Slug
    title: Line
    prefixes: tuple[Prefix, ...] = Field(min_length=1)


class Protocol(StrEnum):
    """IP protocols that a service can name (IANA protocol numbers 6, 17, 1, 58, 50)."""

    TCP = "tcp"
    UDP = "udp"
    ICMP = "icmp"
    ICMPV6 = "icmpv6"
    ESP = "esp"


class PortRange(Model):
    """TCP or UDP ports, both ends included."""

    first: int = Field(ge=1, le=65535)
    last: int = Field(ge=1, le=65535)

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: object) -> object:
        if isinstance(value, int) and not isinstance(value, bool):
            return {"first": value, "last": value}
        if isinstance(value, str):
            first, _, last = value.partition("-")
            if first.isdecimal() and (last or first).isdecimal():
                return {"first": int(first), "last": int(last or first)}
            raise ValueError("a port is a number or a range such as 8000-8010")
        return value

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.last < self.first:
            raise ValueError("a range of ports ends before it begins")
        return self

    def __str__(self) -> str:
        """`443` or `8000-8010`."""
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"


IcmpType = Annotated[int, Field(ge=0, le=255)]


class ServiceEntry(Model):
    """One protocol of a service with its destination ports or ICMP types (IANA type names of RFC 792 and RFC 4443)."""

    protocol: Protocol
    ports: tuple[PortRange, ...] = ()
    icmp_types: tuple[IcmpType, ...] = ()

    @model_validator(mode="after")
    def _fitting(self) -> Self:
        if self.ports and self.protocol not in {Protocol.TCP, Protocol.UDP}:
            raise ValueError(f"{self.protocol} has no ports")
        if self.icmp_types and self.protocol not in {Protocol.ICMP, Protocol.ICMPV6}:
            raise ValueError(f"{self.protocol} has no ICMP types")
        if self.protocol in {Protocol.TCP, Protocol.UDP} and not self.ports:
            raise ValueError(f"{self.protocol} needs ports; a rule for every port is an over-wide rule")
        return self


class Service(Model):
    """A named service, for instance `https`."""

    name: Slug
    title: Line
    entries: tuple[ServiceEntry, ...] = Field(min_length=1)


class Flow(Model):
    """A declared need: who talks to what, why, for whom, until when (ReCyF 7.B.1). French title for people."""

    id: Slug
    title: Line
    owner: Line
    reason: Line
    legal_basis: Line
    review_by: date
    until: date | None = None


class Rule(Model):
    """One firewall rule as written in a layer. First match wins.

    `source` and `destination` name address sets, `segment:<name>` (a segment of the site itself), `overlay:<name>`
    (what the other members of that overlay bring in) or are empty for any address of the zone. No services means any
    protocol, which only a denying rule may say.
    """

    id: RuleId
    from_zones: Annotated[tuple[Zone, ...], BeforeValidator(listed)] = Field(alias="from", min_length=1)
    to_zones: Annotated[tuple[Zone, ...], BeforeValidator(listed)] = Field(alias="to", min_length=1)
    source: Annotated[tuple[str, ...], BeforeValidator(listed)] = ()
    destination: Annotated[tuple[str, ...], BeforeValidator(listed)] = ()
    services: Annotated[tuple[Slug, ...], BeforeValidator(listed)] = ()
    action: Action
    log: bool = False
    flow: Slug | None = None

    @model_validator(mode="after")
    def _accounted_for(self) -> Self:
        if self.action is Action.ALLOW and self.flow is None:
            raise ValueError("an allowing rule must name its flow")
        if self.action is Action.ALLOW and not self.services:
            raise ValueError("an allowing rule must name its services")
        return self


class SiteException(Model):
    """A rule for one site alone, with who wants it, why, and its last day."""

    rule: Rule
    who: Line
    why: Line
    until: date


class PolicyLayers(Model):
    """The shared layers, in the order of DESIGN: fleet, (site exceptions), territories, profiles; then deny and log."""

    fleet: tuple[Rule, ...] = ()
    territories: dict[Siren, tuple[Rule, ...]] = Field(default_factory=dict)
    profiles: dict[str, tuple[Rule, ...]] = Field(default_factory=dict)


class DayWindow(Model):
    """A daily time window in the appliance's time zone, written `22:00-05:00`; it may cross midnight."""

    start: time
    stop: time

    @model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: object) -> object:
        if isinstance(value, str):
            start, dash, stop = value.partition("-")
            if not dash:
                raise ValueError("a window is written 22:00-05:00")
            return {"start": start, "stop": stop}
        return value

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.start == self.stop:
            raise ValueError("a window that starts when it stops is empty or endless")
        return self

    def spans(self) -> tuple[tuple[time, time], ...]:
        """The window as one or two spans that do not cross midnight."""
        if self.start < self.stop:
            return ((self.start, self.stop),)
        last = time(23, 59, 59)
        return ((self.start, last),) if self.stop == time(0) else ((self.start, last), (time(0), self.stop))
