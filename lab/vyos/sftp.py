"""SFTP and SCP over the files that an appliance holds in memory."""

import errno
import stat
from collections.abc import AsyncIterator
from typing import Any

import asyncssh
from asyncssh import SFTPAttrs, SFTPName

from lab.vyos.files import File, Files

_READ, _WRITE, _APPEND, _CREATE, _TRUNCATE, _EXCLUSIVE = 1, 2, 4, 8, 16, 32


class _Handle:
    """An open file: what was read or will be written at close."""

    __slots__ = ("content", "is_changed", "mode", "path", "writes")

    def __init__(self, path: str, content: bytes, *, mode: int, writes: bool, is_changed: bool) -> None:
        self.path, self.content, self.mode = path, bytearray(content), mode
        self.writes, self.is_changed = writes, is_changed


class MemorySFTPServer(asyncssh.SFTPServer):
    """One SFTP session on one appliance."""

    def __init__(self, channel: "asyncssh.SSHServerChannel[Any]", files: Files) -> None:
        super().__init__(channel)
        self._files = files

    # ---- open files ----------------------------------------------------------------------------------------------

    def open(self, path: bytes, pflags: int, attrs: SFTPAttrs) -> object:
        """Open a file; what is written is there once it is closed."""
        name = self._files.resolve(path.decode())
        exists = self._files.exists(name)
        if not exists and not pflags & _CREATE:
            raise OSError(errno.ENOENT, "No such file or directory", name)
        if exists and pflags & _EXCLUSIVE:
            raise OSError(errno.EEXIST, "File exists", name)
        mode = self._files.stat(name).mode if exists else (attrs.permissions or 0o644) & 0o777
        content = self._files.read(name) if exists and not pflags & _TRUNCATE else b""
        writes = bool(pflags & _WRITE)
        if writes and not exists:
            self._files.write(name, b"", mode=mode)
        return _Handle(name, content, mode=mode, writes=writes, is_changed=bool(pflags & _TRUNCATE))

    def read(self, file_obj: object, offset: int, size: int) -> bytes:
        """Part of an open file."""
        return bytes(_handle(file_obj).content[offset : offset + size])

    def write(self, file_obj: object, offset: int, data: bytes) -> int:
        """Change part of an open file."""
        handle = _handle(file_obj)
        if not handle.writes:
            raise OSError(errno.EBADF, "Bad file descriptor", handle.path)
        if self._files.is_full:
            raise OSError(errno.ENOSPC, "No space left on device", handle.path)
        if offset > len(handle.content):
            handle.content += bytes(offset - len(handle.content))
        handle.content[offset : offset + len(data)] = data
        handle.is_changed = True
        return len(data)

    def close(self, file_obj: object) -> None:
        """Close a file."""
        handle = _handle(file_obj)
        if handle.writes and handle.is_changed and self._files.exists(handle.path):
            self._files.write(handle.path, bytes(handle.content), mode=handle.mode)

    def fstat(self, file_obj: object) -> SFTPAttrs:
        """What is known of an open file."""
        handle = _handle(file_obj)
        return _attributes(self._files.stat(handle.path), size=len(handle.content))

    def fsetstat(self, file_obj: object, attrs: SFTPAttrs) -> None:
        """Change mode or size of an open file."""
        handle = _handle(file_obj)
        if attrs.permissions is not None:
            handle.mode = attrs.permissions & 0o777
            self._files.stat(handle.path).mode = handle.mode
        if attrs.size is not None:
            del handle.content[attrs.size :]
            handle.is_changed = True

    # ---- paths ---------------------------------------------------------------------------------------------------

    def stat(self, path: bytes) -> SFTPAttrs:
        """What is known of a file or folder."""
        name = self._files.resolve(path.decode())
        if name in self._files.folders:
            return SFTPAttrs(permissions=stat.S_IFDIR | 0o755, size=4096, uid=0, gid=0, atime=0, mtime=0)
        return _attributes(self._files.stat(name))

    lstat = stat

    def setstat(self, path: bytes, attrs: SFTPAttrs) -> None:
        """Change the mode of a file."""
        if attrs.permissions is not None:
            self._files.stat(path.decode()).mode = attrs.permissions & 0o777

    lsetstat = setstat

    def remove(self, path: bytes) -> None:
        """Delete a file."""
        self._files.remove(path.decode())

    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        """Rename a file; the new name must be free."""
        if self._files.exists(newpath.decode()):
            raise OSError(errno.EEXIST, "File exists", newpath.decode())
        self._files.rename(oldpath.decode(), newpath.decode())

    def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        """Rename a file over another."""
        self._files.rename(oldpath.decode(), newpath.decode())

    def mkdir(self, path: bytes, attrs: SFTPAttrs) -> None:
        """Make a folder."""
        self._files.folders.add(self._files.resolve(path.decode()))

    def rmdir(self, path: bytes) -> None:
        """Delete an empty folder."""
        name = self._files.resolve(path.decode())
        if self._files.listing(name):
            raise OSError(errno.ENOTEMPTY, "Directory not empty", name)
        self._files.folders.discard(name)

    def realpath(self, path: bytes) -> bytes:
        """The absolute path."""
        return self._files.resolve(path.decode()).encode()

    async def scandir(self, path: bytes) -> AsyncIterator[SFTPName]:
        """The entries of a folder."""
        folder = self._files.resolve(path.decode())
        for name in (".", "..", *self._files.listing(folder)):
            place = self._files.resolve(f"{folder}/{name}")
            yield SFTPName(name.encode(), attrs=self.stat(place.encode()))


def _handle(file_obj: object) -> _Handle:
    if not isinstance(file_obj, _Handle):
        raise OSError(errno.EBADF, "Bad file descriptor")
    return file_obj


def _attributes(file: File, size: int | None = None) -> SFTPAttrs:
    changed_at = int(file.changed_at)
    return SFTPAttrs(
        permissions=stat.S_IFREG | file.mode,
        size=file.size_bytes if size is None else size,
        uid=1000,
        gid=100,
        atime=changed_at,
        mtime=changed_at,
    )
