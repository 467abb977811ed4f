"""The whole loop with real parts: the chat, Postfix, the customer's mailbox and mail program, and
back into the chat.
"""

from __future__ import annotations

import email
import email.policy
import re
from email.message import EmailMessage
from email.utils import make_msgid
from types import SimpleNamespace

import mail_clients
import pytest
from story import ANSWER, answer, check_posted, check_threads, conversation, emails, sweep, threads

pytestmark = [pytest.mark.postfix, pytest.mark.dovecot]

CLIENTS = {
    "mutt": (mail_clients.mutt, "(1 2 3)"),  # keeps its copy in the same folder
    "s-nail": (mail_clients.s_nail, "(1 2)"),
    "gmail": (mail_clients.gmail, "(1 2)"),
}


@pytest.mark.parametrize("client", CLIENTS)
def test_a_reply_by_mail_becomes_a_message_of_the_chat(post_office, client):
    reply, thread = CLIENTS[client]
    ada = post_office.customer()
    post_office.happens(*conversation(ada))
    sweep(post_office)
    assert len(ada.mails()) == 1

    reply(post_office, ada, ANSWER)
    post_office.settle()

    received = check_posted(post_office)
    check_threads(post_office, ada, received)
    assert threads(post_office, ada) == thread


def test_a_colleague_who_answers_waits_for_a_person(post_office):
    """The customer has passed the email on."""
    ada, grace = post_office.customer(), post_office.customer()
    post_office.happens(*conversation(ada))
    sweep(post_office)
    passed_on = emails(ada)[-1]
    for name in ("Delivered-To", "Return-Path"):
        del passed_on[name]
    post_office.send(ada.name, grace.name, passed_on.as_bytes(policy=email.policy.SMTP))
    post_office.settle()
    before = post_office.show()
    mail_clients.s_nail(post_office, grace, ANSWER)
    post_office.settle()

    [received] = post_office.data("replies", "list", "--state", "quarantined")
    assert (received["from"], received["reason"]) == (grace.name, "from_differs")
    after = post_office.show()
    assert after["messages"] == before["messages"]
    assert (after["emails"], len(after["replies"])) == (before["emails"], 1)

    assert post_office.run("replies", "accept", received["id"]).code == 0
    message = post_office.show()["messages"][-1]
    assert (message["author"], message["via"], message["text"]) == ("customer", "email", ANSWER)
    assert grace.name in message["name"]


def test_an_address_that_does_not_exist_bounces_and_is_mailed_no_more(post_office):
    """Postfix takes the email, the customer's provider does not: a real DSN comes back."""
    post_office.happens(*conversation(SimpleNamespace(name="nobody-there@chat.example")))
    sweep(post_office)

    [sent] = post_office.data("emails", "list")
    assert (sent["state"], "5.1.1" in sent["detail"]) == ("failed", True)
    [suppressed] = post_office.data("suppressions", "list")
    assert (suppressed["address"], suppressed["reason"]) == ("nobody-there@chat.example", "bounce")
    [received] = post_office.data("replies", "list")
    assert (received["kind"], received["state"], received["reason"]) == (
        "bounce", "ignored", "hard_bounce",
    )  # fmt: skip
    post_office.happens(answer("m3", "Are you there?"))
    sweep(post_office, sent=0)
    [row] = post_office.data("pending", "--all")
    assert (row["state"], row["reason"]) == ("skipped", "suppressed")
    assert len(post_office.show()["messages"]) == 3


def test_a_full_mailbox_bounces_and_suppresses_nobody(post_office):
    ada = post_office.customer()
    for number in range(20):
        ada.deliver(b"Subject: %d\r\n\r\n" % number)
    post_office.happens(*conversation(ada))
    sweep(post_office)

    [sent] = post_office.data("emails", "list")
    assert (sent["state"], "5.2.2" in sent["detail"]) == ("failed", True)
    [received] = post_office.data("replies", "list")
    assert (received["kind"], received["reason"]) == ("bounce", "soft_bounce")
    assert post_office.data("suppressions", "list") == []


