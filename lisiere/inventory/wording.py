"""What validation finds, in words for the person who wrote the file. Values of secrets are never repeated."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_interface
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from lisiere.inventory.notes import KeyPath, did_you_mean
from lisiere.inventory.shapes import keys_at
from lisiere.model import operator, overlay, site, words

CONCEALED = frozenset({"authentication", "host_key", "key", "keys", "secrets"})
"""Keys whose values are never repeated: somebody may have written a secret there."""

CONFIDENTIAL = ("password", "passwd", "psk", "secret", "private", "token", "passphrase")
"""What an unknown key that holds a secret tends to be called."""

LONGEST = 60
NO_SECRET = "a secret never stands in the inventory; keep it in the store of secrets and name it in secrets.yaml"

_SHAPES: tuple[tuple[object, str], ...] = (
    (words.HostName, "a host name: at most 63 lower-case letters, digits and hyphens"),
    (words.Slug, "a name: lower-case letters, digits and hyphens, a letter first, at most 48 characters"),
    (words.Siren, "a SIREN number: nine digits in quotes"),
    (words.Insee, "an INSEE code: five characters in quotes"),
    (words.SecretRef, "the name of a secret, such as secret:overlay/<overlay>/<end>--<end>"),
    (
        words.Line,
        "one line without straight quotes, backslashes or control characters; an apostrophe is written \u2019",
    ),
    (overlay.OverlayName, "an overlay's name: lower-case letters, digits and hyphens, at most 32 characters"),
    (overlay.Fqdn, "a domain name in lower case with at least one dot"),
    (operator.UserName, "an account name: lower-case letters, digits and hyphens, at most 31 characters"),
    (operator.Url, "a plain http:// address"),
    (operator.BannerText, "text without straight quotes or backslashes"),
    (site.HostKey, "an OpenSSH public host key, ssh-ed25519 or ecdsa-sha2-nistp256/384, without comment"),
)
PATTERNS: Mapping[str, str] = {str(get_args(kind)[1].pattern): phrase for kind, phrase in _SHAPES}

_ADDRESSES = {
    "ip_v4_address": "an IPv4 address",
    "ip_v6_address": "an IPv6 address",
    "ip_v4_interface": "an IPv4 address with its prefix length",
    "ip_v6_interface": "an IPv6 address with its prefix length",
    "ip_v4_network": "an IPv4 prefix",
    "ip_v6_network": "an IPv6 prefix",
}
_EITHER = {"address": "an address", "interface": "an address with its prefix length", "network": "a prefix"}

_EXPECTED = {
    "string_type": ("text", "put it in quotes"),
    "int_type": ("a whole number", ""),
    "int_parsing": ("a whole number", ""),
    "int_from_float": ("a whole number", ""),
    "bool_type": ("true or false", ""),
    "bool_parsing": ("true or false", ""),
    "tuple_type": ("a list", "write one item per line, each after a hyphen"),
    "list_type": ("a list", "write one item per line, each after a hyphen"),
    "dict_type": ("a mapping", "write key: value lines below it"),
    "model_type": ("a mapping", "write key: value lines below it"),
    "date_type": ("a date", "write it as 2026-12-31"),
    "date_parsing": ("a date", "write it as 2026-12-31"),
    "date_from_datetime_parsing": ("a date", "write it as 2026-12-31"),
    "date_from_datetime_inexact": ("a date", "write it as 2026-12-31"),
    "time_type": ("a time of day", "write it as 22:00"),
    "time_parsing": ("a time of day", "write it as 22:00"),
    "time_delta_parsing": ("a time of day", "write it as 22:00"),
}


@dataclass(frozen=True, slots=True)
class Complaint:
    """One mistake below the place that was validated."""

    path: KeyPath
    message: str
    advice: str


def complaints(errors: Iterable[ErrorDetails], *, data: object, model: type[BaseModel]) -> Iterator[Complaint]:
    """Translate what pydantic found in `data`; one complaint for each value, whatever its branches say."""
    by_path: dict[KeyPath, list[ErrorDetails]] = {}
    for error in errors:
        by_path.setdefault(_existing(data, error["loc"]), []).append(error)
    for path, group in by_path.items():
        if any(error["type"] == "too_short" for error in group) and _has_deeper(path, by_path):
            continue
        yield from _of_group(path, group, data=data, model=model)


def _of_group(
    path: KeyPath, group: Sequence[ErrorDetails], *, data: object, model: type[BaseModel]
) -> Iterator[Complaint]:
    kinds = {error["type"] for error in group}
    if len(group) > 1 and kinds <= set(_ADDRESSES):
        phrase = _EITHER[group[0]["type"].rpartition("_")[2]]
        yield Complaint(path, _is_not(path, group[0]["input"], phrase), _address_advice(group[0]["input"], kinds))
        return
    seen = set()
    for error in group:
        complaint = _one(path, error, data=data, model=model)
        if complaint not in seen:
            seen.add(complaint)
            yield complaint


def _one(path: KeyPath, error: ErrorDetails, *, data: object, model: type[BaseModel]) -> Complaint:
    kind, value, facts = error["type"], error["input"], error.get("ctx", {})
    if kind == "missing":
        return Complaint(path, f"{_label(path, tail=' ')}lacks the key {str(error['loc'][-1])!r}", "add it")
    if kind == "extra_forbidden":
        return Complaint(path, f"unknown key {_dotted(path)!r}", _unknown_advice(path, model=model))
    if kind == "value_error":
        return Complaint(path, _label(path, tail=": ") + str(facts.get("error", "is not valid")), "")
    message, advice = _rule(kind, facts)(path, value) if kind in _RULES else _expected(kind, path, value, facts)
    return Complaint(path, message, advice)


Rule = Callable[[KeyPath, object], tuple[str, str]]


def _rule(kind: str, facts: Mapping[str, Any]) -> Rule:
    def words_of(path: KeyPath, value: object) -> tuple[str, str]:
        bound = next((facts[key] for key in ("ge", "le", "gt", "lt", "min_length", "max_length") if key in facts), "")
        return _RULES[kind].format(label=_label(path, tail=" "), bound=bound, shown=_shown(path, value)), ""

    return words_of


_RULES = {
    "greater_than_equal": "{label}must be at least {bound}, not {shown}",
    "less_than_equal": "{label}must be at most {bound}, not {shown}",
    "string_too_short": "{label}may not be empty",
    "string_too_long": "{label}is longer than {bound} characters",
    "too_short": "{label}needs at least {bound} item(s)",
    "too_long": "{label}has more than {bound} items",
}


def _expected(kind: str, path: KeyPath, value: object, facts: Mapping[str, Any]) -> tuple[str, str]:
    if kind == "enum" or kind == "literal_error":
        allowed = str(facts["expected"]).replace("'", "")
        known = allowed.replace(" or ", ", ").split(", ")
        hint = did_you_mean(value, known) if isinstance(value, str) else ""
        return _is_not(path, value, f"one of {allowed}"), hint
    if kind == "string_pattern_mismatch":
        pattern = str(facts["pattern"])
        return _is_not(path, value, PATTERNS.get(pattern, f"of the form {pattern}")), ""
    if kind.startswith("union_tag"):
        return _choice(path, facts), ""
    if kind in _ADDRESSES:
        return _is_not(path, value, _ADDRESSES[kind]), _address_advice(value, {kind})
    phrase, advice = _EXPECTED.get(kind, ("what is expected here", ""))
    return _is_not(path, value, phrase), advice


def _choice(path: KeyPath, facts: Mapping[str, Any]) -> str:
    """What is wrong with the key that tells which of several shapes a mapping has."""
    key, known = str(facts["discriminator"]).strip("'"), str(facts.get("expected_tags", "")).replace("'", "")
    return f"{_label(path, tail='.')}{key}" + (f" must be one of {known}" if known else " is missing")


def _is_not(path: KeyPath, value: object, phrase: str) -> str:
    shown = _shown(path, value)
    return f"{_label(path, tail=' ')}must be {phrase}" + (f", not {shown}" if shown else "")


def _shown(path: KeyPath, value: object) -> str:
    """A short value as it was read; nothing for what may be a secret."""
    if any(step in CONCEALED for step in path):
        return ""
    if value is None:
        return "empty"
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else "a list"
    return repr(value) if len(str(value)) <= LONGEST else f"{str(value)[:LONGEST]!r}…"


def _address_advice(value: object, kinds: set[str]) -> str:
    try:
        written = ip_interface(str(value))
    except ValueError:
        return ""
    if any(kind.endswith("network") for kind in kinds) and written.ip != written.network.network_address:
        return f"the prefix that holds this address is {written.network}"
    return ""


def _unknown_advice(path: KeyPath, *, model: type[BaseModel]) -> str:
    key = str(path[-1]) if path else ""
    if any(word in key.lower() for word in CONFIDENTIAL):
        return NO_SECRET
    return did_you_mean(key, keys_at(model, path[:-1])) or "remove it or correct its name"


def _label(path: KeyPath, *, tail: str) -> str:
    return _dotted(path) + tail if path else ""


def _dotted(path: KeyPath) -> str:
    """`segments[2].vlan`: indexes count from 1, as a person does."""
    text = ""
    for step in path:
        text += f"[{step + 1}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def _existing(data: object, loc: Sequence[str | int]) -> KeyPath:
    """The part of a location that exists in the data: branches of a choice are no steps of a file."""
    path: list[str | int] = []
    for step in loc:
        is_key = isinstance(data, dict) and step in data
        is_index = isinstance(data, list) and isinstance(step, int) and step < len(data)
        if not (is_key or is_index):
            continue
        data = data[step]  # type: ignore[index]
        path.append(step)
    return tuple(path)


def _has_deeper(path: KeyPath, paths: Iterable[KeyPath]) -> bool:
    """Whether something below a list is wrong too: the list is then not short, its items are."""
    return any(len(other) > len(path) and other[: len(path)] == path for other in paths)
