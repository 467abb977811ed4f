"""Making, migrating and opening the database; what its constraints refuse; how it is searched."""

from __future__ import annotations

import os
import re
import sqlite3
import stat
import threading
from pathlib import Path

import pytest
from builders import DAY, at
from stored import text

from continuation_cli.store import activity, db, outbox, queue, schema

# --- Making it ---------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "chat.db")


@pytest.fixture
def made(path):
    schema.create(path, DAY)
    return path


def test_only_its_owner_can_read_it_whatever_the_umask(path):
    before = os.umask(0)
    try:
        schema.create(path, DAY)
        connection = db.connect(path)
        with db.writing(connection):
            connection.execute("INSERT INTO channels (id) VALUES ('acme')")
        # The write-ahead log holds the same secrets.
        modes = {
            name: stat.S_IMODE(Path(path + name).stat().st_mode) for name in ("", "-wal", "-shm")
        }
        connection.close()
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(("", "-wal", "-shm"), 0o600)


def test_a_file_that_is_there_is_left_alone(path):
    Path(path).write_text("precious")
    with pytest.raises(FileExistsError):
        schema.create(path, DAY)
    assert Path(path).read_text() == "precious"


def test_what_could_not_be_made_whole_is_not_left_behind(path, monkeypatch):
    monkeypatch.setattr(schema.secrets, "token_bytes", lambda length: b"short")
    with pytest.raises(sqlite3.IntegrityError, match="at least 32 bytes"):
        schema.create(path, DAY)
    assert not Path(path).exists()


def test_a_new_database_has_a_key_and_the_durability_that_the_outbox_needs(made):
    connection = db.connect(made)
    (secret,) = connection.execute("SELECT secret FROM keys").fetchone()
    assert len(secret) == 32
    settings = [connection.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("journal_mode", "synchronous", "foreign_keys")]  # fmt: skip
    assert settings == ["wal", 2, 1]
    connection.close()


def test_two_databases_have_different_keys(tmp_path):
    secrets = set()
    for name in ("one", "two"):
        schema.create(str(tmp_path / name), DAY)
        connection = db.connect(str(tmp_path / name))
        secrets |= {tuple(row) for row in connection.execute("SELECT kid, secret FROM keys")}
        connection.close()
    assert len(secrets) == 2


# --- Migrating ---------------------------------------------------------------------------------


def dump(path):
    connection = sqlite3.connect(path)
    found = connection.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY name").fetchall()
    version = connection.execute("PRAGMA user_version").fetchone()
    connection.close()
    return found, version


def test_migrating_again_does_nothing(made):
    before = dump(made)
    assert schema.migrate(made) == []
    assert dump(made) == before


def empty(path, application=db.APPLICATION_ID):
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE something (x)")
    connection.execute("DROP TABLE something")
    connection.execute(f"PRAGMA application_id = {application}")
    connection.commit()
    connection.close()


def test_from_nothing_step_by_step_to_the_same_schema(path, made, tmp_path):
    old = str(tmp_path / "old.db")
    empty(old)
    names = schema.migrate(old)
    assert names == sorted(names)
    assert len(names) == db.SCHEMA_VERSION
    assert dump(old) == dump(made)


def test_a_migration_that_fails_leaves_the_step_before(path, tmp_path, monkeypatch):
    empty(path)
    steps = schema.migrations._migrations

    def broken(database):
        database.conn.execute("CREATE TABLE half_done (x)")
        database.conn.execute("CREATE TABLE half_done (x)")

    monkeypatch.setattr(steps[2], "fn", broken)
    with pytest.raises(sqlite3.OperationalError, match="half_done"):
        schema.migrate(path)
    assert dump(path)[1] == (2,)
    assert not any(name == "half_done" for _, name, _ in dump(path)[0])
    monkeypatch.undo()
    assert len(schema.migrate(path)) == db.SCHEMA_VERSION - 2


