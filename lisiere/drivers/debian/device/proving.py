"""Tunnels proven anew: a living association hides what changed under it, so a second one is begun beside it.

The old association is ended once the new one carries the traffic, and left alone when that does not come to be. Only
the end that begins a tunnel ends it: the other way round it would be brought back, and replaced in turn, for ever.
"""

import json
import re
import secrets
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lisiere.drivers.debian.device.associations import (
    associations,
    carrying,
    current_connections,
    initiate,
    is_carrying,
    is_left,
    terminate,
)
from lisiere.drivers.debian.device.bundles import File, text_of
from lisiere.drivers.debian.device.disk import content_of, write_durably
from lisiere.drivers.debian.device.places import RUN
from lisiere.drivers.debian.device.programs import born, locked, process_of, wait_until
from lisiere.drivers.debian.device.swanctl import SWANCTL, Section, parse_swanctl, sections

COMES_BACK_S, ANSWERS_S, SIDE_BY_SIDE = 2.0, 4, 8
"""How long a tunnel that is down may take to come back by itself, and the other end to answer; how many at once."""
PROVES_S = 40.0
"""How long all tunnels of a question may take, and who asks waits longer: what was not begun by then is late."""
REUSES = RUN / "charon.reuses"
"""Names a daemon that was asked for an association beside a living one, and did not begin any."""
UNPROVEN = RUN / "unproven.json"
"""Connections whose key changed while their association lived on."""
SETTINGS = Path("/etc/strongswan.d/lisiere-edge.conf")
"""Beside the installation's: what is begun becomes an association of its own, whatever lives already."""
TRIED = ("CREATED", "CONNECTING")
"""Associations that are none yet."""
FAULTS = (
    ("authentication", r"AUTHENTICATION_FAILED|MAC mismatched|no shared key found|no (?:trusted|private) |constraint"),
    ("selectors", r"TS_UNACCEPTABLE|no acceptable traffic selectors"),
    ("proposal", r"NO_PROPOSAL_CHOSEN|no acceptable|INVALID_KE"),
    ("silence", r"not established after|not responding|retransmits"),
)
"""What the daemon says of an attempt that failed, the first that fits; anything else is a refusal."""


def write_settings() -> None:
    """Have the daemon that is started next begin associations beside living ones."""
    SETTINGS.parent.mkdir(mode=0o755, exist_ok=True)
    write_durably(SETTINGS, "charon {\n  reuse_ikesa = no\n}\n", 0o644)


def unproven() -> dict[str, str]:
    """The connections that are not trusted though they live, each with a word of its own for when that began."""
    found: dict[str, str] = json.loads(content_of(UNPROVEN) or "{}")
    return found


def distrust(before: Sequence[File], files: Sequence[File]) -> None:
    """Note the connections that stayed and whose key changed; those that have to be proven already still have to be."""
    old, new = (sections(parse_swanctl(text_of(held, SWANCTL))[0], "connections") for held in (before, files))
    kept = {name: one for name, one in new.items() if old.get(name) == one}
    began = {name: secrets.token_hex(4) for name, one in kept.items() if _has_new_key(one, before, files)}
    with locked(name="unproven.lock"):
        _write({name: word for name, word in (unproven() | began).items() if name in kept})


def _trust(proven: Mapping[str, str]) -> None:
    """Take back the notes of connections that were proven, unless their key has changed again meanwhile."""
    with locked(name="unproven.lock"):
        _write({name: word for name, word in unproven().items() if proven.get(name) != word})


def _write(notes: Mapping[str, str]) -> None:
    write_durably(UNPROVEN, json.dumps(notes, sort_keys=True), 0o600)


