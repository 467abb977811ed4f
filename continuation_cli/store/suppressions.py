"""Addresses that must not be mailed, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from continuation_cli.core import addresses, times

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime


def reason_for(connection: sqlite3.Connection, address: str | None) -> str | None:
    """Why an address must not be mailed, or None."""
    if not address:
        return None
    row = connection.execute(
        "SELECT reason FROM suppressions WHERE address = ?", (addresses.normalise(address),)
    ).fetchone()
    return row["reason"] if row else None


def add(
    connection: sqlite3.Connection, address: str, reason: str, source: str, now: datetime
) -> bool:
    """Never mail an address again, until it is removed; False if it was suppressed already."""
    changed = connection.execute(
        "INSERT INTO suppressions (address, reason, source, created_at) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (address) DO NOTHING",
        (addresses.normalise(address), reason, source, times.to_text(now)),
    )
    return changed.rowcount == 1


def listed(connection: sqlite3.Connection) -> list[sqlite3.Row]:
    """All suppressed addresses, newest first."""
    return connection.execute(
        "SELECT address, reason, source, created_at FROM suppressions "
        "ORDER BY created_at DESC, address"
    ).fetchall()


def remove(connection: sqlite3.Connection, address: str) -> bool:
    """Let an address be mailed again; False if it was not suppressed."""
    changed = connection.execute(
        "DELETE FROM suppressions WHERE address = ?", (addresses.normalise(address),)
    )
    return changed.rowcount == 1
