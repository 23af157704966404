"""Slips of templates that the proof has to catch, each with the part of it that is there for the slip."""

from dataclasses import dataclass
from enum import StrEnum

CHAIN, HOOKS, NAT = "firewall/debian/chain.j2", "firewall/debian/hooks.j2", "firewall/debian/nat.j2"
SOURCES = "firewall/debian/sources.j2"
SQUID, PAC, TUNNELS = "proxy/debian/main.j2", "proxy/debian/pac.j2", "vpn/debian/main.j2"
LEASES = "base/debian/dnsmasq.j2"


class Role(StrEnum):
    """A site of the lab that shows a slip."""

    HALL = "a town hall"
    MEMBER = "a town hall that is a member of an overlay"
    SCHOOL = "a school behind the académie's proxy"
    FILTERING = "a school with a proxy that filters"
    CLOSED = "a site whose backup may not run now"


class Shown(StrEnum):
    """The part of the proof that is there for a slip."""

    PACKETS = "packets"
    MEMBERS = "members of overlays"
    TUNNELS = "tunnels up"
    PAGE = "a page by the school's way"
    PARENT = "nothing without the parent"
    PAC = "the PAC file"


@dataclass(frozen=True, slots=True)
class Slip:
    """What goes wrong.

    Args:
        what: In words.
        role: Where.
        shown: By what it has to be caught.
        template: The template that has the slip; empty when it is put into the rendered text.
        old: A regular expression for what stands there; the first place counts.
        new: What stands there instead.
    """

    what: str
    role: Role
    shown: Shown
    template: str
    old: str
    new: str


def _rule(name: str, old: str, new: str, role: Role = Role.HALL) -> Slip:
    return Slip(name, role, Shown.PACKETS, "", old, new)


SLIPS = (
    # Rules and sets, as they would look in the rendered text.
    _rule("a dropped deny", r"\t\t.*limit rate.*no-doh-by-proxy.*\n\t\t.*no-doh-by-proxy.*\n", "", Role.FILTERING),
    _rule("a deny that accepts", r"(counter )drop( comment \"\d+ web-access no-direct-web)", r"\1accept\2",
          Role.SCHOOL),
    _rule("no block of udp/443", r"(counter )drop( comment \"\d+ web-access no-quic)", r"\1accept\2", Role.SCHOOL),
    _rule("IPv6 let through",
          r"(chain admin-wan-ipv6 \{(?:.*\n)*?.*counter )drop( comment \"\d+ web-access no-direct-web)", r"\1accept\2",
          Role.SCHOOL),
    _rule("a dropped allow", r"\t\t.*management management-ping.*\n", ""),
    _rule("a port too few", r"16384-16484", "16384-16483"),
    _rule("a port too many", r"16384-16484", "16384-16485"),
    _rule("another protocol", r"tcp dport \{ 465, 587, 993 \}", "udp dport { 465, 587, 993 }"),
    _rule("a widened set", r"(set ipv4-mail-hosting (?:.*\n)*?.*elements = )\{[^}]*\}", r"\1{ 10.52.4.0/27 }"),
    _rule("an emptied set", r"(set ipv4-op-names-wan (?:.*\n)*?.*elements = )\{[^}]*\}", r"\1{ 192.0.2.9 }"),
    _rule("a swapped zone", r'"lan-voice" : goto voice-self-ipv4', '"lan-voice" : goto admin-self-ipv4'),
    _rule("a swapped pair", r'("lan-guest" \. "lan-admin" :) goto guest-admin-ipv4', r"\1 accept"),
    _rule("a forgotten pair", r'\t\t\t"lan-admin" \. "wan0" : goto admin-wan-ipv4,\n', ""),
    _rule("no hour", r'meta hour "[0-9:]+"-"[0-9:]+" ', "", Role.CLOSED),
    # Templates of the firewall.
    Slip("an open end", Role.HALL, Shown.PACKETS, CHAIN, r"\t\tcounter drop\n\t\}", "\t\tcounter accept\n\t}"),
    Slip("an open way", Role.HALL, Shown.PACKETS, HOOKS, r"\t\tcounter drop\n\t\}\n", "\t\tcounter accept\n\t}\n"),
    Slip("no check of sources", Role.HALL, Shown.PACKETS, SOURCES, r"(ip saddr != .*) counter drop", r"\1 counter"),
    Slip("own addresses from outside", Role.HALL, Shown.PACKETS, SOURCES, r"(127\.0\.0\.0/8 \}) counter drop",
         r"\1 counter"),
    Slip("no translation", Role.HALL, Shown.PACKETS, NAT, r"counter masquerade", "counter"),
    # Tunnels.
    Slip("translation into the VPN", Role.MEMBER, Shown.MEMBERS, NAT,
         r'oifname "\{\{ uplink \}\}" (ip saddr .* masquerade)', r"\1"),
    Slip("a wrong selector", Role.MEMBER, Shown.MEMBERS, TUNNELS, r"remote_ts = \{\{ tunnel.remote_prefixes \|",
         "remote_ts = {{ tunnel.remote_prefixes[-1:] |"),
    Slip("another identity", Role.MEMBER, Shown.TUNNELS, TUNNELS, r"\t\t\tid = \{\{ tunnel.local_identity \}\}",
         "\t\t\tid = {{ tunnel.remote_identity }}"),
    Slip("another cipher", Role.MEMBER, Shown.TUNNELS, TUNNELS, r"esp_proposals = .*\n",
         "esp_proposals = aes128gcm128-ecp256\n"),
    # Schools.
    Slip("the parent is not asked", Role.SCHOOL, Shown.PAGE, SQUID, r"cache_peer .*\n", ""),
    Slip("direct without the parent", Role.SCHOOL, Shown.PARENT, SQUID, r"never_direct allow all",
         "never_direct deny all"),
    Slip("a proxy that refuses", Role.SCHOOL, Shown.PAGE, SQUID, r"http_access allow users", "http_access deny users"),
    Slip("no option 252", Role.SCHOOL, Shown.PAC, LEASES, r"dhcp-option=tag:\{\{ name \}\},252,.*\n", ""),
    Slip("DIRECT as the last resort", Role.SCHOOL, Shown.PAC, PAC, r'return PROXIES\.join\("; "\);',
         'return PROXIES.join("; ") + "; DIRECT";'),
    Slip("bypasses of everybody", Role.SCHOOL, Shown.PAC, PAC, r"if \(isInNet", "if (!isInNet"),
)  # fmt: skip
