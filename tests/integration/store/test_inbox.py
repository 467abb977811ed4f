"""The inbox's part of transactions: what is looked up, what posting changes and what it leaves."""

from __future__ import annotations

import sqlite3

import pytest
from builders import MS
from replying import Desk, at, reply, text, token

from continuation_cli.store import db, inbox, prune, threads

NOBODY = "0" * 64


@pytest.fixture
def desk(tmp_path):
    with Desk(tmp_path / "chat.db") as made:
        yield made


def entry(**fields) -> inbox.Entry:
    known = {"identity": "i", "digest": NOBODY, "size": 1, "received_at": at("10:00"),
             "kind": "reply", "state": "posted", "message": "r1", "conversation": "c1"}  # fmt: skip
    return inbox.Entry(**known | fields)


def posting(**fields) -> inbox.Posting:
    return inbox.Posting(**{"message": "r1", "text": "Yes", "sent_at": at("9:45")} | fields)


# --- Which email ----------------------------------------------------------------------------------


def test_an_email_is_found_by_token_and_message_id(desk):
    email = desk.emailed()
    found = inbox.by_token(desk.ours, token(email))
    assert found == inbox.Answered(1, "c1", "acme", email.recipient, at("9:30"), "c1@example.com")
    assert inbox.by_message_id(desk.ours, ["<x@y>", email.message_id]) == found
    assert inbox.by_id(desk.ours, 1) == found
    assert inbox.by_token(desk.ours, token(email).upper()) is None
    assert inbox.by_message_id(desk.ours, ["<x@y>", "<\x00@y>"]) is None
    assert inbox.by_message_id(desk.ours, []) is None


def test_the_customer_is_as_known_by_now(desk):
    email = desk.emailed()
    desk.write("UPDATE conversations SET email = NULL")
    found = inbox.by_token(desk.ours, token(email))
    assert (found.customer, found.recipient) == (None, "c1@example.com")
    desk.write("DELETE FROM conversations")
    assert inbox.by_token(desk.ours, token(email)) is None


def test_what_an_email_held_as_far_as_it_is_there(desk):
    email = desk.emailed("c1", "m1", "m2")
    texts, octets = inbox.sent(desk.ours, 1)
    assert texts == ["text of m1", "text of m2"]
    assert octets == email.message
    desk.write("DELETE FROM messages WHERE id = 'm1'")
    assert inbox.sent(desk.ours, 1)[0] == ["text of m2"]
    assert inbox.sent(desk.ours, 99) == ([], b"")


# --- Recording ------------------------------------------------------------------------------------


def test_the_same_by_identity_or_by_octets_for_the_same_conversation(desk):
    with db.writing(desk.ours):
        first = inbox.record(desk.ours, entry())
        second = inbox.record(
            desk.ours, entry(identity="j", digest="1" * 64, conversation=None, message="r2")
        )
    for identity, digest, conversation, expected in (
        ("i", "2" * 64, None, first),
        ("k", NOBODY, "c1", first),
        ("k", NOBODY, "c2", None),
        ("k", NOBODY, None, None),
        ("k", "1" * 64, None, second),
        ("k", "1" * 64, "c1", None),
        ("j", NOBODY, "c1", first),
    ):
        known = inbox.known(desk.ours, identity, digest, conversation)
        assert (known and known["id"]) == expected


@pytest.mark.parametrize(
    "wrong", [{"identity": "i"}, {"state": "lost"}, {"kind": "spam"}, {"message": None}]
)
def test_what_the_database_refuses(desk, wrong):
    with db.writing(desk.ours):
        inbox.record(desk.ours, entry())
    with pytest.raises(sqlite3.IntegrityError), db.writing(desk.ours):
        inbox.record(desk.ours, entry(**{"identity": "j"} | wrong))


# --- Posting --------------------------------------------------------------------------------------


def post(desk, email=1, **fields):
    about = inbox.by_id(desk.ours, email)
    with db.writing(desk.ours):
        number = inbox.record(desk.ours, entry())
        inbox.post(desk.ours, number, about, posting(**fields), desk.now)


