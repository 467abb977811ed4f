"""What the tables refuse, and in which words: a backend in any language meets them."""

from __future__ import annotations

import re
import sqlite3

import pytest
from builders import at

GOOD = {
    "channels": {"id": "shop"},
    "conversations": {"id": "c2", "channel": "acme"},
    "pages": {"conversation": "c1", "id": "p1"},
    "messages": {"conversation": "c1", "id": "m1", "author": "agent", "text": "x"},
    "reads": {"conversation": "c1", "through": "m1"},
    "suppressions": {"address": "ada@example.com", "reason": "manual"},
    "settings": {"key": "enabled", "value": "on"},
}
TIMES = {
    "channels": ["created_at"],
    "conversations": ["began_at", "closed_at", "reopened_at", "held_at", "set_aside_until",
                      "channel_at", "email_at", "name_at", "locale_at"],
    "pages": ["opened_at", "visible_at", "hidden_at", "last_active_at", "closed_at", "url_at"],
    "messages": ["sent_at", "seen_at", "edited_at", "deleted_at", "format_at", "attachments_at"],
    "reads": ["at"],
    "suppressions": ["created_at"],
}  # fmt: skip
NO_TIMES = [
    "2026-03-01 09:00:00",
    "2026-03-01T09:00:00Z",
    "2026-03-01T09:00:00.000",
    "2026-03-01T09:00:00.000+00:00",
    "2026-03-01T09:00:00.000000Z",
    "2026-02-30T09:00:00.000Z",
    "2026-03-01t09:00:00.000z",
    "2026-03-01T24:00:00.000Z",
    "0000-01-01T00:00:00.000Z",
    "1969-12-31T23:59:59.999Z",
    "9999-12-31T23:59:59.999Z",
    "now",
    "",
    1772355600,
    2461100.5,
    b"2026-03-01T09:00:00.000Z",
]


@pytest.mark.parametrize("table", GOOD)
def test_a_backend_need_write_only_what_it_knows(chat, table):
    chat.converse()
    chat.insert(table, GOOD[table])


@pytest.mark.parametrize(("table", "column"), [(t, c) for t in TIMES for c in TIMES[t]])
def test_only_utc_text_is_a_time(chat, table, column):
    chat.converse()
    for value in NO_TIMES:
        with pytest.raises(sqlite3.IntegrityError, match=f"{column} must be UTC like 2026-03-01T"):
            chat.insert(table, GOOD[table] | {column: value})
    chat.insert(table, GOOD[table] | {column: "2026-03-01T09:00:00.000Z"})


def test_every_column_that_is_a_time_is_checked(chat):
    unchecked = [
        f"{name}.{column}"
        for name, sql in chat.rows("SELECT name, sql FROM sqlite_schema")
        for column in re.findall(r"^\s+(\w+_at|at|\w+_until)\s+TEXT", sql or "", re.MULTILINE)
        if f"{column} must be UTC" not in sql
    ]
    # The queue's own, which no backend writes; '' there stands for "at once".
    assert unchecked == ["waiting.check_at"]


def test_every_millisecond_of_a_day_passes_the_check(chat):
    """strftime computes in floating point: no time that we write may fall foul of it."""
    wrong = chat.rows(
        "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 59999), "
        "t (x) AS (SELECT printf('2026-03-01T23:59:%02d.%03dZ', i / 1000, i % 1000) FROM n) "
        "SELECT x FROM t WHERE x IS NOT strftime('%Y-%m-%dT%H:%M:%fZ', x, '+0 days')"
    )
    assert wrong == []


REFUSED = [
    ("messages", {"author": "Agent"}, "author must be agent, bot, customer, note or system"),
    ("messages", {"author": None}, "NOT NULL constraint failed: messages.author"),
    ("messages", {"via": "sms"}, "via must be chat or email"),
    ("messages", {"format": "bbcode"}, "format must be plain, markdown or html"),
    ("messages", {"attachments": '{"name": "a.pdf"}'}, "attachments must be a JSON array"),
    ("messages", {"text": None}, "NOT NULL constraint failed: messages.text"),
    ("messages", {"id": ""}, "a message id has 1 to 200 characters"),
    ("messages", {"id": "x" * 201}, "a message id has 1 to 200 characters"),
    ("conversations", {"id": ""}, "a conversation id has 1 to 200 characters"),
    ("conversations", {"id": "x" * 201}, "a conversation id has 1 to 200 characters"),
    ("conversations", {"channel": None}, "NOT NULL constraint failed: conversations.channel"),
    ("channels", {"id": ""}, "a channel id has 1 to 200 characters"),
    ("suppressions", {"reason": "spite"}, "reason must be bounce, complaint, unsubscribe or"),
]


@pytest.mark.parametrize(("table", "fields", "told"), REFUSED)
def test_bad_rows_are_refused_in_words(chat, table, fields, told):
    chat.converse()
    with pytest.raises(sqlite3.IntegrityError, match=re.escape(told)):
        chat.insert(table, GOOD[table] | fields)


def test_attachments_that_are_not_json_are_refused(chat):
    chat.converse()
    with pytest.raises(sqlite3.Error, match=r"malformed JSON|attachments must be"):
        chat.insert("messages", GOOD["messages"] | {"attachments": "a.pdf"})


@pytest.mark.parametrize("table", ["conversations", "pages", "messages", "reads"])
def test_with_foreign_keys_there_are_no_orphans(chat, table):
    chat.write("PRAGMA foreign_keys = ON")
    row = GOOD[table] | ({"channel": "none"} if table == "conversations" else {})
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        chat.insert(table, row)


def test_one_id_is_one_message(chat):
    chat.converse()
    chat.say(at("9:00"))
    with pytest.raises(sqlite3.IntegrityError, match=r"messages\.conversation, messages\.id"):
        chat.say(at("9:01"))
