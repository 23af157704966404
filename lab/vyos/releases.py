"""What differs between the releases beside the grammar: version texts and the footer of config.boot."""

from dataclasses import dataclass

_COMMON = (
    "bgp@5:broadcast-relay@1:cluster@2:config-management@1:conntrack@5:conntrack-sync@2:container@2:dhcp-relay@2:"
    "dhcp-server@{dhcp}:dhcpv6-server@{dhcp6}:dns-dynamic@4:dns-forwarding@4:firewall@{firewall}:flow-accounting@1:"
    "https@{https}:ids@1:interfaces@{interfaces}:ipoe-server@{ipoe}:ipsec@13:isis@3:l2tp@9:lldp@2:mdns@1:monitoring@1:"
    "nat@8:nat66@3:ntp@3:openconnect@3:{openvpn}ospf@2:pim@1:policy@8:pppoe-server@{pppoe}:pptp@5:qos@2:quagga@11:"
    "reverse-proxy@{proxy}:rip@1:rpki@2:salt@1:snmp@3:ssh@2:sstp@6:system@27:vrf@3:vrrp@4:vyos-accel-ppp@2:"
    "wanloadbalance@3:webproxy@2"
)


@dataclass(frozen=True, slots=True)
class Release:
    """One release of VyOS."""

    name: str
    version: str
    train: str
    components: str
    reverts_by_reboot: bool
    """A commit that nobody confirms: reboot into the saved configuration, or reload of the revision before."""
    revert_word: str

    def footer(self) -> str:
        """The lines at the end of config.boot by which a later release knows what to migrate."""
        return (
            "\n\n// Warning: Do not remove the following line.\n"
            f'// vyos-config-version: "{self.components}"\n'
            f"// Release version: {self.version}\n"
        )


RELEASES = {
    "1.4": Release(
        name="1.4",
        version="1.4.0",
        train="sagitta",
        components=_COMMON.format(
            dhcp=8, dhcp6=1, firewall=15, https=6, interfaces=32, ipoe=3, openvpn="", pppoe=10, proxy=1
        ),
        reverts_by_reboot=True,
        revert_word="reboot",
    ),
    "1.5": Release(
        name="1.5",
        version="1.5-rolling-202410210007",
        train="current",
        components=_COMMON.format(
            dhcp=11, dhcp6=6, firewall=17, https=7, interfaces=33, ipoe=4, openvpn="openvpn@4:", pppoe=11, proxy=2
        ),
        reverts_by_reboot=False,
        revert_word="reload",
    ),
}
