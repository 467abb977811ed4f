"""`emails`: what a person sees of the outbox, and does to it."""

from __future__ import annotations

from email import message_from_bytes, policy

import pytest

DAY = 24 * 60


@pytest.fixture
def outbox(run, chat, faulty_smtp):
    """Emails 1 sent, 2 failed, 3 deferred, 4 unknown and held."""
    chat.set("on_unknown", "hold")
    for n in range(1, 5):
        chat.due(f"c{n}", email=f"a{n}@example.com", channel="beta" if n == 3 else "acme")
        chat.sql(
            "UPDATE waiting SET check_at = ? WHERE conversation = ?", chat.ago(50 - n), f"c{n}"
        )
    server = faulty_smtp(
        rcpt=[None, "550 5.7.1 no \x1b[31m thanks", "450 4.2.1 greylisted", None],
        dot=["250 2.0.0 queued as A1", b"250", "250 ok"],
    )
    server.faults["dot"] = [None, "999 what"]
    run("sweep", "--connections", "1", "--transport", server.url)
    states = [row["state"] for row in chat.emails()]
    assert states == ["sent", "failed", "deferred", "unknown"]
    server.faults.clear()
    chat.set("transport", server.url)
    return server


def test_list(run, outbox):
    rows = run("emails", "list").rows
    assert [row["id"] for row in rows] == ["4", "3", "2", "1"]
    assert [row["state"] for row in rows] == ["unknown", "deferred", "failed", "sent"]
    assert rows[1]["detail"] == "rcpt: 450 4.2.1 greylisted"
    assert "\x1b" not in rows[2]["detail"]


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        (("--state", "failed"), [2]),
        (("--state", "sending"), []),
        (("--channel", "beta"), [3]),
        (("--conversation", "c1"), [1]),
        (("--conversation", "c9"), []),
        (("--limit", "2"), [4, 3]),
        (("--channel", "acme", "--state", "sent"), [1]),
    ],
)
def test_list_some(run, outbox, words, ids):
    assert [row["id"] for row in run("emails", "list", "--json", *words).data] == ids


def test_show(run, chat, outbox):
    out = run("emails", "show", "3").out
    for line in (
        "Email:         3, deferred",
        "Result:        rcpt: 450 4.2.1 greylisted",
        "Conversation:  c3 in beta, offline rule",
        "Messages:      m1",
        "To:            a3@example.com",
        "Your refund is on its way.",
    ):
        assert line in out.splitlines()
    assert "deferred at RCPT 450 4.2.1 greylisted" in out
    assert "Next attempt:" in out


def test_show_parts_are_exact(run, chat, outbox):
    stored = chat.one("SELECT message FROM emails WHERE id = 1")
    assert run("emails", "show", "1", "--part", "eml").stdout == stored
    parsed = message_from_bytes(stored, policy=policy.default)
    for part, kind in (("text", "plain"), ("html", "html")):
        content = parsed.get_body((kind,)).get_content().replace("\r\n", "\n")
        assert run("emails", "show", "1", "--part", part).out == content
    headers = run("emails", "show", "1", "--part", "headers").out
    assert headers == stored.partition(b"\r\n\r\n")[0].decode().replace("\r\n", "\n") + "\n"


def test_retry_a_deferred_and_a_failed_email_as_they_were(run, chat, outbox):
    for email in (2, 3):
        before = chat.one("SELECT message FROM emails WHERE id = ?", email)
        ran = run("emails", "retry", email)
        assert (ran.code, ran.err) == (0, f"The next sweep tries email {email} again.\n")
        assert run("sweep").code == 0
        assert outbox.accepted[-1] == before
        assert chat.one("SELECT state FROM emails WHERE id = ?", email) == "sent"


def test_cancel_frees_the_messages_for_a_new_email(run, chat, outbox):
    assert run("emails", "cancel", "3", "--by", "eve").err == (
        "Email 3 is cancelled. What is unseen of it waits again: the next sweep may send it.\n"
    )
    assert chat.one("SELECT detail FROM emails WHERE id = 3") == "cancelled by eve"
    assert run("sweep", "--json").data["sent"] == 1
    assert chat.one("SELECT email FROM messages WHERE conversation = 'c3'") == 5


def test_cancel_after_hold_sends_nothing(run, chat, outbox):
    run("hold", "c3")
    run("emails", "cancel", "3")
    assert run("sweep", "--json").data["emails"] == []


def test_cancel_of_an_email_in_doubt_is_refused(run, chat, outbox):
    ran = run("emails", "cancel", "4")
    assert ran.code == 65
    assert "it may have been delivered; decide: continuation emails resolve 4" in ran.err
    assert chat.one("SELECT state FROM emails WHERE id = 4") == "unknown"


def test_resolve_needs_one_verdict(run, outbox):
    for words in ((), ("--sent", "--resend")):
        ran = run("emails", "resolve", "4", *words)
        assert ran.code == 2
        assert "say which" in ran.err


def test_retry_to_a_suppressed_address_is_refused(run, chat, outbox):
    address = chat.one("SELECT recipient FROM emails WHERE id = 2")
    run("suppressions", "add", address)
    ran = run("emails", "retry", "2")
    assert ran.code == 65
    assert f"continuation suppressions remove {address}" in ran.err
    freed = run("suppressions", "remove", address)
    assert "continuation emails retry 2" in freed.err
    assert run("emails", "retry", "2").code == 0


def test_explain_and_preview_name_an_email_that_has_not_arrived(run, chat, outbox):
    for email, words in (
        (2, "has failed"), (3, "is deferred"), (4, "a person decides"),
    ):  # fmt: skip
        conversation = chat.one("SELECT conversation FROM emails WHERE id = ?", email)
        for command in ("explain", "preview"):
            ran = run(command, conversation)
            assert f"Email {email} " in ran.out + ran.err
            assert words in ran.out + ran.err


def test_resolve(run, chat, outbox):
    assert run("emails", "resolve", "4", "--sent", "--by", "eve").err == (
        "Email 4 is recorded as sent.\n"
    )
    assert chat.one("SELECT state, detail FROM emails WHERE id = 4")[:] == (
        "sent",
        "resolved as sent by eve",
    )


def test_resolve_by_sending_again(run, chat, outbox):
    before = chat.one("SELECT message FROM emails WHERE id = 4")
    assert run("emails", "resolve", "4", "--resend").err == (
        "Email 4 goes out again with the next sweep.\n"
    )
    assert run("sweep").code == 0
    assert outbox.accepted[-1] == before


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("retry", 1), "email 1 is sent: only a deferred or failed email can be retried"),
        (("retry", 4), "email 4 is unknown: only a deferred or failed email can be retried"),
        (("cancel", 1), "email 1 is sent: only a deferred email can be cancelled"),
        (("cancel", 2), "email 2 is failed: only a deferred email can be cancelled"),
        (("resolve", 1, "--sent"), "email 1 is sent: only an unknown email can be resolved"),
        (("resolve", 3, "--resend"), "email 3 is deferred: only an unknown email can be resolved"),
    ],
)
def test_what_a_state_does_not_allow(run, chat, outbox, words, told):
    before = chat.dump()
    ran = run("emails", *words)
    assert (ran.code, ran.out, ran.err) == (65, "", f"continuation: {told}\n")
    assert chat.dump() == before