def prove(names: Iterable[str]) -> dict[str, str]:
    """Begin anew those of some tunnels that are down or not trusted; what is wrong with each that did not come up."""
    with locked(name="proving"):
        connections, doubted = current_connections(), unproven()
        wanted = connections.keys() & {*names}
        wait_until(lambda: wanted - doubted.keys() <= carrying(), COMES_BACK_S)
        held = list(associations())
        asked = wanted - {name for name, one in held if is_carrying(one)} | wanted & doubted.keys()
        until = time.monotonic() + PROVES_S
        found = _attempts(
            {name: connections[name] for name in sorted(asked, key=lambda name: (name not in doubted, name))},
            held,
            until,
        )
        _trust({name: doubted[name] for name, fault in found.items() if not fault and name in doubted})
    return {name: fault for name, fault in found.items() if fault}


def _attempts(
    connections: Mapping[str, Section], held: Collection[tuple[str, Section]], until: float
) -> dict[str, str]:
    """Begin some tunnels, several at once; none any more when the time is over."""
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        faults = pool.map(
            lambda name: _attempt(name, connections[name], held) if time.monotonic() < until else "late", connections
        )
        return dict(zip(connections, faults, strict=True))


def _attempt(name: str, connection: Section, held: Iterable[tuple[str, Section]]) -> str:
    """Begin a tunnel beside what there is of it; "" when the new one carries, else what is wrong."""
    children = sections(connection, "children")
    if len(children) != 1:
        return "" if any(other == name and is_carrying(one) for other, one in held) else "refused"
    old = {str(one.get("uniqueid")): one for other, one in held if other == name}
    for number in [number for number, one in old.items() if one.get("state") in TRIED or is_left(one)]:
        terminate("--ike-id", number)
        del old[number]
    if old and _reuses():
        return "unproven"
    said = initiate(name, next(iter(children)), wait_s=ANSWERS_S)
    new = {str(one.get("uniqueid")) for other, one in associations() if other == name} - old.keys()
    if old and not new and "initiating IKE_SA" not in said.text:  # It may be there untold: what is said gets lost.
        if "establishing CHILD_SA" not in said.text:
            return "late"  # Too much to do here for anything to have begun: that says nothing of the daemon.
        write_durably(REUSES, _daemon(), 0o600)
        return "unproven"
    for number in new if said.status else old if _begins(children) else ():
        terminate("--ike-id", number)
    return _fault(said.text, connection) if said.status else ""


def _begins(children: Mapping[str, Section]) -> bool:
    """Whether this end begins a tunnel, and brings it back: then it also ends what is too much of it."""
    return any(one.get("start_action") == "start" for one in children.values())


def _reuses() -> bool:
    """Whether the daemon that runs is known to begin nothing beside a living association."""
    return not SETTINGS.exists() or content_of(REUSES) == _daemon()


def _daemon() -> str:
    """Names the daemon that runs."""
    pid = process_of("charon")
    return f"{pid} {born(pid)}"


def _fault(said: str, connection: Section) -> str:
    found = next((name for name, shape in FAULTS if re.search(shape, said)), "refused")
    if found != "authentication":
        return found
    return "key" if _is_psk(connection) else "certificate"


def _is_psk(connection: Section) -> bool:
    return sections(connection).get("local", {}).get("auth") == "psk"


def _has_new_key(connection: Section, before: Sequence[File], files: Sequence[File]) -> bool:
    """Whether what a connection authenticates with differs: its secret, or any certificate or private key."""
    if not _is_psk(connection):
        return _key_files(before) != _key_files(files)
    ids = {str(sections(connection).get(side, {}).get("id", "")) for side in ("local", "remote")}
    return _secrets_for(ids, before) != _secrets_for(ids, files)


def _key_files(files: Sequence[File]) -> list[tuple[str, str]]:
    return [(one.path, one.text) for one in files if one.path.startswith("swanctl/") and one.path.count("/") > 1]


def _secrets_for(ids: Collection[str], files: Sequence[File]) -> list[Mapping[str, object]]:
    """The secrets that may be taken between two identities."""
    held = sections(parse_swanctl(text_of(files, SWANCTL))[0], "secrets").values()
    return [one for one in held if {str(value) for key, value in one.items() if key.startswith("id")} <= {*ids}]
