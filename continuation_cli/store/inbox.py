"""The inbox: what was received, and what became of it. Each function is part of a transaction that
the caller holds (`db.writing`), unless it only reads.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from continuation_cli.core import times
from continuation_cli.store import suppressions

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable
    from datetime import datetime


class Answered(NamedTuple):
    """An email of ours that a received message is about, and the customer as known by now."""

    email: int
    conversation: str
    channel: str
    recipient: str
    created_at: datetime
    customer: str | None


class Entry(NamedTuple):
    """One received message, as it is recorded. `sent_at` is what its Date says."""

    identity: str
    digest: str
    size: int
    received_at: datetime
    kind: str
    state: str
    reason: str | None = None
    detail: str | None = None
    conversation: str | None = None
    email: int | None = None
    sender: str | None = None
    sender_name: str | None = None
    recipient: str | None = None
    subject: str | None = None
    message_id: str | None = None
    sent_at: datetime | None = None
    text: str | None = None
    message: str | None = None


class StoredFile(NamedTuple):
    """A file that a reply brought: kept in the archive under its digest. `size` is in octets."""

    digest: str
    name: str
    content_type: str
    size: int


class Posting(NamedTuple):
    """What a reply becomes in the chat. `name` is given where it was not the customer who wrote."""

    message: str
    text: str
    sent_at: datetime
    name: str | None = None
    files: tuple[StoredFile, ...] = ()


# --- Which email it is about --------------------------------------------------------------------

_ANSWERED = (
    "SELECT emails.id, emails.conversation, conversations.channel, recipient, created_at, "
    "conversations.email AS customer FROM emails "
    "JOIN conversations ON conversations.id = emails.conversation WHERE "
)


def by_token(connection: sqlite3.Connection, token: str) -> Answered | None:
    """The email that has this token, if its conversation is still there."""
    return _answered(connection, "token = ?", token)


def by_message_id(connection: sqlite3.Connection, message_ids: Iterable[str]) -> Answered | None:
    """The first email of ours among these Message-IDs."""
    for message_id in message_ids:
        found = _answered(connection, "message_id = ?", message_id)
        if found is not None:
            return found
    return None


def by_id(connection: sqlite3.Connection, email: int) -> Answered | None:
    """The email of that number."""
    return _answered(connection, "emails.id = ?", email)


def _answered(connection: sqlite3.Connection, where: str, value: object) -> Answered | None:
    row = connection.execute(_ANSWERED + where, (value,)).fetchone()
    if row is None:
        return None
    return Answered(
        row["id"], row["conversation"], row["channel"], row["recipient"],
        times.from_text(row["created_at"]), row["customer"],
    )  # fmt: skip


def sent(connection: sqlite3.Connection, email: int) -> tuple[list[str], bytes]:
    """The texts of the messages that an email held, as far as they are there, and its octets."""
    rows = connection.execute(
        "SELECT messages.text FROM emails JOIN email_messages AS held ON held.email = emails.id "
        "JOIN messages ON messages.conversation = emails.conversation "
        "AND messages.id = held.message WHERE emails.id = ? ORDER BY held.position",
        (email,),
    )
    texts = [row["text"] for row in rows]
    row = connection.execute("SELECT message FROM emails WHERE id = ?", (email,)).fetchone()
    return texts, row["message"] if row else b""


# --- Recording ------------------------------------------------------------------------------------


def known(
    connection: sqlite3.Connection, identity: str, digest: str, conversation: str | None
) -> sqlite3.Row | None:
    """What became of the same message when it came before: by its octets if they came for the same
    conversation, else by its identity."""
    row: sqlite3.Row | None = connection.execute(
        "SELECT * FROM replies WHERE identity = ?1 "
        "OR (digest = ?2 AND conversation IS ?3) ORDER BY digest <> ?2 LIMIT 1",
        (identity, digest, conversation),
    ).fetchone()
    return row


def record(connection: sqlite3.Connection, entry: Entry) -> int:
    """Record a received message; its number."""
    values = entry._asdict()
    for key in ("received_at", "sent_at"):
        values[key] = times.to_text(values[key]) if values[key] else None
    cursor = connection.execute(
        f"INSERT INTO replies ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})",
        tuple(values.values()),
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def post(
    connection: sqlite3.Connection, reply: int, about: Answered, posting: Posting, now: datetime
) -> None:
    """Make a recorded reply a message of the customer's in the chat.

    What the answered email and those before it held is seen; whether the email arrived is no
    question any more; a closed conversation opens again.
    """
    at = times.to_text(posting.sent_at)
    attachments = [
        {"name": f.name, "content_type": f.content_type, "size": f.size, "sha256": f.digest}
        for f in posting.files
    ]
    connection.execute(
        "INSERT INTO messages (conversation, id, author, via, name, text, attachments, sent_at) "
        "VALUES (?, ?, 'customer', 'email', ?, ?, ?, ?)",
        (
            about.conversation, posting.message, posting.name, posting.text,
            json.dumps(attachments) if attachments else None, at,
        ),
    )  # fmt: skip
    connection.executemany(
        "INSERT INTO reply_files (reply, position, digest, name, content_type, size) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        ((reply, position, *file) for position, file in enumerate(posting.files)),
    )
    connection.execute(
        "UPDATE messages SET seen_at = ?1 WHERE conversation = ?2 AND seen_at IS NULL "
        "AND author IN ('agent', 'bot') "
        "AND email IN (SELECT id FROM emails WHERE conversation = ?2 AND id <= ?3)",
        (at, about.conversation, about.email),
    )
    connection.execute(
        "UPDATE emails SET state = 'sent', next_attempt_at = NULL, finished_at = ?, "
        "detail = 'a reply to it came' WHERE id = ? AND state IN ('unknown', 'deferred')",
        (times.to_text(now), about.email),
    )
    connection.execute(
        "UPDATE conversations SET reopened_at = ? WHERE id = ? "
        "AND closed_at >= ifnull(reopened_at, '')",
        (times.to_text(now), about.conversation),
    )


def fail_email(connection: sqlite3.Connection, email: int, detail: str, now: datetime) -> bool:
    """A bounce came: the email has not reached the customer; False if that was known."""
    changed = connection.execute(
        "UPDATE emails SET state = 'failed', next_attempt_at = NULL, finished_at = ?, detail = ? "
        "WHERE id = ? AND state IN ('sending', 'sent', 'deferred', 'unknown')",
        (times.to_text(now), detail, email),
    )
    return changed.rowcount == 1


def suppress(
    connection: sqlite3.Connection, about: Answered, reason: str, source: str, now: datetime
) -> bool:
    """Never mail an email's recipient again; False if the address was suppressed already."""
    return suppressions.add(connection, about.recipient, reason, source, now)


