"""What every change of an appliance begins with: it runs what was planned, and is armed with a timed revert."""

import time
from collections.abc import Callable

from nornir.core.inventory import Host

from lisiere.errors import LisiereError, PendingCommitError, StaleError
from lisiere.model.hashing import sha256_of
from lisiere.model.plan import PlannedChange, Step
from lisiere.workflow.comparing import compare
from nornir_tasks.fleet import open_driver

Enter = Callable[[Step, str], None]
"""`enter(step, detail)` journals a step; when it returns, the step may be taken."""


def is_as_intended(host: Host, change: PlannedChange, *, running: str, intended: str) -> bool:
    """Whether an appliance has been changed before; False when it runs what it ran as the plan was made.

    Raises:
        PendingCommitError: Somebody's timed commit waits there.
        StaleError: It runs something else.
    """
    if open_driver(host).has_pending_commit():
        raise PendingCommitError(host.name, "a timed commit waits for its confirmation; nothing was sent")
    if sha256_of(running) == change.running_sha256:
        return False
    if compare(running=running, intended=intended).is_empty:
        return True
    raise StaleError(host.name, "its configuration changed since the plan was made; nothing was sent")


def load_and_arm(
    host: Host, text: str, *, enter: Enter, revert_in_s: int, health: str, difference: str | None = None
) -> float:
    """Load a configuration and commit it with a timed revert; a candidate never outlives a failure.

    Args:
        host: The appliance.
        text: The whole configuration.
        enter: Journals each step.
        revert_in_s: Time after which the commit reverts by itself.
        health: What has to work afterwards, or what else the entry of the step is to say.
        difference: What the device has to show before it is committed; None for whatever it shows.

    Returns:
        How long the commit took, s.

    Raises:
        StaleError: It shows another difference.
    """
    driver = open_driver(host)
    enter(Step.LOAD, health)
    driver.load_replace_candidate(config=text)
    try:
        enter(Step.COMPARE, "")
        if difference not in (None, driver.compare_config()):
            raise StaleError(host.name, "the device shows another difference than the plan")
        enter(Step.COMMIT, f"reverts by itself after {revert_in_s} s")
    except LisiereError:
        driver.discard_config()
        raise
    began = time.monotonic()
    driver.commit_config(revert_in=revert_in_s)
    return time.monotonic() - began
