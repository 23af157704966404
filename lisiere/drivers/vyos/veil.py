"""What one appliance's texts look like from outside: every secret that passed through the session is concealed."""

from collections.abc import Iterable, Sequence

from lisiere.drivers.base import Concealer
from lisiere.drivers.vyos import masks, statements
from lisiere.drivers.vyos.statements import Change, Path
from lisiere.errors import MisreadError


class Veil:
    """Conceals by place in statements, and by value in the device's own sentences."""

    def __init__(self, host: str, concealer: Concealer) -> None:
        self.host, self.concealer = host, concealer
        self._values: set[str] = set()

    def __repr__(self) -> str:
        return f"Veil({self.host!r})"

    def learn(self, paths: Sequence[Path]) -> None:
        """Note the secret values of a configuration, so that they are known when the device repeats one."""
        self._values |= masks.values_in(paths)

    def lines(self, text: str) -> str:
        """Set and delete lines with their secrets concealed; other lines are scrubbed of known values.

        Raises:
            MisreadError: A line that may hold a secret cannot be read.
        """
        try:
            masked = masks.mask_commands(text, self.concealer)
        except ValueError as exc:
            raise MisreadError(self.host, f"a line that may hold a secret cannot be read: {exc}") from exc
        return masked

    def sentence(self, text: str) -> str:
        """The device's own words, scrubbed of known values."""
        return masks.scrub(text, self._values, self.concealer)

    def changes(self, changes: Iterable[Change]) -> list[str]:
        """A difference in set and delete lines."""
        return self.lines("\n".join(change.line for change in changes)).splitlines()

    def settings(self, paths: Iterable[Path], text: str) -> list[str]:
        """Statements as set lines, in the words of the text that they come from if it holds them."""
        wanted = list(paths)
        found = statements.lines_of(text, wanted)
        return self.lines("\n".join(found if len(found) == len(wanted) else map(statements.write, wanted))).splitlines()

    def path(self, path: Path) -> Path:
        """A statement with its secrets concealed."""
        return masks.mask_path(path, self.concealer)
