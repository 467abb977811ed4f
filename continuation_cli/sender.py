"""A process that sends for a sweep which has much to send.

Python runs one thread of a process at a time. In one process, the threads that talk to servers and
the one that composes and records wait for each other at every statement of SQL; apart from each
other, they use two processors.

The sweep starts the process, tells it over a socket what to send and is told what came of it. The
process ends with the sweep, however that ends. If it is the process that is killed, what it was
sending is in doubt.
"""

from __future__ import annotations

import os
import pickle
import select
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from continuation_cli.mail.transport import Unavailable, open_transport
from continuation_cli.sending import Abandoned, Done, Gone, LastLook, Ready, Workers

if TYPE_CHECKING:
    from continuation_cli.sending import Event, Job

#: From how many emails on it pays: to start a process takes as long as it saves with so many.
WORTH_IT = 100

#: Not `-m`: that would look for our modules in the current directory first, whosever that is.
_START = (
    "import sys; sys.path.append(sys.argv[1]); from continuation_cli import sender; sender.main()"
)
_LENGTH = 4
_START_WORKER = "start"
_CLOSE = "close"


class _Hello(NamedTuple):
    """What the process is told first. No secret: those are in the environment, which it has."""

    url: str
    database: str
    connections: int


class _Outcome(NamedTuple):
    """A Done without its job, which the sweep has."""

    worker: int
    outcome: Any
    objection: str | None
    ready: bool


class Sender:
    """A pool in a process of its own. Raises OSError if that cannot be started."""

    def __init__(self, url: str, database: str, connections: int) -> None:
        ours, theirs = socket.socketpair()
        self._channel = _Channel(ours)
        self._connections = connections
        self._started = 0
        self._opening: set[int] = set()
        self._jobs: dict[int, Job] = {}
        package = Path(__file__).resolve().parent.parent
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - ourselves
                [sys.executable, "-P", "-c", _START, str(package)],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
            )
        self._tell(_Hello(url, database, connections))

    @property
    def can_grow(self) -> bool:
        """Whether another worker may be started."""
        return self._started < self._connections

    def start_worker(self) -> None:
        """Start one more; it reports Ready or Gone."""
        self._opening.add(self._started)
        self._started += 1
        self._tell(_START_WORKER)

    def give(self, worker: int, job: Job) -> None:
        """Hand a job to a worker that is ready."""
        self._jobs[worker] = job
        self._tell((worker, job))

    def events(self, *, wait: bool) -> list[Event]:
        """What has happened since; with `wait` there is at least one."""
        found: list[Event] = []
        while (wait and not found) or self._channel.has_more:
            try:
                found.append(self._event(self._channel.receive()))
            except (EOFError, OSError):
                return found + self._lost()
        return found

    def close(self) -> None:
        """Say good-bye on every connection and wait for the workers."""
        self._tell(_CLOSE)
        self._process.wait()
        self._channel.close()

    def _tell(self, what: object) -> None:
        with suppress(OSError):  # `events` finds that it has ended, and what that means
            self._channel.send(what)

    def _event(self, told: _Outcome | Ready | Gone) -> Event:
        if isinstance(told, _Outcome):
            if not told.ready:
                self._opening.add(told.worker)
            return Done(told.worker, self._jobs.pop(told.worker), *told[1:])
        self._opening.discard(told.worker)
        return told

    def _lost(self) -> list[Event]:
        """The process has ended by itself. What it was sending may have been accepted."""
        why = f"the sending process ended with {self._process.wait()}"
        gone = self._opening | self._jobs.keys()
        doubts = [
            Done(*job, Abandoned("exec", why), None, ready=False) for job in self._jobs.items()
        ]
        self._jobs.clear()
        self._opening.clear()
        return [*doubts, *(Gone(worker, Unavailable("exec", why)) for worker in sorted(gone))]


class _Channel:
    """Pickled values over a socket, each behind its length in octets."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._lock = threading.Lock()

    def send(self, value: object) -> None:
        """Raises OSError if nobody is there. May be called by several threads."""
        octets = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
        with self._lock:
            self._socket.sendall(len(octets).to_bytes(_LENGTH, "big") + octets)

    def receive(self) -> Any:
        """Wait for the next value. Raises EOFError if the other side has ended."""
        length = int.from_bytes(self._exactly(_LENGTH), "big")
        return pickle.loads(self._exactly(length))  # noqa: S301 - nobody else has the socket

    @property
    def has_more(self) -> bool:
        """Whether `receive` has something to read at once."""
        return bool(select.select([self._socket], [], [], 0)[0])

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def _exactly(self, length: int) -> bytes:
        octets = bytearray()
        while len(octets) < length:
            more = self._socket.recv(length - len(octets))
            if not more:
                raise EOFError
            octets += more
        return bytes(octets)


# --- The process ----------------------------------------------------------------------------------


def main() -> None:
    """The process: its socket is its standard input, as inetd would have it."""
    # A terminal and systemd tell all processes to end; the sweep does so once it is told.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    channel = _Channel(socket.socket(fileno=os.dup(0)))
    try:
        _serve(channel)
    except (EOFError, ConnectionError):
        os._exit(os.EX_TEMPFAIL)  # the sweep was killed; its successor must not meet what is left


def _serve(channel: _Channel) -> None:
    hello: _Hello = channel.receive()

    def tell(event: Event) -> None:
        with suppress(OSError):  # the sweep was killed, and this process is about to end
            channel.send(_told(event))

    workers = Workers(
        lambda: open_transport(hello.url, os.environ),
        lambda: LastLook(hello.database),
        hello.connections,
        tell,
    )
    while (told := channel.receive()) != _CLOSE:
        if told == _START_WORKER:
            workers.start_worker()
        else:
            workers.give(*told)
    workers.close()


def _told(event: Event) -> _Outcome | Ready | Gone:
    if isinstance(event, Done):
        return _Outcome(event.worker, _portable(event.outcome), event.objection, event.ready)
    if isinstance(event, Gone):
        return Gone(event.worker, _portable(event.error))
    return event


def _portable(outcome: Any) -> Any:
    """An outcome as it can be told to another process."""
    try:
        pickle.loads(pickle.dumps(outcome))  # noqa: S301 - our own
    except Exception:
        return RuntimeError(f"{type(outcome).__name__}: {outcome}")
    return outcome
