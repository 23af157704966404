"""A configuration session on VyOS, step by step, in clear text: what goes in and out here holds secret values.

`load` drops what it does not know without a word and `commit` is not atomic; each step looks at what the device made of
it.
"""

from collections.abc import Sequence

from lisiere.configtree import format_braces, format_set, parse_braces, parse_set
from lisiere.drivers.vyos import parse, statements
from lisiere.drivers.vyos.footer import footer
from lisiere.drivers.vyos.parse import CommitResult, Version
from lisiere.drivers.vyos.statements import Change
from lisiere.drivers.vyos.tags import tag_paths
from lisiere.drivers.vyos.text import Text
from lisiere.drivers.vyos.transport import VyOSTransport
from lisiere.errors import ConfigRejectedError, DeviceError, MisreadError, PendingCommitError

SAVED = "/config/config.boot"
RUNNING = "show configuration commands"
TIMER = "systemctl is-active commit-confirm.timer"
LEAST_MINUTES = 2
"""The helper that announces a revert ends with its last minute, and `confirm` fails without it."""
COMMIT_TIMEOUT_S = 600.0
"""How long an appliance may take for a step in configuration mode, unless told otherwise."""
CLEAN = "No changes between working and active configurations."
NOT_SAVED = "did not save its configuration"
PENDING = "a timed commit waits for its confirmation; nothing was committed"
LOADED = ("Load complete.", "No configuration changes to commit")


