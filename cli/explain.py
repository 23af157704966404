"""`lisiere explain`: may this reach that, and which rule of which layer says so."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import AsJson, AsOf
from cli.output import print_json

if TYPE_CHECKING:
    from lisiere.model.fleet import Fleet
    from lisiere.policy.explaining import Explainer

Origin = Annotated[
    str,
    typer.Option("--from", metavar="SITE[:SEGMENT]", help="Where it begins; SITE:self is the appliance itself."),
]
Target = Annotated[
    str,
    typer.Option("--to", metavar="PLACE", help="SITE[:SEGMENT], a zone, an address set, an address or a prefix."),
]
Service = Annotated[
    str,
    typer.Option("--service", metavar="SERVICE", help="A service of the inventory, tcp/443, icmp/8, esp, or any."),
]
At = Annotated[
    str,
    typer.Option("--at", metavar="HH:MM", help="The moment of the day, on the appliances' clock; else all of it."),
]


def explain(
    context: typer.Context,
    *,
    origin: Origin,
    target: Target,
    service: Service,
    at: At = "",
    as_of: AsOf = None,
    as_json: AsJson = False,
) -> None:
    """Say whether one place may reach another, and by which rule, at each appliance on the way.

    A site alone stands for each of its segments. The first denial decides. Exit status 0 whatever the answer is.
    """
    from cli.explain_words import document, print_answer
    from cli.workplace import fleet_on, settings_of
    from lisiere.policy.places import moments_at, origins, service_ranges, targets

    fleet = fleet_on(settings_of(context), as_of.date() if as_of else None)
    starts, ends = origins(fleet, origin), targets(fleet, target)
    services, moments = service_ranges(fleet, service), moments_at(at)
    explainer, told = _explainer(fleet), f"{service} at {at}" if at else service
    is_single = len(starts) == 1 and len(ends) == 1
    asked = [
        (f"{one.label} -> {other.label}, {told}", explainer.answers(one, other, services=services, moments=moments))
        for one in starts
        for other in ends
        if one != other or is_single
    ]
    if as_json:
        print_json([document(question, answers, fleet) for question, answers in asked])
        return
    for place, (question, answers) in enumerate(asked):
        if place:
            typer.echo()
        print_answer(question, answers, fleet)


def _explainer(fleet: "Fleet") -> "Explainer":
    from functools import cache

    from lisiere.policy.explaining import Explainer
    from lisiere.policy.site import resolver
    from lisiere.policy.splitting import owners_in

    return Explainer(cache(resolver(fleet)), owners_in(fleet))
