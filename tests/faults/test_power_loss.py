"""The machine loses power during a sweep: what the disk holds at that moment is all there is.

The sweep is stopped (SIGSTOP) and its files are copied; the copy is the machine after the crash.
What had been written but not synchronised is in the copy too, unlike after a real loss of power;
`synchronous=FULL` is checked by itself (tests/integration/store).
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from faults.scale import scale

if TYPE_CHECKING:
    from collections.abc import Callable

DUE = 120  # enough for a process of its own to send them
CONNECTIONS = 4


@pytest.fixture
def prepared(chat, real_smtp):
    for number in range(DUE):
        chat.due(f"c{number}", email=f"c{number}@example.com")
    server = real_smtp()
    chat.set("transport", server.url)
    return server


def crash(
    chat, spawn: Callable[..., subprocess.Popen[bytes]], has_come: Callable[[], bool], to: Path
) -> bool:
    """Copy what is on the disk when a sweep has come that far; whether the sweep still ran."""
    process = spawn("sweep", "--connections", CONNECTIONS)
    while not has_come() and process.poll() is None:
        time.sleep(0.0005)
    os.kill(process.pid, signal.SIGSTOP)
    os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
    running = process.poll() is None
    for suffix in ("", "-wal"):
        if Path(chat.path + suffix).exists():
            # In a process of its own: to close the file here would drop the locks that this
            # process's connection holds (https://sqlite.org/howtocorrupt.html, section 2.2).
            subprocess.run(["cp", chat.path + suffix, f"{to}{suffix}"], check=True)
    process.kill()
    process.communicate()
    return running


def continuation(*arguments: object) -> None:
    words = [sys.executable, "-m", "continuation_cli", *map(str, arguments)]
    done = subprocess.run(words, capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, (words, done.stdout, done.stderr)


def test_the_next_sweep_loses_nothing_and_resends_what_was_in_doubt(
    chat, spawn, prepared, real_smtp, tmp_path, figures
):
    source = random.Random(7)
    interrupted = 0
    for number in range(scale(4, 100)):
        before = len(prepared.mails)
        moment = before + source.randrange(DUE - 10)  # not in seconds: machines differ

        def has_come(moment: int = moment) -> bool:
            return len(prepared.mails) > moment

        for row in chat.sql("SELECT id FROM emails"):  # as if none had been sent
            chat.sql("UPDATE messages SET email = NULL WHERE email = ?", row["id"])
            chat.sql("DELETE FROM emails WHERE id = ?", row["id"])
        copy = tmp_path / f"crashed-{number}.db"
        was_running = crash(chat, spawn, has_come, copy)
        interrupted += was_running
        arrived = prepared.mails[before:]

        connection = sqlite3.connect(copy)
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        connection.close()
        continuation("--db", copy, "db", "check")
        second = real_smtp()
        continuation("--db", copy, "sweep", "--transport", second.url)
        continuation("--db", copy, "db", "check")

        everyone = [mail.recipients[0] for mail in (*arrived, *second.mails)]
        assert set(everyone) == {f"c{each}@example.com" for each in range(DUE)}
        contents = {mail.recipients[0]: mail.content for mail in arrived}
        again = [m for m in second.mails if m.recipients[0] in contents]
        assert len(again) <= CONNECTIONS
        assert all(mail.content == contents[mail.recipients[0]] for mail in again)
        second.stop()
        figures(
            "power lost", "at a random moment", emails=DUE, while_sending=was_running,
            lost=DUE - len(set(everyone)), twice=len(again),
        )  # fmt: skip
    assert interrupted
