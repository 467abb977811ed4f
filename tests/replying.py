"""A chat whose customers got emails and answer them: a real database, archive and receiver."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING

from builders import at
from stored import Store, text

from continuation_cli.mail.archive import Archive
from continuation_cli.receive import Outcome, Receiver

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from continuation_cli.core.model import Envelope

DOMAIN = "reply.acme.example"
MX = "mx.acme.example"
#: What a message may change besides the record of itself.
EFFECTS = ("attempts", "conversations", "email_messages", "emails", "messages", "pages", "reads",
           "reply_files", "suppressions", "waiting")  # fmt: skip


class Desk(Store):
    """Customers are `c1@example.com` of conversation c1 and so on. It is 10:00, unless `now` says
    otherwise."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.now = at("10:00")
        self.archive = Archive(self.path)
        self.set("inbound_domain", DOMAIN)

    def set(self, key: str, value: str, channel: str = "") -> None:
        self.write("INSERT OR REPLACE INTO settings VALUES (?, ?, ?)", channel, key, value)

    def emailed(self, conversation: str = "c1", *messages: str, now: str = "9:30") -> Envelope:
        """The email that a customer gets about messages of 9:00."""
        if not self.rows("SELECT 1 FROM conversations WHERE id = ?", conversation):
            self.converse(conversation)
        for message in messages or ("m1",):
            self.say(at("9:00"), message, conversation=conversation)
        [email] = self.sweep(at(now)).delivered
        return email

    def receive(self, raw: bytes | EmailMessage, recipients: Sequence[str] = ()) -> Outcome:
        octets = raw if isinstance(raw, bytes) else raw.as_bytes(policy=policy.SMTP)
        receiver = Receiver(self.ours, self.archive, lambda: self.now)
        return receiver.receive(octets, recipients)

    def accept(self, reply: int) -> Outcome:
        return Receiver(self.ours, self.archive, lambda: self.now).accept(reply, "ana")

    def effects(self) -> dict[str, list[tuple]]:
        """Everything but the record of what was received."""
        return {table: self.rows(f"SELECT * FROM {table} ORDER BY 1, 2") for table in EFFECTS}

    def posted(self, conversation: str = "c1") -> list[str]:
        """What the customer said by email."""
        found = self.rows(
            "SELECT text FROM messages WHERE conversation = ? AND author = 'customer' "
            "AND via = 'email' ORDER BY sent_at",
            conversation,
        )
        return [said for (said,) in found]

    def unseen(self, conversation: str = "c1") -> list[str]:
        found = self.rows(
            "SELECT id FROM messages WHERE conversation = ? AND author = 'agent' "
            "AND seen_at IS NULL ORDER BY id",
            conversation,
        )
        return [message for (message,) in found]

    def suppressed(self) -> list[str]:
        return [address for (address,) in self.rows("SELECT address FROM suppressions")]

    def states(self) -> list[str]:
        return [state for (state,) in self.rows("SELECT state FROM emails ORDER BY id")]


def fields(email: Envelope) -> EmailMessage:
    """What a mail program sees of an email."""
    read = message_from_bytes(email.message, policy=policy.default)
    assert isinstance(read, EmailMessage)
    return read


def token(email: Envelope) -> str:
    return email.sender.partition("+")[2].partition("@")[0]


def reply(
    email: Envelope,
    body: str | None = "Thank you!",
    *,
    sent: datetime | None = None,
    html: str | None = None,
    **headers: str | None,
) -> EmailMessage:
    """A customer's answer to an email as a mail program makes it. Headers by their name with `_`;
    None takes one out."""
    made = EmailMessage()
    asked = fields(email)
    given: dict[str, str | None] = {
        "From": f"Ada <{email.recipient}>",
        "To": asked["Reply-To"],
        "Subject": f"Re: {asked['Subject']}",
        "Message-ID": "<answer-1@mail.example.com>",
        "In-Reply-To": asked["Message-ID"],
        "References": asked["Message-ID"],
        "Date": format_datetime(sent or at("9:45")),
    }
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    for name, value in given.items():
        if value is not None:
            made[name] = value
    if body is not None:
        made.set_content(body)
    if html is not None:
        (made.set_content if body is None else made.add_alternative)(html, subtype="html")
    return made


@contextmanager
def desk() -> Iterator[Desk]:
    """For hypothesis, which has no fixture per example."""
    with tempfile.TemporaryDirectory() as folder, Desk(Path(folder) / "chat.db") as made:
        yield made


__all__ = ["DOMAIN", "MX", "Desk", "at", "desk", "fields", "reply", "text", "token"]
