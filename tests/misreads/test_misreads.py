"""No misread, ever: what is read equals what runs, byte for byte, and what is recorded says so."""

from pathlib import Path

import pytest

from lisiere.model.site import Appliance
from tests.fleets import vyos_fleet
from tests.misreads.matrix import Cell, Field, planted, read_matrix, verdict
from tests.misreads.naive import NaiveReader

SAMPLE = 60
READ_NAIVELY = 5


@pytest.fixture(scope="module")
def appliances() -> list[Appliance]:
    """Those of the reference fleet."""
    fleet = vyos_fleet()
    return sorted(fleet.in_service(), key=lambda one: one.name)


def test_a_sample_is_read_as_it_is(appliances: list[Appliance], tmp_path: Path) -> None:
    """Late, in pieces, with few workers and with many; nothing is refused either."""
    cells = read_matrix(appliances[:: len(appliances) // SAMPLE][:SAMPLE], tmp_path)
    assert verdict(cells) == f"{4 * SAMPLE} configurations read, 0 misread, 0 wrong records"


@pytest.mark.misreads
def test_the_whole_fleet_is_read_as_it_is(appliances: list[Appliance], tmp_path: Path, cells: list[Cell]) -> None:
    """The same with every appliance; the table is printed at the end."""
    read_matrix(appliances[:600], tmp_path, told=cells.append)
    assert verdict(cells) == f"{4 * 600} configurations read, 0 misread, 0 wrong records"


def test_who_waits_for_any_prompt_misreads(appliances: list[Appliance], tmp_path: Path) -> None:
    """The same appliances under the same conditions: a comparison that cannot fail would prove nothing."""
    with planted(appliances[:READ_NAIVELY], tmp_path / "lab", rtt_ms=40.0, seed=1) as place:
        read = {one.name: _read_naively(place, one.name) for one in place.appliances}
        misread = [name for name, text in read.items() if text != place.truth[name]]
    assert misread, "how many of them depends on the load of the machine"


def _read_naively(place: Field, name: str) -> str:
    reader = NaiveReader(place.access(1).endpoints[name], place.state.username, place.state.key_file)
    try:
        return reader.read_running()
    finally:
        reader.close()
