"""A sweep that has much to send, into Postfix's smtp-sink, which throws it away."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import statistics
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from benchmarks import chats
from benchmarks.distance import distance
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
from benchmarks.post_office import PostOffice

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

DUE = 5_000
ROUNDS = 3
AIM = 3.0
MEMORY_SIZES = (1_000, 10_000, 50_000)
MEMORY_AIM = 64.0
#: How much more memory the largest run may take than the smallest and still be called flat.
FLAT = 1.1

#: A server that is far away: round trips in seconds, connections, emails a second. What 40 ms
#: allow, with three round trips an email, is less than the aim, which is for the first.
ROUND_TRIPS = (0.020, 0.040)
FAR_CONNECTIONS = 8
FAR_AIM = 80.0

#: What the reference may run with, in processes and threads of each. The first is what it does
#: unless told otherwise; the fastest is what the project has to beat.
SETTINGS = ((1, 5), (1, 1), (2, 1), (2, 5), (4, 5))


@contextmanager
def sink() -> Iterator[int]:
    """An smtp-sink on a free port, which is given."""
    program = shutil.which("smtp-sink", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        raise RuntimeError("smtp-sink is not installed; it comes with Postfix")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    server = subprocess.Popen([program, *user, f"127.0.0.1:{port}", "256"])
    try:
        for _ in range(100):
            with socket.socket() as client:
                if client.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        else:
            raise RuntimeError("smtp-sink does not answer")
        yield port
    finally:
        server.terminate()
        server.wait()


def build(path: Path, due: int, port: int) -> None:
    """A database with `due` conversations to mail, and nothing else to do."""
    chats.create(path, transport=f"smtp://127.0.0.1:{port}")
    chats.fill(path, chats.Mix(due * 2, due, 0, 0, due))


def sweep(prepared: Path, working: Path, due: int, *options: str) -> Run:
    """Send all that is due in a copy of a prepared database."""
    copy_database(prepared, working)
    result = run([*CONTINUATION, "--db", str(working), "sweep", *options])
    connection = sqlite3.connect(working)
    (sent,) = connection.execute("SELECT count(*) FROM emails WHERE state = 'sent'").fetchone()
    connection.close()
    if sent != due:
        raise RuntimeError(f"{sent} of {due} emails were sent")
    return result


def lines(bench: Bench) -> Iterator[Line]:
    """Time against the reference's, time over a distance, then memory by how much is due."""
    with sink() as port:
        yield from _speed(bench, port)
        yield from _far_away(bench, port)
        yield from _memory(bench, port)


def _speed(bench: Bench, port: int) -> Iterator[Line]:
    due = DUE // 5 if bench.quick else DUE
    prepared, working = bench.directory / "due.db", bench.directory / "sending.db"
    bench.say(f"sending: {due:,} due")
    build(prepared, due, port)
    warm = sweep(prepared, working, due)
    what = f"sending {due:,} due, everything included"
    office = PostOffice(bench.directory, port, due)
    problem = office.install()
    if problem is not None:
        yield Line(what, f"cannot be installed: {problem}", _rate(due, warm.seconds), None,
                   f">= {AIM} x", None)  # fmt: skip
        return
    office.enqueue(working)
    trials = {setting: office.send(*setting) for setting in SETTINGS}
    for setting, seconds in trials.items():
        bench.say(f"  {office.name}, {_shown(setting)}: {_rate(due, seconds)}")
    default, best = SETTINGS[0], min(trials, key=lambda setting: trials[setting])
    usual, reference, project = interleaved(
        ROUNDS,
        lambda: office.send(*default),
        lambda: office.send(*best),
        lambda: sweep(prepared, working, due).seconds,
    )
    for told, setting, figures in (("fastest", best, reference), ("default", default, usual)):
        ratio = paired_ratio(figures, project)
        yield Line(
            what,
            f"{office.name}, {told}: {_shown(setting)}: {_rate(due, statistics.median(figures))}",
            _rate(due, statistics.median(project)),
            ratio,
            f">= {AIM} x as fast" if told == "fastest" else "",
            ratio >= AIM if told == "fastest" else None,
        )


def _far_away(bench: Bench, port: int) -> Iterator[Line]:
    due = DUE // 5
    prepared, working = bench.directory / "due.db", bench.directory / "sending.db"
    for trip in ROUND_TRIPS:
        bench.say(f"a server {trip * 1000:.0f} ms away: {due:,} due")
        with distance(port, trip / 2) as far:
            build(prepared, due, far)
            options = ("--connections", str(FAR_CONNECTIONS))
            seconds = min(sweep(prepared, working, due, *options).seconds for _ in range(ROUNDS))
        has_aim = trip == ROUND_TRIPS[0]
        yield Line(
            f"sending {due:,} due, a round trip of {trip * 1000:.0f} ms, "
            f"{FAR_CONNECTIONS} connections",
            f"3 round trips an email: {FAR_CONNECTIONS / (3 * trip):.0f} emails/s",
            _rate(due, seconds),
            None,
            f">= {FAR_AIM:.0f} emails/s" if has_aim else "",
            due / seconds >= FAR_AIM if has_aim else None,
        )


def _shown(setting: tuple[int, int]) -> str:
    return f"{setting[0]} x {setting[1]} threads"


def _rate(emails: int, seconds: float) -> str:
    return f"{seconds:.2f} s, {emails / seconds:,.0f} emails/s"


def _memory(bench: Bench, port: int) -> Iterator[Line]:
    smallest = None
    for due in MEMORY_SIZES[: 2 if bench.quick else None]:
        bench.say(f"memory: {due:,} due")
        prepared, working = bench.directory / "due.db", bench.directory / "sending.db"
        build(prepared, due, port)
        result = sweep(prepared, working, due)
        smallest = smallest or result.peak
        ratio = result.peak / smallest
        yield Line(
            f"peak memory, {due:,} due",
            f"{MEMORY_SIZES[0]:,} due: {smallest:.0f} MiB",
            f"{result.peak:.0f} MiB, {due / result.seconds:,.0f} emails/s",
            ratio,
            f"<= {MEMORY_AIM:.0f} MiB, flat",
            result.peak <= MEMORY_AIM and ratio <= FLAT,
        )
