"""What is counted each minute. Every query costs by an index, or reads a bounded number of rows:
`emails` holds whole messages, and reading all of it would take gigabytes.
"""

from __future__ import annotations

import sqlite3
from threading import Timer
from typing import TYPE_CHECKING, NamedTuple

from continuation_cli.core import times
from continuation_cli.store import queue

if TYPE_CHECKING:
    from datetime import datetime

#: How many attempts are looked back at.
RECENT = 1000

#: The condition of the index emails_off_course, word for word.
_OFF_COURSE = "state IN ('deferred', 'failed', 'cancelled', 'unknown')"


class Queue(NamedTuple):
    """The queue by the sweep's own reckoning: how many conversations the next sweep looks at, how
    many have their turn later, how many wait for a change, by reason."""

    queued: int
    waiting: int
    parked: dict[str, int]


class Emails(NamedTuple):
    """The outbox. `recorded` counts what was removed since, too; `held` of those unknown wait for a
    person; `attempts` are the outcomes of the last ones of the newest emails."""

    recorded: int
    states: dict[str, int]
    held: int
    attempts: dict[str, int]
    last_sent_at: datetime | None


class Replies(NamedTuple):
    """The inbox, by kind and state. `received` counts what was removed since, too."""

    received: int
    states: dict[tuple[str, str], int]
    last_at: datetime | None

    @property
    def quarantined(self) -> int:
        """How many wait for a person."""
        return sum(number for (_, state), number in self.states.items() if state == "quarantined")


def the_queue(connection: sqlite3.Connection, now: datetime) -> Queue:
    """Count the queue."""
    queued = queue.turns(connection, times.to_text(now))
    return Queue(queued, queue.turns(connection) - queued, dict(queue.parked(connection)))


def emails(connection: sqlite3.Connection) -> Emails:
    """Count the outbox."""
    off_course = connection.execute(
        "SELECT state, count(*) AS number, count(*) - count(next_attempt_at) AS unscheduled "
        f"FROM emails WHERE {_OFF_COURSE} GROUP BY state"
    ).fetchall()
    states = {row["state"]: row["number"] for row in off_course}
    states["sending"] = _number(connection, "SELECT count(*) FROM emails WHERE state = 'sending'")
    states["sent"] = _number(connection, "SELECT count(*) FROM emails") - sum(states.values())
    attempts = connection.execute(
        "SELECT outcome, count(*) AS number FROM (SELECT outcome FROM attempts "
        f"ORDER BY email DESC, number DESC LIMIT {RECENT}) "
        "WHERE outcome IS NOT NULL GROUP BY outcome"
    )
    (last,) = connection.execute(
        "SELECT max(finished_at) FROM (SELECT finished_at FROM attempts WHERE outcome = 'sent' "
        f"ORDER BY email DESC, number DESC LIMIT {RECENT})"
    ).fetchone()
    return Emails(
        recorded=_ever(connection, "emails"),
        states=states,
        held=sum(row["unscheduled"] for row in off_course if row["state"] == "unknown"),
        attempts={row["outcome"]: row["number"] for row in attempts},
        last_sent_at=times.maybe(last),
    )


def replies(connection: sqlite3.Connection) -> Replies:
    """Count the inbox."""
    rows = connection.execute("SELECT kind, state, count(*) AS n FROM replies GROUP BY kind, state")
    last = connection.execute("SELECT received_at FROM replies ORDER BY id DESC LIMIT 1").fetchone()
    return Replies(
        received=_ever(connection, "replies"),
        states={(row["kind"], row["state"]): row["n"] for row in rows},
        last_at=times.from_text(last["received_at"]) if last else None,
    )


def suppressions(connection: sqlite3.Connection) -> dict[str, int]:
    """How many addresses are suppressed, by reason."""
    rows = connection.execute("SELECT reason, count(*) AS n FROM suppressions GROUP BY reason")
    return {row["reason"]: row["n"] for row in rows}


def channels(connection: sqlite3.Connection) -> list[str]:
    """The channels' ids."""
    return [row["id"] for row in connection.execute("SELECT id FROM channels ORDER BY id")]


def size(connection: sqlite3.Connection) -> int:
    """The database's size in octets, without its write-ahead log."""
    pages = _number(connection, "PRAGMA page_count")
    return pages * _number(connection, "PRAGMA page_size")


def _number(connection: sqlite3.Connection, query: str) -> int:
    (number,) = connection.execute(query).fetchone()
    return int(number)


def _ever(connection: sqlite3.Connection, table: str) -> int:
    """How many rows a table has ever been given: AUTOINCREMENT never falls back."""
    row = connection.execute(
        "SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)
    ).fetchone()  # fmt: skip
    return int(row["seq"]) if row else 0


# --- What only `doctor` asks --------------------------------------------------------------------


def latest(connection: sqlite3.Connection) -> dict[str, datetime]:
    """The newest time that this program itself has written, by what it is the time of."""
    queries = {
        "sweep": "SELECT last_parked_at AS at FROM sweeps",
        "attempt to send": "SELECT started_at AS at FROM attempts ORDER BY email DESC, number DESC "
        "LIMIT 1",
        "reply": "SELECT received_at AS at FROM replies ORDER BY id DESC LIMIT 1",
        "change of a setting": "SELECT at FROM settings_history ORDER BY id DESC LIMIT 1",
    }
    found = {name: connection.execute(query).fetchone() for name, query in queries.items()}
    return {name: times.from_text(row["at"]) for name, row in found.items() if row}


def has_pages(connection: sqlite3.Connection, channel: str) -> bool:
    """Whether it is known of any page of a channel where it is; some of its chats are looked at."""
    row = connection.execute(
        "SELECT 1 FROM (SELECT id FROM conversations WHERE channel = ? LIMIT 1000) AS some "
        "JOIN pages ON pages.conversation = some.id WHERE url LIKE 'http%' LIMIT 1",
        (channel,),
    ).fetchone()
    return row is not None


def has_conversations(connection: sqlite3.Connection, channel: str) -> bool:
    """Whether there is any chat in a channel."""
    row = connection.execute(
        "SELECT 1 FROM conversations WHERE channel = ? LIMIT 1", (channel,)
    ).fetchone()
    return row is not None


def fault(connection: sqlite3.Connection, patience: float) -> tuple[str | None, bool]:
    """The first fault of the file that SQLite's quick check finds, and whether it came to its end
    within `patience` seconds.
    """
    timer = Timer(patience, connection.interrupt)
    timer.start()
    try:
        (line,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        return None, False
    finally:
        timer.cancel()
        timer.join()
    return (None if line == "ok" else line), True
