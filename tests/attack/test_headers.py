"""Injection into the header, the envelope and the MIME structure, through every field that is
stored. The fields are read from the schema, the settings and the events themselves.

What is looked at are the octets that a real SMTP server was given.
"""

from __future__ import annotations

import dataclasses
import json
from email import message_from_bytes

import pytest
from hostile import (
    BACKEND,
    HEADERS,
    accepted,
    check_letter,
    columns,
    insert,
    mailboxes,
    octets,
    write_due,
)
from mailreader import ALWAYS

from continuation_cli.core.events import TYPES
from continuation_cli.core.mime import is_message_id
from continuation_cli.core.model import Attachment
from continuation_cli.core.settings import GLOBAL_KEYS, SPECS
from continuation_cli.core.settings import check as checked

NAMES = ["From", "To", "Reply-To", *ALWAYS[2:7], "List-Unsubscribe", *ALWAYS[7:]]
THREAD = [*NAMES[:6], "In-Reply-To", "References", *NAMES[6:]]
#: With a hostile value here there is no email: no address, or a message that counts as mailed.
KEEPS_BACK = [("conversations", "email"), ("messages", "email")]


@pytest.fixture
def server(chat, real_smtp):
    """A real server; sweeps hand their mail to it."""
    server = real_smtp()
    chat.set("transport", server.url)
    chat.set("inbound_domain", "reply.acme.example")
    return server


def test_rows_of_a_hostile_backend(chat, run, server):
    """All columns at once, but for those that keep an email back: these alone."""
    number, attacked = 0, set()
    for value in HEADERS.values():
        changes = {table: accepted(chat, table, value) for table in BACKEND}
        attacked |= {f"{table}.{column}" for table in BACKEND for column in changes[table]}
        alone = [(table, column) for table, column in KEEPS_BACK if column in changes[table]]
        for table, column in alone:
            del changes[table][column]
            number += 1
            write_due(chat, number, {table: {column: value}})
        files = [{field.name: value for field in dataclasses.fields(Attachment)}]
        for form in ("plain", "markdown", "html"):
            number += 1
            markup = {"format": form, "attachments": json.dumps(files)}
            numbered = {table: distinct(changes[table], number) for table in BACKEND}
            write_due(chat, number, numbered | {"messages": numbered["messages"] | markup})
    ran = run("sweep")
    assert (ran.code, ran.err) == (0, "")

    assert len(server.mails) == 3 * len(HEADERS)
    for mail in server.mails:
        [customer] = mail.recipients
        assert mail.sender.endswith("@reply.acme.example")
        read = check_letter(mail.content, customer, NAMES)
        assert mailboxes(read["Reply-To"])[0].endswith("@reply.acme.example")
    assert len({mail.recipients[0] for mail in server.mails}) == len(server.mails)
    assert chat.sql("SELECT 1 FROM conversations WHERE set_aside_until IS NOT NULL") == []

    # Where nothing can be written, nothing has been tested: these are all such fields.
    every = {f"{table}.{column}" for table in BACKEND for column in columns(chat, table)}
    refused = {field for field in every - attacked if not field.endswith(("_at", "_until"))}
    assert refused == {f"messages.{x}" for x in ("author", "via", "format", "attachments")}


def distinct(row, number):
    """A row that may stand beside others with the same value: ids are."""
    return {key: f"{value}{number}" if key == "id" else value for key, value in row.items()}


# --- Events ---------------------------------------------------------------------------------------

#: Every type and every field that takes text; docs/events.md.
EVENTS = [
    {"type": "conversation", "email": "a@example.com", "name": "Ada", "locale": "en"},
    {"type": "customer", "email": "b@example.com"},
    {"type": "page_opened", "page": "p1", "url": "https://acme.example/"},
    {"type": "page_hidden", "page": "p1", "url": "https://acme.example/"},
    {"type": "page_visible", "page": "p1", "url": "https://acme.example/"},
    {"type": "page_active", "page": "p1", "url": "https://acme.example/"},
    {"type": "page_closed", "page": "p1", "url": "https://acme.example/"},
    {"type": "message", "id": "m1", "author": "agent", "name": "Ana", "text": "Hello",
     "format": "plain", "via": "chat",
     "attachments": [{"name": "a.pdf", "url": "https://acme.example/a", "content_type": "a/b"}]},
    {"type": "message_edited", "id": "m1", "text": "Hi", "format": "plain",
     "attachments": [{"name": "a.pdf", "url": "https://acme.example/a", "content_type": "a/b"}]},
    {"type": "message_deleted", "id": "m9"},
    {"type": "seen", "through": "m9"},
    {"type": "conversation_closed"},
    {"type": "conversation_opened"},
]  # fmt: skip


def hostile_events(number, value, at):
    """One conversation's events, then each of them once for each text in it, which is the value."""
    common = {"conversation": f"c{number}", "channel": "acme", "at": at}
    yield from (common | event for event in EVENTS)
    for event in EVENTS:
        paths = [path for path in texts(common | event) if path != ["type"]]
        for place, path in enumerate(paths):
            changed = json.loads(json.dumps(common | event))
            if event["type"] == "message":  # one that is known already is not changed
                changed["id"] = f"m{place + 10}"
            target = changed
            for step in path[:-1]:
                target = target[step]
            target[path[-1]] = value
            yield changed


