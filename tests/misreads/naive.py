"""The reader that takes any prompt for the end of its answer, as scripts with `expect` do: what must not happen."""

import re
import socket
from pathlib import Path

import paramiko  # type: ignore[import-untyped]

from nornir_tasks.fleet import Endpoint

TIMEOUT_S = 30.0
PROMPT = re.compile(rb"@[\w.-]+:~\$ ")


class NaiveReader:
    """One session that waits for a prompt after each line, whichever prompt it is."""

    def __init__(self, endpoint: Endpoint, username: str, key_file: str) -> None:
        sock = socket.create_connection((endpoint.hostname, endpoint.port), TIMEOUT_S)
        self._transport = paramiko.Transport(sock)
        self._transport.start_client(timeout=TIMEOUT_S)
        self._transport.auth_publickey(username, paramiko.PKey.from_path(Path(key_file)))
        self._shell = self._transport.open_session(timeout=TIMEOUT_S)
        self._shell.get_pty("vt100", width=4096, height=1000)
        self._shell.invoke_shell()
        self._shell.settimeout(TIMEOUT_S)

    def close(self) -> None:
        """Hang up."""
        self._transport.close()

    def read_running(self) -> str:
        """Prepare the session as netmiko does, with a line feed to see the prompt; then ask what runs."""
        self._ask("")
        self._ask("set terminal length 0")
        return self._ask("show configuration commands")

    def _ask(self, line: str) -> str:
        self._shell.sendall(f"{line}\n".encode())
        data = b""
        while not PROMPT.search(data):
            data += self._shell.recv(65536)
        lines = data.decode(errors="replace").replace("\r", "").split("\n")
        return "\n".join(one for one in lines if one.startswith("set ") and one != line)
