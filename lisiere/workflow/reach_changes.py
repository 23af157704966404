"""What a plan opens and closes: the firewall of each planned text against the one that runs, read back as policies.

Nothing is kept for it: both texts are on record under the hashes that the plan was frozen with, so that the answer is
as firm as the plan. What cannot be read is said to be unknown, never to be unchanged: where zone members, addresses,
translation, tunnels or routes change too, what the rules open and close is not all, and that is said beside it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lisiere.errors import RecordError
from lisiere.model.plan import PlannedChange
from lisiere.policy.reach import difference
from lisiere.policy.telling import lines
from lisiere.render.vyos_reading import NO_ZONES, PolicyReader, Unread, firewall_section
from lisiere.workflow.reach_beside import differing_parts

if TYPE_CHECKING:
    from lisiere.store.records import Records


@dataclass(frozen=True, slots=True)
class ReachChange:
    """What a change of the rules opens and closes, in words.

    `unknown` says why that is not known, or what more changes than rules; it is empty where the two are all.
    """

    opened: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()
    unknown: str = ""


def reach_changes(records: "Records", changes: Iterable[PlannedChange]) -> dict[str, ReachChange]:
    """What each change opens and closes, by appliance; unknown where a text of the plan is not on record."""
    comparer = _Comparer()
    return {one.host: _change(records, one, comparer) for one in changes}


def _change(records: "Records", change: PlannedChange, comparer: "_Comparer") -> ReachChange:
    try:
        texts = records.get_configurations((change.running_sha256, change.intended_sha256))
    except RecordError:
        return ReachChange(unknown="what it was planned from is not on record")
    return comparer.compare(texts[change.running_sha256], texts[change.intended_sha256])


class _Comparer:
    """Compares texts; the same two firewalls are compared once."""

    def __init__(self) -> None:
        self._reader = PolicyReader()
        self._known: dict[tuple[str, str], ReachChange] = {}

    def compare(self, running: str, intended: str) -> ReachChange:
        """What passes with the one text and not with the other."""
        if not (_is_set_text(running) and _is_set_text(intended)):
            return ReachChange(unknown="the rules of this platform cannot be read back")
        pair = (firewall_section(running), firewall_section(intended))
        if not pair[0]:
            return ReachChange(unknown=f"the running text cannot be read: {NO_ZONES.reason}")
        if pair not in self._known:
            self._known[pair] = ReachChange() if pair[0] == pair[1] else self._compared(*pair)
        found = self._known[pair]
        parts = () if found.unknown else differing_parts(running, intended)
        return replace(found, unknown=f"more than rules changes: {', '.join(parts)}") if parts else found

    def _compared(self, running: str, intended: str) -> ReachChange:
        before, after = self._reader.read(running), self._reader.read(intended)
        if isinstance(before, Unread):
            return ReachChange(unknown=f"the running text cannot be read: {before.reason}")
        if isinstance(after, Unread):
            return ReachChange(unknown=f"the intended text cannot be read: {after.reason}")
        found = difference(before, after)
        return ReachChange(opened=lines(found.opened, after), closed=lines(found.closed, before))


def _is_set_text(text: str) -> bool:
    return next((line.startswith("set ") for line in text.splitlines() if line and not line.startswith("#")), False)
