"""`fetch` when something is wrong: what stays where it was, and what is said."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fetched import Box, reply, texts, to

from continuation_cli.receive import Receiver
from continuation_cli.store import db

# --- When something is wrong --------------------------------------------------------------------


def test_a_mail_that_cannot_be_received_holds_up_nobody(run, chat, box, sent, monkeypatch):
    emails = sent("c1", "c2")
    bad = box.deliver(reply(to(emails["c1"]), text="poison"))
    box.deliver(reply(to(emails["c2"]), 1))
    real = Receiver.receive_kept

    def poisoned(self, kept, recipients=()):
        if b"poison" in kept.head:
            raise ValueError("of no \x1b[31m use")
        return real(self, kept, recipients)

    monkeypatch.setattr(Receiver, "receive_kept", poisoned)
    ran = run("fetch", box.url, "--json")
    assert ran.code == 75
    assert [row["conversation"] for row in ran.data] == ["c2"]
    assert ran.err == (
        f"continuation: mail {bad.name} stays where it is: ValueError: of no �[31m use\n"
    )
    assert box.files() == [f"new/{bad.name}"]
    monkeypatch.undo()
    assert run("fetch", box.url).code == 0
    assert texts(chat) == ["poison"]


@pytest.mark.parametrize("error", [sqlite3.OperationalError("disk I/O error"), OSError(28, "full")])
def test_where_the_store_is_at_fault_it_stops(run, chat, box, sent, monkeypatch, error):
    emails = sent("c1", "c2")
    box.deliver(reply(to(emails["c1"])))
    box.deliver(reply(to(emails["c2"]), 1))
    asked = []

    def broken(self, kept, recipients=()):
        asked.append(kept)
        raise error

    monkeypatch.setattr(Receiver, "receive_kept", broken)
    if isinstance(error, sqlite3.OperationalError):
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR
    ran = run("fetch", box.url)
    assert ran.code == 75
    assert len(asked) == 1
    assert ran.err.startswith("continuation: ")
    assert len(box.files()) == 2


def test_a_locked_database_leaves_the_mail(run, chat, box, sent, monkeypatch):
    box.deliver(reply(to(sent("c1")["c1"])))
    monkeypatch.setattr(db, "BUSY_TIMEOUT", 0.1)
    chat.sql("BEGIN IMMEDIATE")
    ran = run("fetch", box.url)
    assert (ran.code, len(box.files())) == (75, 1)
    assert "locked" in ran.err
    chat.sql("ROLLBACK")
    assert run("fetch", box.url).code == 0
    assert texts(chat) == ["Thank you!"]


def test_a_mail_that_cannot_be_put_away_is_posted_once(run, chat, box, sent):
    path = box.deliver(reply(to(sent("c1")["c1"])))
    (box.path / ".Processed").write_text("a file in the way")
    for _ in range(2):
        ran = run("fetch", box.url)
        assert ran.code == 75
        assert re.match(
            rf"continuation: mail {path.name} stays where it is: .*: Not a directory\n", ran.err
        )
    assert path.exists()
    assert texts(chat) == ["Thank you!"]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("maildir:/no/such",), 78, "'maildir:/no/such' is no Maildir"),
        (("http://x",), 78, "'http://x' is not a mailbox; expected one like imaps://"),
        (("imaps://ada@mail.example.com",), 78, "set CONTINUATION_IMAP_PASSWORD"),
        (("imaps://ada:hunter2@mail.example.com",), 78, "held a password"),
        (("BOX", "--delete", "--mark-seen"), 2, "--mark-seen, --delete and --move-to exclude"),
        (("BOX", "--delete", "--move-to", "X"), 2, "exclude each other"),
        (("BOX", "--move-to", "a\nb"), 78, "'a\\nb' is not the name of a folder"),
        (("BOX", "--limit", "0"), 2, "--limit"),
        ((), 2, "URL"),
    ],
)
def test_what_is_not_set_up(run, box, words, code, says):
    ran = run("fetch", *(box.url if word == "BOX" else word for word in words))
    assert (ran.code, ran.out) == (code, "")
    assert says in ran.err
    assert "hunter2" not in ran.err


def test_without_a_database(run, box, tmp_path):
    assert run("fetch", box.url, db=str(tmp_path / "none.db")).code == 66
    assert run("fetch", box.url, db=None).code == 2


def test_no_connection(run, chat):
    env = {"CONTINUATION_IMAP_PASSWORD": "x"}
    ran = run("fetch", "imap://ada@127.0.0.1:1", "--json", env=env)
    assert (ran.code, ran.data) == (75, [])
    assert ran.err == (
        "continuation: stopped: 127.0.0.1:1: Connection refused; nothing is lost, "
        "the next fetch goes on\n"
    )


def test_without_the_extra_it_says_what_to_install(process, database):
    program = (
        "import sys; sys.modules['imap_tools'] = None; "
        "from continuation_cli.__main__ import main; main()"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, "--db", database, "fetch", "imap://ada@localhost"],
        env={"CONTINUATION_IMAP_PASSWORD": "x"}, capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout) == (78, "")
    assert "pip install 'continuation-cli[imap]'" in ran.stderr


# --- One at a time, and to the end --------------------------------------------------------------


@pytest.fixture
def lock(chat, box):
    """Held by another fetch of the same mailbox."""
    digest = hashlib.sha256(f"maildir:{box.path.resolve()}".encode()).hexdigest()[:12]
    path = Path(f"{chat.path}.fetch-{digest}.lock")
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield path


def test_a_second_fetch_ends_at_once_and_silently(run, chat, box, sent, lock, tmp_path):
    path = box.deliver(reply(to(sent("c1")["c1"])))
    ran = run("fetch", box.url)
    assert (ran.code, ran.out, ran.err) == (75, "", "")
    assert path.exists()
    link = tmp_path / "link"
    link.symlink_to(box.path)
    assert run("fetch", f"maildir:{link}").code == 75
    assert run("fetch", Box(tmp_path / "other").url).code == 0
    os.utime(lock, (time.time() - 16 * 60,) * 2)
    ran = run("fetch", box.url)
    assert (ran.code, ran.out) == (75, "")
    assert ran.err == (
        "continuation: another fetch of this mailbox has been running for 16 minutes\n"
    )


def test_limit(run, chat, box, sent):
    emails = sent("c1")
    for number in range(5):
        box.deliver(reply(to(emails["c1"]), text=f"text {number}"))
    assert len(run("fetch", box.url, "--limit", "2", "--json").data) == 2
    assert len(box.files()) == 3
    assert len(run("fetch", box.url, "--json").data) == 3


def test_told_to_end_it_ends_after_the_mail_in_hand(run, chat, box, sent, monkeypatch):
    emails = sent("c1")
    for number in range(3):
        box.deliver(reply(to(emails["c1"]), text=f"text {number}"))
    real = Receiver.receive_kept

    def interrupted(self, kept, recipients=()):
        os.kill(os.getpid(), signal.SIGTERM)
        return real(self, kept, recipients)

    monkeypatch.setattr(Receiver, "receive_kept", interrupted)
    ran = run("fetch", box.url)
    assert (ran.code, ran.err) == (
        75, "continuation: stopped: SIGTERM; nothing is lost, the next fetch goes on\n",
    )  # fmt: skip
    assert (len(box.files()), len(texts(chat))) == (2, 1)


KILLED = """
import os, signal
from continuation_cli.mail.archive import Archive
from continuation_cli.mail.maildir_mailbox import MaildirMailbox
from continuation_cli.receive import Receiver

