"""A request held against the whole fleet: every reason against it, in words that name what to change."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from lisiere.inventory.check_secrets import pairs, shared_keys
from lisiere.model.overlay import Overlay, Topology
from lisiere.model.request import (
    AddHub,
    AddMember,
    AddPartner,
    ChangeHub,
    ChangeWebAccess,
    CloseFlow,
    OpenFlow,
    RemoveMember,
    RemovePartner,
    Request,
    RotateKeys,
)
from lisiere.model.site import SCHOOL_WEB_ACCESS, Appliance, WebAccessKind
from lisiere.policy.layers import ANY
from lisiere.workflow.requests import partners
from lisiere.workflow.requests.phrases import Phrase, RequestError
from lisiere.workflow.requests.sight import Sight
from lisiere.workflow.requests.special import repeated


def check_request(request: Request, sight: Sight) -> None:
    """Hold a request against the fleet as its asker sees it.

    Raises:
        RequestError: Every reason against it.
    """
    found = tuple(dict.fromkeys(_reasons(request, sight)))
    if found:
        raise RequestError(*found)


def _reasons(request: Request, sight: Sight) -> Iterator[Phrase]:
    if isinstance(request, ChangeWebAccess):
        yield from _web_access(request, sight)
        return
    try:
        overlay = sight.overlay(request.overlay)
    except RequestError as exc:
        yield from exc.phrases
        yield from _without_overlay(request, sight)
        return
    yield from _CHECKS[type(request)](request, overlay, sight)


def _without_overlay(request: Request, sight: Sight) -> Iterator[Phrase]:
    """What stands against a request whatever private network it means: all mistakes are told at once."""
    try:
        if isinstance(request, AddMember):
            yield from _segments(request, sight.site(request.site), sight)
        elif isinstance(request, OpenFlow):
            yield from _services_and_days(request, sight)
    except RequestError as exc:
        yield from exc.phrases


def _add_member(request: AddMember, overlay: Overlay, sight: Sight) -> Iterator[Phrase]:
    site = sight.site(request.site)
    title = sight.title(request.site)
    if site.territory != overlay.territory:
        yield Phrase.of("site: {site} is of another territory than {overlay}", site=title, overlay=overlay.title)
    if request.site in _members(overlay):
        yield Phrase.of("site: {site} is a member of {overlay} already", site=title, overlay=overlay.title)
    yield from _segments(request, site, sight)
    yield from _second_tunnels(request.site, overlay, sight)


def _segments(request: AddMember, site: Appliance, sight: Sight) -> Iterator[Phrase]:
    title, known = sight.title(request.site), [one.name for one in site.data.segments]
    for index, name in enumerate(request.segments):
        if name not in known:
            yield Phrase.of(
                "segments: {site} has no network {name}; it has {known}", site=title, name=name, known=", ".join(known)
            )
        elif name in request.segments[:index]:
            yield Phrase.of("segments: {name} is named twice", name=name)


def _second_tunnels(site: str, overlay: Overlay, sight: Sight) -> Iterator[Phrase]:
    """Two appliances have at most one tunnel between them."""
    ends = overlay.hubs if overlay.topology is Topology.HUB_SPOKE else tuple(_members(overlay))
    for other in sight.fleet.overlays.values():
        if other.name == overlay.name or other.territory != overlay.territory:
            continue
        known = set(pairs(other))
        for end in ends:
            if tuple(sorted((site, end))) in known:
                yield Phrase.of(
                    "site: {site} and {end} have a tunnel in {overlay} already",
                    site=sight.title(site),
                    end=sight.title(end),
                    overlay=other.title,
                )


def _remove_member(request: RemoveMember, overlay: Overlay, sight: Sight) -> Iterator[Phrase]:
    title = sight.title(request.site)
    if request.site not in _members(overlay):
        yield Phrase.of("site: {site} is no member of {overlay}", site=request.site, overlay=overlay.title)
        return
    if request.site in overlay.hubs:
        yield Phrase.of("site: {site} is a hub of {overlay}; change the hub first", site=title, overlay=overlay.title)
    for flow in overlay.flows:
        if request.site in {*flow.from_members, *flow.to_members}:
            yield Phrase.of("site: the flow {flow} names {site}; close it first", flow=flow.flow, site=title)
    for partner in overlay.partners:
        if request.site in partner.sites:
            yield Phrase.of(
                "site: the partner {partner} ends at {site}; remove the partner first",
                partner=partner.title,
                site=title,
            )
    if len(overlay.members) <= 2 and not overlay.partners:
        yield Phrase.of("site: {overlay} needs two members", overlay=overlay.title)


def _open_flow(request: OpenFlow, overlay: Overlay, sight: Sight) -> Iterator[Phrase]:
    members = _members(overlay)
    yield from sight.new_flow("flow", request.flow, overlay.territory)
    for field, names in (("from", request.from_members), ("to", request.to_members)):
        for name in names:
            if name != ANY and name not in members:
                yield Phrase.of(
                    "{field}: {name} is no member of {overlay}", field=field, name=name, overlay=overlay.title
                )
    yield from _services_and_days(request, sight)


def _services_and_days(request: OpenFlow, sight: Sight) -> Iterator[Phrase]:
    for name in request.services:
        if name not in sight.fleet.services:
            known = ", ".join(sorted(sight.fleet.services))
            yield Phrase.of("services: {name} is no service; there are {known}", name=name, known=known)
    named = {"from": request.from_members, "to": request.to_members, "services": request.services}
    for field, words in named.items():
        for name in repeated(words):
            yield Phrase.of("{field}: {name} is named twice", field=field, name=name)
    if request.from_members == request.to_members and request.to_members != (ANY,) and len(request.to_members) == 1:
        yield Phrase.of("to: {site} would reach itself alone", site=sight.title(request.to_members[0]))
    if request.until < sight.fleet.as_of:
        yield Phrase.of("until: {day} is past", day=request.until)


def _close_flow(request: CloseFlow, overlay: Overlay, _: Sight) -> Iterator[Phrase]:
    known = [one.flow for one in overlay.flows]
    if request.flow not in known:
        yield Phrase.of(
            "flow: {overlay} has no flow {flow}; it has {known}",
            overlay=overlay.title,
            flow=request.flow,
            known=", ".join(known) or "-",
        )


def _change_hub(request: ChangeHub, overlay: Overlay, sight: Sight) -> Iterator[Phrase]:
    if request.hub not in overlay.hubs:
        yield Phrase.of("hub: {site} is no hub of {overlay}", site=request.hub, overlay=overlay.title)
        return
    yield from _becomes_hub("successor", request.successor, overlay, sight)


def _add_hub(request: AddHub, overlay: Overlay, sight: Sight) -> Iterator[Phrase]:
    if overlay.topology is not Topology.HUB_SPOKE:
        yield Phrase.of("overlay: {overlay} is a mesh, which has no hubs", overlay=overlay.title)
        return
    if len(overlay.hubs) >= 2:
        yield Phrase.of("overlay: {overlay} has two hubs already", overlay=overlay.title)
    yield from _becomes_hub("hub", request.hub, overlay, sight)


def _becomes_hub(field: str, name: str, overlay: Overlay, sight: Sight) -> Iterator[Phrase]:
    if name not in _members(overlay):
        yield Phrase.of(
            "{field}: {name} is no member of {overlay}; add it first", field=field, name=name, overlay=overlay.title
        )
    elif name in overlay.hubs:
        yield Phrase.of("{field}: {site} is a hub already", field=field, site=sight.title(name))


def _rotate_keys(request: RotateKeys, overlay: Overlay, sight: Sight) -> Iterator[Phrase]:
    ends = (*_members(overlay), *(one.name for one in overlay.partners))
    unknown = [name for name in request.ends if name not in ends]
    for name in unknown:
        yield Phrase.of("ends: {name} is no end of a tunnel of {overlay}", name=name, overlay=overlay.title)
    if len(set(request.ends)) not in {0, 2}:
        yield Phrase.of("ends: name the two ends of one tunnel, or none for all of {overlay}", overlay=overlay.title)
    elif not unknown and not rotated_keys(request, overlay):
        told = " - ".join(map(sight.title, request.ends)) or overlay.title
        yield Phrase.of("ends: there is no shared key to replace: {ends}", ends=told)


def rotated_keys(request: RotateKeys, overlay: Overlay) -> tuple[str, ...]:
    """The names of the keys that a rotation replaces: those of the named tunnel, else of all that end at no partner."""
    keys = sorted(shared_keys(overlay))
    if not request.ends:
        return tuple(name for name, partner in keys if partner is None)
    wanted = "--".join(sorted(request.ends))
    return tuple(name for name, _ in keys if name.rpartition("/")[2] == wanted)


def _web_access(request: ChangeWebAccess, sight: Sight) -> Iterator[Phrase]:
    site, title = sight.site(request.site), sight.title(request.site)
    if site.data.web_access.kind not in SCHOOL_WEB_ACCESS:
        yield Phrase.of("site: {site} is no school", site=title)
        return
    allowed = [one for one in sight.fleet.profiles[site.profile].web_access if one in SCHOOL_WEB_ACCESS]
    if request.web_access not in allowed:
        yield Phrase.of(
            "web_access: {site} can have {kinds}, not {kind}",
            site=title,
            kinds=", ".join(allowed),
            kind=request.web_access.value,
        )
    elif request.web_access is site.data.web_access.kind:
        yield Phrase.of("web_access: {site} has {kind} already", site=title, kind=request.web_access.value)
    elif request.web_access is WebAccessKind.TUNNEL and request.site not in partners.tunnelled(sight.fleet):
        yield Phrase.of("web_access: {site} has no tunnel to the académie; ask for the partner first", site=title)


def _members(overlay: Overlay) -> dict[str, None]:
    return dict.fromkeys(one.site for one in overlay.members)


_CHECKS: Mapping[type[Request], Callable[..., Iterator[Phrase]]] = MappingProxyType(
    {
        AddMember: _add_member,
        RemoveMember: _remove_member,
        OpenFlow: _open_flow,
        CloseFlow: _close_flow,
        AddPartner: partners.add,
        RemovePartner: partners.remove,
        ChangeHub: _change_hub,
        AddHub: _add_hub,
        RotateKeys: _rotate_keys,
    },
)
