"""The dialogue of one login: prompts, operational mode, configuration mode."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Literal

from lab.faults import Kind, Step
from lab.vyos import opmode
from lab.vyos.configure import Configuring
from lab.vyos.marks import plain
from lab.vyos.plumbing import Plumbing, is_plumbing
from lab.vyos.terminal import HungUpError, Terminal
from lab.vyos.words import UnfinishedError, split

if TYPE_CHECKING:
    from lab.vyos.appliance import Appliance

BANNER = "Welcome to VyOS!\n"
Command = Callable[[Sequence[str]], Awaitable[str]]


class SessionDroppedError(Exception):
    """The appliance ends the session on purpose (a fault, a reboot)."""


class FellSilentError(Exception):
    """The session stands and never says another word (a fault)."""


class LeftError(Exception):
    """The user logged out."""


class Shell:
    """One login on one appliance."""

    def __init__(self, appliance: "Appliance", user: str, terminal: Terminal) -> None:
        self.appliance, self.device, self.user, self.terminal = appliance, appliance.device, user, terminal
        self.host = self.device.hostname().partition(".")[0]
        self.configuring: Configuring | None = None

    async def run(self) -> int:
        """Talk until the user leaves or hangs up; the exit status is that of a shell."""
        self.terminal.write(BANNER)
        try:
            await self._strike(Step.CONNECT, "before")
            while True:
                line = await self.terminal.read_line(self._prompt())
                await self._carry_out(await self._continued(line))
                await self.terminal.drain()
        except (HungUpError, LeftError):
            return 0
        finally:
            self._leave()

    async def run_one(self, line: str) -> int:
        """Carry out one command line without a dialogue, as `ssh host command` does, and return its exit status."""
        status = 0
        try:
            if is_plumbing(line):
                status = await self._move_files(line)
            else:
                await self._carry_out(line)
            await self.terminal.drain()
        except (HungUpError, LeftError):
            pass
        finally:
            self._leave()
        return status

    async def _move_files(self, line: str) -> int:
        step = Step.UPLOAD if "dd of=" in line else None
        await self._strike(step, "before")
        status = await Plumbing(self.device.files, self.terminal).run(line)
        await self._strike(step, "after")
        return status

    def _leave(self) -> None:
        if self.configuring:
            self.configuring.close()
            self.configuring = None

    def _prompt(self) -> str:
        if self.configuring is None:
            return f"{self.user}@{self.host}:~$ "
        level = " ".join(("edit", *self.configuring.session.level))
        return f"[{level}]\n{self.user}@{self.host}# "

    async def _continued(self, line: str) -> str:
        """The line with those that an open quote takes in."""
        while True:
            try:
                split(line)
            except UnfinishedError:
                line += "\n" + await self.terminal.read_line("> ")
            else:
                return line

    async def _carry_out(self, line: str) -> None:
        words, *filters = split(line)
        if not words:
            return
        step = _step(words)
        await self._strike(step, "before")
        slow = self.appliance.faults.peek(Kind.SLOW)
        await self.terminal.pause(slow.delay_ms / 1000 if slow else 0)
        text = _filtered(await self._answer(words), filters)
        if step and (cut := self.appliance.faults.take(Kind.CUT, step)):
            self.terminal.write(text[: max(1, len(text) * 2 // 3)])
            await self.terminal.drain()
            raise SessionDroppedError(cut.kind)
        if step in (Step.SHOW, Step.COMPARE) and "no-more" not in {word for one in filters for word in one}:
            await self.terminal.page(text)
        else:
            self.terminal.write(text)
        await self._strike(step, "after")

    async def _strike(self, step: Step | None, when: Literal["before", "after"]) -> None:
        """Let a fault strike that waits for this step."""
        if step is None:
            return
        faults = self.appliance.faults
        if faults.take(Kind.DROP, step, when):
            raise SessionDroppedError(step)
        if faults.take(Kind.REBOOT, step, when):
            self.appliance.reboot()
            raise SessionDroppedError(step)
        if faults.take(Kind.HANG, step, when):
            await self.terminal.drain()
            raise FellSilentError(step)

    async def _answer(self, words: Sequence[str]) -> str:
        if self.configuring is not None:
            if words[0] == "run" and len(words) > 1:
                return await self._operate(words[1:])
            answer = await self.configuring.answer(words)
            if self.configuring.is_left:
                self._leave()
            if answer is not None:
                return answer
            return await self._underneath(words)
        return await self._operate(words)

    async def _underneath(self, words: Sequence[str]) -> str:
        """What the system underneath answers to a command that is none of VyOS."""
        if words[0] == "rm":
            await Plumbing(self.device.files, self.terminal).run(" ".join(words))
            return ""
        return _shell_builtin(self, words) or _invalid(words, 0)

    # ---- operational mode ----------------------------------------------------------------------------------------

    async def _operate(self, words: Sequence[str]) -> str:
        match words:
            case ["configure"] if self.configuring is None:
                self.configuring = Configuring(self)
                return ""
            case ["exit" | "logout"]:
                raise LeftError
            case ["set", "terminal", setting, value] | ["terminal", setting, value]:
                return self._set_terminal(setting, value)
            case ["show", *rest]:
                return self._show(rest)
            case ["ping", _, *_]:
                return opmode.ping(words[1:], is_reachable=not self.appliance.is_vpn_down)
            case ["reset", "vpn", *_]:
                return "Peer reset result: success\n"
            case ["reboot", *rest]:
                return await self._reboot(rest)
        return await self._underneath(words)

    def _set_terminal(self, setting: str, value: str) -> str:
        if setting == "length" and value.isdigit():
            self.terminal.rows = int(value)
            return ""
        return "" if setting == "width" and value.isdigit() else _invalid(["set", "terminal", setting, value], 2)

    def _show(self, rest: Sequence[str]) -> str:  # noqa: C901 - one case a command
        device = self.device
        match rest:
            case ["version"]:
                return opmode.version(device)
            case ["configuration", "commands"]:
                return device.running_set()
            case ["configuration"]:
                return plain(device.tree(), device.tags)
            case ["interfaces"]:
                return opmode.interfaces(device)
            case ["interfaces", "summary"]:
                return opmode.interfaces_summary(device)
            case ["system", "uptime"]:
                return opmode.uptime(device)
            case ["system", "commit"]:
                return opmode.commits(device)
            case ["host", "name"]:
                return f"{device.hostname()}\n"
            case ["ntp", *_]:
                return opmode.ntp(device)
            case ["vpn", "ipsec", "sa"]:
                return opmode.ipsec_sa(device, is_up=not self.appliance.is_vpn_down)
            case ["log", *_]:
                return opmode.log(device)
        known = ("version", "configuration", "interfaces", "system", "host", "ntp", "vpn", "log")
        if not rest or (rest[0] in known and len(rest) == 1):
            return f"\n  Incomplete command: {' '.join(('show', *rest))}\n\n"
        return _invalid(("show", *rest), 1 if rest[0] not in known else 2)

    async def _reboot(self, rest: Sequence[str]) -> str:
        if rest != ["now"]:
            answer = await self.terminal.read_line("Are you sure you want to reboot this system? [y/N] ")
            if answer.strip().lower() not in ("y", "yes"):
                return ""
        self.appliance.reboot()
        raise SessionDroppedError("reboot")


def _step(words: Sequence[str]) -> Step | None:
    """The step of a session that a command is."""
    first = words[1] if words[0] == "run" and len(words) > 1 else words[0]
    names = {"merge": "load", "rollback-soft": "load"}
    try:
        return Step(names.get(first, first))
    except ValueError:
        return None


def _filtered(text: str, filters: Sequence[Sequence[str]]) -> str:
    """The text after `| match x`, `| except x`, `| count` and the like."""
    for words in filters:
        lines = text.splitlines(keepends=True)
        match words:
            case ["match" | "grep", wanted]:
                text = "".join(line for line in lines if wanted in line)
            case ["except", unwanted]:
                text = "".join(line for line in lines if unwanted not in line)
            case ["count"]:
                text = f"Count: {len(lines)} lines\n"
    return text


def _shell_builtin(shell: Shell, words: Sequence[str]) -> str:
    """The few commands of the system underneath that clients use; empty when it is none."""
    match words:
        case ["echo", *rest]:
            return " ".join(rest) + "\n"
        case ["systemctl", "is-active", "commit-confirm.timer"] | [
            "sudo",
            "systemctl",
            "is-active",
            "commit-confirm.timer",
        ]:
            return "active\n" if shell.device.pending else "inactive\n"
        case ["systemctl", "list-timers", *_]:
            armed = ["commit-confirm.timer commit-confirm.service"] if shell.device.pending else []
            return "".join(f"{line}\n" for line in (*armed, "", f"{len(armed)} timers listed."))
    return ""


def _invalid(words: Sequence[str], at: int) -> str:
    shown = " ".join((*words[:at], f"[{words[at]}]"))
    return f"\n  Invalid command: {shown}\n\n"
