"""From an intent to the text of one configuration: pure, strict, and the same bytes for the same intent."""

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, NoReturn

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    Template,
    TemplateError,
    TemplateSyntaxError,
)

from lisiere import bundle
from lisiere.errors import Mistake, RenderError
from lisiere.model.intent import SiteIntent
from lisiere.model.words import Platform
from lisiere.render import debian, guard, vyos
from lisiere.render.bytecode import COMPILED

SECTIONS = ("base", "firewall", "proxy", "vpn")
"""The folders of templates, in the order in which a configuration is written; each has one folder per platform."""

ENTRY = "main.j2"
ADVICE = "correct the value in the inventory, or the template"

VIEWS: Mapping[Platform, Callable[[SiteIntent], dict[str, object]]] = MappingProxyType(
    {Platform.VYOS: vyos.view, Platform.DEBIAN: debian.view}
)
OPENINGS: Mapping[Platform, str] = MappingProxyType({Platform.VYOS: "set "})
"""How every line of a configuration begins, for a platform that has one text of commands."""

FILES: Mapping[Platform, Callable[[SiteIntent], Iterator[debian.Written]]] = MappingProxyType(
    {Platform.DEBIAN: debian.files}
)
"""What a configuration is made of, for a platform whose programs read files; as one text it is a bundle."""


def render(intent: SiteIntent, *, extra: Path | None = None) -> str:
    """Write the complete configuration of one appliance; secrets stay references.

    Args:
        intent: What the site should be.
        extra: A folder of own templates, laid out as the built-in one; a file there comes before the built-in one.

    Returns:
        One command a line, each line ended by a line feed; or the files of the platform's programs as a bundle.

    Raises:
        RenderError: A template is wrong, asks for what the intent does not hold, or prints what is no command.
    """
    return "".join(section.text for section in render_sections(intent, extra=extra))


class Section(NamedTuple):
    """A part of a configuration: whole lines, and how many."""

    text: str
    lines: int


def render_sections(intent: SiteIntent, *, extra: Path | None = None) -> Iterator[Section]:
    """The configuration of one appliance as `render` writes it, section by section."""
    environment, variables = environment_of(extra), VIEWS[intent.platform](intent)
    if intent.platform in FILES:
        yield _bundle(environment, variables, intent=intent)
        return
    for section in SECTIONS:
        yield _section(f"{section}/{intent.platform}/{ENTRY}", environment, variables, intent=intent)


def template_folder() -> Path:
    """Where the built-in templates are: beside the package as installed, else in the checkout."""
    package = Path(__file__).parent.parent
    installed = package / "_templates"
    return installed if installed.is_dir() else package.parent / "templates"


class Templates(Environment):
    """An environment that looks a template up once: files do not change while a command runs."""

    @cache  # noqa: B019 - environments live as long as the process
    def get_template(
        self,
        name: str | Template,
        parent: str | None = None,
        globals: MutableMapping[str, object] | None = None,  # noqa: A002 - its name in Jinja
    ) -> Template:
        """The template of a name; what all templates know is a plain dictionary in it, which each inclusion reads."""
        template = super().get_template(name, parent, globals)
        template.globals = dict(template.globals)
        return template


@cache
def environment_of(extra: Path | None) -> Environment:
    """The one environment of the built-in templates, or of these behind a folder of own ones."""
    if extra is not None and not extra.is_dir():
        advice = "name a folder that holds templates as base/<platform>/…, or leave the setting out"
        raise RenderError([Mistake(file=str(extra), line=0, message="there is no such folder", advice=advice)])
    folders = [template_folder()] if extra is None else [extra, template_folder()]
    environment = Templates(
        loader=FileSystemLoader(folders),
        bytecode_cache=COMPILED,
        undefined=StrictUndefined,
        finalize=guard.guard,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
        autoescape=False,
    )
    environment.globals.update(protocols=vyos.PROTOCOLS, zone_names=vyos.ZONES)
    environment.filters.update(
        coded=guard.coded,
        ike_group=vyos.ike_group,
        ike_roles=vyos.ike_roles,
        interface_path=vyos.interface_path,
        numbered=vyos.numbered,
        origin=vyos.origin,
        paragraph=guard.paragraph,
        path=guard.path,
        lines=guard.lines,
        text=guard.text,
        written_by=_writer(environment),
        **debian.FILTERS,
    )
    return environment


