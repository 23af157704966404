"""Reasoning about all policies of a fleet: what passes, as boxes, and the rules without effect."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from benchmarks.jobs import Extra, Job, Work
from lisiere.inventory.loader import load_fleet
from lisiere.model.intent import SiteIntent
from lisiere.policy.frozen import PolicyBook
from lisiere.policy.reach import chains_of, reachability
from lisiere.policy.shadows import redundant, shadowed
from lisiere.policy.site import resolve_fleet


def prepare(job: Job) -> Work:
    """The fleet is loaded and resolved; reasoning starts from nothing."""
    fleet = load_fleet(Path(job.inventory), as_of=datetime.now(UTC).date())
    return partial(_work, tuple(resolve_fleet(fleet)))


def _work(intents: Sequence[SiteIntent]) -> Extra:
    book = PolicyBook()
    policies = [book.policy(intent) for intent in intents]
    passages = sum(len(reachability(policy)) for policy in policies)
    chains = list(chains_of(policies))
    idle = sum(len(shadowed(chain)) + len(redundant(chain)) for chain in chains)
    return {"chains": len(chains), "passages": passages, "idle_rules": idle}
