"""The device's script with one place changed, and an appliance that has it."""

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from lisiere.drivers.debian import bootstrap
from tests.drivers.debian.appliance import RealDebian


def slipped(script: bytes, module: str, old: str, new: str) -> bytes:
    """The script with a slip in it."""
    name = f"lisiere/drivers/debian/device/{module}.py"
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(script)) as source, zipfile.ZipFile(buffer, "w") as target:
        for one in source.namelist():
            text = source.read(one).decode()
            assert one != name or text.count(old) == 1, f"the slip does not fit {module} any more"
            target.writestr(zipfile.ZipInfo(one), text.replace(old, new) if one == name else text)
    return bootstrap.SHEBANG + buffer.getvalue()


@contextmanager
def running(real: RealDebian, script: bytes) -> Iterator[None]:
    """An appliance that has another script, for a driver that expects it."""
    sound = bootstrap.script()
    installed = real.appliance.folder / "sbin/lisiere-edge"
    installed.write_bytes(script)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bootstrap, "script", lambda: script)
        try:
            yield
        finally:
            installed.write_bytes(sound)
