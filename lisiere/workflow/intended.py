"""The intended configurations of appliances: intents resolved and rendered, every refusal told at once."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Generic, TypeVar

from lisiere.errors import Mistake, RenderError
from lisiere.model.fleet import Fleet
from lisiere.model.intent import SiteIntent
from lisiere.policy.site import resolve_each
from lisiere.render.renderer import Section, render_sections
from lisiere.secrets import references
from lisiere.workflow.spreading import spread

MOST_MISTAKES = 50
"""One slip in a template meets every appliance; more than these say nothing new."""

BATCH = 300

T = TypeVar("T")


@dataclass(slots=True)
class Part(Generic[T]):
    """What came of some of the appliances: what was made of each text, or what each that was refused met."""

    found: dict[str, T] = field(default_factory=dict)
    refused: list[tuple[Mistake, ...]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Summary:
    """What is known of a configuration that was rendered and not kept."""

    lines: int
    secrets: tuple[str, ...]


def render_sites(fleet: Fleet, names: Sequence[str], *, extra: Path | None = None) -> dict[str, str]:
    """Render some appliances, secrets as references, on all cores.

    Raises:
        RenderError: What any of them met, up to `MOST_MISTAKES`.
    """
    return _over(fleet, names, _text, extra=extra)


def summarize_sites(fleet: Fleet, names: Sequence[str], *, extra: Path | None = None) -> dict[str, Summary]:
    """Render some appliances as `render_sites` does, and keep of each text what a check tells of it.

    Raises:
        RenderError: What any of them met, up to `MOST_MISTAKES`.
    """
    return _over(fleet, names, _summary, extra=extra)


Make = Callable[[Sequence[Section]], T]
"""What to make of the sections of a configuration."""


def _text(sections: Sequence[Section]) -> str:
    return "".join(one.text for one in sections)


def _summary(sections: Sequence[Section]) -> Summary:
    names = {name for one in sections for name in references.find(one.text)}
    return Summary(sum(one.lines for one in sections), tuple(sorted(names)))


def _over(fleet: Fleet, names: Sequence[str], make: Make[T], *, extra: Path | None) -> dict[str, T]:
    parts = spread(lambda part: _render_part(fleet, part, make, extra=extra), names)
    mistakes = _first(one for part in parts for one in part.refused)
    if mistakes:
        raise RenderError(mistakes)
    return {name: one for part in parts for name, one in part.found.items()}


def _render_part(fleet: Fleet, names: Sequence[str], make: Make[T], *, extra: Path | None) -> Part[T]:
    part: Part[T] = Part()
    for intent in _in_batches(resolve_each(fleet, names)):
        try:
            part.found[intent.name] = make(tuple(render_sections(intent, extra=extra)))
        except RenderError as exc:
            part.refused.append(tuple(exc.mistakes))
            if len(_first(part.refused)) >= MOST_MISTAKES:
                break
    return part


def _in_batches(intents: Iterator[SiteIntent]) -> Iterator[SiteIntent]:
    """The intents, a batch resolved before its first is rendered: a core does the same for long, a tenth faster."""
    while batch := tuple(islice(intents, BATCH)):
        yield from batch


def _first(refused: Iterable[Sequence[Mistake]]) -> list[Mistake]:
    """The mistakes of whole appliances until there are `MOST_MISTAKES`: the same ones however the work was spread."""
    found: list[Mistake] = []
    for mistakes in refused:
        if len(found) >= MOST_MISTAKES:
            break
        found += mistakes
    return found
