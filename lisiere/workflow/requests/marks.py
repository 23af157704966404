"""The mark that pairs an inventory with the records of who works on it; light, for every command looks at it."""

from pathlib import Path

from lisiere.errors import UsageError

MARK = "lisiere-records"
"""The file that holds it: in the repository's own folder, where git tracks nothing, and beside the records."""
UNREADABLE = "?"


def leave(mark: str, *, inventory: Path, state: Path) -> None:
    """Write the mark into the inventory's repository and beside the records.

    Raises:
        UsageError: It cannot be written.
    """
    for place in filter(None, (repository_of(inventory), state)):
        try:
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
            (place / MARK).write_text(f"{mark}\n", encoding="ascii")
        except OSError as exc:
            raise UsageError(f"{place / MARK}: cannot be written: {exc.strerror}") from exc


def of_inventory(inventory: Path) -> str:
    """The mark of an inventory; empty where it has none."""
    repository = repository_of(inventory)
    return "" if repository is None else beside(repository)


def beside(place: Path) -> str:
    """The mark in a folder; empty where there is none."""
    try:
        return (place / MARK).read_text(encoding="ascii").strip()
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except (OSError, ValueError):
        return UNREADABLE


def repository_of(inventory: Path) -> Path | None:
    """The folder in which git keeps the repository of an inventory; None where there is none."""
    for place in (whole := inventory.resolve(), *whole.parents):
        git = place / ".git"
        if git.is_dir():
            return git
        if git.is_file():
            return _common((place / git.read_text(encoding="utf-8").removeprefix("gitdir:").strip()).resolve())
    return None


def _common(git: Path) -> Path:
    """The folder that all work trees of a repository share."""
    try:
        return (git / (git / "commondir").read_text(encoding="utf-8").strip()).resolve()
    except FileNotFoundError:
        return git


def is_owner(uid: int, *places: Path) -> bool:
    """Whether an account owns all of some folders that are there; root owns everything."""
    return uid == 0 or all(place.stat().st_uid == uid for place in places if place.exists())