def test_only_what_was_emailed_is_seen(desk):
    desk.emailed("c1", "m1", now="9:10")
    desk.emailed("c2", now="9:12")
    desk.say(at("9:15"), "note", author="note")
    desk.say(at("9:20"), "m2")
    desk.say(at("9:21"), "bot", author="bot")
    post(desk)
    seen = desk.rows(
        "SELECT conversation, id FROM messages WHERE seen_at IS NOT NULL ORDER BY 1, 2"
    )
    assert seen == [("c1", "m1")]


def test_what_was_seen_earlier_stays_seen_earlier(desk):
    desk.emailed()
    desk.write("UPDATE messages SET seen_at = ? WHERE id = 'm1'", text(at("9:31")))
    post(desk)
    assert desk.rows("SELECT seen_at FROM messages WHERE id = 'm1'") == [(text(at("9:31")),)]


@pytest.mark.parametrize("state", ["sent", "failed", "cancelled"])
def test_an_email_that_is_settled_stays_so(desk, state):
    desk.emailed()
    desk.write("UPDATE emails SET state = ?", state)
    post(desk)
    assert desk.states() == [state]


def test_files_are_listed_and_recorded_in_order(desk):
    desk.emailed()
    files = tuple(inbox.StoredFile(str(n) * 64, f"{n}.pdf", "application/pdf", n) for n in (2, 1))
    post(desk, files=files)
    assert tuple(inbox.files_of(desk.ours, 1)) == files
    assert prune.is_used(desk.ours, "1" * 64)
    assert prune.is_used(desk.ours, NOBODY)
    assert not prune.is_used(desk.ours, "3" * 64)


def test_a_conversation_that_is_open_is_not_opened(desk):
    desk.emailed()
    post(desk)
    assert desk.rows("SELECT reopened_at FROM conversations") == [(None,)]


def test_the_queue_is_as_if_computed_anew(desk):
    """Triggers keep it; a reply must not leave it behind."""
    email = desk.emailed()
    desk.say(at("9:40"), "m2")
    desk.receive(reply(email))
    kept = desk.waiting()
    desk.write("UPDATE messages SET seen_at = ? WHERE id = 'm2'", text(at("9:59")))
    assert list(kept) == ["c1"]
    assert desk.waiting() == {}


# --- Bounces and suppressions ---------------------------------------------------------------------


def test_a_bounce_fails_an_email_once(desk):
    desk.emailed()
    assert inbox.fail_email(desk.ours, 1, "bounced", at("10:00"))
    assert not inbox.fail_email(desk.ours, 1, "bounced again", at("10:01"))
    assert desk.rows("SELECT state, detail FROM emails") == [("failed", "bounced")]


def test_an_address_is_suppressed_once_and_the_first_reason_stays(desk):
    desk.emailed()
    about = inbox.by_id(desk.ours, 1)
    assert inbox.suppress(desk.ours, about, "complaint", "x", at("10:00"))
    assert not inbox.suppress(desk.ours, about, "bounce", "y", at("10:01"))
    assert desk.rows("SELECT reason FROM suppressions") == [("complaint",)]


# --- The thread and its end -----------------------------------------------------------------------


def test_the_thread_is_of_emails_that_may_have_arrived_and_replies_that_were_posted(desk):
    email = desk.emailed("c1", "m1", now="9:10")
    bob = reply(email, "x", From="bob@example.com", Message_ID="<bob@x.example>")
    outcome = desk.receive(bob)
    desk.receive(reply(email, Message_ID="<ada@x.example>"))
    desk.receive(reply(email, Message_ID="not one", From="c1@example.com"))
    assert threads.thread(desk.ours, "c1").references == (email.message_id, "<ada@x.example>")
    desk.accept(outcome.id)
    assert set(threads.thread(desk.ours, "c1").references) == {
        email.message_id, "<ada@x.example>", "<bob@x.example>"
    }  # fmt: skip


def test_old_mail_of_no_conversation_goes_by_itself(desk):
    desk.emailed()
    desk.receive(b"To: nobody@x.example\n\nx")
    assert not prune.has_strays(desk.ours, desk.now)
    assert prune.has_strays(desk.ours, desk.now + MS)
    assert prune.remove_strays(desk.ours, desk.now + MS) == 1
    assert desk.rows("SELECT 1 FROM replies") == []
