"""Regular expressions of rule packs: run by RE2, whose time is linear in the text whatever the expression.

What would need to go back in the text, a back reference or a look ahead, RE2 does not know; what would grow too large
is refused too. So an expression can be wrong, and none can be endless.
"""

from functools import lru_cache
from typing import Protocol

MEMORY_BYTES = 1 << 20


class Compiled(Protocol):
    """An expression that was read."""

    def fullmatch(self, text: str) -> object | None:
        """Something when the whole text fits."""
        ...


def sound(expression: str) -> str:
    """The expression itself.

    Raises:
        ValueError: It is not one, or none that ends in time.
    """
    compiled(expression)
    return expression


@lru_cache(maxsize=512)
def compiled(expression: str) -> Compiled:
    """An expression, ready to be asked.

    Raises:
        ValueError: It is not one, or none that ends in time.
    """
    import re2

    options = re2.Options()
    options.max_mem, options.log_errors = MEMORY_BYTES, False
    try:
        found: Compiled = re2.compile(expression, options)
    except re2.error as exc:
        told = exc.args[0].decode(errors="replace") if exc.args and isinstance(exc.args[0], bytes) else str(exc)
        raise ValueError(
            f"the expression is not taken: {told}; RE2 knows no back references and no looking ahead"
        ) from exc
    return found
