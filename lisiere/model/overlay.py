"""Overlays: the private networks of a territory, their members and external partners."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from lisiere.model.base import Model
from lisiere.model.traffic import listed
from lisiere.model.words import Address, HostName, Line, Prefix, Siren, Slug

OverlayName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
Fqdn = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$", max_length=253)]


class Topology(StrEnum):
    """Who has a tunnel with whom."""

    HUB_SPOKE = "hub-spoke"
    MESH = "mesh"


class Authentication(StrEnum):
    """How the two ends know each other. ANSSI DAT-NT-003 R9 strongly discourages pre-shared keys."""

    CERTIFICATE = "certificate"
    PSK = "psk"


class Member(Model):
    """A site in an overlay, with the segments that it brings in."""

    site: HostName
    segments: tuple[Slug, ...] = Field(min_length=1)


class OverlayFlow(Model):
    """A flow allowed inside an overlay, from some members to others; `any` stands for every member."""

    flow: Slug
    services: Annotated[tuple[Slug, ...], BeforeValidator(listed)] = Field(min_length=1)
    from_members: Annotated[tuple[str, ...], BeforeValidator(listed)] = Field(default=("any",), alias="from")
    to_members: Annotated[tuple[str, ...], BeforeValidator(listed)] = Field(default=("any",), alias="to")


class Partner(Model):
    """An external end that we do not manage: a software publisher, the académie's concentrator."""

    name: Slug
    title: Line
    contact: Line
    address: Address
    identity: Fqdn
    prefixes: tuple[Prefix, ...] = Field(min_length=1)
    sites: tuple[HostName, ...] = Field(min_length=1)
    flows: tuple[OverlayFlow, ...] = Field(min_length=1)
    until: date


class Overlay(Model):
    """One VPN of a territory. Both ends of every tunnel come from this object."""

    name: OverlayName
    title: Line
    territory: Siren
    topology: Topology
    hubs: tuple[HostName, ...] = ()
    members: tuple[Member, ...] = Field(min_length=1)
    flows: tuple[OverlayFlow, ...] = ()
    crypto: Slug
    authentication: Authentication
    partners: tuple[Partner, ...] = ()

    @model_validator(mode="after")
    def _shaped(self) -> Self:
        if self.topology is Topology.HUB_SPOKE and not 1 <= len(self.hubs) <= 2:
            raise ValueError("a hub-spoke overlay has one or two hubs")
        if self.topology is Topology.MESH and self.hubs:
            raise ValueError("a mesh has no hubs")
        if len(self.members) < 2 and not self.partners:
            raise ValueError("an overlay needs two members, or one and a partner")
        return self


def secret_name(overlay: str, one: str, other: str) -> str:
    """The reference of the pre-shared key between two ends; the same whichever end asks."""
    first, second = sorted((one, other))
    return f"secret:overlay/{overlay}/{first}--{second}"
