"""Waivers of the reference fleet: what an engineer cannot mend yet, with what is done meanwhile and until when."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from lisiere.model.compliance_words import ScopeKind
from lisiere.model.days import PARIS
from lisiere.model.finding import Scope, Waiver
from lisiere.model.fleet import Fleet
from lisiere.workflow.waiving import new_waiver

ASKED_BY, APPROVED_BY = "camille-roussel", "nadia-benali"
"""Two of the operator's accounts: nobody approves the own waiver."""


class Wanted(NamedTuple):
    """A waiver over the fleet, some days long."""

    rule: str
    days: int
    reason: str
    measure: str


WANTED = (
    Wanted(
        "ipsec-no-psk",
        365,
        "L'autorité de certification des territoires est mise en place en 2027",
        "Clés de 256 bits tirées au hasard, propres à chaque couple de sites, renouvelées chaque année",
    ),
    Wanted(
        "proxy-authenticated",
        540,
        "Les communes n'ont pas d'annuaire commun auquel relier le mandataire",
        "Journaux par adresse au collecteur, baux DHCP gardés aussi longtemps",
    ),
    Wanted(
        "log-protected-transport",
        270,
        "Le collecteur n'offre pas encore syslog sur TLS",
        "Les journaux ne passent que par le lien d'administration, séparé de tout autre trafic",
    ),
    Wanted(
        "proxy-logs-central",
        365,
        "VyOS n'envoie pas les journaux de son mandataire",
        "Relevé hebdomadaire de ces journaux ; les écoles concernées passent à Debian à leur tour",
    ),
    Wanted(
        "op-hubs-in-pairs",
        540,
        "Le second concentrateur attend la seconde adduction de fibre du siège",
        "Astreinte et équipement de rechange au siège",
    ),
)


def reference_waivers(fleet: Fleet, *, at: datetime) -> Iterator[Waiver]:
    """The waivers, asked for at an instant; another person has still to approve them."""
    for one in WANTED:
        yield new_waiver(
            one.rule,
            Scope(kind=ScopeKind.FLEET),
            reason=one.reason,
            measure=one.measure,
            asked_by=ASKED_BY,
            until=(at + timedelta(days=one.days)).astimezone(PARIS).date(),
            at=at,
            fleet=fleet,
        )
