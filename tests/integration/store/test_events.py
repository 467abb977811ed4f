"""Chat events into tables: what each event does, and that neither order nor repetition matters."""

from __future__ import annotations

import json

import stored
from builders import at
from histories import chat_events, examples
from hypothesis import given
from hypothesis import strategies as st

from continuation_cli.core import events
from continuation_cli.store import check, db
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
