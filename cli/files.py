"""Files that are there as a whole or not at all."""

import os
import tempfile
from pathlib import Path

from lisiere import bundle
from lisiere.errors import UsageError


def write_configuration(folder: Path, name: str, text: str) -> tuple[str, ...]:
    """Write what one appliance should run: `<name>.set`, or a folder `<name>` where its programs read several files.

    Returns:
        The files, below `folder`.

    Raises:
        UsageError: The folder cannot be written to.
    """
    if not text.startswith(bundle.MARK):
        write_whole(folder / f"{name}.set", text)
        return (f"{name}.set",)
    files = bundle.parse(text)
    try:
        _write_folder(folder / name, files)
    except OSError as exc:
        raise UsageError(f"{folder / name}: cannot be written: {exc.strerror}") from exc
    return tuple(f"{name}/{one.path}" for one in files)


def _write_folder(target: Path, files: tuple[bundle.File, ...]) -> None:
    """Make a folder beside the one that is there, then take its place: no file of an earlier rendering stays."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}.") as place:
        fresh, former = Path(place) / "fresh", Path(place) / "former"
        for one in files:
            path = fresh / one.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(one.text.encode())
            path.chmod(int(one.mode, 8))
        if target.exists():
            target.rename(former)
        try:
            fresh.rename(target)
        except OSError:
            if former.exists():
                former.rename(target)
            raise


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file by way of a temporary one beside it; its folder is made. Text becomes UTF-8.

    Raises:
        UsageError: The folder cannot be written to.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content.encode() if isinstance(content, str) else content)
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as exc:
        raise UsageError(f"{path}: cannot be written: {exc.strerror}") from exc
