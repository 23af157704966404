"""Compiling templates in one process for another one."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from jinja2 import TemplateError

from lisiere.render.bytecode import COMPILED
from lisiere.render.renderer import SECTIONS, environment_of


def compile_templates(extra: Path | None = None) -> dict[str, bytes]:
    """Compile every template that configurations are made of, for `take_compiled` in another process.

    A template that is wrong is left out: it is refused, with its line, when something is rendered with it.
    """
    environment = environment_of(extra)
    for name in environment.list_templates():
        if name.partition("/")[0] in SECTIONS:
            with suppress(TemplateError):
                environment.get_template(name)
    return COMPILED.code


def take_compiled(code: Mapping[str, bytes]) -> None:
    """Use what `compile_templates` made of the same sources in another process."""
    COMPILED.code.update(code)
