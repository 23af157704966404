"""A VyOS appliance to test with, simulated by the lab: the one place where these tests know the lab's ways."""

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import paramiko  # type: ignore[import-untyped]

from lab.faults import Fault, Kind, Step
from lab.fleet import Handle, Lab, LabAppliance, running_lab
from lisiere.drivers import ssh
from lisiere.drivers.ssh import Endpoint
from lisiere.drivers.vyos.dialogue import Dialogue
from lisiere.drivers.vyos.transport import VyOSTransport

NAME = "80001-town-hall-01"
MINUTE_S = 0.6
"""How long a minute of a timed commit takes."""


class LabVyOS:
    """One appliance of the lab, and what can be made to go wrong with it."""

    def __init__(self, lab: Lab, release: str) -> None:
        self._handle: Handle = lab[NAME]
        self.release, self.username, self.key_file = release, lab.username, str(lab.key_file)
        self.host, self.port, self.host_key = self._handle.host, self._handle.port, self._handle.host_key

    @property
    def endpoint(self) -> Endpoint:
        """How it is reached without a driver."""
        return Endpoint(NAME, self.host, self.port, self.host_key, self.username, "", self.key_file, 10.0)

    def running(self) -> str:
        """What it runs, in set lines, secrets in clear."""
        return self._handle.running_set()

    def saved(self) -> str:
        """What it saved, likewise."""
        return self._handle.saved_set()

    def files(self) -> dict[str, int]:
        """The files that were put on it, and their modes."""
        connection = ssh.connect(self.endpoint)
        try:
            entries = paramiko.SFTPClient.from_transport(connection).listdir_attr("/tmp")
            return {entry.filename: stat.S_IMODE(entry.st_mode) for entry in entries}
        finally:
            connection.close()

    def refuse_login(self) -> None:
        """Refuse every login from now on."""
        self._handle.inject(Fault(Kind.REFUSE_LOGIN, times=0))

    def drop_at(self, step: str) -> None:
        """Drop the session at the next command of this name.

        `X!` once the command was carried out, `X~` in the middle of its answer.
        """
        name = Step(step.rstrip("!~"))
        if step.endswith("~"):
            self._handle.inject(Fault(Kind.CUT, step=name))
        else:
            self._handle.inject(Fault(Kind.DROP, step=name, when="after" if step.endswith("!") else "before"))

    def hang_at(self, step: str) -> None:
        """Never answer the next command of this name."""
        self._handle.inject(Fault(Kind.HANG, step=Step(step)))

    def fail(self, part: str) -> None:
        """Refuse this part of every commit."""
        self._handle.inject(Fault(Kind.FAIL_SUBTREE, path=tuple(part.split()), times=0))

    def refuse_way_back(self) -> None:
        """Refuse every commit after one that failed in part."""
        self._handle.inject(Fault(Kind.REFUSE_WAY_BACK, times=0, reason="stuck halfway"))

    def fill_disk(self) -> None:
        """Leave no space for files nor for the saved configuration."""
        self._handle.inject(Fault(Kind.DISK_FULL, times=0))

    def wall(self, text: str) -> None:
        """Write to every terminal."""
        self._handle.wall(text)

    def commit_by_somebody_else(self, *commands: str) -> None:
        """Leave a timed commit of another administrator pending."""
        self._handle.foreign_commit_confirm(*commands)

    def change_without_saving(self, *commands: str) -> None:
        """Let the saved configuration be another than the running one."""
        transport = VyOSTransport(self.endpoint)
        try:
            session = Dialogue(transport)
            session.enter(commands)
            session.commit()
        finally:
            transport.disconnect()


@contextmanager
def lab_vyos(release: str, state_dir: Path, *, scatter_ms: float = 0.0) -> Iterator[LabVyOS]:
    """A fresh appliance as it leaves the bench; its answers may come in pieces."""
    wanted = [LabAppliance(NAME, release)]
    with running_lab(wanted, state_dir=state_dir, minute_s=MINUTE_S, scatter_ms=scatter_ms, seed=1) as lab:
        yield LabVyOS(lab, release)
