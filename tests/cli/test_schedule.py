"""`schedule`: the lines that it prints are run, by /bin/sh as cron would."""

from __future__ import annotations

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
