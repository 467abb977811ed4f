"""Mail that no person wrote to be read: bounces, complaints, unsubscriptions, automatic answers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from replying import DOMAIN, Desk, at, fields, reply, token

UNKNOWN = "550 5.1.1 <c1@example.com>: Recipient address rejected: User unknown"
FULL = "552 5.2.2 <c1@example.com>: mailbox full"


@pytest.fixture
def desk(tmp_path):
    with Desk(tmp_path / "chat.db") as made:
        yield made


def bounce(
    email,
    *,
    status: str = "5.1.1",
    said: str = UNKNOWN,
    action: str = "failed",
    address: str = "c1@example.com",
    to: str | None = None,
) -> bytes:
    """A delivery status notification (RFC 3464) about an email of ours."""
    returned = email.message.partition(b"\r\n\r\n")[0].replace(b"\r\n", b"\n").decode()
    return f"""\
Return-Path: <>
From: MAILER-DAEMON@mx.example.com (Mail Delivery System)
To: {to or email.sender}
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
Message-ID: <bounce-1@mx.example.com>
Date: Sun, 01 Mar 2026 09:50:00 +0000
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I'm sorry to have to inform you that your message could not be delivered.

<{address}>: {said}

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com

Final-Recipient: rfc822; {address}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {said}

--b
Content-Type: text/rfc822-headers

{returned}

--b--
""".encode()


def complaint(email) -> bytes:
    """A feedback report (RFC 5965)."""
    returned = email.message.replace(b"\r\n", b"\n").decode()
    return f"""\
From: feedback@isp.example
To: abuse@acme.example
Subject: FW: complaint
Message-ID: <arf-1@isp.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b"

--b
Content-Type: text/plain

This is an email abuse report.

--b
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: ISP/1.0
Version: 1

--b
Content-Type: message/rfc822

{returned}
--b--
""".encode()


# --- Bounces --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "reason", "state", "suppressed"),
    [
        ({}, "hard_bounce", "failed", ["c1@example.com"]),
        ({"status": "5.2.2", "said": FULL}, "soft_bounce", "failed", []),
        ({"status": "5.7.1", "said": "554 5.7.1 spam"}, "soft_bounce", "failed", []),
        ({"status": "4.4.1", "said": "timed out", "action": "delayed"}, "delayed", "sent", []),
        ({"status": "2.1.5", "said": "250 ok", "action": "delivered"}, "delayed", "sent", []),
        ({"address": "c1@moved.example"}, "bounce_of_other_address", "failed", []),
    ],
)
def test_a_bounce(desk, how, reason, state, suppressed):
    email = desk.emailed()
    outcome = desk.receive(bounce(email, **how))
    assert (outcome.kind, outcome.state, outcome.reason) == ("bounce", "ignored", reason)
    assert outcome.conversation == "c1"
    assert desk.states() == [state]
    assert desk.suppressed() == suppressed
    assert desk.posted() == []
    again = desk.receive(b"Received: again\n" + bounce(email, **how))
    assert again.kind == "duplicate"
    desk.say(at("9:50"), "m2")
    assert len(desk.sweep(at("11:00")).delivered) == (not suppressed)


def test_a_bounce_tells_why(desk):
    email = desk.emailed()
    desk.receive(bounce(email))
    [(detail,)] = desk.rows("SELECT detail FROM emails")
    assert "5.1.1" in detail
    assert "User unknown" in detail
    assert desk.rows("SELECT source FROM suppressions") == [("bounce of email 1",)]


@pytest.mark.parametrize("to", ["postmaster@acme.example", f"bounce+{'a' * 26}@{DOMAIN}"])
def test_a_bounce_is_known_by_what_it_returns(desk, to):
    email = desk.emailed()
    assert desk.receive(bounce(email, to=to)).reason == "hard_bounce"
    assert desk.suppressed() == ["c1@example.com"]


def test_a_bounce_of_somebody_elses_mail(desk):
    email = desk.emailed()
    before = desk.effects()
    foreign = bounce(email, to="postmaster@acme.example").replace(token(email).encode(), b"x" * 26)
    foreign = foreign.replace(email.message_id.encode(), b"<other@other.example>")
    outcome = desk.receive(foreign)
    assert (outcome.kind, outcome.state, outcome.reason) == ("bounce", "ignored", "unroutable")
    assert desk.effects() == before


def test_a_bounce_suppresses_nobody_but_whom_the_email_went_to(desk):
    """Whatever addresses it names."""
    email = desk.emailed()
    desk.write("UPDATE conversations SET email = 'ada@new.example'")
    desk.receive(bounce(email, address="victim@elsewhere.example"))
    assert desk.suppressed() == []
    desk.receive(bounce(email).replace(b"<bounce-1@", b"<bounce-2@"))
    assert desk.suppressed() == ["c1@example.com"]


def test_a_cancelled_email_stays_cancelled(desk):
    email = desk.emailed()
    desk.write("UPDATE emails SET state = 'cancelled'")
    desk.receive(bounce(email))
    assert desk.states() == ["cancelled"]


# --- Complaints and unsubscriptions ---------------------------------------------------------------


def test_a_complaint(desk):
    email = desk.emailed()
    outcome = desk.receive(complaint(email))
    assert (outcome.kind, outcome.state, outcome.conversation) == ("complaint", "ignored", "c1")
    assert desk.rows("SELECT address, reason, source FROM suppressions") == [
        ("c1@example.com", "complaint", "complaint to email 1")
    ]
    assert desk.posted() == []


def test_a_complaint_about_somebody_elses_mail(desk):
    email = desk.emailed()
    before = desk.effects()
    raw = complaint(email).replace(token(email).encode(), b"x" * 26)
    outcome = desk.receive(raw.replace(email.message_id.encode(), b"<other@other.example>"))
    assert (outcome.kind, outcome.reason) == ("complaint", "unroutable")
    assert desk.effects() == before


@pytest.mark.parametrize("sender", ["c1@example.com", "c1@alias.example"])
def test_an_unsubscription(desk, sender):
    """As the mail program sends it from List-Unsubscribe, also from an alias of the customer's."""
    email = desk.emailed()
    address = fields(email)["List-Unsubscribe"].strip("<>").removeprefix("mailto:")
    raw = reply(email, "", To=address.partition("?")[0], From=sender, Subject="unsubscribe",
                In_Reply_To=None, References=None)  # fmt: skip
    outcome = desk.receive(raw)
    assert (outcome.kind, outcome.state) == ("unsubscribe", "ignored")
    assert desk.rows("SELECT address, reason FROM suppressions") == [
        ("c1@example.com", "unsubscribe")
    ]
    assert desk.posted() == []
    desk.say(at("9:50"), "m2")
    assert dict(desk.sweep(at("11:00")).report.skipped) == {"opted_out": 1}


