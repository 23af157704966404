"""A small fleet with every profile, overlay topology, kind of web access and release; documentation addresses."""

# ruff: noqa: RUF001 - French titles have their typographic apostrophe

from datetime import date
from functools import cache

from lisiere.model.fleet import Fleet

AS_OF = date(2026, 9, 1)
DOMAIN = "edge.example.net"
TERRITORY = "248000531"
KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIFtT0eIQ9lXhXH5eT4K0c0eWl0Rr5k0dY6p1V0y0a1bC"

SEAT, SECOND_SEAT = "80021-epci-seat-01", "80021-epci-seat-02"
HALL, OLD_HALL, LONE_HALL = "80001-town-hall-01", "80002-town-hall-01", "80003-town-hall-01"
PARENT, PAC, NAMES = "80001-school-01", "80002-school-01", "80003-school-01"
TUNNEL, LOCAL = "80004-school-01", "80005-school-01"
COLLEGE, LIBRARY, TECHNICAL = "80021-college-01", "80021-library-01", "80006-technical-01"

# name: (profile, release, web access, {segment: (zone, vlan, has DHCP)})
Shape = tuple[str, str, str, dict[str, tuple[str, int, bool]]]
OFFICE = {"offices": ("admin", 10, True), "phones": ("voice", 30, True)}
CLASSES = {"classes": ("edu", 20, True), "staff": ("admin", 10, True)}
SITES: dict[str, Shape] = {
    SEAT: ("epci-seat", "1.5", "explicit", {**OFFICE, "servers": ("dmz", 40, False)}),
    SECOND_SEAT: ("epci-seat", "1.4", "explicit", {**OFFICE, "servers": ("dmz", 40, False)}),
    HALL: ("town-hall", "1.5", "explicit", {**OFFICE, "guests": ("guest", 50, True)}),
    OLD_HALL: ("town-hall", "1.4", "explicit", OFFICE),
    LONE_HALL: ("town-hall", "1.5", "none", {"offices": ("admin", 10, True)}),
    PARENT: ("school", "1.5", "parent-proxy", CLASSES),
    PAC: ("school", "1.4", "pac", CLASSES),
    NAMES: ("school", "1.5", "dns", CLASSES),
    TUNNEL: ("school", "1.5", "tunnel", CLASSES),
    LOCAL: ("school", "1.4", "local-filter", CLASSES),
    COLLEGE: ("college", "1.5", "parent-proxy", {**CLASSES, "phones": ("voice", 30, True)}),
    LIBRARY: ("public-access", "1.5", "explicit", {"public": ("guest", 50, True), "desk": ("admin", 10, True)}),
    TECHNICAL: ("technical", "1.4", "none", {"machines": ("dmz", 40, False)}),
}
BACKED_UP = {HALL: ("offices", "22:00-05:00"), OLD_HALL: ("offices", "03:00-06:00")}


@cache
def small_fleet() -> Fleet:
    """The fleet, validated; every prefix follows from the order of `SITES`."""
    return Fleet.model_validate(
        {
            "as_of": AS_OF,
            "operator": _operator(),
            "territories": {TERRITORY: _territory()},
            "profiles": {name: _profile(name) for name in dict.fromkeys(shape[0] for shape in SITES.values())},
            "appliances": {name: _appliance(name, number) for number, name in enumerate(SITES, start=1)},
            "address_sets": {one["name"]: one for one in _address_sets()},
            "services": {one["name"]: one for one in _services()},
            "flows": {name: _flow(name) for name in FLOWS},
            "policies": _policies(),
            "crypto": {one["name"]: one for one in _crypto()},
            "overlays": {str(one["name"]): one for one in _overlays()},
        },
    )


def _territory() -> dict[str, object]:
    name = "CC du Pays de l’Exemple"
    return {"siren": TERRITORY, "name": name, "kind": "CC", "ipv4": "10.16.0.0/16", "ipv6": "fd80:16::/32"}


