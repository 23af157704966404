"""A port for a whole lab: the same one on hundreds of addresses."""

import secrets
import socket

FIRST, LAST = 12_000, 32_000
"""Below the ports that systems give to whoever asks for any (Linux: 32768 and up): on one of the many addresses one of
those may be taken a moment later."""
TRIES = 200


def free_port() -> int:
    """A port that nobody listens at on any address of this machine.

    Raises:
        OSError: None was found.
    """
    for _ in range(TRIES):
        port = FIRST + secrets.randbelow(LAST - FIRST)
        with socket.socket() as probe:
            try:
                probe.bind(("", port))
            except OSError:
                continue
            return port
    raise OSError(f"no free port was found between {FIRST} and {LAST}")
