"""Reading what the chat wrote: conversations, pages, messages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from continuation_cli.core import times
from continuation_cli.core.model import Attachment, Conversation, Message, Page
from continuation_cli.core.schedule import CAP_WINDOW
from continuation_cli.store import suppressions

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterator
    from datetime import datetime

#: Messages stand in this order everywhere; ties are broken so that m9 comes before m10.
ORDER = "sent_at, length(id), id"

#: Characters of the longest id that a conversation has.
_LONGEST_ID = 200


def _attachments(text: str | None) -> tuple[Attachment, ...]:
    if text is None:
        return ()
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError):  # the message can be read without them
        return ()
    found = []
    for entry in entries:
        if isinstance(entry, dict) and isinstance(entry.get("name"), str):
            size, url = entry.get("size"), entry.get("url")
            kind, digest = entry.get("content_type"), entry.get("sha256")
            found.append(
                Attachment(
                    entry["name"],
                    url if isinstance(url, str) else None,
                    size if isinstance(size, int) and size >= 0 else None,
                    kind if isinstance(kind, str) else None,
                    digest if isinstance(digest, str) else None,
                )
            )
    return tuple(found)


# Columns by place: by name, each costs a comparison with all those before it.
_MESSAGE = (
    "id, author, text, sent_at, name, format, via, seen_at, edited_at, deleted_at, email, "
    "attachments"
)


def _message(row: sqlite3.Row) -> Message:
    """A message from its row of `_MESSAGE`."""
    key, author, text, sent_at, name, form, via, seen, edited, deleted, email, files = row
    return Message(
        key, author, text, times.from_text(sent_at), name, form, via, times.maybe(seen),
        times.maybe(edited), times.maybe(deleted), email, _attachments(files),
    )  # fmt: skip


def to_page(row: sqlite3.Row) -> Page:
    """A page from its row."""
    return Page(
        id=row["id"],
        url=row["url"],
        opened_at=times.from_text(row["opened_at"]),
        visible_at=times.maybe(row["visible_at"]),
        hidden_at=times.maybe(row["hidden_at"]),
        last_active_at=times.maybe(row["last_active_at"]),
        closed_at=times.maybe(row["closed_at"]),
    )


def messages(connection: sqlite3.Connection, conversation: str) -> list[Message]:
    """All messages of a conversation, oldest first; notes, system and deleted ones too."""
    rows = connection.execute(
        f"SELECT {_MESSAGE} FROM messages WHERE conversation = ? ORDER BY {ORDER}", (conversation,)
    )
    return [_message(row) for row in rows]


def recap(
    connection: sqlite3.Connection, conversation: str, before: Message, count: int
) -> list[Message]:
    """The last `count` messages that a customer may see before `before`, oldest first."""
    rows = connection.execute(
        f"SELECT {_MESSAGE} FROM messages WHERE conversation = ? AND sent_at <= ? "
        "AND (sent_at, length(id), id) < (?, length(?), ?) "
        "AND author IN ('agent', 'bot', 'customer') AND deleted_at IS NULL "
        "ORDER BY sent_at DESC, length(id) DESC, id DESC LIMIT ?",
        (conversation, *[times.to_text(before.sent_at)] * 2, before.id, before.id, count),
    )
    return [_message(row) for row in rows][::-1]


def unseen(
    connection: sqlite3.Connection, conversation: str, freed: Collection[int] = ()
) -> list[Message]:
    """What `decide` calls unseen: see `Conversation.unseen`. As if the emails `freed` had been
    cancelled.
    """
    rows: list[sqlite3.Row] = []
    for email in (None, *freed):
        rows += connection.execute(
            f"SELECT {_MESSAGE} FROM messages INDEXED BY messages_unseen WHERE conversation = ? "
            "AND author IN ('agent', 'bot') AND seen_at IS NULL AND email IS ? "
            f"AND deleted_at IS NULL ORDER BY {ORDER}",
            (conversation, email),
        )
    if freed:
        rows.sort(key=lambda row: (row["sent_at"], len(row["id"]), row["id"]))
    return [_message(row) for row in rows]


def conversation(
    connection: sqlite3.Connection,
    conversation_id: str,
    now: datetime,
    *,
    freed: Collection[int] = (),
) -> Conversation | None:
    """All that `decide` needs of one conversation, or None if there is no such conversation. As if
    the emails `freed` had been cancelled.
    """
    row = connection.execute(
        "SELECT * FROM conversations WHERE id = ?", (conversation_id,)
    ).fetchone()
    if row is None:
        return None
    pages = connection.execute("SELECT * FROM pages WHERE conversation = ?", (conversation_id,))
    # A deferred email that certainly has not left does not count: a new one replaces it.
    emailed = connection.execute(
        "SELECT id, created_at FROM emails WHERE conversation = ? AND created_at > ? "
        "AND state <> 'cancelled' AND NOT (state = 'deferred' AND NOT in_doubt) "
        "ORDER BY created_at",
        (conversation_id, times.to_text(now - CAP_WINDOW)),
    )
    return Conversation(
        id=row["id"],
        channel=row["channel"],
        began_at=times.from_text(row["began_at"]),
        email=row["email"],
        name=row["name"],
        locale=row["locale"],
        held_at=times.maybe(row["held_at"]),
        set_aside_until=times.maybe(row["set_aside_until"]),
        suppression=suppressions.reason_for(connection, row["email"]),
        link_generation=row["link_generation"],
        emailed_at=tuple(times.from_text(at) for email, at in emailed if email not in freed),
        pages=tuple(to_page(page) for page in pages),
        unseen=tuple(unseen(connection, conversation_id, freed)),
    )


def details(connection: sqlite3.Connection, conversation_id: str) -> sqlite3.Row | None:
    """The conversation's own row: hold, closing, link generation."""
    row: sqlite3.Row | None = connection.execute(
        "SELECT * FROM conversations WHERE id = ?", (conversation_id,)
    ).fetchone()
    return row


