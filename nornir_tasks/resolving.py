"""Bringing all ends of a transaction to one side: to the new one if that is decided, else to the old one.

What cannot be brought forward in a few rounds turns the decision: then all go back, also those that were confirmed. An
end that is away is waited for as long as its own timer and a restart may take; what is left then stays on record as to
be resolved, and the next process goes on here.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from lisiere.errors import LisiereError
from lisiere.model.hashing import sha256_of
from lisiere.model.plan import HostOutcome
from lisiere.model.transaction import Side
from lisiere.workflow.runs import OpenRun
from lisiere.workflow.transactions import Reached, reached_in
from nornir_tasks.brake import Brake
from nornir_tasks.endings import ended_as
from nornir_tasks.ends import ArmEnd, End, EndCare, VerifyEnd
from nornir_tasks.fleet import FleetRunner
from nornir_tasks.health_words import health_from
from nornir_tasks.home import Promise
from nornir_tasks.keeping import Keeping
from nornir_tasks.moving import Moved, MoveEnd, Rest, forget_before, unanswered
from nornir_tasks.phases import failure_of
from nornir_tasks.stopping import stop_on_interrupt
from nornir_tasks.undertaking import LONGEST_PAUSE_S, RESTART_S, Rollout

TRIES = 5
"""Rounds in which ends may be brought forward, and in which one that refuses may be brought back."""
EVERY_END_WENT_BACK = "every end had gone back by itself"


class Resolution:
    """The ends of one transaction, once it is known on which side they are to be.

    Args:
        rollout: What is carried out.
        run: The run that it is.
        ends: All ends.
        window_s: How long a timed commit waits.
        faults: What went wrong with ends before.
        waits: Whether ends that are away are waited for; if not, each is looked at once, and taken a step.
    """

    def __init__(
        self,
        rollout: Rollout,
        run: OpenRun,
        ends: Mapping[str, End],
        *,
        window_s: int,
        faults: Mapping[str, LisiereError] | None = None,
        waits: bool = True,
    ) -> None:
        self._rollout, self._run, self._ends, self._window_s = rollout, run, ends, window_s
        self._faults = dict(faults or {})
        self._moved: dict[str, Moved] = {}
        self._is_stopped, self._waits = False, waits
        self._began_at = run.run.started_at

    def carry_out(self, side: Side, *, reason: str) -> None:
        """Bring all ends to a side, and put on record what they are; a cancellation stops nothing from here on."""
        self._run.is_bound = True
        if side is Side.OLD:
            self._turn(reason)
        if side is Side.NEW and (why_not := self._to_new()):
            self._rollout.watch.on_note(f"not all ends can be new ({why_not}); all go back")
            self._turn(why_not)
            side, reason = Side.OLD, why_not
        if side is Side.OLD:
            self._to_old()
        if side is Side.NEW and len(self._who(Rest.THERE)) == len(self._ends):
            self._forget_keys()
        self._close(side, reason)

    def _turn(self, reason: str) -> None:
        """Put on record that a decision for the new side holds no more, before anything goes back."""
        transactions = self._rollout.records.transactions
        found = transactions.load(self._run.run.id)
        if found is not None and found.decision is Side.NEW:
            transactions.decide(self._run.run.id, Side.OLD, reason=reason)

    def was_stopped(self) -> bool:
        """Whether a person asked for a stop: what is left is for the next process."""
        return self._is_stopped

    # ---- forward -------------------------------------------------------------------------------------------------

    def _to_new(self) -> str:
        """Confirm all; answers why that cannot be, "" when all are new or what is left is for the next process."""
        pause_s = self._rollout.caution.pause_s
        for _ in range(TRIES):
            runner = self._round(Side.NEW)
            if self.was_stopped():
                return ""
            if contrary := self._who(Rest.REFUSED, Rest.NEITHER):
                return self._told(contrary)
            gone, away = self._who(Rest.GONE), self._who(Rest.AGAIN)
            if gone and len(gone) == len(self._ends):
                return EVERY_END_WENT_BACK
            if not (self._waits and (gone or away)):
                return ""
            if not away:
                why_not = self._once_more(gone)
                if why_not or self.was_stopped():
                    return "" if self.was_stopped() else why_not
                continue
            self._pause(runner, away, pause_s, "answer again")
            if self.was_stopped():
                return ""
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        return self._told(self._who(Rest.AGAIN, Rest.GONE))

    def _once_more(self, gone: Sequence[str]) -> str:
        """Arm and verify ends that went back by themselves before they were confirmed; answers what went wrong."""
        self._rollout.watch.on_note(f"changing {len(gone)} end(s) once more that went back by themselves: {gone[0]}")
        runner = self._runner()
        reached, care = self._reached(), self._care(runner)
        expected = {host: health_from(reached[host].health) for host in gone}
        ends = {host: self._ends[host] for host in gone}
        for step in (ArmEnd(ends, care, expected), VerifyEnd(ends, care, expected)):
            failed = failure_of(runner.run(step, name="once more", hosts=gone), gone, self._faults)
            if self._stopped_by(runner) or failed:
                return failed
        reason = f"{gone[0]}: verified once more"
        self._rollout.records.transactions.decide(self._run.run.id, Side.NEW, reason=reason, ends=self._ends)
        return ""

    def _forget_keys(self) -> None:
        """Where keys were rotated, have no end keep the old ones; what cannot be reached keeps them for itself."""
        found = self._rollout.records.transactions.load(self._run.run.id)
        if found is None or not found.secrets:
            return
        answers = self._runner().run(forget_before, name="forget", hosts=self._ends)
        left = sorted(host for host in self._ends if host not in answers or answers[host].error is not None)
        if left:
            note = f"the old key is destroyed here, and {len(left)} end(s) may still keep it unused: {left[0]}"
            self._rollout.watch.on_note(note)

    # ---- back ----------------------------------------------------------------------------------------------------

    def _to_old(self) -> None:
        """Bring all back, and wait for those that their own timers bring back, counted from when they were armed."""
        caution, waited_s, pause_s, rounds = self._rollout.caution, 0.0, self._rollout.caution.pause_s, 0
        patience_s = caution.settle_s + max(0, self._window_s - caution.revert_in_s)
        self._moved.clear()
        while True:
            runner, rounds = self._round(Side.OLD), rounds + 1
            self._believe_timers()
            left = self._who(Rest.AGAIN) + (self._who(Rest.REFUSED) if rounds < TRIES else [])
            if not left or self.was_stopped() or waited_s >= patience_s or not self._is_worth_waiting(left):
                return
            self._pause(runner, left, pause_s, "go back")
            if self.was_stopped():
                return
            waited_s, pause_s = waited_s + pause_s, min(2 * pause_s, LONGEST_PAUSE_S)

    def _is_worth_waiting(self, hosts: Sequence[str]) -> bool:
        """Whether an end may still go back by itself; what another process has armed long ago has done so, or never."""
        reached, at = self._reached(), self._rollout.clock()
        over_s = timedelta(seconds=self._window_s + RESTART_S)
        began = [one.committed_at for host in hosts if (one := reached.get(host)) and one.committed_at]
        return self._waits and any(at <= committed_at + over_s for committed_at in began)

    def _believe_timers(self) -> None:
        """An end that is away and was never confirmed is old once its timer is over, seen or not."""
        reached, at = self._reached(), self._rollout.clock()
        for host in self._who(Rest.AGAIN):
            one = reached.get(host, Reached())
            if one.is_surely_old(window_s=self._window_s, restart_s=RESTART_S, at=at):
                detail = f"not seen since ({self._moved[host].detail}); its timer is over, and it was never confirmed"
                self._moved[host] = Moved(Rest.THERE, detail)

    # ---- rounds --------------------------------------------------------------------------------------------------

    def _round(self, side: Side) -> FleetRunner:
        """Take a step towards a side on each end that is not there."""
        runner = self._runner()
        left = [host for host in self._ends if host not in self._moved or self._moved[host].rest is not Rest.THERE]
        step = MoveEnd(self._ends, self._care(runner), self._reached(), side)
        answers = runner.run(step, name=f"to {side}", hosts=left, progress=self._rollout.watch.on_host)
        for host in left:
            answer = answers.get(host)
            if answer is None:
                self._moved[host] = Moved(Rest.AGAIN, "not looked at: stopped by a person")
            elif answer.value is not None:
                self._moved[host] = answer.value
            else:
                self._moved[host] = unanswered(answer.error)
        self._stopped_by(runner)
        return runner

    def _stopped_by(self, runner: FleetRunner) -> bool:
        """Take note of a stop that a person asked for while a runner worked; it holds for all that follows."""
        self._is_stopped = self._is_stopped or runner.stop.is_set()
        return self._is_stopped

    def _pause(self, runner: FleetRunner, hosts: Sequence[str], pause_s: float, what: str) -> None:
        with stop_on_interrupt(runner.stop):
            self._rollout.watch.on_note(f"waiting for {len(hosts)} appliance(s) to {what}: {', '.join(hosts[:3])}")
            runner.stop.wait(pause_s)
        self._stopped_by(runner)

    def _who(self, *rests: Rest) -> list[str]:
        return sorted(host for host, moved in self._moved.items() if moved.rest in rests)

    def _told(self, hosts: Sequence[str]) -> str:
        more = f" (and {len(hosts) - 1} more)" if len(hosts) > 1 else ""
        return f"{hosts[0]}: {self._moved[hosts[0]].detail}{more}"

    def _runner(self) -> FleetRunner:
        """A runner of its own for each round, so that a stop ends what goes on and not what has to be done then."""
        return FleetRunner((self._rollout.appliances[name] for name in self._ends), access=self._rollout.access)

    def _care(self, runner: FleetRunner) -> EndCare:
        brake = Brake(max_failures=0, has_canaries=False, interrupt=runner.stop)
        return EndCare(Promise(self._run.journal_soon), brake, self._window_s, self._rollout.caution.patience_s)

    def _reached(self) -> dict[str, Reached]:
        return reached_in(self._rollout.records.journal_entries(self._run.run.id))

    # ---- records -------------------------------------------------------------------------------------------------

    def _close(self, side: Side, reason: str) -> None:
        """Put on record what became of each end, and of all of them together."""
        left = self._who(Rest.AGAIN, Rest.REFUSED, Rest.NEITHER, Rest.GONE)
        reached, at = self._reached(), self._rollout.clock()
        keeping = Keeping(self._rollout, self._run, {host: end.job.intended for host, end in self._ends.items()})
        results = []
        for host in self._ends:
            moved, fault = self._moved[host], self._faults.get(host)
            outcome, detail = ended_as(moved, side, reached.get(host, Reached()), fault=fault, reason=reason)
            running = moved.running if moved.rest is Rest.THERE else ""
            one = HostOutcome(
                host=host,
                wave=self._ends[host].job.change.wave,
                outcome=outcome,
                detail=detail,
                running_sha256=sha256_of(running) if running else "",
                started_at=self._began_at,
                ended_at=at,
            )
            results.append(keeping.result(one, running))
        self._run.record(results)
        said = f"{len(left)} to be brought there: {self._told(left)}" if left else reason
        self._rollout.records.transactions.end(self._run.run.id, None if left else side, detail=said)
        self._run.is_stopped = self._run.is_stopped or self.was_stopped()
