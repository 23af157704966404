"""One piece of work to measure, as it is handed to the process that does it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol

from pydantic import TypeAdapter

Extra = Mapping[str, float]
Work = Callable[[], Extra]
"""The part that is measured; what it returns is kept beside the measures."""


@dataclass(frozen=True, slots=True)
class Job:
    """What a process is to do, and with what.

    Args:
        contender: Name of the contender.
        folder: Folder of its own, empty.
        inventory: The inventory to work on.
        state: Folder with the store of secrets.
        lab: Folder of the lab's state, "" without a lab.
        hosts: Appliances to work on.
        before: Folder of the texts that they run.
        after: Folder of the texts that they are to run.
        workers: Sessions held open at once.
        program: A program to start.
        arguments: What to call it with.
        warm_up: Arguments of a first call that does not count.
        accepts: Exit statuses of a program that did its work.
    """

    contender: str
    folder: str
    inventory: str = ""
    state: str = ""
    lab: str = ""
    hosts: tuple[str, ...] = ()
    before: str = ""
    after: str = ""
    workers: int = 50
    program: str = ""
    arguments: tuple[str, ...] = ()
    warm_up: tuple[str, ...] = ()
    accepts: tuple[int, ...] = (0,)

    def text_before(self, host: str) -> str:
        """What an appliance runs."""
        return text_file(Path(self.before), host).read_text("utf-8")

    def text_after(self, host: str) -> str:
        """What an appliance is to run."""
        return text_file(Path(self.after), host).read_text("utf-8")

    def write(self, path: Path) -> None:
        """Hand the job over."""
        path.write_text(json.dumps(asdict(self)), "utf-8")

    @classmethod
    def read(cls, path: Path) -> "Job":
        """Take the job."""
        return TypeAdapter(cls).validate_json(path.read_bytes())


class Contender(Protocol):
    """A way to do the work.

    `prepare` does what does not count: imports, reading of the job. It returns what counts.
    """

    def prepare(self, job: Job) -> Work: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Measure:
    """What one piece of work cost the process that did it, its children included."""

    wall_s: float
    cpu_s: float
    rss_mib: float
    extra: Mapping[str, float] = field(default_factory=dict)


def text_file(folder: Path, host: str) -> Path:
    """Where the text of an appliance is kept."""
    return folder / f"{host}.set"
