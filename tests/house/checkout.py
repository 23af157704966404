"""The checkout as the house tests see it."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

PACKAGES = ("cli", "nornir_tasks", "lisiere", "portal", "lab")


@cache
def tracked_files() -> tuple[Path, ...]:
    """List the files in git, and those that would be if they were added; links and deleted files are left out."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, check=True, capture_output=True).stdout.decode().split("\0")
    paths = (ROOT / name for name in names if name)
    return tuple(path for path in paths if path.is_file() and not path.is_symlink())


def text_of(path: Path) -> str | None:
    """Read a file as text; None for a binary one."""
    content = path.read_bytes()
    return None if b"\0" in content[:8192] else content.decode(errors="replace")
