"""A mailbox with mail for `fetch`: fixtures and helpers of its tests."""

from __future__ import annotations

import pytest


class Box:
    """A Maildir that a mail server delivers into."""

    def __init__(self, path):
        self.path = path
        self.count = 0
        for name in ("tmp", "new", "cur"):
            (path / name).mkdir(parents=True)

    @property
    def url(self):
        return f"maildir:{self.path}"

    def deliver(self, content, flags=None):
        self.count += 1
        name = f"17000000{self.count:02}.M1P1.host"
        path = (
            self.path / "new" / name if flags is None else self.path / "cur" / f"{name}:2,{flags}"
        )
        path.write_bytes(content)
        return path

    def files(self, folder=""):
        root = self.path / folder if folder else self.path
        return sorted(
            f"{p.parent.name}/{p.name}" for d in ("new", "cur") for p in (root / d).glob("*")
        )


@pytest.fixture
def box(tmp_path):
    return Box(tmp_path / "box")


@pytest.fixture
def sent(run, chat):
    """Sends the answers that are due; the token of the email to each conversation."""

    def sent(*conversations):
        chat.set("inbound_domain", "reply.acme.example")
        for number, conversation in enumerate(conversations):
            chat.due(conversation, email=f"ada{number}@example.com")
        assert run("sweep").code == 0
        rows = chat.sql("SELECT conversation, token, message_id FROM emails ORDER BY id")
        return {row["conversation"]: row for row in rows}

    return sent


def reply(to, number=0, *, text="Thank you!", author=None, message_id=None, more=""):
    message_id = message_id or f"<r{number}-{abs(hash((to, text))) % 10**9}@example.com>"
    return (
        f"From: Ada <{author or f'ada{number}@example.com'}>\r\nTo: {to}\r\nSubject: Re: chat\r\n"
        f"Message-ID: {message_id}\r\n{more}\r\n{text}\r\n"
    ).encode()


def to(email):
    return f"reply+{email['token']}@reply.acme.example"


FOREIGN = (
    b"From: Eve <eve@example.net>\r\nTo: support@acme.example\r\nSubject: Lunch\r\n"
    b"Message-ID: <lunch@example.net>\r\n\r\nAt noon? It is private.\r\n"
)


def texts(chat, conversation="c1"):
    rows = chat.sql(
        "SELECT text FROM messages WHERE conversation = ? AND via = 'email' ORDER BY id",
        conversation,
    )
    return [row["text"] for row in rows]
