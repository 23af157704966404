"""SSH sessions as drivers want them: modern algorithms only, the pinned host key checked before anything is said."""

import base64
import binascii
import logging
import socket
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import paramiko  # type: ignore[import-untyped]

from lisiere.drivers.sockets import BufferedSocket
from lisiere.errors import HostKeyError, LoginRefusedError, SessionLostError, UnreachableError, UsageError

KEY_EXCHANGES = ("curve25519-sha256@libssh.org", "mlkem768x25519-sha256", "ecdh-sha2-nistp256", "ecdh-sha2-nistp384")
CIPHERS = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com")
HOST_KEY_ALGORITHMS = {
    "ssh-ed25519": ("ssh-ed25519",),
    "ecdsa-sha2-nistp256": ("ecdsa-sha2-nistp256",),
    "ecdsa-sha2-nistp384": ("ecdsa-sha2-nistp384",),
    "ecdsa-sha2-nistp521": ("ecdsa-sha2-nistp521",),
    "ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256"),
}
"""Types of a pinned key, and the signatures accepted with it (never SHA-1)."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an appliance answers, who it must be, and as whom we come.

    `host_key` is a public key line as in `known_hosts`, without the host: type and base64.
    """

    name: str
    address: str
    port: int
    host_key: str
    username: str
    password: str = field(repr=False)
    key_file: str
    timeout_s: float


def connect(endpoint: Endpoint) -> paramiko.Transport:
    """An authenticated SSH connection.

    Raises:
        UnreachableError: Nothing answers in time, or what answers speaks no modern SSH.
        HostKeyError: Another host key than the pinned one; nothing was sent, not even the user name.
        LoginRefusedError: The appliance does not let us in.
    """
    kind, pinned = parse_host_key(endpoint)
    _keep_quiet()
    try:
        sock = socket.create_connection((endpoint.address, endpoint.port), endpoint.timeout_s)
    except OSError as exc:
        raise UnreachableError(endpoint.name, f"no connection to {_place(endpoint)}: {_reason(exc)}") from exc
    try:
        transport = paramiko.Transport(BufferedSocket(sock))
    except BaseException:
        sock.close()
        raise
    try:
        _negotiate(transport, endpoint, kind, pinned)
        _authenticate(transport, endpoint)
    except BaseException:
        transport.close()
        raise
    return transport


@lru_cache(maxsize=1)
def _keep_quiet() -> None:
    """Keep paramiko's tracebacks off the terminal: all that it raises is translated here."""
    logging.getLogger("paramiko").addHandler(logging.NullHandler())


def parse_host_key(endpoint: Endpoint) -> tuple[str, bytes]:
    """Type and bytes of the pinned host key.

    Raises:
        HostKeyError: There is none, or it cannot be read.
    """
    kind, _, rest = endpoint.host_key.strip().partition(" ")
    if not kind:
        raise HostKeyError(endpoint.name, "no host key is pinned for it in the inventory; nothing was sent")
    if kind not in HOST_KEY_ALGORITHMS:
        raise HostKeyError(endpoint.name, f"the pinned host key is of the type {kind!r}, which is not accepted")
    try:
        return kind, base64.b64decode(rest.split()[0], validate=True)
    except (IndexError, binascii.Error) as exc:
        raise HostKeyError(endpoint.name, "the pinned host key cannot be read: it is '<type> <base64>'") from exc


@lru_cache(maxsize=64)
def load_key(path: str) -> paramiko.PKey:
    """A private key of ours, read once.

    Raises:
        UsageError: It cannot be read, or it has a passphrase.
    """
    try:
        return paramiko.PKey.from_path(Path(path).expanduser())
    except (OSError, ValueError, paramiko.SSHException, paramiko.pkey.UnknownKeyType) as exc:
        raise UsageError(
            f"{path}: cannot be used as a private key without a passphrase ({type(exc).__name__})"
        ) from exc


def _negotiate(transport: paramiko.Transport, endpoint: Endpoint, kind: str, pinned: bytes) -> None:
    options = transport.get_security_options()
    options.kex, options.ciphers, options.key_types = KEY_EXCHANGES, CIPHERS, HOST_KEY_ALGORITHMS[kind]
    try:
        transport.start_client(timeout=endpoint.timeout_s)
        shown = transport.get_remote_server_key()
    except (paramiko.SSHException, OSError, EOFError) as exc:
        if "host key" in str(exc):
            raise HostKeyError(
                endpoint.name, f"it shows no host key of the pinned type {kind}; nothing was sent"
            ) from exc
        raise UnreachableError(endpoint.name, f"no SSH session with {_place(endpoint)}: {_reason(exc)}") from exc
    if shown.asbytes() != pinned:
        raise HostKeyError(
            endpoint.name,
            f"its host key is {shown.fingerprint}, not the pinned one; nothing was sent. If the appliance was replaced,"
            " check the new key by another way and pin it in the inventory",
        )


def _authenticate(transport: paramiko.Transport, endpoint: Endpoint) -> None:
    try:
        if endpoint.key_file:
            transport.auth_publickey(endpoint.username, load_key(endpoint.key_file))
        else:
            transport.auth_password(endpoint.username, endpoint.password, fallback=False)
    except paramiko.AuthenticationException as exc:
        means = f"the key {endpoint.key_file}" if endpoint.key_file else "a password"
        raise LoginRefusedError(endpoint.name, f"refused the login of {endpoint.username} with {means}") from exc
    except (paramiko.SSHException, OSError, EOFError) as exc:
        raise SessionLostError(endpoint.name, f"the session ended during the login: {_reason(exc)}") from exc


def _place(endpoint: Endpoint) -> str:
    return f"{endpoint.address} port {endpoint.port}"


def _reason(exc: BaseException) -> str:
    text = exc.strerror if isinstance(exc, OSError) and exc.strerror else str(exc)
    return text.strip() or type(exc).__name__