# --- What people ask and decide -------------------------------------------------------------------

_LISTED = (
    "SELECT id, digest, size, received_at, kind, state, reason, detail, conversation, email, "
    "message, sender, sender_name, recipient, subject, message_id, sent_at, decided_at, "
    "decided_by, text FROM replies "
)


def listed(
    connection: sqlite3.Connection,
    *,
    state: str | None = None,
    kind: str | None = None,
    conversation: str | None = None,
    sender: str | None = None,
    limit: int = -1,
) -> list[sqlite3.Row]:
    """What was received, newest first. `sender` is an address, in whatever case."""
    return connection.execute(
        _LISTED + "WHERE (?1 IS NULL OR state = ?1) AND (?2 IS NULL OR kind = ?2) "
        "AND (?3 IS NULL OR conversation = ?3) AND (?4 IS NULL OR lower(sender) = lower(?4)) "
        "ORDER BY id DESC LIMIT ?5",
        (state, kind, conversation, sender, limit),
    ).fetchall()


def one(connection: sqlite3.Connection, reply: int) -> sqlite3.Row | None:
    """One received message."""
    row: sqlite3.Row | None = connection.execute(_LISTED + "WHERE id = ?", (reply,)).fetchone()
    return row


def files_of(connection: sqlite3.Connection, reply: int) -> list[StoredFile]:
    """The files that a posted reply brought, in order."""
    rows = connection.execute(
        "SELECT digest, name, content_type, size FROM reply_files WHERE reply = ? "
        "ORDER BY position",
        (reply,),
    )
    return [StoredFile(*row) for row in rows]


def accept(
    connection: sqlite3.Connection, reply: int, entry: Entry, now: datetime, by: str
) -> None:
    """Note that a person let a reply through, and what message it became."""
    connection.execute(
        "UPDATE replies SET state = 'posted', message = ?, text = ?, decided_at = ?, "
        "decided_by = ? WHERE id = ?",
        (entry.message, entry.text, times.to_text(now), by, reply),
    )


def reject(connection: sqlite3.Connection, reply: int, now: datetime, by: str) -> None:
    """Note that a person wants a quarantined reply kept out of the chat."""
    connection.execute(
        "UPDATE replies SET state = 'rejected', decided_at = ?, decided_by = ? WHERE id = ?",
        (times.to_text(now), by, reply),
    )
