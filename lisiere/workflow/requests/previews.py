"""A preview: the effect of a request in words, and the hash that visas are bound to."""

from collections.abc import Iterator, Mapping

from lisiere.model.effect import Effect, Said
from lisiere.model.report import Language
from lisiere.workflow.requests.passages import passage
from lisiere.workflow.requests.phrases import Phrase, visible

SAID = {
    "request": "Effect of the request",
    "files": "The inventory changes",
    "appliances": "Appliances that change: {count}",
    "none": "No appliance changes",
    "opened": "newly reachable",
    "closed": "no longer reachable",
    "tunnels": "tunnels",
    "keys": "Keys replaced: {count}",
    "warnings": "Please note",
    "hash": "Fingerprint of this effect, to which visas are bound: {sha256}",
}


def preview(effect: Effect, *, language: Language, with_differences: bool = False) -> str:
    """The effect for people; configuration differences for who wants them."""
    return "".join(f"{visible(line)}\n" for line in _lines(effect, language, with_differences=with_differences))


def _lines(effect: Effect, language: Language, *, with_differences: bool) -> Iterator[str]:
    yield _said("request", language)
    yield from (f"  {line}" for line in effect.request.splitlines())
    if effect.warnings:
        yield _said("warnings", language)
        yield from (f"  ! {told(one, language)}" for one in effect.warnings)
    for one in effect.files:
        yield f"{_said('files', language)}: {one.file}"
        yield from (f"  {line}" for line in one.lines)
    yield _said("appliances", language, count=len(effect.appliances)) if effect.appliances else _said("none", language)
    for group, lines in _grouped(effect, language).items():
        yield from (f"  {name}" for name in lines)
        yield from (f"    {line}" for line in group)
    if effect.keys_replaced:
        yield _said("keys", language, count=len(effect.keys_replaced))
    if with_differences:
        for found in effect.appliances:
            yield f"--- {found.title} ({found.host})"
            yield from (f"  {line}" for line in found.difference)
    yield _said("hash", language, sha256=effect.sha256)


def _grouped(effect: Effect, language: Language) -> Mapping[tuple[str, ...], list[str]]:
    """Sites by what changes for them: what holds for forty town halls is said once."""
    found: dict[tuple[str, ...], list[str]] = {}
    opened, closed, tunnels = (_said(name, language) for name in ("opened", "closed", "tunnels"))
    for one in effect.appliances:
        told = (
            *(f"+ {opened}: {passage(line, language)}" for line in one.opened),
            *(f"- {closed}: {passage(line, language)}" for line in one.closed),
            *(f"+ {tunnels}: {line}" for line in one.tunnels_opened),
            *(f"- {tunnels}: {line}" for line in one.tunnels_closed),
            *(f"~ {tunnels}: {line}" for line in one.tunnels_changed),
        )
        found.setdefault(told, []).append(f"{one.title} ({one.host})")
    return found


def told(said: Said, language: Language) -> str:
    """A sentence of an effect in a language."""
    return Phrase(said.sentence, tuple(said.facts.items())).told(language)


def _said(name: str, language: Language, **facts: object) -> str:
    return Phrase.of(SAID[name], **facts).told(language)
