"""What the proof prints: a line for each thing that was shown, and at the end whether all of it holds."""

import sys
import time
from dataclasses import dataclass, field

WIDTH = 34


@dataclass(slots=True)
class Table:
    """Lines as they come, and what does not hold."""

    began_at: float = field(default_factory=time.monotonic)
    wrong: list[str] = field(default_factory=list)
    disagreements: int = 0

    def head(self, title: str) -> None:
        """Begin a part."""
        self._print(f"\n{title}  ({time.monotonic() - self.began_at:.0f} s)")

    def line(self, what: str, found: object, *, holds: bool = True, count: int = 1) -> None:
        """Say what was shown; what does not hold is remembered, and counts as so many disagreements."""
        self._print(f"  {what:<{WIDTH}} {found}{'' if holds else '   <-- does not hold'}")
        if not holds:
            self.wrong.append(f"{what}: {found}")
            self.disagreements += count

    def detail(self, text: str) -> None:
        """More about the line before."""
        self._print(f"    {text}")

    def end(self) -> int:
        """Sum up; the exit status."""
        took = time.monotonic() - self.began_at
        self._print(f"\ndisagreements: {self.disagreements}   ({took:.0f} s)")
        for one in self.wrong:
            self._print(f"  {one}")
        return 1 if self.wrong else 0

    def _print(self, text: str) -> None:
        print(text, flush=True, file=sys.stdout)  # noqa: T201 - this is what it is for
