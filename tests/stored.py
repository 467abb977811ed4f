"""A real database, a chat backend that writes it with plain SQL, and real sweeps of it.

The transport is real, too: it implements the protocol and delivers into a list.
"""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from builders import DAY

from continuation_cli import templates
from continuation_cli.core import times
from continuation_cli.drafts import Drafter
from continuation_cli.mail.transport import Receipt, Undelivered, Withdrawn
from continuation_cli.sending import LastLook, Threads
from continuation_cli.store import db, schema
from continuation_cli.sweep import Scope, Sweep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from continuation_cli.core.model import Envelope
    from continuation_cli.outcomes import Report, Result


@cache
def _pristine() -> bytes:
    """An initialised database with a sender; made once."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "pristine.db")
        schema.create(path, DAY)
        connection = sqlite3.connect(path)
        connection.execute("INSERT INTO channels (id, created_at) VALUES ('acme', ?)", (text(DAY),))
        connection.execute("INSERT INTO settings VALUES ('', 'from_email', 'support@example.com')")
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        return Path(path).read_bytes()


@cache
def _templates() -> templates.Templates:
    return templates.load(None)


def text(moment: datetime) -> str:
    return times.to_text(moment)


class InMemory:
    """A transport that delivers into a list, once `answer` has had no objection."""

    def __init__(
        self, delivered: list[Envelope], answer: Callable[[Envelope], Undelivered | None]
    ) -> None:
        self._delivered = delivered
        self._answer = answer
        self._open = False

    @property
    def is_open(self) -> bool:
        return self._open

    def open(self) -> None:
        self._open = True

    def send(self, envelope: Envelope, last_look: Callable[[], bool]) -> Receipt:
        if not last_look():
            raise Withdrawn("data", "withdrawn")
        refusal = self._answer(envelope)
        if refusal is not None:
            raise refusal
        self._delivered.append(envelope)
        return Receipt(250, "kept")

    def close(self) -> None:
        self._open = False


class Store:
    """One database file. `backend` is the chat's connection: SQLite's defaults, so without
    foreign keys; `ours` is the program's.
    """

    def __init__(self, path: Path, *, foreign_keys: bool = False) -> None:
        path.write_bytes(_pristine())
        self.path = str(path)
        self.backend = sqlite3.connect(self.path, isolation_level=None)
        self.backend.execute("PRAGMA synchronous = OFF")
        self.backend.execute(f"PRAGMA foreign_keys = {foreign_keys:d}")
        self.ours = db.connect(self.path)
        self.ours.execute("PRAGMA synchronous = OFF")  # nobody pulls the plug of a test
        self.delivered: list[Envelope] = []
        self.answer: Callable[[Envelope], Undelivered | None] = lambda _envelope: None
        self.transport = InMemory

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *error: object) -> None:
        self.backend.close()
        self.ours.close()

    def write(self, sql: str, *values: object) -> None:
        """What the chat backend does: one statement, in a transaction of its own."""
        self.backend.execute(sql, values)

    def rows(self, sql: str, *values: object) -> list[tuple]:
        return self.backend.execute(sql, values).fetchall()

    def waiting(self) -> dict[str, tuple[str | None, str | None]]:
        """The queue: check_at and parked by conversation."""
        rows = self.rows("SELECT conversation, check_at, parked FROM waiting")
        return {name: (check_at, parked) for name, check_at, parked in rows}

    def converse(self, conversation: str = "c1", **fields: object) -> None:
        """A conversation; it has an address unless `email=None`."""
        row = {"id": conversation, "channel": "acme", "email": f"{conversation}@example.com",
               "began_at": text(DAY)} | fields  # fmt: skip
        self.insert("conversations", row)

    def say(self, sent_at: datetime, id: str = "m1", **fields: object) -> None:  # noqa: A002
        """A message, of an agent in c1 unless told otherwise."""
        row = {"conversation": "c1", "id": id, "author": "agent", "text": f"text of {id}",
               "sent_at": text(sent_at)} | fields  # fmt: skip
        self.insert("messages", row)

    def insert(self, table: str, row: dict[str, object], how: str = "INSERT") -> None:
        marks = ", ".join("?" * len(row))
        self.write(f"{how} INTO {table} ({', '.join(row)}) VALUES ({marks})", *row.values())

    def sweep(
        self,
        now: datetime,
        scope: Scope = Scope(),  # noqa: B008 - a value
        *,
        connections: int = 1,
        listen: Callable[[Result], None] = lambda _result: None,
    ) -> Sweeping:
        """A whole sweep, as the command runs it. `listen` is told of each result."""
        results: list[Result] = []
        before = len(self.delivered)
        pool = Threads(
            lambda: self.transport(self.delivered, self.answer),
            lambda: LastLook(self.path, lambda: now),
            connections,
        )

        def on_result(result: Result) -> None:
            results.append(result)
            listen(result)

        run = Sweep(
            self.ours,
            Drafter(self.ours, _templates()),
            pool,
            clock=lambda: now,
            scope=scope,
            on_result=on_result,
        )
        try:
            report = run.run()
        finally:
            pool.close()
        return Sweeping(report, results, self.delivered[before:])


class Sweeping:
    """What one sweep did."""

    def __init__(self, report: Report, results: list[Result], delivered: list[Envelope]) -> None:
        self.report = report
        self.results = results
        self.delivered = delivered

    @property
    def recipients(self) -> list[str]:
        return sorted(envelope.recipient for envelope in self.delivered)


@contextmanager
def store(*, foreign_keys: bool = False) -> Iterator[Store]:
    """A fresh database in a folder of its own; for hypothesis, which has no fixture per example."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Store(Path(folder) / "chat.db", foreign_keys=foreign_keys) as made,
    ):
        yield made
