"""What one appliance's texts look like from outside: every secret that passed through the session is concealed."""

from collections.abc import Iterable, Iterator

from lisiere.drivers import veil
from lisiere.drivers.debian import masks
from lisiere.drivers.debian.parse import Problem


class Veil(veil.Veil):
    """Conceals by place in configurations and their differences, and by value in sentences."""

    def text(self, text: str) -> str:
        """A configuration or a difference with its secrets concealed, and values that we sent wherever they stand."""
        return veil.scrub(masks.mask(text, self.concealer), self._revealed, self.concealer)

    def problem(self, one: Problem) -> str:
        """The line that a problem is about."""
        return self.sentence(masks.mask_line(one.file, one.text, self.concealer))

    def _values_revealed(self, text: str, clear: str) -> Iterator[str]:
        del clear
        return map(self.concealer.reveal, masks.references_in(text))

    def _values_in(self, text: str) -> Iterable[str]:
        return masks.values_in(text)
