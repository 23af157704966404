"""Requests: what a territory may ask to change of its private networks, as a closed set of typed kinds."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, TypeAdapter

from lisiere.model.base import Model
from lisiere.model.overlay import OverlayName, Partner
from lisiere.model.site import WebAccessKind
from lisiere.model.traffic import Flow, listed
from lisiere.model.words import HostName, Line, Slug

MOST_BYTES = 64 * 1024
"""How long a request may be as YAML."""
MOST_ITEMS = 200


class RequestKind(StrEnum):
    """What can be asked for."""

    ADD_MEMBER = "add-member"
    REMOVE_MEMBER = "remove-member"
    OPEN_FLOW = "open-flow"
    CLOSE_FLOW = "close-flow"
    ADD_PARTNER = "add-partner"
    REMOVE_PARTNER = "remove-partner"
    CHANGE_HUB = "change-hub"
    ADD_HUB = "add-hub"
    ROTATE_KEYS = "rotate-keys"
    CHANGE_WEB_ACCESS = "change-web-access"


class Asked(Model):
    """What every request says: why it is asked for."""

    why: Line


class OverlayAsked(Asked):
    """A request about one overlay."""

    overlay: OverlayName


class AddMember(OverlayAsked):
    """Bring a site into an overlay, with some of its segments."""

    kind: Literal[RequestKind.ADD_MEMBER]
    site: HostName
    segments: Annotated[tuple[Slug, ...], BeforeValidator(listed)] = Field(min_length=1, max_length=MOST_ITEMS)


class RemoveMember(OverlayAsked):
    """Take a site out of an overlay."""

    kind: Literal[RequestKind.REMOVE_MEMBER]
    site: HostName


Ends = Annotated[tuple[str, ...], BeforeValidator(listed), Field(min_length=1, max_length=MOST_ITEMS)]
"""Members by name, or `any`."""


class OpenFlow(OverlayAsked):
    """Let members of an overlay talk to others: who to whom, by which services, what for, and until when."""

    kind: Literal[RequestKind.OPEN_FLOW]
    flow: Slug
    title: Line
    from_members: Ends = Field(alias="from")
    to_members: Ends = Field(alias="to")
    services: Annotated[tuple[Slug, ...], BeforeValidator(listed)] = Field(min_length=1, max_length=MOST_ITEMS)
    owner: Line
    purpose: Line
    legal_basis: Line
    until: date


class CloseFlow(OverlayAsked):
    """Let nobody use a flow inside an overlay any more."""

    kind: Literal[RequestKind.CLOSE_FLOW]
    flow: Slug


class AddPartner(OverlayAsked):
    """Connect an external end; `declares` holds the flows of it that the inventory does not know yet."""

    kind: Literal[RequestKind.ADD_PARTNER]
    partner: Partner
    declares: tuple[Flow, ...] = Field(default=(), max_length=MOST_ITEMS)


class RemovePartner(OverlayAsked):
    """Disconnect an external end."""

    kind: Literal[RequestKind.REMOVE_PARTNER]
    partner: Slug


class ChangeHub(OverlayAsked):
    """Put another member in the place of a hub."""

    kind: Literal[RequestKind.CHANGE_HUB]
    hub: HostName
    successor: HostName


class AddHub(OverlayAsked):
    """Make a member the second hub."""

    kind: Literal[RequestKind.ADD_HUB]
    hub: HostName


class RotateKeys(OverlayAsked):
    """Replace the keys of every tunnel of an overlay, or of the one between two ends."""

    kind: Literal[RequestKind.ROTATE_KEYS]
    ends: tuple[HostName, ...] = Field(default=(), max_length=2)


class ChangeWebAccess(Asked):
    """Move a school to another kind of web access."""

    kind: Literal[RequestKind.CHANGE_WEB_ACCESS]
    site: HostName
    web_access: WebAccessKind


OverlayRequest = (
    AddMember | RemoveMember | OpenFlow | CloseFlow | AddPartner | RemovePartner | ChangeHub | AddHub | RotateKeys
)
Request = OverlayRequest | ChangeWebAccess

ANY_REQUEST: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="kind")])
"""Validates the plain values of a request."""
KINDS: dict[RequestKind, type[Request]] = {
    RequestKind.ADD_MEMBER: AddMember,
    RequestKind.REMOVE_MEMBER: RemoveMember,
    RequestKind.OPEN_FLOW: OpenFlow,
    RequestKind.CLOSE_FLOW: CloseFlow,
    RequestKind.ADD_PARTNER: AddPartner,
    RequestKind.REMOVE_PARTNER: RemovePartner,
    RequestKind.CHANGE_HUB: ChangeHub,
    RequestKind.ADD_HUB: AddHub,
    RequestKind.ROTATE_KEYS: RotateKeys,
    RequestKind.CHANGE_WEB_ACCESS: ChangeWebAccess,
}
