"""Tunnels on their way into force: checked in a daemon that nobody talks to, loaded, begun anew."""

import contextlib
import re
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from lisiere.drivers.debian.device.associations import (
    associations,
    current_connections,
    initiate,
    is_left,
    terminate,
)
from lisiere.drivers.debian.device.bundles import File, text_of
from lisiere.drivers.debian.device.complaints import complaints
from lisiere.drivers.debian.device.places import ENVIRONMENT, RUN, current_path
from lisiere.drivers.debian.device.programs import first_line, run, wait_until
from lisiere.drivers.debian.device.proving import SIDE_BY_SIDE, distrust, prove, unproven
from lisiere.drivers.debian.device.refusals import Problem, RefusedError
from lisiere.drivers.debian.device.swanctl import (
    SWANCTL,
    Section,
    parse_swanctl,
    sections,
    tunnel_deviations,
)

WATCH_S = 20.0
"""How often tunnels that nobody tries any more are begun anew."""
YIELDS_S = 1.0
"""How long others may ask in between: a few tunnels are proven at a time."""
SCRATCH_CHARON = """charon {
  load_modular = no
  load = random nonce openssl hmac kdf pem pkcs1 pkcs8 x509 pubkey revocation constraints PLUGINS
}
swanctl {
  load = random nonce openssl pem pkcs1 pkcs8 x509 pubkey
}
"""


def check_swanctl(folder: Path, text: str) -> Iterator[Problem]:
    """Load it into a daemon that nobody talks to, and compare what it then holds with what the file says."""
    path = "swanctl/swanctl.conf"
    top, problems = parse_swanctl(text)
    yield from problems
    if problems:
        return
    conf = RUN / "charon.conf"
    conf.write_text(SCRATCH_CHARON.replace("PLUGINS", "kernel-netlink socket-default vici"), encoding="ascii")
    environment = ENVIRONMENT | {"STRONGSWAN_CONF": str(conf)}
    with subprocess.Popen(
        ["/usr/sbin/charon-systemd"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env=environment,
    ) as daemon:  # fmt: skip
        try:
            if not wait_until(lambda: Path("/run/charon.vici").exists(), 5.0):
                yield Problem(path, 0, "the IKE daemon to check it with did not start")
                return
            said = run("/usr/sbin/swanctl", "--load-all", "--noprompt", "--file", str(folder / path))
            fine = r"^(?:loaded|successfully loaded|no \w+ found|opening directory .* No such file)"
            yield from complaints(path, said, fine=fine, text=text)
            loaded = set(re.findall(r"loaded \w+ secret '([^']+)'", said.text))
            yield from (
                Problem(path, 0, f"the daemon did not take the secret {name}")
                for name in sorted(sections(top, "secrets").keys() - loaded)
                if name.startswith(("ike", "ppk"))
            )
            yield from (Problem(path, 0, f"the daemon {what}") for what in tunnel_deviations(top))
        finally:
            daemon.kill()


def load_tunnels(before: Sequence[File], files: Sequence[File]) -> None:
    """Load all connections.

    Living tunnels of those that changed are ended and, where they are to be up, begun anew; those of which only the key
    changed live on, and are not trusted until they are proven.
    """
    wait_until(lambda: Path("/run/charon.vici").exists(), 5.0)
    said = run("/usr/sbin/swanctl", "--load-all", "--noprompt", "--clear", "--file", current_path(SWANCTL))
    if said.status:
        raise RefusedError("failed", f"swanctl: {first_line(said)}")
    old, new = (sections(parse_swanctl(text_of(held, SWANCTL))[0], "connections") for held in (before, files))
    for name in old:
        if old[name] != new.get(name):
            terminate("--ike", name)
            begin(name, new.get(name, {}))
    distrust(before, files)


def begin(name: str, connection: Section) -> None:
    """Have a connection tried, if it is one that is to be up; nobody waits for it."""
    for child, one in sections(connection, "children").items():
        if one.get("start_action") == "start":
            initiate(name, child, wait_s=1)


def watch_tunnels() -> None:
    """Begin anew what is to be up and is not even tried any more: to a peer that was not ready, no means never.

    Nor is one whose peers know each other while its networks were refused: the daemon keeps that half for ever.
    A tunnel that lives by a key of yesterday is proven, until both ends have the new one.
    """
    while True:
        time.sleep(WATCH_S)
        held = list(associations())
        alive = {name for name, one in held if not is_left(one)}
        for name, connection in current_connections().items():
            if name in alive:
                continue
            if any(other == name for other, _ in held):
                terminate("--ike", name)  # Or there would be one more of these halves each time.
            begin(name, connection)
        doubted = sorted(unproven())
        for at in range(0, len(doubted), SIDE_BY_SIDE):
            with contextlib.suppress(RefusedError):
                prove(doubted[at : at + SIDE_BY_SIDE])
            time.sleep(YIELDS_S)
