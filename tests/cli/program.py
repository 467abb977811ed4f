"""The program as its callers meet it, and a chat backend that writes plain SQL.

    def test_x(chat, run):
        chat.due("c1")
        assert run("pending", "--json").data[0]["state"] == "due"

`run` calls `main()` in this process, for speed: exit code, stdout and stderr are what a process
would give. `spawn` starts a real process, where the process is what matters.
"""

from __future__ import annotations

import io
import json
import shutil
import signal
import sqlite3
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest

from continuation_cli import cli
from continuation_cli.store import schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

NOTHING: Mapping[str, str] = MappingProxyType({})
VARIABLES = ("CONTINUATION_DB", "CONTINUATION_TRANSPORT", "NO_COLOR")


@dataclass(frozen=True)
class Ran:
    """How a run ended and what it said."""

    code: int
    stdout: bytes
    stderr: bytes

    @property
    def out(self) -> str:
        return self.stdout.decode()

    @property
    def err(self) -> str:
        return self.stderr.decode()

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)

    @property
    def data(self) -> Any:
        return self.json["data"]

    @property
    def rows(self) -> list[dict[str, str]]:
        """TSV with a header line."""
        head, *lines = self.out.splitlines()
        cells = [line.split("\t") for line in lines]
        assert all(len(row) == len(head.split("\t")) for row in cells)
        return [dict(zip(head.split("\t"), row, strict=True)) for row in cells]