# --- Opening it --------------------------------------------------------------------------------


def set_version(path, version):
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {version}")
    connection.close()


@pytest.mark.parametrize("write", [True, False])
def test_a_missing_file_is_not_made(path, write):
    with pytest.raises(db.MissingError, match=r"there is no database at .*chat\.db; make one with"):
        db.connect(path, write=write)
    assert not Path(path).exists()


@pytest.mark.parametrize("write", [True, False])
def test_a_newer_schema_is_left_alone(made, write):
    set_version(made, db.SCHEMA_VERSION + 1)
    with pytest.raises(db.SchemaError, match=r"newer than this program's .*install the newer"):
        db.connect(made, write=write)
    with pytest.raises(db.SchemaError, match="newer"):
        schema.migrate(made)


def test_an_older_schema_says_how_to_migrate(made):
    set_version(made, db.SCHEMA_VERSION - 1)
    with pytest.raises(db.SchemaError, match=r"older than .* run: .* db migrate"):
        db.connect(made)


@pytest.mark.parametrize("content", [b"", b"this is text, and not a database at all" * 20])
def test_something_else_is_no_database(path, content):
    Path(path).write_bytes(content)
    for use in (db.connect, schema.migrate):
        with pytest.raises(db.NotADatabaseError, match=r"chat\.db is"):
            use(path)


def test_somebody_elses_database_is_left_alone(path):
    empty(path, application=0)
    for use in (db.connect, schema.migrate):
        with pytest.raises(db.NotADatabaseError, match="not one of continuation's"):
            use(path)
    assert dump(path) == ([], (0,))


def test_a_directory_is_no_database(tmp_path):
    with pytest.raises(db.StoreError):
        db.connect(str(tmp_path))


def test_a_damaged_database(made):
    content = Path(made).read_bytes()
    Path(made).write_bytes(content[:100] + b"\xff" * 4000 + content[4100:])
    with pytest.raises(db.NotADatabaseError, match="not a usable SQLite database"):
        db.connect(made).close()


def test_a_write_to_what_was_opened_for_reading(made):
    connection = db.connect(made, write=False)
    with pytest.raises(db.ReadOnlyError, match="read-only"), db.translated(made):
        connection.execute("INSERT INTO channels (id) VALUES ('x')")
    connection.close()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_file(made):
    Path(made).chmod(0o400)
    with pytest.raises(db.ReadOnlyError, match="read-only"):
        db.connect(made)


def test_a_locked_database_is_busy(made, monkeypatch):
    monkeypatch.setattr(db, "BUSY_TIMEOUT", 0.05)
    other = db.connect(made)
    other.execute("BEGIN IMMEDIATE")
    connection = db.connect(made)
    with pytest.raises(db.BusyError, match="locked"), db.translated(made), db.writing(connection):
        pytest.fail("two writers at once")
    # Readers go on (WAL).
    reader = db.connect(made, write=False)
    assert reader.execute("SELECT count(*) FROM channels").fetchone()[0] == 0
    for one in (other, connection, reader):
        one.close()


def test_an_exclusively_locked_database_is_busy(made, monkeypatch):
    monkeypatch.setattr(db, "BUSY_TIMEOUT", 0.05)
    other = sqlite3.connect(made, isolation_level=None)
    other.execute("PRAGMA journal_mode = DELETE")
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(db.BusyError):
        db.connect(made)
    other.close()


@pytest.mark.parametrize("name", ["a b?c#d%20e.db", "naïve—名.db"])
def test_odd_paths(tmp_path, name):
    odd = str(tmp_path / name)
    schema.create(odd, DAY)
    db.connect(odd).close()
    assert [file.name for file in tmp_path.iterdir()] == [name]


# --- Transactions ------------------------------------------------------------------------------


