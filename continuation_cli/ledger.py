"""The database as a sweep writes it: short transactions, and results that are told only once they
are committed and nothing is locked.
"""

from __future__ import annotations

from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from continuation_cli.outcomes import Report, Result
from continuation_cli.store import activity, db, queue

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from continuation_cli.drafts import Drafter
    from continuation_cli.store.db import Connection

#: For how long what breaks is left alone: a conversation whose email cannot be composed, an email
#: that cannot be tried again.
SET_ASIDE = timedelta(hours=1)


class Ledger:
    """What a run has read and written, and what it has to tell. `drafter` reads through the same
    connection.
    """

    def __init__(
        self, connection: Connection, drafter: Drafter, on_result: Callable[[Result], None]
    ) -> None:
        self.connection = connection
        self.drafter = drafter
        self.report = Report()
        self.version = db.data_version(connection)
        #: Something has left, or may have, that is not recorded yet: writing must not give up.
        self.is_urgent = False
        self._on_result = on_result
        self._noted: list[Result] = []
        self._untold: list[Result] = []

    # --- Reading ------------------------------------------------------------------------------

    def refresh(self) -> bool:
        """Read settings anew if another connection has written since; whether one has."""
        version = db.data_version(self.connection)
        if version == self.version:
            return False
        self.version = version
        self.drafter.refresh()
        return True

    # --- Writing ------------------------------------------------------------------------------

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One short write transaction; what it notes counts once it is committed."""
        self._noted = []
        with db.writing(self.connection, patient=self.is_urgent):
            yield
        for result in self._noted:
            self.report.counts[result.state] += 1
        self._untold += self._noted

    @contextmanager
    def part(self) -> Iterator[None]:
        """A part of a transaction that is undone by itself, with what it noted, if it fails."""
        before = len(self._noted)
        try:
            with db.savepoint(self.connection):
                yield
        except BaseException:
            del self._noted[before:]
            raise

    def note(self, result: Result) -> None:
        """Within a transaction: what has become of an email."""
        self._noted.append(result)

    def publish(self) -> None:
        """Tell what is committed. Outside of any transaction: a listener may block."""
        while self._untold:
            with suppress(OSError):  # nobody listens any more, and mail must go on
                self._on_result(self._untold.pop(0))

    def is_to_blame(self, error: Exception) -> bool:
        """Whether an error is the store's - the disk, another writer - and no conversation's."""
        return isinstance(error, db.OperationalError) or not self.connection.in_transaction

    def set_aside(self, conversation: str, error: Exception, now: datetime) -> None:
        """A poisoned conversation is recorded and left alone for a while; the rest goes on.

        Within a transaction. An error that is no conversation's is raised again.
        """
        if self.is_to_blame(error):
            raise error
        why = f"cannot be composed: {type(error).__name__}: {error}"[:500]
        activity.set_aside(self.connection, conversation, now + SET_ASIDE, why)
        queue.postpone(self.connection, conversation, now + SET_ASIDE, "set_aside")
        queue.record_parking(self.connection, now)
        self.note(Result(None, conversation, "set_aside", why))
