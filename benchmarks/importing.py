"""`import` of chat events."""

from __future__ import annotations

import json
import random
import statistics
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from benchmarks import chats
from benchmarks.measure import (
    CONTINUATION,
    Bench,
    Line,
    Run,
    copy_database,
    interleaved,
    paired_ratio,
    run,
)
from benchmarks.triggers import without_triggers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    Event = dict[str, str]

SMALL, LARGE = 100_000, 1_000_000
ROUNDS = 3
RATE_AIM = 30_000
#: How much more memory ten times the events may take and still be called constant.
CONSTANT = 1.1

_BEGAN = datetime(2026, 3, 1, 9, tzinfo=UTC)
_TURNS = 10


def _chat(number: int, source: random.Random, prose: str) -> Iterator[tuple[float, Event]]:
    """One chat: 10 messages, most of them seen, a heartbeat half a minute, and the page's life."""
    end = _TURNS * 40.0
    yield 0, {"type": "conversation", "channel": "acme", "name": "Ada", "locale": "en-GB",
              "email": f"customer{number}@mail.example"}  # fmt: skip
    yield 1, {"type": "page_opened", "page": "p1", "url": "https://www.acme.example/shop?item=7"}
    for turn in range(_TURNS):
        author, name = ("agent", "Ana") if turn % 2 else ("customer", "Ada")
        start = source.randrange(len(prose) - 300)
        text = prose[start : start + source.randint(20, 250)]
        yield turn * 40.0 + 5, {"type": "message", "id": f"m{turn}", "author": author,
                                "name": name, "text": text}  # fmt: skip
        if turn % 2 and turn < _TURNS - 1:
            yield turn * 40.0 + 9, {"type": "seen", "through": f"m{turn}"}
    for second in range(30, int(end), 60):
        yield second, {"type": "page_active", "page": "p1"}
    if number % 3 == 0:
        yield 200, {"type": "page_hidden", "page": "p1"}
        yield 260, {"type": "page_visible", "page": "p1"}
    yield end, {"type": "page_closed", "page": "p1"}
    yield end + 60, {"type": "conversation_closed"}


def _timed(count: int) -> Iterator[tuple[datetime, Event]]:
    """Events of chats that begin two seconds apart, in the order of time within a hundred."""
    source, prose = random.Random(3), chats.prose(8000)
    number = 0
    while count > 0:
        steps: list[tuple[datetime, Event]] = []
        for _ in range(100):
            began = _BEGAN + timedelta(seconds=2 * number)
            name = f"c{number:06d}"
            steps += [
                (began + timedelta(seconds=second), {"conversation": name, **event})
                for second, event in _chat(number, source, prose)
            ]
            number += 1
        steps.sort(key=lambda step: step[0])
        yield from steps[:count]
        count -= len(steps)


def write_events(path: Path, count: int) -> None:
    """A file of events, as a backend's export would have them."""
    with path.open("w") as file:
        for at, event in _timed(count):
            moment = at.isoformat(timespec="milliseconds")[:-6] + "Z"
            file.write(json.dumps({**event, "at": moment}) + "\n")


class _Imports:
    """The project and the reference on one file of events."""

    def __init__(self, bench: Bench, count: int) -> None:
        self.count = count
        self._events = bench.directory / "events.jsonl"
        write_events(self._events, count)
        self._empty = bench.directory / "empty.db"
        self._bare = bench.directory / "bare.db"
        self._working = bench.directory / "importing.db"
        chats.create(self._empty)
        copy_database(self._empty, self._bare)
        without_triggers(self._bare)
        self.peaks: list[float] = []

    def project(self) -> float:
        """One import into an empty database, in seconds."""
        copy_database(self._empty, self._working)
        result: Run = run(
            [*CONTINUATION, "--db", str(self._working), "import", "--quiet", str(self._events)]
        )
        self.peaks.append(result.peak)
        return result.seconds

    def reference(self) -> float:
        """The reference's time, in seconds."""
        copy_database(self._bare, self._working)
        words = ["-m", "benchmarks.reference.insert", str(self._working), str(self._events)]
        return run([sys.executable, *words]).seconds


def lines(bench: Bench) -> Iterator[Line]:
    """Speed and memory, small and large."""
    smallest = None
    for count in (SMALL // 10, SMALL) if bench.quick else (SMALL, LARGE):
        bench.say(f"import: {count:,} events")
        imports = _Imports(bench, count)
        reference, project = interleaved(
            ROUNDS if count <= SMALL else 1, imports.reference, imports.project
        )
        rate = count / statistics.median(project)
        yield Line(
            f"import {count:,} events",
            f"messages alone, unchecked: {statistics.median(reference):.2f} s",
            f"{statistics.median(project):.2f} s, {rate:,.0f} events/s",
            paired_ratio(project, reference),
            f">= {RATE_AIM:,} events/s",
            rate >= RATE_AIM,
        )
        peak = max(imports.peaks)
        smallest = smallest or peak
        yield Line(
            f"peak memory, importing {count:,}",
            f"at the smaller: {smallest:.0f} MiB",
            f"{peak:.0f} MiB",
            peak / smallest,
            "constant",
            peak / smallest <= CONSTANT,
        )
