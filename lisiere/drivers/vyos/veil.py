"""What one appliance's texts look like from outside: every secret that passed through the session is concealed."""

from collections.abc import Iterable

from lisiere.drivers.base import Concealer
from lisiere.drivers.vyos import masks, statements
from lisiere.drivers.vyos.statements import Change, Path
from lisiere.errors import MisreadError


class Veil:
    """Conceals by place in statements, and by value in the device's own sentences."""

    def __init__(self, host: str, concealer: Concealer) -> None:
        self.host, self.concealer = host, concealer
        self._values: set[str] = set()
        self._unlearned: set[str] = set()
        self._revealed: set[str] = set()

    def __repr__(self) -> str:
        return f"Veil({self.host!r})"

    def reveal(self, text: str) -> str:
        """The text with its references replaced; the values are noted, wherever they stand.

        Raises:
            SecretError: References without a value.
        """
        clear = self.concealer.reveal(text)
        if clear == text:
            return text
        for line, revealed in zip(text.split("\n"), clear.split("\n"), strict=True):
            if line != revealed:
                words = zip(statements.words(line), statements.words(revealed), strict=False)
                self._revealed |= {after for before, after in words if before != after}
        self._values |= self._revealed
        return clear

    def learn(self, text: str) -> None:
        """Note a configuration, so that its secret values are known when the device repeats one in a sentence."""
        self._unlearned.add(text)

    def lines(self, text: str) -> str:
        """Set and delete lines with their secrets concealed, and values that we sent wherever they stand.

        Raises:
            MisreadError: A line that may hold a secret cannot be read.
        """
        try:
            masked = masks.mask_commands(text, self.concealer)
        except ValueError as exc:
            raise MisreadError(self.host, f"a line that may hold a secret cannot be read: {exc}") from exc
        return masks.scrub(masked, self._revealed, self.concealer)

    def sentence(self, text: str) -> str:
        """The device's own words, scrubbed of known values."""
        while self._unlearned:
            self._values |= masks.values_in(self._unlearned.pop())
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
