"""The lab as the benchmarks use it: a process of its own, asked what was done to its appliances."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.errors import BenchError
from benchmarks.jobs import text_file
from benchmarks.processes import cpu_of_s
from benchmarks.stage import spread
from benchmarks.texts import is_run
from lab import daemon
from lab.fleet import LabAppliance
from lab.ports import free_port

SAMPLE = 12
"""Appliances whose running configuration is looked at after each piece of work; the counters are those of all."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What was done to some appliances so far, and what that cost the lab."""

    logins: int
    pushes: int
    saves: int
    cpu_s: float


@dataclass(frozen=True, slots=True)
class BenchLab:
    """A lab that runs."""

    folder: Path
    pid: int

    def tally(self, hosts: Sequence[str]) -> Tally:
        """Count what was done to appliances."""
        counters = [self._ask(host)["counters"] for host in hosts]
        sums = {name: sum(_number(one, name) for one in counters) for name in ("logins", "pushes", "saves")}
        return Tally(**sums, cpu_s=cpu_of_s(self.pid))

    def must_run(self, hosts: Sequence[str], texts: Path) -> None:
        """Look at some of the appliances whether they run what they should.

        Raises:
            BenchError: One does not.
        """
        for host in spread(hosts, SAMPLE):
            text = text_file(texts, host).read_text("utf-8")
            if not is_run(text, running=str(self._ask(host, show=True)["running"])):
                raise BenchError(f"{host} does not run what was to be pushed")

    def _ask(self, host: str, *, show: bool = False) -> dict[str, object]:
        return daemon.ask(self.folder, {"name": host, "show": show})


@contextmanager
def running(
    folder: Path, releases: Mapping[str, str], *, factory: Path, username: str, rtt_ms: float
) -> Iterator[BenchLab]:
    """A lab for as long as the block lasts, each appliance running its text of the folder `factory`.

    What an earlier benchmark left running there is stopped first.
    """
    daemon.stop(folder)
    wanted = [
        LabAppliance(name, release, factory=text_file(factory, name).read_text("utf-8"))
        for name, release in releases.items()
    ]
    try:
        state = daemon.start(folder, wanted, rtt_ms=rtt_ms, username=username, port=free_port())
        yield BenchLab(folder, state.pid)
    finally:
        daemon.stop(folder)


def _number(counters: object, name: str) -> int:
    if not isinstance(counters, dict):
        raise BenchError(f"the lab does not tell its counters: {json.dumps(counters)}")
    return int(counters[name])
