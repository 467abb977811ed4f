"""Several connections at once: each worker thread owns one transport and sends one email at a time.

The database is written by the sweep's own thread only; a worker reads it once for each email, for
the last look before it leaves. The threads are this process's (`Threads`) or, where there is much
to send, those of a process of its own (`sender`).
"""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from continuation_cli.core.delivery import withheld
from continuation_cli.mail.transport import InDoubt, NotSent, Unavailable
from continuation_cli.store import activity, db, outbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from continuation_cli.core.model import Envelope, Settings
    from continuation_cli.mail.transport import Receipt, Transport


@dataclass(frozen=True, slots=True)
class Job:
    """An email that was claimed and is to be sent now, with all that is needed to judge what comes
    of it: what is stored may be unreadable by then. `due_at` is when the attempt was due.
    """

    email: outbox.Claimed
    settings: Settings
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Ready:
    """A worker's transport is open; it can be given a job."""

    worker: int


@dataclass(frozen=True, slots=True)
class Gone:
    """A worker's transport cannot be opened; the worker has ended."""

    worker: int
    error: Exception


@dataclass(frozen=True, slots=True)
class Done:
    """A job has ended. `ready`: the worker can be given the next job right now; otherwise it opens
    its transport again and reports Ready or Gone. `objection` is why the last look said no.
    """

    worker: int
    job: Job
    outcome: Receipt | Exception
    objection: str | None
    ready: bool


Event = Ready | Gone | Done


class Abandoned(InDoubt):
    """Who was sending it has been killed. It says nothing of the email or of the server."""


class LastLook:
    """Asked just before an email leaves. It lives in its worker's thread and reads through a
    connection of its own, as other programs go on writing.
    """

    def __init__(
        self, database: str, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._connection = db.connect(database, write=False)
        self._clock = clock

    def objection(self, job: Job) -> str | None:
        """Why the email must not leave now, or None. Raises NotSent for one that cannot be judged:
        it is not the others' fault.
        """
        try:
            with db.reading(self._connection):
                return self._objection(job)
        except db.OperationalError:
            raise
        except Exception as error:
            why = f"cannot be looked at: {type(error).__name__}: {error}"
            raise NotSent("data", why) from error

    def _objection(self, job: Job) -> str | None:
        email = job.email
        found = outbox.objection(self._connection, email.id)
        if found or email.in_doubt:  # part of it may be in a mailbox: it is sent as it was
            return found
        now = self._clock()
        conversation = activity.conversation(
            self._connection, email.conversation, now, freed=(email.id,)
        )
        return withheld(conversation, job.settings, now) if conversation else "it was removed"

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


class Pool(Protocol):
    """What a sweep sends through: up to so many workers, started as they are needed."""

    @property
    def can_grow(self) -> bool:
        """Whether another worker may be started."""

    def start_worker(self) -> None:
        """Start one more; it reports Ready or Gone."""

    def give(self, worker: int, job: Job) -> None:
        """Hand a job to a worker that is ready."""

    def events(self, *, wait: bool) -> list[Event]:
        """What has happened since; with `wait` there is at least one."""

    def close(self) -> None:
        """Say good-bye on every connection and wait for the workers."""


class Workers:
    """Threads of this process, up to `connections`. `tell` is called by any of them."""

    def __init__(
        self,
        make_transport: Callable[[], Transport],
        make_last_look: Callable[[], LastLook],
        connections: int,
        tell: Callable[[Event], None],
    ) -> None:
        self._make_transport = make_transport
        self._make_last_look = make_last_look
        self._connections = connections
        self._tell = tell
        self._inboxes: list[queue.SimpleQueue[Job | None]] = []
        self._threads: list[threading.Thread] = []

    @property
    def can_grow(self) -> bool:
        """Whether another worker may be started."""
        return len(self._inboxes) < self._connections

    def start_worker(self) -> None:
        """Start one more; it reports Ready or Gone."""
        number = len(self._inboxes)
        inbox: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._inboxes.append(inbox)
        thread = threading.Thread(
            target=self._work, args=(number, inbox), name="sender", daemon=True
        )
        try:
            thread.start()
        except RuntimeError as error:  # as much memory, or as many threads, as this user may have
            self._tell(Gone(number, Unavailable("exec", str(error))))
        else:
            self._threads.append(thread)

    def give(self, worker: int, job: Job) -> None:
        """Hand a job to a worker that is ready."""
        self._inboxes[worker].put(job)

    def close(self) -> None:
        """Say good-bye on every connection and wait for the workers."""
        for inbox in self._inboxes:
            inbox.put(None)
        for thread in self._threads:
            thread.join()

    def _work(self, number: int, inbox: queue.SimpleQueue[Job | None]) -> None:
        try:
            transport, look = self._make_transport(), self._make_last_look()
        except Exception as error:
            self._tell(Gone(number, error))
            return
        try:
            while self._opened(number, transport):
                if not self._serve(number, inbox, transport, look):
                    return
        finally:
            transport.close()
            look.close()

    def _opened(self, number: int, transport: Transport) -> bool:
        try:
            transport.open()
        except Exception as error:
            self._tell(Gone(number, error))
            return False
        self._tell(Ready(number))
        return True

    def _serve(
        self,
        number: int,
        inbox: queue.SimpleQueue[Job | None],
        transport: Transport,
        look: LastLook,
    ) -> bool:
        """Send until the transport closes (True) or there is nothing more to send (False)."""
        while (job := inbox.get()) is not None:
            objections: list[str] = []

            def last_look(job: Job = job, objections: list[str] = objections) -> bool:
                objections.extend(filter(None, [look.objection(job)]))
                return not objections

            outcome = deliver(transport, job.email.envelope, last_look)
            ready = transport.is_open
            why = objections[0] if objections else None
            self._tell(Done(number, job, outcome, why, ready))
            if not ready:
                return True
        return False


class Threads(Workers):
    """A pool in this process."""

    def __init__(
        self,
        make_transport: Callable[[], Transport],
        make_last_look: Callable[[], LastLook],
        connections: int,
    ) -> None:
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        super().__init__(make_transport, make_last_look, connections, self._events.put)

    def events(self, *, wait: bool) -> list[Event]:
        """What has happened since; with `wait` there is at least one."""
        found = [self._events.get()] if wait else []
        while not self._events.empty():
            found.append(self._events.get())
        return found


def deliver(
    transport: Transport, envelope: Envelope, last_look: Callable[[], bool]
) -> Receipt | Exception:
    """One attempt; its outcome, whatever it is, is to be recorded."""
    try:
        return transport.send(envelope, last_look)
    except Exception as error:
        return error
