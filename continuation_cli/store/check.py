"""Recomputing what triggers and sweeps derive, and comparing: the promise behind docs/schema.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from continuation_cli.core import schedule, times
from continuation_cli.store import activity, queue, schema
from continuation_cli.store.settings import SettingsReader

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator
    from datetime import datetime


#: A message is marked as in an email that was never sent with it.
_NOT_IN_ITS_EMAIL = (
    "messages.email IS NOT NULL AND NOT EXISTS (SELECT 1 FROM emails JOIN email_messages AS held "
    "ON held.email = emails.id WHERE emails.id = messages.email AND held.message = messages.id "
    "AND (emails.state <> 'cancelled' OR emails.in_doubt))"
)


def problems(connection: sqlite3.Connection, now: datetime) -> list[str]:
    """Everything that is wrong, a sentence each; an empty list if all is well."""
    return [
        *_file(connection),
        *schema_faults(connection),
        *_orphans(connection),
        *_unread(connection),
        *_emails(connection),
        *_queue(connection, now),
    ]


def _file(connection: sqlite3.Connection) -> Iterator[str]:
    for (line,) in connection.execute("PRAGMA integrity_check"):
        if line != "ok":
            yield f"SQLite's integrity check: {line}"


def schema_faults(connection: sqlite3.Connection) -> Iterator[str]:
    """A copy made by hand, or a restored dump, may lack the triggers that all else relies on."""
    found = dict(connection.execute("SELECT name, sql FROM sqlite_schema").fetchall())
    for name, sql in schema.definitions().items():
        if found.get(name) != sql:
            yield f"{name} of the schema is {'not as it should be' if name in found else 'missing'}"


def _orphans(connection: sqlite3.Connection) -> Iterator[str]:
    for row in connection.execute("PRAGMA foreign_key_check").fetchall():
        yield f"a row of {row[0]} belongs to no row of {row[2]}"


def _unread(connection: sqlite3.Connection) -> Iterator[str]:
    """A message counts as seen where the customer wrote after it, or read through a later one."""
    rows = connection.execute(
        "SELECT conversation, id FROM messages AS m WHERE author IN ('agent', 'bot') "
        "AND seen_at IS NULL AND (EXISTS (SELECT 1 FROM messages AS c "
        "WHERE c.conversation = m.conversation AND c.author = 'customer' AND c.via = 'chat' "
        "AND c.sent_at >= m.sent_at "
        "AND (c.sent_at, length(c.id), c.id) > (m.sent_at, length(m.id), m.id)) "
        "OR EXISTS (SELECT 1 FROM reads JOIN messages AS t "
        "ON t.conversation = reads.conversation AND t.id = reads.through "
        "WHERE reads.conversation = m.conversation "
        "AND (t.sent_at, length(t.id), t.id) >= (m.sent_at, length(m.id), m.id)))"
    )
    for row in rows:
        yield f"{row['conversation']}: {row['id']} is not marked as seen, but the customer saw it"


def _emails(connection: sqlite3.Connection) -> Iterator[str]:
    rows = connection.execute(
        "SELECT conversation, id, email, "
        "(SELECT state FROM emails WHERE emails.id = messages.email) AS state "
        f"FROM messages WHERE {_NOT_IN_ITS_EMAIL}"
    )
    for row in rows:
        state = row["state"] or "missing"
        if state not in ("missing", "cancelled"):
            state += ", but does not hold it"
        yield f"{row['conversation']}: {row['id']} is in email {row['email']}, which is {state}"


def _queue(connection: sqlite3.Connection, now: datetime) -> Iterator[str]:
    rows = {row["conversation"]: row for row in queue.entries(connection)}
    wanted = set(queue.waiting_by_rows(connection))
    for conversation_id in sorted(wanted - rows.keys()):
        yield f"{conversation_id}: has a message that waits, but is not in the queue"
    for conversation_id in sorted(rows.keys() - wanted):
        yield f"{conversation_id}: is in the queue, but none of its messages waits"
    settings = SettingsReader(connection)
    for conversation_id in sorted(wanted & rows.keys(), key=str):
        conversation = activity.conversation(connection, conversation_id, now)
        if conversation is None:
            yield f"{conversation_id}: its id is not text in UTF-8, so that nothing can be sent"
            continue
        check_at = rows[conversation_id]["check_at"]
        effective = settings.of(conversation.channel)
        if check_at is not None and check_at <= times.to_text(now):
            continue
        if isinstance(schedule.decide(conversation, effective, now), schedule.Due):
            yield f"{conversation_id}: is due, but the queue does not say so"
            continue
        look = schedule.next_look(conversation, effective, now)
        if look is not None and (check_at is None or check_at > times.to_text(look)):
            yield f"{conversation_id}: may be due at {times.to_text(look)}, before the queue's turn"


def repair(connection: sqlite3.Connection) -> None:
    """Derive anew: what the customer saw, which email a message is in, the queue."""
    connection.execute("UPDATE reads SET at = at")
    connection.execute(
        "UPDATE messages AS m SET seen_at = (SELECT min(c.sent_at) FROM messages AS c "
        "WHERE c.conversation = m.conversation AND c.author = 'customer' AND c.via = 'chat' "
        "AND (c.sent_at, length(c.id), c.id) > (m.sent_at, length(m.id), m.id)) "
        "WHERE author IN ('agent', 'bot') AND seen_at IS NULL"
    )
    connection.execute(f"UPDATE messages SET email = NULL WHERE {_NOT_IN_ITS_EMAIL}")
    queue.rebuild(connection)
