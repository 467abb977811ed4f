"""Removing conversations that have long been over, and only those."""

from __future__ import annotations

import pytest
from builders import at
from stored import text

from continuation_cli.mail.transport import Refused
from continuation_cli.store import check, db, prune

CUTOFF = at("+10 0:00")
RECENT = text(CUTOFF)
OLD = text(at("9:00"))


def old(chat, **more):
    return prune.old_conversations(chat.ours, CUTOFF, after="", **({"limit": 100} | more))


def test_an_old_conversation_goes_with_all_that_belongs_to_it(chat):
    chat.converse()
    chat.converse("c2", began_at=RECENT)
    chat.say(at("9:00"))
    chat.insert("pages", {"conversation": "c1", "id": "p1", "opened_at": OLD})
    chat.insert("reads", {"conversation": "c1", "through": "m9", "at": OLD})
    chat.sweep(at("9:20"))
    assert old(chat) == ["c1"]
    with db.writing(chat.ours):
        assert prune.remove(chat.ours, ["c1", "c2"], CUTOFF) == 1
    for table in ("messages", "pages", "reads", "emails", "email_messages", "attempts", "waiting"):
        assert chat.rows(f"SELECT count(*) FROM {table}") == [(0,)], table
    assert chat.rows("SELECT id FROM conversations") == [("c2",)]
    assert check.problems(chat.ours, CUTOFF) == []


RECENTLY = {
    "began": "UPDATE conversations SET began_at = ?",
    "a message": "UPDATE messages SET sent_at = ?",
    "a reading": "UPDATE messages SET seen_at = ?",
    "a page opened": "UPDATE pages SET opened_at = ?",
    "a page shown": "UPDATE pages SET visible_at = ?",
    "a page hidden": "UPDATE pages SET hidden_at = ?",
    "a heartbeat": "UPDATE pages SET last_active_at = ?",
    "a page closed": "UPDATE pages SET closed_at = ?",
    "an email": "UPDATE emails SET created_at = ?",
    "an email sent": "UPDATE emails SET finished_at = ?",
}


@pytest.mark.parametrize("statement", RECENTLY.values(), ids=RECENTLY)
def test_what_was_touched_since_stays(chat, statement):
    chat.converse()
    chat.say(at("9:00"))
    chat.insert("pages", {"conversation": "c1", "id": "p1", "opened_at": OLD, "closed_at": OLD})
    chat.sweep(at("9:20"))
    assert old(chat) == ["c1"]
    chat.write(statement, text(CUTOFF))
    assert old(chat) == []
    with db.writing(chat.ours):
        assert prune.remove(chat.ours, ["c1"], CUTOFF) == 0
    assert chat.rows("SELECT count(*) FROM conversations") == [(1,)]


def test_an_email_that_is_not_over_keeps_its_conversation(chat):
    chat.converse()
    chat.say(at("9:00"))
    chat.answer = lambda _envelope: Refused("rcpt", "later", permanent=False, code=450)
    chat.sweep(at("9:20"))
    assert old(chat) == []


def test_batches_follow_each_other(chat):
    for number in range(5):
        chat.converse(f"c{number}")
    assert old(chat, limit=2) == ["c0", "c1"]
    assert prune.old_conversations(chat.ours, CUTOFF, after="c1", limit=2) == ["c2", "c3"]
    assert prune.old_conversations(chat.ours, CUTOFF, after="c4", limit=2) == []


def test_the_cutoff_is_exact(chat):
    chat.converse(began_at="2026-03-10T23:59:59.999Z")
    assert old(chat) == ["c1"]
    chat.write("UPDATE conversations SET began_at = ?", RECENT)
    assert old(chat) == []
