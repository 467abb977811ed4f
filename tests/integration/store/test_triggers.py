"""What the chat backend's plain SQL does to the derived rows: what was seen, and the queue."""

from __future__ import annotations

import pytest
from builders import at
from stored import text

from continuation_cli.store import check, db, outbox

NINE, TEN, ELEVEN = text(at("9:00")), text(at("10:00")), text(at("11:00"))


def assert_sound(chat, now="12:00"):
    assert check.problems(chat.ours, at(now)) == []


# --- The queue: messages ---------------------------------------------------------------


@pytest.mark.parametrize("author", ["agent", "bot"])
def test_a_message_that_waits_puts_its_conversation_in_the_queue(chat, author):
    chat.converse()
    chat.say(at("9:00"), author=author)
    assert chat.waiting() == {"c1": (NINE, None)}


@pytest.mark.parametrize(
    "fields",
    [
        {"author": "customer"},
        {"author": "note"},
        {"author": "system"},
        {"seen_at": TEN},
        {"deleted_at": TEN},
        {"email": 7},
    ],
    ids=str,
)
def test_any_other_message_does_not(chat, fields):
    chat.converse()
    chat.say(at("9:00"), **fields)
    assert chat.waiting() == {}


def test_without_an_address_it_is_parked(chat):
    chat.converse(email=None)
    chat.say(at("9:00"))
    assert chat.waiting() == {"c1": (None, "no_address")}
    chat.write("UPDATE conversations SET email = 'ada@example.com'")
    assert chat.waiting() == {"c1": (NINE, None)}


def test_the_first_message_decides_when_to_look(chat):
    chat.converse()
    chat.say(at("10:00"), "m2")
    chat.say(at("11:00"), "m3")
    chat.say(at("9:00"), "m1")
    assert chat.waiting() == {"c1": (NINE, None)}


LEAVES = {
    "seen": "UPDATE messages SET seen_at = '2026-03-01T10:00:00.000Z'",
    "deleted": "UPDATE messages SET deleted_at = '2026-03-01T10:00:00.000Z'",
    "emailed": "UPDATE messages SET email = 7",
    "turned into a note": "UPDATE messages SET author = 'note'",
    "removed": "DELETE FROM messages",
    "its conversation removed": "DELETE FROM conversations",
    "read through": "INSERT INTO reads VALUES ('c1', 'm1', '2026-03-01T10:00:00.000Z')",
    "answered": "INSERT INTO messages (conversation, id, author, text, sent_at) "
    "VALUES ('c1', 'm2', 'customer', 'yes', '2026-03-01T10:00:00.000Z')",
    "replaced by a seen one": "INSERT OR REPLACE INTO messages "
    "(conversation, id, author, text, sent_at, seen_at) VALUES "
    "('c1', 'm1', 'agent', 'x', '2026-03-01T09:00:00.000Z', '2026-03-01T10:00:00.000Z')",
    "replaced by a note, later": "REPLACE INTO messages (conversation, id, author, text, sent_at) "
    "VALUES ('c1', 'm1', 'note', 'x', '2026-03-01T10:00:00.000Z')",
    "upserted as seen": "INSERT INTO messages (conversation, id, author, text) "
    "VALUES ('c1', 'm1', 'agent', 'x') ON CONFLICT (conversation, id) "
    "DO UPDATE SET seen_at = '2026-03-01T10:00:00.000Z'",
    "moved to another conversation, as a note": "UPDATE messages "
    "SET conversation = 'c2', author = 'note'",
}


@pytest.mark.parametrize("statement", LEAVES.values(), ids=LEAVES)
def test_what_takes_the_last_message_out_of_the_queue(chat, statement):
    chat.converse()
    chat.converse("c2")
    chat.say(at("9:00"))
    chat.write(statement)
    assert chat.waiting() == {}


