"""Planning on devices: what the intended configuration would change, in the device's words. Nothing is committed."""

from collections.abc import Mapping
from dataclasses import dataclass

from nornir.core.inventory import Host

from lisiere.errors import PendingCommitError
from lisiere.model.hashing import sha256_of
from lisiere.workflow import bundles
from lisiere.workflow.comparing import is_same
from nornir_tasks.fleet import Answer, FleetRunner, Progress, open_driver


@dataclass(frozen=True, slots=True)
class Comparison:
    """One appliance against its intended configuration; `difference` is empty when nothing would change."""

    running: str
    running_sha256: str
    intended_sha256: str
    difference: str
    deleted_share: float


def compare_host(host: Host, *, intended: str) -> Comparison:
    """Load the intended configuration as a candidate, take the device's own difference, discard the candidate.

    Raises:
        PendingCommitError: A timed commit waits for its confirmation.
        DeviceError: The session or the candidate failed; the candidate was discarded.
    """
    driver = open_driver(host)
    running = driver.get_config(retrieve="running")["running"]
    if driver.has_pending_commit():
        # What runs now is not what will run: it reverts by itself unless somebody confirms it.
        raise PendingCommitError(host.name, "a timed commit waits for its confirmation; nothing was sent")
    difference = "" if is_same(running=running, intended=intended) else driver.preview_replace(intended)
    return Comparison(
        running=running,
        running_sha256=sha256_of(running),
        intended_sha256=sha256_of(intended),
        difference=difference,
        deleted_share=deleted_share(running, difference),
    )


@dataclass(frozen=True, slots=True)
class Comparing:
    """Compares one appliance per call; can be dealt to several processes."""

    intended: Mapping[str, str]

    def __call__(self, host: Host) -> Comparison:
        """Compare one."""
        return compare_host(host, intended=self.intended[host.name])

    def part(self, hosts: frozenset[str]) -> "Comparing":
        """The same for some of them."""
        return Comparing({host: self.intended[host] for host in hosts})


def deleted_share(running: str, difference: str) -> float:
    """Part of the running lines that a difference deletes, 0 to 1; a deleted node takes the lines below it."""
    if bundles.is_bundle(running):
        return bundles.deleted_share(running, difference)
    gone = {line.removeprefix("delete ") for line in difference.splitlines() if line.startswith("delete ")}
    lines = [line.removeprefix("set ") for line in running.splitlines()]
    if not gone or not lines:
        return 0.0
    branches = tuple(f"{path} " for path in gone.difference(lines))
    return sum(line in gone or (bool(branches) and line.startswith(branches)) for line in lines) / len(lines)


def compare_fleet(
    runner: FleetRunner,
    intended: Mapping[str, str],
    *,
    progress: Progress | None = None,
) -> dict[str, Answer[Comparison]]:
    """Compare many appliances with their intended texts."""
    return runner.run(Comparing(intended), name="plan", hosts=intended, progress=progress)