owner, name, after = {place}
real, calls = getattr(owner, name), []

def dying(*arguments, **named):
    calls.append(name)
    result = real(*arguments, **named) if after or len(calls) < 3 else None
    if len(calls) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return result

setattr(owner, name, dying)
from continuation_cli.__main__ import main
main()
"""


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(
    "what",
    ["Archive, 'keep_stream'", "Receiver, 'receive_kept'", "Receiver, '_settle'",
     "MaildirMailbox, 'put_away'"],
)  # fmt: skip
def test_killed_at_any_point_each_is_posted_once(run, chat, box, sent, what, after):
    emails = sent("c1")
    for number in range(4):
        box.deliver(reply(to(emails["c1"]), text=f"text {number}"))
    program = KILLED.replace("{place}", f"{what}, {after}")
    words = ["-c", program, "--db", chat.path, "fetch", box.url]
    ran = subprocess.run([sys.executable, *words], env={}, capture_output=True, timeout=30)
    assert ran.returncode == -signal.SIGKILL, ran.stderr
    # The four are put away together, once all of them are on the disk.
    put_away = 2 + after if "put_away" in what else 0
    assert (len(box.files()), len(box.files(".Processed"))) == (4 - put_away, put_away)
    assert run("fetch", box.url).code == 0
    assert sorted(texts(chat)) == [f"text {number}" for number in range(4)]
    assert (len(box.files()), len(box.files(".Processed"))) == (0, 4)
    assert chat.one("SELECT count(*) FROM replies") == 4
