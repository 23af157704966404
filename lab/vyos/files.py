"""The files of one appliance, in memory: what SFTP reaches, and where `save` writes."""

import errno
import posixpath
import time
import zlib
from dataclasses import dataclass

FOLDERS = frozenset({"/", "/tmp", "/config", "/config/archive", "/config/auth", "/config/scripts", "/home"})  # noqa: S108
CAPACITY_BYTES = 16 * 1024 * 1024


@dataclass(slots=True)
class File:
    """One file at rest."""

    packed: bytes
    size_bytes: int
    mode: int
    changed_at: float


class Files:
    """A small file system. Raises OSError as the real one would."""

    __slots__ = ("_files", "folders", "home", "is_full")

    def __init__(self, home: str) -> None:
        self._files: dict[str, File] = {}
        self.home = home
        self.folders = {*FOLDERS, home}
        self.is_full = False

    def resolve(self, path: str) -> str:
        """The absolute path; relative ones start at the home folder."""
        return posixpath.normpath(posixpath.join(self.home, path))

    def read(self, path: str) -> bytes:
        """The content of a file."""
        return zlib.decompress(self.stat(path).packed)

    def stat(self, path: str) -> File:
        """What is known of a file."""
        found = self._files.get(self.resolve(path))
        if found is None:
            raise OSError(errno.ENOENT, "No such file or directory", path)
        return found

    def write(self, path: str, content: bytes, *, mode: int = 0o644, is_forced: bool = False) -> None:
        """Replace the content of a file; a forced write finds room on a full disk."""
        place = self.resolve(path)
        if posixpath.dirname(place) not in self.folders:
            raise OSError(errno.ENOENT, "No such file or directory", path)
        if place in self.folders:
            raise OSError(errno.EISDIR, "Is a directory", path)
        others = sum(file.size_bytes for name, file in self._files.items() if name != place)
        if not is_forced and (self.is_full or others + len(content) > CAPACITY_BYTES):
            raise OSError(errno.ENOSPC, "No space left on device", path)
        self._files[place] = File(zlib.compress(content, 1), len(content), mode, time.time())

    def create(self, path: str, *, mode: int, is_exclusive: bool) -> None:
        """Make a file without content, before anything is written into it; a full disk has room for it."""
        if is_exclusive and self.exists(path):
            raise OSError(errno.EEXIST, "File exists", path)
        self.write(path, b"", mode=mode, is_forced=True)

    def exists(self, path: str) -> bool:
        """Whether there is such a file."""
        return self.resolve(path) in self._files

    def remove(self, path: str) -> None:
        """Delete a file."""
        self.stat(path)
        del self._files[self.resolve(path)]

    def rename(self, old: str, new: str) -> None:
        """Give a file another path, over what stands there."""
        self._files[self.resolve(new)] = self.stat(old)
        del self._files[self.resolve(old)]

    def uploaded(self) -> list[str]:
        """Every file but those that the appliance wrote by itself."""
        return sorted(name for name in self._files if name != "/config/config.boot")

    def clear_volatile(self) -> None:
        """What a reboot empties."""
        self._files = {name: file for name, file in self._files.items() if not name.startswith("/tmp/")}  # noqa: S108

    def listing(self, folder: str) -> list[str]:
        """The names in a folder."""
        place = self.resolve(folder)
        if place not in self.folders:
            raise OSError(errno.ENOENT, "No such file or directory", folder)
        inside = [*self._files, *(self.folders - {"/"})]
        return sorted(posixpath.basename(name) for name in inside if posixpath.dirname(name) == place)
