"""Drift: intended against running, line by line, with a typed reason for each deviation."""

from datetime import datetime

from lisiere.configtree import Deviation, Reason, deviations
from lisiere.model.hashing import sha256_of
from lisiere.model.plan import Drift, DriftReason
from lisiere.model.record import Reading
from lisiere.secrets import references
from lisiere.secrets.keeper import is_mask
from lisiere.workflow import bundles
from lisiere.workflow.comparing import OWN_LEAVES

SEPARATOR = ", "
NOT_SHOWN = "(not shown)"
LONGEST = 500
"""Characters of a side of a deviation that are kept: enough to know what it is; the texts themselves are on record."""


def read(host: str, *, intended: str, running: str, at: datetime) -> Reading:
    """What one look at an appliance says: both hashes, and every deviation.

    Args:
        host: The appliance.
        intended: What should run, secrets as references.
        running: What runs, secrets concealed.
        at: When the running text was read.
    """
    found = () if intended == running else _deviations(intended, running)
    return Reading(
        host=host,
        read_at=at,
        intended_sha256=sha256_of(intended),
        running_sha256=sha256_of(running),
        deviations=tuple(_drift(host, one, at) for one in found),
    )


def _deviations(intended: str, running: str) -> tuple[Deviation, ...]:
    if bundles.is_bundle(intended):
        return bundles.deviations(intended, running)
    return deviations(intended, running, ignore=OWN_LEAVES)


def _drift(host: str, one: Deviation, at: datetime) -> Drift:
    is_secret = one.reason is Reason.CHANGED and any(map(_is_concealed, one.intended.split(SEPARATOR)))
    return Drift(
        host=host,
        reason=DriftReason.SECRET if is_secret else DriftReason(one.reason),
        path=" ".join(one.path),
        intended=_shortened(one.intended),
        running=_shortened(_concealed(one.running) if is_secret else one.running),
        entered_at=at,
    )


def _is_concealed(value: str) -> bool:
    """Whether a value, or the last word of a line, stands for a secret."""
    word = value.rpartition(" ")[2].strip('"') if value else ""
    return any(references.read(one) is not None or is_mask(one) for one in (value, word))


def _concealed(running: str) -> str:
    """The running value of a secret; should a driver have let it through in clear, it goes no further."""
    return SEPARATOR.join(value if _is_concealed(value) else NOT_SHOWN for value in running.split(SEPARATOR))


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
