"""`python -m benchmarks.killing [--runs N]`: what kill -9 at a random moment does to a queue of 500
emails, here and in two widely used queues, in the same harness; prints a table.

Each run: fill the queue, start what sends it, kill it when a random number of emails has arrived,
start it again at once and let it end; count. The settings are the defaults of each.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import re
import shutil
import signal
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import chats
from benchmarks.measure import CONTINUATION, ENVIRONMENT, copy_database, run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

EMAILS = 500
REQUIREMENTS = ("django", "django-post_office", "django-mailer")
_ID = re.compile(rb"^Message-ID:\s*(\S+)", re.MULTILINE | re.IGNORECASE)


#: The command that named the recipient, and the message.
Mail = tuple[bytes, bytes]


class _Session(socketserver.StreamRequestHandler):
    server: Sink

    def handle(self) -> None:
        with contextlib.suppress(OSError):  # the client was killed
            self._serve()

    def _serve(self) -> None:
        self._say("220 sink.example ESMTP")
        recipient = b""
        while line := self.rfile.readline():
            verb = line[:4].upper()
            if verb == b"DATA":
                self._say("354 end with a dot")
                if (message := self._message()) is None:
                    return
                self.server.accepted.append((recipient, message))
                self._say("250 2.0.0 queued")
            elif verb == b"QUIT":
                self._say("221 2.0.0 bye")
                return
            else:
                recipient = line.strip() if verb == b"RCPT" else recipient
                self._say("250 2.0.0 ok")

    def _message(self) -> bytes | None:
        lines = []
        while line := self.rfile.readline():
            if line == b".\r\n":
                return b"".join(lines)
            lines.append(line)
        return None

    def _say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")


class Sink(socketserver.ThreadingTCPServer):
    """A mail server that keeps what it accepts, with the RCPT command that it came with."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.accepted: list[Mail] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])


@dataclass(frozen=True, slots=True)
class Queue:
    """Something that sends emails: how its full queue is made, and what is run on it."""

    name: str
    prepared: Path
    command: Sequence[str]
    environment: Mapping[str, str]


@dataclass(slots=True)
class Tally:
    """What came of the runs of one queue."""

    runs: int = 0
    twice: int = 0
    most_twice: int = 0
    new_ids: int = 0
    stuck: int = 0
    stuck_runs: int = 0

    def count(self, accepted: Sequence[Mail]) -> None:
        """Look at all that arrived in one run."""
        ids: dict[bytes, set[bytes]] = {}
        for recipient, message in accepted:
            found = _ID.search(message)
            ids.setdefault(recipient, set()).add(found[1] if found else b"")
        twice = len(accepted) - len(ids)
        self.runs += 1
        self.twice += twice
        self.most_twice = max(self.most_twice, twice)
        self.new_ids += sum(len(each) - 1 for each in ids.values())
        self.stuck += EMAILS - len(ids)
        self.stuck_runs += len(ids) < EMAILS


