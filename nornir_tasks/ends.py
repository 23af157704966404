"""The steps of a transaction on one of its ends, up to the decision: looked at, armed, verified.

What goes wrong is raised, counted by the brake first, so that nothing more is armed anywhere.
"""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Self

from nornir.core.inventory import Host

from lisiere.errors import CancelledError, LisiereError, VerificationError
from lisiere.model.plan import Step
from lisiere.workflow.comparing import without_own
from lisiere.workflow.pairing import begun_between, tunnel_ends
from nornir_tasks.applying import Job, Journal
from nornir_tasks.arming import is_as_intended, load_and_arm
from nornir_tasks.brake import Brake
from nornir_tasks.fleet import open_driver
from nornir_tasks.health_words import words_of
from nornir_tasks.undertaking import Rollout, jobs_of
from nornir_tasks.verifying import Health, check, measure


@dataclass(frozen=True, slots=True)
class End:
    """One end: what it is to get, what it ran before, and the new tunnels whose other end changes with it."""

    job: Job
    before: str
    begins: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class EndCare:
    """What a step needs besides its end; the journal and the brake stay at home."""

    journal: Journal
    brake: Brake
    window_s: int
    patience_s: float


@dataclass(frozen=True, slots=True)
class Looked:
    """What was seen on an end before anything was sent: its text, and what has to work after the change."""

    running: str
    is_new: bool
    expected: Health


@dataclass(frozen=True)
class EndStep:
    """A step on each of several ends; it can be dealt to several processes."""

    ends: Mapping[str, End]
    care: EndCare

    def part(self, hosts: frozenset[str]) -> Self:
        """The same for some of the ends."""
        return replace(self, ends={host: self.ends[host] for host in hosts})

    @contextmanager
    def braking(self, host: str) -> Iterator[None]:
        """Nothing is begun any more once one end failed."""
        if reason := self.care.brake.reason():
            raise CancelledError(reason)
        try:
            yield
        except CancelledError:
            raise
        except LisiereError as exc:
            self.care.brake.hold(str(exc))
            raise
        except Exception:
            self.care.brake.hold(f"something unforeseen happened on {host}")
            raise


class LookAtEnd(EndStep):
    """See that an end can be reached, runs what was planned, and has nothing armed; measure what works."""

    def __call__(self, host: Host) -> Looked:
        """Look.

        Raises:
            StaleError: It runs something else than planned.
            PendingCommitError: Somebody's timed commit waits there.
        """
        with self.braking(host.name):
            return self._look(host, self.ends[host.name])

    def _look(self, host: Host, end: End) -> Looked:
        job = end.job
        self.care.journal(host.name, Step.CONNECT, "")
        running: str = open_driver(host).get_config(retrieve="running")["running"]
        if is_as_intended(host, job.change, running=running, intended=job.intended):
            return Looked(running, is_new=True, expected=Health(frozenset(), frozenset()))
        seen = measure(host, job.probes)
        return Looked(running, is_new=False, expected=Health(seen.tunnels_up | end.begins, seen.reachable))


@dataclass(frozen=True)
class ArmEnd(EndStep):
    """Commit the new configuration, with a timed revert."""

    expected: Mapping[str, Health]

    def __call__(self, host: Host) -> None:
        """Arm it."""
        with self.braking(host.name):
            end, words = self.ends[host.name], words_of(self.expected[host.name])
            arm(host, end.job.intended, self.care, health=words, difference=end.job.change.difference)


@dataclass(frozen=True)
class VerifyEnd(EndStep):
    """See over a new session that an end runs what was intended, and that all of its tunnels come up anew."""

    expected: Mapping[str, Health]

    def __call__(self, host: Host) -> None:
        """Verify it.

        Raises:
            VerificationError: It does not.
        """
        with self.braking(host.name):
            self.care.journal(host.name, Step.VERIFY, "")
            verify_end(host, self.ends[host.name], expected=self.expected[host.name], patience_s=self.care.patience_s)


def arm(host: Host, text: str, care: EndCare, *, health: str, difference: str | None = None) -> None:
    """Load a configuration on an end and commit it for the window of the transaction."""
    load_and_arm(
        host,
        text,
        enter=lambda step, detail: care.journal(host.name, step, detail),
        revert_in_s=care.window_s,
        health=health,
        difference=difference,
    )


def verify_end(host: Host, end: End, *, expected: Health, patience_s: float) -> str:
    """Look over the session that is open now; returns the running text.

    Raises:
        VerificationError: It does not run what was intended, or something that has to work does not.
    """
    titles = end.job.probes.titles
    seen = check(host, intended=end.job.intended, before=expected, patience_s=patience_s, titles=titles)
    if seen.complaint:
        raise VerificationError(host.name, seen.complaint)
    return seen.running


def ends_of(rollout: Rollout, *, without: Collection[str] = ()) -> dict[str, End]:
    """The ends of a plan: what each is to get, what it runs before, and which tunnels begin between two of them."""
    jobs = jobs_of(rollout, [change for change in rollout.plan.changes if change.host not in without])
    texts = rollout.records.get_configurations({job.change.running_sha256 for job in jobs.values()})
    running = {host: texts[job.change.running_sha256] for host, job in jobs.items()}
    begins = begun_between(
        {
            host: tunnel_ends(difference=job.change.difference, running=running[host], intended=job.intended)
            for host, job in jobs.items()
        },
        wanted={host: job.probes.tunnels for host, job in jobs.items()},
    )
    return {host: End(job, without_own(running[host]), begins[host]) for host, job in jobs.items()}
