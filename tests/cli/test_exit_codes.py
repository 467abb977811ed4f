"""Each exit code, from the situation that it stands for. Cron and MTAs act on nothing else."""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from continuation_cli.store import db

READING = [
    ("pending",), ("explain", "c1"), ("show", "c1"), ("preview", "c1"), ("emails", "list"),
    ("settings", "list"), ("channels", "list"), ("url", "show"), ("url", "keys", "list"),
    ("suppressions", "list"), ("db", "check"), ("sweep", "--preview"),
]  # fmt: skip
WRITING = [
    ("sweep",), ("settings", "set", "recap", "3"), ("hold", "c1"), ("channels", "add", "beta"),
    ("suppressions", "add", "a@b.example"), ("url", "revoke", "c1"), ("url", "keys", "rotate"),
    ("prune", "--older-than", "90d"),
]  # fmt: skip


def name(words):
    return "-".join(words)


@pytest.fixture
def impatient(monkeypatch):
    """Give up on a locked database sooner than after ten seconds."""
    monkeypatch.setattr(db, "BUSY_TIMEOUT", 0.1)


@pytest.fixture
def held_elsewhere(database):
    """Another process that holds a transaction on the database until the test ends."""
    holders = []

    def hold(begin):
        code = (
            "import sqlite3, sys\n"
            "c = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
            "c.execute(sys.argv[2])\n"
            "c.execute(\"INSERT INTO channels (id) VALUES ('x')\")\n"
            "print('held', flush=True)\n"
            "sys.stdin.read()\n"
        )
        holder = subprocess.Popen(
            [sys.executable, "-c", code, database, begin],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
        holders.append(holder)
        assert holder.stdout.readline() == b"held\n"

    yield hold
    for holder in holders:
        holder.communicate()


# --- 66: no database ----------------------------------------------------------------------------


@pytest.mark.parametrize("words", READING + WRITING, ids=name)
def test_66_and_no_file_made_when_there_is_no_database(run, tmp_path, words):
    path = tmp_path / "mistyped.db"
    ran = run(*words, db=str(path))
    assert ran.code == 66
    assert ran.out == ""
    assert ran.err == (
        f"continuation: there is no database at {path}; make one with: "
        f"continuation --db {path} init\n"
    )
    assert list(tmp_path.glob("mistyped*")) == []


# --- 65: bad data -------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [("pending",), ("sweep",)], ids=name)
@pytest.mark.parametrize("content", [b"not a database, just some text\n" * 40, b"", None])
def test_65_when_the_file_is_no_database_of_ours(run, tmp_path, words, content):
    path = tmp_path / "other.db"
    if content is None:
        with sqlite3.connect(path) as other:
            other.execute("CREATE TABLE t (x)")
        other.close()
    else:
        path.write_bytes(content)
    before = path.read_bytes()
    ran = run(*words, db=str(path))
    assert ran.code == 65
    assert str(path) in ran.err
    assert "Traceback" not in ran.err
    assert path.read_bytes() == before


def test_65_when_the_database_is_a_directory_or_damaged(run, tmp_path, database):
    ran = run("pending", db=str(tmp_path))
    assert (ran.code, ran.err) == (
        65,
        f"continuation: {tmp_path} is a directory, not a database\n",
    )
    content = bytearray(Path(database).read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    Path(database).write_bytes(content)
    ran = run("pending")
    assert ran.code == 65
    assert "Traceback" not in ran.err


def test_65_for_lines_that_are_no_events(run):
    assert run("import", "-", stdin=b"{}\n").code == 65


# --- 78: configuration --------------------------------------------------------------------------


@pytest.mark.parametrize("words", [("pending",), ("sweep",)], ids=name)
def test_78_for_a_newer_and_an_older_schema(run, chat, database, words):
    chat.sql("PRAGMA user_version = 99")
    ran = run(*words)
    assert (ran.code, "newer than this program's" in ran.err) == (78, True)
    chat.sql("PRAGMA user_version = 1")
    ran = run(*words)
    assert ran.code == 78
    assert f"run: continuation --db {database} db migrate" in ran.err


@pytest.fixture
def powerless(tmp_path, monkeypatch):
    """Run in-process as a user who can read the test's folder and write nothing in it."""
    user = os.geteuid()

    def enter():
        for file in tmp_path.iterdir():
            file.chmod(0o444)
        tmp_path.chmod(0o555)
        if user == 0:
            for folder in tmp_path.parents[:-1]:
                folder.chmod(folder.stat().st_mode | 0o055)
            os.setresuid(65534, 65534, 0)

    def leave():
        if user == 0:
            os.setresuid(0, 0, 0)
        tmp_path.chmod(0o755)

    yield enter, leave
    leave()


@pytest.mark.parametrize("words", WRITING, ids=name)
def test_78_when_the_file_is_read_only(run, chat, empty_database, tmp_path, powerless, words):
    chat.due()
    spare = Path(shutil.copy(chat.path, tmp_path / "spare.db"))
    run(*words, db=str(spare))  # loads the modules that the other user may not be able to read
    chat.sql("PRAGMA wal_checkpoint(TRUNCATE)")
    chat.close()
    enter, leave = powerless
    enter()
    try:
        ran = run(*words)
    finally:
        leave()
    assert (ran.code, ran.out) == (78, "")
    assert ran.err == f"continuation: {chat.path} is read-only for this user\n"


def test_78_without_from_email_names_the_command(run, chat):
    chat.due()
    chat.sql("DELETE FROM settings WHERE key = 'from_email'")
    ran = run("sweep")
    assert (ran.code, ran.out) == (78, "")
    assert "continuation settings set from-email support@example.com --channel acme" in ran.err
    assert chat.emails() == []
    command = ran.err.partition("continuation settings ")[2].split("\n")[0].split()
    assert run("settings", *command).code == 0
    assert run("sweep").code == 0


def test_78_without_a_transport_names_the_command(run, chat):
    chat.due()
    chat.sql("DELETE FROM settings WHERE key = 'transport'")
    ran = run("sweep")
    assert (ran.code, ran.out) == (78, "")
    assert "continuation settings set transport smtp://localhost:25" in ran.err
    assert [tuple(row) for row in chat.sql("SELECT attempts FROM emails WHERE attempts > 0")] == []
    assert run("sweep", env={"CONTINUATION_TRANSPORT": f"maildir:{chat.path}.mail"}).code == 0
    assert chat.one("SELECT state FROM emails") == "sent"


@pytest.mark.parametrize(
    "url", ["gopher://x", "smtp://", "smtp://u:secret@host", "smtp+starttls://u@host", "sendmail:"]
)
def test_78_for_a_transport_that_cannot_be_one(run, chat, url):
    chat.due()
    ran = run("sweep", "--transport", url)
    assert (ran.code, ran.out) == (78, "")
    assert "Traceback" not in ran.err
    assert "secret" not in ran.err
    assert chat.emails() == []


# --- 75: try again ------------------------------------------------------------------------------


@pytest.mark.parametrize("begin", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
@pytest.mark.parametrize("words", WRITING, ids=name)
def test_75_while_another_program_writes(run, chat, held_elsewhere, impatient, begin, words):
    chat.due()
    held_elsewhere(begin)
    ran = run(*words)
    if words[0] == "prune":  # nothing is old enough: it does not come to writing
        assert ran.code == 0
        return
    assert (ran.code, ran.out) == (75, "")
    assert ran.err == f"continuation: {chat.path} is locked by another program; try again\n"


@pytest.mark.parametrize("words", READING, ids=name)
def test_readers_never_wait_for_a_writer(run, chat, held_elsewhere, words):
    chat.due()
    held_elsewhere("BEGIN EXCLUSIVE")
    began = time.monotonic()
    assert run(*words).code == 0
    assert time.monotonic() - began < 5


def test_a_writer_that_is_soon_done_is_waited_for(chat, spawn, database):
    chat.sql("BEGIN IMMEDIATE")
    waiting = spawn("settings", "set", "recap", "3")
    time.sleep(0.7)
    assert waiting.poll() is None
    chat.sql("COMMIT")
    assert waiting.wait(10) == 0


def test_75_and_nothing_used_up_when_there_is_no_connection(run, chat, real_smtp):
    chat.due()
    chat.set("transport", "smtp://127.0.0.1:1")
    for _ in range(3):
        ran = run("sweep")
        assert (ran.code, ran.out) == (75, "")
        assert "127.0.0.1:1" in ran.err
        assert chat.sql("SELECT 1 FROM attempts") == []
        assert [row["attempts"] for row in chat.emails() if row["attempts"]] == []
    server = real_smtp()
    assert run("sweep", "--transport", server.url).code == 0
    assert len(server.mails) == 1


# --- 1, 2, 0 ------------------------------------------------------------------------------------


def test_1_when_an_email_failed_for_good(run, chat, faulty_smtp):
    chat.due()
    chat.set("transport", faulty_smtp(rcpt="550 5.1.1 no such user").url)
    ran = run("sweep")
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == "c1: email 1 failed: rcpt: 550 5.1.1 no such user\n"


def test_0_for_a_deferral_and_for_nothing_to_do(run, chat, faulty_smtp):
    chat.set("transport", faulty_smtp(rcpt="450 4.2.1 later").url)
    assert run("sweep") == run("sweep", "--quiet") == (run("sweep"))
    chat.due()
    ran = run("sweep")
    assert (ran.code, ran.stdout, ran.stderr) == (0, b"", b"")
    assert chat.one("SELECT state FROM emails") == "deferred"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("swep",), "there is no command 'swep'; did you mean sweep?"),
        (("sweep", "--now", "+1h"), "--now goes with --preview only"),
        (("sweep", "--html", "d"), "--html goes with --preview"),
        (("sweep", "--limit", "0"), "--limit"),
        (("sweep", "--connections", "65"), "--connections"),
        (("sweep", "--channel", "nope"), "there is no channel 'nope'; there are: acme"),
        (("sweep", "--conversation", "nope"), "there is no conversation 'nope'"),
        (("sweep", "--preview", "--conversation", "c2"), "no conversation 'c2'; similar: c1"),
        (("pending", "--now", "10"), "'10' is not a time; expected one like 2026-"),
        (("pending", "--now", "2026-03-01 10:00"), "has no offset from UTC"),
        (("pending", "--within", "15"), "'15' needs a unit: 15m?"),
        (("pending", "--channel", "nope"), "there is no channel 'nope'; there are: acme"),
        (("explain", "c2"), "there is no conversation 'c2'"),
        (("show", "c2"), "there is no conversation 'c2'"),
        (("preview", "c2"), "there is no conversation 'c2'"),
        (("hold", "c2"), "there is no conversation 'c2'"),
        (("release", "c2"), "there is no conversation 'c2'"),
        (("url", "create", "c2"), "there is no conversation 'c2'"),
        (("url", "revoke", "c2"), "there is no conversation 'c2'"),
        (("emails", "show", "7"), "there is no email 7; see: continuation emails list"),
        (("emails", "resolve", "7"), "emails resolve 7 --sent, or --resend"),
        (("import", "/nowhere/x.jsonl"), "/nowhere/x.jsonl"),
        (("prune",), "--older-than"),
    ],
    ids=lambda value: name(value) if isinstance(value, tuple) else None,
)
def test_2_for_what_was_typed_wrong(run, chat, words, told):
    chat.due()
    ran = run(*words)
    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err
    assert chat.emails() == []


