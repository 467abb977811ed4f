"""What the customer has seen, as triggers derive it; and messages that are in an email already."""

from __future__ import annotations

import pytest
from builders import MS, at
from stored import text

from continuation_cli.mail.transport import Refused
from continuation_cli.store import check

NINE, TEN, ELEVEN = text(at("9:00")), text(at("10:00")), text(at("11:00"))


def seen(chat, conversation="c1"):
    """When each message of agents and bots was seen, by id."""
    rows = chat.rows(
        "SELECT id, seen_at FROM messages WHERE conversation = ? AND author IN ('agent', 'bot') "
        "ORDER BY id", conversation,
    )  # fmt: skip
    return dict(rows)


def assert_sound(chat, now="12:00"):
    assert check.problems(chat.ours, at(now)) == []


# --- What was seen -------------------------------------------------------------------


def test_a_customer_who_writes_has_seen_what_stands_above(chat):
    chat.converse()
    chat.say(at("9:00"))
    chat.say(at("9:30"), "m2", author="bot")
    chat.say(at("10:00"), "m3", author="customer")
    chat.say(at("11:00"), "m4")
    assert seen(chat) == {"m1": TEN, "m2": TEN, "m4": None}


def test_one_who_writes_by_email_has_not(chat):
    """The reply's own mail says what was seen: the email that it answers."""
    chat.converse()
    chat.say(at("9:00"))
    chat.say(at("10:00"), "m2", author="customer", via="email")
    assert seen(chat) == {"m1": None}


def test_ties_follow_the_order_of_ids(chat):
    chat.converse()
    chat.say(at("9:00"), "m9")
    chat.say(at("9:00"), "m11")
    chat.say(at("9:00"), "m10", author="customer")
    assert seen(chat) == {"m9": NINE, "m11": None}


def test_an_agents_message_written_late_was_seen(chat):
    chat.converse()
    chat.say(at("10:00"), "m2", author="customer")
    chat.say(at("9:00"))
    assert seen(chat) == {"m1": TEN}
    assert chat.waiting() == {}


def test_reading_through_a_message(chat):
    chat.converse()
    for hour, name in enumerate(("m1", "m2", "m3"), start=9):
        chat.say(at(f"{hour}:00"), name)
    chat.write("INSERT INTO reads VALUES ('c1', 'm2', ?)", ELEVEN)
    assert seen(chat) == {"m1": ELEVEN, "m2": ELEVEN, "m3": None}
    chat.write("UPDATE reads SET at = ?", TEN)
    assert seen(chat) == {"m1": TEN, "m2": TEN, "m3": None}
    chat.write("REPLACE INTO reads VALUES ('c1', 'm3', ?)", ELEVEN)
    assert seen(chat) == {"m1": TEN, "m2": TEN, "m3": ELEVEN}


def test_a_read_may_come_before_its_message(chat):
    chat.converse()
    chat.write("INSERT INTO reads VALUES ('c1', 'm2', ?)", ELEVEN)
    chat.say(at("9:00"))
    chat.say(at("10:00"), "m2", author="note")
    assert seen(chat) == {"m1": ELEVEN}


def test_the_earliest_evidence_counts(chat):
    """Read at 11, but answered at 10 already: the answer was written later, out of order."""
    chat.converse()
    chat.say(at("9:00"))
    chat.write("INSERT INTO reads VALUES ('c1', 'm1', ?)", ELEVEN)
    chat.say(at("10:00"), "m2", author="customer")
    assert seen(chat) == {"m1": TEN}


def test_another_conversation_is_none_of_its_business(chat):
    chat.converse()
    chat.converse("c2")
    chat.say(at("9:00"))
    chat.say(at("10:00"), "m2", author="customer", conversation="c2")
    chat.write("INSERT INTO reads VALUES ('c2', 'm1', ?)", ELEVEN)
    assert seen(chat) == {"m1": None}


MOVES = {
    "the customer's message, after the agent's": (
        "UPDATE messages SET sent_at = '2026-03-01T11:00:00.000Z' WHERE id = 'm1'", ELEVEN),
    "the agent's message, before the customer's": (
        "UPDATE messages SET sent_at = '2026-03-01T08:00:00.000Z' WHERE id = 'm2'", NINE),
    "a note becomes the customer's message": (
        "UPDATE messages SET author = 'customer' WHERE id = 'm3'", ELEVEN),
    "an email becomes a message of the chat": (
        "UPDATE messages SET via = 'chat' WHERE id = 'm4'", ELEVEN),
    "a note becomes an agent's, read through": (
        "UPDATE messages SET author = 'agent' WHERE id = 'm3'", None),
}  # fmt: skip


