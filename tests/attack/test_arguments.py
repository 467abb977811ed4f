"""Hostile arguments and environment. Every argument and option of every command is attacked: they
are read from the command line's own definition, so that a new command is attacked, too.
"""

from __future__ import annotations

import itertools
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import click
import pytest
from command_tree import GOOD, commands
from program import Chat

#: What docs/cron.md documents, less 130: nobody interrupts these.
DOCUMENTED = {0, 1, 2, 65, 66, 67, 75, 78}

#: No path leads out of the test's folder: `--output FILE` writes where it is told, also as root.
HOSTILE = [
    "' OR 1=1; DROP TABLE messages; --",
    "c1' UNION SELECT secret FROM keys --",
    "%",
    "_1",
    "*",
    "\udcff\udcfe",  # octets that are no UTF-8, as Python hands them over (PEP 383)
    "c1\udc80",
    "x" * 100_000,
    "-",
    "--help",
    "../up/x",
    "",
    "c1\nc2",
    "\x1b]0;owned\x07",
    "-1",
    "9" * 30,
    str(2**63 - 1),
    str(2**63),
    "1e999",
    "٣",
    "{{ 7*7 }}%s%n$(id)`id`",
    "file:x?mode=memory&cache=shared",
]

#: Where a command puts what it is told; all else has to stay as it was.
WRITES = {
    ("channels", "add"): {"channels"},
    ("emails", "retry"): {"emails"},
    ("emails", "cancel"): {"emails"},
    ("emails", "resolve"): {"emails"},
    ("hold",): {"conversations"},
    ("release",): {"conversations"},
    ("receive",): {"replies"},
    ("fetch",): {"reads", "replies"},
    ("replies", "accept"): {"replies", "messages", "reply_files"},
    ("replies", "reject"): {"replies"},
    ("settings", "set"): {"settings", "settings_history"},
    ("settings", "unset"): {"settings", "settings_history"},
    ("suppressions", "add"): {"suppressions"},
    ("suppressions", "remove"): {"suppressions"},
    ("sweep",): {"emails", "email_messages", "attempts", "messages"},
    ("url", "set"): {"settings", "settings_history"},
    ("url", "unset"): {"settings", "settings_history"},
    ("url", "revoke"): {"conversations"},
    ("url", "keys", "rotate"): {"keys"},
    ("url", "keys", "remove"): {"keys"},
}  # fmt: skip


#: Kept by triggers and sweeps, or by SQLite.
DERIVED = {"waiting", "sweeps", "sqlite_sequence"}


def attacks(path, command):
    """Command lines with one hostile value each."""
    arguments = [each for each in command.params if isinstance(each, click.Argument)]
    options = [each for each in command.params if isinstance(each, click.Option)]
    required = [word for each in options if each.required
                for word in (each.opts[0], GOOD[each.name])]  # fmt: skip
    for target in (*arguments, *(each for each in options if not each.is_flag)):
        for value in HOSTILE:
            if isinstance(target, click.Option):
                given = [*required, f"{target.opts[-1]}={value}"]
                if len(target.opts[-1]) == 2:
                    given = [*required, target.opts[-1], value]
                values = [GOOD[each.name] for each in arguments]
            else:
                given = required
                values = [value if each is target else GOOD[each.name] for each in arguments]
            yield [*path, *given, "--", *values]


def tables(path):
    connection = sqlite3.connect(path)
    try:
        names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        return {
            name: sorted(map(repr, connection.execute(f'SELECT * FROM "{name}"')))
            for (name,) in names
        }
    finally:
        connection.close()


@pytest.fixture(scope="module")
def pristine(empty_database, tmp_path_factory):
    """Chats, an email in each state that a person acts upon, settings: something to lose."""
    path = tmp_path_factory.mktemp("pristine") / "chat.db"
    shutil.copy(empty_database, path)
    chat = Chat(str(path))
    chat.set("from_email", "support@acme.example")
    chat.set("enabled", "off")
    for name in ("c1", "c2", "%", "../../x"):
        chat.due(name, email=f"{len(name)}@example.com")
    chat.close()
    return path


