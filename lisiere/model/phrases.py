"""The phrases that reasons of findings are made of, each with named places.

Reasons are kept in English. They are made from this table alone, so that a report can read them back and say them in
another language (`lisiere.compliance.reading_back`). What stands in a place comes from rules, inventories and devices:
it is shown so that it cannot be taken for a phrase, and is never translated.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

HIDDEN = "\ue000"
"""Stands for each character between quotation marks while a text is read back; a word that holds it is quoted."""

PLACE = re.compile(r"%\((\w+)\)s")
"""A place of a phrase."""

_PLAIN = re.compile(rf"(?!['\"])(?!and$)[^\s;{HIDDEN}]*[^\s;:{HIDDEN}]")
_WORD = r"[^\s;]*[^\s;:]"
_VALUE = rf"{HIDDEN}+|True|False|None|-?\d[\d.]*(?:e[+-]?\d+)?"
_ANYTHING = r"(?s:.+)"


def word(value: object) -> str:
    """One word as it is; in quotation marks where it is more, or could be taken for the end of its place."""
    text = str(value)
    return text if _PLAIN.fullmatch(text) else repr(text)


def _path(value: object) -> str:
    """The words of a path, given one by one or as a text of ours."""
    return " ".join(map(word, value.split() if isinstance(value, str) else _each(value))) or repr("")


def _value(value: object) -> str:
    if value is None or isinstance(value, str | bool | int | float):
        return repr(value)
    return repr(json.dumps(value, sort_keys=True, ensure_ascii=False, default=str))


def _values(value: object) -> str:
    return ", ".join(map(_value, _each(value)))


def _words(value: object) -> str:
    return ", ".join(map(word, _each(value)))


def _each(value: object) -> Sequence[object]:
    return value if isinstance(value, list | tuple) else [value]


class Kind(NamedTuple):
    """What may stand in a place: how it is known again, and how it is shown."""

    pattern: str
    shown: Callable[[object], str] = str


WORD = Kind(_WORD, word)
KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "amount": Kind(r"-?\w+"),
        "count": Kind(r"\d+"),
        "day": Kind(r"\d{4}-\d\d-\d\d"),
        "drift": Kind(_ANYTHING),
        "expected": Kind(_VALUE, _value),
        "form": Kind(_ANYTHING),
        "limit": Kind(r"-?\d+"),
        "other_told": Kind(_ANYTHING),
        "path": Kind(rf"{_WORD}(?: {_WORD})*", _path),
        "paths": Kind(_ANYTHING),
        "problem": Kind(_ANYTHING),
        "told": Kind(_ANYTHING),
        "value": Kind(_VALUE, _value),
        "values": Kind(rf"{HIDDEN}+(?:, {HIDDEN}+)*", _values),
        "words": Kind(rf"{_WORD}(?:, {_WORD})*", _words),
    }
)
"""Places by their names; every other place holds one word."""


class Phrase(StrEnum):
    """A sentence with named places; called with what stands in them, it is the text."""

    def __call__(self, **places: object) -> str:
        """The text."""
        return str(self) % {name: KINDS.get(name, WORD).shown(value) for name, value in places.items()}


class Glue(Phrase):
    """What puts sentences together: `told`, `other_told` and `drift` are such, `paths` is not looked into."""

    BELOW = "%(path)s: %(told)s"
    BOTH = "%(told)s and %(other_told)s"
    COMPARED = "%(drift)s; compared with what was intended on %(day)s"
    MORE = "and %(count)s more"
    NEXT = "%(told)s; %(other_told)s"
    OF_FIELD = "%(field)s %(told)s"
    PLACES = "%(drift)s: %(paths)s"


class Whole(Phrase):
    """Reasons that stand alone: mostly why a rule could not be asked."""

    CHECK_FAILED = "the check itself failed (%(error)s)"
    INTENDED_ONLY = "nothing was read: this audit looks at what is intended"
    KEPT_AS = "kept as %(rule)s, which is enough until %(day)s"
    LAST_READ = "last read on %(day)s"
    LAST_TOLD = "%(topic)s was last told on %(day)s"
    MISPRINTED = "%(topic)s: the answer is not what the command prints"
    MOVED = "runs what was intended until %(day)s"
    MOVED_FORMERLY = "runs what was intended until on %(day)s"
    NEVER_ASKED = "it was never asked for %(topic)s"
    NEVER_COMPARED = "it was never compared with what is intended"
    NEVER_READ = "its configuration was never read"
    NOT_ASKED = "%(platform)s is not asked for %(topic)s"
    NOTHING_TO_ASK = "nothing is known that could be asked"
    NO_FIELD = "%(topic)s tells no %(field)s"
    NO_GETTER = "no getter is asked"
    TOO_OLD = "last read on %(day)s, more than %(count)s days ago"
    UNPINNED = "no host key is pinned, so it was not looked at"
    UNREADABLE = "its configuration cannot be read"
    UNREADABLE_AT = "its configuration cannot be read: configuration:%(count)s: %(problem)s"
    UNSEEN = "it could not be looked at: %(problem)s"


class Unread(Phrase):
    """Why a file of a bundle cannot be read; the `problem` of `Whole.UNREADABLE_AT`."""

    CLOSED_TWICE = "a closing brace without an opening one"
    NOT_CLOSED = "a closing brace is missing"
    NEITHER = "neither a section nor an assignment"


class Drifted(Phrase):
    """How many deviations there are of a kind; the words of `DriftReason`."""

    CHANGED = "%(count)s changed"
    EXTRA = "%(count)s extra"
    MISSING = "%(count)s missing"
    REORDERED = "%(count)s reordered"
    SECRET = "%(count)s secret differs"
    UNPARSABLE = "%(count)s unparsable"


class Complaint(Phrase):
    """Why values are not what they must be."""

    ENDED = "%(value)s ended on %(day)s"
    ENDS_OTHERWISE = "ends with %(values)s, not with %(value)s"
    ENDS_WITH_NOTHING = "ends with nothing, not with %(value)s"
    FORBIDDEN = "%(value)s is not to be there"
    FORBIDDEN_FORM = "%(value)s is of the form %(form)s"
    NONE_OF = "%(value)s is none of %(words)s"
    NO_NUMBER_OF_BYTES = "%(value)s is no number of bytes"
    NO_NUMBER_OF_SECONDS = "%(value)s is no number of seconds"
    NO_SUCH_FORM = "none is of the form %(form)s"
    NOTHING = "says nothing"
    OTHER_FORM = "%(value)s is not of the form %(form)s"
    TOO_FEW = "%(count)s instead of %(limit)s or more"
    TOO_LITTLE = "%(amount)s is less than %(limit)s"
    TOO_MANY = "%(count)s instead of %(limit)s or fewer"
    TOO_MUCH = "%(amount)s is more than %(limit)s"


class Getter(Phrase):
    """What NAPALM finds in what a getter tells."""

    BESIDES = "has %(words)s besides"
    INSTEAD = "%(value)s instead of %(expected)s"
    IS = "%(name)s is %(value)s"
    LACKS = "lacks %(words)s"
    OTHERWISE = "%(name)s is not as expected"
    WHOLLY_OTHERWISE = "is not as expected"


class Part(Phrase):
    """What is wrong with a configuration, an intent or the fleet; one reason may hold several."""

    GONE = "%(path)s: nothing is there, and the site needs it"
    MISSING = "%(path)s is missing"
    NOT_THERE = "is not there"
    PRESENT = "%(path)s is there"
    ROWS_TOO_FEW = "%(topic)s: %(count)s instead of %(limit)s or more"

    ALGORITHM_ENDED = "tunnel %(name)s: %(algorithm)s ended on %(day)s"
    ALGORITHM_NONE = "tunnel %(name)s uses none"
    ENDS_DIFFER_AUTHENTICATION = "tunnel %(name)s: authenticated in another way at %(peer)s"
    ENDS_DIFFER_CRYPTO = "tunnel %(name)s: crypto %(crypto)s here, %(other)s at %(peer)s"
    ENDS_DIFFER_SELECTORS = "tunnel %(name)s: other selectors at %(peer)s"
    HUB_ALONE = "is the only hub of %(overlay)s with %(count)s members"
    KEY_SHARED = "%(key)s serves %(count)s times"
    PARTNER_ENDS = "partner %(name)s of %(overlay)s ends on %(day)s"

    BACKUP_BLOCKED = "no rule lets the backup pass"
    BACKUP_UNPLANNED = "no backup is planned"
    CLEAR = "%(prefix)s is reached from %(zone)s outside of its tunnel by %(layer)s rule %(rule)s"
    OPEN = "%(service)s is open from %(zone)s to %(other)s (%(family)s) by %(layer)s rule %(rule)s"
    OPEN_TO_ANY = "%(service)s is open to any address of %(zone)s by %(layer)s rule %(rule)s"
    OPEN_TO_ZONE = "%(service)s is open to %(zone)s by %(layer)s rule %(rule)s"
    REACHES = "%(zone)s reaches %(other)s by %(layer)s rule %(rule)s"
    RULE_ANY_PROTOCOL = "%(layer)s rule %(rule)s allows any protocol"
    RULE_FLOW_ENDED = "%(layer)s rule %(rule)s serves the flow %(flow)s, which ended on %(day)s"
    RULE_FROM_INTERNET = "%(layer)s rule %(rule)s lets any address of the Internet reach %(zone)s"
    RULE_MANY_PORTS = "%(layer)s rule %(rule)s opens more than %(limit)s ports"
    RULE_WITHOUT_FLOW = "%(layer)s rule %(rule)s serves no declared flow"
    ZONE_OPEN_INSIDE = "inside %(zone)s everything passes"

    BYPASS_ENDED = "bypass %(name)s ended on %(day)s and is still written down"
    BYPASS_LASTS = "bypass %(name)s lasts until %(day)s, more than %(limit)s days"
    CATEGORY_OPEN = "%(category)s is not blocked"
    COLLECTORS = "%(count)s collector(s) instead of %(limit)s"
    EXCEPTION_ENDED = "exception %(name)s ended on %(day)s and is still written down"
    EXCEPTION_LASTS = "exception %(name)s lasts until %(day)s, more than %(limit)s days"
    FLOW_REVIEW_LATE = "flow %(flow)s was to be reviewed by %(day)s"
    HOST_KEY_MISSING = "no host key is pinned in the inventory"
    KEPT_TOO_LONG = "%(name)s is kept up to %(count)s days, more than %(limit)s"
    KEPT_TOO_SHORT = "%(name)s is kept %(count)s days at least, not %(limit)s"
    PROXY_UNTOLD = "segment %(name)s is not told of the proxy"
    RETENTION_MISSING = "no retention is set for %(name)s"
    SUPPORT_ENDED = "support of %(release)s ended on %(day)s"
    SUPPORT_UNKNOWN = "no end of support is known for %(release)s"
    WEB_ACCESS = "web access is %(kind)s"


def together(told: Sequence[str], *, most: int) -> str:
    """Sentences one after the other, some at most, and how many more there are."""
    more = [Glue.MORE(count=len(told) - most)] if len(told) > most else []
    return joined(Glue.NEXT, [*told[:most], *more])


def joined(glue: Glue, told: Sequence[str]) -> str:
    """Sentences put together by `NEXT` or `BOTH`; nothing where there is none."""
    return between(glue).join(told)


def between(glue: str) -> str:
    """What stands between the two places of a phrase."""
    return PLACE.split(glue)[2]


GROUPS: tuple[type[Phrase], ...] = (Glue, Whole, Unread, Drifted, Complaint, Getter, Part)
"""All phrases there are."""
