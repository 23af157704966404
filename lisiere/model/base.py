"""The base of every model: frozen, closed, strict about what it is given."""

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """An immutable value. An unknown key is a mistake; a value validated once is never checked again."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=False, hide_input_in_errors=True)
