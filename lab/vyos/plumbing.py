"""The programs of the system underneath with which clients move files: `dd`, `cat`, `wc` and `rm`."""

import shlex
from collections.abc import Sequence

from lab.vyos.files import Files
from lab.vyos.terminal import Terminal

_PROGRAMS = frozenset({"umask", "dd", "cat", "wc", "rm"})


class Plumbing:
    """Commands joined by `&&`, as a POSIX shell carries them out: the first that fails ends the line."""

    def __init__(self, files: Files, terminal: Terminal) -> None:
        self._files, self._terminal = files, terminal
        self._mode = 0o644

    async def run(self, line: str) -> int:
        """Carry out a line and return its exit status."""
        for words in _commands(line):
            try:
                if not await self._carry_out(words):
                    self._terminal.write(f"{words[0]}: command not found\n")
                    return 127
            except OSError as exc:
                self._terminal.write(f"{words[0]}: {exc.filename}: {exc.strerror}\n")
                return 1
        return 0

    async def _carry_out(self, words: Sequence[str]) -> bool:
        match words:
            case ["umask", mask]:
                self._mode = 0o666 & ~int(mask, 8)
            case ["dd", *settings]:
                await self._copy(dict(setting.split("=", 1) for setting in settings))
            case ["cat", path]:
                self._terminal.write(self._files.read(path).decode(errors="replace"))
            case ["wc", "-c", "<", path]:
                self._terminal.write(f"{self._files.stat(path).size_bytes}\n")
            case ["rm", *options, path] if options in ([], ["-f"]):
                if not options or self._files.exists(path):
                    self._files.remove(path)
            case _:
                return False
        return True

    async def _copy(self, settings: dict[str, str]) -> None:
        """`dd`: what is typed, into a file."""
        path = settings["of"]
        self._files.create(path, mode=self._mode, is_exclusive="excl" in settings.get("conv", ""))
        self._files.write(path, await self._terminal.read_all(), mode=self._mode)


def is_plumbing(line: str) -> bool:
    """Whether a line begins with one of these programs."""
    return line.split(" ", 1)[0] in _PROGRAMS


def _commands(line: str) -> list[list[str]]:
    commands: list[list[str]] = [[]]
    for word in shlex.split(line):
        if word == "&&":
            commands.append([])
        else:
            commands[-1].append(word)
    return commands
