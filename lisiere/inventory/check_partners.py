"""Checks of external partners: sites, ends, addresses that fit nowhere else, and what a release can do."""

from collections.abc import Iterator

from lisiere.inventory.check_overlays import check_ends
from lisiere.inventory.draft import Draft, is_retired
from lisiere.inventory.notes import Notebook
from lisiere.inventory.operator_claims import operator_claims
from lisiere.inventory.overlaps import Claim, overlaps, site_claims
from lisiere.inventory.sections import Item, each
from lisiere.model.operator import Academie
from lisiere.model.overlay import Overlay, Partner
from lisiere.model.site import WebAccessKind
from lisiere.model.words import Prefix
from lisiere.policy.layers import ANY


def check(draft: Draft, notes: Notebook) -> None:
    """Note what is wrong with partners."""
    for overlay, partner, item in _partners(draft):
        _check_sites(overlay, partner, item, notes)
        _check_partner(partner, item, notes)
    _check_names(draft, notes)
    _check_domains(draft, notes)
    if draft.operator is not None:
        _check_academie(draft.operator.value.academie, draft, notes)


def _partners(draft: Draft) -> Iterator[tuple[Overlay, Partner, Item[Partner]]]:
    for _, overlay, place in each(draft.overlays):
        for index, partner in enumerate(overlay.partners):
            yield overlay, partner, Item(partner, place.at("partners", index))


def _check_sites(overlay: Overlay, partner: Partner, item: Item[Partner], notes: Notebook) -> None:
    members = {member.site for member in overlay.members}
    for index, site in enumerate(partner.sites):
        if site not in members:
            message = f"partner {partner.name}: {site} is no member of overlay {overlay.name}"
            notes.add(item.at("sites", index), message, "add it to the members, with the segments that it brings")
        elif site in partner.sites[:index]:
            notes.add(item.at("sites", index), f"partner {partner.name}: {site} is named twice", "name it once")


def _check_partner(partner: Partner, item: Item[Partner], notes: Notebook) -> None:
    lack = f"neither a site of partner {partner.name} nor the partner"
    for index, flow in enumerate(partner.flows):
        known = (*partner.sites, partner.name)
        check_ends(flow, item.at("flows", index), known, lack, notes)
        are_known = {*flow.from_members, *flow.to_members} <= {*known, ANY}
        if are_known and (partner.name in flow.from_members) == (partner.name in flow.to_members):
            message = f"partner {partner.name}: flow {flow.flow} names the partner at both ends or at none"
            notes.add(item.at("flows", index), message, f"write {partner.name} on one side, our sites on the other")


def _check_names(draft: Draft, notes: Notebook) -> None:
    for name, overlay, place in each(draft.overlays):
        seen: set[str] = set()
        for index, partner in enumerate(overlay.partners):
            if partner.name in seen or partner.name in draft.nornir.hosts.known:
                message = f"overlay {name}: the name of partner {partner.name} is taken"
                notes.add(place.at("partners", index, "name"), message, "give the partner another name")
            seen.add(partner.name)


def _check_domains(draft: Draft, notes: Notebook) -> None:
    """What a partner brings overlaps no prefix of ours, nor what another partner brings at the same site."""
    by_site: dict[str, list[Claim]] = {}
    ours = tuple(operator_claims(draft))
    for _, partner, item in _partners(draft):
        for index, prefix in enumerate(partner.prefixes):
            claim = Claim(prefix, f"partner {partner.name}", item, ("prefixes", index))
            _check_concentrator(claim, partner, notes)
            taken = [(name, pool) for name, pool in ours if pool.version == prefix.version and pool.overlaps(prefix)]
            if taken:
                _refuse(claim, taken[0], draft, notes)
                continue
            for site in partner.sites:
                by_site.setdefault(site, []).append(claim)
    for site, claims in by_site.items():
        for claim, other in overlaps(claims):
            message = (
                f"{claim.owner}: encryption domain {claim.prefix} overlaps {other.prefix} of {other.owner} at {site}"
            )
            notes.add(claim.place, message, "a site cannot tell the two apart: narrow one, or end it at another site")


def _check_concentrator(claim: Claim, partner: Partner, notes: Notebook) -> None:
    """The packets of a tunnel do not go through the tunnel."""
    if partner.address in claim.prefix:
        message = f"{claim.owner}: encryption domain {claim.prefix} holds its own concentrator {partner.address}"
        notes.add(claim.place, message, "leave the concentrator's address out of the prefixes, or correct either")


def _refuse(claim: Claim, pool: tuple[str, Prefix], draft: Draft, notes: Notebook) -> None:
    holders = (
        f"{one.prefix} of {one.owner}"
        for one in site_claims(draft.nornir.each())
        if one.prefix.version == claim.prefix.version and one.prefix.overlaps(claim.prefix)
    )
    other = next(holders, f"{pool[1]}, {pool[0]}")
    message = f"{claim.owner}: encryption domain {claim.prefix} overlaps {other}"
    notes.add(claim.place, message, "have the partner translate its addresses, or correct the prefix")


def _check_academie(academie: Academie, draft: Draft, notes: Notebook) -> None:
    """A school that browses through the académie's tunnel has one."""
    ends: set[str] = set()
    for _, partner, item in _partners(draft):
        if partner.name != academie.tunnel_partner:
            continue
        ends |= set(partner.sites)
        proxy = academie.tunnel_proxy.address
        if not any(proxy in prefix for prefix in partner.prefixes):
            message = f"partner {partner.name}: the académie's proxy {proxy} is in none of its prefixes"
            notes.add(item.at("prefixes"), message, "add its prefix, or correct tunnel_proxy in operator.yaml")
    if not draft.overlays.is_sound:
        return
    for host in draft.nornir.each():
        is_tunnelled = host.value.data.web_access.kind is WebAccessKind.TUNNEL
        if is_tunnelled and not is_retired(host) and host.value.name not in ends:
            message = f"host {host.value.name}: browses through a tunnel to {academie.tunnel_partner} and has none"
            advice = f"name it among the sites of a partner {academie.tunnel_partner} of an overlay"
            notes.add(host.at("web_access", "kind"), message, advice)
