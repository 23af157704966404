"""The steps of a rollout on a real Debian appliance: plan, apply, verify over a new session, revert, drift."""

from collections.abc import Callable
from datetime import UTC, datetime
from threading import Event
from typing import TypeVar

from nornir.core.inventory import Host

from lisiere import bundle
from lisiere.bundle import File
from lisiere.model.plan import DriftReason, HostOutcome, Outcome, PlannedChange, Step
from lisiere.workflow import drift
from nornir_tasks.applying import Applier, Care, Job
from nornir_tasks.brake import Brake
from nornir_tasks.planning import Comparison, compare_host
from nornir_tasks.reading import RunningConfiguration, read_running
from nornir_tasks.sessions import Answer, Contact, Way, work
from nornir_tasks.verifying import Probes
from tests.drivers.contract import KEEPER
from tests.drivers.debian.appliance import NAME, RealDebian

T = TypeVar("T")
NOBODY = Probes(frozenset(), ())


def on(real: RealDebian, step: Callable[[Host], T]) -> T:
    """Take a step on the appliance, as a run does."""
    contact = Contact(NAME, real.address, 22, "lisiere", "debian", "12", real.host_key)
    way = Way(key_file=str(real.key_file), timeout_s=6.0, commit_timeout_s=60.0, workers=1)
    answers: list[Answer[T]] = []
    work(step, [contact], way=way, concealer=KEEPER, name="step", stop=Event(), tell=lambda _, one: answers.append(one))
    (answer,) = answers
    if answer.error is not None:
        raise answer.error
    assert answer.value is not None
    return answer.value


def plan(real: RealDebian, intended: str) -> Comparison:
    """What an apply would do."""
    return on(real, lambda host: compare_host(host, intended=intended))


def apply(
    real: RealDebian, intended: str, planned: Comparison, *, probes: Probes = NOBODY, revert_in_s: int = 60
) -> tuple[HostOutcome, list[Step]]:
    """Carry a plan out; what came of it, and the steps that were journalled."""
    steps: list[Step] = []
    care = Care(
        journal=lambda host, step, detail: steps.append(step),
        keep=lambda outcome, running: None,
        clock=lambda: datetime.now(UTC),
        brake=Brake(max_failures=5, has_canaries=False, interrupt=Event()),
        revert_in_s=revert_in_s,
        patience_s=3.0,
    )
    change = PlannedChange(
        host=NAME, wave=1, intended_sha256=planned.intended_sha256, running_sha256=planned.running_sha256,
        difference=planned.difference, deleted_share=planned.deleted_share,
    )  # fmt: skip
    applier = Applier({NAME: Job(change, intended, probes)}, care)
    return on(real, applier), steps


def intended(real: RealDebian, **changes: str) -> str:
    """The factory's files with the words of one file replaced: `nftables="old=>new"`."""
    files = {one.path: one for one in real.files()}
    for name, change in changes.items():
        path = {"nftables": "nftables.conf", "system": "system.conf"}[name]
        old, _, new = change.partition("=>")
        files[path] = File(path, files[path].mode, files[path].text.replace(old, new))
    return bundle.write(files.values())


def test_a_change_is_planned_applied_verified_and_found_in_force(real: RealDebian) -> None:
    """The second time nothing is left to do, and nothing drifts."""
    wanted = intended(real, system="bench=>renamed", nftables="chain forward=>chain other {\n\t}\n\tchain forward")
    planned = plan(real, wanted)
    assert "+hostname=renamed" in planned.difference
    gateway = real.address.rpartition(".")[0] + f".{int(real.address.rpartition('.')[2]) - 1}"
    outcome, steps = apply(real, wanted, planned, probes=Probes(frozenset(), (gateway,)))
    assert outcome.outcome is Outcome.APPLIED, outcome.detail
    assert steps == [Step.CONNECT, Step.LOAD, Step.COMPARE, Step.COMMIT, Step.VERIFY, Step.CONFIRM, Step.REREAD]
    assert real.text() == wanted == real.text("confirmed")
    assert plan(real, wanted).difference == ""
    again, steps = apply(real, wanted, planned)
    assert (again.outcome, steps) == (Outcome.UNCHANGED, [Step.CONNECT])


def test_a_change_that_cuts_the_management_path_comes_back_by_itself(real: RealDebian) -> None:
    """No session reaches the appliance any more, and yet it runs the old configuration in the end."""
    before = real.text()
    wanted = intended(real, nftables="tcp dport 22=>tcp dport 2222")
    outcome, steps = apply(real, wanted, plan(real, wanted), revert_in_s=8)
    assert outcome.outcome is Outcome.REVERTING, outcome.detail
    assert "reverts by itself" in outcome.detail or "connection" in outcome.detail
    assert steps[-1] is Step.VERIFY
    import time

    until = time.monotonic() + 30.0
    while real.text() != before or (real.appliance.etc / "lisiere/pending").exists():
        assert time.monotonic() < until
        time.sleep(0.1)
    found = on(real, read_running)
    assert found == RunningConfiguration(before)


def test_a_change_that_breaks_what_worked_is_taken_back_at_once(real: RealDebian) -> None:
    """The neighbour answered before and does not any more."""
    before = real.text()
    wanted = intended(real, nftables='iifname "lo" accept=>iifname "lo" accept\n\t\ticmp type echo-reply drop')
    neighbour = real.address.rpartition(".")[0] + f".{int(real.address.rpartition('.')[2]) - 1}"
    outcome, steps = apply(real, wanted, plan(real, wanted), probes=Probes(frozenset(), (neighbour,)))
    assert outcome.outcome is Outcome.REVERTED, outcome.detail
    assert "no longer answers" in outcome.detail
    assert steps[-2:] == [Step.VERIFY, Step.REVERT]
    assert real.text() == before


def test_a_change_by_hand_makes_a_plan_stale_and_is_drift(real: RealDebian) -> None:
    """A rule that no file holds."""
    wanted = intended(real, system="bench=>renamed")
    planned = plan(real, wanted)
    real.appliance.tell("nft", "add rule inet lisiere input tcp dport 23 accept")
    outcome, _ = apply(real, wanted, planned)
    assert outcome.outcome is Outcome.STALE, outcome.detail
    running = on(real, read_running).text
    found = drift.read(NAME, intended=bundle.write(real.files()), running=running, at=datetime.now(UTC)).deviations
    assert [(one.reason, one.running) for one in found] == [
        (DriftReason.EXTRA, "table inet lisiere / chain input: tcp dport 23 accept")
    ]
    mended = plan(real, wanted)
    assert "effective/nftables.txt" in mended.difference
    outcome, _ = apply(real, wanted, mended)
    assert outcome.outcome is Outcome.APPLIED, outcome.detail
    assert on(real, read_running).text == wanted
