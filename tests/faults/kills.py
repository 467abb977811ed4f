"""A mail server that kills its client, and the other ways in which a sweep is killed."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from faulty_smtp import DROP, Behaviour, FaultySmtp

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Sequence

DOOMED = Path(__file__).with_name("doomed.py")
STAGES = ("connect", "ehlo", "mail", "rcpt", "data", "dot", "rset", "quit")
#: What is said once a connection; the other stages are reached once a message.
ONCE = ("connect", "ehlo", "quit")
#: How much of the large email has come when its sender is killed, in octets.
PARTS = {"head": 1, "middle": 100_000}
LARGE = 300_000
COMMITS = ("claim", "combined", "outcome")


@dataclass(frozen=True)
class Step:
    """Where a sweep is killed. `when`: "received" or "answered" for a stage of the session,
    "dropped" if the server forgets what it had received, "before" or "after" for a commit, the part
    of the message for "body"; "any" is a random moment.
    """

    what: str
    when: str

    @property
    def is_commit(self) -> bool:
        return self.when in ("before", "after")

    @property
    def group(self) -> str:
        """The line of the published table that it belongs to."""
        if self.what == "any":
            return "any moment"
        if self.is_commit:
            return "before or after a commit"
        if self.what == "body":
            return "within a message"
        return "before or after the answer to " + ("the dot" if self.what == "dot" else "a command")

    def __str__(self) -> str:
        if self.what == "any":
            return "any moment"
        if self.is_commit:
            return f"{self.when} the commit of {self.what}"
        return f"{self.what} {self.when}"


STEPS = (
    *(Step(stage, when) for stage in STAGES for when in ("received", "answered")),
    Step("dot", "dropped"),
    *(Step("body", part) for part in PARTS),
    *(Step(kind, when) for kind in (*COMMITS, "recover") for when in ("before", "after")),
)
ANY = Step("any", "")


class KillingSmtp(FaultySmtp):
    """Strikes when a step has been reached so many times; all else as usual."""

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._step: Step | None = None
        self._left = 0
        self._strike: Callable[[], None] = lambda: None
        super().__post_init__()

    def arm(self, step: Step, number: int, strike: Callable[[], None]) -> None:
        if step.what == "body":
            # A client that is killed within a large message must not have handed it over.
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        with self._lock:
            self._step, self._left, self._strike = step, number, strike

    def _reached(self, what: str, when: str) -> bool:
        """Whether that was it: then the client is dead by now."""
        with self._lock:
            if self._step != Step(what, when):
                return False
            self._left -= 1
            if self._left != 0:
                return False
            self._step = None
        self._strike()
        return True

    def behaviour(self, stage: str) -> Behaviour:
        self._reached(stage, "received")
        if stage == "dot" and self._reached(stage, "dropped"):
            return DROP
        return super().behaviour(stage)

    def answered(self, stage: str) -> None:
        self._reached(stage, "answered")

    def reading(self, octets: int) -> None:
        for part, least in PARTS.items():
            if octets >= least:
                self._reached("body", part)


@dataclass
class Victim:
    """A sweep as a process, that does not live long."""

    arguments: Sequence[str]
    server: KillingSmtp
    source: random.Random
    emails: int
    connections: int

    def die(self, step: Step) -> None:
        if step.is_commit:
            self._die_at_commit(step)
        elif step == ANY:
            self._die_at_random()
        else:
            self._die_in_session(step)

    def _die_at_commit(self, step: Step) -> None:
        # A commit of one kind may hold what is of all connections.
        most = self.emails // (2 * self.connections) if step.what == "combined" else 1
        number = self.source.randint(1, max(1, most))
        words = [sys.executable, DOOMED, step.when, step.what, str(number), *self.arguments]
        ended = subprocess.run(words, capture_output=True, timeout=120, check=False)
        assert ended.returncode == -signal.SIGKILL, (step, ended.stderr)

    def _die_in_session(self, step: Step) -> None:
        # How many connections there are is the program's choice, and of large emails there is one.
        rare = step.what in ONCE or step == Step("body", "middle")
        most = 1 if rare else self.emails // (2 if step.what == "rset" else 1)
        number = self.source.randint(1, max(1, most))
        started = threading.Event()
        process: subprocess.Popen[bytes]

        def strike() -> None:
            started.wait(10)
            process.kill()
            process.wait()

        self.server.arm(step, number, strike)
        process = self._start()
        started.set()
        assert process.wait(120) == -signal.SIGKILL, step

    def _die_at_random(self) -> None:
        """When so much has been accepted, and a moment later; or while it starts."""
        before = len(self.server.accepted)
        wanted = self.source.randint(0, max(0, self.emails - before - 1))
        process = self._start()
        while len(self.server.accepted) - before < wanted and process.poll() is None:
            time.sleep(0.0005)
        time.sleep(self.source.uniform(0, 0.02 if wanted else 0.5))
        process.kill()
        process.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        words = [sys.executable, "-m", "continuation_cli", *self.arguments]
        quiet = subprocess.DEVNULL
        return subprocess.Popen(words, stdout=quiet, stderr=quiet)
