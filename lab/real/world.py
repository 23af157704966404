"""The world around the sites comes to be: rules, sockets and programs of every place, and what `lab.json` says of it.

`world` of `lab.json`::

    {"internet":   {"namespace", "addresses": [IPv4, IPv6] to try, "dns_log"},
     "academie":   {"namespace", "proxy": "address:port", "proxy_log", "proxy_seen_as": [IPv4, IPv6], "dns_log",
                    "resolvers": […], "pac_addresses": […]},
     "datacentre": {"namespace", "proxy", "proxy_log", "proxy_seen_as", "dns_log", "resolvers", "time_servers": […],
                    "collectors": ["address:port"], "logs": file, "vault": [IPv4, IPv6], "vault_ports": […],
                    "stored": folder},
     "partners":   [{"name", "namespace", "address", "addresses": [behind tunnels], "vici": socket or ""}],
     "clients":    {site: [{"segment", "device", "namespace", "ipv4", "ipv6", "gateway4", "gateway6"}]}}

Every place answers whatever is asked, with the page `NAME sees ADDRESS` over TCP and an echo over UDP, but where a
program or a server of `lab.real.answers` listens. NAME is the namespace without its `lisiere-`. A `vault` keeps what it
gets in `stored` (`backup-…`) until the sender shuts its side, and answers with size and SHA-256; `logs` has a line for
each that a collector got, with its sender; `dns_log` and `proxy_log` are those of dnsmasq and squid. Clients take no
address from router advertisements: they speak with those told here.
"""

import json
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from ipaddress import ip_network
from pathlib import Path

from lab.real import daemons, kernel
from lab.real.answers import PORT, Room
from lab.real.places import ANSWER, ANYWHERE, Place
from lab.real.site import Lan, Site
from lab.real.surroundings import Partner, Surroundings

LEASES = (68, 546)
"""Ports of DHCP clients: what comes there answers nobody."""
IKE = (500, 4500)
NO_ADVERTS = {"net/ipv6/conf/all/accept_ra": "0", "net/ipv6/conf/lan0/accept_ra": "0"}


def client(site: str, device: str) -> str:
    """The namespace of the client behind a device of a site."""
    return f"{kernel.PREFIX}at-{site}-{device}"


def prepare(places: Sequence[Place]) -> None:
    """Routing of the places that needs more than addresses: the Internet owns every address."""
    internet = next(one for one in places if one.name == "internet").namespace
    for family, anywhere in zip(("-4", "-6"), ANYWHERE, strict=True):
        lines = ("rule add iif core lookup 100", f"route add local {anywhere} dev lo table 100")
        kernel.batch(lines, namespace=internet, family=family)


def start(places: Sequence[Place], around: Surroundings, sites: Sequence[Site], folder: Path) -> dict[str, object]:
    """Start everything that answers; what `lab.json` says of it. Wait for it with `settle`."""
    rooms = [_room(one, around, folder) for one in places]
    rooms += [_behind(site, lan, folder) for site in sites for lan in site.lans]
    plan = folder / "rooms.json"
    for one in places:
        (folder / one.name).mkdir(parents=True)
    (folder / "datacentre/kept").mkdir()
    plan.write_text(json.dumps([asdict(one) for one in rooms]), encoding="utf-8")
    daemons.start(places[0].namespace, ["/usr/bin/env", f"PYTHONPATH={Path(__file__).parents[2]}", sys.executable, "-m",
                                        "lab.real.answers", str(plan)], folder / "answers.out")  # fmt: skip
    by_name = {one.name: one for one in places}
    return {
        **_programs(by_name, around, folder),
        "partners": [_partner(one, by_name[f"partner-{one.name}"], folder) for one in around.partners],
        "clients": {site.name: [_client(site, lan) for lan in site.lans] for site in sites},
    }


def settle(folder: Path) -> None:
    """Wait until every room answers."""
    daemons.wait_for("the world around the lab", (folder / "ready").exists, folder / "answers.out")


# ---- rooms -----------------------------------------------------------------------------------------------------------


def _room(place: Place, around: Surroundings, folder: Path) -> Room:
    """What one place answers, beside its programs."""
    academie, centre = around.academie, around.datacentre
    taken, pac = {53}, academie.proxy
    tcp: dict[str, str] = {}
    udp: dict[str, str] = {}
    if place.name == "academie":
        tcp["80"], taken = "pac", taken | {80, academie.proxy[1]}
    elif place.name == "datacentre":
        tcp |= {str(port): "vault" for port in centre.vault_ports}
        tcp |= {str(port): "log" for _, port in centre.collectors}
        udp |= {str(port): "log" for _, port in centre.collectors} | {"123": "clock"}
        taken |= {centre.proxy[1], *map(int, tcp), *map(int, udp)}
    elif place.protected:
        tcp["80"], pac = "pac", (place.protected[0], academie.proxy[1])
    rules = _protected(place) if place.protected else _redirected("core", taken, taken, own=place.name == "internet")
    script = f'function FindProxyForURL(url, host) {{\n  return "PROXY {pac[0]}:{pac[1]}";\n}}\n'
    words = place.namespace.removeprefix(kernel.PREFIX)
    at = folder / (f"{place.name}/kept" if place.name == "datacentre" else place.name)
    return Room(place.namespace, words, rules, str(at), {str(PORT): "page"} | tcp, {str(PORT): "echo"} | udp, script)


