"""What one appliance's texts look like from outside: every secret that passed through the session is concealed."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from lisiere.drivers.base import Concealer


class Veil(ABC):
    """Conceals by place in configurations, and by value in sentences. A platform says where its places are."""

    def __init__(self, host: str, concealer: Concealer) -> None:
        self.host, self.concealer = host, concealer
        self._values: set[str] = set()
        self._unlearned: set[str] = set()
        self._revealed: set[str] = set()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.host!r})"

    def reveal(self, text: str) -> str:
        """The text with its references replaced; the values are noted, wherever they stand.

        Raises:
            SecretError: References without a value.
        """
        clear = self.concealer.reveal(text)
        if clear != text:
            self._revealed.update(self._values_revealed(text, clear))
        return clear

    def learn(self, text: str) -> None:
        """Note a configuration, so that its secret values are known when the device repeats one in a sentence."""
        self._unlearned.add(text)

    def sentence(self, text: str) -> str:
        """The device's own words, scrubbed of known values."""
        while self._unlearned:
            self._values.update(self._values_in(self._unlearned.pop()))
        return scrub(text, self._values | self._revealed, self.concealer)

    @abstractmethod
    def _values_revealed(self, text: str, clear: str) -> Iterable[str]:
        """The values that stand in a text where references were."""

    @abstractmethod
    def _values_in(self, text: str) -> Iterable[str]:
        """The secret values of a configuration."""


def scrub(text: str, values: AbstractSet[str], concealer: Concealer) -> str:
    """A text with every known secret value concealed, the longest ones first."""
    for value in sorted(values, key=len, reverse=True):
        if value and value in text:
            text = text.replace(value, concealer.conceal(value))
    return text