@pytest.mark.parametrize(
    ("path", "command"),
    [pytest.param(*found, id=" ".join(found[0])) for found in commands()],
)
def test_no_argument_is_taken_for_anything_but_a_value(
    path, command, pristine, run, tmp_path, monkeypatch
):
    cage = tmp_path / "one" / "two" / "three"
    cage.mkdir(parents=True)
    monkeypatch.chdir(cage)  # what a relative path names is written here
    folder = tmp_path / "database"
    folder.mkdir()
    database = shutil.copy(pristine, folder / "chat.db")
    before = tables(database)
    every = 4 if path == ("demo",) else 1  # a whole tour each, on a database of its own
    for words in itertools.islice(attacks(path, command), 0, None, every):
        ran = run(*words, db=str(database))
        shown = [word[:60] for word in words]
        assert ran.code in DOCUMENTED, shown
        assert "Traceback" not in ran.err, shown
        assert "\x1b" not in ran.err + ran.out, shown
        if path not in WRITES:
            continue
        after = tables(database)
        changed = {name for name in before if before[name] != after[name]}
        assert changed <= WRITES[path] | DERIVED, shown
        for name in changed - DERIVED:
            lost = set(before[name]) - set(after[name])
            assert len(lost) <= 1, (shown, name)
        before = after
    after = tables(database)
    assert {name for name in before if before[name] != after[name]} <= DERIVED
    beside = {each.name for each in folder.iterdir() if ".fetch-" not in each.name}
    assert beside <= {"chat.db", "chat.db-wal", "chat.db-shm", "chat.db.lock", "chat.db.mail"}
    assert {each.name for each in tmp_path.iterdir()} <= {"one", "database", "chat.db"}
    assert sqlite3.connect(database).execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_the_attack_reaches_all_commands():
    """An argument without a good value beside it would be refused before it is looked at."""
    found = commands()
    assert len(found) > 30
    assert set(WRITES) <= {path for path, _ in found}
    assert not any(value.startswith("/") for value in HOSTILE)
    assert sum(len(list(attacks(*each))) for each in found) > 1_800


# --- The environment ------------------------------------------------------------------------------


@pytest.fixture
def shell(tmp_path):
    """The program in a shell's hands: octets as arguments and environment, and a deadline."""

    def shell(*words, env=None, stdin=b""):
        command = [sys.executable, "-m", "continuation_cli", *words]
        return subprocess.run(
            command, cwd=tmp_path, env=env or {}, input=stdin, capture_output=True, timeout=30
        )

    return shell


def test_what_is_no_database_is_neither_waited_for_nor_made(shell, database, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "empty").touch()
    expected = {
        b"pipe": 65, b"folder": 65, b"dangling": 66, b"loop": 78, b"empty": 65, b"/dev/null": 65,
        b"/dev/zero": 65, b":memory:": 66, b"file::memory:?cache=shared": 66,
        b"file:chat.db?mode=memory": 66, b"file:chat.db": 66, b"chat.db?mode=rwc": 66,
        b"chat.db/x": 66, b"chat.db#": 66, b"ch%61t.db": 66, b"~/chat.db": 66, b"\xff\n\x1b": 66,
        b"x" * 5_000: 78, b"": 2, b"chat.db": 0,
    }  # fmt: skip
    before = {path.name for path in tmp_path.iterdir()}
    for name, code in expected.items():
        known = name in (b"pipe", b"folder", b"dangling", b"chat.db")
        for words in (("pending",), ("sweep",), ("receive",))[: 3 if known else 1]:
            ran = shell(*words, env={"CONTINUATION_DB": os.fsdecode(name)})
            if words == ("receive",):  # a mail server must keep the message, whatever it is
                assert ran.returncode == (65 if code == 0 else 75), name
            else:
                assert ran.returncode == code, (name, ran.stderr)
            assert b"Traceback" not in ran.stderr
            assert b"\x1b" not in ran.stderr
    after = {path.name for path in tmp_path.iterdir()}
    assert after - before <= {"chat.db.lock", "chat.db.mail", "chat.db-wal", "chat.db-shm"}


def test_a_path_is_taken_as_it_is(shell, database, tmp_path):
    """Characters that mean something in SQLite's URIs, and octets that are no text."""
    for name in (b"a?b#c%41.db", b"file:x?mode=memory", b"\xff\xfe.db", b" ", b"-.db", b"'.db"):
        path = os.fsencode(tmp_path / "named") + b"-" + name
        shutil.copy(database, path)
        env = {"CONTINUATION_DB": os.fsdecode(path)}
        assert shell("channels", "add", "beta", env=env).returncode == 0
        assert b"beta" in shell("channels", "list", env=env).stdout
        assert sqlite3.connect(path).execute("SELECT id FROM channels").fetchall() == [("beta",)]


@pytest.mark.parametrize(
    ("url", "code"),
    [
        (b"garbage", 78),
        (b"", 78),
        (b"smtp://", 78),
        (b"smtp://a..b", 78),
        (b"smtp://" + b"x" * 80 + b".example", 78),
        (b"smtp://\xff.example", 78),
        (b"smtp://[::1", 78),
        (b"smtp://%0d%0aRCPT@localhost:1", 78),
        (b"smtp://localhost:99999", 78),
        (b"sendmail:../../bin/sh", 78),
        (b"sendmail:/bin/sh -c id", 78),
        (b"sendmail:/dev/null", 78),
        (b"maildir:/dev/null", 78),
        (b"maildir:/proc/self/nowhere", 75),
        (b"maildir:" + b"x" * 5_000, 75),
        (b"smtp://127.0.0.1:1", 75),
    ],
)
def test_a_transport_that_is_none(chat, process, url, code):
    chat.due()
    chat.sql("DELETE FROM settings WHERE key = 'transport'")
    env = {"CONTINUATION_TRANSPORT": os.fsdecode(url), "CONTINUATION_SMTP_PASSWORD": "x"}
    ran = process("sweep", env=env)
    assert ran.code == code, ran.err
    assert ran.err.startswith("continuation: ")
    assert "Traceback" not in ran.err
    assert chat.one("SELECT count(*) FROM emails WHERE state = 'sent'") == 0


