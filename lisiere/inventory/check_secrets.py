"""Checks of the names of secrets: each that is needed is listed, and none that is not."""

from collections.abc import Iterator
from itertools import combinations

from lisiere.inventory.draft import Draft
from lisiere.inventory.files import SECRETS
from lisiere.inventory.notes import Notebook, Place
from lisiere.inventory.sections import each
from lisiere.model.overlay import Authentication, Overlay, Topology, secret_name


def check(draft: Draft, notes: Notebook) -> None:
    """Note secrets that are missing or no longer used; keys of certificates come with enrolment and may be listed."""
    needed = _needed(draft)
    if draft.are_secrets_sound:
        for name, place in needed.items():
            if name not in draft.secrets:
                advice = f"create it in the store of secrets, then list it in {SECRETS}"
                notes.add(place, f"missing secret {name}", advice)
    if draft.overlays.is_sound:
        allowed = needed.keys() | _certificate_names(draft)
        for name, place in draft.secrets.items():
            if name not in allowed:
                shown = name if name.startswith(("secret:overlay/", "secret:pki/")) else "this secret"
                notes.add(place, f"{shown} is no longer used", "remove it here and from the store of secrets")


def pairs(overlay: Overlay) -> Iterator[tuple[str, str]]:
    """Every two members with a tunnel between them, in the order of names."""
    names = sorted({member.site for member in overlay.members})
    if overlay.topology is Topology.MESH:
        yield from combinations(names, 2)
        return
    hubs = set(overlay.hubs)
    yield from ((one, other) for one, other in combinations(names, 2) if one in hubs or other in hubs)


def shared_keys(overlay: Overlay) -> Iterator[tuple[str, int | None]]:
    """The names of the pre-shared keys that an overlay's tunnels need, with the number of the partner that needs it."""
    if overlay.authentication is not Authentication.PSK:
        return
    for one, other in pairs(overlay):
        yield secret_name(overlay.name, one, other), None
    for index, partner in enumerate(overlay.partners):
        for site in partner.sites:
            yield secret_name(overlay.name, site, partner.name), index


def _needed(draft: Draft) -> dict[str, Place]:
    """The pre-shared keys that tunnels need, each with the overlay or partner that asks for it."""
    found: dict[str, Place] = {}
    for _, overlay, place in each(draft.overlays):
        for name, index in shared_keys(overlay):
            found[name] = place if index is None else place.at("partners", index)
    return found


def _certificate_names(draft: Draft) -> set[str]:
    sites = {
        site
        for _, overlay, _ in each(draft.overlays)
        if overlay.authentication is Authentication.CERTIFICATE
        for site in (*(member.site for member in overlay.members), *(s for p in overlay.partners for s in p.sites))
    }
    return {"secret:pki/authority/certificate"} | {
        f"secret:pki/{site}/{part}" for site in sites for part in ("certificate", "key")
    }
