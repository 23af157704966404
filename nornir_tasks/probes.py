"""What to look at on an appliance to know that a change did not cut it off."""

from lisiere.model.intent import SiteIntent
from lisiere.model.site import Appliance
from nornir_tasks.verifying import Probes


def probes_of(appliance: Appliance, intent: SiteIntent) -> Probes:
    """The tunnels and neighbours of one appliance: gateways of both links, and the proxy behind its own."""
    data = appliance.data
    addresses = [str(data.uplink.gateway_ipv4), str(data.management.gateway_ipv4)]
    if intent.web.proxy is not None and intent.web.proxy.parent is not None:
        addresses.append(str(intent.web.proxy.parent.address))
    titles = {tunnel.name: tunnel.peer_title for tunnel in intent.tunnels}
    return Probes(tunnels=frozenset(titles), addresses=tuple(addresses), titles=titles)


def probes_within(probes: Probes, text: str) -> Probes:
    """Those of the probes that a configuration speaks of: after a rollback, nothing else can be expected to work."""
    words = frozenset(text.replace("'", " ").split())
    return Probes(
        tunnels=probes.tunnels & words,
        addresses=tuple(address for address in probes.addresses if address in words),
        titles=probes.titles,
    )
