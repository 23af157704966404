"""A terminal as the far end of an SSH channel: echo, line ends, control keys, and a pager."""

import asyncio
from typing import Protocol

PAGER_PROMPT = ":"


class Reader(Protocol):
    """Where keys come from."""

    async def read(self, n: int = -1) -> bytes: ...  # noqa: D102


class Writer(Protocol):
    """Where text goes to."""

    def write(self, data: bytes) -> None: ...  # noqa: D102

    async def drain(self) -> None: ...  # noqa: D102


class HungUpError(Exception):
    """The far end is gone."""


class Terminal:
    """Line by line in, text out. Without a PTY nothing is echoed and line ends stay as they are.

    What is printed leaves together once nothing more can be done without waiting: sshd takes from a terminal what is
    there when it looks, not letter by letter.
    """

    def __init__(self, reader: Reader, writer: Writer, *, has_pty: bool, rows: int = 24) -> None:
        self._reader, self._writer, self.has_pty = reader, writer, has_pty
        self._keys = bytearray()
        self._printed = bytearray()
        self.rows = rows if has_pty else 0

    def write(self, text: str) -> None:
        """Print."""
        if self.has_pty:
            text = text.replace("\n", "\r\n")
        self._printed += text.encode()

    def flush(self) -> None:
        """Let what was printed leave."""
        if self._printed:
            printed, self._printed = bytes(self._printed), bytearray()
            self._writer.write(printed)

    async def drain(self) -> None:
        """Wait until the far end took what was printed."""
        self.flush()
        await self._writer.drain()

    async def pause(self, seconds: float) -> None:
        """Let time pass; nothing at all when there is none to pass."""
        if seconds > 0:
            self.flush()
            await asyncio.sleep(seconds)

    async def page(self, text: str) -> None:
        """Print through the pager, which waits for a key after each screen; `rows` 0 turns it off."""
        lines = text.splitlines(keepends=True)
        while self.rows and len(lines) > self.rows - 1:
            self.write("".join(lines[: self.rows - 1]) + PAGER_PROMPT)
            lines = lines[self.rows - 1 :]
            key = await self._key()
            self.write("\r")
            if key in b"qQ\x03":
                return
        self.write("".join(lines))

    async def read_line(self, prompt: str) -> str:
        """One line after a prompt, echoed as it is taken."""
        self.write(prompt)
        line = bytearray()
        while True:
            if not self._keys:
                await self._fill()
            end = next((at for at, key in enumerate(self._keys) if key < 32 or key == 127), None)
            plain = self._keys[: len(self._keys) if end is None else end]
            line += plain
            self._echo(plain)
            del self._keys[: len(plain)]
            if end is None:
                continue
            key = self._keys.pop(0)
            if key in b"\r\n":
                self._echo(b"\r\n")
                return line.decode(errors="replace")
            self._control(key, line, prompt)

    def _control(self, key: int, line: bytearray, prompt: str) -> None:
        if key == 3:
            self._echo(b"^C\r\n")
            line.clear()
            self.write(prompt)
        elif key == 4 and not line:
            raise HungUpError
        elif key in (8, 127) and line:
            line.pop()
            self._echo(b"\b \b")
        elif key == 21:
            self._echo(b"\b \b" * len(line))
            line.clear()
        elif key == 9:
            line += b" "
            self._echo(b" ")

    async def read_all(self) -> bytes:
        """Everything that is typed until the far end says that this was all."""
        self.flush()
        typed = bytes(self._keys)
        self._keys.clear()
        while data := await self._reader.read(65536):
            typed += data
        return typed

    async def _key(self) -> bytes:
        if not self._keys:
            await self._fill()
        return bytes([self._keys.pop(0)])

    async def _fill(self) -> None:
        self.flush()
        data = await self._reader.read(65536)
        if not data:
            raise HungUpError
        self._keys += data

    def _echo(self, data: bytes | bytearray) -> None:
        if self.has_pty and data:
            self._printed += data
