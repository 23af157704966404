"""Bringing the old configuration back on an appliance whose new one is armed, and seeing that it is there."""

from nornir.core.inventory import Host

from lisiere.errors import DeviceError, VerificationError
from lisiere.model.hashing import sha256_of
from lisiere.model.plan import PlannedChange
from nornir_tasks.fleet import open_driver


def revert(host: Host, *, change: PlannedChange) -> str:
    """Go back to what ran before an armed commit; returns the running text, which is the planned old one.

    Raises:
        VerificationError: Nothing is armed, and yet something else runs.
        DeviceError: The appliance cannot be reached, or did not go back; its timer goes on.
    """
    driver = open_driver(host)
    if driver.has_pending_commit():
        driver.rollback()
    running: str = driver.get_config(retrieve="running")["running"]
    if driver.has_pending_commit():
        raise DeviceError(host.name, "its timed commit still waits")
    if sha256_of(running) != change.running_sha256:
        raise VerificationError(host.name, "it runs neither the planned nor the configuration before it")
    return running
