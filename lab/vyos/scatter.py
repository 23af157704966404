"""Answers that come in pieces, cut at any byte, some time apart: what a slow line does to what is printed."""

import asyncio
import random

from lab.vyos.terminal import HungUpError, Writer

SHORT, MIDDLING = 16, 512
"""Bytes of the shorter pieces at the most; the others are all that is there."""


class Scattered:
    """A screen in front of another one. The same seed cuts the same output at the same places."""

    def __init__(self, screen: Writer, *, seed: str, longest_ms: float) -> None:
        self._screen, self._longest_s = screen, longest_ms / 1000
        self._random = random.Random(seed)  # noqa: S311 - no secret hangs on it
        self._left = bytearray()
        self._is_quiet = asyncio.Event()
        self._is_quiet.set()
        self._is_gone = False

    def write(self, data: bytes) -> None:
        """Print, later and piece by piece."""
        self._left += data
        if self._is_quiet.is_set():
            self._is_quiet.clear()
            self._later()

    async def drain(self) -> None:
        """Wait until all of it was printed."""
        await self._is_quiet.wait()
        if self._is_gone:
            raise HungUpError
        await self._screen.drain()

    def _later(self) -> None:
        wait_s = self._random.random() * self._longest_s if self._random.random() < 0.5 else 0.0
        asyncio.get_running_loop().call_later(wait_s, self._print)

    def _print(self) -> None:
        size = self._size()
        piece = bytes(self._left[:size])
        del self._left[:size]
        try:
            self._screen.write(piece)
        except HungUpError:
            self._is_gone = True
            self._left.clear()
        if self._left:
            self._later()
        else:
            self._is_quiet.set()

    def _size(self) -> int:
        choice = self._random.random()
        if choice < 0.3:
            return self._random.randint(1, SHORT)
        return self._random.randint(1, MIDDLING) if choice < 0.6 else len(self._left)