def test_a_stranger_cannot_unsubscribe_anybody(desk):
    desk.emailed()
    before = desk.effects()
    for to in (f"unsubscribe+{'a' * 26}@{DOMAIN}", f"unsubscribe@{DOMAIN}"):
        raw = f"From: c1@example.com\nTo: {to}\nSubject: unsubscribe\n\n"
        assert desk.receive(raw.encode()).kind == "unroutable"
    assert desk.effects() == before


# --- Automatic answers ----------------------------------------------------------------------------

RESPONDERS = [
    {"Auto_Submitted": "auto-replied"},
    {"Auto_Submitted": "auto-generated"},
    {"X_Autoreply": "yes"},
    {"Precedence": "auto_reply"},
    {"Auto_Submitted": "auto-replied", "To": "bounce+{token}@x"},
]


@pytest.mark.parametrize("sign", RESPONDERS)
def test_an_automatic_answer_has_no_effect(desk, sign):
    email = desk.emailed()
    before = desk.effects()
    sign = {key: value.format(token=token(email)) for key, value in sign.items()}
    raw = reply(email, "I am away until Monday.", Subject="Automatic reply: hello", **sign)
    outcome = desk.receive(raw)
    assert (outcome.kind, outcome.state, outcome.conversation) == ("auto_reply", "ignored", "c1")
    assert desk.effects() == before
    assert desk.sweep(at("23:00")).delivered == []


def test_two_responders_stop_by_themselves(desk):
    """The customer's answers each of our emails, a bot of the chat answers each reply: what is
    known as automatic starts no email at all, and what is not meets the daily cap."""
    desk.set("bot_messages", "trigger")
    desk.set("daily_cap", "5")
    desk.set("offline_delay", "0")
    email = desk.emailed()
    for round_ in range(20):
        desk.now = at("10:00") + timedelta(minutes=round_)
        raw = reply(email, f"I am away, {round_}", Message_ID=f"<{round_}@x.example>")
        assert desk.receive(raw).state == "posted"
        desk.say(desk.now, f"b{round_}", author="bot")
        email = [email, *desk.sweep(desk.now + timedelta(seconds=30)).delivered][-1]
    assert len(desk.delivered) == 5
