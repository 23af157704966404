"""What stands around the sites of a real lab, read from the inventory: services, names, the far ends of partners."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from lab.real.surroundings import Partner, PartnerTunnel, Surroundings
    from lisiere.model.fleet import Fleet
    from lisiere.model.intent import SiteIntent, Tunnel
    from lisiere.model.words import Prefix
    from lisiere.settings import Settings


def surroundings(fleet: "Fleet", intents: "Iterable[SiteIntent]", reveal: "Callable[[str], str]") -> "Surroundings":
    """The surroundings of some sites; `reveal` gives a secret's value, "" for one that is not known."""
    from lab.real.surroundings import Academie, Datacentre, Surroundings

    operator, academie = fleet.operator, fleet.operator.academie
    pac = _hosts(fleet.address_sets[academie.pac_host].prefixes)
    entries = [one for one in fleet.services[operator.backup.service].entries if one.protocol == "tcp"]
    vault_ports = (int(str(port).partition("-")[0]) for one in entries for port in one.ports)
    tunnel_proxy = str(academie.tunnel_proxy.address)
    return Surroundings(
        operators=tuple(map(str, operator.management_prefixes)),
        academie=Academie(
            (str(academie.proxy.address), academie.proxy.port), tuple(map(str, academie.resolvers)), pac_addresses=pac
        ),
        datacentre=Datacentre(
            proxy=(str(operator.proxy.address), operator.proxy.port),
            resolvers=tuple(map(str, operator.resolvers)),
            time_servers=tuple(map(str, operator.time_servers)),
            collectors=tuple((str(one.address), one.port) for one in operator.collectors),
            vaults=tuple(map(str, fleet.address_sets[operator.backup.destination].prefixes)),
            vault_ports=tuple(vault_ports),
        ),
        names=((_host(academie.pac_url), pac), (_host(academie.tunnel_pac_url), (tunnel_proxy,))),
        partners=_partners(intents, preferred=tunnel_proxy, reveal=reveal),
    )


def transit_of(name: str, fleet: "Fleet") -> tuple[str, ...]:
    """Prefixes of others that a site may have to answer for: of a hub all in its territory, members by now or later."""
    if not any(name in one.hubs for one in fleet.overlays.values()):
        return ()
    territory = fleet.appliances[name].territory
    others = (one for one in fleet.in_service() if one.territory == territory and one.name != name)
    segments = (segment for one in others for segment in one.data.segments)
    return tuple(str(one.network) for segment in segments for one in (segment.ipv4, segment.ipv6))


def revealer(settings: "Settings") -> "Callable[[str], str]":
    """What gives the value of a secret of this workplace; "" where there is no store, or no such value in it."""
    from cli.workplace import secret_store, secrets_file
    from lisiere.secrets.references import PREFIX

    if not secrets_file(settings).exists():
        return lambda _: ""
    store = secret_store(settings)
    known = store.names()

    def reveal(reference: str) -> str:
        name = reference.removeprefix(PREFIX)
        return store.get(name) if name in known else ""

    return reveal


def _partners(
    intents: "Iterable[SiteIntent]", *, preferred: str, reveal: "Callable[[str], str]"
) -> "tuple[Partner, ...]":
    """A partner for each far address of the sites' tunnels to partners."""
    from lab.real.surroundings import Partner

    found: dict[tuple[str, str], list[tuple[str, Tunnel]]] = {}
    for intent in intents:
        for tunnel in intent.tunnels:
            if tunnel.is_partner:
                found.setdefault((tunnel.peer, str(tunnel.remote_address)), []).append((intent.name, tunnel))
    partners = []
    for number, ((name, address), ends) in enumerate(sorted(found.items())):
        prefixes = dict.fromkeys(prefix for _, tunnel in ends for prefix in tunnel.remote_prefixes)
        is_alone = sum(other == name for other, _ in found) == 1
        partners.append(
            Partner(
                name=name if is_alone else f"{name}-{number}",
                address=address,
                addresses=tuple(_one_of(prefix, preferred) for prefix in prefixes),
                tunnels=tuple(_far_end(site, tunnel, reveal) for site, tunnel in ends),
            )
        )
    return tuple(partners)


def _far_end(site: str, tunnel: "Tunnel", reveal: "Callable[[str], str]") -> "PartnerTunnel":
    from lab.real.surroundings import PartnerTunnel
    from lisiere.render.debian import esp_proposal, ike_proposal

    return PartnerTunnel(
        name=f"{tunnel.overlay}-{site}",
        site=site,
        remote_address=str(tunnel.local_address),
        local_identity=tunnel.remote_identity,
        remote_identity=tunnel.local_identity,
        ike=str(ike_proposal(tunnel.crypto.ike)),
        esp=str(esp_proposal(tunnel.crypto.esp)),
        local_prefixes=tuple(map(str, tunnel.remote_prefixes)),
        remote_prefixes=tuple(map(str, tunnel.local_prefixes)),
        secret=reveal(tunnel.secret),
    )


def _one_of(prefix: "Prefix", preferred: str) -> str:
    """An address out of a prefix: the preferred one if it is in there."""
    from ipaddress import ip_address

    wanted = ip_address(preferred)
    return preferred if wanted.version == prefix.version and wanted in prefix else str(prefix[1])


def _hosts(prefixes: "Iterable[Prefix]") -> tuple[str, ...]:
    return tuple(str(one[0] if one.num_addresses == 1 else one[1]) for one in prefixes)


def _host(url: str) -> str:
    from urllib.parse import urlsplit

    return str(urlsplit(url).hostname)