@pytest.mark.parametrize("name", sorted(LEAVES.keys() - {"emailed", "its conversation removed"}))
def test_what_takes_one_message_out_leaves_the_others(chat, name):
    statement = LEAVES[name]
    chat.converse()
    chat.converse("c2")
    chat.say(at("9:00"))
    chat.say(at("11:00"), "m3", author="bot")
    if statement.startswith(("UPDATE", "DELETE")):
        statement += " WHERE id = 'm1'"
    chat.write(statement)
    assert chat.waiting().keys() == {"c1"}
    assert_sound(chat)


RETURNS = {
    "made unseen": ("seen_at", "UPDATE messages SET seen_at = NULL"),
    "restored": ("deleted_at", "UPDATE messages SET deleted_at = NULL"),
    "its email cancelled": ("email", "UPDATE messages SET email = NULL"),
}


@pytest.mark.parametrize(("column", "statement"), RETURNS.values(), ids=RETURNS)
def test_what_brings_a_message_back(chat, column, statement):
    chat.converse()
    chat.say(at("9:00"), **{column: 7 if column == "email" else TEN})
    assert chat.waiting() == {}
    chat.write(statement)
    assert chat.waiting() == {"c1": (NINE, None)}


def test_a_note_turned_into_an_agents_message_waits(chat):
    chat.converse()
    chat.say(at("9:00"), author="note")
    chat.write("UPDATE messages SET author = 'agent'")
    assert chat.waiting() == {"c1": (NINE, None)}


def test_many_rows_in_one_statement(chat):
    for name in ("c1", "c2", "c3"):
        chat.converse(name)
    chat.write(
        "INSERT INTO messages (conversation, id, author, text, sent_at) "
        "SELECT id, 'm1', 'agent', 'x', ? FROM conversations", NINE,
    )  # fmt: skip
    assert chat.waiting() == dict.fromkeys(("c1", "c2", "c3"), (NINE, None))
    chat.write("UPDATE messages SET seen_at = ? WHERE conversation <> 'c2'", TEN)
    assert chat.waiting() == {"c2": (NINE, None)}


def test_insert_or_ignore_of_a_known_message_changes_nothing(chat):
    chat.converse()
    chat.say(at("9:00"), seen_at=TEN)
    row = {"conversation": "c1", "id": "m1", "author": "agent", "text": "x", "sent_at": NINE}
    chat.insert("messages", row, "INSERT OR IGNORE")
    assert chat.waiting() == {}


def test_a_message_moved_in_time(chat):
    chat.converse()
    chat.say(at("10:00"))
    chat.write("UPDATE messages SET sent_at = ?", NINE)
    assert chat.waiting() == {"c1": (NINE, None)}


def test_messages_whose_conversation_comes_later(chat):
    chat.say(at("10:00"), "m2")
    chat.say(at("9:00"))
    assert chat.waiting() == {}
    chat.converse()
    assert chat.waiting() == {"c1": (NINE, None)}
    assert_sound(chat)


def test_a_conversation_that_began_after_its_messages_is_looked_at_in_time(chat):
    """A backend may fill in began_at late; nothing is due before the first message was sent."""
    chat.converse(began_at=text(at("+5 0:00")))
    chat.write("INSERT INTO pages (conversation, id, opened_at) VALUES ('c1', 'p', ?)", NINE)
    chat.say(at("9:00"))
    chat.write("UPDATE waiting SET check_at = ?", text(at("+9 0:00")))
    chat.write("UPDATE conversations SET email = 'new@example.com'")
    assert chat.waiting() == {"c1": (NINE, None)}


def test_a_conversation_renamed_takes_its_place_along(chat):
    chat.converse()
    chat.say(at("9:00"))
    chat.write("UPDATE conversations SET id = 'c2'")
    assert chat.waiting() == {}
    chat.write("UPDATE messages SET conversation = 'c2'")
    assert chat.waiting() == {"c2": (NINE, None)}


# --- The queue: what wakes a parked conversation ----------------------------------------------