def texts(value, path=()):
    """Where the texts are in a JSON value."""
    if isinstance(value, str):
        yield list(path)
    elif isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in items:
            yield from texts(inner, (*path, key))


def test_imported_events(chat, run, server):
    assert [event["type"] for event in EVENTS] == sorted(
        TYPES, key=[e["type"] for e in EVENTS].index
    )
    values = [v for v in HEADERS.values() if len(v) < 1000]
    lines = [
        json.dumps(event)
        for number, value in enumerate(values)
        for event in hostile_events(number, value, chat.ago(30))
    ]
    ran = run("import", "-", stdin="\n".join(lines).encode())
    assert ran.code == 65  # some lines are refused, and it says which
    assert "Traceback" not in ran.err
    # The customer's own address comes back; whose channel or id is another stays apart.
    chat.sql("UPDATE conversations SET email = 'c' || id || '@example.com' WHERE id LIKE 'c%'")
    ran = run("sweep")
    assert (ran.code, ran.err) == (0, "")
    assert len(server.mails) >= len(values)
    for mail in server.mails:
        check_letter(mail.content, *mail.recipients, NAMES)


# --- Settings -------------------------------------------------------------------------------------


def test_settings_written_past_their_check(chat, run, server):
    """What a setting lets stand does no harm in an email; what it does not is told, and holds up
    nobody but its own channel.
    """
    keys = [key for key in SPECS if key not in GLOBAL_KEYS]
    number, refused = 0, []
    for value in (octets(value).decode(errors="replace") for value in HEADERS.values()):
        good, bad = [], []
        for key in keys:
            try:
                checked(key, value)
            except ValueError:
                bad.append(key)
            else:
                good.append(key)
        for group in (good, *([key] for key in bad)):
            number += 1
            write_due(chat, number)
            for key in group:
                row = {"channel": f"channel{number}", "key": key, "value": value}
                insert(chat, "settings", row)
        refused += bad
    ran = run("sweep")
    assert ran.code == 78
    assert len(ran.err.splitlines()) == len(refused)
    assert all(c.isprintable() or c == "\n" for c in ran.err)
    assert len(server.mails) == len(HEADERS)
    for mail in server.mails:
        check_letter(mail.content, *mail.recipients, NAMES)
    assert set(keys) - set(refused) == set()  # each was attacked


# --- What comes back from the customer ------------------------------------------------------------


def test_the_thread(chat, run, server):
    """Message-IDs and subjects of earlier emails and of replies are in the next email's header."""
    for number in range(len(HEADERS)):
        write_due(chat, number)
    assert run("sweep").code == 0
    server.mails.clear()
    for number, value in enumerate(HEADERS.values()):
        name = f"c{number}"
        for column in ("subject", "message_id", "detail", "reopen_url", "reply_to"):
            own = value + str(number)
            chat.sql(f"UPDATE emails SET {column} = CAST(? AS TEXT) WHERE conversation = ?",
                     octets(own), name)  # fmt: skip
        reply = {"identity": name, "digest": name, "size": 1, "received_at": chat.ago(5),
                 "kind": "reply", "state": "posted", "conversation": name}  # fmt: skip
        free = [
            c for c in columns(chat, "replies") if c not in reply and c[-3:] not in ("_at", "id")
        ]
        insert(chat, "replies", reply | dict.fromkeys([*free, "message_id"], value))
        chat.message(name, "m5", ago=4)
    assert run("sweep").code == 0
    assert len(server.mails) == len(HEADERS)
    for mail in server.mails:
        check_letter(mail.content, *mail.recipients, NAMES)


@pytest.mark.parametrize("hostile", ["identifiers and subject", "author"])
def test_a_reply_with_a_hostile_header(chat, run, server, hostile):
    values = [value for value in HEADERS.values() if len(value) < 1000]
    for number in range(len(values)):
        write_due(chat, number)
    assert run("sweep").code == 0
    reply_to = {mail.recipients[0]: message_from_bytes(mail.content)["Reply-To"]
                for mail in server.mails}  # fmt: skip
    server.mails.clear()
    for number, value in enumerate(values):
        customer = f"c{number}@example.com"
        identifier = f"<{value}{number}@mail.example>"
        head = {"From": customer, "To": reply_to[customer], "Message-ID": f"<{number}@x.example>"}
        if hostile == "author":
            head["From"] = f'"{value}" <{customer}>'
        else:
            head |= dict.fromkeys(("Message-ID", "In-Reply-To", "References"), identifier)
            head["Subject"] = value
        lines = [*(f"{name}: {told}" for name, told in head.items()), "", "Yes, please.", ""]
        ran = run("receive", stdin=octets("\r\n".join(lines)))
        assert ran.code in (0, 65, 67), ran.err
        assert "Traceback" not in ran.err
        chat.message(f"c{number}", "m5", ago=4)
    assert chat.one("SELECT count(*) FROM replies WHERE state = 'posted'") > len(values) / 2
    assert run("sweep").code == 0
    assert len(server.mails) == len(values)
    for mail in server.mails:
        read = check_letter(mail.content, *mail.recipients, THREAD)
        for token in f"{read['In-Reply-To']} {read['References']}".split():
            assert is_message_id(token)
