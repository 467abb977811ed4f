"""How SQLite searches: by an index, whatever is stored; no table that grows is walked."""

from __future__ import annotations

import re

import pytest
from builders import at
from stored import text

from continuation_cli.store import activity, queue, retries

#: Tables that grow with the chat.
BIG = {"conversations", "pages", "messages", "reads", "emails", "email_messages", "attempts",
       "early_changes", "waiting"}  # fmt: skip


def plan(connection, query, values=()):
    rows = connection.execute(f"EXPLAIN QUERY PLAN {query}", values)
    return [row["detail"] for row in rows]


def statements(connection, use):
    """The statements that a function executes, values filled in."""
    found = []
    connection.set_trace_callback(found.append)
    use(connection)
    connection.set_trace_callback(None)
    return found


HOT = {
    "find": (lambda c: queue.find(c, at("9:00")), ["waiting_check"]),
    "find, one channel": (lambda c: queue.find(c, at("9:00"), channel="acme"), ["waiting_check"]),
    "is_idle": (lambda c: queue.is_idle(c, text(at("9:00"))),
                ["waiting_check", "emails_sending", "emails_next_attempt"]),
    "parked": (queue.parked, ["waiting_parked"]),
    "orphans": (retries.orphans, ["emails_sending"]),
    "retries": (lambda c: retries.due(c, at("9:00")), ["emails_next_attempt"]),
    "a pull back": (lambda c: retries.pull_back(c, at("9:00"), at("13:00")),
                    ["emails_next_attempt"]),
    "what is replaced": (lambda c: retries.replaceable(c, "c1"), ["emails_by_conversation"]),
    "as if an email were not": (lambda c: activity.conversation(c, "c1", at("9:00"), freed=(1,)),
                                ["messages_unseen"]),
    "a conversation": (lambda c: activity.conversation(c, "c1", at("9:00")),
                       ["messages_unseen", "emails_by_conversation"]),
    "a recap": (lambda c: activity.recap(c, "c1", activity.messages(c, "c1")[0], 5), []),
}  # fmt: skip

#: Indexes that hold only what is unfinished, and a table of one row: they may be walked.
SMALL = r"SCAN (CONSTANT ROW|sweeps|emails USING .*INDEX emails_(sending|next_attempt)|"
SMALL += r"waiting USING .*INDEX waiting_parked)"


@pytest.mark.parametrize(("use", "indexes"), HOT.values(), ids=HOT)
def test_what_a_sweep_asks_is_answered_by_an_index(chat, use, indexes):
    chat.converse()
    chat.say(at("9:00"))
    details = [d for query in statements(chat.ours, use) for d in plan(chat.ours, query)]
    for index in indexes:
        assert any(f"INDEX {index}" in detail for detail in details), details
    assert [d for d in details if d.startswith("SCAN") and not re.match(SMALL, d)] == []


@pytest.mark.parametrize("name", ["find", "find, one channel"])
def test_candidates_come_sorted_from_the_index(chat, name):
    """Sorting would read every candidate to return the first hundred."""
    details = [d for q in statements(chat.ours, HOT[name][0]) for d in plan(chat.ours, q)]
    assert details
    assert not any("B-TREE" in detail for detail in details)


WRITES = [
    "INSERT INTO messages (conversation, id, author, text) VALUES ('c1', 'm2', 'agent', 'x')",
    "INSERT INTO messages (conversation, id, author, text) VALUES ('c1', 'm2', 'customer', 'x')",
    "UPDATE messages SET seen_at = NULL WHERE conversation = 'c1' AND id = 'm1'",
    "UPDATE messages SET text = 'y' WHERE conversation = 'c1' AND id = 'm1'",
    "UPDATE messages SET author = 'bot', sent_at = '2026-03-01T08:00:00.000Z' "
    "WHERE conversation = 'c1' AND id = 'm1'",
    "DELETE FROM messages WHERE conversation = 'c1' AND id = 'm1'",
    "INSERT INTO reads (conversation, through) VALUES ('c1', 'm1')",
    "INSERT INTO pages (conversation, id) VALUES ('c1', 'p1')",
    "UPDATE pages SET last_active_at = opened_at WHERE conversation = 'c1' AND id = 'p1'",
    "DELETE FROM pages WHERE conversation = 'c1' AND id = 'p1'",
    "INSERT INTO conversations (id, channel) VALUES ('c9', 'acme')",
    "UPDATE conversations SET email = 'x@example.com' WHERE id = 'c1'",
    "DELETE FROM conversations WHERE id = 'c1'",
    "UPDATE emails SET state = 'cancelled' WHERE id = 1",
]


def full_scans(connection, statement):
    """The big tables that a statement and its triggers walk from end to end.

    EXPLAIN QUERY PLAN does not show triggers, so this reads SQLite's program: a cursor that is
    rewound (or sent to the end) without ever being placed by a key is a full scan.
    """
    roots = {
        row["rootpage"]: row["tbl_name"]
        for row in connection.execute("SELECT rootpage, tbl_name FROM sqlite_schema")
    }
    found, tables, program = set(), {}, connection.execute(f"EXPLAIN {statement}").fetchall()
    for step in program:
        if step["addr"] == 0:
            tables = {}
        if step["opcode"] in ("OpenRead", "OpenWrite", "ReopenIdx"):
            tables[step["p1"]] = roots.get(step["p2"])
        elif step["opcode"] in ("Rewind", "Last") and tables.get(step["p1"]) in BIG:
            found.add(tables[step["p1"]])
    return found


def test_full_scans_are_noticed(chat):
    assert full_scans(chat.ours, "SELECT count(*) FROM messages WHERE text = 'x'") == {"messages"}
    chat.write(
        "CREATE TRIGGER slow AFTER INSERT ON channels BEGIN "
        "UPDATE messages SET text = 'x' WHERE text = 'y'; END"
    )
    assert full_scans(chat.ours, "INSERT INTO channels (id) VALUES ('x')") == {"messages"}


@pytest.mark.parametrize("statement", WRITES)
def test_no_trigger_walks_a_big_table(chat, statement):
    assert full_scans(chat.ours, statement) == set()
