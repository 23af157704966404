"""The written layers of one site, in order, names resolved: fleet, exceptions, territory, overlays, profile."""

from collections.abc import Iterator, Sequence
from functools import lru_cache

from lisiere.model.fleet import Fleet
from lisiere.model.intent import Layer
from lisiere.model.overlay import OverlayFlow, Partner
from lisiere.model.site import Appliance, Segment
from lisiere.model.traffic import Protocol, Rule, ServiceEntry
from lisiere.model.words import Action, Prefix, Zone
from lisiere.policy.drafts import Draft, SetBook
from lisiere.policy.tunnels import OverlayView, segment_prefixes

FLEET_FIRST = 100
"""Position of the first written rule of the fleet layer; derived rules stand below."""

OVERLAY_STRIDE, PARTNER_FIRST = 60, 40
ANY = "any"


def written_rules(site: Appliance, *, fleet: Fleet, views: Sequence[OverlayView], book: SetBook) -> Iterator[Draft]:
    """Every rule that a person wrote and that concerns the site."""
    policies = fleet.policies
    exceptions = [one.rule for one in site.data.exceptions if one.until >= fleet.as_of]
    names = SetNames(site, fleet=fleet, views=views, book=book)
    yield from _layer(policies.fleet, Layer.FLEET, names, fleet, first=FLEET_FIRST)
    yield from _layer(exceptions, Layer.EXCEPTION, names, fleet)
    yield from _layer(policies.territories.get(site.territory, ()), Layer.TERRITORY, names, fleet)
    for order, view in enumerate(views):
        yield from _overlay_rules(site, view, fleet=fleet, book=book, first=order * OVERLAY_STRIDE)
    yield from _layer(policies.profiles.get(site.profile, ()), Layer.PROFILE, names, fleet)


class SetNames:
    """Turns what a rule calls a source or a destination into a set of the site's book."""

    def __init__(self, site: Appliance, *, fleet: Fleet, views: Sequence[OverlayView], book: SetBook) -> None:
        self._site, self._fleet, self._book = site, fleet, book
        self._segments = {segment.name: segment for segment in site.data.segments}
        self._views = {view.overlay.name: view for view in views}

    def resolve(self, words: Sequence[str]) -> tuple[str | None, ...] | None:
        """Names of sets; (None,) for any address; None when nothing of what is named exists at this site."""
        if not words:
            return (None,)
        found = tuple(name for name in map(self._one, words) if name is not None)
        return found or None

    def _one(self, word: str) -> str | None:
        kind, colon, name = word.partition(":")
        if not colon:
            return word
        if kind == "segment":
            segment = self._segments.get(name)
            return self._book.add(f"segment-{name}", segment_prefixes(segment)) if segment else None
        view = self._views.get(name)
        return self._book.add(f"overlay-{name}", view.others(self._site.name)) if view else None


def _layer(
    rules: Sequence[Rule],
    layer: Layer,
    names: SetNames,
    fleet: Fleet,
    *,
    first: int = 0,
) -> Iterator[Draft]:
    for position, rule in enumerate(rules):
        if rule.action is Action.ALLOW and not _lives(rule.flow, fleet):
            continue
        sources, destinations = names.resolve(rule.source), names.resolve(rule.destination)
        if sources is None or destinations is None:
            continue
        entries = service_entries(rule.services, fleet)
        yield Draft(
            id=rule.id,
            layer=layer,
            position=first + position,
            from_zones=rule.from_zones,
            to_zones=rule.to_zones,
            sources=sources,
            destinations=destinations,
            entries=entries or (None,),
            action=rule.action,
            log=rule.log or rule.action is Action.DENY,
            flow=rule.flow,
        )


def service_entries(names: Sequence[str], fleet: Fleet) -> tuple[ServiceEntry, ...]:
    """The entries of several services: one per protocol, in the order of first mention, with all ports or types."""
    return _merged(tuple(entry for name in names for entry in fleet.services[name].entries))


@lru_cache(maxsize=1024)
def _merged(entries: tuple[ServiceEntry, ...]) -> tuple[ServiceEntry, ...]:
    found: dict[Protocol, ServiceEntry] = {}
    for entry in entries:
        seen = found.get(entry.protocol)
        if seen is None:
            found[entry.protocol] = entry
        elif is_any_type(seen) or is_any_type(entry):
            found[entry.protocol] = ServiceEntry(protocol=entry.protocol)
        else:
            found[entry.protocol] = ServiceEntry(
                protocol=entry.protocol,
                ports=tuple(sorted({*seen.ports, *entry.ports}, key=lambda one: (one.first, one.last))),
                icmp_types=tuple(sorted({*seen.icmp_types, *entry.icmp_types})),
            )
    return tuple(found.values())


def is_any_type(entry: ServiceEntry) -> bool:
    """True for an entry that stands for all of its protocol."""
    return not entry.ports and not entry.icmp_types