def _profile(name: str) -> dict[str, object]:
    kinds = sorted({shape[2] for shape in SITES.values() if shape[0] == name})
    return {"name": name, "title": name, "zones": ["admin", "edu", "guest", "voice", "dmz"], "web_access": kinds}


def _appliance(name: str, number: int) -> dict[str, object]:
    profile, release, web_access, shapes = SITES[name]
    link = {
        "ipv4": f"198.51.100.{4 * number + 2}/30",
        "gateway_ipv4": f"198.51.100.{4 * number + 1}",
        "ipv6": f"2001:db8:{number:x}::2/64",
        "gateway_ipv6": f"2001:db8:{number:x}::1",
    }
    management = {
        "ipv4": f"10.254.{number}.2/30",
        "gateway_ipv4": f"10.254.{number}.1",
        "ipv6": f"fd80:fe:{number:x}::2/64",
        "gateway_ipv6": f"fd80:fe:{number:x}::1",
    }
    segments = [
        {
            "name": segment,
            "zone": zone,
            "vlan": vlan,
            "ipv4": f"10.16.{number * 8 + place}.1/24",
            "ipv6": f"fd80:16:{number:x}:{place:x}::1/64",
        }
        | ({"dhcp": _lease(number * 8 + place)} if has_dhcp else {})
        for place, (segment, (zone, vlan, has_dhcp)) in enumerate(shapes.items())
    ]
    segment, window = BACKED_UP.get(name, ("", ""))
    return {
        "name": name,
        "hostname": f"10.255.0.{number}",
        "port": 22,
        "username": "lisiere",
        "platform": "vyos",
        "territory": TERRITORY,
        "profile": profile,
        "data": {
            "site": f"Site {number}: mairie ou école d’Exemple",
            "insee": name[:5],
            "lifecycle": "staged",
            "scheduled_on": "2026-10-01",
            "release": release,
            "loopback": {"ipv4": f"10.255.0.{number}", "ipv6": f"fd80:ff::{number:x}"},
            "uplink": link,
            "management": management | {"vlan": 99},
            "uplink_mbit": 100,
            "segments": segments,
            "web_access": {"kind": web_access, "bypass": _bypass() if name == PARENT else []},
            "backup": {"segment": segment, "window": window, "rate_mbit": 20} if segment else None,
            "exceptions": _exceptions() if name == OLD_HALL else [],
        },
    }


def _lease(third: int) -> dict[str, str]:
    return {"start": f"10.16.{third}.50", "stop": f"10.16.{third}.250"}


def _bypass() -> list[dict[str, object]]:
    owner = {"owner": "Rectorat", "reason": "Examens en ligne", "until": "2027-06-30"}
    return [{"destination": "exams", **owner}]


def _exceptions() -> list[dict[str, object]]:
    rule = {
        "id": "heating",
        "from": "admin",
        "to": "wan",
        "source": "segment:offices",
        "destination": "publisher-site",
        "services": ["https"],
        "action": "allow",
        "flow": "web-access",
        "log": True,
    }
    return [{"rule": rule, "who": "Services techniques", "why": "Chauffage", "until": "2027-03-31"}]


