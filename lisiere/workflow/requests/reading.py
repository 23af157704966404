"""A request as YAML, from anybody: plain values only, and what is wrong said by the name of what is to be changed."""

from collections.abc import Iterator

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from lisiere.inventory.positions import Loader, duplicate_keys
from lisiere.model.request import ANY_REQUEST, KINDS, MOST_BYTES, Request
from lisiere.workflow.requests.phrases import Phrase, RequestError, harmless

MOST_COMPLAINTS = 20
DEEPEST = 20
"""How many lists and mappings of a request stand within one another at most."""
_OF = {
    "missing": "{field} is missing",
    "extra_forbidden": "{field} is not part of such a request",
    "too_short": "{field} may not be empty",
    "too_long": "{field} has too many items",
    "string_too_short": "{field} may not be empty",
    "string_too_long": "{field} is too long",
}
_DATES = ("date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact")


def parse_request(text: str | bytes) -> Request:
    """Read one request.

    Raises:
        RequestError: It is not one, with every reason.
    """
    return request_of(_plain(_decoded(text)))


def request_of(values: object) -> Request:
    """A request of plain values.

    Raises:
        RequestError: What is wrong with them.
    """
    if not isinstance(values, dict):
        raise RequestError(Phrase.of("A request is a list of `key: value` lines"))
    if str(values.get("kind")) not in KINDS:
        raise RequestError(
            Phrase.of("kind must be one of {kinds}, not {value}", kinds=", ".join(KINDS), value=values.get("kind"))
        )
    try:
        found = ANY_REQUEST.validate_python(_curled(values))
    except ValidationError as exc:
        raise RequestError(*_complaints(exc.errors(include_url=False))) from exc
    if len(as_yaml(found).encode()) > MOST_BYTES:
        raise RequestError(Phrase.of("The request is longer than {bytes} bytes", bytes=MOST_BYTES))
    return found


def as_yaml(request: Request) -> str:
    """A request as people write it."""
    values = request.model_dump(mode="json", by_alias=True)
    first = {"kind": values.pop("kind")}
    return yaml.safe_dump({**first, **values}, sort_keys=False, allow_unicode=True, width=4096)


def _curled(value: object) -> object:
    """The same values with the apostrophe that configurations can hold; people type the straight one."""
    if isinstance(value, str):
        return value.replace("'", "\N{RIGHT SINGLE QUOTATION MARK}")
    if isinstance(value, dict):
        return {key: _curled(one) for key, one in value.items()}
    return [_curled(one) for one in value] if isinstance(value, list) else value


def _decoded(text: str | bytes) -> str:
    try:
        content = text if isinstance(text, bytes) else text.encode()
        if len(content) > MOST_BYTES:
            raise RequestError(Phrase.of("The request is longer than {bytes} bytes", bytes=MOST_BYTES))
        return content.decode()
    except UnicodeError as exc:
        raise RequestError(Phrase.of("The request is not UTF-8 text")) from exc


def _plain(text: str) -> object:
    """The values of a YAML text without tags, anchors or keys that come twice, and of no great depth.

    What is deep is refused before it is composed: the library does that by recursion, and would end the process.
    """
    depth = 0
    try:
        for event in yaml.parse(text, Loader=Loader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEEPEST:
                raise RequestError(Phrase.of("The request is nested too deeply{where}", where=_where(event)))
            if getattr(event, "anchor", None) is not None or _is_tagged(event):
                raise RequestError(Phrase.of("The request uses YAML tags, anchors or aliases; write plain values"))
        root = yaml.compose(text, Loader=Loader)
        twice = [] if root is None else list(duplicate_keys(root))
        if twice:
            raise RequestError(*(Phrase.of("{field} is written twice", field=key) for key, _, _ in twice[:5]))
        return yaml.load(text, Loader=Loader)  # noqa: S506 - one of the safe loaders
    except (yaml.YAMLError, ValueError, RecursionError) as exc:
        raise RequestError(Phrase.of("The request is not YAML that can be read{where}", where=_where(exc))) from exc


def _is_tagged(event: object) -> bool:
    return getattr(event, "tag", None) is not None


def _where(found: object) -> str:
    mark = getattr(found, "problem_mark", None) or getattr(found, "start_mark", None)
    return "" if mark is None else f" ({mark.line + 1}:{mark.column + 1})"


def _complaints(errors: list[ErrorDetails]) -> Iterator[Phrase]:
    """One for each value, whatever its branches say."""
    seen: set[str] = set()
    for error in errors:
        field = _field(error)
        if error["type"] == "too_short" and any(one.startswith(f"{field}[") for one in seen):
            continue
        if field in seen or len(seen) >= MOST_COMPLAINTS:
            continue
        seen.add(field)
        yield _complaint(error, field)


def _complaint(error: ErrorDetails, field: str) -> Phrase:
    kind, value = error["type"], error["input"]
    if kind in _OF:
        return Phrase.of(_OF[kind], field=field)
    shown = harmless(value, longest=60) if isinstance(value, str | int | float) else type(value).__name__
    if kind in _DATES:
        return Phrase.of("{field} must be a date such as 2027-12-31, not {value}", field=field, value=shown)
    return Phrase.of("{field} cannot be {value}", field=field, value=shown)


def _field(error: ErrorDetails) -> str:
    """`partner.sites[2]`: the branch of the union is no part of what was written."""
    told = ""
    for step in error["loc"][1:]:
        if isinstance(step, int):
            told += f"[{step + 1}]"
        elif not step.startswith(("IPv", "function-")):
            told += f".{step}" if told else step
    return harmless(told or str(error["loc"][0] if error["loc"] else "kind"), longest=60)
