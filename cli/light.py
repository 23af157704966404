"""What Typer loads at every start and our commands do without: pydantic and Rich, 100 ms each.

Two of its functions are replaced; a test sees whether that still keeps both away.
"""

from typing import TYPE_CHECKING

from typer import _completion_classes
from typer.core import TyperOption

if TYPE_CHECKING:
    from typer._click import Context

_process_given = TyperOption.process_value


def lighten() -> None:
    """Replace the two; doing so again changes nothing."""
    setattr(TyperOption, "process_value", _process)  # noqa: B010 - a method is no variable to a type checker
    setattr(_completion_classes, "_sanitize_help_text", _as_it_is)  # noqa: B010


def _process(option: TyperOption, ctx: "Context", value: object) -> object:
    """The value as a command gets it: that an option was not given is told without the converters of pydantic."""
    if type(value) in (bool, int, str) and value is option.default and option.callback is None:
        return value
    if value is not None or option.required:
        return _process_given(option, ctx, value)
    absent: object = () if option.multiple else None
    return absent if option.callback is None else option.callback(ctx, option, absent)


def _as_it_is(text: str) -> str:
    """A help text for zsh and fish: ours hold no markup that Rich would have to take out."""
    return text
