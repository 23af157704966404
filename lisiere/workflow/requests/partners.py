"""Requests about external partners, held against the fleet; what they overlap outside the territory has no name."""

from collections.abc import Iterator
from itertools import combinations

from lisiere.model.fleet import Fleet
from lisiere.model.overlay import Overlay, Partner
from lisiere.model.request import AddPartner, RemovePartner
from lisiere.model.site import Appliance, WebAccessKind
from lisiere.model.words import Address, Prefix
from lisiere.policy.layers import ANY
from lisiere.workflow.requests.phrases import Phrase
from lisiere.workflow.requests.sight import Sight
from lisiere.workflow.requests.special import repeated, special

WIDEST = {4: 8, 6: 16}
"""The shortest prefix that a partner may bring, by family."""


def add(request: AddPartner, overlay: Overlay, sight: Sight) -> Iterator[Phrase]:
    """What stands against a new partner."""
    partner, members = request.partner, {one.site for one in overlay.members}
    if partner.name in {one.name for one in overlay.partners}:
        yield Phrase.of("partner.name: {name} is taken; choose another", name=partner.name)
    for site in partner.sites:
        if site not in members:
            yield Phrase.of("partner.sites: {name} is no member of {overlay}", name=site, overlay=overlay.title)
    if partner.until < sight.fleet.as_of:
        yield Phrase.of("partner.until: {day} is past", day=partner.until)
    yield from _address(partner, sight)
    yield from _twice(request)
    yield from _flows(request, overlay, sight)
    for prefix in partner.prefixes:
        yield from _prefix(prefix, partner, overlay, sight)


def remove(request: RemovePartner, overlay: Overlay, sight: Sight) -> Iterator[Phrase]:
    """What stands against the end of a partner."""
    found = next((one for one in overlay.partners if one.name == request.partner), None)
    if found is None:
        known = ", ".join(one.name for one in overlay.partners) or "-"
        yield Phrase.of(
            "partner: {overlay} has no partner {name}; it has {known}",
            overlay=overlay.title,
            name=request.partner,
            known=known,
        )
        return
    if found.name == sight.fleet.operator.academie.tunnel_partner:
        for site in found.sites:
            if sight.fleet.appliances[site].data.web_access.kind is WebAccessKind.TUNNEL:
                yield Phrase.of(
                    "partner: {site} reaches the web through it; change its web access first", site=sight.title(site)
                )
    if len(overlay.members) < 2 and len(overlay.partners) < 2:
        yield Phrase.of("partner: {overlay} would have one end only", overlay=overlay.title)


def tunnelled(fleet: Fleet) -> frozenset[str]:
    """The sites with a tunnel to the académie."""
    name = fleet.operator.academie.tunnel_partner
    return frozenset(
        site
        for overlay in fleet.overlays.values()
        for partner in overlay.partners
        if partner.name == name and partner.until >= fleet.as_of
        for site in partner.sites
    )


def _address(partner: Partner, sight: Sight) -> Iterator[Phrase]:
    """The far end is somewhere else, and somewhere at all; whose address of the operator's it is, is not said."""
    address = partner.address
    if (found := special(address)) is not None:
        yield Phrase.of("partner.address: {address} is in {range}, which is no one's", address=address, range=found)
        return
    ours = (_ours(site) for site in sight.fleet.appliances.values())
    if any(address in pool for _, pool in sight.fleet.operator.pools) or any(address in one for one in ours):
        yield Phrase.of("partner.address: {address} is an address of the operator's own", address=address)


def _ours(site: Appliance) -> frozenset[Address]:
    data = site.data
    return frozenset(
        {
            data.loopback.ipv4,
            data.loopback.ipv6,
            *(one.ip for link in (data.uplink, data.management) for one in (link.ipv4, link.ipv6)),
        }
    )


