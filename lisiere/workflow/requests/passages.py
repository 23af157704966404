"""Passages of an effect in the language of who reads it: who reaches whom, by what, without the words of a firewall."""

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from lisiere.model.effect import PassageEffect
from lisiere.model.report import Language
from lisiere.workflow.requests.phrases import told

ZONES = MappingProxyType(
    {
        "wan": "the Internet side",
        "admin": "the zone admin",
        "edu": "the zone edu",
        "guest": "the zone guest",
        "voice": "the zone voice",
        "dmz": "the zone dmz",
        "vpn": "the private networks",
        "mgmt": "the zone mgmt",
        "self": "the appliance itself",
    }
)
NAMED = MappingProxyType(
    {
        r"overlay-(?P<overlay>.+)": "the other members of {overlay}",
        r"partner-(?P<partner>.+)": "the partner {partner}",
        r"(?P<overlay>.+)-(?:admin|edu|guest|voice|dmz)": "the own networks in {overlay}",
        r"(?P<flow>.+)-(?:from|to)": "the members that {flow} names",
        r"vpn-peers": "the ends of the tunnels",
        r"web-parent": "the parent proxy",
        r"academie-dns": "the resolvers of the académie",
        r"fleet-sites": "all sites of the operator",
    }
)
"""Sets that the product names itself, and what people call them."""
_MORE = re.compile(r"(?P<listed>.*) and (?P<count>\d+) more prefixes")


def passage(one: PassageEffect, language: Language) -> str:
    """A passage as one line."""
    say = _teller(language)
    found = say(
        "from {from_zone} to {to_zone}: {source} to {destination}, by {services}",
        from_zone=_zone(one.from_zone, language),
        to_zone=_zone(one.to_zone, language),
        source=_place(one.source, say),
        destination=_place(one.destination, say),
        services=_services(one.services, say),
    )
    hours = f", {one.hours}" if one.hours else ""
    families = say("{one} and {other}", one="IPv4", other="IPv6") if len(one.families) > 1 else one.families[0]
    return f"{found}{hours} ({families})"


Say = Callable[..., str]


def _teller(language: Language) -> Say:
    return lambda sentence, **facts: told(sentence, language).format(**facts)


def _zone(name: str, language: Language) -> str:
    return told(ZONES[name], language) if name in ZONES else name


def _place(text: str, say: Say) -> str:
    if text == "any":
        return say("any address")
    if text.startswith("any but "):
        return say("any address but {others}", others=_place(text.removeprefix("any but "), say))
    if (found := _MORE.fullmatch(text)) is not None:
        return say("{listed} and {count} more networks", listed=_listed(found["listed"], say), count=found["count"])
    return _listed(text, say)


def _listed(text: str, say: Say) -> str:
    return ", ".join(_one(word, say) for word in text.split(", "))


def _one(word: str, say: Say) -> str:
    for form, sentence in NAMED.items():
        if re.fullmatch(r"[a-z][a-z0-9-]*", word) and (found := re.fullmatch(form, word)) is not None:
            facts: Mapping[str, str] = found.groupdict()
            return say(sentence, **facts)
    return word


def _services(text: str, say: Say) -> str:
    if text == "any service":
        return say("any service")
    if text.startswith("any service but "):
        return say("any service but {others}", others=text.removeprefix("any service but "))
    return text
