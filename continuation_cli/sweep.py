"""find -> decide -> compose -> claim -> send -> record. See docs/outbox.md for the protocol.

Here is the loop that keeps the workers busy and loses no outcome; `planning` finds and composes,
`claiming` claims and records, `sending` sends.
"""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

from continuation_cli import outcomes, sending
from continuation_cli.claiming import Claims
from continuation_cli.ledger import Ledger
from continuation_cli.outcomes import Report, Result, UnrecordedError
from continuation_cli.planning import Planner, Scope, Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from continuation_cli.drafts import Drafter
    from continuation_cli.store.db import Connection

__all__ = ["Scope", "Sweep"]

#: What a run that cannot go on waits between its attempts to record what has left, in seconds.
PAUSES = (0.1, 0.5, 2.0, 5.0)


class Sweep:
    """One run over the database; the caller holds the sweep's lock."""

    def __init__(
        self,
        connection: Connection,
        drafter: Drafter,
        pool: sending.Pool,
        *,
        clock: Callable[[], datetime],
        scope: Scope,
        on_result: Callable[[Result], None],
    ) -> None:
        self._ledger = Ledger(connection, drafter, on_result)
        self._planner = Planner(self._ledger, scope)
        self._claims = Claims(self._ledger, self._planner, clock)
        self._pool = pool
        self._clock = clock
        self._limit = scope.limit
        self._claimed = 0
        self._in_flight: set[int] = set()
        self._unrecorded: list[sending.Done] = []
        self._opening = 0
        self._idle: list[int] = []
        self._failure: Exception | None = None
        self.report = self._ledger.report

    def stop(self, why: str, cause: Exception | None = None) -> None:
        """Send nothing more; what is being sent is still recorded."""
        if self.report.stopped is None:
            self.report.stopped, self.report.cause = why, cause

    def run(self) -> Report:
        """Send everything that is due within the scope.

        Whatever is raised, what has left by then is recorded. Raises UnrecordedError if that is
        impossible; the next run takes those emails for orphans.
        """
        try:
            self._send_all()
        except BaseException:
            self._drain()
            raise
        finally:
            self._ledger.publish()
        return self.report

    # --- The loop -----------------------------------------------------------------------------

    def _send_all(self) -> None:
        with self._ledger.writing():
            self._claims.recover()
        work = self._planner.work(self._clock())
        ahead: deque[Work] = deque()
        while True:
            self._ledger.publish()
            self._look_ahead(work, ahead)
            self._start_workers(ahead)
            can_send = bool(ahead) and self.report.stopped is None
            if not self._in_flight and not (can_send and (self._idle or self._opening)):
                return
            self._take(self._pool.events(wait=not (can_send and self._idle)))
            self._settle(ahead)

    def _look_ahead(self, work: Iterator[Work], ahead: deque[Work]) -> None:
        """Compose while the workers wait for their servers."""
        wanted = max(1, len(self._in_flight) + len(self._idle))
        while len(ahead) < wanted and not self._is_full(len(ahead)) and not self.report.stopped:
            found = next(work, None)
            if found is None:
                return
            ahead.append(found)

    def _is_full(self, ahead: int) -> bool:
        return self._limit is not None and self._claimed + ahead >= self._limit

    def _start_workers(self, ahead: deque[Work]) -> None:
        spare = len(ahead) - len(self._idle) - self._opening
        if spare > 0 and self._pool.can_grow and not self.report.stopped:
            self._pool.start_worker()
            self._opening += 1

    def _take(self, events: list[sending.Event]) -> None:
        """Who is idle, who is opening a connection, what has left, and whether anybody is left."""
        for event in events:
            if isinstance(event, sending.Done):
                self._in_flight.discard(event.job.email.id)
                self._unrecorded.append(event)
                if outcomes.is_servers_fault(event.outcome):
                    self.stop(str(event.outcome))
                if event.ready:
                    self._idle.append(event.worker)
                else:
                    self._opening += 1
                continue
            self._opening -= 1
            if isinstance(event, sending.Ready):
                self._idle.append(event.worker)
            elif not (self._idle or self._in_flight or self._opening):
                # Some servers allow fewer connections than we ask for: as long as one is left,
                # go on.
                self.stop(str(event.error), event.error)
        self._ledger.is_urgent = bool(self._in_flight or self._unrecorded)

    def _settle(self, ahead: deque[Work]) -> None:
        """Record what was done and claim what is sent next, in one commit; then send it.

        A worker gets its next email only after the commit that holds the fate of its last one, so
        that at most one email a connection is ever in doubt.
        """
        if not self._unrecorded and not (ahead and self._idle):
            return
        jobs: list[sending.Job] = []
        with self._ledger.writing():
            for done in self._unrecorded:
                self._claims.record(done)
            while len(jobs) < len(self._idle) and ahead and self.report.stopped is None:
                job = self._claims.claim(ahead.popleft())
                if job is not None:
                    jobs.append(job)
        self._unrecorded.clear()
        for job in jobs:
            self._claimed += 1
            self._in_flight.add(job.email.id)
            self._pool.give(self._idle.pop(), job)
        self._ledger.is_urgent = bool(self._in_flight)

    # --- The end that nobody wanted -----------------------------------------------------------

    def _drain(self) -> None:
        """Wait for what is in flight and record what came of it, and nothing else that could fail.
        Unrecorded, it would be in doubt and go out twice.
        """
        self._record_alone()
        while self._in_flight:
            self._take(self._pool.events(wait=True))
            self._record_alone()
        for pause in PAUSES:
            if not self._unrecorded:
                return
            time.sleep(pause)
            self._record_alone()
        if self._unrecorded:
            emails = sorted(done.job.email.id for done in self._unrecorded)
            raise UnrecordedError(emails) from self._failure

    def _record_alone(self) -> None:
        """Record each outcome by itself; those that cannot be stay unrecorded."""
        self._ledger.is_urgent = self._failure is None  # it has been waited for long enough
        left: list[sending.Done] = []
        for done in self._unrecorded:
            try:
                with self._ledger.writing():
                    self._claims.record(done)
            except Exception as error:
                self._failure = error
                self._ledger.is_urgent = False
                left.append(done)
        self._unrecorded = left
