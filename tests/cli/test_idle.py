"""The short way for an idle sweep: taken when it may be, and never seen otherwise."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from continuation_cli import idle


def spawn(*words, **environment):
    """`python -m continuation_cli`, and the modules that it loaded."""
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "continuation_cli", *words],
        capture_output=True,
        text=True,
        cwd="/",
        env=environment,
        timeout=30,
    )
    lines = ran.stderr.splitlines()
    loaded = {line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:")}
    said = [line for line in lines if not line.startswith("import time:")]
    return ran.returncode, ran.stdout + "\n".join(said), loaded


@pytest.fixture
def path(chat):
    return str(chat.path)


def test_an_idle_sweep_loads_no_click(path):
    for code, said, loaded in (
        spawn("--db", path, "sweep"),
        spawn("sweep", CONTINUATION_DB=path),
    ):
        assert (code, said) == (0, "")
        assert "sqlite3" in loaded
        assert not loaded & {"click", "jinja2", "rich", "sqlite_utils", "urllib.parse"}


def test_what_is_due_is_sent(chat, path):
    chat.due()
    code, said, loaded = spawn("--db", path, "sweep")
    assert (code, said) == (0, "")
    assert "click" in loaded
    assert [email["state"] for email in chat.emails()] == ["sent"]


def test_another_sweep_is_running(path):
    with Path(os.path.realpath(path) + ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert spawn("--db", path, "sweep")[:2] == (75, "")


def test_no_database(tmp_path):
    code, said, _ = spawn("--db", str(tmp_path / "none.db"), "sweep")
    assert code == 66
    assert "there is no database" in said
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "words", [["sweep", "--json"], ["sweep", "--preview"], ["sweep", "-h"], ["pending"], [], ["x"]]
)
def test_anything_else_is_left_to_the_command_line(path, words):
    assert not idle.is_answered(["--db", path, *words], {})
    assert not idle.is_answered(words, {"CONTINUATION_DB": path})


def test_no_database_named():
    assert not idle.is_answered(["sweep"], {})
    assert not idle.is_answered(["--db", "", "sweep"], {})


@pytest.mark.parametrize(
    "name", ["a b.db", "50%.db", "what?.db", "#1.db", "%3f.db", "ü.db", "&=.db"]
)
def test_paths_that_a_uri_would_change(chat, tmp_path, name):
    path = tmp_path / name
    chat.sql("VACUUM INTO ?", str(path))
    assert idle.is_answered(["--db", str(path), "sweep"], {})
    assert {p.name for p in tmp_path.iterdir() if p.name.startswith(name)} >= {name, name + ".lock"}
