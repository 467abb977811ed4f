"""A long life behind it and a bad day before it: 50,000 due among a million conversations."""

from __future__ import annotations

import json
import os
import pty
import sqlite3
import statistics
import subprocess
import time
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from benchmarks import chats
from benchmarks.measure import (
    CONTINUATION,
    ENVIRONMENT,
    Bench,
    Line,
    copy_database,
    interleaved,
    run,
    seconds_of,
)
from benchmarks.sending import FLAT, MEMORY_AIM, sink

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Conversations that are over, and those that are due: the reference's, the project's.
SMALL, LARGE, QUICK_LARGE = (10_000, 1_000), (1_000_000, 50_000), (100_000, 5_000)
ROUNDS = 5
SECONDS_AIM = 1.0
#: How much slower a sweep of the large database may be, by emails a second.
RATE_AIM = 1.5
#: What a person asks, and the pages of what waits.
QUESTIONS = {
    "pending, first page": ("pending", "--page", "1"),
    "pending, 20th page": ("pending", "--page", "20"),
    "pending, due within 1h": ("pending", "--within", "1h", "--page", "1"),
    "explain": ("explain", "d0000007"),
}


class Stock:
    """A database in which `due` conversations wait to be mailed; the sweep knows the others."""

    def __init__(self, bench: Bench, conversations: int, due: int) -> None:
        self.conversations = conversations + due
        self.due = due
        self.limit = due // 50
        self.path = bench.directory / f"load-{conversations}.db"
        self.name = f"{due:,} due among {self.conversations:,}"
        self._notes = self.path.with_suffix(".json")
        if not (bench.keep and self._notes.exists()):
            self._build(bench, conversations)
        #: A sweep of the small one is measured twice; a copy of the large one takes its time.
        self.is_copied = bench.keep or conversations == SMALL[0]
        self.sweeping = self.path.with_name("load-sweeping.db") if self.is_copied else self.path

    def _build(self, bench: Bench, conversations: int) -> None:
        bench.say(f"load: building {self.conversations * chats.MESSAGES:,} messages")
        chats.create(self.path, transport=f"maildir:{bench.directory / 'nobody'}")
        filled = chats.fill(self.path, replace(chats.Mix.of(conversations, due=0), waiting=0))
        first = run([*CONTINUATION, "--db", str(self.path), "sweep"]).seconds
        filled += chats.fill(self.path, chats.Mix(self.due, self.due, 0, 0, 0), prefix="d")
        self._notes.write_text(json.dumps({"filled": filled, "first": first}))
        bench.say(f"load: built in {filled:.0f} s, first sweep {first:.0f} s")

    def ask(self, *words: str) -> float:
        """How long an answer takes, start of the program included, in seconds."""
        return seconds_of(("sh", "-c", '"$@" >/dev/null', "-", *CONTINUATION,
                           "--db", str(self.path), *words))  # fmt: skip

    def sent(self) -> int:
        connection = sqlite3.connect(self.sweeping)
        query = "SELECT count(*) FROM emails WHERE state = 'sent' AND conversation LIKE 'd%'"
        (count,) = connection.execute(query).fetchone()
        connection.close()
        return int(count)


def lines(bench: Bench) -> Iterator[Line]:
    """The large database against the small one."""
    small, large = Stock(bench, *SMALL), Stock(bench, *(QUICK_LARGE if bench.quick else LARGE))
    for what, words in QUESTIONS.items():
        bench.say(f"load: {what}")
        asked = interleaved(ROUNDS, lambda: small.ask(*words), lambda: large.ask(*words))  # noqa: B023 - called at once
        reference, project = map(statistics.median, asked)
        yield Line(
            what, f"{small.name}: {reference:.2f} s", f"{large.name}: {project:.2f} s",
            project / reference, f"<= {SECONDS_AIM:.0f} s", project <= SECONDS_AIM,
        )  # fmt: skip
    first = _sweep(small)
    swept = _sweep(large)
    again = _sweep(small)  # what slows the machine should slow both
    usual = Swept((first.rate + again.rate) / 2, max(first.peak, again.peak), again.limited)
    yield from _sweeping(small, large, usual, swept)
    if not bench.keep:
        for stock in (small, large):
            stock.path.unlink()


class Swept(NamedTuple):
    """Emails a second, peak memory in MiB, and what came of a run with --limit."""

    rate: float
    peak: float
    limited: Line


def _sweep(stock: Stock) -> Swept:
    """First some at a terminal, then the rest as cron would."""
    if stock.is_copied:
        copy_database(stock.path, stock.sweeping)
        os.sync()  # writing the copy must not slow the sweep
    with sink() as port:
        transport = ("--transport", f"smtp://127.0.0.1:{port}")
        limited = _limited(stock, transport)
        result = run([*CONTINUATION, "--db", str(stock.sweeping), "sweep", *transport])
    if stock.sent() != stock.due:
        raise RuntimeError(f"{stock.sent()} of {stock.due} emails were sent")
    if stock.is_copied:
        stock.sweeping.unlink()
    return Swept((stock.due - stock.limit) / result.seconds, result.peak, limited)


def _sweeping(small: Stock, large: Stock, reference: Swept, project: Swept) -> Iterator[Line]:
    yield project.limited
    ratio = reference.rate / project.rate
    yield Line(
        "sweep into smtp-sink", f"{small.name}: {reference.rate:,.0f} emails/s",
        f"{large.name}: {project.rate:,.0f} emails/s", ratio, f"<= {RATE_AIM} x",
        ratio <= RATE_AIM,
    )  # fmt: skip
    ratio = project.peak / reference.peak
    yield Line(
        "its peak memory", f"{small.name}: {reference.peak:.0f} MiB",
        f"{large.name}: {project.peak:.0f} MiB", ratio, f"<= {MEMORY_AIM:.0f} MiB, flat",
        project.peak <= MEMORY_AIM and ratio <= FLAT,
    )  # fmt: skip


def _limited(stock: Stock, transport: tuple[str, ...]) -> Line:
    """A sweep with --limit at a terminal: it sends as many, and tells how far it is."""
    limit, before = stock.limit, stock.sent()
    ours, theirs = pty.openpty()
    began = time.perf_counter()
    words = ["--db", str(stock.sweeping), "sweep", "--limit", str(limit), *transport]
    process = subprocess.Popen(
        [*CONTINUATION, *words], stdin=theirs, stdout=theirs, stderr=theirs, cwd="/",
        env=ENVIRONMENT,
    )  # fmt: skip
    os.close(theirs)
    shown = _read_all(ours)
    code = process.wait()
    seconds = time.perf_counter() - began
    sent = stock.sent() - before
    if code != 0 or f"{limit} sent." not in shown:
        raise RuntimeError(f"sweep --limit ended with {code}:\n{shown}")
    told = shown.count(f" of {limit:,}, ")
    return Line(
        f"sweep --limit {limit:,} at a terminal", "",
        f"{sent:,} sent in {seconds:.1f} s, progress told {told} times", None,
        f"{limit:,}, told each half second", sent == limit and told >= seconds - 1,
    )  # fmt: skip


def _read_all(terminal: int) -> str:
    shown = b""
    while True:
        try:
            got = os.read(terminal, 65536)
        except OSError:  # EIO: Linux's way to say that the other end is closed
            got = b""
        if not got:
            os.close(terminal)
            return shown.decode()
        shown += got
