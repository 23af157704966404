"""Audits and reports over the reference fleet, and what three years of them leave in the records."""

from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.contenders.register import PROCESS, SEED, SEED_YEARS
from benchmarks.jobs import Job
from benchmarks.measuring import Row, measure, row_without_devices
from benchmarks.options import Options
from benchmarks.progress import tell
from benchmarks.stage import REFERENCE_SIZE, Stage, fresh, lisiere
from lisiere.workflow.selection import IN_SERVICE

AUDIT_COMMAND, REPORT_COMMAND = "audit_command", "report_command"
THREE_YEARS, STATUS_COMMAND = "three_years", "status_three_years"

ALL = tuple(word for one in IN_SERVICE for word in ("--lifecycle", str(one)))
FORMATS = (("--html", "html"), ("--csv", "csv"), ("--xlsx", "xlsx"))
FOUND_SOMETHING = 1
"""The exit status of an audit or a look at the records that found what is not as it should be."""


@dataclass
class ComplianceWork:
    """All rounds of the work on compliance; nothing in a quick run."""

    stage: Stage
    options: Options
    rows: list[Row] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)

    def carry_out(self) -> None:
        """An audit and a report of records that know every appliance, then the same with three years before."""
        if not self.options.compliance:
            return
        state = fresh(self.stage.folder / "records-compliance")
        tell(f"records of {REFERENCE_SIZE} appliances")
        seed = self._job(SEED, state)
        fresh(Path(seed.folder))
        measure(seed)
        for number in range(1, self.options.rounds + 1):
            tell(f"compliance, round {number}")
            self._command(AUDIT_COMMAND, state, ("audit", "--last", *ALL), number=number)
            self._command(REPORT_COMMAND, state, ("report", *self._files()), number=number)
        tell("three years of daily audits")
        self._keep(THREE_YEARS, self._job(SEED_YEARS, state), number=1)
        for number in range(1, self.options.rounds + 1):
            self._command(STATUS_COMMAND, state, ("status",), number=number)

    def _files(self) -> tuple[str, ...]:
        folder = (self.stage.folder / "reports").resolve()
        return tuple(word for option, ending in FORMATS for word in (option, str(folder / f"report.{ending}")))

    def _command(self, label: str, state: Path, words: tuple[str, ...], *, number: int) -> None:
        places = ("--inventory", str(self.stage.reference.resolve()), "--state", str(state.resolve()))
        self._keep(label, self._job(PROCESS, state, (*places, *words)), number=number)

    def _job(self, contender: str, state: Path, arguments: tuple[str, ...] = ()) -> Job:
        return Job(
            contender=contender,
            folder=str((self.stage.folder / "job").resolve()),
            inventory=str(self.stage.reference),
            state=str(state.resolve()),
            program=lisiere() if arguments else "",
            arguments=arguments,
            accepts=(0, FOUND_SOMETHING),
        )

    def _keep(self, label: str, job: Job, *, number: int) -> None:
        fresh(Path(job.folder))
        row = row_without_devices(label, measure(job), size=REFERENCE_SIZE, number=number)
        self.rows.append(row)
        tell(f"  {label:<18} {row.wall_s:8.2f} s  CPU {row.cpu_s:7.2f} s")
