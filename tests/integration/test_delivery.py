"""Sweeps against real SMTP servers: each stage, each fault: what the outbox records, and what is
tried again.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

import pytest
from delivering import later, read
from faulty_smtp import DROP, STALL

pytestmark = pytest.mark.usefixtures("patience")


# --- Each stage, each fault ---------------------------------------------------------------------


class Case(NamedTuple):
    stage: str
    fault: object
    state: str
    code: int | None = None
    reply: str = ""


OPENING = [
    (stage, fault)
    for stage in ("connect", "ehlo")
    for fault in ("421 4.3.2 busy", "554 5.7.1 go away", DROP, STALL, b"\xff\x00nonsense\r\n")
]
CASES = [
    *(
        case
        for stage in ("mail", "rcpt", "data", "dot")
        for case in (
            Case(stage, "450 4.2.1 later", "deferred", 450, "4.2.1 later"),
            Case(stage, "421 4.3.2 closing", "deferred", 421, "4.3.2 closing"),
            Case(stage, "550 5.7.1 no", "failed", 550, "5.7.1 no"),
        )
    ),
    *(
        Case(stage, fault, "deferred")
        for stage in ("mail", "rcpt", "data")
        for fault in (DROP, STALL, b"what?\r\n")
    ),
    # So small a message is handed over in one go: nobody knows how far the server read.
    Case("body", DROP, "unknown"),
    *(Case("dot", fault, "unknown") for fault in (DROP, STALL, b"what?\r\n")),
    *(
        Case("quit", fault, "sent", 250, "2.0.0 queued as F1")
        for fault in ("421 4.0.0 bye", "500 5.0.0 no", DROP, STALL)
    ),
]


def case_id(value):
    return str(value) if isinstance(value, str | bytes) or hasattr(value, "name") else None


@pytest.mark.parametrize(("stage", "fault"), OPENING)
def test_a_server_that_cannot_be_had_uses_nothing_up(sweep, chat, faulty_smtp, stage, fault):
    chat.due()
    server = faulty_smtp(**{stage: fault})
    ran = sweep(server)
    assert (ran.code, ran.out) == (75, "")
    assert stage in ran.err
    assert chat.sql("SELECT 1 FROM attempts") == []
    server.faults.clear()
    later(chat)
    assert sweep(server).code == 0
    assert len(server.accepted) == 1
    assert chat.one("SELECT state, attempts FROM emails")[:] == ("sent", 1)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.stage}-{case.fault}")
def test_what_is_recorded(sweep, chat, faulty_smtp, case):
    chat.due()
    server = faulty_smtp(**{case.stage: case.fault})
    began = datetime.now(chat.now.tzinfo)
    ran = sweep(server)
    assert ran.code == (1 if case.state == "failed" else 0)
    assert ran.out == ""
    assert (ran.err == "") == (case.state != "failed")
    email = chat.one("SELECT * FROM emails")
    attempt = chat.one("SELECT * FROM attempts")
    assert (email["state"], email["attempts"], attempt["number"]) == (case.state, 1, 1)
    assert attempt["outcome"] == case.state
    assert attempt["stage"] == (None if case.state == "sent" else case.stage.replace("body", "dot"))
    assert attempt["code"] == case.code
    if case.reply:
        assert attempt["reply"] == case.reply
    assert attempt["started_at"] <= attempt["finished_at"]
    if case.state in ("deferred", "unknown"):
        wait = datetime.fromisoformat(email["next_attempt_at"]) - began
        assert timedelta(minutes=1) - timedelta(seconds=1) < wait < timedelta(minutes=1, seconds=9)
    else:
        assert email["next_attempt_at"] is None
    assert chat.sql("SELECT 1 FROM suppressions") == []
    assert len(server.accepted) == (case.state == "sent")
    assert chat.one("SELECT email FROM messages") == email["id"]


@pytest.mark.parametrize(
    "case", [c for c in CASES if c.state == "deferred"], ids=lambda c: str(c[:2])
)
def test_a_deferred_email_is_sent_as_it_was(sweep, chat, faulty_smtp, case):
    chat.due()
    server = faulty_smtp(**{case.stage: case.fault})
    sweep(server)
    stored = chat.one("SELECT message FROM emails")
    server.faults.clear()
    assert sweep(server).code == 0
    assert server.accepted == []  # not before its time
    later(chat)
    assert sweep(server) == sweep(server)
    assert server.accepted == [stored]
    assert chat.one("SELECT state, attempts FROM emails")[:] == ("sent", 2)
    outcomes = [row[0] for row in chat.sql("SELECT outcome FROM attempts ORDER BY number")]
    assert outcomes == ["deferred", "sent"]


def test_the_waits_grow_and_end_with_max_age(sweep, chat, faulty_smtp):
    chat.due()
    server = faulty_smtp(rcpt="450 4.2.1 later")
    waits = []
    for _ in range(7):
        ran = sweep(server)
        assert ran.code == 0
        at, began = chat.one(
            "SELECT next_attempt_at, (SELECT max(finished_at) FROM attempts) FROM emails"
        )
        wait = datetime.fromisoformat(at) - datetime.fromisoformat(began)
        waits.append(round(wait.total_seconds() / 60))
        later(chat)
    assert waits == [1, 5, 15, 60, 240, 240, 240]
    assert len({command for command in server.commands if command.startswith("MAIL")}) == 1
    chat.sql("UPDATE emails SET created_at = ?", chat.ago(3 * 24 * 60 - 200))
    ran = sweep(server)
    assert ran.code == 1
    assert ran.err == "c1: email 1 failed: gave up: rcpt: 450 4.2.1 later\n"
    assert chat.one("SELECT next_attempt_at FROM emails") is None


@pytest.mark.parametrize("reply", ["550 5.1.1 no such user", "553 5.1.3 bad", "556 5.1.10 null MX"])
def test_an_address_that_is_no_good_is_suppressed(sweep, chat, faulty_smtp, reply):
    chat.due("c1", email="Ada@Example.com")
    server = faulty_smtp(rcpt=[reply, None])
    assert sweep(server).code == 1
    row = chat.one("SELECT * FROM suppressions")
    assert (row["address"], row["reason"]) == ("ada@example.com", "bounce")
    assert row["source"] == f"email 1: rcpt: {reply}"
    chat.message("c1", "m2", ago=5)
    chat.due("c2", email="ADA@example.com")
    chat.due("c3", email="eve@example.com")
    assert sweep(server).code == 0
    assert [read(message)["To"] for message in server.accepted] == ["eve@example.com"]


def test_a_server_that_is_gone_at_the_retry_uses_nothing_up(sweep, chat, faulty_smtp):
    chat.due()
    server = faulty_smtp(rcpt=["450 4.2.1 later", None])
    sweep(server)
    server.faults["connect"] = "421 4.3.2 busy"
    later(chat)
    due_at = chat.one("SELECT next_attempt_at FROM emails")
    for _ in range(2):
        assert sweep(server).code == 75
        row = chat.one("SELECT state, attempts, next_attempt_at FROM emails")
        assert row[:] == ("deferred", 1, due_at)
        assert chat.one("SELECT count(*) FROM attempts") == 1
    server.faults["connect"] = None
    assert sweep(server).code == 0
    assert chat.one("SELECT state, attempts FROM emails")[:] == ("sent", 2)


def test_a_server_that_goes_away_for_good_in_the_middle(sweep, chat, faulty_smtp):
    for n in range(4):
        chat.due(f"c{n}")
    server = faulty_smtp(connect=[None, "421 4.3.2 busy"], mail=[None, DROP])
    ran = sweep(server)
    assert (ran.code, ran.out) == (75, "")
    assert "421 4.3.2 busy" in ran.err
    assert chat.sql("SELECT 1 FROM emails WHERE attempts > 0 AND state <> 'sent'") == []
    assert chat.one("SELECT count(*) FROM attempts") == 1
    server.faults.clear()
    assert sweep(server).code == 0
    sent = [row for row in chat.emails() if row["state"] == "sent"]
    assert sorted(row["conversation"] for row in sent) == ["c0", "c1", "c2", "c3"]
    assert len(server.accepted) == 4
