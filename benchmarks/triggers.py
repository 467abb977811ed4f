"""What the triggers cost a chat backend: the same statements with and without them."""

from __future__ import annotations

import random
import statistics
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from benchmarks import chats
from benchmarks.measure import Bench, Line, copy_database, interleaved, paired_ratio, timed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

#: Chats that are there before, and chats that the measured statements write.
STOCK, CHATS = 5_000, 1_000
ROUNDS = 5
BATCH = 100
BATCH_AIM, ROW_AIM = 2.5, 1.5

_BEGAN = datetime(2026, 3, 1, 9, tzinfo=UTC)


class Statement(NamedTuple):
    """One statement of a backend, and its values."""

    sql: str
    values: tuple[str | None, ...]


_CONVERSATION = "INSERT INTO conversations (id, channel, email, name, began_at) VALUES (?,?,?,?,?)"
_ADDRESS = "UPDATE conversations SET email = ? WHERE id = ?"
_CLOSE = "UPDATE conversations SET closed_at = ? WHERE id = ?"
_PAGE = "INSERT INTO pages (conversation, id, url, opened_at) VALUES (?,?,?,?)"
_MESSAGE = (
    "INSERT INTO messages (conversation, id, author, name, text, sent_at) VALUES (?,?,?,?,?,?)"
)
_SEEN = "UPDATE messages SET seen_at = ? WHERE conversation = ? AND id = ? AND seen_at IS NULL"
_READ = "INSERT OR IGNORE INTO reads (conversation, through, at) VALUES (?,?,?)"
_EDIT = "UPDATE messages SET text = ?, edited_at = ? WHERE conversation = ? AND id = ?"


def _moved(column: str) -> str:
    return f"UPDATE pages SET {column} = ? WHERE conversation = ? AND id = ?"


class _Chat:
    """One chat as its statements, each with its moment."""

    def __init__(self, number: int, source: random.Random, prose: str) -> None:
        self._id = f"n{number:06d}"
        self._source = source
        self._prose = prose
        self._began = _BEGAN + timedelta(seconds=number)
        self._steps: list[tuple[float, Statement]] = []
        self._run(number)

    def statements(self) -> list[tuple[datetime, Statement]]:
        """In the order in which a backend would write them."""
        return [(self._began + timedelta(seconds=s), statement) for s, statement in self._steps]

    def _at(self, second: float) -> str:
        moment = self._began + timedelta(seconds=second)
        return moment.isoformat(timespec="milliseconds")[:-6] + "Z"

    def _do(self, second: float, sql: str, *values: str | None) -> None:
        self._steps.append((second, Statement(sql, values)))

    def _run(self, number: int) -> None:
        known = number % 2 == 0
        address = f"customer{number}@mail.example"
        self._do(0, _CONVERSATION, self._id, "acme", address if known else None, "Ada", self._at(0))
        self._do(1, _PAGE, self._id, "p1", "https://www.acme.example/shop", self._at(1))
        end = 12 * 45.0
        for message in range(12):
            self._say(message, 5 + message * 45.0)
        for second in range(30, int(end), 30):
            self._do(second + 0.5, _moved("last_active_at"), self._at(second + 0.5), self._id, "p1")
        if number % 3 == 0:
            self._do(200, _moved("hidden_at"), self._at(200), self._id, "p1")
            self._do(260, _moved("visible_at"), self._at(260), self._id, "p1")
        if number % 4 == 1:
            self._do(120, _ADDRESS, address, self._id)
        self._do(end + 10, _moved("closed_at"), self._at(end + 10), self._id, "p1")
        if number % 5 == 0:
            self._do(end + 60, _CLOSE, self._at(end + 60), self._id)
        self._steps.sort(key=lambda step: step[0])

    def _say(self, message: int, second: float) -> None:
        """The customer and the agent take turns. Half of the backends tell of each message that
        was seen, half of how far the customer has read.
        """
        ours = message % 2 == 1
        author = "note" if message == 6 else "agent" if ours else "customer"
        start = self._source.randrange(len(self._prose) - 300)
        text = self._prose[start : start + self._source.randint(20, 250)]
        name = "Ana" if ours else "Ada"
        at, key = self._at(second), f"m{message}"
        self._do(second, _MESSAGE, self._id, key, author, name, text, at)
        if ours and message < 10:
            if self._source.random() < 0.5:
                self._do(second + 4, _SEEN, self._at(second + 4), self._id, key)
            else:
                self._do(second + 4, _READ, self._id, key, self._at(second + 4))
        if message == 3 and self._source.random() < 0.2:
            self._do(second + 9, _EDIT, text + " (edited)", self._at(second + 9), self._id, key)


def statements(count: int) -> list[Statement]:
    """What `count` chats that overlap in time write, in the order of time."""
    source, prose = random.Random(2), chats.prose(8000)
    steps = [step for number in range(count) for step in _Chat(number, source, prose).statements()]
    steps.sort(key=lambda step: step[0])
    return [statement for _, statement in steps]


def without_triggers(path: Path) -> None:
    """Drop every trigger of a database."""
    connection = chats.open_writer(path)
    names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall()
    for (name,) in names:
        connection.execute(f'DROP TRIGGER "{name}"')
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def write(path: Path, work: Sequence[Statement], size: int) -> float:
    """Run the statements, `size` in a transaction; how long that took, in seconds."""
    connection = chats.open_writer(path)

    def everything() -> None:
        for first in range(0, len(work), size):
            connection.execute("BEGIN IMMEDIATE")
            for sql, values in work[first : first + size]:
                connection.execute(sql, values)
            connection.execute("COMMIT")

    try:
        return timed(everything)
    finally:
        connection.close()


def lines(bench: Bench) -> Iterator[Line]:
    """In batches and row by row."""
    bench.say("triggers: building")
    prepared = {name: bench.directory / f"{name}.db" for name in ("plain", "triggers")}
    chats.create(prepared["triggers"])
    chats.fill(prepared["triggers"], chats.Mix.of(STOCK, due=0))
    copy_database(prepared["triggers"], prepared["plain"])
    without_triggers(prepared["plain"])
    work = statements(CHATS // 5 if bench.quick else CHATS)
    for size, told, aim in ((BATCH, f"batches of {BATCH}", BATCH_AIM), (1, "row by row", ROW_AIM)):
        # A commit each takes its time: a tenth tells as much.
        part = work if size > 1 else work[: len(work) // 10]
        bench.say(f"triggers: {len(part):,} statements, {told}")
        plain, ours = interleaved(
            ROUNDS, *(_Round(prepared[name], part, size) for name in ("plain", "triggers"))
        )
        ratio = paired_ratio(ours, plain)
        each = 1e6 / len(part)
        yield Line(
            f"writer, {told}",
            f"no triggers: {statistics.median(plain) * each:.1f} µs a statement",
            f"{statistics.median(ours) * each:.1f} µs",
            ratio,
            f"<= {aim} x",
            ratio <= aim,
        )


class _Round:
    """Writes everything into a fresh copy of a prepared database."""

    def __init__(self, prepared: Path, work: Sequence[Statement], size: int) -> None:
        self._prepared, self._work, self._size = prepared, work, size
        self._working = prepared.with_name("writing.db")

    def __call__(self) -> float:
        copy_database(self._prepared, self._working)
        return write(self._working, self._work, self._size)
