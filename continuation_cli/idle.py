"""Cron's question of every minute, while the answer is that there is nothing to do.

It is put without click, which takes longer to load than all the rest. Anything but the plain
command, an idle database and nobody at a terminal is left to the command line proper, which then
says all that there is to say.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from continuation_cli.core import times
from continuation_cli.store import db, queue
from continuation_cli.store.lock import SweepLock

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def is_answered(arguments: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Whether the arguments ask for a sweep that has nothing to do: it has been done, then."""
    match arguments:
        case ["--db", database, "sweep"] | ["--db", database, "sweep", "-q" | "--quiet"]:
            pass
        case ["sweep"] | ["sweep", "-q" | "--quiet"]:
            database = environment.get("CONTINUATION_DB", "")
        case _:
            return False
    if not database or os.isatty(2):
        return False
    try:
        return _is_idle(database)
    except (db.StoreError, db.Error, OSError, ValueError):
        return False


def _is_idle(database: str) -> bool:
    connection = db.connect(database)
    lock = SweepLock(database)
    try:
        now = times.to_text(datetime.now(UTC))
        return lock.acquire() and queue.is_idle(connection, now)
    finally:
        lock.release()
        connection.close()
