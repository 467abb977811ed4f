"""Chat events into tables: what each event does, and that neither order nor repetition matters."""

from __future__ import annotations

import json

import pytest
import stored
from builders import at
from histories import chat_events, examples, nearly_events
from hypothesis import given
from hypothesis import strategies as st

from continuation_cli.core import events
from continuation_cli.store import activity, check, db
from continuation_cli.store.events import EventWriter

#: All that the events say. Not `revision`, which counts edits as they come in, nor when a channel
#: was first heard of.
DUMPS = {
    "conversations": "SELECT id, channel, email, name, locale, began_at, closed_at, reopened_at, "
    "channel_at, email_at, name_at, locale_at FROM conversations ORDER BY id",
    # A conversation first heard of without its channel is in "default" for as long.
    "channels": "SELECT id FROM channels WHERE id <> 'default' "
    "OR EXISTS (SELECT 1 FROM conversations WHERE channel = 'default') ORDER BY id",
    "pages": "SELECT * FROM pages ORDER BY conversation, id",
    "messages": "SELECT conversation, id, author, via, name, text, format, attachments, sent_at, "
    "seen_at, edited_at, deleted_at, email FROM messages ORDER BY conversation, sent_at, id",
    "reads": "SELECT * FROM reads ORDER BY conversation, through",
    "early_changes": "SELECT * FROM early_changes ORDER BY conversation, message, change",
    "waiting": "SELECT conversation FROM waiting ORDER BY conversation",
}


def apply(chat, found):
    """Import events; how many changed anything."""
    with db.writing(chat.ours):
        writer = EventWriter(chat.ours)
        return sum(writer.apply(events.parse(json.dumps(event))) for event in found)


def dump(chat):
    return {name: chat.rows(query) for name, query in DUMPS.items()}


def imported(found):
    with stored.store() as chat:
        apply(chat, found)
        assert check.problems(chat.ours, at("12:00")) == []
        return dump(chat)


# --- Order and repetition ----------------------------------------------------------------------


