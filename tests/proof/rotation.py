"""Keys rotated under a running transfer: a connection between two members, and how long nothing of it arrived."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from lab.real import kernel
from lisiere.model.overlay import Overlay
from tests.proof.asking import Fate, Try
from tests.proof.bench import Bench
from tests.proof.ground import Ground
from tests.proof.speakers import TCP
from tests.proof.vpn import End, appliance, questions

PORT = 5099
REDIRECT = """table inet lisiere_transfer {{
  chain prerouting {{
    type nat hook prerouting priority dstnat - 10;
    tcp dport {port} redirect to :{to}
  }}
}}
"""
RECEIVE = """
import json, socket, sys, time
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
door = socket.socket(family)
door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
door.bind(("::" if family == socket.AF_INET6 else "0.0.0.0", int(sys.argv[2])))
door.listen(1)
print("ready", flush=True)
line, _ = door.accept()
print("begun", flush=True)
arrived, longest_s, at = 0, 0.0, time.monotonic()
try:
    while chunk := line.recv(65536):
        now = time.monotonic()
        arrived, longest_s, at = arrived + len(chunk), max(longest_s, now - at), now
    error = ""
except OSError as exc:
    error = str(exc)
print(json.dumps({"bytes": arrived, "longest_s": longest_s, "error": error}), flush=True)
"""
SEND = """
import json, select, socket, sys
line = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=30, source_address=(sys.argv[3], 0))
line.settimeout(120)
sent, error = 0, ""
try:
    while not select.select([sys.stdin], [], [], 0.005)[0]:
        line.sendall(b"x" * 512)
        sent += 512
    line.shutdown(socket.SHUT_WR)
    line.recv(1)
except OSError as exc:
    error = str(exc)
print(json.dumps({"bytes": sent, "error": error}), flush=True)
"""


@dataclass(frozen=True, slots=True)
class Transfer:
    """How a connection ended: what was sent, what arrived, and the longest time in which nothing did."""

    sent: int
    arrived: int
    longest_s: float
    error: str

    @property
    def is_whole(self) -> bool:
        """Whether the one connection carried all of it to its end."""
        return not self.error and 0 < self.sent == self.arrived


def between_members(bench: Bench, ground: Ground, overlay: str = "") -> tuple[Try, Fate] | None:
    """A connection from one member of an overlay to another that the intents allow; None where there is none."""
    found = (pair for pair in questions(bench, ground) if overlay in ("", pair[0].about))
    return next((pair for pair in found if _is_one(*pair, ground)), None)


def with_hub(bench: Bench, ground: Ground, overlay: Overlay, joins: str) -> tuple[Try, Fate] | None:
    """A connection that may be between the first hub and a member who neither joins nor leaves; None without any."""
    hub = overlay.hubs[0]
    for one, fate in questions(bench, ground):
        between = {one.site, fate.arrives_at.partition(":")[0]}
        if one.about == overlay.name and hub in between and joins not in between and _is_one(one, fate, ground):
            return one, fate
    return None


def _is_one(one: Try, fate: Fate, ground: Ground) -> bool:
    is_real = {one.source, one.destination} <= ground.own_addresses
    return is_real and one.protocol == TCP and fate.arrives_at.partition(":")[0] not in ("", one.site)


def own_ends(wanted: Sequence[End], overlay: str) -> list[End]:
    """The ends of an overlay's tunnels of which both are ours and that go by a key."""
    return [
        one
        for one in wanted
        if one.tunnel.overlay == overlay and not one.tunnel.is_partner and key_of(one).startswith("overlay/")
    ]


def key_of(end: End) -> str:
    """The name of the key of a tunnel."""
    return end.tunnel.secret.removeprefix("secret:")


