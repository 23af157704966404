"""`lisiere show SITE`: all that Lisière knows about one site."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import AsJson
from cli.output import print_json, print_table

if TYPE_CHECKING:
    from lisiere.model.fleet import Fleet
    from lisiere.model.intent import SiteIntent
    from lisiere.model.site import Appliance
    from lisiere.settings import Settings


def show(
    context: typer.Context,
    site: Annotated[str, typer.Argument(metavar="SITE", help="Name of the site's appliance.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show one site: programme, address plan, overlays, web access, policy, and how it stands."""
    from cli.workplace import open_fleet, settings_of
    from lisiere.policy.site import resolve_sites

    settings = settings_of(context)
    fleet = open_fleet(settings)
    one = find(fleet, site)
    intent = resolve_sites(fleet, [one.name])[one.name]
    facts = _facts(one, fleet=fleet, intent=intent)
    facts["state"] = _state(settings, one.name)
    if as_json:
        print_json(facts)
        return
    _print(facts)


def find(fleet: "Fleet", name: str) -> "Appliance":
    """The appliance of that name.

    Raises:
        UsageError: There is none; names that look alike are told.
    """
    from difflib import get_close_matches

    from lisiere.errors import UsageError

    if name not in fleet.appliances:
        close = get_close_matches(name, fleet.appliances, n=3)
        hint = f"; did you mean {', '.join(close)}?" if close else "; `lisiere inventory list` shows what there is"
        raise UsageError(f"unknown site {name}{hint}")
    return fleet.appliances[name]


def _facts(one: "Appliance", *, fleet: "Fleet", intent: "SiteIntent") -> dict[str, object]:
    data, territory = one.data, fleet.territories[one.territory]
    return {
        "name": one.name,
        "site": data.site,
        "territory": f"{territory.siren} {territory.name}",
        "profile": one.profile,
        "platform": f"{one.platform} {data.release}",
        "lifecycle": data.lifecycle,
        "scheduled_on": data.scheduled_on,
        "management": f"{data.loopback.ipv4} {data.loopback.ipv6}",
        "uplink": f"{data.uplink.ipv4} {data.uplink.ipv6}, {data.uplink_mbit} Mbit/s",
        "web_access": data.web_access.kind,
        "backup": _backup(one),
        "segments": [
            {
                "segment": segment.name,
                "zone": segment.zone,
                "vlan": segment.vlan,
                "ipv4": segment.ipv4,
                "ipv6": segment.ipv6,
            }
            for segment in data.segments
        ],
        "overlays": [
            {
                "overlay": tunnel.overlay,
                "peer": tunnel.peer,
                "title": tunnel.peer_title,
                "authentication": tunnel.authentication,
                "crypto": tunnel.crypto.name,
                "partner": "yes" if tunnel.is_partner else "no",
            }
            for tunnel in intent.tunnels
        ],
        "exceptions": [
            {"rule": item.rule.id, "who": item.who, "why": item.why, "until": item.until} for item in data.exceptions
        ],
        "policy": [
            {"from": rules.from_zone, "to": rules.to_zone, "family": rules.family, "rules": len(rules.rules)}
            for rules in intent.rule_sets
        ],
    }


def _backup(one: "Appliance") -> str:
    plan = one.data.backup
    if plan is None:
        return "none"
    window = f"{plan.window.start:%H:%M}-{plan.window.stop:%H:%M}"
    return f"segment {plan.segment}, {window} UTC, at most {plan.rate_mbit} Mbit/s"


def _state(settings: "Settings", name: str) -> str:
    """How the site stood at its last reading, in words."""
    from cli.records import status_line

    return status_line(settings, name)


def _print(facts: dict[str, object]) -> None:
    tables = ("segments", "overlays", "exceptions", "policy")
    plain = [(name.replace("_", " "), value) for name, value in facts.items() if name not in tables]
    width = max(len(name) for name, _ in plain)
    for name, value in plain:
        typer.echo(f"{name:<{width}}  {value}")
    for title in tables:
        rows = facts[title]
        if isinstance(rows, list) and rows:
            typer.echo(f"\n{title}")
            print_table(list(rows[0]), [list(row.values()) for row in rows], empty="")
