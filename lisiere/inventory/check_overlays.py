"""Checks of overlays: their members, hubs, flows and partners, and that no two of them contradict each other."""

from collections.abc import Iterable

from lisiere.inventory.check_secrets import pairs
from lisiere.inventory.draft import Draft, is_misplaced, is_retired, siren_of
from lisiere.inventory.notes import Notebook, Place, did_you_mean
from lisiere.inventory.sections import each
from lisiere.model.overlay import Member, Overlay, OverlayFlow
from lisiere.policy.layers import ANY, OVERLAY_STRIDE, PARTNER_FIRST


def check(draft: Draft, notes: Notebook) -> None:
    """Note what is wrong with overlays."""
    for _, overlay, place in each(draft.overlays):
        _check_overlay(overlay, place, draft, notes)
        _check_members(overlay, place, draft, notes)
        _check_hubs(overlay, place, notes)
        _check_flows(overlay, place, notes)
    _check_pairs(draft, notes)


def _check_overlay(overlay: Overlay, place: Place, draft: Draft, notes: Notebook) -> None:
    draft.crypto.find(overlay.crypto, place.at("crypto"), kind="crypto profile", notes=notes)
    territories, siren = draft.nornir.territories, siren_of(place.file)
    territory = territories.find(overlay.territory, place.at("territory"), kind="territory", notes=notes)
    if territory is not None and siren != overlay.territory:
        message = f"overlay {overlay.name}: is of territory {overlay.territory}, this file is that of {siren}"
        notes.add(place.at("territory"), message, f"move it to the file overlays/{overlay.territory}-….yaml")


def _check_members(overlay: Overlay, place: Place, draft: Draft, notes: Notebook) -> None:
    seen: set[str] = set()
    for index, member in enumerate(overlay.members):
        here = place.at("members", index)
        if member.site in seen:
            message = f"overlay {overlay.name}: {member.site} is a member twice"
            notes.add(here.at("site"), message, "join the two, with all their segments")
            continue
        seen.add(member.site)
        _check_member(overlay, member, here, draft, notes)


def _check_member(overlay: Overlay, member: Member, place: Place, draft: Draft, notes: Notebook) -> None:
    hosts = draft.nornir.hosts
    if hosts.find(member.site, place.at("site"), kind="host", notes=notes) is None:
        return
    host = draft.nornir.host(member.site)
    if is_retired(host):
        message = f"overlay {overlay.name}: {member.site} is retired"
        notes.add(place.at("site"), message, "remove the member, or put its successor in its place")
    is_settled = siren_of(place.file) == overlay.territory and not is_misplaced(host)
    if is_settled and host.value.territory != overlay.territory:
        message = f"overlay {overlay.name}: {member.site} is of territory {host.value.territory}"
        notes.add(place.at("site"), message, f"only sites of territory {overlay.territory} can be members")
    known = {segment.name for segment in host.value.data.segments}
    for index, name in enumerate(member.segments):
        if name not in known:
            message = f"overlay {overlay.name}: {member.site} has no segment {name!r}"
            notes.add(place.at("segments", index), message, did_you_mean(name, known) or "name one of its segments")
        elif name in member.segments[:index]:
            message = f"overlay {overlay.name}: {member.site} brings segment {name} twice"
            notes.add(place.at("segments", index), message, "name it once")


def _check_hubs(overlay: Overlay, place: Place, notes: Notebook) -> None:
    members = {member.site for member in overlay.members}
    for index, hub in enumerate(overlay.hubs):
        if hub not in members:
            message = f"overlay {overlay.name}: hub {hub} is no member"
            notes.add(place.at("hubs", index), message, did_you_mean(hub, members) or "add it to the members")
        elif hub in overlay.hubs[:index]:
            notes.add(place.at("hubs", index), f"overlay {overlay.name}: hub {hub} is named twice", "name it once")


def _check_flows(overlay: Overlay, place: Place, notes: Notebook) -> None:
    members = {member.site for member in overlay.members}
    if len(overlay.flows) > PARTNER_FIRST:
        message = f"overlay {overlay.name}: has {len(overlay.flows)} flows, more than {PARTNER_FIRST}"
        notes.add(place.at("flows"), message, "gather services in fewer flows, or make two overlays")
    if sum(len(partner.flows) for partner in overlay.partners) > OVERLAY_STRIDE - PARTNER_FIRST:
        message = f"overlay {overlay.name}: its partners have more than {OVERLAY_STRIDE - PARTNER_FIRST} flows"
        notes.add(place.at("partners"), message, "gather services in fewer flows, or make two overlays")
    for index, flow in enumerate(overlay.flows):
        check_ends(flow, place.at("flows", index), members, f"no member of overlay {overlay.name}", notes)


def check_ends(flow: OverlayFlow, place: Place, known: Iterable[str], lack: str, notes: Notebook) -> None:
    """Note ends of a flow that are none of those known; `any` always is."""
    known = {ANY, *known}
    for side, names in (("from", flow.from_members), ("to", flow.to_members)):
        for index, name in enumerate(names):
            if name not in known:
                advice = did_you_mean(name, known) or "name a member, or any"
                notes.add(place.at(side, index), f"flow {flow.flow}: {name} is {lack}", advice)


def _check_pairs(draft: Draft, notes: Notebook) -> None:
    """Two appliances have at most one tunnel between them: a peer is known by its address."""
    seen: dict[tuple[str, str], str] = {}
    for name, overlay, place in each(draft.overlays):
        refused = [(pair, seen[pair]) for pair in pairs(overlay) if seen.setdefault(pair, name) != name]
        for pair, other in refused:
            message = f"overlay {name}: {pair[0]} and {pair[1]} have a tunnel in overlay {other} already"
            notes.add(_member_place(overlay, place, pair), message, "join the two overlays, or remove a member")


def _member_place(overlay: Overlay, place: Place, pair: tuple[str, str]) -> Place:
    """The member that is no hub, or the later one."""
    indexes = [index for index, member in enumerate(overlay.members) if member.site in pair]
    spokes = [index for index in indexes if overlay.members[index].site not in overlay.hubs]
    return place.at("members", max(spokes or indexes), "site")
