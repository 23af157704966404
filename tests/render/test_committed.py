"""The checks on rendered texts notice what they are there for: each breaks a good text and is found out."""

import pytest

from lisiere.render.renderer import render
from tests.render.cases import resolved
from tests.render.committed import mistakes
from tests.render.fleet import HALL, SECOND_SEAT

# What is done to a good text (the beginning of the lines that go, or a line that comes), and what is said of it.
LOST = {
    "firewall group network-group fleet-sites": "network-group fleet-sites does not exist or is empty",
    "firewall ipv4 name ADMIN-WAN default-log": "ipv4 ADMIN-WAN: nothing is denied and logged at the end",
    "firewall ipv4 name MGMT-SELF rule 100 action": "ipv4 MGMT-SELF rule 100: no action",
    "firewall ipv4 name MGMT-SELF rule 100 protocol": "ipv4 MGMT-SELF rule 100: a port without tcp or udp",
    "firewall ipv6 name VPN-VPN": "rule set ipv6 VPN-VPN does not exist",
    "firewall zone WAN interface": "interface eth0 is in 0 zones",
    "firewall zone UNTAGGED": "interface eth1 is in 0 zones",
    "firewall zone LOCAL local-zone": "there is not exactly one local zone",
    "firewall zone MGMT default-action": "zone MGMT does not drop by default",
    "firewall zone GUEST intra-zone-filtering": "zone GUEST does not say what passes inside it",
    "firewall zone LOCAL from MGMT firewall ipv6-name": "zone LOCAL: a pair is not bound in both families",
    "interfaces dummy dum0": "ssh: 10.255.0.3 is no address of this appliance",
    "interfaces ethernet eth1 vif 10": "dns forwarding: 10.16.24.1 is no address of this appliance",
    "nat source rule 10 exclude": "nat rule 10: neither exempts nor translates, or both",
    "service ssh disable-password": "ssh: listens everywhere or accepts passwords",
    "service ntp server": "ntp: no server",
    "system syslog host 10.200.0.61 facility": "syslog 10.200.0.61: no facility",
    "system syslog host 10.200.0.61 format": "syslog 10.200.0.61: over TCP nothing is sent without counted frames",
    "system login user lisiere authentication public-keys conduct type": "user lisiere: no complete key",
    "service dhcp-server shared-network-name offices subnet 10.16.24.0/24 range pool stop": "dhcp offices: the range",
    "vpn ipsec ike-group strong-initiator proposal 1 prf": "IKE is not complete",
    "vpn ipsec esp-group strong pfs": "ESP is not complete",
    "vpn ipsec authentication psk intranet-publisher": "peer intranet-publisher: no key under both identities",
    "vpn ipsec site-to-site peer intranet-publisher tunnel 0 remote": "peer intranet-publisher: no selectors",
    "vpn ipsec options": "ipsec: routes would be installed beside ours",
    "qos policy shaper UPLINK default": "qos eth0: no such interface, or no default class",
}
ADDED = {
    "firewall zone WAN interface 'eth1.10'": "interface eth1.10 is in 2 zones",
    "firewall zone WAN interface 'eth7'": "zone member eth7 does not exist",
    "firewall zone WAN from DMZ firewall name 'X'": "zone WAN from DMZ: no such zone",
    "firewall ipv4 name STRAY default-action 'drop'": "rule set ipv4 STRAY is bound nowhere",
    "nat source rule 5 translation address 'masquerade'": "nat rule 5: its interface does not exist",
    "protocols static route 192.0.2.0/24 next-hop 192.0.2.1": "next hop 192.0.2.1 is on no link",
    "protocols static route 192.0.2.0/24 interface vti1": "interface vti1 does not exist",
    "service ntp server 10.200.0.123 prefer": "twice: set service ntp server 10.200.0.123 prefer",
    "service webproxy listen-address 192.0.2.1 port '3128'": "webproxy: 192.0.2.1 is no address",
    "service router-advert interface eth1.99 prefix fd00::/64": "router-advert: eth1.99 does not exist",
    "vpn ipsec site-to-site peer intranet-publisher tunnel 0 remote prefix '10.16.0.0/16'": "its selectors overlap",
}


@pytest.fixture(scope="module")
def text() -> str:
    """The configuration of a site that has everything."""
    return render(resolved()[HALL])


@pytest.mark.parametrize("beginning", LOST)
def test_a_lost_command_is_noticed(text: str, beginning: str) -> None:
    """Without the commands that begin so, the text is found wrong for the reason given."""
    lines = text.splitlines(keepends=True)
    left = [line for line in lines if not line.startswith(f"set {beginning}")]
    assert len(left) < len(lines)
    assert any(LOST[beginning] in found for found in mistakes("".join(left)))


@pytest.mark.parametrize("command", ADDED)
def test_a_wrong_command_is_noticed(text: str, command: str) -> None:
    """With one command more, the text is found wrong for the reason given."""
    assert any(ADDED[command] in found for found in mistakes(f"{text}set {command}\n"))


def test_a_lost_certificate_is_noticed() -> None:
    """A peer that shows a certificate needs it in the configuration."""
    lines = render(resolved()[SECOND_SEAT]).splitlines(keepends=True)
    left = [line for line in lines if not line.startswith("set pki certificate")]
    assert any("no certificate" in found for found in mistakes("".join(left)))


def test_too_many_selectors_are_noticed(text: str) -> None:
    """IKEv2 counts the selectors of one side in one octet."""
    peer = "vpn ipsec site-to-site peer intranet-publisher"
    more = "".join(f"set {peer} tunnel 0 remote prefix '192.168.{third}.0/24'\n" for third in range(256))
    assert any("more selectors than IKEv2 can carry" in found for found in mistakes(text + more))