def park(chat, reason):
    chat.converse()
    chat.say(at("9:00"))
    chat.write("UPDATE waiting SET check_at = NULL, parked = ?", reason)


def put_off(chat):
    chat.converse()
    chat.say(at("9:00"))
    chat.write("UPDATE waiting SET check_at = ?", ELEVEN)


PAGES = {
    "opened": "INSERT INTO pages (conversation, id, opened_at) "
    "VALUES ('c1', 'p2', '2026-03-01T10:00:00.000Z')",
    "beats": "UPDATE pages SET last_active_at = '2026-03-01T10:00:00.000Z'",
    "closed": "UPDATE pages SET closed_at = '2026-03-01T10:00:00.000Z'",
    "hidden": "UPDATE pages SET hidden_at = '2026-03-01T10:00:00.000Z'",
    "removed": "DELETE FROM pages",
    "replaced": "REPLACE INTO pages (conversation, id, opened_at) "
    "VALUES ('c1', 'p1', '2026-03-09T10:00:00.000Z')",
    "upserted": "INSERT INTO pages (conversation, id) VALUES ('c1', 'p1') "
    "ON CONFLICT DO UPDATE SET last_active_at = '2026-03-01T10:00:00.000Z'",
}


@pytest.mark.parametrize("statement", PAGES.values(), ids=PAGES)
@pytest.mark.parametrize("before", [put_off, lambda chat: park(chat, "rule_off")])
def test_a_page_wakes_its_conversation(chat, before, statement):
    chat.write("INSERT INTO pages (conversation, id, opened_at) VALUES ('c1', 'p1', ?)", NINE)
    before(chat)
    chat.write(statement)
    assert chat.waiting() == {"c1": (NINE, None)}


@pytest.mark.parametrize("reason", ["suppressed", "held", "disabled", "no_address", "expired"])
def test_a_page_does_not_wake_what_it_has_nothing_to_do_with(chat, reason):
    park(chat, reason)
    chat.write(PAGES["opened"])
    assert chat.waiting() == {"c1": (None, reason)}


@pytest.mark.parametrize("reason", ["nothing_unseen", "expired", "rule_off"])
def test_another_message_wakes(chat, reason):
    """From the first message on: an old one starts the clock for all."""
    park(chat, reason)
    chat.say(at("10:00"), "m2")
    assert chat.waiting() == {"c1": (NINE, None)}


CONVERSATION = {
    "another address": "UPDATE conversations SET email = 'new@example.com'",
    "held": "UPDATE conversations SET held_at = '2026-03-01T10:00:00.000Z'",
    "released": "UPDATE conversations SET held_at = NULL",
    "another channel": "UPDATE conversations SET channel = 'other'",
    "taken up again": "UPDATE conversations SET set_aside_until = NULL",
    "began earlier": "UPDATE conversations SET began_at = '2026-02-01T10:00:00.000Z'",
}


@pytest.mark.parametrize("statement", CONVERSATION.values(), ids=CONVERSATION)
def test_a_change_of_the_conversation_wakes(chat, statement):
    chat.write("INSERT INTO channels (id) VALUES ('other')")
    park(chat, "held")
    chat.write(statement)
    assert chat.waiting() == {"c1": (NINE, None)}


SETTINGS = [
    ("disabled", "enabled", "on"),
    ("expired", "max_age", "30d"),
    ("expired", "bot_messages", "trigger"),
    ("nothing_unseen", "bot_messages", "trigger"),
    ("rule_off", "bot_messages", "trigger"),
    ("rule_off", "offline_delay", "5m"),
    ("rule_off", "unseen_delay", "5m"),
    ("rule_off", "presence_timeout", "5m"),
]


