"""A configuration as VyOS prints it."""

from functools import cached_property
from typing import NoReturn

from lisiere.drivers.vyos import statements
from lisiere.drivers.vyos.statements import Path
from lisiere.errors import MisreadError


class Text:
    """A configuration in set lines; they are read into statements when these are asked for."""

    def __init__(self, host: str, what: str, lines: str) -> None:
        self.lines = lines
        self._host, self._what = host, what
        if lines and f"\n{lines}".count("\nset ") != lines.count("\n") + 1:
            self._misread("a line is no `set` line")

    @cached_property
    def statements(self) -> tuple[Path, ...]:
        """The statements. Raises MisreadError when a line cannot be read."""
        try:
            return tuple(statements.parse_statements(self.lines))
        except ValueError as exc:
            self._misread(str(exc))

    def _misread(self, reason: str) -> NoReturn:
        raise MisreadError(self._host, f"{self._what} cannot be read: {reason}")
