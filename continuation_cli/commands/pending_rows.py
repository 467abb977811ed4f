"""The rows of `pending`, soonest first, each decided upon only when it is asked for: a page of them
costs the same however many wait.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from continuation_cli.core import report
from continuation_cli.store import activity, db, queue
from continuation_cli.store.settings import SettingsReader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from continuation_cli.store.db import Connection

#: How many conversations are looked up at a time.
BATCH = 100

_ORDER = {"due": 0, "waiting": 1, "skipped": 2}


class Rows:
    """All rows of one moment, in the order in which they are shown: what is due and what waits by
    the time, then what is skipped.

    `complaints` are the channels whose settings cannot be read, as far as rows were asked for.
    """

    def __init__(
        self, connection: Connection, now: datetime, *, channel: str | None, every: bool
    ) -> None:
        self._connection = connection
        self._now = now
        self._channel = channel
        self._every = every
        self._settings = SettingsReader(connection)
        self.complaints: set[str] = set()

    def __iter__(self) -> Iterator[report.Row]:
        if queue.clock_went_back(self._connection, self._now):
            # As of then, what is put off or parked by now may have been due.
            everything = activity.every_conversation if self._every else queue.waiting
            yield from sorted(
                self._decided(list(everything(self._connection, self._channel))), key=_place
            )
            return
        skipped: list[report.Row] = []
        yield from self._by_time(skipped)
        skipped.sort(key=_place)
        timed = [row for row in skipped if row["due_at"]]
        yield from timed
        untimed = [row for row in skipped if not row["due_at"]]
        yield from heapq.merge(untimed, self._parked(), key=_place)

    def _by_time(self, skipped: list[report.Row]) -> Iterator[report.Row]:
        """What is due and what waits. No email is due before its turn in the queue (`check_at`),
        so that no later one comes before those whose time is earlier than that.
        """
        ahead: list[tuple[str, str, report.Row]] = []
        last = queue.START
        while batch := queue.upcoming(
            self._connection, after=last, limit=BATCH, channel=self._channel
        ):
            last = batch[-1]
            for row in self._decided(candidate.conversation for candidate in batch):
                if row["state"] == "skipped":
                    skipped.append(row)
                else:
                    heapq.heappush(ahead, (row["due_at"] or "", row["conversation"], row))
            while ahead and ahead[0][0] < last.check_at:
                yield heapq.heappop(ahead)[2]
        while ahead:
            yield heapq.heappop(ahead)[2]

    def _parked(self) -> Iterator[report.Row]:
        """What is skipped until something changes, by id."""
        if not self._every:
            yield from self._decided(queue.parked_ids(self._connection, self._channel))
            return
        ids = activity.every_conversation(self._connection, self._channel)
        yield from self._decided(each for each in ids if not queue.has_turn(self._connection, each))

    def _decided(self, conversations: Iterable[str]) -> Iterator[report.Row]:
        for conversation_id in conversations:
            conversation = activity.conversation(self._connection, conversation_id, self._now)
            if conversation is None:
                continue
            try:
                effective = self._settings.of(conversation.channel)
            except db.SettingError as error:
                self.complaints.add(str(error))
                continue
            row = report.row(conversation, effective, self._now)
            if self._every or row["reason"] != "nothing_unseen":
                yield row


def _place(row: report.Row) -> tuple[int, str, str]:
    return _ORDER[row["state"]], row["due_at"] or "9", row["conversation"]