def test_a_transaction_that_raises_writes_nothing(made):
    connection = db.connect(made)

    def write_half():
        with db.writing(connection):
            connection.execute("INSERT INTO channels (id) VALUES ('x')")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_half()
    assert connection.execute("SELECT count(*) FROM channels").fetchone()[0] == 0
    assert not connection.in_transaction
    connection.close()


def test_a_read_sees_one_state(made):
    reader, writer = db.connect(made, write=False), db.connect(made)
    with db.reading(reader):
        assert reader.execute("SELECT count(*) FROM channels").fetchone()[0] == 0
        writer.execute("INSERT INTO channels (id) VALUES ('x')")
        assert reader.execute("SELECT count(*) FROM channels").fetchone()[0] == 0
    assert reader.execute("SELECT count(*) FROM channels").fetchone()[0] == 1
    reader.close()
    writer.close()


def test_a_writer_waits_for_the_other(made):
    first, second = db.connect(made), db.connect(made)
    entered = threading.Event()

    def write():
        entered.set()
        with db.writing(second):
            second.execute("INSERT INTO channels (id) VALUES ('second')")

    with db.writing(first):
        thread = threading.Thread(target=write)
        thread.start()
        entered.wait()
        first.execute("INSERT INTO channels (id) VALUES ('first')")
    thread.join()
    assert first.execute("SELECT count(*) FROM channels").fetchone()[0] == 2
    first.close()
    second.close()


def test_the_data_version_tells_of_others_only(made):
    ours, other = db.connect(made), db.connect(made)
    before = db.data_version(ours)
    ours.execute("INSERT INTO channels (id) VALUES ('x')")
    assert db.data_version(ours) == before
    other.execute("INSERT INTO channels (id) VALUES ('y')")
    assert db.data_version(ours) != before
    ours.close()
    other.close()


# --- Constraints -------------------------------------------------------------------------------

GOOD = {
    "channels": {"id": "shop"},
    "conversations": {"id": "c2", "channel": "acme"},
    "pages": {"conversation": "c1", "id": "p1"},
    "messages": {"conversation": "c1", "id": "m1", "author": "agent", "text": "x"},
    "reads": {"conversation": "c1", "through": "m1"},
    "suppressions": {"address": "ada@example.com", "reason": "manual"},
    "settings": {"key": "enabled", "value": "on"},
}
TIMES = {
    "channels": ["created_at"],
    "conversations": ["began_at", "closed_at", "reopened_at", "held_at", "set_aside_until",
                      "channel_at", "email_at", "name_at", "locale_at"],
    "pages": ["opened_at", "visible_at", "hidden_at", "last_active_at", "closed_at", "url_at"],
    "messages": ["sent_at", "seen_at", "edited_at", "deleted_at", "format_at", "attachments_at"],
    "reads": ["at"],
    "suppressions": ["created_at"],
}  # fmt: skip
NO_TIMES = [
    "2026-03-01 09:00:00",
    "2026-03-01T09:00:00Z",
    "2026-03-01T09:00:00.000",
    "2026-03-01T09:00:00.000+00:00",
    "2026-03-01T09:00:00.000000Z",
    "2026-02-30T09:00:00.000Z",
    "2026-03-01t09:00:00.000z",
    "2026-03-01T24:00:00.000Z",
    "0000-01-01T00:00:00.000Z",
    "1969-12-31T23:59:59.999Z",
    "9999-12-31T23:59:59.999Z",
    "now",
    "",
    1772355600,
    2461100.5,
    b"2026-03-01T09:00:00.000Z",
]


@pytest.mark.parametrize("table", GOOD)
def test_a_backend_need_write_only_what_it_knows(chat, table):
    chat.converse()
    chat.insert(table, GOOD[table])


@pytest.mark.parametrize(("table", "column"), [(t, c) for t in TIMES for c in TIMES[t]])
def test_only_utc_text_is_a_time(chat, table, column):
    chat.converse()
    for value in NO_TIMES:
        with pytest.raises(sqlite3.IntegrityError, match=f"{column} must be UTC like 2026-03-01T"):
            chat.insert(table, GOOD[table] | {column: value})
    chat.insert(table, GOOD[table] | {column: "2026-03-01T09:00:00.000Z"})


