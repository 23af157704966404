"""The files that are read here: lines of ip, tc and sysctl, of which a few shapes are known."""

import re
from collections.abc import Iterator, Sequence
from ipaddress import ip_interface, ip_network

from lisiere.drivers.debian.device.bundles import File, text_of
from lisiere.drivers.debian.device.refusals import Problem

DEVICE, ADDRESS, NUMBER = r"[a-z][a-z0-9.-]{0,14}", r"[0-9a-f.:]+(?:/\d{1,3})?", r"\d{1,9}"
LINKS = (
    rf"link add link {DEVICE} name (?P<dev>{DEVICE}) type vlan id {NUMBER}",
    rf"link add name (?P<dev>{DEVICE}) type xfrm(?: dev {DEVICE})? if_id {NUMBER}",
)
ADDRESSES = (
    rf"link set dev (?P<dev>{DEVICE})(?: mtu {NUMBER})?(?: up)?",
    rf'link set dev (?P<dev>{DEVICE}) alias "[^"\\]{{0,200}}"',
    rf"address replace (?P<address>{ADDRESS}) dev (?P<dev>{DEVICE})",
)
ROUTES = (
    (
        rf"route replace (?P<hole>(?:unreachable|blackhole) )?(?P<prefix>{ADDRESS})(?: via (?P<via>{ADDRESS}))?"
        rf"(?: dev (?P<dev>{DEVICE}))? proto static(?: metric (?P<metric>{NUMBER}))?"
    ),
)
SHAPING = (rf"(?:qdisc|class) replace dev (?P<dev>{DEVICE}) [a-z0-9_: ]+",)
SYSCTL = (r"(?P<key>net(?:\.[a-z0-9_-]+)+) = (?P<value>-?\d+)",)
SYSTEM = (
    r"(?P<name>hostname|domain)=(?P<value>[a-z0-9][a-z0-9.-]{0,252})",
    r"(?P<name>time_zone)=(?P<value>[A-Z][A-Za-z_+-]+(?:/[A-Z][A-Za-z_+-]+)*)",
)
RESOLVERS = (rf"nameserver {ADDRESS}", r"search [a-z0-9. -]+")
SHAPES = {
    "network/links.batch": LINKS, "network/addresses.batch": ADDRESSES, "network/routes.batch": ROUTES,
    "network/shaping.batch": SHAPING, "network/sysctl.conf": SYSCTL, "system.conf": SYSTEM, "resolv.conf": RESOLVERS,
}  # fmt: skip


def statements(files: Sequence[File], path: str) -> Iterator[dict[str, str]]:
    """The statements of a file that is read here, each by its parts; `line` is all of it."""
    for line in map(str.strip, text_of(files, path).splitlines()):
        for shape in SHAPES[path]:
            if match := re.fullmatch(shape, line):
                yield {key: value or "" for key, value in match.groupdict().items()} | {"line": line}
                break


def network_problems(files: Sequence[File]) -> Iterator[Problem]:
    """Lines that are no statement, and values that are no address."""
    for one in files:
        for number, line in enumerate(map(str.strip, one.text.splitlines() if one.path in SHAPES else []), start=1):
            if not line or line.startswith("#"):
                continue
            match = next((match for shape in SHAPES[one.path] if (match := re.fullmatch(shape, line))), None)
            if match is None:
                yield Problem(one.path, number, "this is no statement that the appliance knows", line)
                continue
            try:
                for word in (
                    []
                    if SHAPES[one.path] is SHAPING
                    else re.findall(r"(?<= )[0-9a-f.]*[.:][0-9a-f.:]+(?:/\d+)?(?= |$)", line)
                ):
                    ip_network(word) if match.groupdict().get("prefix") == word else ip_interface(word)
            except ValueError as exc:
                yield Problem(one.path, number, str(exc), line)