def _overlay_rules(
    site: Appliance,
    view: OverlayView,
    *,
    fleet: Fleet,
    book: SetBook,
    first: int,
) -> Iterator[Draft]:
    own = _own_by_zone(site, view)
    for position, flow in enumerate(view.overlay.flows):
        if not _lives(flow.flow, fleet):
            continue
        yield from _member_flow(site, view, flow, own=own, fleet=fleet, book=book, position=first + position)
    position = first + PARTNER_FIRST
    for _, partner in sorted(view.partners.items()):
        if site.name not in partner.sites:
            continue
        for flow in partner.flows:
            if _lives(flow.flow, fleet):
                yield from _partner_flow(site, view, partner, flow, own=own, fleet=fleet, book=book, position=position)
            position += 1


def _lives(name: str | None, fleet: Fleet) -> bool:
    """Whether the flow of that name has not ended: after its last day nothing that it allowed is rendered."""
    flow = None if name is None else fleet.flows.get(name)
    return flow is None or flow.until is None or flow.until >= fleet.as_of


def _own_by_zone(site: Appliance, view: OverlayView) -> dict[Zone, tuple[Segment, ...]]:
    member = next((one for one in view.overlay.members if one.site == site.name), None)
    names = member.segments if member else ()
    found: dict[Zone, tuple[Segment, ...]] = {}
    for segment in site.data.segments:
        if segment.name in names:
            found[segment.zone] = (*found.get(segment.zone, ()), segment)
    return found


def _member_flow(
    site: Appliance,
    view: OverlayView,
    flow: OverlayFlow,
    *,
    own: dict[Zone, tuple[Segment, ...]],
    fleet: Fleet,
    book: SetBook,
    position: int,
) -> Iterator[Draft]:
    """One flow inside an overlay as this site sees it: what it sends, what it receives, what it relays as a hub."""
    overlay, entries = view.overlay, service_entries(flow.services, fleet)
    givers, takers = _members(flow.from_members, view), _members(flow.to_members, view)
    stem = f"{overlay.name}-{flow.flow}"
    theirs_to, theirs_from = view.others(site.name, takers), view.others(site.name, givers)
    for zone, segments in sorted(own.items()):
        ours = [prefix for segment in segments for prefix in segment_prefixes(segment)]
        if site.name in givers and theirs_to:
            pair = (book.add(f"{overlay.name}-{zone}", ours), _peers(book, stem, "to", view, takers, site))
            yield _inside(f"{stem}-out", position, (zone, Zone.VPN), pair, entries, flow.flow)
        if site.name in takers and theirs_from:
            pair = (_peers(book, stem, "from", view, givers, site), book.add(f"{overlay.name}-{zone}", ours))
            yield _inside(f"{stem}-in", position, (Zone.VPN, zone), pair, entries, flow.flow)
    if site.name in overlay.hubs and theirs_to and theirs_from:
        pair = (_peers(book, stem, "from", view, givers, site), _peers(book, stem, "to", view, takers, site))
        yield _inside(f"{stem}-relay", position, (Zone.VPN, Zone.VPN), pair, entries, flow.flow)


def _members(words: Sequence[str], view: OverlayView) -> frozenset[str]:
    return frozenset(view.prefixes) if ANY in words else frozenset(words)


def _peers(book: SetBook, stem: str, way: str, view: OverlayView, members: frozenset[str], site: Appliance) -> str:
    """The set of what other members bring in; one set serves all flows that concern everybody."""
    if members == frozenset(view.prefixes):
        return book.add(f"overlay-{view.overlay.name}", view.others(site.name))
    return book.add(f"{stem}-{way}", view.others(site.name, sorted(members)))


def _partner_flow(
    site: Appliance,
    view: OverlayView,
    partner: Partner,
    flow: OverlayFlow,
    *,
    own: dict[Zone, tuple[Segment, ...]],
    fleet: Fleet,
    book: SetBook,
    position: int,
) -> Iterator[Draft]:
    """One flow with a partner, through its tunnel only. `any` means our sites, never the partner."""
    theirs: tuple[Prefix, ...] = partner.prefixes
    entries = service_entries(flow.services, fleet)
    is_giver = ANY in flow.from_members or site.name in flow.from_members
    is_taker = ANY in flow.to_members or site.name in flow.to_members
    far, stem = book.add(f"partner-{partner.name}", theirs), f"{partner.name}-{flow.flow}"
    for zone, segments in sorted(own.items()):
        ours = [prefix for segment in segments for prefix in segment_prefixes(segment)]
        near = book.add(f"{view.overlay.name}-{zone}", ours)
        if partner.name in flow.from_members and is_taker:
            yield _inside(f"{stem}-in", position, (Zone.VPN, zone), (far, near), entries, flow.flow)
        if partner.name in flow.to_members and is_giver:
            yield _inside(f"{stem}-out", position, (zone, Zone.VPN), (near, far), entries, flow.flow)


def _inside(
    name: str,
    position: int,
    zones: tuple[Zone, Zone],
    pair: tuple[str, str],
    entries: tuple[ServiceEntry, ...],
    flow: str,
) -> Draft:
    return Draft(
        id=name,
        layer=Layer.OVERLAY,
        position=position,
        from_zones=(zones[0],),
        to_zones=(zones[1],),
        sources=(pair[0],),
        destinations=(pair[1],),
        entries=entries,
        action=Action.ALLOW,
        flow=flow,
    )
