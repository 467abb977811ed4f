"""What a person who waits for a sweep is told meanwhile: one line, and nothing that stays."""

from __future__ import annotations

import io
import re
import sys
import time

from continuation_cli.commands import progress
from continuation_cli.outcomes import Report


def shown_by(monkeypatch, work):
    """What is written to the terminal while `work(progress, report)` runs."""
    monkeypatch.setattr(progress, "INTERVAL", 0.01)
    screen = io.StringIO()
    monkeypatch.setattr(sys, "stderr", screen)
    report = Report()
    with progress.Progress(report, 50) as line:
        work(line, report)
    return screen.getvalue()


def as_seen(written):
    """What is left on the screen: each carriage return begins the line again."""
    lines = []
    for line in written.split("\n"):
        cells = ""
        for part in line.split("\r"):
            cells = part + cells[len(part) :]
        lines.append(cells.rstrip())
    return "\n".join(lines)


def wait_for(report, screen_has, seconds=5.0):
    until = time.monotonic() + seconds
    while not screen_has() and time.monotonic() < until:
        time.sleep(0.01)
    assert screen_has()


def test_the_line():
    report = Report()
    line = progress.Progress(report, 50_000).line
    assert line(0.5) == "0 of 50,000, 0 s"
    report.counts.update(sent=1200, deferred=34)
    report.skipped["waiting"] += 66
    assert line(4) == "1,300 of 50,000, 1,200 sent, 34 deferred, 308/s, 4 s"
    report.counts["sent"] += 60_000
    assert line(100).startswith("61,300 of 61,300, 61,200 sent, ")
    assert progress.Progress(report, None).line(100).startswith("61,300, 61,200 sent, ")


def test_it_goes_on_while_nothing_happens_and_leaves_nothing(monkeypatch):
    def work(_line, report):
        report.counts["sent"] = 7
        wait_for(report, lambda: sys.stderr.getvalue().count("7 sent") >= 3)

    written = shown_by(monkeypatch, work)
    assert re.search(r"\r7 of 50, 7 sent, 0 s", written)
    assert as_seen(written) == ""
    assert "\x1b" not in written


def test_what_is_told_meanwhile_stays_whole(monkeypatch):
    def work(line, report):
        wait_for(report, lambda: "of 50" in sys.stderr.getvalue())
        with line.aside():
            sys.stderr.write("c1: email 1 failed\n")
        before = len(sys.stderr.getvalue())
        wait_for(report, lambda: "of 50" in sys.stderr.getvalue()[before:])

    assert as_seen(shown_by(monkeypatch, work)) == "c1: email 1 failed\n"


def test_a_short_run_shows_none(monkeypatch):
    monkeypatch.setattr(progress, "INTERVAL", 60)
    screen = io.StringIO()
    monkeypatch.setattr(sys, "stderr", screen)
    with progress.Progress(Report(), 1):
        pass
    assert screen.getvalue() == ""
