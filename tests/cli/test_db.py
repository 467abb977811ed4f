"""`init`, `db` and `prune`: the file itself."""

from __future__ import annotations

import sqlite3
import stat
from pathlib import Path

import pytest


def test_init(run, tmp_path):
    path = tmp_path / "new.db"
    ran = run("init", db=str(path))
    assert (ran.code, ran.out) == (0, "")
    assert ran.err.splitlines()[0] == f"Made {path}."
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(run("url", "keys", "list", "--json", db=str(path)).data) == 1
    assert run("db", "check", db=str(path)).code == 0
    assert run("sweep", db=str(path)).code == 0
    before = path.read_bytes()
    ran = run("init", db=str(path))
    assert ran.code == 65
    assert f"{path} exists already" in ran.err
    assert path.read_bytes() == before


def test_init_overwrites_no_other_file(run, tmp_path):
    other = tmp_path / "notes.txt"
    other.write_text("mine")
    assert run("init", db=str(other)).code == 65
    assert other.read_text() == "mine"


@pytest.mark.parametrize("place", ["missing/new.db", "file/new.db"])
def test_init_where_nothing_can_be_made(run, tmp_path, place):
    (tmp_path / "file").write_text("")
    ran = run("init", db=str(tmp_path / place))
    assert ran.code == 65
    assert "cannot be made: " in ran.err
    assert "Traceback" not in ran.err


def test_init_leaves_nothing_behind_when_it_fails(run, tmp_path, monkeypatch):
    from continuation_cli.store import schema

    def fail(*_args, **_more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(schema, "create", fail)
    ran = run("init", db=str(tmp_path / "new.db"))
    assert (ran.code, "No space left on device" in ran.err) == (65, True)
    assert not (tmp_path / "new.db").exists()


def test_migrate_says_what_it_did(run, chat):
    assert run("db", "migrate").err == "The schema is up to date.\n"


def test_migrate_of_what_is_not_ours(run, tmp_path):
    path = tmp_path / "other.db"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE t (x)")
    other.close()
    assert run("db", "migrate", db=str(path)).code == 65
    assert run("db", "migrate", db=str(tmp_path / "none.db")).code == 66


def test_check_finds_and_repairs_what_is_derived(run, chat):
    chat.due("c1")
    chat.due("c2", email="bob@example.com")
    assert run("db", "check").err == "All is well.\n"
    chat.sql("DELETE FROM waiting WHERE conversation = 'c1'")
    chat.sql("UPDATE waiting SET check_at = '2999-01-01T00:00:00.000Z'")
    ran = run("db", "check")
    assert ran.code == 65
    assert "c1" in ran.out
    assert "c2" in ran.out
    assert "2 problems; to repair what is derived: db check --repair" in ran.err
    assert len(run("db", "check", "--json").data["problems"]) == 2
    ran = run("db", "check", "--repair")
    assert ran.code == 0
    assert "2 of 2 problems repaired." in ran.err
    assert run("db", "check").code == 0
    assert run("sweep", "--json").data["sent"] == 2


def test_prune(run, chat):
    old = 100 * 24 * 60
    chat.conversation("old", began=old)
    chat.message("old", ago=old, seen_at=chat.ago(old))
    chat.due("new")
    run("sweep")
    before = chat.dump()
    dry = run("prune", "--older-than", "90d", "--dry-run", "--json").data
    assert dry == {"conversations": 1, "removed": False}
    assert chat.dump() == before
    assert run("prune", "--older-than", "90d").err == "1 conversations removed.\n"
    assert [row["id"] for row in chat.sql("SELECT id FROM conversations")] == ["new"]
    assert run("prune", "--older-than", "90d").err == "0 conversations removed.\n"
    assert run("db", "check").code == 0


@pytest.mark.parametrize(
    ("age", "told"),
    [
        ("90", "'90' needs a unit: 90d?"),
        ("soon", "'soon' is not a duration"),
        ("999999999d", "too long"),
        ("", "'' is not a duration"),
        ("-90d", "'-90d' is not a duration"),
    ],
)
def test_prune_refuses_an_unclear_age(run, chat, age, told):
    chat.due()
    ran = run("prune", f"--older-than={age}")
    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err
    assert len(chat.sql("SELECT 1 FROM conversations")) == 1


def test_prune_keeps_what_is_still_to_be_sent(run, chat, faulty_smtp):
    chat.due()
    run("sweep", "--transport", faulty_smtp(rcpt="450 4.2.1 later").url)
    old = chat.ago(100 * 24 * 60)
    chat.sql("UPDATE messages SET sent_at = ?", old)
    chat.sql("UPDATE pages SET opened_at = ?, closed_at = ?", old, old)
    chat.sql("UPDATE conversations SET began_at = ?", old)
    chat.sql("UPDATE emails SET created_at = ?", old)
    run("prune", "--older-than", "90d")
    assert len(chat.emails()) == len(chat.sql("SELECT 1 FROM conversations")) == 1


def test_the_key_file_is_nobody_elses(run, chat):
    run("sweep")
    run("settings", "set", "recap", "3")
    for file in Path(chat.path).parent.glob("chat.db*"):
        assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0, file
