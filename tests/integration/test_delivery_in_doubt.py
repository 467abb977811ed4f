"""Sweeps against real SMTP servers: what is in doubt, and what changes between two attempts."""

from __future__ import annotations

import signal
import threading
import time

import pytest
from delivering import body, later, read, states, wait_for
from faulty_smtp import DROP, STALL

pytestmark = pytest.mark.usefixtures("patience")


# --- In doubt -----------------------------------------------------------------------------------


def test_in_doubt_it_is_sent_again_just_as_it_was(sweep, chat, faulty_smtp):
    chat.due()
    server = faulty_smtp(dot=[DROP, b"what?\r\n", None])
    assert sweep(server).code == 0
    chat.sql("UPDATE messages SET text = 'Edited since.'")
    later(chat)
    assert sweep(server).code == 0
    assert states(chat) == ["unknown"]
    later(chat)
    assert sweep(server).code == 0
    assert states(chat) == ["sent"]
    assert len(server.received) == 3
    assert set(server.received) == {chat.one("SELECT message FROM emails")}


def test_in_doubt_but_read_meanwhile_it_is_not_sent_again(sweep, chat, faulty_smtp):
    chat.due()
    server = faulty_smtp(dot=[DROP, None])
    sweep(server)
    chat.sql("UPDATE messages SET seen_at = ?", chat.ago(0))
    later(chat)
    assert sweep(server).code == 0
    assert (states(chat), len(server.received)) == (["cancelled"], 1)


def test_on_hold_a_person_decides_that_it_arrived(run, sweep, chat, faulty_smtp):
    chat.due()
    chat.set("on_unknown", "hold")
    server = faulty_smtp(dot=[DROP, None])
    assert sweep(server).code == 0
    assert chat.one("SELECT state, next_attempt_at FROM emails")[:] == ("unknown", None)
    assert sweep(server).code == 0
    assert len(server.received) == 1
    assert run("emails", "resolve", "1", "--sent", "--by", "eve").code == 0
    assert chat.one("SELECT state, detail FROM emails")[:] == ("sent", "resolved as sent by eve")
    sweep(server)
    assert len(server.received) == 1


def test_on_hold_a_person_decides_to_send_it_again(run, sweep, chat, faulty_smtp):
    chat.due()
    chat.set("on_unknown", "hold")
    server = faulty_smtp(dot=[DROP, None])
    sweep(server)
    assert run("emails", "resolve", "1", "--resend").code == 0
    assert sweep(server).code == 0
    assert states(chat) == ["sent"]
    assert server.received[0] == server.received[1]


def test_a_killed_sweep_leaves_one_email_in_doubt_and_it_is_sent_again(
    sweep, spawn, chat, faulty_smtp
):
    for name in ("c1", "c2", "c3"):
        chat.due(name)
    server = faulty_smtp(dot=[None, STALL, None])
    killed = spawn("sweep", "--connections", "1", "--transport", server.url)
    wait_for(lambda: len(server.received) == 2)
    killed.send_signal(signal.SIGKILL)
    killed.wait(5)
    assert sorted(states(chat)) == ["sending", "sent"]
    in_doubt = chat.one("SELECT message FROM emails WHERE state = 'sending'")
    assert sweep(server).code == 0
    assert states(chat) == ["sent"] * 3
    assert [message == in_doubt for message in server.received] == [False, True, True, False]
    reply = "SELECT reply FROM attempts WHERE outcome = 'unknown'"
    assert chat.one(reply) == "the sweep ended while sending it"


def test_a_killed_sweep_on_hold_waits_for_a_person(sweep, spawn, chat, faulty_smtp):
    chat.due()
    chat.set("on_unknown", "hold")
    server = faulty_smtp(dot=[STALL, None])
    killed = spawn("sweep", "--transport", server.url)
    wait_for(lambda: server.received)
    killed.kill()
    killed.wait(5)
    assert sweep(server).code == 0
    assert (states(chat), len(server.received)) == (["unknown"], 1)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_end_it_ends_between_two_emails(spawn, chat, faulty_smtp, monkeypatch, number):
    for n in range(5):
        chat.due(f"c{n}")
    server, go_on, usual = faulty_smtp(), threading.Event(), None
    usual = server.behaviour

    def slow(stage):
        if stage == "dot":
            go_on.wait(10)
        return usual(stage)

    monkeypatch.setattr(server, "behaviour", slow)
    ending = spawn("sweep", "--connections", "1", "--transport", server.url)
    wait_for(lambda: server.received)
    ending.send_signal(number)
    time.sleep(0.3)
    assert ending.poll() is None
    go_on.set()
    assert ending.wait(5) == 75
    assert number.name.encode() in ending.stderr.read()
    assert (states(chat), len(server.accepted)) == (["sent"], 1)
    assert server.commands[-1] == "QUIT"


