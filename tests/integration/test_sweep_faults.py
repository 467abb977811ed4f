"""Something breaks in the sweep itself while emails are on their way: what has left is recorded,
nothing is locked while it is told, and one odd row is nobody else's trouble.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing, suppress
from datetime import timedelta

import pytest
import stored
from builders import at

from continuation_cli import sweep
from continuation_cli.mail.transport import InDoubt, NotSent
from continuation_cli.outcomes import UnrecordedError
from continuation_cli.store import db

NOON = at("12:00")
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def chat(tmp_path, monkeypatch):
    monkeypatch.setattr(sweep, "PAUSES", (0.0, 0.01), raising=False)
    with stored.Store(tmp_path / "chat.db") as made:
        yield made


def due(chat, *names, text="Hello"):
    for name in names:
        chat.converse(name)
        chat.say(at("10:00"), conversation=name, text=text)


def states(chat):
    return dict(chat.rows("SELECT conversation, state FROM emails ORDER BY id"))


def once(action):
    """An answer of the transport that does something the first time."""
    actions = [action]

    def answer(envelope):
        if actions:
            actions.pop()()

    return answer


def defer(chat, now):
    """Sweep while every email is refused for now."""
    chat.answer = lambda _envelope: NotSent("rcpt", "later")
    chat.sweep(now)
    chat.answer = lambda _envelope: None


# --- Outcomes of emails in flight -----------------------------------------------------------------


def fill_the_disk(chat):
    """From here on the database file can grow by an outcome, but not by an email."""
    (pages,) = chat.ours.execute("PRAGMA page_count").fetchone()
    chat.ours.execute(f"PRAGMA max_page_count = {pages + 5}")


def test_a_setting_broken_meanwhile_loses_no_outcome(chat):
    due(chat, "c1", "c2")
    broken = "INSERT INTO settings VALUES ('acme', 'max_age', 'a while')"
    chat.answer = once(lambda: write_elsewhere(chat, broken))
    swept = chat.sweep(NOON)
    assert states(chat) == {"c1": "sent"}
    assert "a while" in " ".join(swept.report.not_configured)
    chat.write("DELETE FROM settings WHERE key = 'max_age'")
    assert chat.sweep(NOON).recipients == ["c2@example.com"]
    assert len(chat.delivered) == 2


def write_elsewhere(chat, sql):
    with closing(sqlite3.connect(chat.path, isolation_level=None)) as other:
        other.execute(sql)


def test_a_disk_that_is_full_for_the_claim_loses_no_outcome(chat):
    due(chat, "c1")
    due(chat, "c2", text="A long story. " * 5000)
    chat.answer = once(lambda: fill_the_disk(chat))
    told = []
    with pytest.raises(db.OperationalError, match="full"):
        chat.sweep(NOON, listen=told.append)
    assert states(chat) == {"c1": "sent"}
    assert [(result.conversation, result.state) for result in told] == [("c1", "sent")]
    chat.ours.execute("PRAGMA max_page_count = 1000000")
    assert chat.sweep(NOON).recipients == ["c2@example.com"]
    assert len(chat.delivered) == 2


def test_what_the_other_connections_are_sending_is_waited_for(chat):
    due(chat, "c1", "c2")
    due(chat, "c3", text="A long story. " * 5000)
    both = threading.Barrier(2, timeout=10)

    def answer(envelope):
        if envelope.recipient == "c3@example.com":
            return
        both.wait()
        if envelope.recipient == "c1@example.com":
            fill_the_disk(chat)
        else:
            time.sleep(0.3)

    chat.answer = answer
    with pytest.raises(db.OperationalError, match="full"):
        chat.sweep(NOON, connections=2)
    assert states(chat) == {"c1": "sent", "c2": "sent"}
    chat.ours.execute("PRAGMA max_page_count = 1000000")
    assert chat.sweep(NOON).recipients == ["c3@example.com"]


def test_a_listener_that_breaks_loses_no_outcome(chat):
    due(chat, "c1", "c2", "c3")

    def listen(result):
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        chat.sweep(NOON, listen=listen)
    assert set(states(chat).values()) == {"sent"}
    chat.sweep(NOON)
    assert len(chat.delivered) == 3


def test_nothing_is_locked_while_results_are_told(chat):
    due(chat, "c1", "c2")
    chat.backend.execute("PRAGMA busy_timeout = 0")
    seen = []

    def listen(result):
        chat.write("UPDATE conversations SET name = 'Ada' WHERE id = ?", result.conversation)
        state = chat.rows("SELECT state FROM emails WHERE id = ?", result.email)
        seen.append((result.conversation, state))

    chat.sweep(NOON, listen=listen)
    assert seen == [("c1", [("sent",)]), ("c2", [("sent",)])]


def test_what_cannot_be_recorded_is_named_and_in_doubt(chat):
    """Of two emails in flight one cannot be recorded: the other one is, all the same."""
    due(chat, "c1", "c2")
    chat.write(
        "CREATE TRIGGER full BEFORE UPDATE ON emails WHEN NEW.state = 'sent' "
        "AND NEW.conversation = 'c1' BEGIN SELECT RAISE(ABORT, 'no room'); END"
    )
    both = threading.Barrier(2, timeout=10)
    chat.answer = lambda _envelope: (both.wait(), None)[1]
    with pytest.raises(UnrecordedError) as caught:
        chat.sweep(NOON, connections=2)
    assert caught.value.emails == [1]
    assert "no room" in str(caught.value.__cause__)
    assert states(chat) == {"c1": "sending", "c2": "sent"}
    chat.write("DROP TRIGGER full")
    chat.answer = lambda _envelope: None
    again = chat.sweep(NOON)
    assert again.delivered == [each for each in chat.delivered if each.recipient[:2] == "c1"][:1]
    assert states(chat) == {"c1": "sent", "c2": "sent"}


def test_the_command_names_what_could_not_be_recorded(tmp_path, monkeypatch, request):
    run, chat = request.getfixturevalue("run"), request.getfixturevalue("database")
    monkeypatch.setattr(sweep, "PAUSES", ())
    with closing(sqlite3.connect(chat, isolation_level=None)) as connection:
        connection.executescript(
            "INSERT INTO settings VALUES ('', 'from_email', 'support@acme.example');"
            "INSERT INTO channels (id) VALUES ('acme');"
            "INSERT INTO conversations (id, channel, email, began_at) VALUES "
            "('c1', 'acme', 'ada@example.com', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-1 hour'));"
            "INSERT INTO messages (conversation, id, author, text, sent_at) VALUES "
            "('c1', 'm1', 'agent', 'x', strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '-9 minutes'));"
            "CREATE TRIGGER full BEFORE UPDATE ON emails WHEN NEW.state = 'sent' "
            "BEGIN SELECT RAISE(ABORT, 'no room'); END;"
        )
    ran = run("sweep", "--transport", f"maildir:{tmp_path / 'out'}")
    assert (ran.code, ran.out) == (75, "")
    assert "what became of email 1 could not be recorded: no room" in ran.err
    assert "Traceback" not in ran.err


def test_an_email_that_can_never_be_recorded_is_not_sent_each_minute(chat):
    """Whatever ends every sweep at the same point: ten copies at once, then one each four hours, at
    last none.
    """
    due(chat, "c1", "c2")
    chat.write(
        "CREATE TRIGGER broken BEFORE UPDATE ON emails WHEN NEW.state = 'sent' "
        "AND NEW.conversation = 'c1' BEGIN SELECT RAISE(ABORT, 'no room'); END"
    )
    arrived = []
    for minute in range(0, 4 * 24 * 60, 3):
        before = len(chat.delivered)
        with suppress(UnrecordedError):
            chat.sweep(NOON + minute * MINUTE)
        arrived += [(minute, e.recipient) for e in chat.delivered[before:]]
    copies = [minute for minute, recipient in arrived if recipient == "c1@example.com"]
    assert copies[:12] == [*range(0, 33, 3), 33 + 4 * 60]
    assert len(copies) < 30
    assert copies[-1] <= 3 * 24 * 60
    assert states(chat) == {"c1": "unknown", "c2": "sent"}
    assert [recipient for _, recipient in arrived].count("c2@example.com") == 1
    assert len({e.message for e in chat.delivered}) == 2


# --- One odd row ----------------------------------------------------------------------------------


@pytest.mark.parametrize("in_doubt", [0, 1])
@pytest.mark.parametrize(
    "poison",
    [
        "UPDATE conversations SET email = x'00ff' WHERE id = 'c1'",
        "UPDATE emails SET recipient = x'00ff' WHERE conversation = 'c1'",
        "UPDATE emails SET message = 'text' WHERE conversation = 'c1'",
    ],
)
def test_one_odd_row_stops_no_other_retry(chat, poison, in_doubt):
    due(chat, "c1", "c2")
    defer(chat, NOON)
    chat.write("DROP TRIGGER conversations_text_changed")  # the row is of before schema 8
    chat.write(poison)
    chat.write("UPDATE emails SET in_doubt = ?", in_doubt)
    swept = chat.sweep(NOON + MINUTE)
    assert swept.recipients == ["c2@example.com"]
    told = {result.conversation: result.state for result in swept.results}
    assert told["c2"] == "sent"
    assert told["c1"] in ("set_aside", "cancelled")
    if told["c1"] == "set_aside":
        detail, again = chat.rows("SELECT detail, next_attempt_at FROM emails WHERE id = 1")[0]
        assert "cannot be tried again" in detail
        assert again == stored.text(NOON + MINUTE + HOUR)
    assert chat.sweep(NOON + 2 * MINUTE).results == []


def test_an_orphan_of_a_channel_with_a_broken_setting_waits_until_it_is_mended(chat):
    due(chat, "c1", "c2")
    chat.write("INSERT INTO channels (id) VALUES ('bad')")
    chat.write("UPDATE conversations SET channel = 'bad' WHERE id = 'c1'")
    chat.answer = lambda envelope: (
        InDoubt("dot", "gone") if envelope.recipient == "c1@example.com" else None
    )
    chat.sweep(NOON)
    chat.answer = lambda _envelope: None
    chat.write("UPDATE emails SET state = 'sending', next_attempt_at = NULL WHERE id = 1")
    chat.write("INSERT INTO settings VALUES ('bad', 'on_unknown', 'perhaps')")
    due(chat, "c3")
    swept = chat.sweep(NOON)
    assert swept.recipients == ["c3@example.com"]
    assert "perhaps" in " ".join(swept.report.not_configured)
    chat.write("UPDATE settings SET value = 'resend' WHERE channel = 'bad'")
    assert chat.sweep(NOON).recipients == ["c1@example.com"]
    assert set(states(chat).values()) == {"sent"}


def test_a_conversation_that_cannot_be_looked_at_at_the_door_stops_no_other(chat):
    due(chat, "c1", "c2")
    usual = chat.transport_opens = threading.Event()
    chat.write("DROP TRIGGER conversations_text_changed")
    poison = "UPDATE conversations SET email = x'00ff' WHERE id = 'c1'"

    class Late(stored.InMemory):
        def send(self, envelope, last_look):
            if not usual.is_set():
                usual.set()
                write_elsewhere(chat, poison)
            return super().send(envelope, last_look)

    chat.transport = Late
    swept = chat.sweep(NOON)
    assert swept.recipients == ["c2@example.com"]
    assert swept.report.stopped is None
    assert states(chat)["c2"] == "sent"
    assert states(chat)["c1"] in ("deferred", "cancelled")


# --- A clock that was ahead -----------------------------------------------------------------------


def test_a_clock_that_was_ahead_holds_no_email_back(chat):
    due(chat, "c1")
    chat.write("INSERT INTO settings VALUES ('', 'max_age', '30d')")
    ahead = NOON + timedelta(days=20)
    defer(chat, ahead)
    assert chat.sweep(NOON).recipients == ["c1@example.com"]


def test_a_clock_that_was_ahead_sets_nothing_aside_for_long(chat):
    due(chat, "c1")
    chat.write("INSERT INTO settings VALUES ('', 'max_age', '30d')")
    chat.write("CREATE TRIGGER poison BEFORE INSERT ON emails BEGIN SELECT RAISE(ABORT, 'no'); END")
    chat.sweep(NOON + timedelta(days=20))
    chat.write("DROP TRIGGER poison")
    assert not db_is_idle(chat, NOON)
    assert chat.sweep(NOON).recipients == ["c1@example.com"]


def db_is_idle(chat, now):
    from continuation_cli.store import queue

    return queue.is_idle(chat.ours, stored.text(now))


def test_after_a_clock_was_ahead_cron_finds_what_was_deferred(chat):
    due(chat, "c1")
    chat.write("INSERT INTO settings VALUES ('', 'max_age', '30d')")
    defer(chat, NOON + timedelta(days=20))
    assert not db_is_idle(chat, NOON)
