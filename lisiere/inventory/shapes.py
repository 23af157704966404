"""Which keys a model knows at a path, to suggest the one that was meant."""

from collections.abc import Iterator
from typing import get_args, get_origin

from pydantic import BaseModel

from lisiere.inventory.notes import KeyPath


def keys_at(model: type[BaseModel], path: KeyPath) -> tuple[str, ...]:
    """The keys that a file may write below `path` of something described by `model`."""
    here: list[type[BaseModel]] = [model]
    for step in path:
        if isinstance(step, str):
            here = [found for one in here for found in _below(one, step)]
    return tuple(field.alias or name for one in here for name, field in one.model_fields.items())


def _below(model: type[BaseModel], key: str) -> Iterator[type[BaseModel]]:
    for name, field in model.model_fields.items():
        if key in (name, field.alias):
            yield from _models(field.annotation)


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    """Every model inside an annotation: tuple[Segment, ...], Loopback | None."""
    if isinstance(annotation, type) and get_origin(annotation) is None and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)
