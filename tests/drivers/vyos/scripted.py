"""A real SSH server whose shell says exactly what a test tells it to: for answers that no honest device gives."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import asyncssh

PROMPT = b"vyos@fw-001:~$ "
Reply = Callable[[bytes], bytes | None]
"""What the shell says to a line; None hangs up."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where the server answers, and its host key as it is pinned."""

    port: int
    host_key: str


def echoing(answer: bytes = b"", prompt: bytes = PROMPT) -> Reply:
    """Echo the line as a terminal does, answer, show the prompt."""
    return lambda line: line + b"\r\n" + answer + prompt


class _Server(asyncssh.SSHServer):
    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("vyos", "right")


@contextmanager
def scripted_shell(
    reply: Reply, *, greeting: bytes = b"Welcome to VyOS!\r\n\r\n" + PROMPT, **options: object
) -> Iterator[Address]:
    """Serve a shell on loopback; `options` go to asyncssh, for servers with unusual algorithms."""
    key = asyncssh.generate_private_key("ssh-ed25519")
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def converse(process: "asyncssh.SSHServerProcess[bytes]") -> None:
        process.stdout.write(greeting)
        try:
            while line := await process.stdin.readline():
                said = reply(line.rstrip(b"\n"))
                if said is None:
                    break
                process.stdout.write(said)
        except (asyncssh.BreakReceived, asyncssh.ConnectionLost, BrokenPipeError):
            pass
        process.exit(0)

    async def start() -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            "127.0.0.1",
            0,
            server_factory=_Server,
            server_host_keys=[key],
            process_factory=converse,
            encoding=None,
            line_editor=False,
            **options,
        )

    acceptor = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    try:
        public = key.export_public_key("openssh").decode().split()
        yield Address(acceptor.get_port(), f"{public[0]} {public[1]}")
    finally:
        loop.call_soon_threadsafe(acceptor.close)
        asyncio.run_coroutine_threadsafe(acceptor.wait_closed(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