@contextmanager
def running(one: Try, fate: Fate, ground: Ground) -> Iterator[list[Transfer]]:
    """A transfer for as long as the block lasts; the list holds then how it ended."""
    ended: list[Transfer] = []
    near, far = ground.spots[one.at].namespace, ground.spots[fate.arrives_at].namespace
    inside = ("ip", "netns", "exec", far)
    kernel.run(*inside, "nft", "-f", "-", data=REDIRECT.format(port=one.number, to=PORT))
    receiver = _python(far, RECEIVE, str(one.destination), str(PORT))
    try:
        _expect(receiver, "ready")
        sender = _python(near, SEND, str(one.destination), str(one.number), str(one.source))
        try:
            _expect(receiver, "begun")
            yield ended
        finally:
            sent = json.loads(sender.communicate("\n", timeout=180)[0])
        got = json.loads(receiver.communicate(timeout=180)[0])
        error = str(sent["error"] or got["error"])
        ended.append(Transfer(int(sent["bytes"]), int(got["bytes"]), float(got["longest_s"]), error))
    finally:
        receiver.kill()
        receiver.wait()
        kernel.run(*inside, "nft", "delete", "table", "inet", "lisiere_transfer")


def _python(namespace: str, program: str, *words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        ["ip", "netns", "exec", namespace, sys.executable, "-I", "-u", "-c", program, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _expect(process: "subprocess.Popen[str]", word: str) -> None:
    assert process.stdout is not None
    said = process.stdout.readline().strip()
    assert said == word, f"{said!r} instead of {word!r}"


def authenticates(end: End, key: str, value: str, current: str) -> bool:
    """Whether a tunnel can be begun anew with a value as its key; the end goes by its own file again afterwards."""
    one = appliance(end.site)
    text = one.tell("cat", "/etc/lisiere/current/swanctl/swanctl.conf")
    assert current in text, f"{key} is not what {end.site} runs"
    one.tell("sh", "-c", "umask 077; cat >/run/other.conf", data=text.replace(current, value))
    load = ("swanctl", "--load-creds", "--clear", "--noprompt", "--file")
    try:
        one.tell(*load, "/run/other.conf")
        status, said = one.call("swanctl", "--initiate", "--timeout", "8", "--child", end.tunnel.name)
        assert status == 0 or "AUTHENTICATION_FAILED" in said, said
        return status == 0
    finally:
        one.tell(*load, "/etc/lisiere/current/swanctl/swanctl.conf")
        one.tell("rm", "-f", "/run/other.conf")


def kept_anywhere(site: str, value: str) -> list[str]:
    """The files of an appliance, below what belongs to Lisière there, that hold a value."""
    status, said = appliance(site).call("grep", "-rlF", "--", value, "/etc/lisiere", "/run/lisiere")
    return said.splitlines() if status == 0 else []


def by_command(bench: Bench, *words: str) -> Callable[[], object]:
    """Rotate by `lisiere secrets rotate`."""
    return lambda: bench.run("secrets", "rotate", *words, "--lab", "--yes")


@dataclass(frozen=True, slots=True)
class Rotated:
    """What came of a rotation under a transfer.

    Args:
        transfer: The connection that ran meanwhile.
        keys: How many keys were replaced.
        in_use: Whether the new key of a tunnel authenticates.
        refused: Whether the one before does not any more.
        left: Files of appliances that still hold a key from before.
    """

    transfer: Transfer
    keys: int
    in_use: bool
    refused: bool
    left: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether all is as it should be."""
        return self.transfer.is_whole and self.in_use and self.refused and not self.left


def rotate(
    bench: Bench, ground: Ground, pair: tuple[Try, Fate], wanted: Sequence[End], act: Callable[[], object]
) -> Rotated:
    """Rotate keys as a person does, by whatever command, while a connection runs between two members."""
    before = {key_of(one): bench.keeper.reveal(one.tunnel.secret) for one in wanted}
    with running(*pair, ground) as ended:
        act()
    vars(bench).pop("keeper", None)  # It held the values from before.
    after = {key: bench.keeper.reveal(f"secret:{key}") for key in before}
    changed = [key for key in before if before[key] != after[key]]
    end = next(one for one in wanted if one.tunnel.initiates and key_of(one) in changed)
    key = key_of(end)
    in_use = authenticates(end, key, after[key], after[key])
    refused = not authenticates(end, key, before[key], after[key])
    left = [path for one in wanted if key_of(one) in changed for path in kept_anywhere(one.site, before[key_of(one)])]
    return Rotated(ended[0], len(changed), in_use, refused, tuple(left))
