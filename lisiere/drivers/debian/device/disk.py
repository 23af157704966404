"""What is on the disk: written whole or not at all, switched by one rename."""

import contextlib
import hashlib
import os
import re
import secrets
import shutil
from pathlib import Path

from lisiere.drivers.debian.device.bundles import parse_bundle, read_generation, write_bundle
from lisiere.drivers.debian.device.places import CONFIRMED, CURRENT, EXPECTED, GENERATIONS, HISTORY
from lisiere.drivers.debian.device.refusals import RefusedError

GENERATION = re.compile(r"[0-9a-f]{12}")


def write_durably(path: Path, text: str, mode: int) -> None:
    """Write a file that is there whole or not at all, also after a power cut."""
    scratch = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        with open(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        scratch.replace(path)
    finally:
        scratch.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames and new names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def point(link: Path, generation: str) -> None:
    """Let a link name a generation, by one rename."""
    scratch = link.with_name(f".{link.name}-{secrets.token_hex(4)}")
    scratch.symlink_to(f"generations/{generation}")
    scratch.replace(link)
    sync_folder(link.parent)


def named(link: Path) -> str:
    """The generation that a link names, "" without."""
    try:
        name = link.readlink().name
    except OSError:
        return ""
    return name if GENERATION.fullmatch(name) else ""


def history() -> list[str]:
    """The confirmed generations, the newest last."""
    with contextlib.suppress(OSError):
        return [word for word in HISTORY.read_text(encoding="ascii").split() if GENERATION.fullmatch(word)]
    return []


def keep(text: str) -> str:
    """Put a bundle on the disk as a generation; nothing of it is left when the disk is full."""
    generation = hashlib.sha256(text.encode()).hexdigest()[:12]
    files, folder = parse_bundle(text), GENERATIONS / generation
    if write_bundle(read_generation(folder)) == text:
        os.utime(folder)
        return generation
    scratch = GENERATIONS / f".staging-{secrets.token_hex(6)}"
    try:
        scratch.mkdir(mode=0o755, parents=True)
        for one in files:
            path = scratch / one.path
            path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            write_durably(path, one.text, int(one.mode, 8))
        if folder.exists():
            if generation in (named(CURRENT), named(CONFIRMED)):
                raise RefusedError(
                    "tampered", f"the files of generation {generation} were changed by hand: roll forward"
                )
            shutil.rmtree(folder)
        scratch.replace(folder)
        sync_folder(GENERATIONS)
    except OSError as exc:
        raise RefusedError("disk", f"the configuration could not be written: {exc.strerror}") from exc
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return generation


def existing(generation: str) -> Path:
    """The folder of a generation that somebody named."""
    folder = GENERATIONS / generation
    if not GENERATION.fullmatch(generation) or not folder.is_dir():
        raise RefusedError("unknown", "there is no such generation; stage it again")
    return folder


def forget(generation: str) -> None:
    """Delete a generation, and what is known of it."""
    shutil.rmtree(GENERATIONS / generation, ignore_errors=True)
    (EXPECTED / generation).unlink(missing_ok=True)


def content_of(path: Path) -> str:
    """The text of a file, "" where there is none."""
    with contextlib.suppress(OSError):
        return path.read_text(encoding="utf-8")
    return ""