@pytest.mark.parametrize(("statement", "expected"), MOVES.values(), ids=MOVES)
def test_rows_that_move_are_judged_anew(chat, statement, expected):
    chat.converse()
    chat.say(at("9:00"), "m1", author="customer")
    chat.say(at("10:00"), "m2")
    chat.say(at("11:00"), "m3", author="note")
    chat.say(at("11:00"), "m4", author="customer", via="email")
    chat.write(statement)
    assert seen(chat)["m2"] == expected
    assert_sound(chat)


def test_what_was_answered_cannot_be_made_unseen(chat):
    chat.converse()
    chat.say(at("9:00"))
    chat.say(at("10:00"), "m2", author="customer")
    chat.write("UPDATE messages SET seen_at = NULL")
    assert seen(chat) == {"m1": TEN}
    assert chat.waiting() == {}
    assert_sound(chat)


def test_what_the_backend_marked_as_seen_can(chat):
    chat.converse()
    chat.say(at("9:00"), seen_at=TEN)
    chat.write("UPDATE messages SET seen_at = NULL")
    assert seen(chat) == {"m1": None}
    assert chat.waiting() == {"c1": (NINE, None)}


# --- A message that is in an email ------------------------------------------------------------


@pytest.mark.parametrize("again", ["REPLACE", "DELETE, INSERT"])
def test_a_message_written_again_is_not_mailed_again(chat, again):
    chat.converse()
    chat.say(at("9:00"))
    assert chat.sweep(at("9:10")).recipients == ["c1@example.com"]
    row = {"conversation": "c1", "id": "m1", "author": "agent", "text": "x", "sent_at": NINE}
    if again == "REPLACE":
        chat.insert("messages", row, "REPLACE")
    else:
        chat.write("DELETE FROM messages")
        chat.insert("messages", row)
    assert chat.waiting() == {}
    assert chat.sweep(at("9:30")).delivered == []
    assert_sound(chat)


def test_a_message_replaced_before_its_email_has_left_is_told_as_it_is_now(chat):
    chat.converse()
    chat.say(at("9:00"))
    chat.answer = lambda _envelope: Refused("rcpt", "later", permanent=False, code=450)
    chat.sweep(at("9:10"))
    row = {"conversation": "c1", "id": "m1", "author": "agent", "text": "new", "sent_at": NINE}
    chat.insert("messages", row, "REPLACE")
    chat.answer = lambda _envelope: None
    sent = [*chat.sweep(at("9:30")).delivered, *chat.sweep(at("9:31")).delivered]
    assert len(sent) == 1
    assert b"new" in sent[0].message
    assert b"text of m1" not in sent[0].message


def test_a_message_of_a_cancelled_email_is(chat):
    chat.converse()
    chat.say(at("9:00"))
    chat.sweep(at("9:10"))
    chat.write("UPDATE emails SET state = 'cancelled'")
    row = {"conversation": "c1", "id": "m1", "author": "agent", "text": "x", "sent_at": NINE}
    chat.insert("messages", row, "REPLACE")
    assert chat.sweep(at("9:30")).recipients == ["c1@example.com"]


@pytest.mark.parametrize(
    ("column", "value", "counts"),
    [("text", "new", True), ("name", "Ben", True), ("attachments", "[]", True),
     ("format", "html", True), ("text", "text of m1", False), ("edited_at", TEN, False),
     ("seen_at", TEN, False)],
)  # fmt: skip
def test_an_edit_counts_up_the_revision(chat, column, value, counts):
    chat.converse()
    chat.say(at("9:00"))
    chat.write(f"UPDATE messages SET {column} = ?", value)
    assert chat.rows("SELECT revision FROM messages") == [(int(counts),)]


def test_the_queue_is_kept_with_foreign_keys_as_well(chat):
    chat.write("PRAGMA foreign_keys = ON")
    chat.converse()
    chat.say(at("9:00"))
    chat.write("INSERT INTO pages (conversation, id, opened_at) VALUES ('c1', 'p1', ?)", NINE)
    chat.write("INSERT INTO reads VALUES ('c1', 'm0', ?)", NINE)
    chat.write("REPLACE INTO conversations (id, channel) VALUES ('c1', 'acme')")
    assert chat.waiting() == {}
    assert chat.rows("SELECT count(*) FROM messages") == [(0,)]
    assert_sound(chat)


def test_the_check_at_is_never_past_the_earliest_due_time(chat):
    """To the millisecond: a delay of 0."""
    chat.write("INSERT INTO settings VALUES ('', 'offline_delay', '0')")
    chat.converse()
    chat.say(at("9:00"))
    assert chat.sweep(at("9:00") - MS).delivered == []
    assert chat.sweep(at("9:00")).recipients == ["c1@example.com"]
