"""The outbox: emails, what they hold, their attempts. Each function is part of a transaction that
the caller holds (`db.writing`), unless it only reads.

States: `sending` -> `sent` | `deferred` | `failed` | `cancelled` | `unknown` (docs/outbox.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from continuation_cli.core import addresses, times
from continuation_cli.core.model import Envelope

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Sequence
    from datetime import datetime

    from continuation_cli.core.compose import Composed
    from continuation_cli.core.model import Message


class TakenError(Exception):
    """A message of the email to be recorded is in another email by now, or gone."""


class Claimed(NamedTuple):
    """An email that this program has the right to send, now."""

    id: int
    conversation: str
    channel: str
    attempts: int
    in_doubt: bool
    envelope: Envelope


# --- The claim --------------------------------------------------------------------------------


def claim(
    connection: sqlite3.Connection,
    composed: Composed,
    messages: Sequence[Message],
    *,
    conversation: str,
    channel: str,
    rule: str,
    token: str,
    reopen_url: str | None,
    now: datetime,
) -> Claimed:
    """Record an email as `sending`, with its bytes and its messages.

    From the commit on, the messages are in exactly this email. Raises TakenError.
    """
    at = times.to_text(now)
    cursor = connection.execute(
        "INSERT INTO emails (conversation, channel, rule, state, message_id, token, sender, "
        "recipient, subject, reply_to, reopen_url, message, created_at, attempts) "
        "VALUES (?, ?, ?, 'sending', ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)",
        (
            conversation, channel, rule, composed.message_id, token, composed.sender,
            composed.recipient, composed.subject, composed.reply_to, reopen_url,
            composed.message, at,
        ),
    )  # fmt: skip
    email = cursor.lastrowid
    assert email is not None
    connection.executemany(
        "INSERT INTO email_messages (email, position, message, revision) "
        "SELECT ?1, ?2, id, revision FROM messages WHERE conversation = ?3 AND id = ?4",
        ((email, position, conversation, m.id) for position, m in enumerate(messages)),
    )
    taken = connection.executemany(
        "UPDATE messages SET email = ? WHERE conversation = ? AND sent_at = ? AND id = ? "
        "AND email IS NULL",
        ((email, conversation, times.to_text(m.sent_at), m.id) for m in messages),
    )
    if taken.rowcount != len(messages):
        raise TakenError(f"of {len(messages)} messages only {taken.rowcount} are free")
    open_attempt(connection, email, 1, at)
    return Claimed(
        email, conversation, channel, attempts=1, in_doubt=False,
        envelope=Envelope(
            composed.sender, composed.recipient, composed.message, composed.message_id, now
        ),
    )  # fmt: skip


def open_attempt(connection: sqlite3.Connection, email: int, number: int, at: str) -> None:
    """Begin the record of an attempt."""
    connection.execute(
        "INSERT INTO attempts (email, number, started_at) VALUES (?, ?, ?)", (email, number, at)
    )


def claimed(connection: sqlite3.Connection, email: int) -> Claimed:
    """An email as it is to be sent."""
    row = connection.execute(
        "SELECT id, conversation, channel, attempts, in_doubt, sender, recipient, message, "
        "message_id, created_at FROM emails WHERE id = ?",
        (email,),
    ).fetchone()
    envelope = Envelope(
        row["sender"], row["recipient"], row["message"], row["message_id"],
        times.from_text(row["created_at"]),
    )  # fmt: skip
    return Claimed(
        row["id"], row["conversation"], row["channel"], row["attempts"], bool(row["in_doubt"]),
        envelope,
    )  # fmt: skip


# --- The last look ----------------------------------------------------------------------------

_HELD = (
    "email_messages AS held LEFT JOIN messages ON messages.conversation = emails.conversation "
    "AND messages.id = held.message WHERE held.email = emails.id"
)
_LOOK = (
    "SELECT recipient, in_doubt, conversations.email AS address, conversations.held_at, "
    "(SELECT value FROM settings WHERE key = 'enabled' AND settings.channel IN ('', "
    "emails.channel) ORDER BY settings.channel DESC LIMIT 1) AS enabled, "
    f"(SELECT count(*) FROM {_HELD} AND messages.seen_at IS NULL "
    "AND messages.deleted_at IS NULL AND messages.author IN ('agent', 'bot')) AS unseen, "
    f"(SELECT count(*) FROM {_HELD} AND (messages.id IS NULL OR messages.email IS NOT emails.id "
    "OR messages.seen_at IS NOT NULL OR messages.deleted_at IS NOT NULL "
    "OR messages.author NOT IN ('agent', 'bot') OR messages.revision <> held.revision)) AS changed "
    "FROM emails LEFT JOIN conversations ON conversations.id = emails.conversation "
    "WHERE emails.id = ?"
)


def objection(connection: sqlite3.Connection, email: int) -> str | None:
    """Why the email, as recorded, must not leave now; None if it may.

    An email that may already have been accepted is only stopped if nothing of it is left to tell.
    """
    row = connection.execute(_LOOK, (email,)).fetchone()
    if row is None:
        return "the email was removed"
    recipient, address = row["recipient"], row["address"] or ""
    suppressed = connection.execute(
        "SELECT reason FROM suppressions WHERE address IN (?, ?)",
        (addresses.normalise(recipient), addresses.normalise(address)),
    ).fetchone()
    moved = not addresses.same(recipient, address)
    is_off = (row["enabled"] or "").strip().lower() in ("off", "no", "false", "0")
    checks = (
        (suppressed, f"the address was suppressed ({suppressed['reason'] if suppressed else ''})"),
        (row["held_at"], "the conversation was held"),
        (is_off, "the channel was disabled"),
        (not row["unseen"], "its messages were seen or deleted"),
        (moved and not row["in_doubt"], "the customer's address changed"),
        (
            row["changed"] and not row["in_doubt"],
            "some of its messages were seen, edited or deleted",
        ),
    )
    return next((reason for applies, reason in checks if applies), None)


# --- Outcomes ---------------------------------------------------------------------------------


def finish(
    connection: sqlite3.Connection,
    email: int,
    state: str,
    now: datetime,
    detail: str,
    next_attempt_at: datetime | None = None,
) -> None:
    """Move an email that is being sent to `state`."""
    connection.execute(
        "UPDATE emails SET state = ?, detail = ?, next_attempt_at = ?, finished_at = ?, "
        "in_doubt = max(in_doubt, ? = 'unknown') WHERE id = ? AND state = 'sending'",
        (
            state, detail, times.to_text(next_attempt_at) if next_attempt_at else None,
            times.to_text(now) if state in ("sent", "failed", "cancelled") else None,
            state, email,
        ),
    )  # fmt: skip
    if state == "deferred":
        _wake(connection, email)


def _wake(connection: sqlite3.Connection, email: int) -> None:
    """An email that is deferred no longer counts towards daily_cap, as a new one replaces it: what
    else waits in its conversation may be due sooner.
    """
    connection.execute(
        "UPDATE waiting SET check_at = '' WHERE parked IS NULL "
        "AND conversation = (SELECT conversation FROM emails WHERE id = ?)",
        (email,),
    )


def close_attempt(
    connection: sqlite3.Connection,
    email: Claimed,
    now: datetime,
    outcome: str,
    stage: str | None,
    code: int | None,
    reply: str,
) -> None:
    """Complete the record of the attempt that is under way."""
    connection.execute(
        "UPDATE attempts SET finished_at = ?, outcome = ?, stage = ?, code = ?, reply = ? "
        "WHERE email = ? AND number = ?",
        (times.to_text(now), outcome, stage, code, reply, email.id, email.attempts),
    )


def take_back_attempt(connection: sqlite3.Connection, email: int, due_at: datetime) -> None:
    """The server was not to be had: the email waits as if nothing had been tried, due since
    `due_at`.
    """
    connection.execute(
        "DELETE FROM attempts WHERE email = ?1 "
        "AND number = (SELECT attempts FROM emails WHERE id = ?1)",
        (email,),
    )
    connection.execute(
        "UPDATE emails SET attempts = attempts - 1, next_attempt_at = ?, "
        "state = iif(in_doubt, 'unknown', 'deferred') WHERE id = ? AND state = 'sending'",
        (times.to_text(due_at), email),
    )
    _wake(connection, email)


def cancel(connection: sqlite3.Connection, email: int, now: datetime, detail: str) -> None:
    """Cancel an email that has not left. Its messages are free again; the unseen ones wait."""
    connection.execute(
        "UPDATE emails SET state = 'cancelled', detail = ?, finished_at = ?, "
        "next_attempt_at = NULL WHERE id = ?",
        (detail, times.to_text(now), email),
    )
    (in_doubt,) = connection.execute(
        "SELECT in_doubt FROM emails WHERE id = ?", (email,)
    ).fetchone()
    if not in_doubt:
        connection.execute(
            "UPDATE messages SET email = NULL WHERE email = ?1 "
            "AND conversation = (SELECT conversation FROM emails WHERE id = ?1)",
            (email,),
        )


# --- What people ask and change ----------------------------------------------------------------

_LISTED = (
    "SELECT id, conversation, channel, rule, state, recipient, subject, message_id, created_at, "
    "attempts, next_attempt_at, finished_at, detail, in_doubt FROM emails "
)


def listed(
    connection: sqlite3.Connection,
    *,
    state: str | None = None,
    channel: str | None = None,
    conversation: str | None = None,
    limit: int = -1,
) -> list[sqlite3.Row]:
    """Emails without their bytes, newest first."""
    return connection.execute(
        _LISTED + "WHERE (?1 IS NULL OR state = ?1) AND (?2 IS NULL OR channel = ?2) "
        "AND (?3 IS NULL OR conversation = ?3) ORDER BY id DESC LIMIT ?4",
        (state, channel, conversation, limit),
    ).fetchall()


def one(connection: sqlite3.Connection, email: int) -> sqlite3.Row | None:
    """One email, whole."""
    row: sqlite3.Row | None = connection.execute(
        "SELECT * FROM emails WHERE id = ?", (email,)
    ).fetchone()
    return row


def messages_of(connection: sqlite3.Connection, email: int) -> list[str]:
    """The ids of the messages that an email holds, in order."""
    rows = connection.execute(
        "SELECT message FROM email_messages WHERE email = ? ORDER BY position", (email,)
    )
    return [row["message"] for row in rows]


def attempts_of(connection: sqlite3.Connection, email: int) -> list[sqlite3.Row]:
    """Every attempt to send an email, first to last."""
    return connection.execute(
        "SELECT number, started_at, finished_at, outcome, stage, code, reply FROM attempts "
        "WHERE email = ? ORDER BY number",
        (email,),
    ).fetchall()


def retry_now(connection: sqlite3.Connection, email: int, now: datetime) -> bool:
    """Let the next sweep try a deferred or failed email again, as it was."""
    changed = connection.execute(
        "UPDATE emails SET state = 'deferred', next_attempt_at = ?, finished_at = NULL "
        "WHERE id = ? AND state IN ('deferred', 'failed')",
        (times.to_text(now), email),
    )
    _wake(connection, email)
    return changed.rowcount == 1


def schedule_resend(connection: sqlite3.Connection, email: int, at: datetime) -> None:
    """Send an email of unknown fate again at `at`, exactly as it was."""
    connection.execute(
        "UPDATE emails SET next_attempt_at = ? WHERE id = ? AND state = 'unknown'",
        (times.to_text(at), email),
    )


def resolve_sent(connection: sqlite3.Connection, email: int, now: datetime, by: str) -> bool:
    """A person knows that an email of unknown fate arrived."""
    changed = connection.execute(
        "UPDATE emails SET state = 'sent', next_attempt_at = NULL, finished_at = ?, detail = ? "
        "WHERE id = ? AND state = 'unknown'",
        (times.to_text(now), f"resolved as sent by {by}", email),
    )
    return changed.rowcount == 1


def failed_to(connection: sqlite3.Connection, address: str) -> list[int]:
    """The failed emails to an address, in whatever case it is written."""
    rows = connection.execute(
        "SELECT id FROM emails WHERE state = 'failed' AND lower(recipient) = lower(?) ORDER BY id",
        (address.strip(),),
    )
    return [row["id"] for row in rows]