# --- What changes between two attempts ----------------------------------------------------------


def two_messages(chat):
    chat.due()
    chat.message("c1", "m2", "It arrives on Friday.", ago=9)


CHANGES = {
    "seen": ("UPDATE messages SET seen_at = '{now}'", None),
    "deleted": ("UPDATE messages SET deleted_at = '{now}'", None),
    "answered": (
        "INSERT INTO messages (conversation, id, author, text) "
        "VALUES ('c1', 'm3', 'customer', 'ok')",
        None,
    ),
    "closed off": ("UPDATE settings SET value = 'off' WHERE key = 'enabled'", None),
    "suppressed": (
        "INSERT INTO suppressions (address, reason) VALUES ('ada@example.com', 'complaint')",
        None,
    ),
    "held": ("UPDATE conversations SET held_at = '{now}'", None),
    "read through the first": (
        "INSERT INTO reads (conversation, through) VALUES ('c1', 'm1')",
        ("ada@example.com", ["arrives on Friday"], ["refund"]),
    ),
    "second deleted": (
        "UPDATE messages SET deleted_at = '{now}' WHERE id = 'm2'",
        ("ada@example.com", ["refund"], ["Friday"]),
    ),
    "edited": (
        "UPDATE messages SET text = 'Next Monday.', edited_at = '{now}' WHERE id = 'm2'",
        ("ada@example.com", ["refund", "Next Monday"], ["Friday"]),
    ),
    "another address": (
        "UPDATE conversations SET email = 'ada@new.example'",
        ("ada@new.example", ["refund", "Friday"], []),
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_before_the_retry(sweep, chat, faulty_smtp, change):
    two_messages(chat)
    chat.set("enabled", "on")
    server = faulty_smtp(rcpt=["450 4.2.1 later", None])
    sweep(server)
    statement, expected = CHANGES[change]
    chat.sql(statement.format(now=chat.ago(0)))
    later(chat)
    assert sweep(server).code == 0
    assert sweep(server).code == 0
    first = chat.emails()[0]
    assert first["state"] == "cancelled"
    assert first["detail"]
    if expected is None:
        assert server.accepted == []
        return
    to, there, gone = expected
    [message] = server.accepted
    assert read(message)["To"] == to
    assert all(words in body(message) for words in there)
    assert not any(words in body(message) for words in gone)
    assert read(message)["Message-ID"] != first["message_id"]
    assert [row["state"] for row in chat.emails()] == ["cancelled", "sent"]


def test_what_comes_while_it_waits_is_told_in_the_same_email(sweep, chat, faulty_smtp):
    chat.due()
    server = faulty_smtp(rcpt=["450 4.2.1 later", None])
    sweep(server)
    chat.message("c1", "m2", "It arrives on Friday.", ago=5)
    assert sweep(server).code == 0
    [message] = server.accepted
    assert "refund" in body(message)
    assert "Friday" in body(message)
    assert states(chat) == ["cancelled", "sent"]
    assert {row["email"] for row in chat.sql("SELECT email FROM messages")} == {2}


def test_a_message_read_while_the_email_is_at_the_door_stays_there(
    sweep, chat, faulty_smtp, monkeypatch
):
    two_messages(chat)
    server = faulty_smtp()
    usual = server.behaviour

    def reading(stage):
        if stage == "rcpt" and not server.received:
            other = type(chat)(chat.path)
            other.sql("UPDATE messages SET seen_at = ? WHERE id = 'm1'", chat.ago(0))
            other.close()
        return usual(stage)

    monkeypatch.setattr(server, "behaviour", reading)
    assert sweep(server).code == 0
    monkeypatch.undo()
    sweep(server)
    assert states(chat)[0] == "cancelled"
    [message] = server.accepted
    assert "refund" not in body(message)
    assert "Friday" in body(message)