@examples(150)
@given(chat_events(), st.randoms(use_true_random=False))
def test_neither_order_nor_repetition_matters(found, random):
    shuffled = found + random.choices(found, k=len(found) // 2)
    random.shuffle(shuffled)
    assert imported(shuffled) == imported(found)


@examples(40)
@given(chat_events())
def test_importing_again_changes_nothing(found):
    with stored.store() as chat:
        apply(chat, found)
        before = dump(chat)
        assert apply(chat, found) == 0
        assert dump(chat) == before


@examples(40)
@given(chat_events(), st.integers(0, 30))
def test_in_two_runs_as_in_one(found, cut):
    with stored.store() as chat:
        apply(chat, found[:cut])
        apply(chat, found[cut:])
        assert dump(chat) == imported(found)


@pytest.fixture(scope="module")
def shared():
    with stored.store() as chat:
        yield chat


@examples(400)
@given(event=nearly_events)
def test_what_is_read_can_be_stored_and_read_again(shared, event):
    """No event that passes the check may stop an import half way, or a sweep later on."""
    line = json.dumps(event)
    try:
        found = events.parse(line)
    except events.EventError:
        return
    with db.writing(shared.ours):
        EventWriter(shared.ours).apply(found)
    for conversation in activity.every_conversation(shared.ours, None):
        activity.messages(shared.ours, conversation)
        assert activity.conversation(shared.ours, conversation, at("12:00")) is not None


# --- What each event does ----------------------------------------------------------------------


def chat_of(*told):
    """Tell events of c1, given as type, minute and fields."""
    return [
        {"type": kind, "conversation": "c1", "at": f"2026-03-01T09:{minute:02d}:00.000Z"} | fields
        for kind, minute, fields in told
    ]


def minute(number):
    return f"2026-03-01T09:{number:02d}:00.000Z"


MESSAGE = ("message", 1, {"id": "m1", "author": "agent", "text": "one", "format": "html"})


@pytest.mark.parametrize(
    ("told", "query", "expected"),
    [
        ([("conversation", 2, {"channel": "acme", "email": "a@x.example", "name": "Ada",
                               "locale": "de"})],
         "SELECT channel, email, name, locale, began_at FROM conversations",
         ("acme", "a@x.example", "Ada", "de", minute(2))),
        ([MESSAGE], "SELECT channel, email, began_at FROM conversations",
         ("default", None, minute(1))),
        ([("customer", 2, {"email": "a@x.example"}), ("customer", 3, {"email": None})],
         "SELECT email, email_at FROM conversations", (None, minute(3))),
        ([("customer", 2, {"email": "a@x.example"}), ("conversation", 3, {"name": "Ada"})],
         "SELECT email, name FROM conversations", ("a@x.example", "Ada")),
        ([("conversation_closed", 2, {}), ("conversation_opened", 3, {})],
         "SELECT closed_at, reopened_at FROM conversations", (minute(2), minute(3))),
        ([("page_opened", 1, {"page": "p1", "url": "https://a.example/"}),
          ("page_hidden", 2, {"page": "p1"}), ("page_visible", 3, {"page": "p1"}),
          ("page_active", 4, {"page": "p1"}), ("page_closed", 5, {"page": "p1"})],
         "SELECT url, opened_at, hidden_at, visible_at, last_active_at, closed_at FROM pages",
         ("https://a.example/", *map(minute, range(1, 6)))),
        ([("page_opened", 1, {"page": "p1", "url": "https://a.example/"}),
          ("page_active", 2, {"page": "p1", "url": "https://a.example/#/b"})],
         "SELECT url FROM pages", ("https://a.example/#/b",)),
        ([("page_closed", 5, {"page": "p1"})], "SELECT opened_at, closed_at FROM pages",
         ("1970-01-01T00:00:00.000Z", minute(5))),
        ([MESSAGE, ("message_edited", 2, {"id": "m1", "text": "two"})],
         "SELECT text, format, edited_at, sent_at FROM messages",
         ("two", "html", minute(2), minute(1))),
        ([MESSAGE, ("message_edited", 2, {"id": "m1", "text": "two", "format": "plain"}),
          ("message_edited", 3, {"id": "m1", "text": "three"})],
         "SELECT text, format, edited_at FROM messages", ("three", "plain", minute(3))),
        ([MESSAGE, ("message_deleted", 3, {"id": "m1"}), ("message_deleted", 2, {"id": "m1"})],
         "SELECT deleted_at FROM messages", (minute(2),)),
        ([("message_deleted", 3, {"id": "m1"}), ("message_deleted", 2, {"id": "m1"}), MESSAGE],
         "SELECT deleted_at FROM messages", (minute(2),)),
        ([("message_edited", 3, {"id": "m1", "text": "three"}),
          ("message_edited", 2, {"id": "m1", "text": "two", "format": "plain"}), MESSAGE],
         "SELECT text, format, edited_at FROM messages", ("three", "plain", minute(3))),
        ([MESSAGE, ("seen", 3, {"through": "m1"}), ("seen", 2, {"through": "m1"})],
         "SELECT seen_at FROM messages", (minute(2),)),
    ],
)  # fmt: skip
def test_what_an_event_writes(told, query, expected):
    with stored.store() as chat:
        apply(chat, chat_of(*told))
        assert chat.rows(query) == [expected]


def test_what_came_early_is_kept_until_its_message_comes():
    with stored.store() as chat:
        apply(chat, chat_of(("message_edited", 2, {"id": "m1", "text": "two"})))
        assert chat.rows("SELECT change, value FROM early_changes") == [("text", "two")]
        apply(chat, chat_of(MESSAGE))
        assert chat.rows("SELECT * FROM early_changes") == []
        assert chat.rows("SELECT text FROM messages") == [("two",)]


def test_more_conversations_than_are_remembered(monkeypatch):
    monkeypatch.setattr("continuation_cli.store.events._REMEMBERED", 2)
    told = [
        {"type": "conversation_closed", "conversation": f"c{number}", "at": minute(9 - late)}
        for late in (0, 1)
        for number in (1, 2, 3, 4)
    ]
    with stored.store() as chat:
        assert apply(chat, told) == 8
        assert chat.rows("SELECT DISTINCT began_at, closed_at FROM conversations") == [
            (minute(8), minute(9))
        ]
        assert chat.rows("SELECT count(*) FROM conversations") == [(4,)]


def test_a_deletion_that_another_import_brought_first(chat):
    """Two imports at once: one has the message's deletion, the other the message."""
    message = {"conversation": "c42", "id": "m7", "at": "2026-03-01T09:00:00Z"}
    spoken = events.parse(json.dumps({**message, "type": "message", "author": "agent", "text": ""}))
    ours = EventWriter(chat.ours)
    ours.forget()
    apply(chat, [{**message, "type": "message_deleted", "at": "2026-03-01T09:01:00Z"}])
    with db.writing(chat.ours):
        ours.apply(spoken)
    assert chat.rows("SELECT deleted_at FROM messages") == [("2026-03-01T09:01:00.000Z",)]
