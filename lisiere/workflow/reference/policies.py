"""The written layers of the reference fleet: what no site may undo, what territories add, what each profile gets."""

from collections.abc import Collection, Iterator, Sequence

from lisiere.model.traffic import PolicyLayers, Rule
from lisiere.model.words import Action, ProfileName, Siren

LANS = ("admin", "edu", "guest", "voice", "dmz")
WORKING = ("admin", "edu", "guest", "voice")

_TERRITORIES = (
    (("geo-platform", "geo-platform", "admin"), ("waste-platform", "waste-platform", "admin")),
    (("tourism-platform", "tourism-platform", "admin"),),
    (("school-meals", "school-meals", "admin"),),
    (("geo-platform", "geo-platform", "admin"), ("school-meals", "school-meals", "admin")),
    (("waste-platform", "waste-platform", "admin"),),
)
"""For the five most populous territories: (flow, address set reached over HTTPS, segment from which).

Schools name their segments otherwise: their web has one way out."""


def policies(ranked: Sequence[Siren], profiles: Collection[ProfileName]) -> PolicyLayers:
    """All layers.

    Args:
        ranked: The territories, the most populous first.
        profiles: Those that a site has; the layers of the others would concern nobody.
    """
    layers = {
        ProfileName.TOWN_HALL: _town_hall(),
        ProfileName.SCHOOL: _school(),
        ProfileName.COLLEGE: _college(),
        ProfileName.EPCI_SEAT: _seat(),
        ProfileName.PUBLIC_ACCESS: _library(),
        ProfileName.TECHNICAL: _technical(),
    }
    return PolicyLayers(
        fleet=_fleet(),
        territories={
            siren: tuple(_territory(siren, needs)) for siren, needs in zip(ranked, _TERRITORIES, strict=False)
        },
        profiles={name.value: rules for name, rules in layers.items() if name in profiles},
    )


def allow(
    name: str,
    from_zone: str,
    to_zone: str,
    services: Sequence[str],
    *,
    flow: str,
    destination: str | None = None,
    source: str | None = None,
) -> Rule:
    """An allowing rule for a declared flow."""
    return _rule(
        name, [from_zone], [to_zone], services, Action.ALLOW, flow=flow, destination=destination, source=source
    )


def deny(
    name: str,
    from_zones: Sequence[str],
    to_zones: Sequence[str],
    services: Sequence[str] = (),
    *,
    to: str | None = None,
) -> Rule:
    """A denying rule, logged; for every protocol when no service is named."""
    return _rule(name, from_zones, to_zones, services, Action.DENY, destination=to)


def _rule(
    name: str,
    from_zones: Sequence[str],
    to_zones: Sequence[str],
    services: Sequence[str],
    action: Action,
    *,
    flow: str | None = None,
    destination: str | None = None,
    source: str | None = None,
) -> Rule:
    return Rule.model_validate(
        {
            "id": name,
            "from": from_zones,
            "to": to_zones,
            "source": [source] if source else (),
            "destination": [destination] if destination else (),
            "services": services,
            "action": action,
            "log": action is Action.DENY,
            "flow": flow,
        },
    )


def _fleet() -> tuple[Rule, ...]:
    return (
        deny("fleet-no-way-to-management", (*LANS, "vpn"), ("mgmt",)),
        deny("fleet-nothing-from-outside", ("wan",), WORKING),
        deny("fleet-guests-apart", ("guest",), ("admin", "edu", "voice", "dmz", "vpn")),
        deny("fleet-pupils-apart", ("edu",), ("admin", "voice", "guest")),
        deny("fleet-voice-apart", ("voice",), ("admin", "edu", "guest", "dmz")),
        deny("fleet-servers-start-nothing", ("dmz",), WORKING),
        deny("fleet-no-public-doh", LANS, ("wan",), to="public-doh"),
        deny("fleet-no-foreign-names", LANS, ("wan",), ("foreign-names",)),
        deny("fleet-nothing-unsafe-outside", LANS, ("wan",), ("unsafe-outside",)),
    )


def _territory(siren: Siren, needs: Sequence[tuple[str, str, str]]) -> Iterator[Rule]:
    for flow, there, segment in needs:
        here = f"segment:{segment}"
        yield allow(f"t{siren}-{flow}", "admin", "wan", ["https"], flow=flow, destination=there, source=here)


def _mail(stem: str) -> Rule:
    return allow(f"{stem}-mail", "admin", "wan", ["imaps", "submission"], flow="mail", destination="mail-hosting")


def _telephony(stem: str) -> Rule:
    return allow(f"{stem}-telephony", "voice", "wan", ["sips", "rtp"], flow="telephony", destination="voice-platform")


def _updates(stem: str, zone: str) -> Rule:
    return allow(f"{stem}-updates-{zone}", zone, "wan", ["https"], flow="updates", destination="update-mirror")


def _offices(stem: str) -> tuple[Rule, ...]:
    """What town halls and seats have in common."""
    return (
        _mail(stem),
        allow(f"{stem}-software", "admin", "wan", ["https"], flow="business-software", destination="business-software"),
        allow(f"{stem}-state", "admin", "wan", ["https"], flow="state-exchanges", destination="state-platforms"),
        _updates(stem, "admin"),
        _telephony(stem),
    )


def _town_hall() -> tuple[Rule, ...]:
    return _offices("town-hall")


def _teachers(stem: str) -> tuple[Rule, ...]:
    return (
        allow(
            f"{stem}-mail", "admin", "wan", ["imaps", "submission"], flow="academie-mail", destination="academie-mail"
        ),
        allow(f"{stem}-classroom", "admin", "edu", ["classroom"], flow="classroom"),
    )


def _school() -> tuple[Rule, ...]:
    return _teachers("school")


def _college() -> tuple[Rule, ...]:
    return (
        *_teachers("college"),
        allow("college-pupils-server", "edu", "dmz", ["https", "file-sharing", "print"], flow="college-server"),
        allow("college-staff-server", "admin", "dmz", ["https", "file-sharing", "print"], flow="college-server"),
        allow("college-server-care", "admin", "dmz", ["ssh"], flow="server-maintenance", source="segment:staff"),
        _updates("college", "dmz"),
        _telephony("college"),
    )


def _seat() -> tuple[Rule, ...]:
    return (
        *_offices("seat"),
        allow("seat-services", "admin", "dmz", ["https", "file-sharing"], flow="seat-services"),
        allow("seat-server-care", "admin", "dmz", ["ssh"], flow="server-maintenance", source="segment:admin"),
        _updates("seat", "dmz"),
    )


def _library() -> tuple[Rule, ...]:
    return (
        _mail("library"),
        allow(
            "library-software",
            "admin",
            "wan",
            ["https", "library-protocol"],
            flow="library-software",
            destination="library-software",
        ),
        allow("library-sessions", "admin", "guest", ["session-manager"], flow="public-computers"),
        _updates("library", "admin"),
    )


def _technical() -> tuple[Rule, ...]:
    return (
        allow("technical-telemetry", "admin", "wan", ["mqtts"], flow="telemetry", destination="telemetry-hub"),
        allow("technical-dmz-telemetry", "dmz", "wan", ["mqtts"], flow="telemetry", destination="telemetry-hub"),
        _updates("technical", "admin"),
    )
