"""A conversation whose data break the email is recorded and set aside; the rest is sent."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import pytest

from continuation_cli import sending, templates
from continuation_cli.core.times import to_text
from continuation_cli.drafts import Drafter
from continuation_cli.mail.transport import open_transport
from continuation_cli.store import db, schema
from continuation_cli.sweep import Scope, Sweep

if TYPE_CHECKING:
    from continuation_cli.outcomes import Result

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


@pytest.fixture
def chat(tmp_path):
    path = str(tmp_path / "chat.db")
    schema.create(path, NOW)
    with closing(db.connect(path)) as connection:
        connection.execute("INSERT INTO channels (id) VALUES ('acme')")
        connection.execute("INSERT INTO settings VALUES ('', 'from_email', 'help@acme.example')")
        for name in ("c1", "c2", "c3"):
            connection.execute(
                "INSERT INTO conversations (id, channel, email, began_at) VALUES (?, ?, ?, ?)",
                (name, "acme", f"{name}@example.com", to_text(NOW - timedelta(hours=1))),
            )
            connection.execute(
                "INSERT INTO messages (conversation, id, author, text, sent_at) "
                "VALUES (?, 'm1', 'agent', 'Hello', ?)",
                (name, to_text(NOW - timedelta(minutes=30))),
            )
        yield path, connection


class Ran(NamedTuple):
    results: list[Result]
    not_configured: set[str]


def sweep(path, connection, tmp_path, now=NOW) -> Ran:
    results: list[Result] = []
    pool = sending.Threads(
        lambda: open_transport(f"maildir:{tmp_path / 'out'}", {}),
        lambda: sending.LastLook(path, lambda: now),
        2,
    )
    drafter = Drafter(connection, templates.load(None))
    run = Sweep(
        connection, drafter, pool, clock=lambda: now, scope=Scope(), on_result=results.append
    )
    try:
        report = run.run()
    finally:
        pool.close()
    return Ran(results, report.not_configured)


def states(results):
    return sorted((result.conversation, result.state) for result in results)


def test_text_that_is_not_utf8_is_sent_all_the_same(chat, tmp_path):
    path, connection = chat
    connection.execute(
        "UPDATE messages SET text = CAST(x'48ff69' AS TEXT) WHERE conversation = 'c2'"
    )
    assert states(sweep(path, connection, tmp_path).results) == [
        ("c1", "sent"), ("c2", "sent"), ("c3", "sent"),
    ]  # fmt: skip


def test_the_rest_is_sent_and_the_poisoned_is_tried_again_an_hour_later(chat, tmp_path):
    path, connection = chat
    connection.execute(
        "CREATE TRIGGER poison BEFORE INSERT ON emails WHEN NEW.conversation = 'c2' "
        "BEGIN SELECT RAISE(ABORT, 'no more of these'); END"
    )
    assert states(sweep(path, connection, tmp_path).results) == [
        ("c1", "sent"), ("c2", "set_aside"), ("c3", "sent"),
    ]  # fmt: skip
    assert sweep(path, connection, tmp_path, NOW + timedelta(minutes=59)).results == []

    connection.execute("DROP TRIGGER poison")
    later = sweep(path, connection, tmp_path, NOW + timedelta(minutes=61)).results
    assert states(later) == [("c2", "sent")]
    row = connection.execute("SELECT set_aside_why FROM conversations WHERE id = 'c2'").fetchone()
    assert row["set_aside_why"] is None


def test_a_channel_with_an_unusable_setting_waits_until_it_is_mended(chat, tmp_path):
    path, connection = chat
    connection.execute("INSERT INTO channels (id) VALUES ('bad')")
    connection.execute("UPDATE conversations SET channel = 'bad' WHERE id = 'c2'")
    connection.execute("INSERT INTO settings VALUES ('bad', 'timezone', 'Mars/Olympus')")
    ran = sweep(path, connection, tmp_path)
    assert states(ran.results) == [("c1", "sent"), ("c3", "sent")]
    assert "Mars/Olympus" in " ".join(ran.not_configured)

    connection.execute("UPDATE settings SET value = 'Europe/Rome' WHERE channel = 'bad'")
    assert states(sweep(path, connection, tmp_path).results) == [("c2", "sent")]


def test_a_poisoned_claim_does_not_lose_the_outcome_recorded_with_it(chat, tmp_path):
    path, connection = chat
    connection.execute(
        "CREATE TRIGGER poison BEFORE INSERT ON emails WHEN NEW.conversation <> 'c1' "
        "BEGIN SELECT RAISE(ABORT, 'no more of these'); END"
    )
    sweep(path, connection, tmp_path)
    found = connection.execute("SELECT conversation, state FROM emails").fetchall()
    assert [tuple(row) for row in found] == [("c1", "sent")]
