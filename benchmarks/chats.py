"""Databases to measure on, filled with plain SQL as a chat backend would, the triggers at work."""

from __future__ import annotations

import random
import sqlite3
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.measure import continuation

if TYPE_CHECKING:
    from pathlib import Path

MESSAGES = 20

#: How many conversations go into one transaction.
_BATCH = 20_000

_WORDS = [
    "the",
    "your",
    "our",
    "order",
    "refund",
    "parcel",
    "invoice",
    "account",
    "card",
    "page",
    "form",
    "button",
    "error",
    "message",
    "team",
    "today",
    "tomorrow",
    "please",
    "thanks",
    "can",
    "could",
    "will",
    "have",
    "has",
    "been",
    "was",
    "is",
    "are",
    "we",
    "you",
    "it",
    "that",
    "this",
    "again",
    "check",
    "send",
    "reply",
    "attach",
    "screenshot",
    "number",
    "address",
    "delivery",
    "before",
    "after",
    "sorry",
    "happy",
]


@dataclass(frozen=True, slots=True)
class Mix:
    """How many conversations there are of each kind; in the others everything was seen.

    `due`: left, and not mailed yet. `waiting`: the page is open, the message fresh. `expired`: an
    unseen message too old to mail. `no_address`: unseen messages that nobody can be mailed about.
    """

    conversations: int
    due: int
    waiting: int
    expired: int
    no_address: int

    @classmethod
    def of(cls, conversations: int, *, due: int) -> Mix:
        """Half without an address, 1 in 25 expired, 1 in 250 waiting."""
        return cls(conversations, due, conversations // 250, conversations // 25,
                   conversations // 2)  # fmt: skip


def create(path: Path, *, transport: str = "maildir:/nowhere") -> None:
    """A new database, made and set up by the project itself."""
    for suffix in ("", "-wal", "-shm", ".lock"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    continuation(path, "init")
    continuation(path, "channels", "add", "acme", "--name", "Acme")
    for key, value in (
        ("from-email", "support@acme.example"),
        ("inbound-domain", "reply.acme.example"),
        ("brand-name", "Acme"),
        ("transport", transport),
    ):
        continuation(path, "settings", "set", key, value)


def open_writer(path: Path, *, fast: bool = False) -> sqlite3.Connection:
    """A connection as docs/schema.md asks of a backend; `fast` while building, where nothing is
    measured and nothing can be lost.
    """
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA synchronous = {'OFF' if fast else 'FULL'}")
    if fast:
        connection.execute("PRAGMA cache_size = -131072")
    return connection


def prose(length: int) -> str:
    """Some words, the same ones each time."""
    source = random.Random(1)
    words: list[str] = []
    size = 0
    while size < length:
        word = source.choice(_WORDS)
        words.append(word)
        size += len(word) + 1
    return " ".join(words)[:length]


# Kinds are dealt out by a number that runs through all conversations in another order, so that
# those of a kind do not lie side by side: 7919 is a prime that divides no count used here.
_SPAN = """
CREATE TEMP TABLE IF NOT EXISTS turns (k INTEGER PRIMARY KEY);
CREATE TEMP TABLE IF NOT EXISTS span (
  id TEXT PRIMARY KEY, n INTEGER, kind TEXT, ended REAL
) WITHOUT ROWID;
"""
_FILL_SPAN = """
WITH RECURSIVE numbers (n) AS (SELECT :first UNION ALL SELECT n + 1 FROM numbers WHERE n < :last),
dealt AS (SELECT n, n * 7919 % :conversations AS place FROM numbers)
INSERT INTO span
SELECT printf(:prefix || '%07d', n), n, kind,
  CASE kind WHEN 'due' THEN :now - 600 - n % 3000
            WHEN 'waiting' THEN :now - 10 - n % 20
            ELSE :now - 5 * 86400 - n * 7919 % (600 * 86400) END
FROM (SELECT n, CASE
  WHEN place < :due THEN 'due'
  WHEN place < :due + :waiting THEN 'waiting'
  WHEN place < :due + :waiting + :expired THEN 'expired'
  WHEN place < :due + :waiting + :expired + :no_address THEN 'no_address'
  ELSE 'seen' END AS kind FROM dealt)
"""
_TIME = "strftime('%Y-%m-%dT%H:%M:%fZ', {}, 'unixepoch')"
_FILL = (
    "INSERT INTO conversations (id, channel, email, name, locale, began_at) "
    "SELECT id, 'acme', iif(kind = 'no_address', NULL, 'customer' || n || '@mail.example'), "
    f"'Customer ' || n, 'en-GB', {_TIME.format('ended - 1300')} FROM span",
    "INSERT INTO pages (conversation, id, url, opened_at, last_active_at, closed_at) "
    "SELECT id, 'p1', 'https://www.acme.example/shop/item/' || n || '?from=search', "
    f"{_TIME.format('ended - 1290')}, iif(kind = 'waiting', NULL, {_TIME.format('ended - 75')}), "
    f"iif(kind = 'waiting', NULL, {_TIME.format('ended - 70')}) FROM span",
    # The customer and the agent take turns, a minute each; a bot greets, there is a note and a
    # line of the system's. The last two messages are the agent's.
    "INSERT INTO messages (conversation, id, author, name, text, sent_at, seen_at) "
    "SELECT id, 'm' || k, "
    "CASE k WHEN 0 THEN 'bot' WHEN 7 THEN 'note' WHEN 12 THEN 'system' "
    "ELSE iif(k % 2 AND k < 18, 'customer', 'agent') END, "
    "CASE WHEN k IN (0, 12) THEN NULL WHEN k % 2 AND k < 18 THEN 'Customer ' || n ELSE 'Ana' END, "
    "substr(:prose, 1 + (n * 31 + k * 577) % 7000, 60 + (n * 13 + k * 71) % 180), "
    f"{_TIME.format('ended - 60 * (19 - k)')}, "
    "CASE WHEN k IN (7, 12) OR kind <> 'seen' AND k >= 18 THEN NULL "
    f"ELSE {_TIME.format('ended - 60 * (19 - k) + 5')} END "
    "FROM span CROSS JOIN turns ORDER BY id, k",
)


def fill(path: Path, mix: Mix, *, now: float | None = None, prefix: str = "c") -> float:
    """Fill a database; how long that took, in seconds. `now` is seconds since 1970; ids of
    conversations begin with `prefix`.
    """
    began = time.perf_counter()
    connection = open_writer(path, fast=True)
    connection.executescript(_SPAN)
    connection.executemany("INSERT INTO turns VALUES (?)", ((k,) for k in range(MESSAGES)))
    values = {
        "now": time.time() if now is None else now,
        "conversations": mix.conversations,
        "due": mix.due,
        "waiting": mix.waiting,
        "expired": mix.expired,
        "no_address": mix.no_address,
        "prose": prose(7300),
        "prefix": prefix,
    }
    for first in range(0, mix.conversations, _BATCH):
        last = min(first + _BATCH, mix.conversations) - 1
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("DELETE FROM span")
        connection.execute(_FILL_SPAN, {**values, "first": first, "last": last})
        for statement in _FILL:
            connection.execute(statement, values)
        connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return time.perf_counter() - began
