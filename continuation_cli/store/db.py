"""Opening the database, and the two kinds of transaction.

Only what an idle sweep needs is imported here: it runs every minute.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What the floors above hold without knowing which database it is.
Connection = sqlite3.Connection
Row = sqlite3.Row
Error = sqlite3.Error
OperationalError = sqlite3.OperationalError

#: The number of migrations that this program knows; the database keeps its own in user_version.
SCHEMA_VERSION = 8

#: How long a statement waits for another writer, in seconds.
BUSY_TIMEOUT = 10.0

#: How long the fate of an email that has left waits to be recorded, in seconds: unrecorded, it
#: would be in doubt and go out twice.
PATIENCE = 600.0

#: "cont": marks the file as ours (PRAGMA application_id), so that a foreign database is told apart.
APPLICATION_ID = 0x636F6E74

#: What would end the path in a URI (https://sqlite.org/uri.html). `urllib.parse` is not worth its
#: import here.
_URI_ESCAPES = {ord(character): f"%{ord(character):02X}" for character in "%?#"}


class StoreError(Exception):
    """The database cannot be used; the text says why and what to do."""


class MissingError(StoreError):
    """There is no database at that path."""


class NotADatabaseError(StoreError):
    """The file is there, but it is not a database of ours."""


class SchemaError(StoreError):
    """The database has an older or a newer schema than this program."""


class SettingError(StoreError):
    """A setting holds what is no value for it: somebody wrote it past the check."""


class ReadOnlyError(StoreError):
    """The database cannot be written to."""


class BusyError(StoreError):
    """Another program holds the database, or the disk is full: try again later."""


def connect(path: str, *, write: bool = True, any_schema: bool = False) -> sqlite3.Connection:
    """Open an existing database. It is never created: a mistyped path must fail.

    Raises MissingError, NotADatabaseError, SchemaError, ReadOnlyError or BusyError.
    """
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - pathlib is not worth its import here
    except (FileNotFoundError, NotADirectoryError, ValueError):
        raise MissingError(
            f"there is no database at {path}; make one with: continuation --db {path} init"
        ) from None
    except OSError as error:  # a folder that is closed to this user, a name that is too long
        raise ReadOnlyError(f"{path} cannot be opened: {error.strerror}") from None
    if not stat.S_ISREG(mode):  # SQLite would wait for ever for somebody to write into a pipe
        what = "a directory" if stat.S_ISDIR(mode) else "a device or a pipe"
        raise NotADatabaseError(f"{path} is {what}, not a database")
    if write and not os.access(path, os.W_OK):
        raise ReadOnlyError(f"{path} is read-only for this user")
    with translated(path):
        connection = sqlite3.connect(
            f"file:{path.translate(_URI_ESCAPES)}?mode={'rw' if write else 'ro'}",
            uri=True,
            timeout=BUSY_TIMEOUT,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            _prepare(connection, path, any_schema=any_schema)
        except BaseException:
            connection.close()
            raise
    return connection


def _prepare(connection: sqlite3.Connection, path: str, *, any_schema: bool) -> None:
    connection.row_factory = sqlite3.Row
    # Not every program writes well-formed UTF-8, and SQLite does not mind.
    connection.text_factory = lambda octets: octets.decode("utf-8", "replace")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA synchronous = FULL")
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        raise NotADatabaseError(f"{path} is an SQLite database, but not one of continuation's")
    if any_schema or version == SCHEMA_VERSION:
        return
    if version > SCHEMA_VERSION:
        raise SchemaError(
            f"{path} has schema {version}, newer than this program's {SCHEMA_VERSION}: "
            "install the newer continuation-cli"
        )
    raise SchemaError(
        f"{path} has schema {version}, older than this program's {SCHEMA_VERSION}; "
        f"run: continuation --db {path} db migrate"
    )


@contextmanager
def translated(path: str) -> Iterator[None]:
    """Turn SQLite's errors about the file into ours."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise _operational(path, error) from error
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            raise NotADatabaseError(f"{path} is not a usable SQLite database: {error}") from error
        raise


def _operational(path: str, error: sqlite3.OperationalError) -> Exception:
    code = (error.sqlite_errorcode or 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return BusyError(f"{path} is locked by another program; try again")
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        return BusyError(f"{path} cannot be used now: {error}")
    if code == sqlite3.SQLITE_READONLY:
        return ReadOnlyError(f"{path} is read-only for this user")
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return ReadOnlyError(f"{path} cannot be opened: {error}")
    return error


@contextmanager
def writing(connection: sqlite3.Connection, *, patient: bool = False) -> Iterator[None]:
    """One short write transaction. It takes the write lock at once (BEGIN IMMEDIATE): a read that
    leads to a write must not find, when it comes to write, that the world has moved on.

    `patient`: wait for other writers far longer than usual (PATIENCE), because giving up would lose
    something that cannot be had again.
    """
    _take_write_lock(connection, PATIENCE if patient else 0.0)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _take_write_lock(connection: sqlite3.Connection, patience: float) -> None:
    give_up_at = time.monotonic() + patience
    while True:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() >= give_up_at:
                raise
        else:
            return


@contextmanager
def durable_later(connection: sqlite3.Connection) -> Iterator[None]:
    """Commits survive the end of this program, however sudden; a loss of power only once `sync` has
    been called. For work that is done again unless it was said to be done."""
    connection.execute("PRAGMA synchronous = NORMAL")
    try:
        yield
    finally:
        connection.execute("PRAGMA synchronous = FULL")


def sync(connection: sqlite3.Connection) -> None:
    """Wait until everything that was committed is on the disk: it is in the write-ahead log, unless
    a checkpoint has brought it into the database, which waits itself
    (https://sqlite.org/pragma.html#pragma_synchronous)."""
    (_, _, path) = connection.execute("PRAGMA database_list").fetchone()
    with suppress(FileNotFoundError):
        log = os.open(f"{path}-wal", os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(log)
        finally:
            os.close(log)


@contextmanager
def savepoint(connection: sqlite3.Connection) -> Iterator[None]:
    """A part of a transaction that is undone by itself if it fails."""
    connection.execute("SAVEPOINT part")
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK TO part")
            connection.execute("RELEASE part")
        raise
    connection.execute("RELEASE part")


@contextmanager
def reading(connection: sqlite3.Connection) -> Iterator[None]:
    """One consistent view of the database over several statements."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        # An I/O error ends it: nothing must hide that error.
        if connection.in_transaction:
            connection.execute("COMMIT")


def data_version(connection: sqlite3.Connection) -> int:
    """A number that changes when, and only when, another connection has committed a change."""
    (version,) = connection.execute("PRAGMA data_version").fetchone()
    return int(version)
