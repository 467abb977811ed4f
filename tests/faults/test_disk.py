"""The disk is full, or read-only, wherever in a sweep: what has left is recorded or in doubt, no
email is lost, and the next sweep goes on as soon as there is room.
"""

from __future__ import annotations

import contextlib
import os
import random
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path

import pytest
from faults.scale import scale

CONNECTIONS = 4
EMAILS = 40
ROUNDS = scale(4, 60)


def recipients(messages):
    return Counter(message_from_bytes(message, policy=SMTP)["To"] for message in messages)


@pytest.fixture
def everybody(chat, faulty_smtp):
    chat.sql("BEGIN")
    for n in range(EMAILS):
        chat.due(f"c{n}", email=f"a{n}@example.com")
    chat.sql("COMMIT")
    return {f"a{n}@example.com" for n in range(EMAILS)}


@pytest.fixture
def small_disk(tmp_path):
    """A file system of its own, of 8 MiB; only root can have one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("only root can mount a small file system")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


#: The program, but for the seconds that it waits for room to record what has left.
IMPATIENT = (
    "from continuation_cli import __main__, sweep; sweep.PAUSES = (0.1, 0.1); __main__.main()"
)


def sweep(path, server, **more):
    words = [sys.executable, "-c", IMPATIENT, "--db", str(path), "sweep"]
    words += ["--transport", server.url, "--connections", str(CONNECTIONS)]
    return subprocess.run(words, capture_output=True, timeout=120, check=False, **more)


def fill(folder: Path, free: int) -> Path:
    """Leave so much room, in octets."""
    filler = folder / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
    os.truncate(filler, max(0, filler.stat().st_size - free))
    return filler


def check_stopped(ran):
    assert ran.returncode in (0, 75), ran.stderr
    assert b"Traceback" not in ran.stderr
    assert ran.returncode == 0 or ran.stderr
    return ran.returncode == 75


def check_drained(path, server, everybody, doubts):
    """One sweep with room for all; `doubts`: what the one before left as being sent."""
    assert sweep(path, server).returncode == 0
    arrived = recipients(server.accepted)
    assert arrived.keys() == everybody
    twice = arrived - Counter(everybody)
    assert twice <= Counter(doubts)
    assert len(doubts) <= CONNECTIONS
    assert len(set(server.accepted)) == len(arrived)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("SELECT DISTINCT state FROM emails").fetchall() == [("sent",)]
    check = [sys.executable, "-m", "continuation_cli", "--db", str(path), "db", "check"]
    assert subprocess.run(check, check=False, capture_output=True).returncode == 0
    return sum(twice.values())


def being_sent(path):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT recipient FROM emails WHERE state = 'sending'")
        return [recipient for (recipient,) in rows]


def test_no_room_left(chat, everybody, small_disk, faulty_smtp, figures):
    """ENOSPC, wherever the room ends: in the claim, in the outcome, in the lock."""
    chat.close()
    source = random.Random(5)
    stopped = 0
    for _ in range(ROUNDS):
        path = Path(shutil.copy(chat.path, small_disk / "chat.db"))
        server = faulty_smtp()
        filler = fill(small_disk, source.choice((0, 1, 1, 1)) * source.randint(0, 1_200_000))
        is_stopped = check_stopped(sweep(path, server))
        stopped += is_stopped
        before = len(server.accepted)
        filler.unlink()
        doubts = being_sent(path)
        twice = check_drained(path, server, everybody, doubts)
        figures(
            "no room on the disk", "ENOSPC", emails=EMAILS, stopped=is_stopped,
            had_left=before, in_doubt=len(doubts), twice=twice, lost=0,
        )  # fmt: skip
        for file in small_disk.iterdir():
            file.unlink()
    assert stopped


def test_a_file_that_may_not_grow(chat, everybody, faulty_smtp, tmp_path, figures):
    """EFBIG: what SQLite calls a disk I/O error."""
    chat.close()
    source = random.Random(6)
    stopped = 0
    for number in range(ROUNDS):
        path = Path(shutil.copy(chat.path, tmp_path / f"limited-{number}.db"))
        server = faulty_smtp()
        room = source.randint(4096, 1_000_000)
        limit = lambda room=room: resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))  # noqa: E731
        is_stopped = check_stopped(sweep(path, server, preexec_fn=limit))
        stopped += is_stopped
        before = len(server.accepted)
        doubts = being_sent(path)
        twice = check_drained(path, server, everybody, doubts)
        figures(
            "no room on the disk", "EFBIG", emails=EMAILS, stopped=is_stopped,
            had_left=before, in_doubt=len(doubts), twice=twice, lost=0,
        )  # fmt: skip
    assert stopped


def test_a_file_system_that_became_read_only(chat, everybody, small_disk, faulty_smtp):
    """As after an error of the disk: nothing is sent, and the reason is told."""
    chat.close()
    path = Path(shutil.copy(chat.path, small_disk / "chat.db"))
    server = faulty_smtp()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    try:
        ran = sweep(path, server)
    finally:
        subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    assert ran.returncode != 0
    assert b"read-only" in ran.stderr.lower()
    assert b"Traceback" not in ran.stderr
    assert server.received == []
    check_drained(path, server, everybody, [])
