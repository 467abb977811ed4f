"""Second attempts: emails that were recorded before and have not certainly left. Each function is
part of a transaction that the caller holds (`db.writing`), unless it only reads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from continuation_cli.core import times
from continuation_cli.store import outbox

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

    from continuation_cli.store.outbox import Claimed


class Retry(NamedTuple):
    """An email whose next attempt has come: it was to be tried again at `due_at`."""

    id: int
    conversation: str
    channel: str
    in_doubt: bool
    created_at: datetime
    due_at: datetime


_RETRY = "SELECT id, conversation, channel, in_doubt, created_at, next_attempt_at FROM emails "


def _retry(row: sqlite3.Row) -> Retry:
    return Retry(
        row["id"], row["conversation"], row["channel"], bool(row["in_doubt"]),
        times.from_text(row["created_at"]), times.from_text(row["next_attempt_at"]),
    )  # fmt: skip


def due(
    connection: sqlite3.Connection, now: datetime, *, after: int = 0, limit: int = 200
) -> list[Retry]:
    """The emails whose next attempt has come, by id."""
    rows = connection.execute(
        # The plus signs keep the planner from walking all emails by id.
        _RETRY + "WHERE next_attempt_at <= ? AND +id > ? ORDER BY +id LIMIT ?",
        (times.to_text(now), after, limit),
    )
    return [_retry(row) for row in rows]


def one(connection: sqlite3.Connection, email: int, now: datetime) -> Retry | None:
    """The email as it is now; None if its next attempt has not come, or was taken back."""
    row = connection.execute(
        _RETRY + "WHERE id = ? AND next_attempt_at <= ?", (email, times.to_text(now))
    ).fetchone()
    return _retry(row) if row else None


def start(connection: sqlite3.Connection, email: int, now: datetime) -> Claimed:
    """Claim an email that is due for another attempt, exactly as it was. Raises ValueError for a
    row that somebody else has written and that cannot be sent.
    """
    connection.execute(
        "UPDATE emails SET state = 'sending', attempts = attempts + 1, next_attempt_at = NULL "
        "WHERE id = ?",
        (email,),
    )
    claimed = outbox.claimed(connection, email)
    if not isinstance(claimed.envelope.message, bytes):
        raise ValueError("what is recorded as its message is text; expected octets (a BLOB)")
    outbox.open_attempt(connection, email, claimed.attempts, times.to_text(now))
    return claimed


def replaceable(connection: sqlite3.Connection, conversation: str) -> tuple[int, ...]:
    """The conversation's deferred emails that certainly have not left: a new email takes their
    messages over.
    """
    rows = connection.execute(
        "SELECT id FROM emails WHERE conversation = ? AND state = 'deferred' AND NOT in_doubt "
        "ORDER BY id",
        (conversation,),
    )
    return tuple(row["id"] for row in rows)


# --- Not now, or never ------------------------------------------------------------------------


def put_off(connection: sqlite3.Connection, email: int, until: datetime, why: str) -> None:
    """Leave an email that cannot be tried alone until then, so that the rest goes on."""
    connection.execute(
        "UPDATE emails SET next_attempt_at = ?, detail = ? "
        "WHERE id = ? AND next_attempt_at IS NOT NULL",
        (times.to_text(until), why, email),
    )


def give_up(
    connection: sqlite3.Connection, email: int, state: str, now: datetime, detail: str
) -> None:
    """Try no more: the email has `failed`, or is `unknown` for good and waits for a person."""
    connection.execute(
        "UPDATE emails SET state = ?, detail = ?, next_attempt_at = NULL, finished_at = ? "
        "WHERE id = ? AND state IN ('deferred', 'unknown')",
        (state, detail, times.to_text(now) if state == "failed" else None, email),
    )


def pull_back(connection: sqlite3.Connection, now: datetime, latest: datetime) -> None:
    """Try at once what would be tried only after `latest`: a clock that was ahead has set that."""
    connection.execute(
        "UPDATE emails SET next_attempt_at = ? WHERE next_attempt_at > ?",
        (times.to_text(now), times.to_text(latest)),
    )


# --- Orphans ----------------------------------------------------------------------------------


def orphans(connection: sqlite3.Connection) -> list[Claimed]:
    """Emails that a sweep which died was sending: nobody can say whether they were accepted
    (RFC 1047). Asked by the holder of the sweep's lock, so that nobody else is sending them.
    """
    rows = connection.execute("SELECT id FROM emails WHERE state = 'sending' ORDER BY id")
    return [outbox.claimed(connection, row["id"]) for row in rows.fetchall()]


def doubts(connection: sqlite3.Connection, email: int) -> int:
    """After how many of its attempts nobody could say whether they were accepted."""
    (count,) = connection.execute(
        "SELECT count(*) FROM attempts WHERE email = ? AND outcome = 'unknown'", (email,)
    ).fetchone()
    return int(count)


def adopt(
    connection: sqlite3.Connection, orphan: Claimed, now: datetime, resend_at: datetime | None
) -> None:
    """Record an orphan as of unknown fate, to be sent again at `resend_at`, if at all."""
    why = "the sweep ended while sending it"
    outbox.close_attempt(connection, orphan, now, "unknown", None, None, why)
    outbox.finish(connection, orphan.id, "unknown", now, why, resend_at)
