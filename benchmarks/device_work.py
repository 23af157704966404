"""Device work: each contender in turn moves the same appliances of one lab to their other text."""

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import environments, labs, profiling
from benchmarks.contenders.register import ANSIBLE, LISIERE, NETMIKO, RAW
from benchmarks.errors import BenchError
from benchmarks.jobs import Job
from benchmarks.labs import BenchLab
from benchmarks.measuring import Row, measure
from benchmarks.options import PROFILED, Options
from benchmarks.profiling import Profile
from benchmarks.progress import tell
from benchmarks.stage import USERNAME, Stage, fresh, spread
from lisiere.settings import Settings

PEERS = (NETMIKO, ANSIBLE)
"""Those that may fail without an end to the benchmark."""


@dataclass
class DeviceWork:
    """All rounds of device work; `rows` grows as they go, `skipped` says which contender was left out and why."""

    stage: Stage
    options: Options
    rows: list[Row] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    workers: int = field(default_factory=lambda: Settings().workers)
    _ansible: str = ""

    def carry_out(self) -> None:
        """Every condition: round trip by round trip, size by size, round by round."""
        if self.options.peers:
            self._find_ansible()
        for rtt_ms in self.options.rtts_ms:
            for size in self.options.sizes:
                self._rounds((LISIERE, RAW), size=size, rtt_ms=rtt_ms)
            if self.options.peers:
                self._rounds((LISIERE, RAW, *PEERS), size=self.options.peers, rtt_ms=rtt_ms)

    def _find_ansible(self) -> None:
        try:
            self._ansible = environments.playbook_program(self.options.folder)
        except BenchError as exc:
            self.skipped[ANSIBLE] = str(exc)
            tell(f"{ANSIBLE} is skipped: {exc}")

    def profile(self, programs: Path) -> Profile:
        """Where Lisière's CPU time goes; its times are in no figure, because the sampler takes some."""
        hosts = spread(self.stage.fleet, PROFILED)
        with self._lab(hosts, rtt_ms=0.0) as lab:
            way = (self.stage.first, self.stage.second)
            return profiling.profile(self._job(LISIERE, hosts, lab, way), programs)

    def _rounds(self, names: Sequence[str], *, size: int, rtt_ms: float) -> None:
        """The rounds of one condition on a lab of its own. The order turns, so that nobody is always the first."""
        hosts = spread(self.stage.fleet, size)
        tell(f"device work on {len(hosts)} appliances at {rtt_ms:g} ms: starting the lab")
        turns = deque(
            (number, name) for number in range(1, self.options.rounds + 1) for name in _turned(names, number - 1)
        )
        while turns:
            with self._lab(hosts, rtt_ms=rtt_ms) as lab:
                self._turns(turns, hosts, lab, rtt_ms=rtt_ms)

    def _lab(self, hosts: Sequence[str], *, rtt_ms: float) -> AbstractContextManager[BenchLab]:
        stage = self.stage
        return labs.running(
            stage.lab,
            {host: stage.releases[host] for host in hosts},
            factory=stage.first,
            username=USERNAME,
            rtt_ms=rtt_ms,
        )

    def _turns(self, turns: "deque[tuple[int, str]]", hosts: list[str], lab: BenchLab, *, rtt_ms: float) -> None:
        """Take turns until none is left, or until a peer fails: what it left behind goes with its lab."""
        ways = self._ways()
        while turns:
            number, name = turns.popleft()
            if name in self.skipped:
                continue
            try:
                self._one(name, hosts, lab, way=next(ways), place=(number, rtt_ms))
            except BenchError as exc:
                if name not in PEERS:
                    raise
                self.skipped[name] = str(exc)
                tell(f"{name} is skipped from here on: {exc}")
                return

    def _ways(self) -> Iterator[tuple[Path, Path]]:
        """From the first text to the second and back, for ever."""
        while True:
            yield self.stage.first, self.stage.second
            yield self.stage.second, self.stage.first

    def _one(
        self, name: str, hosts: list[str], lab: BenchLab, *, way: tuple[Path, Path], place: tuple[int, float]
    ) -> None:
        number, rtt_ms = place
        job = self._job(name, hosts, lab, way)
        counted = lab.tally(hosts)
        found = measure(job)
        now = lab.tally(hosts)
        _must_be_done(name, hosts, pushes=now.pushes - counted.pushes, saves=now.saves - counted.saves)
        lab.must_run(hosts, way[1])
        row = Row(
            contender=name,
            size=len(hosts),
            rtt_ms=rtt_ms,
            round=number,
            wall_s=found.wall_s,
            cpu_s=found.cpu_s,
            rss_mib=found.rss_mib,
            logins=now.logins - counted.logins,
            pushes=now.pushes - counted.pushes,
            lab_cpu_s=now.cpu_s - counted.cpu_s,
            extra=dict(found.extra),
        )
        self.rows.append(row)
        tell(f"  round {number}  {name:<16} {row.wall_s:8.2f} s  CPU {row.cpu_s:7.2f} s  {row.logins} sessions")

    def _job(self, name: str, hosts: list[str], lab: BenchLab, way: tuple[Path, Path]) -> Job:
        return Job(
            contender=name,
            folder=str(fresh(self.stage.folder / "job").resolve()),
            inventory=str(self.stage.played),
            state=str(self.stage.state),
            lab=str(lab.folder),
            hosts=tuple(hosts),
            before=str(way[0]),
            after=str(way[1]),
            workers=self.workers,
            program=self._ansible if name == ANSIBLE else "",
        )


def _turned(names: Sequence[str], by: int) -> tuple[str, ...]:
    """The names in an order of their own for each round."""
    turn = by % len(names)
    return (*names[turn:], *names[:turn])


def _must_be_done(name: str, hosts: Sequence[str], *, pushes: int, saves: int) -> None:
    """Every appliance was changed once and saved."""
    if pushes != len(hosts) or saves < len(hosts):
        raise BenchError(f"{name} pushed {pushes} and saved {saves} times on {len(hosts)} appliances")
