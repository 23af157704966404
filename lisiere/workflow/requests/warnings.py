"""What people should know before they send a request: interruptions, what is missing, who has to act."""

from collections.abc import Iterable, Iterator, Sequence

from lisiere.model.effect import ApplianceEffect
from lisiere.model.fleet import Fleet
from lisiere.model.overlay import Authentication, Overlay, Topology
from lisiere.model.request import AddPartner, ChangeWebAccess, Request, RotateKeys
from lisiere.model.words import Lifecycle, SecretRef
from lisiere.policy.derived import WELL_KNOWN_FLOWS
from lisiere.workflow.requests.edits import named
from lisiere.workflow.requests.phrases import Phrase
from lisiere.workflow.requests.sight import is_named_for

MOST_NAMED = 4
"""How many tunnels warnings name one by one."""
LONGEST_PAUSE_S = 15
"""For how long a tunnel that is built anew carries nothing, at most.

Measured between Debian appliances of the real lab: a connection between the hub and a member who neither joined nor
left, while the worker had another site join and leave, fourteen times, four of them on a loaded machine. It always
went on afterwards. Its longest pauses were 0.05 s to 0.4 s, and once each 3.2 s and 6.7 s: an answer of IKE did not
come to the end that had asked, which asks again after 4 s (2 s in the lab's own settings) unless verification begins
the tunnel before, and TCP tries again a little later. `make lab-proof` measures it each time. It was not measured on
VyOS, nor on lines that lose packets.
"""


def warnings(
    request: Request, before: Fleet, after: Fleet, appliances: Sequence[ApplianceEffect], made: Sequence[SecretRef]
) -> Iterator[Phrase]:
    """The warnings of a request, the gravest first."""
    yield from _ended(appliances)
    yield from _built_anew(appliances)
    for one in appliances:
        if after.appliances[one.host].data.lifecycle is not Lifecycle.ACTIVE:
            yield Phrase.of("{site} is not in service yet; it takes the change when it is", site=one.title)
    if made:
        yield Phrase.of("Keys to be made before the change: {count}", count=len(made))
    if not isinstance(request, ChangeWebAccess):
        yield from _undeclared(before.overlays[request.overlay], after.overlays[request.overlay])
    yield from _of_overlay(request, after)


def _undeclared(before: Overlay, after: Overlay) -> Iterator[Phrase]:
    """The flows of all whose use here ends; it is not said whether somebody else uses them."""
    for flow in sorted(named(before) - named(after) - set(WELL_KNOWN_FLOWS)):
        if not is_named_for(flow, after.territory):
            yield Phrase.of("The declaration of the flow {flow} goes when nobody uses it any more", flow=flow)


def _ended(appliances: Sequence[ApplianceEffect]) -> Iterator[Phrase]:
    for site, peer in _pairs((one, peer) for one in appliances for peer in one.tunnels_closed):
        yield Phrase.of("The tunnel of {site} to {peer} ends", site=site, peer=peer)


def _built_anew(appliances: Sequence[ApplianceEffect]) -> Iterator[Phrase]:
    """Tunnels that go on after a pause; many are counted."""
    pairs = _pairs((one, peer) for one in appliances for peer in one.tunnels_changed)
    if len(pairs) > MOST_NAMED:
        yield Phrase.of(
            "{count} tunnels are built anew: a pause of {seconds} s at most for each",
            count=len(pairs),
            seconds=LONGEST_PAUSE_S,
        )
        return
    for site, peer in pairs:
        yield Phrase.of(
            "The tunnel of {site} to {peer} is built anew: a pause of {seconds} s at most",
            site=site,
            peer=peer,
            seconds=LONGEST_PAUSE_S,
        )


def _pairs(ends: Iterable[tuple[ApplianceEffect, str]]) -> list[tuple[str, ...]]:
    """The two ends of each tunnel, each tunnel once whichever end names it."""
    return sorted({tuple(sorted((f"{one.title} ({one.host})", peer))) for one, peer in ends})


def _of_overlay(request: Request, after: Fleet) -> Iterator[Phrase]:
    if isinstance(request, ChangeWebAccess):
        yield Phrase.of("The contact of the académie is informed and may object")
        return
    overlay = after.overlays[request.overlay]
    if overlay.topology is Topology.HUB_SPOKE and len(overlay.hubs) == 1:
        yield Phrase.of(
            "{overlay} has no second hub: without {hub} its sites do not reach each other",
            overlay=overlay.title,
            hub=after.appliances[overlay.hubs[0]].data.site,
        )
    if isinstance(request, AddPartner):
        yield Phrase.of("The partner needs its sheet, and the key by another way")
    if isinstance(request, RotateKeys):
        yield from _of_partners(request, overlay)


def _of_partners(request: RotateKeys, overlay: Overlay) -> Iterator[Phrase]:
    """A partner's end is not ours to change: its key is replaced where it is named, and then it has to act."""
    if overlay.authentication is not Authentication.PSK:
        return
    for one in overlay.partners:
        if one.name in request.ends:
            yield Phrase.of(
                "The tunnel to {partner} is down from the change until {partner} has the new key, by another way",
                partner=one.title,
            )
        elif not request.ends:
            yield Phrase.of("The keys shared with {partner} stay; name the two ends to replace one", partner=one.title)
