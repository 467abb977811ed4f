"""The row that `pending` and `explain` show, and other programs read."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

from builders import at, conversation, message, page, settings

from continuation_cli.core import report, schedule

CLOSED = page("8:30", closed="9:00")


def row(chat, now, **values):
    return report.row(chat, settings(**values), at(now))


def test_due():
    chat = conversation(CLOSED, message("9:05", "bot", id="b"), message("9:06", id="a"))
    assert row(chat, "9:10") == {
        "conversation": "c42",
        "channel": "acme",
        "to": "ada@example.com",
        "state": "due",
        "rule": "offline",
        "presence": "offline",
        "since": "2026-03-01T09:06:00.000Z",
        "due_at": "2026-03-01T09:07:00.000Z",
        "reason": None,
        "messages": ["b", "a"],
    }


def test_waiting():
    chat = conversation(page("8:30", hidden="9:00"), message("9:05"))
    found = row(chat, "9:10")
    assert (found["state"], found["rule"], found["presence"]) == ("waiting", "unseen", "away")
    assert (found["since"], found["due_at"], found["reason"]) == (
        "2026-03-01T09:05:00.000Z", "2026-03-01T09:20:00.000Z", None,
    )  # fmt: skip


def test_skipped_still_shows_what_an_email_would_hold():
    chat = replace(conversation(CLOSED, message("9:05", id="a")), email=None)
    found = row(chat, "9:10")
    assert (found["state"], found["reason"], found["to"]) == ("skipped", "no_address", None)
    assert found["messages"] == ["a"]
    assert found["due_at"] is None


def test_skipped_until_a_known_time():
    chat = replace(conversation(CLOSED, message("9:05")), set_aside_until=at("10:00"))
    assert row(chat, "9:10")["due_at"] == "2026-03-01T10:00:00.000Z"


def test_nothing_to_tell():
    found = row(conversation(CLOSED, message("9:05", "bot")), "9:10")
    assert found["reason"] == "nothing_unseen"
    assert (found["rule"], found["since"], found["due_at"]) == (None, None, None)
    assert found["messages"] == []


def test_a_rule_that_is_off_has_no_time():
    found = row(conversation(CLOSED, message("9:05")), "9:10", offline_delay="never")
    assert (found["state"], found["reason"], found["due_at"]) == ("skipped", "rule_off", None)
    assert found["rule"] == "offline"


def test_every_reason_has_words():
    assert set(report.REASONS) == set(get_args(schedule.Reason))
