"""What is found due in one go is decided upon again once somebody else has written."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
import stored
from builders import at


@pytest.fixture
def chat(tmp_path):
    with stored.Store(tmp_path / "chat.db") as made:
        for name in ("c1", "c2", "c3"):
            made.converse(name)
            made.say(at("11:50"), conversation=name)
        yield made


def when_the_first_leaves(chat, sql, *values):
    """Another program writes while the first of the three emails is on its way."""

    def answer(_envelope):
        if not chat.delivered:
            with closing(sqlite3.connect(chat.path)) as other, other:
                other.execute(sql, values)

    chat.answer = answer


def held(chat):
    return chat.rows(
        "SELECT emails.conversation, held.message FROM email_messages AS held "
        "JOIN emails ON emails.id = email "
        "WHERE state = 'sent' ORDER BY 1, position"
    )


def test_a_message_that_comes_meanwhile_is_in_the_same_email(chat):
    when_the_first_leaves(
        chat,
        "INSERT INTO messages (conversation, id, author, text, sent_at) VALUES (?, ?, ?, ?, ?)",
        "c3", "m2", "agent", "One more thing", stored.text(at("11:59")),
    )  # fmt: skip
    chat.sweep(at("12:00"))
    assert held(chat) == [("c1", "m1"), ("c2", "m1"), ("c3", "m1"), ("c3", "m2")]
    assert len(chat.delivered) == 3


def test_a_rule_that_is_turned_off_meanwhile_stops_the_rest(chat):
    when_the_first_leaves(chat, "INSERT INTO settings VALUES ('', 'offline_delay', 'never')")
    chat.sweep(at("12:00"))
    assert held(chat) == [("c1", "m1")]
