"""What a rule set does with a packet, worked out from what the kernel holds: it reads nft's JSON and nothing else."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

ICMP = {"echo-reply": 0, "destination-unreachable": 3, "echo-request": 8, "time-exceeded": 11}
ICMPV6 = {
    "destination-unreachable": 1,
    "packet-too-big": 2,
    "time-exceeded": 3,
    "echo-request": 128,
    "echo-reply": 129,
    "mld-listener-query": 130,
    "mld-listener-report": 131,
    "mld-listener-done": 132,
    "nd-router-solicit": 133,
    "nd-router-advert": 134,
    "nd-neighbor-solicit": 135,
    "nd-neighbor-advert": 136,
    "mld2-listener-report": 143,
}
FINAL = ("accept", "drop")
HOOKS = {"input": ("sources", "input"), "output": ("output",), "forward": ("sources", "forward")}
"""The chains that a packet meets, in order; it passes when all of them let it."""


@dataclass(frozen=True, slots=True)
class Packet:
    """The first packet of a connection.

    Args:
        hook: `input`, `output` or `forward`.
        came, leaves: Interfaces; empty for the appliance itself.
        number: Destination port, or ICMP type; -1 for neither.
        second: Of the day, in UTC.
    """

    hook: str
    came: str
    leaves: str
    source: IPv4Address | IPv6Address
    destination: IPv4Address | IPv6Address
    protocol: str
    number: int
    second: int


class Held:
    """A rule set as the kernel lists it."""

    def __init__(self, listing: str) -> None:
        self._chains: dict[str, list[list[dict[str, Any]]]] = {}
        self._policies: dict[str, str] = {}
        self._sets: dict[str, list[Any]] = {}
        for entry in json.loads(listing)["nftables"]:
            (kind, body), *_ = entry.items()
            if kind == "chain":
                self._chains[body["name"]] = []
                self._policies[body["name"]] = body.get("policy", "")
            elif kind == "set":
                self._sets[body["name"]] = body.get("elem", [])
            elif kind == "rule":
                self._chains[body["chain"]].append(body["expr"])

    def verdict(self, packet: Packet) -> str:
        """`accept` or `drop`."""
        for name in HOOKS[packet.hook]:
            if self._through(name, packet) != "accept":
                return "drop"
        return "accept"

    def _through(self, name: str, packet: Packet) -> str:
        for rule in self._chains[name]:
            found = self._rule(rule, packet)
            if found in FINAL:
                return found
            if found:
                return self._through(found, packet)
        return self._policies[name]

    def _rule(self, rule: list[dict[str, Any]], packet: Packet) -> str:
        """What a rule says of a packet: a verdict, the chain to go on in, or nothing."""
        for expression in rule:
            (kind, body), *_ = expression.items()
            if kind in FINAL:
                return str(kind)
            if kind == "match" and not self._matches(body, packet):
                return ""
            if kind == "vmap":
                return self._mapped(body, packet)
        return ""

    def _mapped(self, body: Mapping[str, Any], packet: Packet) -> str:
        key = _value(body["key"], packet)
        for element, verdict in body["data"]["set"]:
            if _element(element) == key:
                (kind, target), *_ = verdict.items()
                return str(target["target"]) if kind == "goto" else str(kind)
        return ""

    def _matches(self, body: Mapping[str, Any], packet: Packet) -> bool:
        found = _value(body["left"], packet)
        if found is None:
            return False
        holds = any(_fits(found, one, packet) for one in self._elements(body["right"]))
        return not holds if body["op"] == "!=" else holds

    def _elements(self, right: Any) -> Iterator[Any]:
        if isinstance(right, str) and right.startswith("@"):
            yield from self._sets[right[1:]]
        elif isinstance(right, dict) and "set" in right:
            yield from right["set"]
        elif isinstance(right, list):
            yield from right
        else:
            yield right


def _value(left: Mapping[str, Any], packet: Packet) -> object:
    """What a packet has where an expression looks; None where it has nothing such."""
    (kind, body), *_ = left.items()
    if kind == "concat":
        return tuple(_value(one, packet) for one in body)
    if kind == "meta":
        return {
            "iifname": packet.came,
            "oifname": packet.leaves,
            "nfproto": f"ipv{packet.source.version}",
            "l4proto": packet.protocol,
            "hour": packet.second,
        }[body["key"]]
    if kind == "ct":
        return "new"
    family = {4: "ip", 6: "ip6"}[packet.source.version]
    if body["protocol"] == family:
        return {"saddr": packet.source, "daddr": packet.destination}[body["field"]]
    if body["protocol"] == packet.protocol and body["field"] in {"dport", "type"}:
        return packet.number
    return None


def _element(element: Any) -> object:
    return tuple(element["concat"]) if isinstance(element, dict) else element


def _fits(found: object, element: Any, packet: Packet) -> bool:
    if isinstance(found, IPv4Address | IPv6Address):
        return _holds(found, element)
    if isinstance(found, int):
        first, last = element["range"] if isinstance(element, dict) else (element, element)
        return _number(first, packet) <= found <= _number(last, packet)
    return bool(str(found) == str(element).replace("ipv6-icmp", "icmpv6"))


def _holds(address: IPv4Address | IPv6Address, element: Any) -> bool:
    if isinstance(element, str):
        return address == _address(element)
    if "prefix" in element:
        return address in _network(f"{element['prefix']['addr']}/{element['prefix']['len']}")
    first, last = map(_address, element["range"])
    return int(first) <= int(address) <= int(last)


_address, _network = cache(ip_address), cache(ip_network)
"""Elements of sets are looked at again for every packet."""


def _number(word: int | str, packet: Packet) -> int:
    """A port, an ICMP type by its name, or a moment of the day in seconds."""
    if isinstance(word, int):
        return word
    if ":" in word:
        hours, minutes, *seconds = map(int, word.split(":"))
        return hours * 3600 + minutes * 60 + (seconds[0] if seconds else 0)
    return (ICMPV6 if packet.protocol == "icmpv6" else ICMP)[word]