def test_a_user_without_a_proper_name(chat, process):
    """LOGNAME is what the record says of who did something."""
    ran = process("hold", "c1", env={"LOGNAME": "\udcff' OR 1=1 --"})
    assert ran.code == 2  # there is no c1
    chat.conversation()
    for name in ("\udcff", "' OR 1=1 --"):
        ran = process("suppressions", "add", f"{len(name)}@example.com", env={"LOGNAME": name})
        assert (ran.code, "Traceback" in ran.err) == (0, False)
    assert chat.one("SELECT count(*) FROM suppressions") == 2


# --- Paths ----------------------------------------------------------------------------------------

#: Ids of conversations that a chat backend may well hand on from a visitor.
PATHS = ["../../../../up", "/absolute", ".", "..", ".hidden", "a/b", "a\\b", "a b", "a:b", "CON",
         "x" * 200, "-rf", "a\nb", "ü", "a_b", "A_B", "~", "$HOME", "%2e%2e"]  # fmt: skip


def test_html_stays_in_its_folder(run, chat, tmp_path):
    for name in PATHS:
        chat.due(name)
    before = {path for path in tmp_path.rglob("*") if "html" not in path.parts}
    assert run("sweep", "--preview", "--html", tmp_path / "html").code == 0
    files = list((tmp_path / "html").iterdir())
    assert len(files) == len(PATHS)  # each has a file of its own
    for file in files:
        assert file.name.isascii()
        assert not file.name.startswith((".", "-"))
        assert len(file.name) <= 100
    after = {path for path in tmp_path.rglob("*") if "html" not in path.parts}
    assert {path.name for path in after - before} <= {"chat.db-wal", "chat.db-shm"}


def test_html_is_not_written_through_a_link(run, chat, tmp_path):
    """In /tmp anybody may have put it there."""
    chat.due()
    (tmp_path / "html").mkdir()
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "html" / "c1.html").symlink_to(tmp_path / "precious")
    ran = run("sweep", "--preview", "--html", tmp_path / "html")
    assert ran.code == 2
    assert "cannot be written into" in ran.err
    assert (tmp_path / "precious").read_text() == "precious"


def test_what_a_stranger_calls_a_file_is_no_path(run, chat, tmp_path):
    chat.set("inbound_domain", "reply.acme.example")
    chat.due()
    run("sweep")
    names = ["../../../../up", "/etc/cron.d/x", "..", "chat.db", "C:\\x", "a\0b", "x" * 5_000]
    parts = "".join(
        f'--b\nContent-Type: text/x\nContent-Disposition: attachment; filename="{name}"\n\n{n}\n'
        for n, name in enumerate(names)
    )
    mail = (
        f"From: ada@example.com\nTo: {chat.one('SELECT reply_to FROM emails')}\n"
        "Message-ID: <a@x.example>\nMIME-Version: 1.0\n"
        f"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nYes.\n{parts}--b--\n"
    )
    before = {path for path in tmp_path.rglob("*") if ".mail" not in str(path)}
    ran = run("receive", "--json", stdin=mail.encode())
    assert ran.data["state"] == "posted"
    archive = Path(chat.path + ".mail")
    shown = run("replies", "show", ran.data["id"], "--json").data["attachments"]
    assert len(shown) == len(names)
    for file in shown:
        assert Path(file["path"]).parent == archive / "files"
        assert Path(file["path"]).name == file["sha256"]
        assert Path(file["path"]).is_file()
        assert "/" not in file["name"]
    after = {path for path in tmp_path.rglob("*") if ".mail" not in str(path)}
    assert {path.name for path in after - before} <= {"chat.db-wal", "chat.db-shm"}


def test_templates_are_three_files_of_one_folder(run, chat, tmp_path):
    """A template cannot read another file, whatever it says."""
    chat.due()
    (tmp_path / "secret.txt").write_text("canary")
    folder = tmp_path / "templates"
    folder.mkdir()
    for text in ('{% include "../secret.txt" %}', "{% import '/etc/hostname' as x %}",
                 "{{ self.__init__.__globals__ }}", "{{ ''.__class__.__mro__ }}",
                 "{{ cycler.__init__.__globals__.os.popen('id').read() }}"):  # fmt: skip
        (folder / "subject.txt").write_text(text)
        ran = run("preview", "c1", "--templates", folder)
        assert ran.code in (65, 78), text
        assert "Traceback" not in ran.err
        assert "canary" not in ran.out + ran.err
