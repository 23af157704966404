"""A plain loop over the same templates and intents: one jinja2 environment, strict, nothing checked, nothing kept.

The filters do the least that gives the same text.
"""

from base64 import b64encode
from collections.abc import Mapping
from functools import partial

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from benchmarks.contenders.lisiere_render import intents_of, told
from benchmarks.jobs import Extra, Job, Work
from lisiere import bundle
from lisiere.model.intent import SiteIntent
from lisiere.render import debian, vyos
from lisiere.render.renderer import ENTRY, FILES, SECTIONS, VIEWS, template_folder


def prepare(job: Job) -> Work:
    """Resolve the intents."""
    return partial(_work, intents_of(job))


def _work(intents: Mapping[str, SiteIntent]) -> Extra:
    environment = make_environment()
    return told({name: _render(environment, intent) for name, intent in intents.items()})


def make_environment() -> Environment:
    """One environment with the names that the templates ask for."""
    environment = Environment(
        loader=FileSystemLoader(template_folder()),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
        autoescape=False,  # noqa: S701 - no markup
    )
    environment.globals.update(protocols=vyos.PROTOCOLS, zone_names=vyos.ZONES)
    environment.filters.update(
        **debian.FILTERS,
        coded=lambda value: b64encode(str(value).encode()).decode(),
        ike_group=vyos.ike_group,
        ike_roles=vyos.ike_roles,
        lines=str,
        interface_path=vyos.interface_path,
        numbered=vyos.numbered,
        origin=vyos.origin,
        paragraph=lambda value: r"\n".join(str(value).rstrip("\n").split("\n")),
        path=lambda start, *words: " ".join((start, *map(str, words))),
        text=str,
        written_by=lambda part, name: environment.get_template(name).render(it=part),
    )
    return environment


def _render(environment: Environment, intent: SiteIntent) -> str:
    variables = VIEWS[intent.platform](intent)
    if intent.platform in FILES:
        return bundle.write(
            bundle.File(one.path, one.mode, environment.get_template(one.template).render(variables, **one.variables))
            for one in FILES[intent.platform](intent)
        )
    names = (f"{section}/{intent.platform}/{ENTRY}" for section in SECTIONS)
    return "".join(environment.get_template(name).render(variables) for name in names)
