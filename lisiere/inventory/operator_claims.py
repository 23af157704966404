"""What the operator's file says is somewhere: prefixes and servers that no partner can have as well."""

from collections.abc import Iterator
from ipaddress import ip_network

from lisiere.inventory.draft import Draft
from lisiere.model.operator import Operator
from lisiere.model.words import Address, Prefix


def operator_claims(draft: Draft) -> Iterator[tuple[str, Prefix]]:
    """(what it is, prefix) of pools, management and servers; what the académie has behind its tunnel is not among them.

    A route into a partner's tunnel would take what sites need from there, or management itself.
    """
    if draft.operator is None:
        return
    operator = draft.operator.value
    yield from ((f"the pool {name}", pool) for name, pool in operator.pools)
    yield from (("the management prefixes", prefix) for prefix in operator.management_prefixes)
    yield from ((what, ip_network(address)) for what, address in _servers(operator))
    for what, name in (("backup server", operator.backup.destination), ("PAC host", operator.academie.pac_host)):
        found = draft.address_sets.items.get(name)
        if found is not None:
            yield from ((f"the {what} ({name})", prefix) for prefix in found.value.prefixes)


def _servers(operator: Operator) -> Iterator[tuple[str, Address]]:
    yield from (("the operator's resolvers", one) for one in operator.resolvers)
    yield from (("the time servers", one) for one in operator.time_servers)
    yield from (("the collectors", one.address) for one in operator.collectors)
    yield "the operator's proxy", operator.proxy.address
    yield "the académie's proxy", operator.academie.proxy.address
    yield from (("the académie's resolvers", one) for one in operator.academie.resolvers)
