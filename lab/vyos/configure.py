"""Configuration mode: the commands, with the questions that some of them ask and what they set in motion."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lab.faults import Kind
from lab.vyos.session import CLEAN, ConfigSession, Refusal
from lisiere.configtree import Path

if TYPE_CHECKING:
    from lab.vyos.shell import Shell

LOCKED = "Configuration system temporarily locked due to another commit in progress\n"
DEFAULT_MINUTES = 10


class Configuring:
    """One stay in configuration mode."""

    def __init__(self, shell: "Shell") -> None:
        self.shell, self.appliance, self.terminal = shell, shell.appliance, shell.terminal
        self.session = ConfigSession(shell.device, shell.user)
        self.is_left = False

    def close(self) -> None:
        """Forget the candidate."""
        self.session.close()

    async def answer(self, words: Sequence[str]) -> str | None:
        """The answer to a command; None when it is none of configuration mode."""
        try:
            return self._edit(words) if words[0] in _EDITING else await self._act(words)
        except Refusal as exc:
            return str(exc)

    def _edit(self, words: Sequence[str]) -> str:
        session, rest = self.session, words[1:]
        match words[0]:
            case "set" if rest:
                return session.set(rest)
            case "delete" if rest:
                return session.delete(rest)
            case "show":
                return session.show(rest)
            case "compare":
                return session.compare(rest)
            case "edit" if rest:
                return session.edit(rest)
            case "up":
                session.level = session.level[:-1]
                return ""
            case "top":
                session.level = ()
                return ""
            case "discard":
                return session.discard()
        return f"\n  Incomplete command: {words[0]}\n\n"

    async def _act(self, words: Sequence[str]) -> str | None:  # noqa: C901 - one case a command
        session, counters = self.session, self.appliance.counters
        match words:
            case ["load", *rest] if len(rest) < 2:
                counters.loads += 1
                lost = self.appliance.faults.take(Kind.LOAD_DROPS)
                said = session.load(*rest, lost=lost.path if lost else ())
                counters.repeats += said.endswith(f"{CLEAN}.\n")
                return said
            case ["merge", path]:
                counters.loads += 1
                return session.merge(path)
            case ["commit"] | ["commit", "comment", _]:
                return await self._commit(comment=words[2] if len(words) > 2 else "", is_timed=False)
            case ["commit-confirm"]:
                return await self._commit_confirm(DEFAULT_MINUTES)
            case ["commit-confirm", minutes, *_] if minutes.isdigit() and int(minutes) > 0:
                return await self._commit_confirm(int(minutes))
            case ["confirm"]:
                return self._confirm()
            case ["save", *rest] if len(rest) < 2:
                return self._save(*rest)
            case ["rollback-soft", number] if number.isdigit():
                return session.load_revision(int(number))
            case ["rollback", number] if number.isdigit():
                return await self._rollback(int(number))
            case ["exit" | "quit", *rest]:
                return self._exit(rest)
        return None

    # ---- commits -------------------------------------------------------------------------------------------------

    async def _commit(self, *, comment: str, is_timed: bool) -> str:
        device, session = self.shell.device, self.session
        if not session.is_modified:
            return f"{CLEAN}\n"
        if device.is_committing:
            return LOCKED
        device.is_committing = True
        try:
            await self.terminal.pause(self.appliance.settings.commit_s)
            before = device.tree()
            report = session.commit(refusals=self._refusals(), comment=comment, is_timed=is_timed)
        finally:
            device.is_committing = False
        self.appliance.committed(before, report)
        return report.text()

    def _refusals(self) -> dict[Path, str]:
        """What faults make fail in this commit."""
        faults = self.appliance.faults
        stuck = faults.take(Kind.REFUSE_WAY_BACK) if self.appliance.is_half else None
        if whole := stuck or faults.take(Kind.REFUSE_COMMIT):
            return {(): whole.reason}
        part = faults.take(Kind.FAIL_SUBTREE)
        return {part.path: part.reason} if part else {}

    async def _commit_confirm(self, minutes: int) -> str:
        device = self.shell.device
        if not self.session.is_modified:
            return f"{CLEAN}\n"
        if device.pending:
            return "Another confirm is pending\n"
        word = device.release.revert_word
        if not await self._agrees(_question(minutes, word, is_saved=device.is_saved())):
            return "commit-confirm canceled\n"
        self.appliance.arm(minutes, self.shell.user)
        said = f"Initialized commit-confirm; {minutes} minutes to confirm before {word}\n"
        self.terminal.write(said)
        return await self._commit(comment="", is_timed=True)

    def _confirm(self) -> str:
        device = self.shell.device
        if device.pending is None:
            return "No confirm pending\n"
        if self.appliance.is_last_minute():
            self.appliance.disarm()
            device.drop_pending()
            return "\n"
        self.appliance.disarm()
        device.confirm()
        self.appliance.counters.confirms += 1
        return f"{device.release.revert_word.capitalize()} timer stopped\n"

    def _save(self, path: str = "") -> str:
        device = self.shell.device
        try:
            device.save(path) if path else device.save()
        except OSError as exc:
            return (
                f"Traceback (most recent call last):\nOSError: [Errno {exc.errno}] {exc.strerror}: '{exc.filename}'\n"
            )
        self.appliance.counters.saves += 1
        return ""

    async def _rollback(self, number: int) -> str:
        device = self.shell.device
        if not 0 <= number < len(device.revisions):
            return f"Invalid revision number {number}: must be 0 < rev < {len(device.revisions)}\n"
        if not await self._agrees("Proceed with reboot ?"):
            return "Canceling rollback\n"
        device.restore_boot_file(number)
        self.appliance.reboot()
        return ""

    async def _agrees(self, question: str) -> bool:
        while True:
            answer = (await self.terminal.read_line(f"{question} [Y/n] ")).strip().lower()
            if answer in ("", "y", "ye", "yes"):
                return True
            if answer in ("n", "no"):
                return False
            question = "Please respond with yes/y or no/n\n" + question.rpartition("\n")[2]

    def _exit(self, rest: Sequence[str]) -> str:
        session = self.session
        if session.level and not rest:
            session.level = ()
            return ""
        if session.is_modified and rest != ["discard"]:
            return "Cannot exit: configuration modified.\nUse 'exit discard' to discard the changes and exit.\n"
        self.is_left = True
        warning = "" if self.shell.device.is_saved() else "Warning: configuration changes have not been saved.\n"
        return f"{warning}exit\n"


_EDITING = frozenset({"set", "delete", "show", "compare", "edit", "up", "top", "discard"})


def _question(minutes: int, word: str, *, is_saved: bool) -> str:
    """What commit-confirm asks, release by release."""
    if word == "reboot":
        warning = "" if is_saved else "\nYou should save previous commits before commit-confirm !\n"
        return (
            f"{warning}\ncommit-confirm will automatically reboot in {minutes} minutes unless changes\n"
            "are confirmed.\n\n\nProceed ?"
        )
    return (
        f"\ncommit-confirm will automatically reload previous config in {minutes} minutes\n"
        "unless changes are confirmed.\nProceed ?"
    )
