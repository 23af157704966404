"""Work without devices: loading, rendering, checking, planning from records; and commands as processes."""

import os
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from benchmarks.contenders.register import (
    ANALYSE,
    FROM_RECORDS,
    LOAD,
    PLAIN_RENDER,
    PROCESS,
    RENDER,
    RESOLVE,
    SEED,
    SIMPLE_LOAD,
    WARM_COMMAND,
)
from benchmarks.errors import BenchError
from benchmarks.jobs import Job
from benchmarks.measuring import Row, measure, row_without_devices
from benchmarks.options import Options
from benchmarks.progress import tell
from benchmarks.stage import REFERENCE_SIZE, Stage, fresh, inventory_of, lisiere
from lisiere.workflow.selection import IN_SERVICE

CHECK = "check"
CHECK_COMMAND, RENDER_COMMAND, HELP_COMMAND = "check_command", "render_command", "help_command"
IMPORTS = "imports"
WHAT_CHECK_IMPORTS = "import cli.main, cli.check, lisiere.settings, lisiere.inventory.loader, lisiere.workflow.intended"

PLAN = ("plan", "--from-records", "--json", *(word for one in IN_SERVICE for word in ("--lifecycle", str(one))))
SOME = "*-siege-*"
"""A few appliances of every fleet, for a first call that does not count."""


@dataclass
class OfflineWork:
    """All rounds of the work without devices."""

    stage: Stage
    options: Options
    rows: list[Row] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)

    def carry_out(self) -> None:
        """The reference fleet first, then fleets of several sizes."""
        for number in range(1, self.options.rounds + 1):
            tell(f"work without devices, {REFERENCE_SIZE} appliances, round {number}")
            for label, job in self._reference_jobs().items():
                self._one(label, job, size=REFERENCE_SIZE, number=number)
        self._must_render_alike()
        for size in self.options.scale:
            self._scale(size)

    # ---- the reference fleet -------------------------------------------------------------------------------------

    def _reference_jobs(self) -> dict[str, Job]:
        """What is done in each round, in turn."""
        rendered = str((self.stage.folder / "rendered").resolve())
        commands = {
            CHECK_COMMAND: ("check",),
            RENDER_COMMAND: ("render", "--all", "--output", rendered),
            HELP_COMMAND: ("--help",),
        }
        found = {name: self._job(name) for name in (RENDER, PLAIN_RENDER, LOAD, SIMPLE_LOAD, RESOLVE, ANALYSE)}
        processes = {
            label: self._job(PROCESS, program=lisiere(), arguments=(*self._places(self.stage.reference), *words))
            for label, words in commands.items()
        }
        imports = self._job(PROCESS, program=sys.executable, arguments=("-c", WHAT_CHECK_IMPORTS))
        return found | processes | {IMPORTS: imports}

    def _must_render_alike(self) -> None:
        sums = {row.extra["crc32"] for row in self.rows if row.contender in (RENDER, PLAIN_RENDER)}
        if len(sums) != 1:
            raise BenchError("the plain loop over the templates gives other texts than Lisière")

    # ---- several sizes -------------------------------------------------------------------------------------------

    def _scale(self, size: int) -> None:
        try:
            inventory = inventory_of(size, self.stage.folder)
        except BenchError as exc:
            self.skipped[f"fleet of {size}"] = str(exc)
            tell(f"a fleet of {size} is skipped: {exc}")
            return
        jobs = {CHECK: ("check",), RENDER: None, FROM_RECORDS: PLAN}
        if not plans_from_records():
            del jobs[FROM_RECORDS]
            self.skipped[FROM_RECORDS] = "`lisiere plan` has no --from-records here"
        state = self._seeded(size, inventory) if FROM_RECORDS in jobs else self.stage.state
        for number in range(1, self.options.rounds_at(size) + 1):
            tell(f"work without devices, {size} appliances, round {number}")
            for label, words in jobs.items():
                if (label, size) != (RENDER, REFERENCE_SIZE):
                    self._one(label, self._scale_job(label, words, inventory, state), size=size, number=number)

    def _scale_job(self, label: str, words: tuple[str, ...] | None, inventory: Path, state: Path) -> Job:
        if words is None:
            return self._job(label, inventory=inventory)
        places = self._places(inventory, state)
        warm_up = (*places, "check") if label == CHECK else (*places, *words, "--name", SOME)
        return self._job(WARM_COMMAND, inventory=inventory, arguments=(*places, *words), warm_up=warm_up)

    def _seeded(self, size: int, inventory: Path) -> Path:
        """The folder of records that know what every appliance runs."""
        state = fresh(self.stage.folder / f"records-{size}")
        tell(f"records of {size} appliances")
        measure(self._job(SEED, inventory=inventory, state=state))
        return state

    # ---- inside --------------------------------------------------------------------------------------------------

    def _places(self, inventory: Path, state: Path | None = None) -> tuple[str, ...]:
        return ("--inventory", str(inventory.resolve()), "--state", str((state or self.stage.state).resolve()))

    def _job(
        self,
        contender: str,
        *,
        inventory: Path | None = None,
        state: Path | None = None,
        program: str = "",
        arguments: tuple[str, ...] = (),
        warm_up: tuple[str, ...] = (),
    ) -> Job:
        return Job(
            contender=contender,
            folder=str((self.stage.folder / "job").resolve()),
            inventory=str(inventory or self.stage.reference),
            state=str((state or self.stage.state).resolve()),
            program=program,
            arguments=arguments,
            warm_up=warm_up,
        )

    def _one(self, label: str, job: Job, *, size: int, number: int) -> None:
        fresh(Path(job.folder))
        row = row_without_devices(label, measure(job), size=size, number=number)
        self.rows.append(row)
        tell(f"  {label:<18} {row.wall_s:8.2f} s  CPU {row.cpu_s:7.2f} s")


@cache
def plans_from_records() -> bool:
    """Whether this Lisière can plan against what is on record."""
    wide = {**os.environ, "COLUMNS": "200"}
    said = subprocess.run([lisiere(), "plan", "--help"], capture_output=True, text=True, check=False, env=wide)
    return "--from-records" in said.stdout
