"""Removing conversations that have long been over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from continuation_cli.core import times

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from datetime import datetime

_OLD = (
    "began_at < :cutoff "
    "AND NOT EXISTS (SELECT 1 FROM messages WHERE conversation = conversations.id "
    "AND (sent_at >= :cutoff OR seen_at >= :cutoff)) "
    "AND NOT EXISTS (SELECT 1 FROM pages WHERE conversation = conversations.id "
    "AND max(opened_at, ifnull(visible_at, ''), ifnull(hidden_at, ''), "
    "ifnull(last_active_at, ''), ifnull(closed_at, '')) >= :cutoff) "
    "AND NOT EXISTS (SELECT 1 FROM emails WHERE conversation = conversations.id "
    "AND (state IN ('sending', 'deferred', 'unknown') OR created_at >= :cutoff "
    "OR finished_at >= :cutoff)) "
    "AND NOT EXISTS (SELECT 1 FROM replies WHERE conversation = conversations.id "
    "AND (state = 'quarantined' OR received_at >= :cutoff)) "
    "AND NOT EXISTS (SELECT 1 FROM waiting WHERE conversation = conversations.id "
    "AND parked IS NULL)"
)


def old_conversations(
    connection: sqlite3.Connection, cutoff: datetime, *, after: str, limit: int
) -> list[str]:
    """Conversations in which nothing has happened since `cutoff`, by id."""
    rows = connection.execute(
        f"SELECT id FROM conversations WHERE id > :after AND {_OLD} ORDER BY id LIMIT :limit",
        {"after": after, "cutoff": times.to_text(cutoff), "limit": limit},
    )
    return [row["id"] for row in rows]


def remove(connection: sqlite3.Connection, conversations: Sequence[str], cutoff: datetime) -> int:
    """Remove those that are still old, with all that belongs to them; how many were."""
    removed = 0
    for conversation in conversations:
        gone = connection.execute(
            f"DELETE FROM conversations WHERE id = :id AND {_OLD}",
            {"id": conversation, "cutoff": times.to_text(cutoff)},
        ).rowcount
        if gone:
            connection.execute("DELETE FROM emails WHERE conversation = ?", (conversation,))
            connection.execute("DELETE FROM replies WHERE conversation = ?", (conversation,))
        removed += gone
    return removed


_STRAYS = "FROM replies WHERE conversation IS NULL AND received_at < ?"


def has_strays(connection: sqlite3.Connection, cutoff: datetime) -> bool:
    """Whether there is a record of old mail that belonged to no conversation."""
    (found,) = connection.execute(
        f"SELECT EXISTS (SELECT 1 {_STRAYS})", (times.to_text(cutoff),)
    ).fetchone()
    return bool(found)


def remove_strays(connection: sqlite3.Connection, cutoff: datetime) -> int:
    """Remove the record of old mail that belonged to no conversation; how many there were."""
    return connection.execute(f"DELETE {_STRAYS}", (times.to_text(cutoff),)).rowcount


def is_used(connection: sqlite3.Connection, digest: str) -> bool:
    """Whether a file of the archive is named by something received."""
    row = connection.execute(
        "SELECT 1 FROM replies WHERE digest = ?1 UNION ALL "
        "SELECT 1 FROM reply_files WHERE digest = ?1 LIMIT 1",
        (digest,),
    ).fetchone()
    return row is not None
