"""`sweep --preview`: what would be sent, and nothing sent."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from continuation_cli.core import schedule

HOSTILE_IDS = [
    "../../etc/cron.d/x",
    "/etc/passwd",
    "..",
    ".",
    "a/b\\c",
    "-rf",
    "x\n\x1b[2J",
    "ü" * 200,
]


def test_the_preview_changes_nothing(run, chat, tmp_path):
    chat.due()
    chat.waits("c2")
    chat.due("c3", email=None)
    before = chat.dump()
    for more in ((), ("--json",), ("--html", tmp_path / "html"), ("--now", "+1d")):
        assert run("sweep", "--preview", *more).code == 0
    assert chat.dump() == before
    assert not (Path(chat.path).parent / "outgoing").exists()
    assert not Path(chat.path + ".lock").exists()


def test_the_preview_says_what_would_be_sent(run, chat):
    chat.due()
    chat.waits("c2", channel="beta")
    row = run("sweep", "--preview").rows[0]
    assert row["conversation"] == "c1"
    assert (row["to"], row["rule"], row["messages"]) == ("ada@example.com", "offline", "m1")
    assert row["subject"] == "Ana replied to your chat with acme"
    later = run("sweep", "--preview", "--now", "+10m").rows
    assert [r["conversation"] for r in later] == ["c1", "c2"]
    assert [r["rule"] for r in later] == ["offline", "unseen"]
    only = run("sweep", "--preview", "--now", "+10m", "--channel", "beta").rows
    assert [r["conversation"] for r in only] == ["c2"]
    assert len(run("sweep", "--preview", "--now", "+10m", "--limit", "1").rows) == 1
    assert run("sweep", "--preview", "--now", "-1h").rows == []


def test_the_preview_without_from_email_says_how_to_set_it(run, chat):
    chat.due()
    chat.sql("DELETE FROM settings")
    ran = run("sweep", "--preview")
    assert (ran.code, ran.out) == (78, "")
    assert "settings set from-email" in ran.err


@pytest.mark.parametrize("conversation", HOSTILE_IDS)
def test_html_files_stay_in_their_folder(run, chat, tmp_path, conversation):
    chat.due(conversation)
    before = set(tmp_path.rglob("*"))
    folder = tmp_path / "html"
    ran = run("sweep", "--preview", "--html", folder)
    assert ran.code == 0
    [file] = set(tmp_path.rglob("*")) - before - {folder}
    assert file.parent == folder
    assert file.suffix == ".html"
    assert "refund" in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert file.name.isascii()
    assert file.name.isprintable()
    assert file.name[0] not in "-."


def test_html_files_of_alike_ids_do_not_overwrite_each_other(run, chat, tmp_path):
    names = ["a/b", "a\\b", "a:b", "a_b"]
    for name in names:
        chat.due(name)
    run("sweep", "--preview", "--html", tmp_path / "html")
    assert len({file.name for file in (tmp_path / "html").iterdir()}) == len(names)


def test_html_into_a_file_is_a_clear_error(run, chat, tmp_path):
    chat.due()
    (tmp_path / "taken").write_text("mine")
    ran = run("sweep", "--preview", "--html", tmp_path / "taken")
    assert ran.code == 2
    assert "taken cannot be written into: File exists" in ran.err
    assert (tmp_path / "taken").read_text() == "mine"


def test_a_poisoned_conversation_does_not_end_the_preview(run, chat, tmp_path):
    chat.due("c1")
    chat.due("c2")
    (tmp_path / "subject.txt").write_text(
        "{{ 1 // 0 if groups[0].messages[0].text == 'poison' else heading }}"
    )
    chat.sql("UPDATE messages SET text = 'poison' WHERE conversation = 'c1'")
    ran = run("sweep", "--preview", "--templates", tmp_path)
    assert ran.code == 0
    assert [row["conversation"] for row in ran.rows] == ["c2"]
    assert ran.err.startswith("c1: its email cannot be composed: ")


@pytest.mark.parametrize("templates", ["none", "file", "broken"])
def test_templates_that_cannot_be_used(run, chat, tmp_path, templates):
    chat.due()
    folder = tmp_path / "templates"
    if templates == "file":
        folder.write_text("")
    if templates == "broken":
        folder.mkdir()
        (folder / "body.html").write_text("{% if %}")
    for words in (("sweep",), ("sweep", "--preview"), ("preview", "c1")):
        ran = run(*words, "--templates", folder)
        assert (ran.code, ran.out) == (78, "")
        assert ran.err.startswith("continuation: the templates cannot be used: ")
        assert ("body.html, line 1" in ran.err) == (templates == "broken")
    assert chat.emails() == []


def test_the_preview_decides_on_each_conversation_once(run, chat, monkeypatch):
    chat.due("c1")
    chat.due("c2", email=None)
    chat.waits("c3")
    usual, decided = schedule.decide, []

    def decide(conversation, *rest):
        decided.append(conversation.id)
        return usual(conversation, *rest)

    monkeypatch.setattr(schedule, "decide", decide)
    data = run("sweep", "--preview", "--json").data
    assert sorted(decided) == ["c1", "c2", "c3"]
    assert [row["conversation"] for row in data["emails"]] == ["c1"]
    assert data["skipped"] == {"no_address": 1}


def test_a_preview_in_json_with_a_limit_still_counts_all_that_are_skipped(run, chat):
    chat.due("c1")
    chat.due("c2", email=None)
    chat.due("c3")
    data = run("sweep", "--preview", "--json", "--limit", "1").data
    assert [row["conversation"] for row in data["emails"]] == ["c1"]
    assert data["skipped"] == {"no_address": 1}
    assert [row["conversation"] for row in run("sweep", "--preview", "--limit", "1").rows] == ["c1"]


def test_the_preview_holds_what_is_deferred_as_the_email_will(run, chat, faulty_smtp):
    chat.due()
    server = faulty_smtp(rcpt=["450 4.2.1 later", None])
    run("sweep", "--transport", server.url)
    chat.message("c1", "m2", "It arrives on Friday.", ago=5)
    [row] = run("sweep", "--preview", "--json").data["emails"]
    assert row["messages"] == ["m1", "m2"]
    assert run("preview", "c1", "--json").data["messages"] == ["m1", "m2"]
