"""The dialogue of one login: a line in, what VyOS prints out. No I/O; the caller echoes and sends."""

from dataclasses import dataclass, field

from lab.played import opmode
from lab.played.device import Device, Session, split_words

STEPS = ("commit-confirm", "configure", "load", "compare", "commit", "confirm", "save", "show")


@dataclass(slots=True)
class Shell:
    """The shell of one login. `question` holds what a yes would do."""

    device: Device
    user: str
    session: Session | None = None
    question: str = ""
    is_over: bool = False
    level: list[str] = field(default_factory=list)

    @property
    def host_name(self) -> str:
        """The name in the prompt, as configured."""
        node = self.device.running.at(("system", "host-name"))
        return node.values[0] if node and node.values else "vyos"

    @property
    def prompt(self) -> str:
        """What is printed when a line is awaited."""
        if self.question:
            return ""
        if self.session is not None:
            where = " ".join(self.level)
            return f"[edit{' ' if where else ''}{where}]\r\n{self.user}@{self.host_name}# "
        return f"{self.user}@{self.host_name}:~$ "

    def step(self, line: str) -> str:
        """The name under which faults know a line."""
        words = line.split()
        words = words[1:] if words[:1] == ["run"] else words
        return words[0] if words and words[0] in STEPS else ""

    def answer(self, line: str) -> str:
        """Carry out a line; what it prints, without the echo, lines separated by newlines."""
        if self.question:
            return self._answer_question(line)
        try:
            words = split_words(line)
        except ValueError as exc:
            return f"-vbash: {exc}"
        if not words:
            return ""
        return self._configuring(words, line) if self.session is not None else self._operating(words)

    def _answer_question(self, line: str) -> str:
        asked, self.question = self.question, ""
        if line.strip().lower() not in ("", "y", "yes"):
            return "commit-confirm canceled" if asked.startswith("commit-confirm") else ""
        if asked.startswith("commit-confirm"):
            assert self.session is not None  # noqa: S101 - only asked while configuring
            return self.device.commit_confirm(self.session, int(asked.split()[1]))
        self.device.reboot()
        self.is_over = True
        return ""

    # ---- operational mode ----------------------------------------------------------------------------------------

    def _operating(self, words: list[str]) -> str:  # noqa: C901 - one case a command
        match words:
            case ["configure" | "conf" | "config"]:
                self.session = self.device.session()
                self.level = []
                return ""
            case ["exit" | "logout" | "quit"]:
                self.is_over = True
                return ""
            case ["set", "terminal", *_] | ["terminal", *_]:
                return ""
            case ["reboot", *_]:
                self.question = "reboot"
                return "Are you sure you want to reboot this system? [y/N] "
            case ["systemctl", "is-active", "commit-confirm.timer"]:
                return "active" if self.device.pending else "inactive"
            case ["ping", *rest]:
                return opmode.ping(self.device, rest)
            case ["show", *rest]:
                return self._show(rest)
            case ["cat", path]:
                return self._file(path)
            case ["rm", *paths]:
                for path in paths:
                    self.device.files.pop(path, None)
                return ""
        return f"\n  Invalid command: [{words[0]}]\n"

    def _show(self, words: list[str]) -> str:
        match words:
            case ["configuration"]:
                return self.device.braces()
            case ["configuration", "commands"]:
                return self.device.commands()
            case ["version"]:
                return opmode.show_version(self.device)
            case ["interfaces"]:
                return opmode.show_interfaces(self.device)
            case ["system", "uptime"]:
                return opmode.show_uptime(self.device)
            case ["vpn", "ipsec", "sa"]:
                return opmode.show_ipsec(self.device)
            case ["ntp"]:
                return opmode.show_ntp(self.device)
            case ["log", *_]:
                return "Nov 24 00:00:00 systemd[1]: Started lab."
        return f"\n  Invalid command: show [{' '.join(words)}]\n"

    def _file(self, path: str) -> str:
        if path == "/config/config.boot":
            return self.device.config_boot().rstrip("\n")
        data = self.device.files.get(path)
        return (
            data.decode(errors="replace").rstrip("\n")
            if data is not None
            else f"cat: {path}: No such file or directory"
        )

    # ---- configuration mode --------------------------------------------------------------------------------------

    def _configuring(self, words: list[str], line: str) -> str:  # noqa: C901 - one case a command
        session = self.session
        assert session is not None  # noqa: S101 - the caller looked
        device = self.device
        match words:
            case ["set", *rest]:
                return device.set(session, [*self.level, *rest])
            case ["delete", *rest]:
                return device.delete(session, [*self.level, *rest])
            case ["edit", *rest]:
                self.level += rest
                return ""
            case ["top"] | ["up"]:
                self.level = [] if words == ["top"] else self.level[:-1]
                return ""
            case ["show", *rest]:
                node = session.candidate.at((*self.level, *rest))
                return device.braces(node) if node is not None else "Configuration under specified path is empty"
            case ["compare"]:
                return device.compare(session)
            case ["compare", "commands"]:
                return device.compare_commands(session)
            case ["compare", "saved"]:
                return device.compare(session, against=device.saved)
            case ["compare", number, *_] if number.isdecimal() and int(number) < len(device.revisions):
                return device.compare(session, against=device.revisions[int(number)])
            case ["commit", *_]:
                return device.commit(session)
            case ["commit-confirm", *rest]:
                return self._ask_commit_confirm(rest)
            case ["confirm"]:
                return device.confirm()
            case ["discard"]:
                if not session.is_modified:
                    return "No changes have been discarded"
                self.session = device.session()
                return "Changes have been discarded"
            case ["load"]:
                return device.load(session, "/config/config.boot")
            case ["load", path]:
                return device.load(session, path)
            case ["merge", path]:
                return device.merge(session, path)
            case ["save", *_]:
                return device.save()
            case ["rollback-soft", number] if number.isdecimal():
                return device.rollback_soft(session, int(number))
            case ["rollback", number] if number.isdecimal() and int(number) < len(device.revisions):
                device.saved = device.revisions[int(number)]
                self.question = "rollback"
                return "Proceed with reboot ? [confirm] [y] "
            case ["exit"] | ["quit"] | ["exit", "discard"]:
                return self._exit(session, is_forced=words[-1] == "discard")
            case ["run", *rest]:
                return self._operating(rest)
            case ["systemctl" | "cat" | "rm", *_]:
                return self._operating(words)
        return f"\n  Invalid command: [{words[0]}]\n"

    def _ask_commit_confirm(self, rest: list[str]) -> str:
        minutes = int(rest[0]) if rest and rest[0].isdecimal() else 10
        if self.device.pending is not None:
            return "Another confirm is pending"
        note = ""
        if self.device.release == "1.4":
            if self.device.running != self.device.saved:
                note = "You should save previous commits before commit-confirm !\n"
            text = f"commit-confirm will automatically reboot in {minutes} minutes unless changes\nare confirmed.\n\n"
        else:
            text = f"commit-confirm will automatically reload previous config in {minutes} minutes\n"
            text += "unless changes are confirmed."
        self.question = f"commit-confirm {minutes}"
        return f"{note}\n{text}\nProceed ? [Y/n] "

    def _exit(self, session: Session, *, is_forced: bool) -> str:
        if self.level:
            self.level = []
            return ""
        if session.is_modified and not is_forced:
            return "Cannot exit: configuration modified.\nUse 'exit discard' to discard the changes and exit."
        self.session = None
        if self.device.running != self.device.saved:
            return "Warning: configuration changes have not been saved.\nexit"
        return "exit"
