"""What one appliance's texts look like from outside: every secret that passed through the session is concealed."""

from collections.abc import Iterable, Iterator

from lisiere.drivers import veil
from lisiere.drivers.vyos import masks, statements
from lisiere.drivers.vyos.statements import Change, Path
from lisiere.errors import MisreadError


class Veil(veil.Veil):
    """Conceals by place in statements, and by value in the device's own sentences."""

    def lines(self, text: str) -> str:
        """Set and delete lines with their secrets concealed, and values that we sent wherever they stand.

        Raises:
            MisreadError: A line that may hold a secret cannot be read.
        """
        try:
            masked = masks.mask_commands(text, self.concealer)
        except ValueError as exc:
            raise MisreadError(self.host, f"a line that may hold a secret cannot be read: {exc}") from exc
        return veil.scrub(masked, self._revealed, self.concealer)

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

    def _values_revealed(self, text: str, clear: str) -> Iterator[str]:
        for line, revealed in zip(text.split("\n"), clear.split("\n"), strict=True):
            if line != revealed:
                words = zip(statements.words(line), statements.words(revealed), strict=False)
                yield from (after for before, after in words if before != after)

    def _values_in(self, text: str) -> Iterable[str]:
        return masks.values_in(text)
