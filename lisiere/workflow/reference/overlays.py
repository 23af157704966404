# ruff: noqa: RUF001 - French text has its own apostrophe
"""Overlays of the reference fleet, their cryptographic profiles, and the names of the secrets that they need."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from lisiere.model.crypto import CryptoProfile
from lisiere.model.overlay import Authentication, Overlay, secret_name
from lisiere.model.words import HostName, SecretRef
from lisiere.policy.tunnels import OverlayView
from lisiere.workflow.reference.choice import Kind, Site
from lisiere.workflow.reference.hosts import is_behind_tunnel
from lisiere.workflow.reference.operator import ACADEMIE_NETWORKS, TUNNEL_PARTNER
from lisiere.workflow.reference.source import Body

SPOKE_TOWN_HALLS = 16
MESH_SITES = 4
MESH_PLACES = {0: Kind.LIBRARY, 1: Kind.TECHNICAL, 2: Kind.LIBRARY, 3: Kind.LIBRARY, 5: Kind.TECHNICAL, 7: Kind.LIBRARY}
"""Which territories have a mesh of their own, and of what kind of site."""

_MESH_WORDS: Mapping[Kind, tuple[str, str, str, Sequence[str], str]] = {
    Kind.LIBRARY: (
        "lecture",
        "Réseau de lecture publique",
        "reading-network",
        ["https", "library-protocol"],
        "anssi-2031",
    ),
    Kind.TECHNICAL: ("ouvrages", "Télégestion des ouvrages", "works-telemetry", ["mqtts", "modbus"], "compat"),
}
_PUBLISHERS: Mapping[int, tuple[str, str, str, Sequence[str]]] = {
    0: ("sofia-gestion", "Sofia Gestion (éditeur fictif)", "203.0.113.130", ["172.20.10.0/24", "fd20:10::/64"]),
    1: ("sofia-gestion", "Sofia Gestion (éditeur fictif)", "203.0.113.130", ["172.20.10.0/24", "fd20:10::/64"]),
    4: ("terra-cadastre", "Terra Cadastre (éditeur fictif)", "203.0.113.140", ["172.20.20.0/24", "fd20:20::/64"]),
    8: (
        "terra-cadastre",
        "Terra Cadastre (éditeur fictif)",
        "2001:db8:ed00:140::1",
        ["172.20.20.0/24", "fd20:20::/64"],
    ),
}
_ACADEMIE = "2001:db8:ac00:1::1", "203.0.113.10"


def overlays(body: Body, sites: Sequence[Site], place: int) -> tuple[Overlay, ...]:
    """A territory's overlays, by name; `sites` are its sites in service, `place` is its own in the programme."""
    found = [*_offices(body, sites, place), *_mesh(body, sites, place), *_schools(body, sites, place)]
    return tuple(sorted(found, key=lambda one: one.name))


def secrets(found: Sequence[Overlay]) -> tuple[SecretRef, ...]:
    """The names of all the secrets that overlays need, sorted."""
    return tuple(sorted({name for overlay in found for name in _keys(overlay)}))


def _keys(overlay: Overlay) -> Iterator[SecretRef]:
    if overlay.authentication is not Authentication.PSK:
        return
    view = OverlayView(overlay, {member.site: () for member in overlay.members}, {})
    yield from (secret_name(overlay.name, one, other) for one, other in view.pairs)
    for partner in overlay.partners:
        yield from (secret_name(overlay.name, site, partner.name) for site in partner.sites)


def _offices(body: Body, sites: Sequence[Site], place: int) -> Iterator[Overlay]:
    """The seat and the largest town halls; in every second territory the largest town hall stands in for the seat."""
    seat = next(site for site in sites if site.kind is Kind.SEAT)
    town_halls = _first(sites, Kind.TOWN_HALL, SPOKE_TOWN_HALLS)
    if not town_halls:
        return
    has_second_hub = place % 2 == 0 and len(town_halls) > 1
    has_voice = place % 3 == 0
    segments = ["admin", "voice"] if has_voice else ["admin"]
    hubs = [seat.name, town_halls[0].name] if has_second_hub else [seat.name]
    members = {seat.name: [*segments, "servers"]} | {site.name: segments for site in town_halls}
    flows = [_flow("shared-files", ["https", "file-sharing"], to=[seat.name])]
    if has_voice:
        flows.append(_flow("territory-telephony", ["sips", "rtp"]))
    publisher = _PUBLISHERS.get(place)
    yield _overlay(
        body,
        "admin",
        f"Réseau administratif, {body.title}",
        members,
        hubs=hubs,
        flows=flows,
        crypto="anssi-2031",
        partners=[_publisher(publisher, seat.name)] if publisher else [],
    )


def _mesh(body: Body, sites: Sequence[Site], place: int) -> Iterator[Overlay]:
    kind = MESH_PLACES.get(place)
    chosen = _first(sites, kind, MESH_SITES) if kind else ()
    if kind is None or len(chosen) < 2:
        return
    stem, title, flow, services, crypto = _MESH_WORDS[kind]
    members = {site.name: ["admin"] for site in chosen}
    yield _overlay(body, stem, f"{title}, {body.title}", members, flows=[_flow(flow, services)], crypto=crypto)


