"""Changing one VyOS appliance, and making good what VyOS does not promise.

`load` may drop statements: the candidate that the device holds is compared with what was meant. A commit may apply a
part only: what became active is found by reading, and the old configuration is brought back and read again.
"""

from collections.abc import Callable, Sequence
from typing import NoReturn

from lisiere.configtree import difference, parse_set
from lisiere.drivers.vyos import parse, statements
from lisiere.drivers.vyos.dialogue import LEAST_MINUTES, PENDING, Dialogue
from lisiere.drivers.vyos.parse import CommitResult
from lisiere.drivers.vyos.statements import Change, Path
from lisiere.drivers.vyos.text import Text
from lisiere.drivers.vyos.transport import VyOSTransport
from lisiere.drivers.vyos.veil import Veil
from lisiere.errors import (
    ConfigRejectedError,
    DeviceError,
    HalfAppliedError,
    MisreadError,
    PendingCommitError,
    SessionLostError,
    SilentLossError,
    UsageError,
)

WAY_BACK = "back to the configuration before a failed commit"


class Push:
    """The candidate of one session and its way into the running configuration. Texts given are in clear."""

    def __init__(self, session: Dialogue, veil: Veil) -> None:
        self.session, self.veil, self.host = session, veil, session.host
        self.changes: list[Change] = []
        """The candidate's difference from the running configuration, as the device showed it."""
        self._running: Text | None = None

    @property
    def transport(self) -> VyOSTransport:
        """The connection."""
        return self.session.transport

    @property
    def holds_candidate(self) -> bool:
        """Whether a configuration session is open."""
        return self.session.is_configuring

    def read_running(self) -> Text:
        """Read the running configuration anew."""
        self._running = self.session.running()
        self.veil.learn(self._running.lines)
        return self._running

    @property
    def running(self) -> Text:
        """The running configuration as it was last read in this session."""
        return self._running or self.read_running()

    # ---- the candidate -------------------------------------------------------------------------------------------

    def replace(self, text: str, *, by_commands: bool, leave: bool = False) -> None:
        """Make a whole configuration the candidate; what the appliance adds by itself is kept.

        `leave` drops the candidate again in the same step; `changes` keeps its difference.
        """
        meant = self._statements(text)
        kept = statements.device_owned(self.running.lines, meant)
        text = "\n".join([text.rstrip(), *kept]) + "\n"
        if by_commands:
            self.discard()
            wanted = difference(parse_set(self.running.lines), parse_set(text)).commands()
            self._candidate(lambda: self.session.enter(wanted, leave=leave))
        else:
            self._candidate(lambda: self.session.load(text, leave=leave))
        if not self._is_exactly(text):
            self._check([*meant, *statements.parse_statements("\n".join(kept))], text)

    def preview(self, text: str, *, by_commands: bool) -> list[Change]:
        """What a whole configuration would change; neither candidate nor file is left behind."""
        self.replace(text, by_commands=by_commands, leave=True)
        changes, self.changes = self.changes, []
        return changes

    def merge(self, text: str) -> None:
        """Change the candidate by set and delete lines."""
        lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
        try:
            wanted = statements.parse_changes("\n".join(lines))
        except ValueError as exc:
            raise UsageError(f"{self.host}: the configuration to merge cannot be read: {exc}") from exc
        self.veil.learn("\n".join(lines))
        running = self.running
        self._candidate(lambda: self.session.enter(lines))
        held = statements.after(running.statements, self.changes)
        if lost := statements.missing(statements.after([], wanted), held, self.changes):
            self._refuse_loss(lost, "\n".join(lines))

    def discard(self) -> None:
        """Drop the candidate."""
        self.changes = []
        self.session.discard()

    def candidate_lines(self) -> str:
        """The candidate in set lines, sorted: those of the running configuration that stay, and the new ones."""
        running = self.running
        changes = self.session.changes()
        held = statements.after(running.statements, changes)
        written = {change.path: change.line for change in statements.parse_changes(running.lines)}
        written |= {change.path: change.line for change in changes if change.verb == "set"}
        return "\n".join(sorted(written[path] for path in held))

    # ---- commits -------------------------------------------------------------------------------------------------

    def commit(self, comment: str, revert_in_s: int | None) -> None:
        """Make the candidate the running configuration; see the driver for what can be raised."""
        if not self.changes:
            return
        before = self.running
        # Asked now, not when the candidate was made: what runs is saved first, and must not be somebody else's trial.
        if self.session.is_pending(anew=True):
            raise PendingCommitError(self.host, PENDING)
        if revert_in_s is None:
            result = self.session.commit(comment)
        else:
            result = self.session.commit_timed(parse.minutes(revert_in_s, least=LEAST_MINUTES))
        self._settle(before, result)
        if revert_in_s is None:
            self.session.save()

    def confirm(self) -> None:
        """Stop the timer of a pending commit and save what it made."""
        answer = self.session.confirm()
        if "No confirm pending" in answer:
            raise DeviceError(self.host, "no commit waits for confirmation: it was confirmed, or it has been reverted")
        # Towards its end the timer is stopped and yet an error is told: then the timer is the truth.
        if "timer stopped" not in answer and self.session.is_pending():
            raise DeviceError(self.host, f"did not confirm the commit: {' '.join(answer.split())[:200]}")
        if self.changes:
            self.session.save()
        else:
            self.session.save_and_leave()

    def roll_back(self) -> None:
        """Go back to the saved configuration when a commit is pending, else to the revision before the last one."""
        self.discard()
        self.session.forget()
        before = self.read_running()
        is_pending = self.session.is_pending()
        changes = self.session.load_saved() if is_pending else self.session.load_revision(1)
        if changes:
            self._settle(before, self.session.commit("rollback"))
        if is_pending:
            self.session.confirm()
        self.session.save()
        self.discard()

    # ---- inside --------------------------------------------------------------------------------------------------

    def _statements(self, text: str) -> list[Path]:
        try:
            found = statements.parse_statements(text)
        except ValueError as exc:
            raise UsageError(f"{self.host}: the configuration to load cannot be read: {exc}") from exc
        if not found:
            raise UsageError(f"{self.host}: the configuration to load is empty; nothing was sent")
        self.veil.learn(text)
        return found

    def _candidate(self, step: Callable[[], list[Change]]) -> None:
        """Take a step that makes the candidate; a refusal leaves here without the secrets that it may repeat."""
        self.changes = []
        try:
            self.changes = step()
            return
        except ConfigRejectedError as exc:
            line, reason = self.veil.lines(exc.line), self.veil.sentence(exc.reason)
        # Outside the handler: a chained cause would carry the clear text.
        raise ConfigRejectedError(self.host, line=line, reason=reason)

    def _is_exactly(self, text: str) -> bool:
        """Whether the candidate that the device holds is a text, line for line; quick, and never wrongly true."""
        held = set(self.running.lines.split("\n"))
        for change in self.changes:
            line = f"set{change.line.removeprefix(change.verb)}"
            if change.verb == "set":
                held.add(line)
            elif line in held:
                held.remove(line)
            else:
                return False
        return held == set(text.removesuffix("\n").split("\n"))

    def _check(self, meant: Sequence[Path], text: str) -> None:
        """Compare the candidate that the device holds with what was meant.

        The device compares with what runs now; should that have changed since it was read here, it is read again.
        """
        lost, added = self._deviation(meant, self.running)
        if lost or added:
            lost, added = self._deviation(meant, self.read_running())
        if lost:
            self._refuse_loss(lost, text)
        if added:
            self.discard()
            shown = "; ".join(self.veil.settings(added[:5], self.running.lines))
            reason = f"it would hold {len(added)} statement(s) that were not asked for: {shown}"
            raise ConfigRejectedError(self.host, line="", reason=reason)

    def _deviation(self, meant: Sequence[Path], running: Text) -> tuple[list[Path], list[Path]]:
        held = statements.after(running.statements, self.changes)
        return statements.missing(meant, held, self.changes), statements.surplus(meant, held)

    def _refuse_loss(self, lost: Sequence[Path], text: str) -> NoReturn:
        self.discard()
        raise SilentLossError(self.host, missing=self.veil.settings(lost, text))

    def _settle(self, before: Text, result: CommitResult) -> None:
        """End a commit: all of it is active, or the old configuration is brought back."""
        if result.outcome == "done" and not self.session.changes_left():
            self.changes, self._running = [], None
            return
        self._undo(before, result)

    def _undo(self, before: Text, result: CommitResult) -> NoReturn:
        """After a commit that did not do all: find what became active, bring the old configuration back, say so."""
        self.discard()
        reason = self.veil.sentence(result.reason or "the commit left a part of the candidate out")
        now = self.read_running()
        applied = difference(parse_set(before.lines), parse_set(now.lines)).commands()
        is_restored = not applied or self._restore(before, now)
        if is_restored and result.is_armed and self.session.is_pending():
            self.session.confirm()
        self.discard()
        self._running = None
        if applied:
            shown = self.veil.lines("\n".join(applied)).splitlines()
            raise HalfAppliedError(self.host, applied=shown, failed=result.failed, reason=reason, restored=is_restored)
        if result.outcome == "locked":
            raise DeviceError(self.host, f"nothing was committed: {reason}; try again later")
        raise ConfigRejectedError(self.host, line=", ".join(result.failed), reason=reason)

    def _restore(self, before: Text, now: Text) -> bool:
        """Commit the way back, first line by line, then as a whole; whether the old configuration is running again."""
        way_back = difference(parse_set(now.lines), parse_set(before.lines)).commands()
        attempts: list[Callable[[], object]] = [
            lambda: self.session.enter(way_back),
            lambda: self.session.load(before.lines),
        ]
        for attempt in attempts:
            try:
                attempt()
                self.session.commit(WAY_BACK)
                self.session.discard()
                if set(self.read_running().statements) == set(before.statements):
                    return True
            except (SessionLostError, MisreadError):
                return False
            except DeviceError:
                continue
        return False