def _writer(environment: Environment) -> Callable[[object, str], guard.Checked]:
    """The filter `written_by`: one part of an intent through a template that sees nothing else, as `it`.

    Fleets are made of few different parts, and intents share the frozen object of a part that is equal: each is written
    once. The text is found by the object itself, which is kept with it, so that no other can take its place.
    """
    written: dict[tuple[int, str], tuple[object, guard.Checked]] = {}

    def written_by(part: object, name: str) -> guard.Checked:
        place = (id(part), name)
        found = written.get(place)
        if found is None:
            if len(written) >= guard.CACHE_SIZE:
                written.clear()
            found = written[place] = (part, guard.Checked(environment.get_template(name).render(it=part)))
        return found[1]

    return written_by


def _bundle(environment: Environment, variables: Mapping[str, object], *, intent: SiteIntent) -> Section:
    """The files of a site as one text."""
    files = []
    for one in FILES[intent.platform](intent):
        text, place = _written(one.template, environment, {**variables, **one.variables}, intent=intent)
        if not text.endswith("\n") or text.startswith("\n"):
            _refuse(place, 0, f"{intent.name}: {one.path} does not consist of whole lines", cause=None)
        files.append(bundle.File(one.path, one.mode, text))
    try:
        text = bundle.write(files)
    except ValueError as exc:
        _refuse(f"templates of {intent.platform}", 0, f"{intent.name}: {exc}", cause=exc)
    return Section(text, text.count("\n"))


def _section(name: str, environment: Environment, variables: Mapping[str, object], *, intent: SiteIntent) -> Section:
    """A part of a configuration that is one text of commands."""
    text, place = _written(name, environment, variables, intent=intent)
    return Section(text, _count_lines(text, place, intent))


def _written(
    name: str, environment: Environment, variables: Mapping[str, object], *, intent: SiteIntent
) -> tuple[str, str]:
    """What a template makes of an intent, and the template's file."""
    try:
        template: Template = environment.get_template(name)
        return template.render(variables), template.filename or name
    except Exception as exc:
        place = _place(exc, name)
        if place is None:
            raise
        _refuse(*place, f"{intent.name}: {exc}", cause=exc)


def _place(exc: Exception, name: str) -> tuple[str, int] | None:
    """Template file and line that an error comes from; None when it comes from no template."""
    if isinstance(exc, TemplateSyntaxError):
        return exc.filename or exc.name or name, exc.lineno
    place, frame = None, exc.__traceback__
    while frame is not None:
        if frame.tb_frame.f_code.co_filename.endswith(".j2"):
            place = frame.tb_frame.f_code.co_filename, frame.tb_lineno
        frame = frame.tb_next
    if place is None and isinstance(exc, TemplateError):
        return name, 0
    return place


def _count_lines(text: str, file: str, intent: SiteIntent) -> int:
    """Refuse a section in which something else than commands stands, as a slip of a template would leave it."""
    opening, lines = OPENINGS[intent.platform], text.count("\n")
    is_sound = text.startswith(opening) and text.endswith("\n") and text.count(f"\n{opening}") == lines - 1
    if text and not is_sound:
        wrong = next((line for line in text.splitlines() if not line.startswith(opening)), text.rpartition("\n")[2])
        _refuse(file, 0, f"{intent.name}: {wrong[:120]!r} is no command on a line of its own", cause=None)
    return lines


def _refuse(file: str, line: int, message: str, *, cause: Exception | None) -> NoReturn:
    raise RenderError([Mistake(file=file, line=line, message=message, advice=ADVICE)]) from cause
