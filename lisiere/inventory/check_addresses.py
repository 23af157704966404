"""Checks of the address plan: pools, subnets, gateways, DHCP, and that nothing overlaps across the fleet."""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Interface, IPv6Interface

from lisiere.inventory.draft import Draft, is_misplaced, is_retired
from lisiere.inventory.nornir_shape import Host
from lisiere.inventory.notes import KeyPath, Notebook
from lisiere.inventory.overlaps import Claim, overlaps, site_claims
from lisiere.inventory.sections import Item
from lisiere.model.operator import Operator, Pools
from lisiere.model.site import Segment, Territory, Uplink
from lisiere.model.words import Address, Prefix

FAMILIES = ("ipv4", "ipv6")
POOLS = tuple(Pools.model_fields)


def check(draft: Draft, notes: Notebook) -> None:
    """Note what is wrong with the address plan."""
    pools = draft.operator.value.pools if draft.operator else None
    if draft.operator:
        _refuse_overlaps(_pool_claims(draft.operator), notes)
    placed = {
        (siren, family)
        for siren, item in draft.nornir.territories.items.items()
        for family in FAMILIES
        if _check_territory(item, family, pools, notes)
    }
    _refuse_overlaps(_territory_claims(draft), notes)
    for host in draft.nornir.each():
        for family in FAMILIES:
            _check_family(host, family, pools, notes)
            if (host.value.territory, family) in placed and not is_misplaced(host):
                territory = draft.nornir.territories.items[host.value.territory].value
                _check_territory_holds(host, family, getattr(territory, family), notes)
        for index, segment in enumerate(host.value.data.segments):
            _check_dhcp(host, segment, index, notes)
    retired_first = sorted(draft.nornir.each(), key=lambda host: not is_retired(host))
    _refuse_overlaps(site_claims(retired_first), notes)


def _refuse_overlaps(claims: Iterable[Claim], notes: Notebook) -> None:
    for claim, other in overlaps(claims):
        verb = "is also" if claim.prefix == other.prefix else f"overlaps {other.prefix}, which is"
        message = f"{claim.owner}: {claim.prefix} {verb} that of {other.owner}"
        notes.add(claim.place, message, "give one of the two a prefix that is free")


def _pool_claims(operator: Item[Operator]) -> Iterator[Claim]:
    for name in POOLS:
        yield Claim(getattr(operator.value.pools, name), f"pool {name}", operator, ("pools", name))


def _territory_claims(draft: Draft) -> Iterator[Claim]:
    for siren, item in draft.nornir.territories.items.items():
        for family in FAMILIES:
            yield Claim(getattr(item.value, family), f"territory {siren}", item, (family,))


def _check_territory(item: Item[Territory], family: str, pools: Pools | None, notes: Notebook) -> bool:
    """Whether a territory's prefix is right, so that its sites can be held against it."""
    prefix: Prefix = getattr(item.value, family)
    if prefix.version != int(family[-1]):
        message = f"territory {item.value.siren}: {prefix} is no prefix of {_shown(family)}"
        notes.add(item.at(family), message, f"write its {_shown(family)} prefix")
        return False
    pool: Prefix | None = getattr(pools, f"sites_{family}") if pools else None
    if pool is not None and not _within(prefix, pool):
        message = f"territory {item.value.siren}: {prefix} is outside the pool sites_{family}"
        notes.add(item.at(family), message, f"take a free part of {pool}")
        return False
    return True


def _check_territory_holds(host: Host, family: str, prefix: Prefix, notes: Notebook) -> None:
    for index, segment in enumerate(host.value.data.segments):
        network: Prefix = getattr(segment, family).network
        if not _within(network, prefix):
            message = f"host {host.value.name}: segment {segment.name} has {network}, outside its territory's prefix"
            notes.add(host.at("segments", index, family), message, f"take a free part of {prefix}")


def _check_family(host: Host, family: str, pools: Pools | None, notes: Notebook) -> None:
    data = host.value.data
    if pools:
        _check_pool(host, family, pools, notes)
    for key, link in (("uplink", data.uplink), ("management", data.management)):
        _check_subnet(host, getattr(link, family), (key, family), key, notes)
        _check_gateway(host, link, key, family, notes)
    for index, segment in enumerate(data.segments):
        path = ("segments", index, family)
        _check_subnet(host, getattr(segment, family), path, f"segment {segment.name}", notes)


