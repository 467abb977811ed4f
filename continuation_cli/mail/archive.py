"""Received mail and its attachments as files beside the database, named by what they hold.

`chat.db` has `chat.db.mail/`: `raw/` holds messages as they came, `files/` attachments, each under
the SHA-256 of its octets. What a stranger calls a file is data in the database and never a path.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Shelf = Literal["raw", "files"]

#: Octets read and written at once.
_CHUNK = 1 << 20
#: A younger file, in seconds, may be waiting for the transaction that will name it.
_RECENT = 86_400.0


class Kept(NamedTuple):
    """Something that is safely on the disk: its SHA-256, its size and its first octets."""

    digest: str
    size: int
    head: bytes


class Archive:
    """The files of one database. Every method raises OSError where the disk does not play along."""

    def __init__(self, database: str) -> None:
        self._database = os.path.realpath(database)
        self._root = Path(self._database + ".mail")
        self._directories: dict[Path, int] = {}
        #: Files that have their names, but may not be on the disk yet.
        self._written: list[int] = []

    def __del__(self) -> None:
        for descriptor in (*self._directories.values(), *self._written):
            os.close(descriptor)

    def path(self, shelf: Shelf, digest: str) -> Path:
        """Where a file is kept."""
        return self._root / shelf / digest

    def keep(self, octets: bytes, shelf: Shelf) -> str:
        """Keep these octets; their digest. On return they survive a loss of power."""
        digest = hashlib.sha256(octets).hexdigest()
        if not self._is_there(self.path(shelf, digest)):
            with self._unfinished() as (file, name):
                file.write(octets)
                self._finish(file, name, self.path(shelf, digest))
        return digest

    def keep_stream(
        self, stream: BinaryIO, shelf: Shelf, head: int, *, durable: bool = True
    ) -> Kept:
        """Keep all that a stream holds; `head` octets of it are also returned. Unless it is to be
        `durable`, it survives a loss of power only once `sync` has been called."""
        hashed, size, start = hashlib.sha256(), 0, b""
        with self._unfinished() as (file, name):
            while chunk := stream.read(_CHUNK):
                file.write(chunk)
                hashed.update(chunk)
                size += len(chunk)
                if len(start) < head:
                    start += chunk[: head - len(start)]
            digest = hashed.hexdigest()
            if not self._is_there(self.path(shelf, digest)):
                self._finish(file, name, self.path(shelf, digest), durable=durable)
        return Kept(digest, size, start)

    def sync(self) -> None:
        """Wait until all that was kept is on the disk under its name."""
        for descriptor in self._written:  # begin with all: one by one, each waits for a journal
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        for descriptor in (*self._written, *self._directories.values()):
            os.fsync(descriptor)
        while self._written:
            os.close(self._written.pop())

    def read(self, shelf: Shelf, digest: str, limit: int = -1) -> bytes:
        """What is kept under a digest, or its first `limit` octets. Raises FileNotFoundError."""
        with self.path(shelf, digest).open("rb") as file:
            return file.read(limit)

    def remove_unused(self, is_used: Callable[[str], bool]) -> int:
        """Remove the files that nothing names any more, and what programs that died have left half
        written; how many. A file of the last day is left alone: it may be about to be named."""
        removed = 0
        for shelf in ("raw", "files", "tmp"):
            for path in list(self._root.glob(f"{shelf}/*")):
                with contextlib.suppress(FileNotFoundError):
                    if _is_old(path) and (shelf == "tmp" or not is_used(path.name)):
                        removed += self._removed(path)
        return removed

    def _removed(self, path: Path) -> bool:
        """Remove a file, unless it has become new again: a program that wants to name it touches it
        first, and writes it anew if it is gone from its place."""
        aside = self._root / "tmp" / secrets.token_hex(16)
        path.rename(aside)
        if not _is_old(aside):
            aside.rename(path)
            return False
        aside.unlink()
        return True

    # --- Writing: a file appears under its name only when it is whole --------------------------

    def _is_there(self, path: Path) -> bool:
        """Whether the file is there already and whole; it counts as new again. Whoever wrote it may
        have been killed, or the power lost, before its content or its name was on the disk."""
        try:
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != path.name:
                    return False
                os.utime(path)  # by its name, under which it would be removed
                os.fsync(file.fileno())
        except FileNotFoundError:
            return False
        os.fsync(self._directories[self._directory(path.parent)])
        return True

    @contextlib.contextmanager
    def _unfinished(self) -> Iterator[tuple[BinaryIO, Path]]:
        name = self._directory(self._root / "tmp") / secrets.token_hex(16)
        descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                yield file, name
        finally:
            name.unlink(missing_ok=True)

    def _finish(self, file: BinaryIO, name: Path, path: Path, *, durable: bool = True) -> None:
        file.flush()
        self._give_to_owner(file.fileno())
        directory = self._directory(path.parent)
        if durable:
            os.fsync(file.fileno())
        name.replace(path)
        if durable:
            os.fsync(self._directories[directory])
        else:
            self._written.append(os.dup(file.fileno()))

    def _directory(self, path: Path) -> Path:
        """The directory, made if it is missing; for whom the database is, under any umask. It stays
        open, to be synchronised after every change."""
        if path not in self._directories:
            if path != self._root:
                self._directory(path.parent)
            is_new = False
            with contextlib.suppress(FileExistsError):
                path.mkdir(mode=0o700)
                is_new = True
            self._directories[path] = directory = self._opened(path)
            if is_new:
                self._give_to_owner(directory)
                _sync(path.parent)
        return path

    def _opened(self, path: Path) -> int:
        """A directory of the archive. The whole of it may be elsewhere, by a symbolic link; but not
        one that somebody else has made, who may write beside the database: it could lead root to
        write into, and give away, any directory. Raises OSError (ELOOP)."""
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
        if path == self._root and path.lstat().st_uid in (0, os.geteuid()):
            return os.open(path, flags)
        return os.open(path, flags | os.O_NOFOLLOW)

    def _give_to_owner(self, file: int) -> None:
        """Give an open file, or a directory, to whom the database belongs: root, who tried
        something by hand, must not lock the mail system's user out. Where a group may write the
        database, as a chat backend may, the group may read this, too."""
        database = Path(self._database).stat()
        is_shared = database.st_mode & 0o060 == 0o060
        with contextlib.suppress(PermissionError):
            if os.geteuid() == 0 or is_shared:
                owner = database.st_uid if os.geteuid() == 0 else -1
                os.fchown(file, owner, database.st_gid)
            if is_shared:
                is_directory = stat.S_ISDIR(os.fstat(file).st_mode)
                os.fchmod(file, 0o770 if is_directory else 0o660)


def _is_old(path: Path) -> bool:
    return path.is_file() and path.stat().st_mtime < time.time() - _RECENT


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
