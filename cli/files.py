"""Files that are there as a whole or not at all."""

import os
import tempfile
from pathlib import Path

from lisiere.errors import UsageError


def write_whole(path: Path, text: str) -> None:
    """Write a text file by way of a temporary one beside it; its folder is made.

    Raises:
        UsageError: The folder cannot be written to.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as exc:
        raise UsageError(f"{path}: cannot be written: {exc.strerror}") from exc
