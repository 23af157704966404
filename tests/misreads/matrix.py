"""Reading many appliances whose answers come late and in pieces, and comparing all that was read with what really runs.

What they run is made to be misread: prompts, questions and levels stand inside descriptions, in more than one alphabet.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from lab import daemon
from lab.daemon import LabState
from lab.fleet import USERNAME, LabAppliance
from lisiere.model.hashing import sha256_of
from lisiere.model.plan import Conformity
from lisiere.model.site import Appliance
from lisiere.secrets.keeper import SecretKeeper
from lisiere.store.setup import connect
from nornir_tasks.evaluating import read_status
from nornir_tasks.fleet import Access, Endpoint, FleetRunner

ROUND_TRIPS_MS = (0.0, 40.0)
WORKERS = (50, 200)
SCATTER_MS = 4.0
RULES = 60
DRIFTED_EVERY = 7
"""One appliance in so many runs another line than intended."""
TRAPS = (
    "{user}@{host}:~$ ",
    "{user}@{host}# and the [edit] above it",
    "Proceed ? [Y/n] ",
    "école, mairie et bibliothèque — à létage",
    "show configuration commands",
    "active",
)


class NoSecrets:
    """A store without any."""

    def get(self, name: str) -> str:
        """There is none."""
        raise KeyError(name)

    def names(self) -> frozenset[str]:
        """None."""
        return frozenset()


@dataclass(frozen=True, slots=True)
class Cell:
    """One way of reading all appliances, and what came of it."""

    rtt_ms: float
    workers: int
    appliances: int
    read: int
    misread: int
    refused: int
    wrong_records: int
    wall_s: float

    def line(self) -> str:
        """One row of the table."""
        return (
            f"{self.rtt_ms:6.0f} ms {self.workers:8} {self.appliances:11} {self.read:6} {self.misread:8} "
            f"{self.refused:8} {self.wrong_records:14} {self.wall_s:7.1f} s"
        )


HEADER = "round trip  workers  appliances   read  misread  refused  wrong records      wall"


@dataclass(frozen=True, slots=True)
class Field:
    """A lab to read, and how it is reached; `truth` is what each appliance runs, asked of the lab itself."""

    appliances: Sequence[Appliance]
    state: LabState
    truth: Mapping[str, str]
    intended: Mapping[str, str]
    rtt_ms: float

    def access(self, workers: int) -> Access:
        """The way to the appliances."""
        places = {
            name: Endpoint(str(one["hostname"]), int(one["port"]), str(one["host_key"]))
            for name, one in self.state.appliances.items()
        }
        return Access(
            key_file=Path(self.state.key_file),
            concealer=SecretKeeper(NoSecrets(), fingerprint_key=b"a key for tests only"),
            username=self.state.username,
            timeout_s=120.0,
            workers=workers,
            endpoints=places,
        )


def configuration(name: str, number: int) -> str:
    """What one appliance runs: no other runs the same."""
    lines = [
        f"set interfaces dummy dum0 address '10.{number >> 8}.{number & 255}.1/32'",
        f"set interfaces ethernet eth0 description '{USERNAME}@{name}:~$ '",
        f"set interfaces ethernet eth1 description '{USERNAME}@{name}# exit'",
        "set interfaces loopback lo",
        "set service ssh port '22'",
        f"set system host-name '{name}'",
        f"set system login user {USERNAME}",
    ]
    for rule in range(1, RULES + 1):
        path = f"set firewall ipv4 name LAN-WAN rule {rule}"
        trap = TRAPS[(number + rule) % len(TRAPS)].format(user=USERNAME, host=name)
        lines += [
            f"{path} action 'accept'",
            f"{path} description '{trap} {rule}'",
            f"{path} destination port '{1024 + (number * 7 + rule) % 60_000}'",
            f"{path} log",
            f"{path} protocol 'tcp'",
        ]
    return "\n".join(lines)


def intent(number: int, text: str) -> str:
    """What is intended of an appliance: what it runs but for its own notes, and for one line of some."""
    own = "\n".join(line for line in text.split("\n") if " hw-id " not in line)
    return own if number % DRIFTED_EVERY else own.replace("service ssh port '22'", "service ssh port '2222'")


@contextmanager
def planted(appliances: Sequence[Appliance], state_dir: Path, *, rtt_ms: float, seed: int) -> Iterator[Field]:
    """A lab in a process of its own whose answers come late and in pieces."""
    wanted = [
        LabAppliance(one.name, str(one.data.release), factory=configuration(one.name, number))
        for number, one in enumerate(appliances)
    ]
    state = daemon.start(state_dir, wanted, rtt_ms=rtt_ms, port=0, scatter_ms=SCATTER_MS, seed=seed)
    try:
        asked = ((one.name, daemon.ask(state_dir, {"name": one.name, "show": True})) for one in appliances)
        truth = {name: str(answer["running"]).rstrip("\n") for name, answer in asked}
        intended = {one.name: intent(number, truth[one.name]) for number, one in enumerate(appliances)}
        yield Field(appliances, state, truth, intended, rtt_ms)
    finally:
        daemon.stop(state_dir)


def read_all(place: Field, folder: Path, *, workers: int) -> Cell:
    """Read every appliance, keep the readings, and compare both with the truth."""
    runner = FleetRunner(place.appliances, access=place.access(workers))
    began = perf_counter()
    with connect(path=folder / f"records-{place.rtt_ms:.0f}-{workers}.sqlite3") as records:
        answers = read_status(runner, records=records, intended=place.intended, clock=lambda: datetime.now(UTC))
        wall_s = perf_counter() - began
        read = {name: answer.value.text for name, answer in answers.items() if answer.value is not None}
        hashes = {name: sha256_of(text) for name, text in place.truth.items()}
        kept = records.get_configurations([hashes[name] for name in read if read[name] == place.truth[name]])
        states = {one.host: (one.conformity, one.deviations) for one in records.status(list(place.truth))}
    expected = {
        one.name: (Conformity.CONFORMS, 0) if number % DRIFTED_EVERY else (Conformity.DRIFTED, 1)
        for number, one in enumerate(place.appliances)
    }
    wrong = [name for name in read if kept.get(hashes[name]) != place.truth[name] or states.get(name) != expected[name]]
    misread = [name for name, text in read.items() if text != place.truth[name]]
    return Cell(
        rtt_ms=place.rtt_ms,
        workers=workers,
        appliances=len(place.truth),
        read=len(read),
        misread=len(misread),
        refused=len(place.truth) - len(read),
        wrong_records=len(wrong),
        wall_s=wall_s,
    )


def read_matrix(
    appliances: Sequence[Appliance], folder: Path, *, told: Callable[[Cell], None] = lambda _: None
) -> list[Cell]:
    """Every round trip with every number of workers; each cell is told when it is done."""
    cells = []
    for seed, rtt_ms in enumerate(ROUND_TRIPS_MS, 1):
        with planted(appliances, folder / f"lab-{rtt_ms:.0f}", rtt_ms=rtt_ms, seed=seed) as place:
            for workers in WORKERS:
                cells.append(read_all(place, folder, workers=workers))
                told(cells[-1])
    return cells


def verdict(cells: Sequence[Cell]) -> str:
    """What came of a matrix, in one line."""
    read, misread = sum(cell.read for cell in cells), sum(cell.misread for cell in cells)
    return f"{read} configurations read, {misread} misread, {sum(cell.wrong_records for cell in cells)} wrong records"
