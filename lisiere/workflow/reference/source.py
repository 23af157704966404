"""What the reference fleet is made from: bodies and communes, as `data/somme-2026.json` lists them."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints, ValidationError

from lisiere.errors import InventoryError, Mistake, UsageError
from lisiere.model.base import Model
from lisiere.model.words import Insee, Siren
from lisiere.workflow.reference.french import slug, typographic

_KIND = re.compile(r"^(CC|CA|CU|ME) (?:de la |de l'|du |des )?")


class Commune(Model):
    """A commune with its legal population."""

    insee: Insee
    siren: Siren
    name: str = Field(min_length=1)
    population: int = Field(ge=0)
    postcodes: tuple[str, ...] = ()


class Body(Model):
    """An EPCI with its communes of the département; `communes_total` counts those elsewhere too."""

    siren: Siren
    name: str = Field(min_length=1)
    kind: Annotated[str, StringConstraints(pattern=r"^(CC|CA|CU|ME)$")]
    communes_total: int = Field(ge=1)
    communes: tuple[Commune, ...] = Field(min_length=1)

    @property
    def title(self) -> str:
        """The name as an appliance can hold it."""
        return typographic(self.name)

    @property
    def slug(self) -> str:
        """A short name for files and overlays, without the kind of body and its article."""
        return slug(_KIND.sub("", self.name))

    @property
    def population(self) -> int:
        """Inhabitants of the communes listed."""
        return sum(commune.population for commune in self.communes)

    @property
    def ranked(self) -> tuple[Commune, ...]:
        """The communes, the most populous first."""
        return tuple(sorted(self.communes, key=lambda one: (-one.population, one.insee)))


class Source(Model):
    """The whole file."""

    source: str
    department: str
    epci: tuple[Body, ...] = Field(min_length=1)

    @property
    def ranked(self) -> tuple[Body, ...]:
        """The bodies, the most populous first: the order in which the programme takes them."""
        return tuple(sorted(self.epci, key=lambda one: (-one.population, one.siren)))


def read_source(path: Path) -> dict[str, object]:
    """The content of a source file, not yet validated.

    Raises:
        UsageError: The file cannot be read, or holds no JSON object.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise UsageError(f"{path}: no source of a fleet: {exc}") from exc
    if not isinstance(content, dict):
        raise UsageError(f"{path}: no source of a fleet: a JSON object is wanted")
    return content


def validate_source(content: Mapping[str, object]) -> Source:
    """The validated source.

    Raises:
        InventoryError: Every mistake found, with its place.
    """
    try:
        return Source.model_validate(content)
    except ValidationError as exc:
        found = [Mistake("source", 0, f"{'.'.join(map(str, one['loc']))}: {one['msg']}") for one in exc.errors()]
        raise InventoryError(found) from exc