def _schools(body: Body, sites: Sequence[Site], place: int) -> Iterator[Overlay]:
    """Schools that share their documents, each with its own tunnel to the académie's concentrator."""
    zones = {site.name: ["staff", "pupils"] for site in sites if is_behind_tunnel(site, place)}
    if not zones:
        return
    yield _overlay(
        body,
        "ecoles",
        f"Regroupement pédagogique, {body.title}",
        zones,
        flows=[_flow("grouped-schools", ["https", "file-sharing"])] if len(zones) > 1 else [],
        crypto="anssi-2030-aes-cbc",
        partners=[_academie(tuple(zones), place)],
    )


def _first(sites: Sequence[Site], kind: Kind, count: int) -> tuple[Site, ...]:
    return tuple(sorted((one for one in sites if one.kind is kind), key=lambda one: one.rank)[:count])


def _overlay(
    body: Body,
    stem: str,
    title: str,
    members: Mapping[HostName, Sequence[str]],
    *,
    flows: Sequence[Mapping[str, object]],
    crypto: str,
    hubs: Sequence[HostName] = (),
    partners: Sequence[Mapping[str, object]] = (),
) -> Overlay:
    return Overlay.model_validate(
        {
            "name": f"{stem}-{body.slug}"[:32].rstrip("-"),
            "title": title,
            "territory": body.siren,
            "topology": "hub-spoke" if hubs else "mesh",
            "hubs": hubs,
            "members": [{"site": site, "segments": segments} for site, segments in members.items()],
            "flows": flows,
            "crypto": crypto,
            "authentication": "psk",
            "partners": partners,
        },
    )


def _flow(
    flow: str, services: Sequence[str], *, giver: str = "any", to: Sequence[str] = ("any",)
) -> Mapping[str, object]:
    return {"flow": flow, "services": services, "from": giver, "to": to}


def _publisher(words: tuple[str, str, str, Sequence[str]], seat: HostName) -> Mapping[str, object]:
    name, title, address, prefixes = words
    return {
        "name": name,
        "title": title,
        "contact": f"assistance@{name}.example",
        "address": address,
        "identity": f"vpn.{name}.example",
        "prefixes": prefixes,
        "sites": [seat],
        "flows": [
            _flow("publisher-software", ["https"], giver=seat, to=[name]),
            _flow("publisher-support", ["ssh"], giver=name, to=[seat]),
        ],
        "until": date(2029, 6, 30),
    }


def _academie(schools: Sequence[HostName], place: int) -> Mapping[str, object]:
    """The concentrator is reached over one family or the other."""
    return {
        "name": TUNNEL_PARTNER,
        "title": "Concentrateur de l’Académie des Confins",
        "contact": "reseau@academie.example",
        "address": _ACADEMIE[place % 2],
        "identity": "concentrateur.academie.example",
        "prefixes": ACADEMIE_NETWORKS,
        "sites": schools,
        "flows": [_flow("academie-applications", ["https"], to=[TUNNEL_PARTNER])],
        "until": date(2029, 8, 31),
    }


def crypto_profiles() -> tuple[CryptoProfile, ...]:
    """The profiles that overlays choose from; keys are renewed every hour and every 100 GB (DAT-NT-003 R13)."""
    return (
        _crypto(
            "anssi-2031",
            "AES-GCM et courbe de 384 bits, sans terme connu",
            ("Guide des mécanismes cryptographiques, ANSSI", "2.04", "tailles et dates au-delà de 2030"),
            date(2035, 12, 31),
            {"encryption": "aes256gcm128", "prf": "sha384", "dh_group": 20},
            {"encryption": "aes256gcm128", "pfs_group": 20},
        ),
        _crypto(
            "anssi-2030-aes-cbc",
            "AES-CBC et SHA-256, pour les concentrateurs sans AES-GCM",
            ("ANSSI DAT-NT-003", "1.1", "R4, R14 à R16"),
            date(2030, 12, 31),
            {"encryption": "aes256", "integrity": "sha256", "prf": "sha256", "dh_group": 19},
            {"encryption": "aes256", "integrity": "sha256", "pfs_group": 19},
        ),
        _crypto(
            "compat",
            "AES-GCM et module de 2048 bits, pour les automates",
            ("ANSSI DAT-NT-003", "1.1", "R16"),
            date(2030, 12, 31),
            {"encryption": "aes256gcm128", "prf": "sha256", "dh_group": 14},
            {"encryption": "aes256gcm128", "pfs_group": 14},
        ),
    )


def _crypto(
    name: str,
    title: str,
    source: tuple[str, str, str],
    valid_until: date,
    ike: Mapping[str, object],
    esp: Mapping[str, object],
) -> CryptoProfile:
    document, version, number = source
    return CryptoProfile.model_validate(
        {
            "name": name,
            "title": title,
            "source": {"document": document, "version": version, "number": number},
            "valid_until": valid_until,
            "ike": {**ike, "lifetime_s": 21_600},
            "esp": {**esp, "lifetime_s": 3_600, "lifetime_bytes": 100_000_000_000},
        },
    )
