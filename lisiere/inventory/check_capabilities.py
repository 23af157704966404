"""Checks of what an appliance's platform and release cannot do, at the place that asks for it."""

from lisiere.inventory.assembling import assemble
from lisiere.inventory.draft import Draft
from lisiere.inventory.notes import Notebook
from lisiere.policy.capabilities import refusals


def check(draft: Draft, notes: Notebook) -> None:
    """Note every refusal; only what is valid so far is asked about."""
    if draft.operator is None:
        return
    for refusal in refusals(assemble(draft, draft.operator.value)):
        notes.add(draft.operator.at(*refusal.place), f"operator: {refusal.message}", refusal.advice)
