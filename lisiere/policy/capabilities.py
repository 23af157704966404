"""What a platform's release cannot do: an intent that asks for it is refused before anything is rendered."""

from dataclasses import dataclass

from lisiere.model.fleet import Fleet
from lisiere.model.words import Platform, Release


@dataclass(frozen=True, slots=True)
class Refusal:
    """An appliance that cannot do what an overlay asks of it; `overlay` and `partner` name the place in the files."""

    host: str
    overlay: str
    partner: str
    message: str
    advice: str


NO_CLEAR_PROOF = frozenset({(Platform.VYOS, Release.VYOS_1_4)})
"""Releases whose firewall cannot tell whether a leaving packet is protected by IPsec (VyOS 1.4 matches arriving ones
only, `ipsec match-ipsec`; `match-ipsec-out` came with 1.5), so that a policy-based tunnel could leak in clear unseen."""


def refusals(fleet: Fleet) -> tuple[Refusal, ...]:
    """Every place where the intent exceeds what an appliance's platform and release can do natively."""
    return tuple(
        Refusal(
            host=site,
            overlay=overlay.name,
            partner=partner.name,
            message=f"{site}: {one.platform} {one.data.release} cannot keep static selectors from leaking in clear",
            advice="end the partner's tunnel at an appliance on VyOS 1.5",
        )
        for _, overlay in sorted(fleet.overlays.items())
        for partner in overlay.partners
        for site in partner.sites
        if (one := fleet.appliances.get(site)) is not None
        if (one.platform, one.data.release) in NO_CLEAR_PROOF
    )
