"""What the sweep looks for: the rows of `waiting`, which triggers keep. See docs/schema.md."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from continuation_cli.core import times

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator


class Candidate(NamedTuple):
    """A conversation to look at, and the place in the queue where it stood."""

    check_at: str
    conversation: str


#: Ahead of every candidate.
START = Candidate("", "")

#: No attempt is put off for longer than `delivery.BACKOFF` has it; as stored, from ?1 on.
_LONGEST_WAIT = "strftime('%Y-%m-%dT%H:%M:%fZ', ?1, '+4 hours')"

#: Later than any turn.
_FOREVER = datetime.max.replace(tzinfo=UTC)

_FIND = (
    "SELECT check_at, conversation FROM waiting WHERE check_at <= ? "
    "AND (check_at, conversation) > (?, ?) {also} ORDER BY check_at, conversation LIMIT ?"
)


def find(
    connection: sqlite3.Connection,
    now: datetime,
    *,
    after: Candidate = START,
    limit: int = 500,
    channel: str | None = None,
) -> list[Candidate]:
    """The next conversations that may be due, longest waiting first.

    Its cost is that of the rows it returns, however many wait or are stored: with a channel it
    passes over the other channels' candidates, no more. An id that is not UTF-8 is read as another,
    after which it would be found again: that ends the search.
    """
    also = "AND (SELECT channel FROM conversations WHERE id = waiting.conversation) = ?"
    query = _FIND.format(also=also if channel else "")
    values = [times.to_text(now), *after, *([channel] if channel else []), limit]
    found = [Candidate(*row) for row in connection.execute(query, values)]
    return found if found[-1:] != [after] else []


def upcoming(
    connection: sqlite3.Connection, *, after: Candidate, limit: int, channel: str | None
) -> list[Candidate]:
    """The next conversations that have a turn, whenever that is, in the order of their turns."""
    return find(connection, _FOREVER, after=after, limit=limit, channel=channel)


def has_turn(connection: sqlite3.Connection, conversation: str) -> bool:
    """Whether the sweep will look at a conversation by itself, though nothing changes."""
    row = connection.execute(
        "SELECT 1 FROM waiting WHERE conversation = ? AND check_at IS NOT NULL", (conversation,)
    ).fetchone()
    return row is not None


def turns(connection: sqlite3.Connection, until: str = "~") -> int:
    """How many conversations have a turn, by the time `until` as it is stored."""
    (count,) = connection.execute(
        "SELECT count(*) FROM waiting WHERE check_at <= ?", (until,)
    ).fetchone()
    return int(count)


def is_idle(connection: sqlite3.Connection, now_text: str) -> bool:
    """Whether a sweep at `now` has nothing to look at: no candidate, no unfinished email, nothing
    that a clock which was ahead has put off.
    """
    row = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM waiting WHERE check_at <= ?1) "
        "OR EXISTS (SELECT 1 FROM emails WHERE state = 'sending') "
        "OR EXISTS (SELECT 1 FROM emails WHERE next_attempt_at <= ?1) "
        f"OR EXISTS (SELECT 1 FROM emails WHERE next_attempt_at > {_LONGEST_WAIT}) "
        "OR EXISTS (SELECT 1 FROM sweeps WHERE last_parked_at > ?1)",
        (now_text,),
    ).fetchone()
    return not row[0]


def has_at_least(connection: sqlite3.Connection, number: int, now: datetime) -> bool:
    """Whether a sweep at `now` has so many conversations and emails to look at."""
    row = connection.execute(
        "SELECT count(*) FROM (SELECT 1 FROM waiting WHERE check_at <= ?1 "
        "UNION ALL SELECT 1 FROM emails WHERE next_attempt_at <= ?1 LIMIT ?2)",
        (times.to_text(now), number),
    ).fetchone()
    return int(row[0]) == number


def postpone(
    connection: sqlite3.Connection, conversation: str, check_at: datetime | None, parked: str
) -> None:
    """Look at the conversation again at `check_at`; None: when something has changed."""
    if check_at is None:
        values: tuple[str | None, str | None] = (None, parked)
    else:
        values = (times.to_text(check_at), None)
    connection.execute(
        "UPDATE waiting SET check_at = ?, parked = ? WHERE conversation = ?",
        (*values, conversation),
    )


def record_parking(connection: sqlite3.Connection, now: datetime) -> None:
    """Remember when turns and next attempts were set, for `clock_went_back`."""
    connection.execute(
        "INSERT INTO sweeps (id, last_parked_at) VALUES (1, ?) "
        "ON CONFLICT (id) DO UPDATE "
        "SET last_parked_at = max(last_parked_at, excluded.last_parked_at)",
        (times.to_text(now),),
    )


def clock_went_back(connection: sqlite3.Connection, now: datetime) -> bool:
    """Whether an earlier sweep's clock was ahead of `now`: what it put off may be due earlier."""
    row = connection.execute(
        "SELECT 1 FROM sweeps WHERE last_parked_at > ?", (times.to_text(now),)
    ).fetchone()
    return row is not None