class Dialogue:
    """The steps of a configuration session over one transport.

    What is asked together costs one round trip. So what runs and the state of the timer are asked along with what comes
    before, and held: the next question is answered from there, once, unless anything was sent in between.
    """

    def __init__(self, transport: VyOSTransport, *, commit_timeout_s: float = COMMIT_TIMEOUT_S) -> None:
        self.transport, self.host = transport, transport.endpoint.name
        self._commit_timeout_s = commit_timeout_s
        self._held: dict[str, str] = {}
        self._held_at = 0
        self.version = self._greet()

    @property
    def is_configuring(self) -> bool:
        """Whether the shell is in configuration mode, as its last prompt tells."""
        return self.transport.is_configuring

    def run_all(self, lines: Sequence[str], *, timeout_s: float | None = None) -> list[str]:
        """The answers to operational commands, in whichever mode we are."""
        return self.transport.ask_sealed([self._operational(line) for line in lines], timeout_s=timeout_s)

    def forget(self) -> None:
        """Let nothing be answered from what was asked along with something else."""
        self._held = {}

    def running(self) -> Text:
        """The running configuration."""
        lines = self._take(RUNNING)
        if lines is None:
            lines, timer = self.transport.ask_all([self._operational(RUNNING), TIMER])
            self._hold({TIMER: timer})
        return Text(self.host, "the running configuration", lines)

    def saved(self) -> Text:
        """The configuration that the next start takes."""
        return Text(self.host, SAVED, format_set(parse_braces(self.transport.download(SAVED))).rstrip())

    # ---- the candidate -------------------------------------------------------------------------------------------

    def load(self, lines: str, *, leave: bool = False) -> list[Change]:
        """Replace the candidate by a configuration in one file; returns the difference that the device then shows.

        `leave` drops the candidate at once, in the same round trip.
        """
        self._start_afresh()
        text = (
            f"{format_braces(parse_set(lines), tags=tag_paths())}\n{footer(self.version.release, self.version.version)}"
        )
        path = self.transport.upload(text)
        is_removed = False
        try:
            loaded, removed, difference = self._ask_candidate([f"load {path}", f"rm {path}"], leave=leave)
            is_removed = not removed
        finally:
            if not is_removed:
                self.transport.remove(path)
        self._check_loaded(loaded, path)
        return self._changes(difference)

    def load_saved(self) -> list[Change]:
        """Replace the candidate by the saved configuration."""
        self._start_afresh()
        loaded, difference = self._ask_candidate(["load"])
        self._check_loaded(loaded, SAVED)
        return self._changes(difference)

    def load_revision(self, number: int) -> list[Change]:
        """Replace the candidate by an earlier revision out of the device's own archive."""
        self._start_afresh()
        loaded, difference = self._ask_candidate([f"rollback-soft {number}"])
        if "Rollback diff has been applied" not in loaded:
            self.discard()
            raise DeviceError(self.host, f"has no revision {number} to go back to: {_first_line(loaded)}")
        return self._changes(difference)

    def enter(self, lines: Sequence[str], *, leave: bool = False) -> list[Change]:
        """Change the candidate line by line; returns the difference that the device then shows.

        Raises:
            ConfigRejectedError: Lines were refused; the candidate was discarded. `line` is in clear text.
        """
        *answers, difference = self._ask_candidate(lines, leave=leave)
        refused = list(parse.refusals(dict(zip(lines, answers, strict=True))))
        if refused:
            self.discard()
            more = f" (and {len(refused) - 1} more lines)" if len(refused) > 1 else ""
            raise ConfigRejectedError(self.host, line=refused[0][0], reason=refused[0][1] + more)
        return self._changes(difference)

    def changes(self) -> list[Change]:
        """The difference between the candidate and the running configuration, as the device shows it."""
        return self._changes(self.transport.ask_sealed(["compare commands"])[0]) if self.is_configuring else []

    def changes_left(self) -> list[Change]:
        """The same after a commit; when there are none, the configuration mode is left."""
        return self._changes(self.transport.ask_all(["compare commands", "exit"])[0])

    def discard(self) -> None:
        """Drop the candidate and leave the configuration mode."""
        if self.is_configuring:
            self.transport.ask_all(["discard", "exit"])

    # ---- commits -------------------------------------------------------------------------------------------------

    def commit(self, comment: str = "") -> CommitResult:
        """Make the candidate the running configuration."""
        line = f'commit comment "{_plain(comment)}"' if _plain(comment) else "commit"
        return parse.commit(self.transport.ask(line, timeout_s=self._commit_timeout_s))

    def commit_timed(self, minutes: int) -> CommitResult:
        """Make the candidate the running configuration until confirmed, else the device goes back by itself.

        What runs is saved first, so that a restart goes back too. The timer starts once we agree, and we do when the
        answer to `save` says nothing bad.
        """
        lines = ["save", f"commit-confirm {minutes}"]
        saved, answer = self.transport.ask_and_agree(
            lines, lambda answers: not parse.save_error(answers[0]), timeout_s=self._commit_timeout_s
        )
        is_armed = "Initialized commit-confirm" in answer
        if error := parse.save_error(saved):
            return CommitResult("failed", (), f"{NOT_SAVED}: {error}", is_armed)
        if "Another confirm is pending" in answer:
            self.discard()
            raise PendingCommitError(self.host, PENDING)
        if not is_armed:
            return CommitResult("failed", (), _first_line(answer) or "commit-confirm was not accepted")
        return parse.commit(answer)

    def is_pending(self, *, anew: bool = False) -> bool:
        """Whether a timed commit, ours or anybody's, waits for its confirmation.

        What was told together with the last answer will do, unless it is to be asked `anew`.
        """
        state = None if anew else self._take(TIMER)
        if state is None:
            state = self.transport.ask(TIMER)
        if state not in ("active", "inactive", "failed", "activating", "deactivating", "unknown"):
            raise MisreadError(self.host, "the state of its commit timer is not told as systemd tells it")
        return state in ("active", "activating")

    def confirm(self) -> str:
        """Stop the timer of a pending commit; returns what the device says."""
        return self._ask_configuring(["confirm"])[-1]

    def save(self) -> None:
        """Make the running configuration the one that the next start takes."""
        self._check_saved(self._ask_configuring(["save"])[-1])

    def save_and_leave(self) -> None:
        """The same, out of the configuration mode; what runs then is asked along. No candidate may be there.

        A session that ends behind `save` has saved, so that is no error here.
        """
        answers = self.transport.ask_all(["save", "exit", RUNNING, TIMER], timeout_s=self._commit_timeout_s, needed=1)
        self._check_saved(answers[0])
        if len(answers) == 4:
            self._hold(dict(zip((RUNNING, TIMER), answers[2:], strict=True)))

    # ---- inside --------------------------------------------------------------------------------------------------

    def _greet(self) -> Version:
        _, answer, running, timer = self.transport.ask_all(["set terminal length 0", "show version", RUNNING, TIMER])
        self._hold({RUNNING: running, TIMER: timer})
        try:
            return parse.version(answer)
        except ValueError as exc:
            raise MisreadError(self.host, str(exc)) from exc

    def _hold(self, answers: dict[str, str]) -> None:
        """Hold answers that came along, for as long as nothing else is sent."""
        self._held, self._held_at = answers, self.transport.round_trips

    def _take(self, question: str) -> str | None:
        """An answer that is held, once."""
        return self._held.pop(question, None) if self._held_at == self.transport.round_trips else None

    def _operational(self, line: str) -> str:
        return f"run {line}" if self.is_configuring and line.startswith("show") else line

    def _ask_candidate(self, lines: Sequence[str], *, leave: bool = False) -> list[str]:
        """Ask in configuration mode what changes the candidate, and the difference; the timer is asked along."""
        lines = [*lines, "compare commands"]
        if leave:
            return self._ask_configuring(lines, leave=True)
        *answers, timer = self._ask_configuring([*lines, TIMER])
        self._hold({TIMER: timer})
        return answers

    def _ask_configuring(self, lines: Sequence[str], *, leave: bool = False) -> list[str]:
        """Ask in configuration mode, entering it first with the same write when we are not there.

        `leave` leaves it at the end, without what was changed.
        """
        begin, end = ([] if self.is_configuring else ["configure"]), (["exit discard"] if leave else [])
        whole = [*begin, *lines, *end]
        # Who may not configure leaves the shell with the last line, and all that was asked is answered by then.
        answers = self.transport.ask_all(
            whole, timeout_s=self._commit_timeout_s, needed=len(whole) - 1 if leave else None
        )
        if len(answers) < len(whole) or (begin and not leave and not self.is_configuring):
            raise DeviceError(self.host, "did not enter its configuration mode; may this account configure?")
        return answers[len(begin) : len(begin) + len(lines)]

    def _check_saved(self, answer: str) -> None:
        if error := parse.save_error(answer):
            raise DeviceError(self.host, f"{NOT_SAVED}: {error}")

    def _start_afresh(self) -> None:
        if self.is_configuring and self.changes():
            self.transport.ask("discard")

    def _check_loaded(self, answer: str, source: str) -> None:
        if any(words in answer for words in LOADED):
            return
        self.discard()
        if "configuration modified" in answer:
            raise DeviceError(self.host, "holds changes of somebody else that are not committed; nothing was loaded")
        raise ConfigRejectedError(self.host, line=f"load {source}", reason=_first_line(answer) or "no reason given")

    def _changes(self, answer: str) -> list[Change]:
        if not answer or answer.strip() == CLEAN:
            return []
        try:
            return statements.parse_changes(answer)
        except ValueError as exc:
            raise MisreadError(self.host, f"its difference cannot be read: {exc}") from exc


def _plain(comment: str) -> str:
    """A comment as the command line takes it: one line without quotes."""
    return " ".join("".join(" " if char in "'\"\\`$" or not char.isprintable() else char for char in comment).split())


def _first_line(answer: str) -> str:
    lines = [
        line.strip() for line in answer.splitlines() if line.strip() and not line.startswith("Loading configuration")
    ]
    return lines[0] if lines else ""
