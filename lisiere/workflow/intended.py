"""The intended configurations of appliances: intents resolved and rendered, every refusal told at once."""

from collections.abc import Callable, Sequence
from pathlib import Path

from lisiere.errors import Mistake, RenderError
from lisiere.model.fleet import Fleet
from lisiere.policy.site import resolve_sites
from lisiere.render.renderer import render

MOST_MISTAKES = 50
"""One slip in a template meets every appliance; more than these say nothing new."""


def render_sites(
    fleet: Fleet,
    names: Sequence[str],
    *,
    extra: Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> dict[str, str]:
    """Render some appliances, secrets as references.

    Raises:
        RenderError: What any of them met, up to `MOST_MISTAKES`.
    """
    texts: dict[str, str] = {}
    mistakes: list[Mistake] = []
    for name, intent in resolve_sites(fleet, names).items():
        try:
            texts[name] = render(intent, extra=extra)
        except RenderError as exc:
            mistakes += exc.mistakes
            if len(mistakes) >= MOST_MISTAKES:
                break
        if progress is not None:
            progress(name)
    if mistakes:
        raise RenderError(mistakes)
    return texts