def _behind(site: Site, lan: Lan, folder: Path) -> Room:
    name = client(site.name, lan.device)
    rules = _redirected("lan0", (), LEASES)
    words = name.removeprefix(kernel.PREFIX)
    return Room(
        name, words, rules, str(folder), {str(PORT): "page"}, {str(PORT): "echo"}, settings=NO_ADVERTS,
        addresses=lan.client_addresses(), gateways=[str(one.ip) for one in lan.gateway],
    )  # fmt: skip


def _redirected(device: str, tcp: Collection[int], udp: Collection[int], *, own: bool = False) -> str:
    """Rules that bring whatever comes from a device to the port that answers, but for some, which others listen on.

    With `own` those too come to the one address of the namespace.
    """
    lines = [
        f'iifname "{device}" meta l4proto {protocol} {_but(protocol, ports)}redirect to :{PORT}'
        for protocol, ports in (("tcp", tcp), ("udp", udp))
    ]
    lines += [f'iifname "{device}" meta l4proto {{ tcp, udp }} redirect'] if own else []
    lines += [f'iifname "{device}" {family} type echo-request redirect' for family in ("icmp", "icmpv6")]
    return _chain(lines)


def _protected(place: Place) -> str:
    """The same for a place behind tunnels: its device there has no address of its own that could stand in."""
    lines = []
    for one in place.protected:
        family, at = ("ip6", f"[{one}]:{PORT}") if ":" in one else ("ip", f"{one}:{PORT}")
        for protocol, but in (("tcp", (80,)), ("udp", ())):
            lines.append(f"{family} daddr {one} meta l4proto {protocol} {_but(protocol, but)}dnat {family} to {at}")
    lines += [
        f'iifname "core" meta l4proto {protocol} {_but(protocol, IKE)}redirect to :{PORT}'
        for protocol in ("tcp", "udp")
    ]
    return _chain(lines)


def _chain(lines: Sequence[str]) -> str:
    inside = "".join(f"    {line}\n" for line in lines)
    return (
        "flush ruleset\ntable inet world {\n  chain prerouting {\n"
        f"    type nat hook prerouting priority dstnat;\n{inside}  }}\n}}\n"
    )


def _but(protocol: str, ports: Collection[int]) -> str:
    return f"{protocol} dport != {{ {', '.join(map(str, sorted(ports)))} }} " if ports else ""


# ---- programs --------------------------------------------------------------------------------------------------------


def _programs(places: Mapping[str, Place], around: Surroundings, folder: Path) -> dict[str, object]:
    """Start resolvers and proxies; the entries of their places."""
    academie, centre = around.academie, around.datacentre
    told: dict[str, dict[str, object]] = {}
    for name, proxy, resolvers in (
        ("internet", None, ()),
        ("academie", academie.proxy, academie.resolvers),
        ("datacentre", centre.proxy, centre.resolvers),
    ):
        place, at = places[name], folder / name
        daemons.resolver(place.namespace, at, answer=ANSWER, names=around.names)
        told[name] = {"namespace": place.namespace, "dns_log": str(at / "dns.log")}
        if proxy is not None:
            seen_as = place.seen_as()
            daemons.proxy(place.namespace, at, at=proxy, resolvers=resolvers, seen_as=seen_as)
            told[name] |= {
                "proxy": f"{proxy[0]}:{proxy[1]}", "proxy_log": str(at / "squid/access.log"), "proxy_seen_as": seen_as,
                "resolvers": resolvers,
            }  # fmt: skip
    told["internet"]["addresses"] = ANSWER
    told["academie"]["pac_addresses"] = academie.pac_addresses
    told["datacentre"] |= {
        "time_servers": centre.time_servers,
        "collectors": [f"{address}:{port}" for address, port in centre.collectors],
        "logs": str(folder / "datacentre/kept/logs"),
        "vault": [str(ip_network(one)[1]) for one in centre.vaults],
        "vault_ports": centre.vault_ports,
        "stored": str(folder / "datacentre/kept"),
    }
    return dict(told)


def _partner(partner: Partner, place: Place, folder: Path) -> dict[str, object]:
    at = folder / place.name
    is_known = any(one.secret for one in partner.tunnels)
    if is_known:
        daemons.far_end(place.namespace, at, partner)
    return {
        "name": partner.name, "namespace": place.namespace, "address": partner.address,
        "addresses": partner.addresses, "vici": str(at / "charon.vici") if is_known else "",
    }  # fmt: skip


def _client(site: Site, lan: Lan) -> dict[str, str]:
    ipv4, ipv6 = (one.split("/")[0] for one in lan.client_addresses())
    gateway_4, gateway_6 = (str(one.ip) for one in lan.gateway)
    return {
        "segment": lan.segment, "device": lan.device, "namespace": client(site.name, lan.device),
        "ipv4": ipv4, "ipv6": ipv6, "gateway4": gateway_4, "gateway6": gateway_6,
    }  # fmt: skip
