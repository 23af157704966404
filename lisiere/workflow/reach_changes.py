"""What a plan opens and closes: the firewall of each planned text against the one that runs, read back as policies.

Nothing is kept for it: both texts are on record under the hashes that the plan was frozen with, so that the answer is
as firm as the plan. What cannot be read is said to be unknown, never to be unchanged: where zone members, addresses,
translation, tunnels or routes change too, what the rules open and close is not all, and that is said beside it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from lisiere.errors import RecordError
from lisiere.model.plan import PlannedChange
from lisiere.policy.frozen import Policy
from lisiere.policy.reach import difference
from lisiere.policy.telling import lines
from lisiere.render.nft_reading import NftReader
from lisiere.render.vyos_reading import NO_ZONES, PolicyReader, Unread, firewall_section
from lisiere.workflow import bundles, reach_bundles
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
        self._set_texts, self._bundles = PolicyReader(), NftReader()
        self._known: dict[tuple[str, str], ReachChange] = {}

    def compare(self, running: str, intended: str) -> ReachChange:
        """What passes with the one text and not with the other."""
        if bundles.is_bundle(running) and bundles.is_bundle(intended):
            if unread := reach_bundles.unread(running):
                return ReachChange(unknown=f"the running text cannot be read: {unread.reason}")
            pair = (reach_bundles.rules(running), reach_bundles.rules(intended))
            parts = reach_bundles.differing_parts(running, intended)
            return _with_parts(self._found(pair, self._bundles.read), parts)
        if not (_is_set_text(running) and _is_set_text(intended)):
            return ReachChange(unknown="the two texts cannot be read back as rules of one platform")
        sections = (firewall_section(running), firewall_section(intended))
        if not sections[0]:
            return ReachChange(unknown=f"the running text cannot be read: {NO_ZONES.reason}")
        return _with_parts(self._found(sections, self._set_texts.read), differing_parts(running, intended))

    def _found(self, pair: tuple[str, str], read: Callable[[str], Policy | Unread]) -> ReachChange:
        if pair not in self._known:
            self._known[pair] = ReachChange() if pair[0] == pair[1] else _compared(*map(read, pair))
        return self._known[pair]


def _compared(before: Policy | Unread, after: Policy | Unread) -> ReachChange:
    if isinstance(before, Unread):
        return ReachChange(unknown=f"the running text cannot be read: {before.reason}")
    if isinstance(after, Unread):
        return ReachChange(unknown=f"the intended text cannot be read: {after.reason}")
    found = difference(before, after)
    return ReachChange(opened=lines(found.opened, after), closed=lines(found.closed, before))


def _with_parts(found: ReachChange, parts: tuple[str, ...]) -> ReachChange:
    """The same with what more differs than rules, unless nothing is known anyway."""
    if found.unknown or not parts:
        return found
    return replace(found, unknown=f"more than rules changes: {', '.join(parts)}")


def _is_set_text(text: str) -> bool:
    return next((line.startswith("set ") for line in text.splitlines() if line and not line.startswith("#")), False)
