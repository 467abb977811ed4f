"""Rows of a backend that is broken or hostile: what is no text does not get in; where it is in,
as in a database of before, it holds up nobody else.
"""

from __future__ import annotations

import sqlite3

import pytest
from hostile import BACKEND, columns, write_due

NO_UTF8 = [b"\xfcber", b"\xff", b"a\xc3", b"\x80", b"\xc0\x80", b"\xe0\x82\x80", b"\xed\xa0\x80",
           b"\xf4\x90\x80\x80", b"\xf0\x9f\x8e", b"a\0b"]  # fmt: skip
UTF8 = ["über", "日本🎉", "a\u0301", "\x01\x7f", "\ufffd\ufffe\uffff\U0001fffe", "\U0010ffff" * 200]


def test_a_blob_is_no_text(chat):
    """Drivers write one where a program hands them octets."""
    taken = set()
    for table in BACKEND:
        types = {row["name"]: row["type"] for row in chat.sql(f"PRAGMA table_info({table})")}
        for column in columns(chat, table):
            try:
                write_due(chat, len(taken), {table: {column: b"\xff"}})
            except (sqlite3.IntegrityError, sqlite3.OperationalError):  # "malformed JSON"
                continue
            taken.add((types[column], f"{table}.{column}"))
    notes = {"held_by", "held_why", "set_aside_why"}  # of `hold` and the sweep
    assert {name for kind, name in taken if kind == "TEXT"} == {f"conversations.{n}" for n in notes}
    for change in ("messages SET text", "conversations SET email", "pages SET url",
                   "channels SET name", "settings SET value"):  # fmt: skip
        with pytest.raises(sqlite3.IntegrityError, match="take text"):
            chat.sql(f"UPDATE {change} = x'00'")
    with pytest.raises(sqlite3.IntegrityError, match="take text"):
        chat.insert("settings", channel="", key="locale", value=b"en")


@pytest.mark.parametrize("table", BACKEND)
def test_an_id_is_utf8(chat, table):
    """An id in another encoding could never be asked for again."""
    insert = {
        "channels": "INSERT INTO channels (id) VALUES (CAST(? AS TEXT))",
        "conversations": "INSERT INTO conversations (id, channel) VALUES (CAST(? AS TEXT), 'a')",
        "pages": "INSERT INTO pages (id, conversation) VALUES (CAST(? AS TEXT), 'c')",
        "messages": "INSERT INTO messages (id, conversation, author, text) "
        "VALUES (CAST(? AS TEXT), 'c', 'agent', 'x')",
    }[table]
    chat.conversation("c", channel="a")
    for octets in NO_UTF8:
        with pytest.raises(sqlite3.IntegrityError, match="text in UTF-8"):
            chat.sql(insert, octets)
        with pytest.raises(sqlite3.IntegrityError, match="text in UTF-8"):
            chat.sql(insert.replace("INSERT", "INSERT OR REPLACE", 1), octets)
    for text in UTF8:
        chat.sql(insert, text.encode())
    assert {row["id"] for row in chat.sql(f"SELECT id FROM {table}")} >= set(UTF8)


def test_an_id_of_before_that_is_not_utf8_holds_up_nobody(chat, run):
    """It is read as another id, from which the queue does not lead on."""
    chat.sql("PRAGMA foreign_keys = OFF")
    for (trigger,) in chat.sql(
        "SELECT name FROM sqlite_schema WHERE name LIKE '%\\_text%' ESCAPE '\\'"
    ):
        chat.sql(f"DROP TRIGGER {trigger}")
    for number, octets in enumerate([b"\xfcber", b"\xff", b"\xfe"]):
        chat.due(f"x{number}")
        for table, column in (("pages", "conversation"), ("messages", "conversation"),
                              ("conversations", "id")):  # fmt: skip
            change = f"UPDATE {table} SET {column} = CAST(? AS TEXT) WHERE {column} = ?"
            chat.sql(change, octets, f"x{number}")
    for number in range(3):
        chat.due(f"good{number}", email=f"{number}@example.com")
    assert {row["conversation"] for row in run("pending").rows} == {"good0", "good1", "good2"}
    assert run("sweep").code == 0
    sent = chat.sql("SELECT conversation FROM emails WHERE state = 'sent' ORDER BY 1")
    assert [row["conversation"] for row in sent] == ["good0", "good1", "good2"]
    checked = run("db", "check")
    assert checked.code == 65
    assert checked.out.count("its id is not text in UTF-8") == 2  # \xff and \xfe are read alike
