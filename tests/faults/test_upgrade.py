"""From the schema before to this one, while a chat backend writes and the program is killed."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
import sqlite_utils
from faults.scale import scale

from continuation_cli.store import db, schema

STATES = ("sending", "sent", "deferred", "failed", "cancelled", "unknown")
#: The schema of the first version that could be installed, and the one before the present.
OLD = (4, db.SCHEMA_VERSION - 1)


def at(minutes: float) -> str:
    moment = datetime.now(UTC) + timedelta(minutes=minutes)
    return moment.isoformat(timespec="milliseconds")[:-6] + "Z"


def make_old(path: str, version: int) -> None:
    """A database as an earlier version of the program made it."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(f"PRAGMA application_id = {db.APPLICATION_ID}")
    later = [migration.name for migration in schema.migrations._migrations[version:]]
    schema.migrations.apply(sqlite_utils.Database(connection), stop_before=later[0])
    assert connection.execute("PRAGMA user_version").fetchone() == (version,)
    connection.close()


def fill(connection: sqlite3.Connection, number: int, state: str | None) -> None:
    """A conversation that is due, or one whose message is in an email of that state."""
    name = f"c{number}"
    connection.execute(
        "INSERT INTO conversations (id, channel, email, began_at) VALUES (?, 'acme', ?, ?)",
        (name, f"{name}@example.com", at(-60)),
    )
    connection.execute(
        "INSERT INTO pages (conversation, id, url, opened_at, closed_at) VALUES (?, 'p', ?, ?, ?)",
        (name, "https://acme.example/", at(-60), at(-30)),
    )
    connection.execute(
        "INSERT INTO messages (conversation, id, author, name, text, sent_at) "
        "VALUES (?, 'm1', 'agent', 'Ana', 'Your refund is on its way.', ?)",
        (name, at(-10)),
    )
    if state is None:
        return
    token = f"{number:026d}".replace("0", "a").replace("1", "b").replace("8", "h").replace("9", "i")
    cursor = connection.execute(
        "INSERT INTO emails (conversation, channel, rule, state, message_id, token, sender, "
        "recipient, subject, message, created_at, attempts, next_attempt_at, in_doubt) "
        "VALUES (?, 'acme', 'offline', ?, ?, ?, 'a@acme.example', ?, 's', ?, ?, 1, ?, ?)",
        (name, state, f"<{token}@acme.example>", token, f"{name}@example.com",
         b"Subject: s\r\n\r\nYour refund is on its way.\r\n", at(-8),
         at(-1) if state in ("deferred", "unknown") else None, state == "unknown"),
    )  # fmt: skip
    connection.execute(
        "INSERT INTO email_messages (email, position, message, revision) VALUES (?, 0, 'm1', 0)",
        (cursor.lastrowid,),
    )
    if state != "cancelled":
        connection.execute(
            "UPDATE messages SET email = ? WHERE conversation = ?", (cursor.lastrowid, name)
        )


def open_as_backend(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=10, check_same_thread=False)
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def continuation(path: str, *arguments: str) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-m", "continuation_cli", "--db", path, *arguments]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.mark.parametrize("version", OLD)
def test_a_database_with_everything_in_it_migrates_under_load(
    version, tmp_path, real_smtp, figures
):
    source = random.Random(version)
    for round_ in range(scale(1, 25)):
        path = str(tmp_path / f"{round_}.db")
        make_old(path, version)
        backend = open_as_backend(path)
        backend.execute("INSERT INTO channels (id) VALUES ('acme')")
        server = real_smtp()
        for key, value in (("from_email", "support@acme.example"), ("transport", server.url)):
            backend.execute("INSERT INTO settings (key, value) VALUES (?, ?)", (key, value))
        for number, state in enumerate((*STATES, None) * 3):
            fill(backend, number, state)
        for command in ("sweep", "pending"):
            refused = continuation(path, command)
            assert b"db migrate" in refused.communicate()[1]
            assert refused.returncode == os.EX_CONFIG

        done = threading.Event()
        written: list[int] = []

        def write(backend=backend, done=done, written=written) -> None:
            number = 1000
            while not done.is_set():
                fill(backend, number, None)
                written.append(number)
                number += 1
                time.sleep(0.006)

        writer = threading.Thread(target=write)
        writer.start()
        for _ in range(4):  # killed wherever it is, and begun again
            killed = continuation(path, "db", "migrate")
            time.sleep(source.uniform(0.05, 0.35))
            killed.kill()
            killed.communicate()
        several = [continuation(path, "db", "migrate") for _ in range(3)]
        for process in several:
            out, err = process.communicate(timeout=60)
            assert process.returncode == 0, (out, err)
        done.set()
        writer.join()
        assert written

        swept = continuation(path, "sweep")
        out, err = swept.communicate(timeout=120)
        assert swept.returncode == 0, (out, err)
        checked = continuation(path, "db", "check")
        assert checked.wait() == 0
        # What was sent or has failed stays so; all else has arrived, once.
        expected = {
            f"c{number}@example.com"
            for number, state in enumerate((*STATES, None) * 3)
            if state not in ("sent", "failed")
        } | {f"c{number}@example.com" for number in written}
        assert sorted(mail.recipients[0] for mail in server.mails) == sorted(expected)
        figures(
            "migrated while written, killed 4 times", f"from schema {version}",
            emails=len(expected), lost=0, twice=0,
        )  # fmt: skip
        backend.close()
        server.stop()
