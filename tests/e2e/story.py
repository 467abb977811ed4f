"""The story that the tests of the loop tell: a question, an answer that is missed, and a reply."""

from __future__ import annotations

import email
import email.policy
import imaplib
import re
import ssl

ANSWER = "Yes, please!\nMonday at 10 would be fine 😀."


def conversation(customer, chat="c1"):
    """A customer asked, and left before an agent answered."""
    return [
        {"type": "conversation", "conversation": chat, "channel": "acme", "ago": 600,
         "email": customer.name, "name": "Ada"},
        {"type": "page_opened", "conversation": chat, "page": "p1", "ago": 600,
         "url": "https://example.com/bikes"},
        {"type": "message", "conversation": chat, "id": "m1", "author": "customer", "ago": 500,
         "text": "Can I try the blue one?"},
        {"type": "page_closed", "conversation": chat, "page": "p1", "ago": 400},
        answer("m2", "Of course. Which day suits you?", chat, ago=300),
    ]  # fmt: skip


def answer(message, text, chat="c1", ago=0.0, **fields):
    return {"type": "message", "conversation": chat, "id": message, "author": "agent",
            "name": "Ana", "text": text, "ago": ago, **fields}  # fmt: skip


def sweep(office, sent=1):
    """Send what is due, and wait until it has arrived."""
    done = office.data("sweep")
    office.settle()
    assert (done["sent"], done["failed"], done["deferred"]) == (sent, 0, 0)
    return done


def emails(customer):
    """The emails that a customer has got from us, the oldest first."""

    def moment(mail):
        seconds, microseconds = re.match(r"(\d+)\.M(\d+)P", mail.path.name).groups()
        return int(seconds), int(microseconds)

    mails = sorted(customer.mails(), key=moment)
    found = [email.message_from_bytes(mail.content, policy=email.policy.default) for mail in mails]
    return [mail for mail in found if "X-Auto-Response-Suppress" in mail]


def threads(office, customer):
    """The threads of a mailbox, as its server groups them (RFC 5256)."""
    trust = ssl.create_default_context(cafile=str(office.dovecot.ca_file))
    with imaplib.IMAP4_SSL("localhost", office.dovecot.imaps_port, ssl_context=trust) as client:
        client.login(customer.name, customer.password)
        client.select("INBOX", readonly=True)
        return client.thread("REFERENCES", "UTF-8", "ALL")[1][0].decode()


def check_posted(office, text=ANSWER):
    """The reply is a message of the customer's; what it answers is seen; nobody waits."""
    shown = office.show()
    assert [(m["id"], m["author"], m["via"]) for m in shown["messages"][:2]] == [
        ("m1", "customer", "chat"), ("m2", "agent", "chat"),
    ]  # fmt: skip
    [reply] = shown["messages"][2:]
    assert (reply["author"], reply["via"], reply["text"]) == ("customer", "email", text)
    assert shown["messages"][1]["seen_at"] is not None
    assert office.data("pending") == []
    [received] = office.data("replies", "list")
    assert (received["kind"], received["state"]) == ("reply", "posted")
    assert (received["conversation"], received["message"]) == ("c1", reply["id"])
    return received


def check_threads(office, customer, received):
    """The agent's next answer stands under the customer's reply."""
    [first] = emails(customer)
    office.happens(answer("m4", "Monday at 10 it is."))
    sweep(office)
    [_, following] = emails(customer)
    assert "Monday at 10 it is." in following.get_body(("plain",)).get_content()
    assert following["In-Reply-To"] == received["message_id"]
    assert following["References"].split() == [first["Message-ID"], received["message_id"]]
