"""The soak: hours of plans and applies in half an hour, with faults all the while, and nothing that grows or lies.

`make soak` runs it; `SOAK_MINUTES`, `SOAK_APPLIANCES` and `SOAK_SEED` shorten or repeat it.
"""

import os
import random
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.soak.field import Field, open_field
from tests.soak.measures import Sample, growth, sample

MINUTES = float(os.environ.get("SOAK_MINUTES", "30"))
APPLIANCES = int(os.environ.get("SOAK_APPLIANCES", "600"))
SEED = int(os.environ.get("SOAK_SEED", "1"))
FAULT_SHARE = 0.05
CANARIES_STRUCK_EVERY = 10


@pytest.mark.soak
def test_nothing_grows_and_no_record_is_wrong(tmp_path: Path) -> None:
    """Cycle after cycle: a change for all, faults on one in twenty, then every appliance against its record."""
    dice, samples, outcomes, wrong = random.Random(SEED), list[Sample](), Counter[str](), list[str]()
    until = time.monotonic() + 60 * MINUTES
    with open_field(tmp_path, count=APPLIANCES) as field:
        cycle = 0
        while time.monotonic() < until:
            cycle += 1
            done, lies = _cycle(field, dice, cycle)
            outcomes += done
            wrong += lies
            samples.append(sample(field.database))
            _tell(f"cycle {cycle}: {dict(done)}; {samples[-1]}")
    _tell(f"seed {SEED}: {cycle} cycles, {dict(outcomes)}, {len(wrong)} wrong records")
    assert wrong == []
    assert outcomes["applied"] > cycle * APPLIANCES / 2
    assert sum(count for outcome, count in outcomes.items() if outcome not in ("applied", "unchanged")) > 0
    assert growth(samples) == []


def _cycle(field: Field, dice: random.Random, number: int) -> tuple[Counter[str], list[str]]:
    """One change for all appliances; what became of them, and what the records say that is not so."""
    struck = dice.sample(field.names, max(1, round(FAULT_SHARE * len(field.names))))
    early = [name for name in struck if dice.random() < 0.3]
    field.strike(early, dice)
    plan = field.plan(number)
    canaries = {change.host for change in plan.changes if change.wave == 1}
    # A canary that fails ends the rollout, as it must: that is let happen now and then only.
    spared = canaries if number % CANARIES_STRUCK_EVERY else frozenset()
    field.strike([name for name in struck if name not in early and name not in spared], dice)
    run = field.apply(plan)
    field.come_to_rest(struck)
    done = Counter(str(one.outcome) for one in run.outcomes)
    done["not planned"] += len(plan.failures)
    return done, field.lies(run, plan)


def _tell(text: str) -> None:
    print(text, file=sys.__stderr__, flush=True)
