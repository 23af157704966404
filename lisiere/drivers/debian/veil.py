"""What one appliance's texts look like from outside: every secret that passed through the session is concealed."""

from lisiere.drivers.base import Concealer
from lisiere.drivers.debian import masks
from lisiere.drivers.debian.parse import Problem


class Veil:
    """Conceals by place in configurations and their differences, and by value in sentences."""

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
        if clear != text:
            self._revealed |= {self.concealer.reveal(one) for one in masks.references_in(text)}
        return clear

    def learn(self, text: str) -> None:
        """Note a configuration, so that its secret values are known when a program repeats one in a sentence."""
        self._unlearned.add(text)

    def text(self, text: str) -> str:
        """A configuration or a difference with its secrets concealed, and values that we sent wherever they stand."""
        return masks.scrub(masks.mask(text, self.concealer), self._revealed, self.concealer)

    def sentence(self, text: str) -> str:
        """Words of the appliance, scrubbed of known values."""
        while self._unlearned:
            self._values |= masks.values_in(self._unlearned.pop())
        return masks.scrub(text, self._values | self._revealed, self.concealer)

    def problem(self, one: Problem) -> str:
        """The line that a problem is about."""
        return self.sentence(masks.mask_line(one.file, one.text, self.concealer))
