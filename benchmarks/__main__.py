"""Run the benchmarks: `make bench`, or `python -m benchmarks --help`."""

import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from benchmarks import environments, page, results
from benchmarks.aims import missed
from benchmarks.compliance_work import ComplianceWork
from benchmarks.contenders.register import TITLES
from benchmarks.device_work import DeviceWork
from benchmarks.errors import BenchError
from benchmarks.facts import gather
from benchmarks.figures import headline
from benchmarks.measuring import Row
from benchmarks.offline_work import OfflineWork
from benchmarks.options import PAGE, PICTURES, Options, read
from benchmarks.profiling import Profile
from benchmarks.progress import tell
from benchmarks.results import Conditions, Results
from benchmarks.stage import Stage, set_up

PLOTTING = Path(__file__).parent / "plotting.py"


@dataclass
class Run:
    """One run of the benchmarks, from its stage to its page."""

    options: Options
    stage: Stage
    devices: DeviceWork = field(init=False)
    offline: OfflineWork = field(init=False)
    compliance: ComplianceWork = field(init=False)
    profile: Profile | None = None

    def __post_init__(self) -> None:
        self.devices = DeviceWork(self.stage, self.options)
        self.offline = OfflineWork(self.stage, self.options)
        self.compliance = ComplianceWork(self.stage, self.options)

    def carry_out(self) -> None:
        """Measure, then write; what was measured before an end in the middle is kept apart."""
        try:
            self.devices.carry_out()
            self.offline.carry_out()
            self.compliance.carry_out()
            if self.options.profile or (self.options.publishes and self._misses_an_aim_of_apply()):
                self._profile()
        except BaseException:
            part = self.options.folder / "partial.json"
            results.write(part, self._results(is_complete=False))
            tell(f"not complete; what was measured is in {part}")
            raise
        results.write(self.options.results, self._results(is_complete=True))
        if self.options.publishes:
            publish(self.options)

    def tell_headline(self) -> None:
        """Print the figures on standard output."""
        figures = headline(self._rows())
        for name, value in figures.items():
            print(f"{name:<32}{value:12.3f}")
        for name, why in self._skipped().items():
            print(f"{name:<32}skipped: {why}")
        for aim in missed(figures):
            print(f"missed: {aim.words} ({aim.figure} {aim.side} {aim.bound:g})")

    def _profile(self) -> None:
        tell("profile of plan and apply")
        try:
            self.profile = self.devices.profile(environments.tools(self.options.folder))
        except BenchError as exc:
            self.devices.skipped["profile"] = str(exc)
            tell(f"no profile: {exc}")

    def _misses_an_aim_of_apply(self) -> bool:
        return any(aim.figure.startswith("apply_") for aim in missed(headline(self._rows())))

    def _rows(self) -> list[Row]:
        return [*self.devices.rows, *self.offline.rows, *self.compliance.rows]

    def _skipped(self) -> dict[str, str]:
        return self.devices.skipped | self.offline.skipped | self.compliance.skipped

    def _results(self, *, is_complete: bool) -> Results:
        conditions = Conditions(
            rounds=self.options.rounds,
            rtts_ms=self.options.rtts_ms,
            configuration_lines=self.stage.lines,
            commands_of_a_change=self.stage.changed,
            workers=self.devices.workers,
            titles=dict(TITLES),
        )
        return Results(
            is_complete=is_complete,
            facts=gather(),
            conditions=conditions,
            skipped=self._skipped(),
            rounds=self._rows(),
            profile=self.profile,
        )


def publish(options: Options) -> None:
    """Write the page and the pictures from the file of results.

    Raises:
        BenchError: The pictures cannot be drawn.
    """
    page.write(PAGE, results.read(options.results))
    tell(f"{PAGE} is written")
    python = environments.tools(options.folder) / "python"
    command = [str(python), str(PLOTTING), str(options.results), str(PICTURES)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BenchError(f"the pictures could not be drawn: {done.stderr.strip().splitlines()[-1]}")
    tell(f"{PICTURES}/performance.svg and performance-scale.svg are drawn")


def _stop(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


def main() -> int:
    """Run as the command line says."""
    signal.signal(signal.SIGTERM, _stop)
    options = read(sys.argv[1:])
    try:
        if options.only_publishes:
            publish(options)
            return 0
        run = Run(options, set_up(options.folder, options.worked_on(), reference=options.inventory))
        run.carry_out()
        run.tell_headline()
    except BenchError as exc:
        print(f"bench: {exc}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("bench: stopped", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
