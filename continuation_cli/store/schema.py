"""Making a database and bringing it up to date: small named migrations, each one SQL file."""

from __future__ import annotations

import os
import re
import secrets
import sqlite3
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import sqlite_utils
from sqlite_utils.migrations import Migrations

from continuation_cli.core import times
from continuation_cli.store import db
from continuation_cli.store.lock import SweepLock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

migrations = Migrations("continuation")

#: The years are those in which times can be added up. A modifier, even of no days, makes SQLite
#: compute: without it the 30th of February would pass.
_TIME = (
    r'CONSTRAINT "\1 must be UTC like 2026-03-01T09:00:00.000Z" '
    r"CHECK (\1 BETWEEN '1970' AND '9000' "
    r"AND \1 IS strftime('%Y-%m-%dT%H:%M:%fZ', \1, '+0 days'))"
)
_FIRST_WAITING = (
    r"(SELECT min(sent_at) FROM messages WHERE conversation = \1 AND author IN ('agent', 'bot') "
    "AND seen_at IS NULL AND email IS NULL AND deleted_at IS NULL)"
)
#: A BLOB, a text with a NUL, at which SQLite's own functions end, or one that is no UTF-8: those
#: functions read it without complaint, so that only what they write anew tells.
_IS_NO_ID = (
    r"(typeof(\1) <> 'text' OR instr(\1, char(0)) OR \1 GLOB '*[^ -~]*' AND EXISTS ("
    r"WITH RECURSIVE place(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM place WHERE n < length(\1)) "
    r"SELECT 1 FROM place WHERE char(unicode(substr(\1, n, 1))) <> substr(\1, n, 1) "
    # Noncharacters, which are UTF-8 all the same.
    r"AND hex(substr(\1, n, 1)) NOT IN ('EFBFBE', 'EFBFBF')))"
)


def _files() -> Iterator[tuple[str, str]]:
    folder = resources.files("continuation_cli.store") / "migrations"
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".sql"):
            yield file.name.removesuffix(".sql"), file.read_text(encoding="utf-8")


def _statements(sql: str) -> Iterator[str]:
    """Split a script; `executescript` would commit the transaction that a migration runs in."""
    statement = ""
    for line in sql.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            statement = re.sub(r"is_time\((\w+)\)", _TIME, statement)
            statement = re.sub(r"is_no_id\(([\w.]+)\)", _IS_NO_ID, statement)
            yield re.sub(r"first_waiting\(([\w.]+)\)", _FIRST_WAITING, statement)
            statement = ""


def _migration(number: int, sql: str) -> Callable[[sqlite_utils.Database], None]:
    def apply(database: sqlite_utils.Database) -> None:
        for statement in _statements(sql):
            database.conn.execute(statement)
        database.conn.execute(f"PRAGMA user_version = {number}")

    return apply


for _number, (_name, _sql) in enumerate(_files(), start=1):
    migrations(name=_name)(_migration(_number, _sql))


@cache
def definitions() -> dict[str, str | None]:
    """The SQL of each table, index and trigger that a database of ours has, by name."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        migrations.apply(sqlite_utils.Database(connection))
        return dict(connection.execute("SELECT name, sql FROM sqlite_schema").fetchall())
    finally:
        connection.close()


def create(path: str, now: datetime) -> None:
    """Make a new database with its first signing key, readable by its owner only.

    Raises FileExistsError if there is a file already.
    """
    # O_EXCL: of two programs that create it at once, one wins; mode 0600 under any umask.
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    try:
        connection = sqlite3.connect(path, timeout=db.BUSY_TIMEOUT, isolation_level=None)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA application_id = {db.APPLICATION_ID}")
            migrations.apply(sqlite_utils.Database(connection))
            connection.execute(
                "INSERT INTO keys (kid, secret, created_at) VALUES (?, ?, ?)",
                (secrets.token_hex(4), secrets.token_bytes(32), times.to_text(now)),
            )
        finally:
            connection.close()
    except BaseException:
        Path(path).unlink(missing_ok=True)
        raise


def migrate(path: str) -> list[str]:
    """Apply the migrations that are missing; the names of those applied.

    Safe to kill: each migration is one transaction. Chats may be written meanwhile; sweeps and
    other migrations are kept out. Raises what `db.connect` raises.
    """
    connection = db.connect(path, any_schema=True)
    lock = SweepLock(path)
    try:
        (version,) = connection.execute("PRAGMA user_version").fetchone()
        if version > db.SCHEMA_VERSION:
            db.connect(path).close()
        database = sqlite_utils.Database(connection)
        if not migrations.pending(database):
            return []
        if not lock.acquire_within(db.BUSY_TIMEOUT):
            raise db.BusyError(f"{path} is being swept or migrated by another program; try again")
        names = [migration.name for migration in migrations.pending(database)]
        with db.translated(path):
            migrations.apply(database)
        return names
    finally:
        lock.release()
        connection.close()