def text(moment: datetime) -> str:
    """The stored form of a time."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


@dataclass
class Chat:
    """What a chat backend does to the database. Times are minutes ago."""

    path: str
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    check_same_thread: bool = True

    def __post_init__(self) -> None:
        self._connection = sqlite3.connect(
            self.path, isolation_level=None, check_same_thread=self.check_same_thread
        )
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA foreign_keys = ON")
        self._connection.execute("PRAGMA synchronous = OFF")

    def close(self) -> None:
        self._connection.close()

    def sql(self, query: str, *values: Any) -> list[sqlite3.Row]:
        return self._connection.execute(query, values).fetchall()

    def one(self, query: str, *values: Any) -> Any:
        """The only row, or its only column."""
        [row] = self.sql(query, *values)
        return row[0] if len(row) == 1 else row

    def dump(self) -> str:
        """Everything that is stored."""
        other = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True)
        try:
            return "\n".join(other.iterdump())
        finally:
            other.close()

    def ago(self, minutes: float) -> str:
        return text(self.now - timedelta(minutes=minutes))

    def insert(self, table: str, **columns: Any) -> None:
        names, marks = ", ".join(columns), ", ".join("?" * len(columns))
        self.sql(f"INSERT INTO {table} ({names}) VALUES ({marks})", *columns.values())

    def conversation(
        self,
        conversation: str = "c1",
        channel: str = "acme",
        email: str | None = "ada@example.com",
        began: float = 60,
        **columns: Any,
    ) -> None:
        self.sql("INSERT INTO channels (id) VALUES (?) ON CONFLICT DO NOTHING", channel)
        self.insert(
            "conversations",
            id=conversation,
            channel=channel,
            email=email,
            began_at=self.ago(began),
            **columns,
        )

    def page(
        self,
        conversation: str = "c1",
        page: str = "p1",
        url: str | None = "https://acme.example/pricing",
        opened: float = 60,
        closed: float | None = None,
        **columns: Any,
    ) -> None:
        closed_at = None if closed is None else self.ago(closed)
        self.insert(
            "pages",
            conversation=conversation,
            id=page,
            url=url,
            opened_at=self.ago(opened),
            closed_at=closed_at,
            **columns,
        )

    def message(
        self,
        conversation: str = "c1",
        message: str = "m1",
        body: str = "Your refund is on its way.",
        *,
        ago: float = 10,
        author: str = "agent",
        **columns: Any,
    ) -> None:
        columns = {"name": "Ana" if author == "agent" else None, **columns}
        self.insert(
            "messages",
            conversation=conversation,
            id=message,
            author=author,
            text=body,
            sent_at=self.ago(ago),
            **columns,
        )

    def due(self, conversation: str = "c1", **columns: Any) -> None:
        """A conversation whose customer left half an hour ago and has an answer since ten."""
        self.conversation(conversation, **columns)
        self.page(conversation, closed=30)
        self.message(conversation)

    def waits(self, conversation: str = "c1", **columns: Any) -> None:
        """A conversation whose customer has the page open, unseen message since ten minutes."""
        self.conversation(conversation, **columns)
        self.page(conversation)
        self.message(conversation)

    def set(self, key: str, value: str, channel: str = "") -> None:
        self.sql(
            "INSERT INTO settings (channel, key, value) VALUES (?, ?, ?) "
            "ON CONFLICT (channel, key) DO UPDATE SET value = excluded.value",
            channel,
            key,
            value,
        )

    def emails(self) -> list[sqlite3.Row]:
        return self.sql("SELECT * FROM emails ORDER BY id")


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("empty") / "empty.db"
    schema.create(str(path), datetime(2026, 3, 1, tzinfo=UTC))
    return path


@pytest.fixture
def database(empty_database: Path, tmp_path: Path) -> str:
    """The path of a database as `init` makes it."""
    return str(shutil.copy(empty_database, tmp_path / "chat.db"))


@pytest.fixture
def chat(database: str) -> Iterator[Chat]:
    """A backend on a database that can send: from_email is set, and a Maildir as transport."""
    chat = Chat(database)
    chat.set("from_email", "support@acme.example")
    chat.set("transport", f"maildir:{Path(database).parent}/outgoing")
    yield chat
    chat.close()


@pytest.fixture
def run(database: str, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """Run a command: run("pending", "--json"). `db` is another database, or None for none.

    The database is told by the environment, another one with `--db`.
    """
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)

    def run(
        *args: object,
        db: str | None = database,
        stdin: bytes = b"",
        env: Mapping[str, str] = NOTHING,
    ) -> Ran:
        words = [
            "continuation",
            *(("--db", db) if db not in (None, database) else ()),
            *map(str, args),
        ]
        out, err = io.BytesIO(), io.BytesIO()
        signals = {n: signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
        with monkeypatch.context() as patch:
            told = {"CONTINUATION_DB": database} if db == database else {}
            for name, value in {**told, **env}.items():
                patch.setenv(name, value)
            patch.setattr(sys, "argv", words)
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
            patch.setattr(sys, "stdout", io.TextIOWrapper(out, encoding="utf-8"))
            patch.setattr(sys, "stderr", io.TextIOWrapper(err, "utf-8", "backslashreplace"))
            try:
                with pytest.raises(SystemExit) as ended:
                    cli.main()
                sys.stdout.flush()
                sys.stderr.flush()
                return Ran(int(ended.value.code or 0), out.getvalue(), err.getvalue())
            finally:
                for number, handler in signals.items():
                    signal.signal(number, handler)

    return run


@pytest.fixture
def spawn(database: str) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start the program as cron would: in /, with an empty environment unless `env` says more."""
    started: list[subprocess.Popen[bytes]] = []

    def spawn(
        *args: object, env: Mapping[str, str] = NOTHING, **more: Any
    ) -> subprocess.Popen[bytes]:
        more = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "cwd": "/", **more}
        process = subprocess.Popen(
            [sys.executable, "-m", "continuation_cli", "--db", database, *map(str, args)],
            env=dict(env),
            **{"stderr": subprocess.PIPE, **more},
        )
        started.append(process)
        return process

    yield spawn
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.fixture
def process(spawn: Callable[..., subprocess.Popen[bytes]]) -> Callable[..., Ran]:
    """Run a real process to its end."""

    def process(*args: object, **more: Any) -> Ran:
        started = spawn(*args, **more)
        out, err = started.communicate(timeout=60)
        return Ran(started.returncode, out or b"", err or b"")

    return process
