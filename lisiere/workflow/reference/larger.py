"""A source for fleets that the real bodies have no room for: the same communes in more and equal bodies.

For measuring at other sizes only: such a fleet has the shape of the reference fleet, and nobody's territory.
"""

from collections.abc import Iterator, Mapping, Sequence
from math import ceil

from lisiere.errors import UsageError
from lisiere.workflow.reference.numbers import LAST_SITE, LAST_TERRITORY
from lisiere.workflow.reference.source import Commune, validate_source

SITES_OF_A_BODY = 120
POPULATION = 1000
"""Of every commune, so that no body grows beyond its prefix."""


def enlarged(content: Mapping[str, object], count: int) -> dict[str, object]:
    """The source of a fleet of `count` appliances.

    Args:
        content: The real source, as `load_source` gives it.
        count: Appliances in service, between one for each body and what the address plan holds.

    Raises:
        UsageError: The address plan has no room for so many.
        InventoryError: The source is not what it should be.
    """
    source = validate_source(content)
    bodies = max(1, min(LAST_TERRITORY + 1, ceil(count / SITES_OF_A_BODY)))
    if count > bodies * (LAST_SITE - 10):
        raise UsageError(f"the address plan has no room for {count} appliances")
    communes = sorted((one for body in source.epci for one in body.communes), key=lambda one: one.insee)
    return {
        "source": f"{source.source}; bodies of equal size, for measuring only",
        "department": source.department,
        "epci": [_body(number, part) for number, part in enumerate(_parts(communes, bodies), start=1)],
    }


def _parts(communes: Sequence[Commune], count: int) -> Iterator[Sequence[Commune]]:
    for number in range(count):
        yield communes[len(communes) * number // count : len(communes) * (number + 1) // count]


def _body(number: int, communes: Sequence[Commune]) -> dict[str, object]:
    return {
        "siren": communes[0].siren,
        "name": f"CC de l'Étendue {number:02d}",
        "kind": "CC",
        "communes_total": len(communes),
        "communes": [one.model_copy(update={"population": POPULATION}).model_dump() for one in communes],
    }
