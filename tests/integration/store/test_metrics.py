"""What is counted each minute: it is right, and no table that grows is walked for it."""

from __future__ import annotations

import re
import sqlite3
import threading

import pytest
from builders import at
from stored import text

from continuation_cli.store import metrics

STATES = ("sending", "sent", "deferred", "failed", "cancelled", "unknown")


def email(chat, number, state, next_at=None, outcome=None):
    row = {
        "conversation": "c1", "channel": "acme", "rule": "offline", "state": state,
        "message_id": f"<{number}@x>", "token": f"{number:026}", "sender": "s@x.example",
        "recipient": "a@x.example", "subject": "s", "message": b"x", "created_at": text(at("9:00")),
        "next_attempt_at": text(at(next_at)) if next_at else None,
    }  # fmt: skip
    chat.insert("emails", row)
    if outcome:
        row = {"email": number, "number": 1, "started_at": text(at("9:00")), "outcome": outcome,
               "finished_at": text(at("9:00"))}  # fmt: skip
        chat.insert("attempts", row)


@pytest.fixture
def outbox(chat):
    """Emails of every state, one more of each than of the one before."""
    number = 0
    for count, state in enumerate(STATES, start=1):
        for _ in range(count):
            number += 1
            outcome = None if state == "sending" else state
            email(chat, number, state, "9:01" if state == "deferred" else None, outcome)
    email(chat, number + 1, "unknown", "9:05", "unknown")
    return chat


def test_the_outbox(outbox):
    found = metrics.emails(outbox.ours)
    expected = {state: n for n, state in enumerate(STATES, start=1)} | {"unknown": 7}
    assert found.states == expected
    assert (found.recorded, found.held) == (22, 6)
    assert found.attempts == {state: n for state, n in expected.items() if state != "sending"}
    assert found.last_sent_at == at("9:00")


def test_what_is_removed_has_been_recorded(outbox):
    outbox.write("DELETE FROM emails WHERE state = 'sent'")
    found = metrics.emails(outbox.ours)
    assert (found.recorded, found.states["sent"]) == (22, 0)


def test_an_empty_database(chat):
    assert metrics.emails(chat.ours) == (0, {"sending": 0, "sent": 0}, 0, {}, None)
    assert metrics.replies(chat.ours) == (0, {}, None)
    assert metrics.the_queue(chat.ours, at("9:00")) == (0, 0, {})
    assert metrics.latest(chat.ours) == {}


def test_only_recent_attempts_are_counted(chat):
    for number in range(1, metrics.RECENT + 11):
        email(chat, number, "sent", outcome="sent" if number > 10 else "deferred")
    assert metrics.emails(chat.ours).attempts == {"sent": metrics.RECENT}


def test_the_inbox(chat):
    for number, (kind, state) in enumerate(
        [("reply", "quarantined"), ("reply", "quarantined"), ("bounce", "ignored")]
    ):
        row = {"identity": str(number), "digest": "x", "size": 1, "kind": kind, "state": state,
               "received_at": text(at(f"9:0{number}"))}  # fmt: skip
        chat.insert("replies", row)
    found = metrics.replies(chat.ours)
    assert found.states == {("reply", "quarantined"): 2, ("bounce", "ignored"): 1}
    assert (found.received, found.quarantined, found.last_at) == (3, 2, at("9:02"))


def test_the_queue(chat):
    for name, check_at, parked in (
        ("c1", "9:00", None), ("c2", "9:01", None), ("c3", "9:02", None), ("c4", None, "held"),
        ("c5", None, "nothing_unseen"),
    ):  # fmt: skip
        row = {"conversation": name, "check_at": check_at and text(at(check_at)), "parked": parked}
        chat.insert("waiting", row)
    assert metrics.the_queue(chat.ours, at("9:01")) == (2, 1, {"held": 1})


# --- What it costs ------------------------------------------------------------------------------

ASKED = {
    "emails": (metrics.emails, "emails_off_course"),
    "replies": (metrics.replies, "replies_by_kind"),
    "queue": (lambda c: metrics.the_queue(c, at("9:00")), "waiting_check"),
    "latest": (metrics.latest, None),
    "pages": (lambda c: metrics.has_pages(c, "acme"), "conversations_by_channel"),
    "conversations": (lambda c: metrics.has_conversations(c, "acme"), "conversations_by_channel"),
}


@pytest.mark.parametrize(("use", "index"), ASKED.values(), ids=ASKED)
def test_no_table_is_walked_to_its_end(chat, use, index):
    """Counting all rows walks an index that holds little of each; the rest stops at a LIMIT."""
    queries = []
    chat.ours.set_trace_callback(queries.append)
    use(chat.ours)
    chat.ours.set_trace_callback(None)
    assert queries
    plans = {
        query: [row["detail"] for row in chat.ours.execute(f"EXPLAIN QUERY PLAN {query}")]
        for query in queries
    }
    if index:
        assert any(f"INDEX {index}" in d for details in plans.values() for d in details), plans
    for query, details in plans.items():
        for detail in details:
            walked = re.match(
                r"SCAN (emails|attempts|replies|messages|conversations|pages)", detail
            )
            small = re.search("COVERING INDEX|INDEX emails_sending", detail)
            assert not walked or small or "LIMIT" in query, (query, detail)


def test_an_email_that_just_goes_out_enters_no_index_of_ours(outbox):
    """So that counting costs the sweep nothing."""
    rows = outbox.rows("SELECT DISTINCT state FROM emails INDEXED BY emails_off_course "
                       "WHERE state IN ('deferred', 'failed', 'cancelled', 'unknown')")  # fmt: skip
    assert {state for (state,) in rows} == set(STATES) - {"sending", "sent"}


# --- Reading the file ---------------------------------------------------------------------------


def test_a_good_file(chat):
    assert metrics.fault(chat.ours, 5) == (None, True)
    assert chat.ours.execute("SELECT 1").fetchone()[0] == 1


def test_a_file_that_takes_too_long(chat):
    """The time is up as the check begins."""
    for number in range(300):
        chat.converse(f"c{number}")

    class AtOnce:
        def __init__(self, connection):
            self._connection = connection

        def __getattr__(self, name):
            return getattr(self._connection, name)

        def execute(self, query):
            self._connection.set_progress_handler(self._connection.interrupt, 1)
            try:
                return self._connection.execute(query)
            finally:
                self._connection.set_progress_handler(None, 0)

    assert metrics.fault(AtOnce(chat.ours), 5) == (None, False)
    assert metrics.fault(chat.ours, 5) == (None, True)


def test_no_thread_is_left(chat):
    metrics.fault(chat.ours, 60)
    assert not [t for t in threading.enumerate() if isinstance(t, threading.Timer)]


def test_a_damaged_file(chat, tmp_path):
    for number in range(300):
        chat.converse(f"c{number}")
    chat.write("PRAGMA wal_checkpoint(TRUNCATE)")
    octets = bytearray((tmp_path / "chat.db").read_bytes())
    [root] = chat.rows("SELECT rootpage FROM sqlite_schema WHERE name = 'conversations_by_channel'")
    octets[4096 * (root[0] - 1) + 12 : 4096 * root[0]] = b"\xff" * 4084
    copy = tmp_path / "copy.db"
    copy.write_bytes(octets)
    connection = sqlite3.connect(f"file:{copy}?mode=ro", uri=True, check_same_thread=False)
    found, is_whole = metrics.fault(connection, 5)
    connection.close()
    assert found
    assert is_whole