def test_every_column_that_is_a_time_is_checked(made):
    connection = db.connect(made)
    unchecked = [
        f"{name}.{column}"
        for name, sql in connection.execute("SELECT name, sql FROM sqlite_schema")
        for column in re.findall(r"^\s+(\w+_at|at|\w+_until)\s+TEXT", sql or "", re.MULTILINE)
        if f"{column} must be UTC" not in sql
    ]
    connection.close()
    # The queue's own, which no backend writes; '' there stands for "at once".
    assert unchecked == ["waiting.check_at"]


def test_every_millisecond_of_a_day_passes_the_check(chat):
    """strftime computes in floating point: no time that we write may fall foul of it."""
    wrong = chat.rows(
        "WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 59999), "
        "t (x) AS (SELECT printf('2026-03-01T23:59:%02d.%03dZ', i / 1000, i % 1000) FROM n) "
        "SELECT x FROM t WHERE x IS NOT strftime('%Y-%m-%dT%H:%M:%fZ', x, '+0 days')"
    )
    assert wrong == []


REFUSED = [
    ("messages", {"author": "Agent"}, "author must be agent, bot, customer, note or system"),
    ("messages", {"author": None}, "NOT NULL constraint failed: messages.author"),
    ("messages", {"via": "sms"}, "via must be chat or email"),
    ("messages", {"format": "bbcode"}, "format must be plain, markdown or html"),
    ("messages", {"attachments": '{"name": "a.pdf"}'}, "attachments must be a JSON array"),
    ("messages", {"text": None}, "NOT NULL constraint failed: messages.text"),
    ("messages", {"id": ""}, "a message id has 1 to 200 characters"),
    ("messages", {"id": "x" * 201}, "a message id has 1 to 200 characters"),
    ("conversations", {"id": ""}, "a conversation id has 1 to 200 characters"),
    ("conversations", {"id": "x" * 201}, "a conversation id has 1 to 200 characters"),
    ("conversations", {"channel": None}, "NOT NULL constraint failed: conversations.channel"),
    ("channels", {"id": ""}, "a channel id has 1 to 200 characters"),
    ("suppressions", {"reason": "spite"}, "reason must be bounce, complaint, unsubscribe or"),
]


@pytest.mark.parametrize(("table", "fields", "told"), REFUSED)
def test_bad_rows_are_refused_in_words(chat, table, fields, told):
    chat.converse()
    with pytest.raises(sqlite3.IntegrityError, match=re.escape(told)):
        chat.insert(table, GOOD[table] | fields)


def test_attachments_that_are_not_json_are_refused(chat):
    chat.converse()
    with pytest.raises(sqlite3.Error, match=r"malformed JSON|attachments must be"):
        chat.insert("messages", GOOD["messages"] | {"attachments": "a.pdf"})


@pytest.mark.parametrize("table", ["conversations", "pages", "messages", "reads"])
def test_with_foreign_keys_there_are_no_orphans(chat, table):
    chat.write("PRAGMA foreign_keys = ON")
    row = GOOD[table] | ({"channel": "none"} if table == "conversations" else {})
    with pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"):
        chat.insert(table, row)


def test_one_id_is_one_message(chat):
    chat.converse()
    chat.say(at("9:00"))
    with pytest.raises(sqlite3.IntegrityError, match=r"messages\.conversation, messages\.id"):
        chat.say(at("9:01"))


# --- How it is searched ------------------------------------------------------------------------

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
    "orphans": (lambda c: outbox.adopt_orphans(c, at("9:00")), ["emails_sending"]),
    "retries": (lambda c: outbox.retries(c, at("9:00")), ["emails_next_attempt"]),
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