def _operator() -> dict[str, object]:
    proxy = {"address": "203.0.113.80", "port": 3128}
    return {
        "name": "Syndicat numérique d’Exemple",
        "siren": "258001234",
        "domain": DOMAIN,
        "time_zone": "UTC",
        "banner": "Accès réservé aux personnes autorisées.\nToute connexion est journalisée.",
        "pools": {
            "sites_ipv4": "10.16.0.0/12",
            "sites_ipv6": "fd80:16::/32",
            "loopbacks_ipv4": "10.255.0.0/16",
            "loopbacks_ipv6": "fd80:ff::/64",
            "links_ipv4": "10.254.0.0/16",
            "links_ipv6": "fd80:fe::/48",
        },
        "management_prefixes": ["10.200.0.0/24", "fd80:c8::/64"],
        "resolvers": ["10.200.0.53", "203.0.113.53"],
        "time_servers": ["10.200.0.123", "203.0.113.123"],
        "collectors": [
            {"address": "10.200.0.61"},
            {"address": "fd80:c8::61", "port": 1514, "protocol": "udp"},
        ],
        "retention": [{"log_class": "web", "minimum_days": 365, "maximum_days": 365, "source": "L34-1 CPCE"}],
        "users": [
            {
                "name": "lisiere",
                "full_name": "Conduite automatisée",
                "keys": [{"name": "conduct", "type": "ssh-ed25519", "key": KEY}],
            },
        ],
        "proxy": proxy,
        "proxy_port": 3128,
        "filtering": {
            "blocked_categories": ["adult", "malware"],
            "blocked_names": ["gambling.example.org"],
            "allowed_names": ["public.example.fr"],
        },
        "backup": {"destination": "backup-servers", "service": "backup"},
        "academie": {
            "name": "Académie d’Exemple",
            "proxy": {"address": "203.0.113.90", "port": 8080},
            "pac_url": "http://203.0.113.91/proxy.pac",
            "pac_host": "pac-host",
            "resolvers": ["203.0.113.92", "203.0.113.93"],
            "tunnel_partner": "academie",
            "tunnel_proxy": {"address": "192.0.2.10", "port": 3128},
            "tunnel_pac_url": "http://192.0.2.11/proxy.pac",
        },
        "doh_resolvers": "doh",
    }


def _address_sets() -> list[dict[str, object]]:
    prefixes = {
        "backup-servers": ["203.0.113.200/32", "2001:db8:ffff::200/128"],
        "pac-host": ["203.0.113.91/32"],
        "doh": ["192.0.2.240/32", "2001:db8:ffff::240/128"],
        "exams": ["203.0.113.99/32"],
        "publisher-site": ["203.0.113.77/32"],
    }
    return [{"name": name, "title": name, "prefixes": found} for name, found in prefixes.items()]


def _services() -> list[dict[str, object]]:
    entries: dict[str, list[dict[str, object]]] = {
        "https": [{"protocol": "tcp", "ports": [443]}],
        "mail": [{"protocol": "tcp", "ports": [25, 587, 993]}],
        "backup": [{"protocol": "tcp", "ports": [8443]}],
        "sip": [{"protocol": "udp", "ports": [5060, "10000-20000"]}],
        "ping": [{"protocol": "icmp", "icmp_types": [8]}, {"protocol": "icmpv6", "icmp_types": [128]}],
    }
    return [{"name": name, "title": name, "entries": found} for name, found in entries.items()]


FLOWS = (
    "management",
    "network-control",
    "name-service",
    "time-service",
    "supervision",
    "address-service",
    "vpn-tunnels",
    "web-access",
    "backup",
    "mail",
    "telephony",
    "accounting",
)


def _flow(name: str) -> dict[str, object]:
    about = {"owner": "Syndicat", "reason": "Besoin déclaré", "legal_basis": "Mission de service public"}
    return {"id": name, "title": name, **about, "review_by": "2027-09-01"}


def _policies() -> dict[str, object]:
    mail = {"id": "mail", "from": "admin", "to": "wan", "services": ["mail"], "action": "allow", "flow": "mail"}
    phones = {"id": "phones", "from": "voice", "to": "wan", "services": ["sip"], "action": "allow", "flow": "telephony"}
    no_guests = {"id": "guests-apart", "from": "guest", "to": ["admin", "voice", "dmz"], "action": "deny"}
    return {
        "fleet": [no_guests],
        "territories": {TERRITORY: [phones]},
        "profiles": {"town-hall": [mail], "epci-seat": [mail]},
    }


