"""Checks of crypto profiles: nothing that has ended is in use without a waiver that still holds."""

from collections.abc import Iterator

from lisiere.inventory.draft import Draft
from lisiere.inventory.notes import KeyPath, Notebook
from lisiere.inventory.sections import each
from lisiere.model.crypto import LAST_DAY, CryptoProfile


def check(draft: Draft, notes: Notebook) -> None:
    """Note profiles and algorithms that may no longer be used."""
    for name, profile, place in each(draft.crypto):
        if profile.is_accepted(draft.as_of):
            continue
        source = f"{profile.source.document} {profile.source.version}, {profile.source.number}"
        waived = f"; its waiver ended on {profile.waiver.until}" if profile.waiver else ""
        ended = set(profile.ended(draft.as_of))
        for algorithm, path in _uses(profile):
            if algorithm in ended:
                message = f"crypto profile {name}: {algorithm} ended on {LAST_DAY[algorithm]} ({source}){waived}"
                advice = "choose a stronger algorithm, or have a waiver granted with an approver, a reason and an end"
                notes.add(place.at(*path), message, advice)
        if profile.valid_until < draft.as_of:
            message = f"crypto profile {name}: ended on {profile.valid_until} ({source}){waived}"
            notes.add(place.at("valid_until"), message, "review it against its source, or use another profile")


def _uses(profile: CryptoProfile) -> Iterator[tuple[str, KeyPath]]:
    """(algorithm under its name in `LAST_DAY`, key that chooses it) for everything that a profile uses."""
    ike, esp = profile.ike, profile.esp
    named = (
        (ike.encryption, ("ike", "encryption")),
        (ike.integrity, ("ike", "integrity")),
        (ike.prf, ("ike", "prf")),
        (f"dh{ike.dh_group}", ("ike", "dh_group")),
        (esp.encryption, ("esp", "encryption")),
        (esp.integrity, ("esp", "integrity")),
        (f"dh{esp.pfs_group}", ("esp", "pfs_group")),
    )
    return ((str(algorithm), path) for algorithm, path in named if algorithm is not None)