def test_2_without_a_database_named(run):
    ran = run("pending", db=None)
    assert (ran.code, ran.out) == (2, "")
    assert "Give --db FILE before the command, or set CONTINUATION_DB" in ran.err


def test_2_for_the_database_in_the_wrong_place(run, database):
    ran = run("pending", "--db", database, db=None)
    assert (ran.code, ran.out) == (2, "")
    assert "--db goes before the command: continuation --db FILE pending" in ran.err


def test_the_database_may_come_from_the_environment(run, database):
    assert run("pending", db=None, env={"CONTINUATION_DB": database}).code == 0


# --- The shortcut for cron: an idle sweep is answered before the command line is loaded ----------


@pytest.mark.parametrize("state", ["idle", "missing", "empty", "newer", "locked", "due"])
def test_the_shortcut_changes_nothing(run, process, chat, tmp_path, state):
    path = Path(chat.path)
    if state == "due":
        chat.due()
        chat.sql("DELETE FROM settings")
    if state == "newer":
        chat.sql("PRAGMA user_version = 99")
    chat.close()
    if state in ("missing", "empty"):
        path.unlink()
    if state == "empty":
        path.touch()
    with (tmp_path / "chat.db.lock").open("w") as lock:
        if state == "locked":
            fcntl.flock(lock, fcntl.LOCK_EX)
        assert process("sweep") == run("sweep")
        assert process("sweep", "--quiet") == run("sweep")


