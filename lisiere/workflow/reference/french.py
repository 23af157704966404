"""French names: elision, contraction, and slugs."""

import re
import unicodedata

APOSTROPHE = "\N{RIGHT SINGLE QUOTATION MARK}"
"""The typographic one: a device's value cannot hold the other."""

_VOWELS = frozenset("aeiou")
_ASPIRATED = re.compile(r"^(ham|hem|hup|hal(loy|lu)\b|har(decourt|gard)|hangard|haut)", re.IGNORECASE)
"""Names of the Somme whose h is not elided before; a matter of local usage, not of spelling."""


def typographic(name: str) -> str:
    """A name with the apostrophe that a device accepts."""
    return name.replace("'", APOSTROPHE)


def of(place: str) -> str:
    """`of` a commune, written with its name: elided (Abbeville), whole (Ham, La Faloise), contracted (Le Crotoy)."""
    place = typographic(place)
    article, _, rest = place.partition(" ")
    if rest and article in {"Le", "Les"}:
        return ("du " if article == "Le" else "des ") + rest
    return f"d{APOSTROPHE}{place}" if _elides(place) else f"de {place}"


def slug(text: str, *, longest: int = 24) -> str:
    """Lower-case ASCII words joined by hyphens, cut between words; parentheses are left out."""
    bare = re.sub(r"\(.*?\)", " ", text).replace("œ", "oe").replace("Œ", "Oe")
    plain = unicodedata.normalize("NFKD", bare).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", plain)
    while len(words) > 1 and len("-".join(words)) > longest:
        words.pop()
    return "-".join(words)[:longest]


def _elides(place: str) -> bool:
    plain = unicodedata.normalize("NFKD", place.replace("Œ", "Oe")).lower()
    first, second = plain[0], next((one for one in plain[1:] if one.isalpha()), "")
    if first == "h":
        return _ASPIRATED.match(place) is None
    if first == "y":
        return second not in _VOWELS
    return first in _VOWELS
