"""The replacement programme: three years, territory by territory, the most populous first."""

from datetime import date, timedelta

from lisiere.model.words import Lifecycle, Platform, Release
from lisiere.workflow.reference.choice import Kind, Site
from lisiere.workflow.reference.digest import share

REFERENCE_DATE = date(2026, 11, 24)
"""The day on which the reference fleet is told: what was scheduled before stands, what comes soon is staged."""

FIRST_MONDAY = date(2026, 1, 12)
WEEKS_BETWEEN_TERRITORIES, WEEKS_OF_A_TERRITORY = 6, 50
STAGED_AHEAD = timedelta(weeks=4)
FIRST_DELIVERY_OF_1_5 = date(2026, 7, 1)

DEBIAN_TERRITORY, MIXED_TERRITORY = "200070951", "248000747"
"""Where the appliances are Debian ones: all of the Territoire Nord Picardie; of the Pays du Coquelicot all but the
seat, so that the tunnels of an overlay end on two platforms."""

WEDNESDAY = 2
TUESDAY_AND_THURSDAY = (1, 3)
SCHOOLS = frozenset({Kind.SCHOOL, Kind.COLLEGE})


def scheduled_on(site: Site, place: int) -> date:
    """The day of a site's replacement, a Wednesday for schools; `place` is its territory's in the programme."""
    if site.is_retired:
        return FIRST_MONDAY + timedelta(weeks=share(f"closed/{site.name}", 20), days=1)
    week = place * WEEKS_BETWEEN_TERRITORIES
    week += 0 if site.kind is Kind.SEAT else share(f"week/{site.name}", WEEKS_OF_A_TERRITORY)
    day = WEDNESDAY if site.kind in SCHOOLS else TUESDAY_AND_THURSDAY[share(f"day/{site.name}", 2)]
    return FIRST_MONDAY + timedelta(weeks=week, days=day)


def lifecycle(site: Site, scheduled: date) -> Lifecycle:
    """Where the appliance stands on the reference date."""
    if site.is_retired:
        return Lifecycle.RETIRED
    if scheduled <= REFERENCE_DATE:
        return Lifecycle.ACTIVE
    return Lifecycle.STAGED if scheduled <= REFERENCE_DATE + STAGED_AHEAD else Lifecycle.PLANNED


def platform(site: Site) -> Platform:
    """What an appliance of the site runs."""
    if site.territory == DEBIAN_TERRITORY:
        return Platform.DEBIAN
    return Platform.DEBIAN if site.territory == MIXED_TERRITORY and site.kind is not Kind.SEAT else Platform.VYOS


def release(scheduled: date, runs: Platform) -> Release:
    """What the appliance was, or will be, delivered with."""
    if runs is Platform.DEBIAN:
        return Release.DEBIAN_12
    return Release.VYOS_1_4 if scheduled < FIRST_DELIVERY_OF_1_5 else Release.VYOS_1_5