@pytest.mark.parametrize(("reason", "key", "value"), SETTINGS)
@pytest.mark.parametrize("channel", ["", "acme"])
@pytest.mark.parametrize("how", ["insert", "update", "delete", "replace"])
def test_a_setting_wakes_what_it_decides(chat, reason, key, value, channel, how):
    if how != "insert":
        chat.write("INSERT INTO settings VALUES (?, ?, 'old')", channel, key)
    park(chat, reason)
    if how in ("insert", "replace"):
        chat.write("REPLACE INTO settings VALUES (?, ?, ?)", channel, key, value)
    elif how == "update":
        chat.write("UPDATE settings SET value = ? WHERE key = ?", value, key)
    else:
        chat.write("DELETE FROM settings WHERE key = ?", key)
    assert chat.waiting() == {"c1": (NINE, None)}


@pytest.mark.parametrize(("_reason", "key", "value"), SETTINGS)
def test_a_setting_brings_the_next_look_forward(chat, _reason, key, value):
    put_off(chat)
    chat.write("INSERT INTO settings VALUES ('acme', ?, ?)", key, value)
    assert chat.waiting() == {"c1": (NINE, None)}


def test_a_setting_of_another_channel_wakes_nobody(chat):
    park(chat, "disabled")
    chat.write("INSERT INTO settings VALUES ('other', 'enabled', 'on')")
    chat.write("UPDATE settings SET value = 'off' WHERE channel = 'other'")
    chat.write("DELETE FROM settings WHERE channel = 'other'")
    assert chat.waiting() == {"c1": (None, "disabled")}


def test_a_setting_moved_to_another_channel_wakes_both(chat):
    chat.write("INSERT INTO settings VALUES ('acme', 'enabled', 'off')")
    park(chat, "disabled")
    chat.write("UPDATE settings SET channel = 'other' WHERE key = 'enabled'")
    assert chat.waiting() == {"c1": (NINE, None)}


@pytest.mark.parametrize("key", ["brand_name", "recap", "transport", "from_email"])
def test_a_setting_that_decides_nothing_wakes_nobody(chat, key):
    put_off(chat)
    chat.write("REPLACE INTO settings VALUES ('', ?, 'x')", key)
    assert chat.waiting() == {"c1": (ELEVEN, None)}


@pytest.mark.parametrize("reason", ["suppressed", "opted_out"])
@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM suppressions", "UPDATE suppressions SET address = 'someone@else.example'"],
)
def test_an_address_that_may_be_mailed_again_wakes(chat, reason, statement):
    chat.write("INSERT INTO suppressions (address, reason) VALUES ('c1@example.com', 'manual')")
    park(chat, reason)
    chat.write(statement)
    assert chat.waiting() == {"c1": (NINE, None)}


def test_an_email_less_under_the_cap_wakes(chat):
    """Its own messages were seen meanwhile; what waits now is another one."""
    chat.converse()
    chat.say(at("9:00"))
    assert chat.sweep(at("9:10")).recipients == ["c1@example.com"]
    chat.write("UPDATE messages SET seen_at = ?", TEN)
    chat.write("INSERT INTO settings VALUES ('', 'daily_cap', '1')")
    chat.say(at("10:00"), "m2")
    assert chat.sweep(at("10:30")).report.skipped == {"rate_capped": 1}
    with db.writing(chat.ours):
        outbox.cancel(chat.ours, 1, at("10:31"), "by hand")
    assert_sound(chat)
    assert chat.sweep(at("10:31")).recipients == ["c1@example.com"]


def test_a_removed_email_is_none_under_the_cap(chat):
    chat.write("INSERT INTO settings VALUES ('', 'daily_cap', '1')")
    chat.converse()
    chat.say(at("9:00"))
    chat.sweep(at("9:10"))
    chat.say(at("10:00"), "m2")
    chat.sweep(at("10:30"))
    chat.write("UPDATE messages SET email = NULL, seen_at = ? WHERE id = 'm1'", TEN)
    chat.write("PRAGMA foreign_keys = ON")
    chat.write("DELETE FROM emails")
    assert_sound(chat)
