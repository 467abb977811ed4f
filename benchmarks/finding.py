"""Finding what is due among everything that is stored."""

from __future__ import annotations

import json
import statistics
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from benchmarks import chats
from benchmarks.measure import CONTINUATION, Bench, Line, interleaved, run, timed
from continuation_cli.core import schedule
from continuation_cli.store import activity, db, queue
from continuation_cli.store.settings import SettingsReader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DUE = 1_000
SMALL, LARGE, QUICK_LARGE = 10_000, 1_000_000, 100_000
ROUNDS = 25
MILLISECONDS_AIM, RATIO_AIM = 5.0, 2.0

#: As many candidates at a time as a sweep takes (`continuation_cli.sweep.BATCH`).
BATCH = 100


class Stock:
    """A database with 1,000 due among many, as production would have it: the sweep has looked at
    everything once before these became due.
    """

    def __init__(self, bench: Bench, conversations: int) -> None:
        self.conversations = conversations
        self.path = bench.directory / f"find-{conversations}.db"
        notes = self.path.with_suffix(".json")
        if bench.keep and notes.exists():
            self.facts = json.loads(notes.read_text())
        else:
            self.facts = self._build(bench)
            notes.write_text(json.dumps(self.facts))
        self.now = datetime.fromtimestamp(self.facts["now"], UTC)

    @property
    def messages(self) -> int:
        return self.conversations * chats.MESSAGES

    def _build(self, bench: Bench) -> dict[str, float]:
        bench.say(
            f"find: building {self.conversations:,} conversations, {self.messages:,} messages"
        )
        transport = f"maildir:{bench.directory / 'nobody'}"
        chats.create(self.path, transport=transport)
        old = chats.Mix.of(self.conversations - DUE, due=0)
        filled = chats.fill(self.path, old)
        bench.say(f"find: built in {filled:.0f} s; the first sweep")
        first = run([*CONTINUATION, "--db", str(self.path), "sweep"]).seconds
        now = time.time()
        chats.fill(self.path, chats.Mix(DUE, DUE, 0, 0, 0), now=now, prefix="d")
        return {"now": now, "filled": filled, "first": first}

    def time_find(self, connection: db.Connection) -> tuple[float, int]:
        """How long `queue.find` takes until it has no more, in seconds, and how many it found."""
        found, last = 0, queue.START
        began = time.perf_counter()
        while batch := queue.find(connection, self.now, after=last, limit=BATCH):
            found += len(batch)
            last = batch[-1]
        return time.perf_counter() - began, found

    def milliseconds(self) -> float:
        """One figure for `queue.find` over all that is due."""
        with _Reader(self.path) as connection:
            seconds, found = self.time_find(connection)
        if found != DUE:
            raise RuntimeError(f"{found} candidates in place of {DUE}")
        return seconds * 1000

    def decided(self) -> float:
        """One figure for finding, loading and deciding upon all that is due, in milliseconds."""
        with _Reader(self.path) as connection:
            return timed(lambda: self._decide_all(connection)) * 1000

    def _decide_all(self, connection: db.Connection) -> None:
        settings, last, due = SettingsReader(connection), queue.START, 0
        while batch := queue.find(connection, self.now, after=last, limit=BATCH):
            last = batch[-1]
            for candidate in batch:
                found = activity.conversation(connection, candidate.conversation, self.now)
                assert found is not None
                decision = schedule.decide(found, settings.of(found.channel), self.now)
                due += isinstance(decision, schedule.Due)
        if due != DUE:
            raise RuntimeError(f"{due} are due in place of {DUE}")


class _Reader:
    """A fresh connection each time, as each sweep has: its cache is empty, the system's is not."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> db.Connection:
        self._connection = db.connect(str(self._path), write=False)
        return self._connection

    def __exit__(self, *_error: object) -> None:
        self._connection.close()


def lines(bench: Bench) -> Iterator[Line]:
    """The large database against the small one."""
    small = Stock(bench, SMALL)
    large = Stock(bench, QUICK_LARGE if bench.quick else LARGE)
    few, many = (f"among {stock.conversations:,}" for stock in (small, large))
    for what, figures, aim in (
        ("find", interleaved(ROUNDS, small.milliseconds, large.milliseconds), MILLISECONDS_AIM),
        ("find, load and decide", interleaved(5, small.decided, large.decided), None),
    ):
        reference, project = (statistics.median(its) for its in figures)
        ratio = project / reference
        met = ratio <= RATIO_AIM and (aim is None or project <= aim)
        told = f"<= {RATIO_AIM:.0f} x" + (f", <= {aim:.0f} ms" if aim else "")
        yield Line(
            f"{what} {DUE:,} due",
            f"{few}: {reference:.2f} ms",
            f"{many}: {project:.2f} ms",
            ratio,
            told if aim else "",
            met if aim else None,
        )
    yield Line(
        f"first sweep over {large.messages:,} messages",
        f"{few}: {small.facts['first']:.2f} s",
        f"{many}: {large.facts['first']:.2f} s",
        large.facts["first"] / small.facts["first"],
        "",
        None,
    )
    if not bench.keep:
        for stock in (small, large):
            stock.path.unlink()
