"""A deferred email is decided anew before each attempt and once more at the door: presence, age,
later messages. One that may have been accepted is only ever sent again exactly as it was.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
import stored
from builders import at

from continuation_cli.mail.transport import InDoubt, NotSent, Refused, Unavailable
from continuation_cli.store import check, db, outbox

NOON = at("12:00")
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@pytest.fixture
def chat(tmp_path):
    with stored.Store(tmp_path / "chat.db") as made:
        yield made


def due(chat, name="c1", **fields):
    chat.converse(name)
    chat.say(at("11:50"), conversation=name, **fields)


def fail_once(chat, outcome, now=NOON):
    chat.answer = lambda _envelope: outcome
    chat.sweep(now)
    chat.answer = lambda _envelope: None


def defer(chat, now=NOON):
    fail_once(chat, NotSent("rcpt", "later"), now)


def doubt(chat, now=NOON):
    fail_once(chat, InDoubt("dot", "gone"), now)


def open_page(chat, opened_at, **fields):
    page = {"conversation": "c1", "id": "p1", "url": "https://acme.example/",
            "opened_at": stored.text(opened_at)} | fields  # fmt: skip
    chat.insert("pages", page)


def states(chat):
    return [state for (state,) in chat.rows("SELECT state FROM emails ORDER BY id")]


def body(envelope):
    parsed = message_from_bytes(envelope.message, policy=policy.default)
    content = parsed.get_body(("plain",)).get_content()
    return content.partition("Earlier in this conversation")[0]


# --- Presence -------------------------------------------------------------------------------------


def test_a_customer_who_came_back_gets_it_by_the_unseen_rule(chat):
    """Unseen since 11:50, and unseen_delay is 15 minutes."""
    due(chat)
    defer(chat)
    open_page(chat, NOON)
    swept = chat.sweep(NOON + MINUTE)
    assert swept.delivered == []
    [result] = swept.results
    assert result.state == "cancelled"
    assert "unseen rule not before 2026-03-01T12:05:00.000Z" in result.detail
    assert chat.sweep(NOON + 4 * MINUTE).delivered == []
    assert chat.sweep(NOON + 5 * MINUTE).recipients == ["c1@example.com"]
    assert states(chat) == ["cancelled", "sent"]


def test_a_customer_who_came_back_and_left_gets_it_by_the_offline_rule(chat):
    due(chat)
    defer(chat)
    open_page(chat, NOON, closed_at=stored.text(NOON + 2 * MINUTE))
    assert chat.sweep(NOON + MINUTE).delivered == []
    assert chat.sweep(NOON + 3 * MINUTE).recipients == ["c1@example.com"]


def test_a_customer_who_is_still_away_gets_it_as_it_was(chat):
    due(chat)
    open_page(chat, at("11:00"), hidden_at=stored.text(at("11:49")))
    later = NOON + 10 * MINUTE
    defer(chat, later)
    [(message, message_id)] = chat.rows("SELECT message, message_id FROM emails")
    [envelope] = chat.sweep(later + MINUTE).delivered
    assert (envelope.message, envelope.message_id) == (message, message_id)


def test_a_rule_that_was_turned_off_meanwhile_stops_a_deferred_email(chat):
    due(chat)
    defer(chat)
    chat.write("INSERT INTO settings VALUES ('acme', 'offline_delay', 'never')")
    assert chat.sweep(NOON + MINUTE).delivered == []
    assert states(chat) == ["cancelled"]


@pytest.mark.parametrize("attempt", [1, 2])
def test_a_customer_who_comes_back_while_it_is_at_the_door(chat, attempt):
    due(chat)
    now = NOON
    if attempt == 2:
        defer(chat)
        now += MINUTE

    class Slow(stored.InMemory):
        def send(self, envelope, last_look):
            open_page_elsewhere(chat, now)
            return super().send(envelope, last_look)

    chat.transport = Slow
    [result] = chat.sweep(now).results
    assert result.state == "cancelled"
    assert "unseen rule" in result.detail
    chat.transport = stored.InMemory
    assert chat.delivered == []
    assert chat.sweep(NOON + 5 * MINUTE).recipients == ["c1@example.com"]


def open_page_elsewhere(chat, opened_at):
    with closing(sqlite3.connect(chat.path, isolation_level=None)) as other:
        other.execute(
            "INSERT INTO pages (conversation, id, opened_at) VALUES ('c1', 'p1', ?)",
            (stored.text(opened_at),),
        )


def test_presence_does_not_change_what_may_have_been_accepted(chat):
    due(chat)
    doubt(chat)
    [(message,)] = chat.rows("SELECT message FROM emails")
    open_page(chat, NOON)
    [envelope] = chat.sweep(NOON + MINUTE).delivered
    assert envelope.message == message


# --- Age ------------------------------------------------------------------------------------------


def test_an_email_that_grew_too_old_while_nothing_ran_has_failed(chat):
    due(chat)
    defer(chat)
    swept = chat.sweep(NOON + 7 * DAY)
    assert swept.delivered == []
    [result] = swept.results
    assert (result.state, result.detail) == (
        "failed",
        "gave up: it is older than max_age (3d)",
    )
    assert chat.rows("SELECT state, next_attempt_at, finished_at FROM emails") == [
        ("failed", None, stored.text(NOON + 7 * DAY))
    ]
    assert chat.sweep(NOON + 7 * DAY).results == []


def test_one_in_doubt_that_grew_too_old_waits_for_a_person(chat):
    due(chat)
    doubt(chat)
    swept = chat.sweep(NOON + 7 * DAY)
    assert swept.delivered == []
    [result] = swept.results
    assert (result.state, result.held) == ("unknown", True)
    assert chat.rows("SELECT state, next_attempt_at FROM emails") == [("unknown", None)]


def test_an_orphan_that_grew_too_old_waits_for_a_person(chat):
    due(chat)
    defer(chat)
    chat.write("UPDATE emails SET state = 'sending', next_attempt_at = NULL")
    [result] = chat.sweep(NOON + 7 * DAY).results
    assert (result.state, result.held) == ("unknown", True)
    assert chat.delivered == []


def test_what_a_person_asks_for_is_sent_however_old(chat):
    due(chat)
    defer(chat)
    late = NOON + 7 * DAY
    chat.sweep(late)
    with db.writing(chat.ours):
        assert outbox.retry_now(chat.ours, 1, late)
    assert chat.sweep(late).recipients == ["c1@example.com"]


def test_a_server_that_is_gone_for_a_week_revives_nothing(chat):
    due(chat)
    for day in range(7):
        fail_once(chat, Unavailable("mail", "not now"), NOON + day * DAY)
    assert chat.sweep(NOON + 7 * DAY).delivered == []
    assert states(chat) == ["failed"]
    assert chat.rows("SELECT 1 FROM attempts") == []


# --- Later messages -------------------------------------------------------------------------------


@pytest.mark.parametrize("connections", [1, 4])
@pytest.mark.parametrize("said", ["11:55", "12:00:59"])
def test_a_due_retry_and_a_later_message_are_one_email(chat, connections, said):
    """Also a message that would not be due by itself: all that waits goes into the one email."""
    due(chat)
    due(chat, "c2")
    defer(chat)
    chat.say(at(said), "m2")
    swept = chat.sweep(NOON + MINUTE, connections=connections)
    assert swept.recipients == ["c1@example.com", "c2@example.com"]
    [envelope] = [each for each in swept.delivered if each.recipient == "c1@example.com"]
    assert "text of m1" in body(envelope)
    assert "text of m2" in body(envelope)
    assert chat.rows("SELECT state FROM emails WHERE conversation = 'c1' ORDER BY id") == [
        ("cancelled",), ("sent",),
    ]  # fmt: skip
    assert [result.state for result in swept.results if result.conversation == "c1"] == [
        "cancelled", "sent",
    ]  # fmt: skip
    assert chat.sweep(NOON + 9 * MINUTE).delivered == []


def test_a_later_message_that_is_due_before_the_retry_takes_the_deferred_along(chat):
    due(chat)
    defer(chat)
    defer(chat, NOON + MINUTE)  # the next attempt is five minutes later
    chat.say(NOON + MINUTE, "m2")
    swept = chat.sweep(NOON + 3 * MINUTE)
    [envelope] = swept.delivered
    assert "text of m1" in body(envelope)
    assert "text of m2" in body(envelope)
    assert states(chat) == ["cancelled", "sent"]


def test_one_in_doubt_and_a_later_message_are_two_emails(chat):
    due(chat)
    doubt(chat)
    [(message,)] = chat.rows("SELECT message FROM emails")
    chat.say(at("11:55"), "m2")
    first, second = chat.sweep(NOON + MINUTE).delivered
    assert first.message == message
    assert "text of m1" not in body(second)
    assert "text of m2" in body(second)
    assert states(chat) == ["sent", "sent"]


def test_two_deferred_emails_of_a_conversation_become_one(chat):
    due(chat)
    fail_once(chat, Refused("rcpt", "no", permanent=True))
    chat.say(at("11:55"), "m2")
    defer(chat, NOON)
    with db.writing(chat.ours):
        outbox.retry_now(chat.ours, 1, NOON + MINUTE)
    [envelope] = chat.sweep(NOON + MINUTE).delivered
    assert "text of m1" in body(envelope)
    assert "text of m2" in body(envelope)
    assert states(chat) == ["cancelled", "cancelled", "sent"]


def test_a_later_message_that_cannot_be_composed_does_not_hold_the_deferred_back(chat):
    due(chat)
    defer(chat)
    [(message,)] = chat.rows("SELECT message FROM emails")
    chat.say(at("11:55"), "m2")
    chat.write("CREATE TRIGGER poison BEFORE INSERT ON emails BEGIN SELECT RAISE(ABORT, 'no'); END")
    swept = chat.sweep(NOON + MINUTE)
    assert [envelope.message for envelope in swept.delivered] == [message]
    assert [result.state for result in swept.results] == ["set_aside", "sent"]
    assert states(chat) == ["sent"]
    chat.write("DROP TRIGGER poison")
    [envelope] = chat.sweep(NOON + 2 * MINUTE * 60).delivered
    assert "text of m1" not in body(envelope)


def test_what_replaces_a_deferred_email_is_not_counted_twice(chat):
    due(chat)
    chat.write("INSERT INTO settings VALUES ('', 'daily_cap', '1')")
    defer(chat)
    chat.say(at("11:55"), "m2")
    [envelope] = chat.sweep(NOON + MINUTE).delivered
    assert "text of m1" in body(envelope)
    assert "text of m2" in body(envelope)
    chat.say(NOON + MINUTE, "m3")
    assert chat.sweep(NOON + 9 * MINUTE).report.skipped == {"rate_capped": 1}


def test_a_message_under_the_cap_is_found_as_soon_as_an_email_is_deferred(chat):
    """It came while the email was on its way, and was put off because of the cap."""
    due(chat)
    defer(chat)
    chat.write("UPDATE emails SET state = 'sending', next_attempt_at = NULL")
    chat.write("INSERT INTO settings VALUES ('', 'daily_cap', '1')")
    chat.say(at("11:55"), "m2")
    chat.write("UPDATE waiting SET check_at = ?", stored.text(NOON + DAY))
    with db.writing(chat.ours):
        outbox.finish(chat.ours, 1, "deferred", NOON, "later", NOON + DAY)
    assert check.problems(chat.ours, NOON + 2 * MINUTE) == []
    assert chat.sweep(NOON + 2 * MINUTE).recipients == ["c1@example.com"]