def like(connection: sqlite3.Connection, conversation_id: str) -> list[str]:
    """A few conversations whose ids begin alike, for an error that helps."""
    for length in range(min(len(conversation_id), _LONGEST_ID), 0, -1):
        start = conversation_id[:length]
        rows = connection.execute(
            "SELECT id FROM conversations WHERE id >= ? AND id < ? LIMIT 3",
            (start, start + "\U0010ffff"),
        ).fetchall()
        if rows:
            return [row["id"] for row in rows]
    return []


def every_conversation(connection: sqlite3.Connection, channel: str | None) -> Iterator[str]:
    """The ids of all conversations, in order."""
    rows = connection.execute(
        "SELECT id FROM conversations WHERE ?1 IS NULL OR channel = ?1 ORDER BY id", (channel,)
    )
    return (row["id"] for row in rows)


# --- Channels ---------------------------------------------------------------------------------


def channels(connection: sqlite3.Connection) -> list[sqlite3.Row]:
    """Each channel with the number of its conversations."""
    return connection.execute(
        "SELECT id, name, created_at, (SELECT count(*) FROM conversations "
        "WHERE channel = channels.id) AS conversations FROM channels ORDER BY id"
    ).fetchall()


def channel_name(connection: sqlite3.Connection, channel: str) -> str | None:
    """The name people know the channel by: its own, else its id. None: no such channel."""
    row = connection.execute("SELECT id, name FROM channels WHERE id = ?", (channel,)).fetchone()
    return (row["name"] or row["id"]) if row else None


def add_channel(connection: sqlite3.Connection, channel: str, name: str | None) -> bool:
    """Add a channel, or rename one; whether it was new."""
    row = connection.execute("SELECT 1 FROM channels WHERE id = ?", (channel,)).fetchone()
    connection.execute(
        "INSERT INTO channels (id, name) VALUES (?, ?) "
        "ON CONFLICT (id) DO UPDATE SET name = ifnull(excluded.name, name)",
        (channel, name),
    )
    return row is None


# --- What a person changes --------------------------------------------------------------------


def hold(
    connection: sqlite3.Connection, conversation_id: str, now: datetime, by: str, why: str | None
) -> bool:
    """Hold a conversation's emails; False if they were held already."""
    changed = connection.execute(
        "UPDATE conversations SET held_at = ?, held_by = ?, held_why = ? "
        "WHERE id = ? AND held_at IS NULL",
        (times.to_text(now), by, why, conversation_id),
    )
    return changed.rowcount == 1


def release(connection: sqlite3.Connection, conversation_id: str) -> bool:
    """Release a held conversation; False if it was not held."""
    changed = connection.execute(
        "UPDATE conversations SET held_at = NULL, held_by = NULL, held_why = NULL "
        "WHERE id = ? AND held_at IS NOT NULL",
        (conversation_id,),
    )
    return changed.rowcount == 1


def revoke_links(connection: sqlite3.Connection, conversation_id: str) -> bool:
    """End all reopen links of a conversation; False if there is no such conversation."""
    changed = connection.execute(
        "UPDATE conversations SET link_generation = link_generation + 1 WHERE id = ?",
        (conversation_id,),
    )
    return changed.rowcount == 1


def set_aside(
    connection: sqlite3.Connection, conversation_id: str, until: datetime, why: str
) -> None:
    """Leave a conversation that breaks alone for a while, so that the rest goes on."""
    connection.execute(
        "UPDATE conversations SET set_aside_until = ?, set_aside_why = ? WHERE id = ?",
        (times.to_text(until), why, conversation_id),
    )


def forget_set_aside(connection: sqlite3.Connection, conversation_id: str) -> None:
    """What broke has gone through."""
    connection.execute(
        "UPDATE conversations SET set_aside_until = NULL, set_aside_why = NULL "
        "WHERE id = ? AND set_aside_until IS NOT NULL",
        (conversation_id,),
    )
