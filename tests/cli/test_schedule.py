"""`schedule`: the lines that it prints are run, by /bin/sh as cron would."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

ODD = [
    "plain.db",
    "with space.db",
    "100%.db",
    "o'brien.db",
    'quo"te.db',
    "a$HOME`id`.db",
    "ünï;&.db",
]


def as_cron_runs(line):
    """What cron hands to the shell (crontab(5)): the sixth field, `\\%` being a plain `%`."""
    *times, command = line.split(" ", 5)
    assert times == ["*"] * 5
    unescaped = command.replace("\\%", "\0")
    assert "%" not in unescaped  # it would end the command
    return unescaped.replace("\0", "%")


@pytest.mark.parametrize("name", ODD)
def test_the_cron_line_works(run, chat, tmp_path, name):
    chat.due()
    chat.close()
    folder = tmp_path / "o d%d"
    folder.mkdir()
    database = folder / name
    shutil.copy(chat.path, database)
    for suffix in ("-wal", "-shm"):
        shutil.copy(chat.path + suffix, str(database) + suffix) if Path(
            chat.path + suffix
        ).exists() else None
    ran = run("schedule", "cron", db=str(database))
    assert (ran.code, ran.err) == (0, "")
    [line] = ran.out.splitlines()
    done = subprocess.run(
        ["/bin/sh", "-c", as_cron_runs(line)], cwd="/", env={}, capture_output=True, timeout=30
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert len(list((tmp_path / "outgoing" / "new").iterdir())) == 1


def systemd_words(line):
    """Split and unescape an ExecStart= line as systemd does (systemd.service(5))."""
    words, word, quoted, chars = [], "", False, iter(line)
    for c in chars:
        if c == '"':
            quoted = not quoted
        elif c == "\\":
            word += next(chars)
        elif c in "%$":
            assert next(chars) == c
            word += c
        elif c == " " and not quoted:
            words.append(word)
            word = ""
        else:
            word += c
    assert not quoted
    return [*words, word]


@pytest.mark.parametrize("name", ODD)
def test_the_systemd_service_works(run, chat, tmp_path, name):
    database = tmp_path / name
    shutil.copy(chat.path, database)
    out = run("schedule", "systemd", db=str(database)).out
    [line] = [x for x in out.splitlines() if x.startswith("ExecStart=")]
    words = systemd_words(line.removeprefix("ExecStart="))
    assert words[1:] == ["-m", "continuation_cli", "--db", str(database), "sweep"]
    assert Path(words[0]).is_absolute()
    assert "SuccessExitStatus=75" in out
    assert "OnCalendar=" in out


def test_a_relative_path_becomes_absolute(run, chat, monkeypatch):
    monkeypatch.chdir(Path(chat.path).parent)
    assert f"--db {chat.path} sweep" in run("schedule", "cron", db="chat.db").out


def test_a_database_that_is_not_there_is_told_now(run, tmp_path):
    assert run("schedule", "cron", db=str(tmp_path / "typo.db")).code == 66


def test_a_path_that_cannot_stand_in_a_line(run, chat, tmp_path):
    path = shutil.copy(chat.path, tmp_path / "two\nlines.db")
    ran = run("schedule", "cron", db=str(path))
    assert (ran.code, ran.out) == (2, "")


def test_what_only_this_shell_knows_is_pointed_out(run, chat):
    env = {"CONTINUATION_SMTP_PASSWORD": "hunter2", "CONTINUATION_TRANSPORT": "smtps://u@h"}
    ran = run("schedule", "cron", env=env)
    assert ran.code == 0
    assert ran.err == (
        "Not known to the scheduled run, set it there too: "
        "CONTINUATION_SMTP_PASSWORD, CONTINUATION_TRANSPORT\n"
    )
    assert "hunter2" not in ran.out


# --- fetch, too ---------------------------------------------------------------------------------


@pytest.fixture
def mailbox(chat, run, tmp_path):
    """A Maildir with an answer, in a folder whose name means something to cron, sh and systemd."""
    chat.set("inbound_domain", "reply.acme.example")
    chat.due()
    run("sweep")
    folder = tmp_path / "re plies 100%$HOME"
    for name in ("new", "cur", "tmp"):
        (folder / name).mkdir(parents=True)
    to = chat.one("SELECT reply_to FROM emails")
    (folder / "new" / "1").write_text(f"From: ada@example.com\nTo: {to}\n\nThank you.\n")
    return folder


def test_the_cron_line_of_fetch_works(run, chat, mailbox, monkeypatch):
    monkeypatch.chdir(mailbox.parent)
    ran = run("schedule", "cron", "--fetch", f"maildir:{mailbox.name}")
    assert (ran.code, ran.err) == (0, "")
    for line in ran.out.splitlines():
        done = subprocess.run(
            ["/bin/sh", "-c", as_cron_runs(line)], cwd="/", env={}, capture_output=True, timeout=30
        )
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert chat.one("SELECT text FROM messages WHERE author = 'customer'") == "Thank you."


def test_the_systemd_service_of_fetch_works(run, chat, mailbox):
    out = run("schedule", "systemd", "--fetch", f"maildir:{mailbox}").out
    sweep, fetch = [x for x in out.splitlines() if x.startswith("ExecStart=")]
    assert systemd_words(sweep.removeprefix("ExecStart="))[-1] == "sweep"
    words = systemd_words(fetch.removeprefix("ExecStart="))
    assert words[-2:] == ["fetch", f"maildir:{mailbox}"]
    done = subprocess.run(words, cwd="/", env={}, capture_output=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, b"")
    assert chat.one("SELECT text FROM messages WHERE author = 'customer'") == "Thank you."


IMAP = "imaps://replies%40example.com@imap.example.com/Support%20mail"


@pytest.mark.parametrize("how", ["cron", "systemd"])
def test_no_password_is_printed_or_wanted(run, chat, how):
    ran = run("schedule", how, "--fetch", IMAP)
    assert (ran.code, ran.err) == (0, "")
    assert "CONTINUATION_IMAP_PASSWORD_FILE=/etc/continuation/imap-password" in ran.out
    ran = run("schedule", how, "--fetch", IMAP, env={"CONTINUATION_IMAP_PASSWORD": "hunter2"})
    assert (
        ran.err == "Not known to the scheduled run, set it there too: CONTINUATION_IMAP_PASSWORD\n"
    )
    assert "hunter2" not in ran.out
    ran = run("schedule", how, "--fetch", "imaps://ada:hunter2@imap.example.com")
    assert (ran.code, ran.out) == (78, "")
    assert "hunter2" not in ran.err


@pytest.mark.parametrize("transport", ["smtp://localhost", "sendmail:/usr/sbin/sendmail", None])
def test_a_sweep_that_logs_in_nowhere_needs_no_password(run, chat, transport):
    chat.sql("DELETE FROM settings WHERE key = 'transport'")
    if transport:
        chat.set("transport", transport)
    assert "PASSWORD" not in run("schedule", "cron").out


def test_a_sweep_that_logs_in_needs_its_password(run, chat):
    chat.set("transport", "smtps://mailer@mail.example.com")
    comment, line = run("schedule", "cron").out.splitlines()
    assert comment.endswith(": CONTINUATION_SMTP_PASSWORD_FILE=/etc/continuation/smtp-password")
    assert line.endswith(" sweep")


def test_the_cron_line_keeps_the_url(run, chat):
    *_, comment, line = run("schedule", "cron", "--fetch", IMAP).out.splitlines()
    assert comment.startswith("# ")
    assert shlex.split(as_cron_runs(line))[-2:] == ["fetch", IMAP]


def test_each_mailbox_has_a_unit_and_a_password_of_its_own(run, chat):
    urls = ("imaps://a@imap.example.com", "imaps://b@imap.example.com")
    out = run("schedule", "systemd", "--fetch", urls[0], "--fetch", urls[1]).out
    units = re.findall(r"^# /etc/systemd/system/(\S+)$", out, re.MULTILINE)
    assert len(units) == len(set(units)) == 6
    files = re.findall(r"^EnvironmentFile=-(\S+)$", out, re.MULTILINE)
    assert files == [f"/etc/default/continuation{end}" for end in ("", "-fetch", "-fetch-2")]
    [start] = re.findall(r"enable --now (.*)$", out, re.MULTILINE)
    assert set(start.split()) == {unit for unit in units if unit.endswith(".timer")}


@pytest.mark.parametrize(
    "url", ["gopher://x", "imaps://imap.example.com", "imap://a@far.example", "maildir:/none", "x"]
)
def test_a_mailbox_that_is_none_is_told_now(run, chat, url):
    ran = run("schedule", "cron", "--fetch", url)
    assert (ran.code, ran.out) == (78, "")