def _crypto() -> list[dict[str, object]]:
    source: dict[str, object] = {
        "document": "Guide des mécanismes cryptographiques",
        "version": "2.04",
        "number": "2.1",
    }
    strong: dict[str, object] = {
        "name": "strong",
        "title": "AES-256-GCM, groupe 20",
        "source": source,
        "valid_until": "2030-12-31",
        "ike": {"encryption": "aes256gcm128", "prf": "sha384", "dh_group": 20, "lifetime_s": 28800},
        "esp": {
            "encryption": "aes256gcm128",
            "pfs_group": 20,
            "lifetime_s": 3600,
            "lifetime_bytes": 100_000_000_000,
        },
    }
    classic: dict[str, object] = {
        "name": "classic",
        "title": "AES-256-CBC pour un partenaire",
        "source": source,
        "valid_until": "2030-12-31",
        "ike": {
            "encryption": "aes256",
            "integrity": "sha256",
            "prf": "sha256",
            "dh_group": 19,
            "lifetime_s": 28800,
        },
        "esp": {
            "encryption": "aes256",
            "integrity": "sha256",
            "pfs_group": 19,
            "lifetime_s": 3600,
            "lifetime_bytes": 10_000_000_000,
        },
    }
    return [strong, classic]


def _member(site: str, *segments: str) -> dict[str, object]:
    return {"site": site, "segments": list(segments)}


def _overlays() -> list[dict[str, object]]:
    inside = [{"flow": "accounting", "services": ["https", "ping"]}]
    common = {"territory": TERRITORY, "crypto": "strong", "flows": inside}
    publisher = {
        "name": "publisher",
        "title": "Éditeur de paie",
        "contact": "astreinte@example.org",
        "address": "203.0.113.20",
        "identity": "vpn.publisher.example.org",
        "prefixes": ["192.0.2.64/28", "2001:db8:aaaa::/64"],
        "sites": [HALL],
        "flows": [
            {"flow": "accounting", "services": ["https"], "to": "publisher"},
            {"flow": "accounting", "services": ["ping"], "from": "publisher", "to": "any"},
        ],
        "until": "2027-12-31",
    }
    academie = {
        "name": "academie",
        "title": "Concentrateur de l’académie",
        "contact": "dsi@example.org",
        "address": "203.0.113.30",
        "identity": "concentrateur.example.org",
        "prefixes": ["192.0.2.8/29"],
        "sites": [TUNNEL],
        "flows": [{"flow": "web-access", "services": ["https"], "to": "academie"}],
        "until": "2027-12-31",
    }
    return [
        {
            "name": "intranet",
            "title": "Intranet, deux concentrateurs",
            "topology": "hub-spoke",
            "hubs": [SEAT, SECOND_SEAT],
            "members": [
                _member(SEAT, "offices", "servers"),
                _member(SECOND_SEAT, "offices", "servers"),
                _member(HALL, "offices"),
                _member(OLD_HALL, "offices"),
            ],
            "authentication": "psk",
            "partners": [publisher],
            **common,
        },
        {
            "name": "sensors",
            "title": "Capteurs, un concentrateur",
            "topology": "hub-spoke",
            "hubs": [SEAT],
            "members": [_member(SEAT, "servers"), _member(TECHNICAL, "machines"), _member(LONE_HALL, "offices")],
            "authentication": "psk",
            **common,
        },
        {
            "name": "schools",
            "title": "Écoles, maillées",
            "topology": "mesh",
            "members": [_member(COLLEGE, "staff"), _member(PARENT, "staff"), _member(LOCAL, "staff")],
            "authentication": "psk",
            **common,
        },
        {
            "name": "libraries",
            "title": "Médiathèques, par certificat",
            "topology": "mesh",
            "members": [_member(LIBRARY, "desk"), _member(SECOND_SEAT, "offices")],
            "authentication": "certificate",
            **common,
        },
        {
            "name": "academie",
            "title": "Vers l’académie",
            "topology": "mesh",
            "members": [_member(TUNNEL, "classes", "staff")],
            "authentication": "psk",
            "partners": [academie],
            **common,
            "crypto": "classic",
            "flows": [],
        },
    ]