def _check_pool(host: Host, family: str, pools: Pools, notes: Notebook) -> None:
    data, name = host.value.data, host.value.name
    links: Prefix = getattr(pools, f"links_{family}")
    for key, link in (("uplink", data.uplink), ("management", data.management)):
        network = getattr(link, family).network
        if not _within(network, links):
            message = f"host {name}: {key} has {network}, outside the pool links_{family}"
            notes.add(host.at(key, family), message, f"take a free part of {links}")
    loopbacks: Prefix = getattr(pools, f"loopbacks_{family}")
    address: Address = getattr(data.loopback, family)
    if address not in loopbacks:
        message = f"host {name}: loopback {address} is outside the pool loopbacks_{family}"
        notes.add(host.at("loopback", family), message, f"take a free address of {loopbacks}")


def _check_subnet(host: Host, own: IPv4Interface | IPv6Interface, path: KeyPath, what: str, notes: Notebook) -> None:
    """An appliance has an address that a host may have, in a subnet with room for others."""
    if own.network.prefixlen == own.network.max_prefixlen:
        message = f"host {host.value.name}: {what} has {own.ip} without a prefix length"
        notes.add(host.at(*path), message, f"write {own.ip}/<length>")
    elif not _is_host_address(own.ip, own.network):
        message = f"host {host.value.name}: {what} has {own.ip}, which is no host address of {own.network}"
        notes.add(host.at(*path), message, "take an address between the first and the last")


def _check_gateway(host: Host, link: Uplink, key: str, family: str, notes: Notebook) -> None:
    own: IPv4Interface | IPv6Interface = getattr(link, family)
    gateway: Address = getattr(link, f"gateway_{family}")
    if own.network.prefixlen == own.network.max_prefixlen:
        return
    name, advice = host.value.name, "name the neighbour's address on that link"
    if gateway == own.ip:
        message, advice = f"host {name}: {key} is its own gateway, {gateway}", "name the neighbour's address"
    elif gateway not in own.network:
        message = f"host {name}: {key} has the gateway {gateway}, outside {own.network}"
    elif not _is_host_address(gateway, own.network):
        message = f"host {name}: {key} has the gateway {gateway}, which is no host address of {own.network}"
    else:
        return
    notes.add(host.at(key, f"gateway_{family}"), message, advice)


def _check_dhcp(host: Host, segment: Segment, index: int, notes: Notebook) -> None:
    leased, own = segment.dhcp, segment.ipv4
    if leased is None:
        return
    name, here = f"host {host.value.name}: segment {segment.name}", ("segments", index, "dhcp")
    is_inside = True
    for key, address in (("start", leased.start), ("stop", leased.stop)):
        if not _is_host_address(address, own.network):
            is_inside = False
            message = f"{name} leases {address}, which is no host address of {own.network}"
            notes.add(host.at(*here, key), message, "keep the range inside the segment")
    if leased.stop < leased.start:
        message = f"{name} leases a range that ends before it begins"
        notes.add(host.at(*here, "stop"), message, "exchange start and stop")
    elif is_inside and leased.start <= own.ip <= leased.stop:
        message = f"{name} leases {own.ip}, the appliance's own address"
        notes.add(host.at(*here), message, "begin the range after it, or end it before")


def _is_host_address(address: Address, network: Prefix) -> bool:
    """Neither the subnet's first address nor, in IPv4, its last; links of two have neither (RFC 3021, 6164)."""
    if address.version != network.version:
        return False
    place, room = int(address) - int(network.network_address), network.max_prefixlen - network.prefixlen
    if not 0 <= place < 1 << room:
        return False
    return room <= 1 or (place != 0 and (network.version == 6 or place != (1 << room) - 1))


def _within(inner: Prefix, outer: Prefix) -> bool:
    """Whether a prefix lies in another, which may be of the other family."""
    return inner.version == outer.version and inner.prefixlen >= outer.prefixlen and inner.network_address in outer


def _shown(key: str) -> str:
    return "IPv4" if key == "ipv4" else "IPv6"
