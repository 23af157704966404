"""Labs to talk to."""

from collections.abc import Iterator

import pytest

from lab.fleet import Lab, LabAppliance, running_lab

MINUTE_S = 0.5
REBOOT_S = 0.3


@pytest.fixture
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One appliance of each release, fresh; a minute lasts half a second."""
    wanted = [LabAppliance("old", "1.4"), LabAppliance("new", "1.5")]
    with running_lab(
        wanted, state_dir=tmp_path_factory.mktemp("lab"), minute_s=MINUTE_S, reboot_s=REBOOT_S, password="for tests"
    ) as running:
        yield running