def kill_once(queue: Queue, sink: Sink, directory: Path, source: random.Random) -> list[Mail]:
    """One run; everything that arrived."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    copy_database(queue.prepared, directory / "queue.db")
    accepted: list[Mail] = []
    sink.accepted = accepted
    wanted = source.randrange(1, EMAILS)
    # In the run's own folder: one of them leaves its lock where it is started.
    child = subprocess.Popen(
        queue.command, cwd=directory, env=queue.environment,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while len(accepted) < wanted and child.poll() is None:
        time.sleep(0.0005)
    time.sleep(source.uniform(0, 0.02))
    child.kill()
    if child.wait() != -signal.SIGKILL and len(accepted) < wanted:
        raise RuntimeError(f"{queue.name} ended by itself, after {len(accepted)} emails")
    subprocess.run(
        queue.command, cwd=directory, env=queue.environment, timeout=600, check=False,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    return accepted


def continuation(directory: Path, sink: Sink) -> Queue:
    """The project: 500 conversations that are due."""
    prepared = directory / "continuation.db"
    chats.create(prepared, transport=f"smtp://127.0.0.1:{sink.port}")
    chats.fill(prepared, chats.Mix(EMAILS * 2, EMAILS, 0, 0, EMAILS))
    with contextlib.closing(chats.open_writer(prepared)) as backend:
        own = "UPDATE conversations SET email = id || '@example.com' WHERE email IS NOT NULL"
        backend.execute(own)
    return Queue(
        "continuation, 4 connections", prepared,
        [*CONTINUATION, "--db", "queue.db", "sweep"], ENVIRONMENT,
    )  # fmt: skip


def references(directory: Path, sink: Sink) -> list[Queue]:
    """django-post_office and django-mailer, in an environment of their own."""
    python = directory / "references" / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(python.parent.parent)], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", *REQUIREMENTS]
        subprocess.run(pip, check=True)
    versions = "from importlib.metadata import version; import sys; print(version(sys.argv[1]))"

    def version(name: str) -> str:
        asked = [str(python), "-c", versions, name]
        return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()

    def queue(name: str, kind: str, command: Sequence[str], **more: str) -> Queue:
        environment = {
            **ENVIRONMENT,
            "DJANGO_SETTINGS_MODULE": "benchmarks.reference.kill_settings",
            "BENCH_PORT": str(sink.port),
            **more,
        }
        prepared = directory / f"{kind}.db"
        prepared.unlink(missing_ok=True)
        fill = [str(python), "-m", "benchmarks.reference.kill_enqueue", kind, str(EMAILS)]
        run(fill, environment={**environment, "BENCH_DATABASE": str(prepared)})
        words = [str(python), "-m", "django", *command]
        return Queue(name, prepared, words, {**environment, "BENCH_DATABASE": "queue.db"})

    office, mailer = version("django-post_office"), version("django-mailer")
    send = ["send_queued_mail", "--lockfile", str(directory / "post_office")]
    return [
        queue(f"django-post_office {office}", "post_office", send),
        queue(f"django-mailer {mailer}", "mailer", ["send_mail"]),
        queue(f"django-mailer {mailer}, MAILER_USE_FILE_LOCK off", "mailer", ["send_mail"],
              BENCH_MAILER_LOCK="off"),
    ]  # fmt: skip


def main(words: Sequence[str] | None = None) -> int:
    """Print the table; 1 if the project lost or doubled more than it promises."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.killing", description=__doc__)
    parser.add_argument("--runs", type=int, default=12, help="of each queue (12)")
    parser.add_argument("--dir", type=Path, help="keep the references' environment here")
    arguments = parser.parse_args(words)
    tallies: dict[str, Tally] = {}
    with tempfile.TemporaryDirectory(prefix="killing-") as scratch, Sink() as sink:
        home = arguments.dir.resolve() if arguments.dir else Path(scratch)
        home.mkdir(parents=True, exist_ok=True)
        queues = [continuation(Path(scratch), sink), *references(home, sink)]
        for number in range(arguments.runs):
            for queue in queues:
                source = random.Random(number)
                tally = tallies.setdefault(queue.name, Tally())
                tally.count(kill_once(queue, sink, Path(scratch) / "run", source))
                print(f"  {number + 1} {queue.name}: {tally}", file=sys.stderr, flush=True)
        sink.shutdown()
    print(f"| {EMAILS} emails, killed once | runs | sent twice | most a kill "
          "| with a new Message-ID | runs stuck | emails stuck |")  # fmt: skip
    print("|---|--:|--:|--:|--:|--:|--:|")
    for name, t in tallies.items():
        print(f"| {name} | {t.runs} | {t.twice} | {t.most_twice} | {t.new_ids} "
              f"| {t.stuck_runs} | {t.stuck} |")  # fmt: skip
    ours = next(iter(tallies.values()))
    return int(ours.most_twice > 4 or ours.new_ids > 0 or ours.stuck > 0)


if __name__ == "__main__":
    raise SystemExit(main())
