"""Checks of flows: the well-known ones exist and live, and each has a rule. One that ended is no longer rendered."""

from collections.abc import Iterator

from lisiere.inventory.draft import Draft
from lisiere.inventory.files import FLOWS
from lisiere.inventory.notes import Notebook, Place
from lisiere.policy.derived import WELL_KNOWN_FLOWS


def check(draft: Draft, notes: Notebook) -> None:
    """Note flows that are missing, ended or without rule."""
    _check_well_known(draft, notes)
    used = set(WELL_KNOWN_FLOWS)
    for name, place in _uses(draft):
        used.add(name)
        draft.flows.find(name, place, kind="flow", notes=notes)
    if not (draft.policies.is_sound and draft.overlays.is_sound and draft.nornir.hosts.is_sound):
        return  # what could not be read may use any flow
    for name, item in draft.flows.items.items():
        if name not in used:
            notes.add(item.place, f"flow {name} has no rule", "remove it, or write the rule that it is for")


def _check_well_known(draft: Draft, notes: Notebook) -> None:
    for name in WELL_KNOWN_FLOWS:
        item = draft.flows.items.get(name)
        if item is None:
            if name not in draft.flows.known and draft.flows.is_whole:
                message = f"the flow {name} is missing, which rules of every site need"
                notes.add(Place(FLOWS, ("flows",)), message, f"declare a flow with the id {name}")
        elif item.value.until is not None and item.value.until < draft.as_of:
            message = f"flow {name} ended on {item.value.until}, and rules of every site need it"
            notes.add(item.place.at("until"), message, "remove its end")


def _uses(draft: Draft) -> Iterator[tuple[str, Place]]:
    """(flow, place) wherever a flow is named."""
    for one in draft.rules():
        if one.rule.flow is not None:
            yield one.rule.flow, one.place.at("flow")
    for flow, place in draft.overlay_flows():
        yield flow.flow, place.at("flow")
