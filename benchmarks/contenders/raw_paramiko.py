"""The least that does the work with paramiko: one session, the lines that change in one write.

curve25519, AES-128-GCM, TCP_NODELAY, the pinned host key, a key for the login; prompts are counted, nothing is waited
for that is not asked for. It knows beforehand what to type. No records, no second look, no way back.
"""

import base64
import re
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import paramiko  # type: ignore[import-untyped]

from benchmarks import texts
from benchmarks.endpoints import Doors, Endpoint, doors
from benchmarks.jobs import Extra, Job, Work

KEY_EXCHANGES = ("curve25519-sha256@libssh.org",)
CIPHERS = ("aes128-gcm@openssh.com",)
TIMEOUT_S = 120.0
CHUNK_BYTES = 65536
WIDTH, HEIGHT = 4096, 1000
LONGEST_PROMPT = 256


def prepare(job: Job) -> Work:
    """Work out beforehand what is typed: a minimal script does not think."""
    way = doors(job)
    typed = {host: texts.changes(job.text_before(host), job.text_after(host)) for host in job.hosts}
    key = paramiko.PKey.from_path(Path(way.key_file))
    return partial(_work, way, typed, key, job.workers)


def _work(way: Doors, typed: dict[str, list[str]], key: paramiko.PKey, workers: int) -> Extra:
    def one(endpoint: Endpoint) -> int:
        return converse(endpoint, way.username, key, typed[endpoint.name])

    with ThreadPoolExecutor(workers) as pool:
        lines_read = sum(pool.map(one, way.endpoints))
    return {"lines_read": lines_read}


def converse(endpoint: Endpoint, username: str, key: paramiko.PKey, commands: Sequence[str]) -> int:
    """The whole dialogue with one appliance; returns how many lines it ran before."""
    transport = _connect(endpoint, username, key)
    try:
        shell = transport.open_session(timeout=TIMEOUT_S)
        shell.settimeout(TIMEOUT_S)
        shell.get_pty("vt100", width=WIDTH, height=HEIGHT)
        shell.invoke_shell()
        ask = partial(_ask, shell, re.compile(rb"[\r\n]%b@[A-Za-z0-9._-]+(?::~\$|#) " % re.escape(username.encode())))
        ask([])
        running = ask(["set terminal length 0", "show configuration commands"])
        compared = ask(["configure", *commands, "compare"])
        committed = ask(["commit", "save"])
    finally:
        transport.close()
    if b"[firewall" not in compared or b"failed" in committed:
        raise RuntimeError(f"{endpoint.name}: the change did not go through")
    return running.count(b"\nset ")


def _connect(endpoint: Endpoint, username: str, key: paramiko.PKey) -> paramiko.Transport:
    sock = socket.create_connection((endpoint.address, endpoint.port), TIMEOUT_S)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    transport = paramiko.Transport(sock)
    options = transport.get_security_options()
    options.kex, options.ciphers, options.key_types = KEY_EXCHANGES, CIPHERS, ("ssh-ed25519",)
    transport.start_client(timeout=TIMEOUT_S)
    if transport.get_remote_server_key().asbytes() != base64.b64decode(endpoint.host_key.split()[1]):
        transport.close()
        raise RuntimeError(f"{endpoint.name}: another host key than the pinned one")
    transport.auth_publickey(username, key)
    return transport


def _ask(shell: paramiko.Channel, prompt: re.Pattern[bytes], lines: Sequence[str]) -> bytes:
    """Send lines in one write and read until as many prompts have come; the first prompt comes unasked."""
    if lines:
        shell.sendall("".join(f"{line}\n" for line in lines).encode())
    data, seen, at, due = bytearray(), 0, 0, max(1, len(lines))
    while seen < due:
        received = shell.recv(CHUNK_BYTES)
        if not received:
            raise RuntimeError("the session ended")
        data += received
        for match in prompt.finditer(data, at):
            seen, at = seen + 1, match.end()
        at = max(at, len(data) - LONGEST_PROMPT)
    return bytes(data)