def test_a_mail_to_the_unsubscribe_address_unsubscribes(post_office):
    """As mail programs do it whose user presses their button (RFC 2369)."""
    ada = post_office.customer()
    post_office.happens(*conversation(ada))
    sweep(post_office)
    address = re.fullmatch(r"<mailto:([^>?]+)>", emails(ada)[-1]["List-Unsubscribe"])[1]
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = ada.name, address, "unsubscribe"
    mail["Message-ID"] = "<unsubscribe.1@chat.example>"
    post_office.send(ada.name, address, mail.as_bytes(policy=email.policy.SMTP))
    post_office.settle()

    [suppressed] = post_office.data("suppressions", "list")
    assert (suppressed["address"], suppressed["reason"]) == (ada.name, "unsubscribe")
    assert len(post_office.show()["messages"]) == 2
    post_office.happens(answer("m3", "Are you there?"))
    sweep(post_office, sent=0)
    [row] = post_office.data("pending", "--all")
    assert (row["state"], row["reason"]) == ("skipped", "opted_out")


VACATION = """\
require "vacation";
vacation :subject "Out of office" "I am on holiday until Monday.";
"""


MARKS_OF_AN_AUTOMATON = ("Auto-Submitted", "List-Unsubscribe", "X-Auto-Response-Suppress")


def test_a_vacation_responder_keeps_silent(post_office):
    """It is told that nobody wrote the email (RFC 3834, RFC 5230)."""
    ada = post_office.customer()
    post_office.filter(ada, VACATION)
    post_office.happens(*conversation(ada))
    sweep(post_office)
    assert len(ada.mails()) == 1
    assert "discarding vacation response" in post_office.dovecot.log
    assert post_office.data("replies", "list") == []


def test_a_vacation_responder_that_answers_anyway_is_not_heard(post_office):
    """Behind a gateway that drops what it does not know from a header, for one."""
    ada = post_office.customer()
    post_office.happens(*conversation(ada))
    sweep(post_office)
    post_office.filter(ada, VACATION)
    stripped = emails(ada)[-1]
    sender = stripped["Return-Path"].strip("<>")
    for name in (*MARKS_OF_AN_AUTOMATON, "Delivered-To", "Return-Path"):
        del stripped[name]
    post_office.send(sender, ada.name, stripped.as_bytes(policy=email.policy.SMTP))
    post_office.settle()

    [received] = post_office.data("replies", "list")
    assert (received["kind"], received["state"]) == ("auto_reply", "ignored")
    assert (received["conversation"], received["from"]) == ("c1", ada.name)
    shown = post_office.show()
    assert [message["author"] for message in shown["messages"]] == ["customer", "agent"]
    assert shown["messages"][1]["seen_at"] is None  # nobody has read it
    assert [sent["state"] for sent in shown["emails"]] == ["sent"]
    assert post_office.data("suppressions", "list") == []
    sweep(post_office, sent=0)


def responder(office, customer, **fields):
    """An automaton at the customer's that answers the last mail, whatever that is."""
    mail = EmailMessage()
    about = emails(customer)[-1]
    mail["From"], mail["To"] = customer.name, about["Reply-To"]
    mail["Subject"], mail["Message-ID"] = (
        f"Re: {about['Subject']}",
        make_msgid(domain="chat.example"),
    )
    mail["In-Reply-To"] = about["Message-ID"]
    for name, value in fields.items():
        mail[name.replace("_", "-")] = value
    mail.set_content("Thank you for your message. We will look into it shortly.")
    office.send(customer.name, str(about["Reply-To"]), mail.as_bytes(policy=email.policy.SMTP))
    office.settle()


@pytest.mark.parametrize(("fields", "rounds"), [({"Auto_Submitted": "auto-replied"}, 1), ({}, 2)],
                         ids=["says what it is", "passes for human"])  # fmt: skip
def test_two_automatons_fall_silent(post_office, fields, rounds):
    """A bot in the chat that answers whatever a customer writes, and one at the customer's that
    answers each email. Where it cannot be told from a person, `daily_cap` ends it.
    """
    for key, value in (("bot-messages", "trigger"), ("daily-cap", "2")):
        assert post_office.run("settings", "set", key, value).code == 0
    ada = post_office.customer()
    post_office.happens(*conversation(ada))
    sent = answered = 0
    for number in range(8):
        sent += post_office.data("sweep")["sent"]
        post_office.settle()
        if len(ada.mails()) == answered:
            break
        answered = len(ada.mails())
        responder(post_office, ada, **fields)
        messages = post_office.show()["messages"]
        if messages[-1]["author"] == "customer":
            bot = answer(f"bot{number}", "How else can I help?", author="bot", name="Bot")
            post_office.happens(bot)
    assert sent == len(ada.mails()) == rounds
    sweep(post_office, sent=0)
    [row] = post_office.data("pending", "--all")
    assert row["reason"] == ("nothing_unseen" if rounds == 1 else "rate_capped")
