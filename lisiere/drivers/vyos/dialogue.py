"""A configuration session on VyOS, step by step, in clear text: what goes in and out here holds secret values.

`load` drops what it does not know without a word and `commit` is not atomic; each step looks at what the device made of
it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from lisiere.configtree import format_braces, format_set, parse_braces, parse_set
from lisiere.drivers.vyos import parse, statements
from lisiere.drivers.vyos.footer import footer
from lisiere.drivers.vyos.parse import CommitResult, Version
from lisiere.drivers.vyos.statements import Change, Path
from lisiere.drivers.vyos.tags import tag_paths
from lisiere.drivers.vyos.transport import VyOSTransport
from lisiere.errors import ConfigRejectedError, DeviceError, MisreadError

SAVED = "/config/config.boot"
TIMER = "systemctl is-active commit-confirm.timer"
LEAST_MINUTES = 2
"""The helper that announces a revert ends with its last minute, and `confirm` fails without it."""
COMMIT_TIMEOUT_S = 600.0
CLEAN = "No changes between working and active configurations."
LOADED = ("Load complete.", "No configuration changes to commit")


@dataclass(frozen=True, slots=True)
class Text:
    """A configuration in set lines, and the same as statements."""

    lines: str
    statements: tuple[Path, ...]


class Dialogue:
    """The steps of a configuration session over one transport."""

    def __init__(self, transport: VyOSTransport) -> None:
        self.transport, self.host = transport, transport.endpoint.name
        self.version = self._greet()

    @property
    def is_configuring(self) -> bool:
        """Whether the shell is in configuration mode, as its last prompt tells."""
        return self.transport.is_configuring

    def run(self, line: str) -> str:
        """The answer to an operational command, in whichever mode we are."""
        return self.transport.ask(f"run {line}" if self.is_configuring and line.startswith("show") else line)

    def running(self) -> Text:
        """The running configuration."""
        return self._text(self.run("show configuration commands"), "the running configuration")

    def saved(self) -> Text:
        """The configuration that the next start takes."""
        return self._text(format_set(parse_braces(self.transport.download(SAVED))), SAVED)

    # ---- the candidate -------------------------------------------------------------------------------------------

    def load(self, lines: str) -> list[Change]:
        """Replace the candidate by a configuration in one file; returns the difference that the device then shows."""
        self._start_afresh()
        text = (
            f"{format_braces(parse_set(lines), tags=tag_paths())}\n{footer(self.version.release, self.version.version)}"
        )
        path = self.transport.upload(text)
        is_removed = False
        try:
            *_, loaded, removed, difference = self._ask_configuring([f"load {path}", f"rm {path}", "compare commands"])
            is_removed = not removed
        finally:
            if not is_removed:
                self.transport.remove(path)
        self._check_loaded(loaded, path)
        return self._changes(difference)

    def load_saved(self) -> list[Change]:
        """Replace the candidate by the saved configuration."""
        self._start_afresh()
        *_, loaded, difference = self._ask_configuring(["load", "compare commands"])
        self._check_loaded(loaded, SAVED)
        return self._changes(difference)

    def load_revision(self, number: int) -> list[Change]:
        """Replace the candidate by an earlier revision out of the device's own archive."""
        self._start_afresh()
        *_, loaded, difference = self._ask_configuring([f"rollback-soft {number}", "compare commands"])
        if "Rollback diff has been applied" not in loaded:
            self.discard()
            raise DeviceError(self.host, f"has no revision {number} to go back to: {_first_line(loaded)}")
        return self._changes(difference)

    def enter(self, lines: Sequence[str]) -> list[Change]:
        """Change the candidate line by line in one write; returns the difference that the device then shows.

        Raises:
            ConfigRejectedError: Lines were refused; the candidate was discarded. `line` is in clear text.
        """
        *answers, difference = self._ask_configuring([*lines, "compare commands"])
        refused = list(parse.refusals(dict(zip(lines, answers[-len(lines) :] if lines else [], strict=True))))
        if refused:
            self.discard()
            more = f" (and {len(refused) - 1} more lines)" if len(refused) > 1 else ""
            raise ConfigRejectedError(self.host, line=refused[0][0], reason=refused[0][1] + more)
        return self._changes(difference)

    def changes(self) -> list[Change]:
        """The difference between the candidate and the running configuration, as the device shows it."""
        return self._changes(self.transport.ask("compare commands")) if self.is_configuring else []

    def discard(self) -> None:
        """Drop the candidate and leave the configuration mode."""
        if self.is_configuring:
            self.transport.ask_all(["discard", "exit"])

    # ---- commits -------------------------------------------------------------------------------------------------

    def commit(self, comment: str = "") -> CommitResult:
        """Make the candidate the running configuration."""
        line = f'commit comment "{_plain(comment)}"' if _plain(comment) else "commit"
        return parse.commit(self.transport.ask(line, timeout_s=COMMIT_TIMEOUT_S))

    def commit_timed(self, minutes: int) -> CommitResult:
        """Make the candidate the running configuration until confirmed, else the device goes back by itself."""
        answer = self.transport.ask_and_confirm(f"commit-confirm {minutes}", timeout_s=COMMIT_TIMEOUT_S)
        if "Another confirm is pending" in answer:
            return CommitResult("failed", (), "another timed commit is pending")
        if "Initialized commit-confirm" not in answer:
            return CommitResult("failed", (), _first_line(answer) or "commit-confirm was not accepted")
        return parse.commit(answer)

    def is_pending(self) -> bool:
        """Whether a timed commit, ours or anybody's, waits for its confirmation."""
        state = self.transport.ask(TIMER)
        if state not in ("active", "inactive", "failed", "activating", "deactivating", "unknown"):
            raise MisreadError(self.host, "the state of its commit timer is not told as systemd tells it")
        return state in ("active", "activating")

    def confirm(self) -> str:
        """Stop the timer of a pending commit; returns what the device says."""
        return self._ask_configuring(["confirm"])[-1]

    def save(self) -> None:
        """Make the running configuration the one that the next start takes."""
        answer = self._ask_configuring(["save"])[-1]
        words = answer.lower()
        if any(word in words for word in ("error", "fail", "denied", "no space", "invalid", "cannot")):
            raise DeviceError(self.host, f"did not save its configuration: {_first_line(answer)}")

    # ---- inside --------------------------------------------------------------------------------------------------

    def _greet(self) -> Version:
        answer = self.transport.ask_all(["set terminal length 0", "show version"])[-1]
        try:
            return parse.version(answer)
        except ValueError as exc:
            raise MisreadError(self.host, str(exc)) from exc

    def _ask_configuring(self, lines: Sequence[str]) -> list[str]:
        """Ask in configuration mode, entering it first with the same write when we are not there."""
        entering = [] if self.is_configuring else ["configure"]
        answers = self.transport.ask_all([*entering, *lines], timeout_s=COMMIT_TIMEOUT_S)[len(entering) :]
        if entering and not self.transport.is_configuring:
            raise DeviceError(self.host, "did not enter its configuration mode; may this account configure?")
        return answers

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

    def _text(self, lines: str, what: str) -> Text:
        try:
            return Text(lines, tuple(statements.parse_statements(lines)))
        except ValueError as exc:
            raise MisreadError(self.host, f"{what} cannot be read: {exc}") from exc


def _plain(comment: str) -> str:
    """A comment as the command line takes it: one line without quotes."""
    return " ".join("".join(" " if char in "'\"\\`$" or not char.isprintable() else char for char in comment).split())


def _first_line(answer: str) -> str:
    lines = [
        line.strip() for line in answer.splitlines() if line.strip() and not line.startswith("Loading configuration")
    ]
    return lines[0] if lines else ""
