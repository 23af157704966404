"""Pages for people: HTML from templates, every value escaped."""

from functools import cache

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from lisiere.render.renderer import template_folder

FOLDER = "report"


def render_page(name: str, variables: dict[str, object]) -> str:
    """Write one self-contained page.

    Args:
        name: File of the template in the folder `report`.
        variables: What the template shows; a name that it asks for and that is missing is an error.
    """
    return _environment().get_template(f"{FOLDER}/{name}").render(variables)


@cache
def _environment() -> Environment:
    return html_environment()


def html_environment(*extensions: str) -> Environment:
    """What writes pages: every value is escaped, and a name that is missing is an error."""
    return Environment(
        loader=FileSystemLoader(template_folder()),
        extensions=extensions,
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
    )
