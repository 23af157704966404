"""Tunnels on their way into force: checked in a daemon that nobody talks to, loaded, begun anew."""

import json
import re
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from lisiere.drivers.debian.device.bundles import File, read_generation, text_of
from lisiere.drivers.debian.device.complaints import complaints
from lisiere.drivers.debian.device.disk import named
from lisiere.drivers.debian.device.places import CURRENT, ENVIRONMENT, GENERATIONS, RUN, current_path
from lisiere.drivers.debian.device.programs import first_line, run, wait_until
from lisiere.drivers.debian.device.refusals import Problem, RefusedError
from lisiere.drivers.debian.device.swanctl import (
    SWANCTL,
    Section,
    parse_raw,
    parse_swanctl,
    sections,
    tunnel_deviations,
)

WATCH_S = 20.0
"""How often tunnels that nobody tries any more are begun anew."""
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
    """Load all connections; living tunnels of those that changed are ended and, where they are to be up, begun anew."""
    wait_until(lambda: Path("/run/charon.vici").exists(), 5.0)
    said = run("/usr/sbin/swanctl", "--load-all", "--noprompt", "--clear", "--file", current_path(SWANCTL))
    if said.status:
        raise RefusedError("failed", f"swanctl: {first_line(said)}")
    old, new = (sections(parse_swanctl(text_of(held, SWANCTL))[0], "connections") for held in (before, files))
    has_new_secrets = _secrets(before) != _secrets(files)
    for name in old:
        if old[name] != new.get(name) or has_new_secrets:
            run("/usr/sbin/swanctl", "--terminate", "--ike", name, "--force", "--timeout", "1", timeout_s=5.0)
            begin(name, new.get(name, {}))


def _secrets(files: Sequence[File]) -> list[tuple[str, str]]:
    found = [(one.path, one.text) for one in files if one.path.startswith("swanctl/") and one.path.count("/") > 1]
    return [*found, ("", json.dumps(parse_swanctl(text_of(files, SWANCTL))[0].get("secrets", {}), sort_keys=True))]


def associations() -> Iterator[tuple[str, Section]]:
    """What the IKE daemon has with its peers: by connection, also what is only being tried."""
    for line in run("/usr/sbin/swanctl", "--list-sas", "--raw", split=True).text.splitlines():
        if line.startswith("list-sa event {"):
            yield from sections(parse_raw(line.removeprefix("list-sa event {")[:-1])).items()


def current_connections() -> dict[str, Section]:
    """The connections of the configuration in force."""
    files = read_generation(GENERATIONS / (named(CURRENT) or "-"))
    return sections(parse_swanctl(text_of(files, SWANCTL))[0], "connections")


def tunnel_states() -> str:
    """One line for each connection: its name, and whether it carries anything."""
    up = set()
    for name, one in associations():
        states = {child.get("state") for child in sections(one, "child-sas").values()}
        up |= {name} if one.get("state") == "ESTABLISHED" and "INSTALLED" in states else set()
    return "".join(f"{name} {'up' if name in up else 'down'}\n" for name in sorted(current_connections()))


def begin(name: str, connection: Section) -> None:
    """Have a connection tried, if it is one that is to be up; nobody waits for it."""
    for child, one in sections(connection, "children").items():
        if one.get("start_action") == "start":
            run("/usr/sbin/swanctl", "--initiate", "--child", child, "--ike", name, "--timeout", "1", timeout_s=5.0)


def watch_tunnels() -> None:
    """Begin anew what is to be up and is not even tried any more: to a peer that was not ready, no means never."""
    while True:
        time.sleep(WATCH_S)
        alive = {name for name, _ in associations()}
        for name, connection in current_connections().items():
            if name not in alive:
                begin(name, connection)