def wake_expired(connection: sqlite3.Connection, now: datetime) -> None:
    """Look again at everything whose turn was set by a clock; asked when the clock went back."""
    connection.execute(
        "UPDATE waiting SET parked = NULL, check_at = '' "
        "WHERE parked IS NULL OR parked IN ('expired', 'rule_off')"
    )
    connection.execute("UPDATE sweeps SET last_parked_at = ?", (times.to_text(now),))


def wake_set_aside(connection: sqlite3.Connection, now: datetime, latest: datetime) -> None:
    """Look again at what was set aside for longer than until `latest`; asked when the clock went
    back.
    """
    connection.execute(
        "UPDATE conversations SET set_aside_until = ? WHERE set_aside_until > ? "
        "AND id IN (SELECT conversation FROM waiting)",
        (times.to_text(now), times.to_text(latest)),
    )


def parked(connection: sqlite3.Connection) -> list[tuple[str, int]]:
    """How many conversations are parked, by reason."""
    rows = connection.execute(
        "SELECT parked, count(*) FROM waiting WHERE parked IS NOT NULL "
        "AND parked <> 'nothing_unseen' GROUP BY parked"
    )
    return [(reason, count) for reason, count in rows]


def parked_ids(connection: sqlite3.Connection, channel: str | None) -> Iterator[str]:
    """The conversations that have something unseen but no turn, by id."""
    also = "AND (SELECT channel FROM conversations WHERE id = waiting.conversation) = ?"
    rows = connection.execute(
        "SELECT conversation FROM waiting WHERE parked IS NOT NULL AND parked <> 'nothing_unseen' "
        f"{also if channel else ''} ORDER BY conversation",
        (channel,) if channel else (),
    )
    return (row["conversation"] for row in rows)


def waiting(connection: sqlite3.Connection, channel: str | None) -> Iterator[str]:
    """Every conversation with a message that waits, parked or not."""
    rows = connection.execute(
        "SELECT waiting.conversation FROM waiting JOIN conversations ON id = conversation "
        "WHERE ?1 IS NULL OR channel = ?1 ORDER BY conversation",
        (channel,),
    )
    return (row["conversation"] for row in rows)


def waiting_by_rows(connection: sqlite3.Connection) -> Iterable[str]:
    """What `waiting` should hold, recomputed from the messages."""
    rows = connection.execute(
        "SELECT DISTINCT conversation FROM messages JOIN conversations ON conversations.id "
        "= conversation WHERE author IN ('agent', 'bot') AND seen_at IS NULL "
        "AND deleted_at IS NULL AND messages.email IS NULL"
    )
    return (row["conversation"] for row in rows)


def entries(connection: sqlite3.Connection) -> Iterator[sqlite3.Row]:
    """The queue as it is: conversation, check_at, parked."""
    return connection.execute("SELECT conversation, check_at, parked FROM waiting")


def rebuild(connection: sqlite3.Connection) -> None:
    """Derive the whole queue anew."""
    connection.execute("DELETE FROM waiting")
    connection.execute(
        "INSERT INTO waiting (conversation, check_at) "
        "SELECT conversation, min(sent_at) FROM messages JOIN conversations "
        "ON conversations.id = conversation WHERE author IN ('agent', 'bot') "
        "AND seen_at IS NULL AND deleted_at IS NULL AND messages.email IS NULL "
        "GROUP BY conversation"
    )
