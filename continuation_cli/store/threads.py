"""The thread of emails that a conversation is for its customer's mail program."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import sqlite3


class Thread(NamedTuple):
    """The emails that went to and fro: their Message-IDs, oldest first, and their subject."""

    references: tuple[str, ...]
    subject: str | None


def thread(connection: sqlite3.Connection, conversation: str) -> Thread:
    """What the next email of a conversation follows: every email that may have arrived, and every
    reply that was posted."""
    rows = connection.execute(
        "SELECT message_id, subject, created_at AS at FROM emails WHERE conversation = ?1 "
        "AND (state IN ('sent', 'sending') OR in_doubt) UNION ALL "
        "SELECT message_id, NULL, received_at FROM replies WHERE conversation = ?1 "
        "AND state = 'posted' AND message_id IS NOT NULL ORDER BY at",
        (conversation,),
    ).fetchall()
    subject = next((row["subject"] for row in rows if row["subject"] is not None), None)
    return Thread(tuple(row["message_id"] for row in rows), subject)
