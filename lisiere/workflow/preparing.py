"""Templates compiled on another core while the inventory is read; this module imports none of the two."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lisiere.workflow.spreading import ahead


@contextmanager
def templates_ahead(extra: Path | None) -> Iterator[None]:
    """Compile the templates, our own and those of a folder, while what stands inside the context is done."""
    with ahead(lambda: _compile(extra), take=_take):
        yield


def _compile(extra: Path | None) -> dict[str, bytes]:
    from lisiere.render.compiling import compile_templates

    return compile_templates(extra)


def _take(code: dict[str, bytes]) -> None:
    from lisiere.render.compiling import take_compiled

    take_compiled(code)
