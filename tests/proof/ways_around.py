"""What no rule is to let pass: the ways around the web access of schools, and addresses that claim another place."""

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address

from lisiere.model.intent import Family, SiteIntent
from lisiere.model.site import SCHOOL_WEB_ACCESS
from lisiere.model.words import Zone
from tests.proof.asking import Try, is_at_home
from tests.proof.ground import Address, Ground, address_of, segment_of
from tests.proof.speakers import ECHO, OUTSIDE, TCP, UDP, Speaker, speakers_in

BYPASSES = [
    (TCP, 80), (TCP, 443), (UDP, 80), (UDP, 443), (UDP, 53), (TCP, 53), (TCP, 853), (UDP, 853),
    (TCP, 3128), (TCP, 8080),
]  # fmt: skip


def bypasses(intent: SiteIntent, ground: Ground) -> Iterator[Try]:
    """Every way around the web access of a school: direct, QUIC, names and DNS over TLS of others, DoH by address."""
    if intent.web.kind not in SCHOOL_WEB_ACCESS:
        return
    doh = next((one for one in intent.sets if one.name == "public-doh"), None)
    for zone in intent.web.zones:
        for family in Family:
            resolvers = () if doh is None else doh.ipv4 if family is Family.IPV4 else doh.ipv6
            for speaker in speakers_in(zone, Zone.WAN, family, intent, ground):
                first = Try("by-pass", speaker.site, zone, speaker.at, speaker.own, OUTSIDE[family], TCP, 443)
                yield from (replace(first, protocol=one, number=number) for one, number in BYPASSES)
                for prefix in resolvers:
                    for one, number in ((TCP, 443), (UDP, 443), (UDP, 53), (TCP, 853)):
                        yield replace(first, destination=prefix[0], protocol=one, number=number, about="public-doh")


def spoofed(intent: SiteIntent, ground: Ground) -> Iterator[Try]:
    """Packets that some rule would let pass, with a source that does not belong where they come in."""
    elsewhere = next((site for site in ground.sites if site != intent.name), None)
    for family in Family:
        own = [address_of(one, family) for one in intent.interfaces]
        clients = [ground.client(intent.name, one, family) for one in ground.segments(intent.name)]
        far = [ground.client(elsewhere, one, family) for one in ground.segments(elsewhere)][:1] if elsewhere else []
        claimed = [*clients, *own, *far, OUTSIDE[family], ip_address("127.0.0.1" if family is Family.IPV4 else "::1")]
        for zone in {one.zone for one in intent.interfaces}:
            for speaker in speakers_in(zone, Zone.SELF, family, intent, ground):
                for source in claimed:
                    if not is_at_home(source, zone, speaker.at, intent):
                        yield from _claims(replace_source(speaker, source), intent, family)


def replace_source(speaker: Speaker, source: Address) -> Speaker:
    """The same speaker under another address."""
    return replace(speaker, own=source)


def _claims(speaker: Speaker, intent: SiteIntent, family: Family) -> Iterator[Try]:
    here = next((one for one in intent.interfaces if f"{intent.name}:{segment_of(one)}" == speaker.at), None)
    near = here or next(one for one in intent.interfaces if one.zone is speaker.zone and one.name != "loopback")
    first = Try("spoofed", speaker.site, speaker.zone, speaker.at, speaker.own, address_of(near, family), *ECHO[family])
    yield first
    yield replace(first, protocol=UDP, number=53)
    yield replace(first, protocol=TCP, number=22)
    yield replace(first, destination=OUTSIDE[family], protocol=TCP, number=443)
