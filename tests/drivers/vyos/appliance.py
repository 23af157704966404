"""A VyOS appliance to test with, played by the lab: the one place where these tests know the lab's ways."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.played.fleet import LabAppliance, LabHandle, RunningLab, running_lab
from lisiere.configtree import Node

NAME = "80001-town-hall-01"
MINUTE_S = 0.6
"""How long a minute of a timed commit takes."""


class PlayedVyOS:
    """One appliance of the lab, and what can be made to go wrong with it."""

    def __init__(self, lab: RunningLab, release: str) -> None:
        self._handle: LabHandle = lab[NAME]
        self.release, self.username, self.key_file = release, lab.username, str(lab.key_file)
        self.host, self.port, self.host_key = self._handle.host, self._handle.port, self._handle.host_key

    def running(self) -> str:
        """What it runs, in set lines, secrets in clear."""
        return self._handle.running_set()

    def saved(self) -> str:
        """What it saved, likewise."""
        return self._handle.saved_set()

    def files(self) -> list[str]:
        """The files that were put on it."""
        return list(self._handle.device.files)

    def refuse_login(self) -> None:
        """Refuse every login from now on."""
        self._handle.inject(refuse_login=True)

    def drop_at(self, step: str) -> None:
        """Drop the session at the next command of this name.

        `X!` once the command was carried out, `X~` in the middle of its answer.
        """
        kinds = {"!": "drop_after", "~": "cut_at"}
        self._handle.inject(**{kinds.get(step[-1], "drop_at"): step.rstrip("!~")})

    def fail(self, part: str) -> None:
        """Refuse this part of every commit."""
        self._handle.inject(half_commit=part)

    def fill_disk(self) -> None:
        """Leave no space for files nor for the saved configuration."""
        self._handle.inject(disk_full=True)

    def commit_by_somebody_else(self, *commands: str) -> None:
        """Leave a timed commit of another administrator pending."""
        self._handle.arm_foreign_commit(*commands)

    def forget_saved(self) -> None:
        """Let the saved configuration be another than the running one."""
        self._handle.device.saved = Node()


@contextmanager
def played_vyos(release: str, state_dir: Path) -> Iterator[PlayedVyOS]:
    """A fresh appliance as it leaves the bench."""
    with running_lab([LabAppliance(NAME, release)], state_dir=state_dir, minute_s=MINUTE_S) as lab:
        yield PlayedVyOS(lab, release)
