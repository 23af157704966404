"""One real appliance for all tests of this folder: prepared once, brought back to how it left the bench for each."""

from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.register_assert_rewrite("tests.drivers.contract")

from tests.drivers.debian.appliance import RealDebian, bench, fresh, require_real  # noqa: E402 - it imports that

Prepared = tuple[RealDebian, Path]


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    """An appliance that went the whole way from a fresh Debian, and the folder of its bench."""
    require_real()
    folder = tmp_path_factory.mktemp("bench")
    with bench(folder) as real:
        yield real, folder


@pytest.fixture
def real(prepared: Prepared) -> Iterator[RealDebian]:
    """That appliance as it left the bench."""
    with fresh(*prepared) as one:
        yield one
