"""Questions, and what takes part in no commit."""

import json
import re
import socket
import subprocess
from pathlib import Path

from lisiere.drivers.debian.device.associations import tunnel_states
from lisiere.drivers.debian.device.bundles import difference, parse_files, read_generation, write_bundle
from lisiere.drivers.debian.device.checking import check
from lisiere.drivers.debian.device.commits import pending_commit, status
from lisiere.drivers.debian.device.disk import content_of, existing, forget, history, keep, named
from lisiere.drivers.debian.device.force import running_text
from lisiere.drivers.debian.device.network import links
from lisiere.drivers.debian.device.nft import ruleset
from lisiere.drivers.debian.device.places import CONFIRMED, CURRENT, ENVIRONMENT, GENERATIONS, VERSION
from lisiere.drivers.debian.device.programs import locked
from lisiere.drivers.debian.device.proving import prove
from lisiere.drivers.debian.device.refusals import RefusedError


def hello() -> dict[str, object]:
    """What a session begins with: the release of the system, the state of this script, and what runs."""
    release = dict(line.partition("=")[::2] for line in content_of(Path("/etc/os-release")).splitlines())
    system = {key: release.get(key, "").strip('"') for key in ("ID", "VERSION_ID", "PRETTY_NAME")}
    system["version"] = content_of(Path("/etc/debian_version")).strip()
    return status() | {"system": system, **read("running")}


def read(what: str) -> dict[str, object]:
    """A configuration as one text: what runs, or what the next start takes."""
    with locked(shared=True):
        pending = pending_commit() is not None
        text = (
            running_text()
            if what == "running"
            else write_bundle(read_generation(GENERATIONS / (named(CONFIRMED) or "-")))
        )
        return {what: text, "is_pending": pending}


def stage(text: str, *, is_kept: bool) -> dict[str, object]:
    """Put a bundle on the disk, have it checked, and tell what it would change; a preview leaves nothing behind."""
    with locked():
        GENERATIONS.mkdir(mode=0o755, parents=True, exist_ok=True)
        used = {one.name for one in GENERATIONS.iterdir()}
        generation, is_taken = keep(text), False
        try:
            check(generation)
            running = running_text()
            shown = difference(parse_files(running), read_generation(GENERATIONS / generation))
            is_taken = is_kept
        finally:
            if not is_taken and generation not in used:
                forget(generation)
    return {"generation": generation, "difference": shown}


def drop(generation: str) -> dict[str, object]:
    """Forget a generation that was staged and never committed."""
    with locked():
        pending = pending_commit()
        used = {
            named(CURRENT),
            named(CONFIRMED),
            *history(),
            pending and pending.previous,
            pending and pending.generation,
        }
        if generation not in used:
            existing(generation)
            forget(generation)
    return {}


def facts() -> dict[str, object]:
    """What this appliance is."""
    dmi = {name: content_of(Path("/sys/class/dmi/id") / name).strip() for name in ("product_name", "product_serial")}
    uptime_s = float((content_of(Path("/proc/uptime")) or "0").split()[0])
    return {"hostname": socket.gethostname(), "uptime_s": uptime_s, "links": links(), **dmi}


def show(topic: str) -> str:
    """Answers for people and for probes."""
    if topic == "tunnels":
        return tunnel_states()
    if topic == "ruleset":
        return ruleset()
    if topic == "config":
        return running_text()
    if topic == "version":
        return f"lisiere-edge {VERSION} on Debian {content_of(Path('/etc/debian_version')).strip()}\n"
    raise RefusedError("usage", f"show what? There are: config, ruleset, tunnels, version; not {topic!r}")


def look(asked: str) -> dict[str, object]:
    """Several answers at once; pings run side by side.

    In: {"show": [topic, …], "prove": [tunnel, …], "pings": [[argument, …], …]}; tunnels are begun anew before their
    state is told, where they are down or not trusted.
    """
    wanted = json.loads(asked)
    pings = [[str(word) for word in words] for words in wanted.get("pings", [])]
    if bad := [word for words in pings for word in words if not re.fullmatch(r"-[cWtsIn]|[A-Za-z0-9][\w.:%-]*", word)]:
        raise RefusedError("usage", f"cannot ping with {bad[0]!r}")
    started = [
        subprocess.Popen(["/usr/bin/ping", "-n", *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True, env=ENVIRONMENT)
        for words in pings
    ]  # fmt: skip
    faults = prove(map(str, wanted["prove"])) if wanted.get("prove") else {}
    answers = {topic: tunnel_states(faults) if topic == "tunnels" else show(topic) for topic in wanted.get("show", [])}
    return {"answers": answers, "pings": [one.communicate()[0] for one in started]}
