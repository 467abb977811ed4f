"""Chat events, one JSON object a line: what is read, and what is refused in which words."""

from __future__ import annotations

import json
import sys

import pytest
from histories import anything, chat_events, examples, nearly_events
from hypothesis import given
from hypothesis import strategies as st

from continuation_cli.core import events

AT = "2026-03-01T10:00:00+01:00"


def event(kind, **fields):
    return {"type": kind, "conversation": "c42", "at": AT} | fields


def parse(kind, **fields):
    return events.parse(json.dumps(event(kind, **fields)))


def test_what_every_event_has():
    found = parse("conversation_closed", channel="acme", unknown={"fields": "are ignored"})
    assert found == events.Event(
        "conversation_closed", "c42", "acme", "2026-03-01T09:00:00.000Z", {}
    )


READ = {
    "a conversation": (
        event("conversation", email="ada@example.com", name="Ada", locale="en-GB"),
        {"email": "ada@example.com", "name": "Ada", "locale": "en-GB"}),
    "a bare conversation": (
        event("conversation"), {"email": None, "name": None, "locale": None}),
    "a customer": (event("customer", email="ada@example.com"), {"email": "ada@example.com"}),
    "an address taken back": (event("customer", email=None), {"email": None}),
    "a page": (
        event("page_opened", page="p1", url="https://acme.example/"),
        {"page": "p1", "url": "https://acme.example/"}),
    "a page without its URL": (event("page_active", page="p1"), {"page": "p1", "url": None}),
    "a message": (
        event("message", id="m7", author="agent", name="Ana", text="Hello"),
        {"id": "m7", "author": "agent", "via": "chat", "name": "Ana", "text": "Hello",
         "format": "plain", "attachments": None}),
    "a file alone": (
        event("message", id="m7", author="bot", attachments=[{"name": "a.pdf"}]),
        {"id": "m7", "author": "bot", "via": "chat", "name": None, "text": "",
         "format": "plain", "attachments": '[{"name": "a.pdf"}]'}),
    "of a file what is known": (
        event("message", id="m7", author="bot", text="x", attachments=[
            {"name": "a.pdf", "url": "https://a.example/", "size": 3, "content_type": "text/plain",
             "secret": [1]},
            {"name": "b\ud800.pdf", "url": 7, "size": float("nan"), "content_type": None}]),
        {"id": "m7", "author": "bot", "via": "chat", "name": None, "text": "x",
         "format": "plain", "attachments": json.dumps([
            {"name": "a.pdf", "url": "https://a.example/", "content_type": "text/plain", "size": 3},
            {"name": "b\N{REPLACEMENT CHARACTER}.pdf"}])}),
    "no files": (
        event("message", id="m7", author="customer", text="x", attachments=[], via="email"),
        {"id": "m7", "author": "customer", "via": "email", "name": None, "text": "x",
         "format": "plain", "attachments": None}),
    "numbers as ids": (event("seen", through=7, conversation=42), {"through": "7"}),
    "an edit": (
        event("message_edited", id="m7", text="new"),
        {"id": "m7", "text": "new", "format": None, "attachments": None}),
    "an edit to another format": (
        event("message_edited", id="m7", text="new", format="html"),
        {"id": "m7", "text": "new", "format": "html", "attachments": None}),
    "a deletion": (event("message_deleted", id="m7"), {"id": "m7"}),
}  # fmt: skip


@pytest.mark.parametrize(("given_event", "fields"), READ.values(), ids=READ)
def test_what_is_read(given_event, fields):
    found = events.parse(json.dumps(given_event))
    assert found.fields == fields
    assert found.conversation == str(given_event["conversation"])


