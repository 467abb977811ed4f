"""A sweep that finds nothing to do, as cron runs it every minute."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from benchmarks import chats
from benchmarks.measure import CONTINUATION, Bench, Line, continuation, interleaved, seconds_of

if TYPE_CHECKING:
    from collections.abc import Iterator

CONVERSATIONS = 100_000
ROUNDS = 40
AIM = 4.5


def lines(bench: Bench) -> Iterator[Line]:
    """The process's whole time against that of an interpreter which does nothing."""
    conversations = CONVERSATIONS // 10 if bench.quick else CONVERSATIONS
    database = bench.directory / "idle.db"
    bench.say(f"idle: building {conversations:,} conversations")
    chats.create(database)
    chats.fill(database, chats.Mix.of(conversations, due=0))
    # The first sweep looks at everything once; from then on nothing is due.
    continuation(database, "sweep")
    sweep = [*CONTINUATION, "--db", str(database), "sweep"]
    nothing = [sys.executable, "-c", "pass"]
    figures = interleaved(ROUNDS, lambda: seconds_of(nothing), lambda: seconds_of(sweep))
    reference, project = (min(its) for its in figures)
    yield Line(
        f"idle sweep, {conversations:,} conversations",
        f"python -c pass: {reference * 1000:.1f} ms",
        f"{project * 1000:.1f} ms",
        project / reference,
        f"<= {AIM} x",
        project / reference <= AIM,
    )