# --- The process itself -------------------------------------------------------------------------


def test_a_reader_that_has_had_enough_is_no_error(chat, spawn):
    for n in range(300):
        chat.conversation(f"c{n:03}", name="x" * 200)
        chat.message(f"c{n:03}", "m" * 150)
    listing = spawn("pending")
    listing.stdout.read(10)
    listing.stdout.close()
    assert listing.wait(20) == 0
    assert listing.stderr.read() == b""


def test_a_stdout_that_is_closed_or_full_is_no_traceback(chat, process):
    chat.due()
    closed = process("pending", stdout=None, preexec_fn=lambda: os.close(1))
    assert b"Traceback" not in closed.stderr
    with Path("/dev/full").open("wb") as full:
        ran = process("pending", stdout=full)
    assert b"Traceback" not in ran.stderr
    assert ran.code == 75


def test_a_narrow_encoding_is_no_traceback(chat, process):
    chat.conversation("Zoë→😀")
    chat.message("Zoë→😀")
    ran = process("pending", env={"PYTHONIOENCODING": "latin-1"})
    assert (ran.code, ran.stderr) == (0, b"")
    assert "Zoë\\u2192\\U0001f600".encode("latin-1") in ran.stdout


def test_a_disk_that_fails_while_reading_is_named(run, chat):
    """SQLite ends the transaction of a read that meets an I/O error: the error must be told, not
    that there is no transaction any more."""
    chat.due()
    moved = Path(chat.path).with_name("moved.db")
    # What the file still says lies in a log of another name.
    Path(chat.path).rename(moved)
    ran = run("explain", "c1", db=str(moved))
    assert ran.code == 75
    assert "moved.db cannot be used now: disk I/O error" in ran.err
