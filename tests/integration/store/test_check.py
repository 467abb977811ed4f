"""`db check`: a corrupted derivation is found, told in words, and mended by a repair."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
from builders import at
from stored import text

from continuation_cli.store import check, db

NOW = at("12:00")
TEN = text(at("10:00"))


@contextmanager
def without_triggers(chat):
    """What a program could do that has the triggers switched off, or a faulty disk."""
    triggers = chat.rows("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
    for name, _ in triggers:
        chat.write(f"DROP TRIGGER {name}")
    yield
    for _, sql in triggers:
        chat.write(sql)


@pytest.fixture
def sound(chat):
    """c1 waits; c2 has answered m1 and read m3; c3 was mailed; c4 has no address."""
    for name in ("c1", "c2", "c3", "c4"):
        chat.converse(name, email=None if name == "c4" else f"{name}@example.com")
    chat.say(at("8:00"), conversation="c3")
    chat.sweep(at("8:30"))
    chat.say(at("9:00"), conversation="c1")
    chat.say(at("9:00"), conversation="c2")
    chat.say(at("9:30"), "m2", conversation="c2", author="customer")
    chat.say(at("9:40"), "m3", conversation="c2")
    chat.write("INSERT INTO reads VALUES ('c2', 'm3', ?)", TEN)
    chat.say(at("9:00"), conversation="c4")
    assert check.problems(chat.ours, NOW) == []
    return chat


CORRUPTIONS = {
    "left out of the queue": (
        "DELETE FROM waiting WHERE conversation = 'c1'",
        ["c1: has a message that waits, but is not in the queue"],
    ),
    "in the queue for nothing": (
        "INSERT INTO waiting (conversation, check_at) VALUES ('c2', '2026-03-01T10:00:00.000Z')",
        ["c2: is in the queue, but none of its messages waits"],
    ),
    "in the queue, but no conversation": (
        "INSERT INTO waiting (conversation, check_at) VALUES ('c9', '2026-03-01T10:00:00.000Z')",
        ["c9: is in the queue, but none of its messages waits"],
    ),
    "its turn is too late": (
        "UPDATE waiting SET check_at = '2026-03-01T12:00:00.001Z' WHERE conversation = 'c1'",
        ["c1: is due, but the queue does not say so"],
    ),
    "parked for no reason": (
        "UPDATE waiting SET check_at = NULL, parked = 'held' WHERE conversation = 'c1'",
        ["c1: is due, but the queue does not say so"],
    ),
    "not due yet, and its turn is too late": (
        "UPDATE messages SET sent_at = '2026-03-01T12:30:00.000Z' WHERE conversation = 'c1'; "
        "UPDATE waiting SET check_at = '2026-03-01T14:00:00.000Z' WHERE conversation = 'c1'",
        ["c1: may be due at 2026-03-01T12:31:00.000Z, before the queue's turn"],
    ),
    "answered, but not seen": (
        "UPDATE messages SET seen_at = NULL WHERE conversation = 'c2' AND id = 'm1'",
        [
            "c2: m1 is not marked as seen, but the customer saw it",
            "c2: has a message that waits, but is not in the queue",
        ],
    ),
    "read, but not seen": (
        "UPDATE messages SET seen_at = NULL WHERE conversation = 'c2' AND id = 'm3'",
        [
            "c2: m3 is not marked as seen, but the customer saw it",
            "c2: has a message that waits, but is not in the queue",
        ],
    ),
    "in an email that is not there": (
        "UPDATE messages SET email = 99 WHERE conversation = 'c1'",
        [
            "c1: m1 is in email 99, which is missing",
            "c1: is in the queue, but none of its messages waits",
        ],
    ),
    "in an email that was cancelled": (
        "UPDATE emails SET state = 'cancelled'",
        ["c3: m1 is in email 1, which is cancelled"],
    ),
    "in an email that does not hold it": (
        "DELETE FROM email_messages",
        ["c3: m1 is in email 1, which is sent, but does not hold it"],
    ),
}


@pytest.mark.parametrize(("statements", "told"), CORRUPTIONS.values(), ids=CORRUPTIONS)
def test_a_corruption_is_found_and_mended(sound, statements, told):
    with without_triggers(sound):
        for statement in statements.split("; "):
            sound.write(statement)
    assert check.problems(sound.ours, NOW) == told
    with db.writing(sound.ours):
        check.repair(sound.ours)
    assert check.problems(sound.ours, NOW) == []


def test_a_repair_of_what_is_sound_changes_nothing_that_matters(sound):
    def state():
        return sound.rows("SELECT * FROM messages"), sound.rows("SELECT conversation FROM waiting")

    before = state()
    with db.writing(sound.ours):
        check.repair(sound.ours)
    assert state() == before
    assert check.problems(sound.ours, NOW) == []
    assert sound.sweep(NOW).recipients == ["c1@example.com"]


def test_missing_and_changed_triggers_are_found(sound):
    sound.write("DROP TRIGGER waiting_page_inserted")
    sound.write("DROP INDEX waiting_check")
    sound.write("CREATE INDEX waiting_check ON waiting (check_at)")
    assert sorted(check.problems(sound.ours, NOW)) == [
        "waiting_check of the schema is not as it should be",
        "waiting_page_inserted of the schema is missing",
    ]


def test_what_a_team_adds_to_the_schema_is_its_own_affair(sound):
    sound.write("CREATE TABLE our_notes (x)")
    sound.write("CREATE INDEX our_index ON messages (name)")
    assert check.problems(sound.ours, NOW) == []


@pytest.mark.parametrize(
    ("table", "statement"),
    [
        ("conversations", "UPDATE conversations SET channel = 'nowhere' WHERE id = 'c1'"),
        ("messages", "INSERT INTO messages (conversation, id, author, text) "
                     "VALUES ('c9', 'm1', 'agent', 'x')"),
        ("pages", "INSERT INTO pages (conversation, id) VALUES ('c9', 'p1')"),
        ("reads", "INSERT INTO reads (conversation, through) VALUES ('c9', 'm1')"),
    ],
)  # fmt: skip
def test_rows_that_belong_to_nothing_are_told(sound, table, statement):
    """A backend that leaves SQLite's foreign keys off can leave them behind."""
    sound.write(statement)
    owner = "channels" if table == "conversations" else "conversations"
    assert check.problems(sound.ours, NOW) == [f"a row of {table} belongs to no row of {owner}"]


def test_an_index_that_lost_a_row_is_told(sound):
    """What SQLite's own integrity check finds."""
    sound.write("PRAGMA writable_schema = ON")
    sound.write(
        "UPDATE sqlite_schema SET sql = replace(sql, 'check_at IS NOT NULL', '1') "
        "WHERE name = 'waiting_check'"
    )
    sound.backend.close()
    fresh = db.connect(sound.path)
    told = [line for line in check.problems(fresh, NOW) if "integrity check" in line]
    assert any("missing from index waiting_check" in line for line in told)
    fresh.close()