def _twice(request: AddPartner) -> Iterator[Phrase]:
    """What is said more than once, or within something else that is said."""
    partner = request.partner
    for field, names in (
        ("declares", [one.id for one in request.declares]),
        ("partner.sites", list(partner.sites)),
        ("partner.flows", [one.flow for one in partner.flows]),
    ):
        for name in repeated(names):
            yield Phrase.of("{field}: {name} is named twice", field=field, name=name)
    for one, other in combinations(partner.prefixes, 2):
        if _overlap(one, other):
            yield Phrase.of("partner.prefixes: {prefix} and {other} overlap; keep one", prefix=one, other=other)


def _flows(request: AddPartner, overlay: Overlay, sight: Sight) -> Iterator[Phrase]:
    partner, new = request.partner, {one.id for one in request.declares}
    for flow in request.declares:
        yield from sight.new_flow("declares", flow.id, overlay.territory)
        if flow.until is not None and flow.until < sight.fleet.as_of:
            yield Phrase.of("declares.until: {day} is past", day=flow.until)
        if flow.review_by < sight.fleet.as_of:
            yield Phrase.of("declares.review_by: {day} is past", day=flow.review_by)
    for name in sorted(new - {one.flow for one in partner.flows}):
        yield Phrase.of("declares: no flow of the partner uses {flow}", flow=name)
    for one in partner.flows:
        if one.flow not in new and not sight.knows_flow(one.flow):
            yield Phrase.of("partner.flows: the flow {flow} is not declared", flow=one.flow)
        for name in one.services:
            if name not in sight.fleet.services:
                known = ", ".join(sorted(sight.fleet.services))
                yield Phrase.of("services: {name} is no service; there are {known}", name=name, known=known)
        ends = ({*one.from_members}, {*one.to_members})
        if (
            not ends[0] | ends[1] <= {partner.name, ANY, *partner.sites}
            or sum(partner.name in end for end in ends) != 1
        ):
            yield Phrase.of(
                "partner.flows: {flow} has the partner at one end and our sites at the other", flow=one.flow
            )


def _prefix(prefix: Prefix, partner: Partner, overlay: Overlay, sight: Sight) -> Iterator[Phrase]:
    if prefix.prefixlen < WIDEST[prefix.version]:
        yield Phrase.of(
            "partner.prefixes: {prefix} is too wide; /{length} at most", prefix=prefix, length=WIDEST[prefix.version]
        )
        return
    if (found := special(prefix)) is not None:
        yield Phrase.of("partner.prefixes: {prefix} is in {range}, which is no one's", prefix=prefix, range=found)
        return
    if partner.address in prefix:
        yield Phrase.of("partner.prefixes: {prefix} holds the partner's own concentrator", prefix=prefix)
    ours = [(site, name) for site in sight.fleet.appliances.values() for name in _overlapping(site, prefix)]
    seen = next(((site, name) for site, name in ours if sight.includes(site.territory)), None)
    if seen is not None:
        yield Phrase.of(
            "partner.prefixes: {prefix} overlaps {network} of {site}",
            prefix=prefix,
            network=seen[1],
            site=sight.title(seen[0].name),
        )
    elif ours or any(_overlap(pool, prefix) for _, pool in sight.fleet.operator.pools):
        yield Phrase.of("partner.prefixes: {prefix} overlaps another network of the operator", prefix=prefix)
    for other in overlay.partners:
        for taken in other.prefixes:
            if _overlap(taken, prefix) and set(other.sites) & set(partner.sites):
                yield Phrase.of(
                    "partner.prefixes: {prefix} overlaps {network} of {site}",
                    prefix=prefix,
                    network=taken,
                    site=other.title,
                )


def _overlapping(site: Appliance, prefix: Prefix) -> Iterator[Prefix]:
    for segment in site.data.segments:
        network: Prefix = segment.ipv4.network if prefix.version == 4 else segment.ipv6.network
        if _overlap(network, prefix):
            yield network


def _overlap(one: Prefix, other: Prefix) -> bool:
    return one.version == other.version and one.overlaps(other)
