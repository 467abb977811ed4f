"""One sweep, and one fetch of a mailbox, at a time: a lock on a file beside the database, which
dies with its process.
"""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import suppress


class SweepLock:
    """The sweep's lock, not yet taken. The lock is the kernel's (flock), so that a killed sweep
    leaves nothing to clean up; the file itself stays, and its mtime tells since when it is held.
    """

    _suffix = ".lock"

    def __init__(self, database: str) -> None:
        # realpath: the same database under another name has the same lock.
        self._database = os.path.realpath(database)
        self._path = self._database + self._suffix
        self._file: int | None = None

    @property
    def path(self) -> str:
        """The lock's file."""
        return self._path

    def acquire(self) -> bool:
        """Take the lock; False at once if another run holds it."""
        file = self._open()
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        except BaseException:
            os.close(file)
            raise
        # A member of the group holds the lock all the same; since when, then stays untold.
        with suppress(PermissionError):
            os.utime(file)
        self._file = file
        return True

    def acquire_within(self, patience: float) -> bool:
        """Take the lock, waiting for another run to end; False if that takes over `patience`
        seconds."""
        give_up_at = time.monotonic() + patience
        while not self.acquire():
            if time.monotonic() >= give_up_at:
                return False
            time.sleep(0.05)
        return True

    def _open(self) -> int:
        """Whoever may write the database may take the lock, whoever has made the file: root, who
        tried something by hand, must not lock cron's user out.
        """
        # No link is followed: it would let whoever may write in this folder have root make a file
        # anywhere, and give it away. O_NONBLOCK: a pipe in its place is not waited for.
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
        with suppress(FileNotFoundError):
            return os.open(self._path, flags)
        try:
            file = os.open(self._path, flags | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:  # another run was faster
            return os.open(self._path, flags)
        database = os.stat(self._database)  # noqa: PTH116 - import time
        with suppress(PermissionError):
            os.fchmod(file, database.st_mode & 0o666)
            os.fchown(file, database.st_uid, database.st_gid)
        return file

    def held_for(self) -> float:
        """For how many seconds the present holder has had it."""
        return max(0.0, time.time() - os.stat(self._path).st_mtime)  # noqa: PTH116 - import time

    def last_taken(self) -> float | None:
        """When it was last taken, in seconds since the epoch; None if it never was."""
        try:
            return os.stat(self._path).st_mtime  # noqa: PTH116 - import time
        except FileNotFoundError:
            return None

    def is_held(self) -> bool:
        """Whether a run holds it. For a person who asks: a run that begins in this very instant
        would find the lock taken."""
        try:
            file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(file)
        return False

    def release(self) -> None:
        """Let the next run go."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


class FetchLock(SweepLock):
    """The lock of all that fetch from one mailbox into one database."""

    def __init__(self, database: str, mailbox: str) -> None:
        """`mailbox` is its name, `Mailbox.name`."""
        import hashlib

        self._suffix = f".fetch-{hashlib.sha256(mailbox.encode()).hexdigest()[:12]}.lock"
        super().__init__(database)


def last_fetch(database: str) -> float | None:
    """When a mailbox was last fetched into a database, in seconds since the epoch; None: never."""
    folder, name = os.path.split(os.path.realpath(database))
    found = [
        entry.stat(follow_symlinks=False).st_mtime
        for entry in os.scandir(folder)
        if entry.name.startswith(f"{name}.fetch-") and entry.name.endswith(".lock")
    ]
    return max(found, default=None)
