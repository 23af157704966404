"""Status: how a part of the fleet stands, and what deviates there, out of the records alone."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from lisiere.model.base import Model
from lisiere.model.plan import ApplianceStatus, Conformity, Drift, DriftReason

if TYPE_CHECKING:
    from lisiere.store.records import Records


class Overview(Model):
    """The fleet in five numbers, and what kinds of deviation there are."""

    appliances: int
    conform: int
    drifted: int
    unread: int
    deviations: dict[DriftReason, int]


def status_of(records: "Records", hosts: Iterable[str]) -> tuple[ApplianceStatus, ...]:
    """How the appliances stand, those in trouble first: drifted, unread, conforming; each by name."""
    order = (Conformity.DRIFTED, Conformity.UNREAD, Conformity.CONFORMS)
    return tuple(sorted(records.status(hosts), key=lambda one: (order.index(one.conformity), one.host)))


def drift_of(records: "Records", hosts: Iterable[str], *, reasons: Iterable[DriftReason] = ()) -> tuple[Drift, ...]:
    """What deviates on the appliances, by name and path; only some reasons, when there are any."""
    wanted = frozenset(reasons)
    return tuple(one for one in records.drift(hosts) if not wanted or one.reason in wanted)


def overview(statuses: Sequence[ApplianceStatus], drift: Sequence[Drift]) -> Overview:
    """Count appliances by conformity, and deviations by reason."""
    counts = Counter(one.conformity for one in statuses)
    return Overview(
        appliances=len(statuses),
        conform=counts[Conformity.CONFORMS],
        drifted=counts[Conformity.DRIFTED],
        unread=counts[Conformity.UNREAD],
        deviations=dict(sorted(Counter(one.reason for one in drift).items())),
    )
