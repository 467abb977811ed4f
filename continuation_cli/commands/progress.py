"""What a sweep has done so far, for a person at a terminal: one line, written over again."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from continuation_cli.outcomes import Report

#: How often the line is written, in seconds; a run that is over before that shows none.
INTERVAL = 0.5


class Progress:
    """Writes the line in a thread of its own, so that it goes on while a server lets us wait.

    `total` is how many conversations there are to look at; None where that is not known.
    """

    def __init__(self, report: Report, total: int | None) -> None:
        self._report = report
        self._total = total
        self._began = time.monotonic()
        self._over = threading.Event()
        self._writing = threading.Lock()
        self._width = 0
        self._thread = threading.Thread(target=self._go_on, name="progress", daemon=True)

    def __enter__(self) -> Progress:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self._thread.join()
        with self.aside():
            pass

    @contextmanager
    def aside(self) -> Iterator[None]:
        """The line makes room for something that stays."""
        with self._writing:
            self._write("")
            yield

    def _go_on(self) -> None:
        while not self._over.wait(INTERVAL):
            with self._writing:
                self._write(self.line(time.monotonic() - self._began))

    def line(self, seconds: float) -> str:
        """The line after so many seconds."""
        counts = {state: count for state, count in dict(self._report.counts).items() if count}
        done = sum(counts.values())
        looked = done + sum(dict(self._report.skipped).values())
        of = f" of {max(self._total, looked):,}" if self._total else ""
        told = "".join(f", {count:,} {state}" for state, count in counts.items())
        rate = f", {done / seconds:,.0f}/s" if done and seconds >= 1 else ""
        return f"{looked:,}{of}{told}{rate}, {seconds:.0f} s"

    def _write(self, line: str) -> None:
        """In place of what was there; without escape sequences, which not every terminal knows."""
        if line or self._width:
            padding = " " * max(0, self._width - len(line))
            end = "" if line else "\r"
            sys.stderr.write(f"\r{line}{padding}{end}")
            sys.stderr.flush()
        self._width = len(line)
