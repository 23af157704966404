"""Processes of crews, as the system shows them, and a command that is there to be killed."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from lisiere.secrets.opening import Opening
from lisiere.store.setup import connect
from nornir_tasks.crew import Crew
from nornir_tasks.fleet import Access, Endpoint
from tests.fleets import vyos_fleet

if TYPE_CHECKING:
    from tests.rollout.conftest import Bench

PATIENCE_S = 120.0


def until(condition: Callable[[], bool]) -> None:
    """Wait for something; a test that waits for what never comes fails."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    """Whether a process runs; one that ended and was not asked for its end does not."""
    return _stat(pid)[:1] not in ([], ["Z"])


def crew_of(pid: int) -> list[int]:
    """The processes that work for another one."""
    hands = [int(one.name) for one in Path("/proc").iterdir() if one.name.isdigit() and _is_hand(int(one.name))]
    first = [hand for hand in hands if _parent(hand) == pid]
    return sorted([*first, *(hand for hand in hands if _parent(hand) in first)])


def words_of(pid: int, file: str) -> list[str]:
    """The command line or the environment of a process."""
    return Path(f"/proc/{pid}/{file}").read_bytes().decode().split("\0")


def _is_hand(pid: int) -> bool:
    try:
        return "nornir_tasks.hand" in words_of(pid, "cmdline")
    except OSError:
        return False


def _parent(pid: int) -> int:
    return int(_stat(pid)[1]) if _stat(pid) else 0


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    except OSError:
        return []


def written_down(bench: "Bench", records: Path, plan_id: str) -> str:
    """All that another process needs to apply a plan on the appliances of a bench."""
    return json.dumps(
        {
            "records": str(records),
            "plan": plan_id,
            "key_file": str(bench.lab.key_file),
            "username": bench.lab.username,
            "store": str(bench.store.path),
            "identity": str(bench.store.identity),
            "endpoints": {name: [one.host, one.port, one.host_key] for name, one in bench.lab.items()},
        }
    )


def main() -> None:
    """Apply what was written down, with two processes."""
    from nornir_tasks.rollout import apply_plan
    from tests.rollout.conftest import rollout_of

    told = json.loads(sys.argv[1])
    reopen = Opening(Path(told["store"]), Path(told["identity"]))
    with Crew(2, from_hosts=1) as crew, connect(path=Path(told["records"])) as records:
        access = Access(
            key_file=Path(told["key_file"]),
            concealer=reopen(),
            username=told["username"],
            workers=8,
            endpoints={name: Endpoint(*one) for name, one in told["endpoints"].items()},
            crew=crew,
            reopen=reopen,
        )
        fleet = vyos_fleet()
        apply_plan(rollout_of(fleet, records.load_plan(told["plan"]), records, access))


if __name__ == "__main__":
    main()