REFUSED = {
    "not JSON": ("{", "not JSON: "),
    "not UTF-8": (b'{"type": "\xff"}', "not JSON: "),
    "not an object": ("[1, 2]", '[1, 2] is not an event; expected {"type": …}'),
    "no type": ("{}", '"type" is null; expected one of conversation, page_opened'),
    "an unknown type": (event("typing"), '"type" is "typing"; expected one of'),
    "a type that is no text": (event("x", type=["message"]), '"type" is ["message"]; expected'),
    "no time": (event("seen", at=None), '"at" is missing; expected a time like "2026-03-01T09'),
    "a number for a time": (event("seen", at=1772355600), '"at" is 1772355600; expected a time'),
    "no offset": (event("seen", at="2026-03-01T09:00:00"), "has no offset from UTC"),
    "a year past all computing": (event("seen", at="9000-01-01T00:00:00.000Z"), "is not between"),
    "no such day": (event("seen", at="2026-02-30T00:00:00.000Z"), "is not a time"),
    "no conversation": (
        event("seen", conversation=None),
        '"conversation" is missing; expected text of 1 to 200 characters, like "c42"'),
    "an empty id": (event("seen", conversation=""), '"conversation" is ""; expected text'),
    "a long id": (event("seen", conversation="x" * 201), '"conversation" is "xxx'),
    "true as an id": (event("seen", through=True), '"through" is true; expected text'),
    "a NUL in an id": (event("seen", through="m\0"), '"through" is "m\\u0000"; expected text'),
    "a channel that is no text": (event("seen", channel={}), '"channel" is {}; expected text'),
    "no page": (event("page_closed"), '"page" is missing; expected text of 1 to 200 characters'),
    "a URL that is no text": (event("page_opened", page="p1", url=7), '"url" is 7; expected text'),
    "no author": (
        event("message", id="m7", text="x"),
        '"author" is missing; expected agent, bot, customer, note or system'),
    "an unknown author": (
        event("message", id="m7", text="x", author="Agent"),
        '"author" is "Agent"; expected one of agent, bot, customer, note, system'),
    "no text": (event("message", id="m7", author="agent"), '"text" is missing'),
    "text that is none": (
        event("message", id="m7", author="agent", text=["x"]), '"text" is ["x"]; expected text'),
    "an unknown format": (
        event("message", id="m7", author="agent", text="x", format="bbcode"),
        '"format" is "bbcode"; expected one of plain, markdown, html'),
    "files that are no list": (
        event("message", id="m7", author="agent", text="x", attachments={"name": "a.pdf"}),
        '"attachments" is {"name": "a.pdf"}; expected a list like [{"name": "invoice.pdf"'),
    "a file without a name": (
        event("message", id="m7", author="agent", text="x", attachments=[{"url": "x"}]),
        '"attachments" is [{"url": "x"}]; expected a list'),
    "a customer without a word of the address": (
        event("customer"), '"email" is missing; expected an address like "ada@example.com"'),
}  # fmt: skip


@pytest.mark.parametrize(("line", "told"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_and_why(line, told):
    with pytest.raises(events.EventError) as caught:
        events.parse(json.dumps(line) if isinstance(line, dict) else line)
    assert told in str(caught.value)
    assert len(str(caught.value)) < 500


def test_half_a_surrogate_pair_is_no_character():
    found = events.parse(
        '{"type": "message", "conversation": "c\\ud83d", "id": "m\\ude00", "author": "agent", '
        '"text": "\\ud83d\\ude00 \\ud83d", "name": "\\udfff", "at": "2026-03-01T09:00:00Z"}'
    )
    assert found.fields["text"] == "😀 \N{REPLACEMENT CHARACTER}"
    for value in (found.conversation, *found.fields.values()):
        (value or "").encode()


def test_a_complaint_can_be_printed():
    with pytest.raises(events.EventError) as caught:
        events.parse('{"type": "\\ud800"}')
    str(caught.value).encode()


@pytest.mark.parametrize("field", ["type", "at", "conversation", "channel", "attachments", "text"])
def test_any_depth_of_nesting(field):
    """Deep enough to be read, but too deep to be written again, is somewhere in between."""
    limit = sys.getrecursionlimit()
    good = json.dumps(event("message", id="m7", author="agent", text="x"))
    for depth in (*range(limit - 200, limit + 20, 3), 100_000):
        line = good[:-1] + f', "{field}": {"[" * depth}{"]" * depth}}}'
        with pytest.raises(events.EventError):
            events.parse(line)


@examples(300)
@given(nearly_events.map(json.dumps) | anything.map(json.dumps) | st.text() | st.binary())
def test_any_line_is_an_event_or_an_event_error(line):
    try:
        found = events.parse(line)
    except events.EventError as error:
        str(error).encode()
        return
    # What was read can be stored.
    for value in (found.type, found.conversation, found.channel, found.at, *found.fields.values()):
        assert value is None or isinstance(value, str)
        (value or "").encode()


@examples(30)
@given(chat_events())
def test_what_a_chat_exports_is_read(found):
    for one in found:
        assert events.parse(json.dumps(one)).type == one["type"]
