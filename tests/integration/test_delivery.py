"""Sweeps against real SMTP servers: whatever happens at whatever stage, what the outbox records,
what is tried again, and that nothing is lost and nothing is sent twice knowingly.
"""

from __future__ import annotations

import signal
import threading
import time
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from typing import NamedTuple

import pytest
from faulty_smtp import DROP, STALL
from real_smtp import PASSWORD

from continuation_cli.mail.smtp import SmtpTransport
from continuation_cli.store import db


@pytest.fixture(autouse=True)
def patience(monkeypatch, request):
    """A server that stalls is given up after a moment; one that does not is waited for, however
    busy the machine is.
    """
    case = getattr(request.node, "callspec", None)
    seconds = 0.3 if case and repr(STALL) in repr(case.params) else 20.0
    defaults = SmtpTransport.__init__.__kwdefaults__
    for name in ("connect_timeout", "command_timeout", "final_timeout"):
        monkeypatch.setitem(defaults, name, seconds)


@pytest.fixture
def sweep(run, chat):
    """Sweep through one server."""

    def sweep(server, *words, **more):
        return run("sweep", "--connections", "1", "--transport", server.url, *words, **more)

    return sweep


def later(chat):
    """The wait until the next attempt is over."""
    changed = "UPDATE emails SET next_attempt_at = ? WHERE next_attempt_at IS NOT NULL"
    chat.sql(changed, chat.ago(1))


def states(chat):
    return [row["state"] for row in chat.emails()]


def read(message):
    return message_from_bytes(message, policy=policy.default)


def body(message):
    """The text part's news, without what is repeated of before."""
    content = read(message).get_body(("plain",)).get_content()
    return content.partition("Earlier in this conversation")[0]


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


def wait_for(condition):
    until = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


# --- What changes between two attempts ------------------------------------------------------------


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


# --- Some of many -------------------------------------------------------------------------------


def test_one_bad_recipient_among_many(run, chat, faulty_smtp):
    for n in range(6):
        chat.due(f"c{n}", email=f"a{n}@example.com")
    server = faulty_smtp(rcpt=[None, None, "550 5.1.1 no", "451 4.3.0 wait", None])
    ran = run("sweep", "--connections", "1", "--transport", server.url, "--json")
    assert ran.code == 1
    counts = {key: ran.data[key] for key in ("sent", "deferred", "failed", "cancelled", "unknown")}
    assert counts == {"sent": 4, "deferred": 1, "failed": 1, "cancelled": 0, "unknown": 0}
    assert len(server.accepted) == 4
    assert server.connections == 1


@pytest.mark.parametrize("connections", [1, 4])
def test_one_poisoned_conversation_among_many(run, chat, real_smtp, tmp_path, connections):
    for n in range(6):
        chat.due(f"c{n}")
    chat.sql("UPDATE messages SET text = 'poison' WHERE conversation = 'c2'")
    (tmp_path / "body.txt").write_text(
        "{% for group in groups %}{% for m in group.messages %}"
        "{{ 1 // 0 if m.text == 'poison' else m.text }}{% endfor %}{% endfor %}"
    )
    server = real_smtp()
    words = ("sweep", "--transport", server.url, "--connections", connections)
    ran = run(*words, "--templates", tmp_path)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith("c2: its email set_aside: cannot be composed: ComposeError")
    assert len(server.mails) == 5
    again = run(*words, "--templates", tmp_path)
    assert (again.code, again.err) == (0, "")
    aside = run("pending", "--json").data
    assert [(row["conversation"], row["reason"]) for row in aside] == [("c2", "set_aside")]
    told = run("explain", "c2").out
    assert "could not be composed" in told
    assert "body.txt" in told
    chat.sql("UPDATE conversations SET set_aside_until = ?", chat.ago(1))
    assert run(*words).code == 0
    assert len(server.mails) == 6
    assert chat.one("SELECT set_aside_why FROM conversations WHERE id = 'c2'") is None


def test_limit(sweep, chat, real_smtp):
    for n in range(5):
        chat.due(f"c{n}")
    server = real_smtp()
    sent = []
    for _ in range(4):
        assert sweep(server, "--limit", "2").code == 0
        sent.append(len(server.mails))
    assert sent == [2, 4, 5, 5]


def test_only_one_channel_or_conversation(sweep, chat, real_smtp):
    chat.due("a1", channel="acme")
    chat.due("b1", channel="beta")
    chat.due("b2", channel="beta")
    server = real_smtp()
    sweep(server, "--conversation", "b2")
    assert [row["conversation"] for row in chat.emails()] == ["b2"]
    sweep(server, "--channel", "acme")
    assert [row["conversation"] for row in chat.emails()] == ["b2", "a1"]


def test_a_server_that_allows_one_connection(run, chat, faulty_smtp):
    for n in range(12):
        chat.due(f"c{n}")
    server = faulty_smtp(connect=[None, "421 4.7.0 too many connections"])
    ran = run("sweep", "--connections", "3", "--transport", server.url)
    assert (ran.code, ran.err) == (0, "")
    assert states(chat) == ["sent"] * 12
    assert len(server.accepted) == 12


def test_several_connections_send_each_email_once(run, chat, real_smtp):
    for n in range(60):
        chat.due(f"c{n}", email=f"a{n}@example.com")
    server = real_smtp()
    assert run("sweep", "--connections", "4", "--transport", server.url).code == 0
    assert sorted(mail.recipients[0] for mail in server.mails) == sorted(
        f"a{n}@example.com" for n in range(60)
    )
    assert set(states(chat)) == {"sent"}


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data", "dot"])
def test_a_server_that_goes_away_in_the_middle_loses_nothing(run, chat, faulty_smtp, stage):
    for n in range(6):
        chat.due(f"c{n}")
    server = faulty_smtp(**{stage: [None, None, DROP, None]})
    words = ("sweep", "--connections", "2", "--transport", server.url)
    assert run(*words).code == 0
    later(chat)
    assert run(*words).code == 0
    assert states(chat) == ["sent"] * 6
    ids = [read(message)["Message-ID"] for message in server.accepted]
    assert len(set(ids)) == 6


# --- Real servers: TLS, logins, addresses beyond ASCII --------------------------------------------


@pytest.mark.parametrize(("tls", "scheme"), [("starttls", "smtp+starttls"), ("implicit", "smtps")])
def test_tls_and_login(run, chat, real_smtp, tls, scheme, tmp_path):
    chat.due()
    server = real_smtp(tls=tls, auth=True)
    url = f"{scheme}://mailer%40example.com@127.0.0.1:{server.port}"
    chat.set("transport", url)
    secret = tmp_path / "password"
    secret.write_text("wrong\n")
    env = {
        "CONTINUATION_SMTP_PASSWORD_FILE": str(secret),
        "CONTINUATION_SMTP_CAFILE": str(server.ca_file),
    }
    ran = run("sweep", env=env)
    assert (ran.code, ran.out) == (75, "")
    assert "auth: 535" in ran.err
    assert chat.sql("SELECT 1 FROM attempts") == []
    secret.write_text(PASSWORD + "\n")
    untrusted = run("sweep", env={**env, "CONTINUATION_SMTP_CAFILE": ""})
    assert untrusted.code == 75
    assert "certificate verify failed" in untrusted.err
    ran = run("sweep", env=env)
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    [mail] = server.mails
    assert (mail.sender, mail.recipients, mail.tls) == (
        "support@acme.example",
        ["ada@example.com"],
        True,
    )
    assert mail.content == chat.one("SELECT message FROM emails")
    assert PASSWORD not in chat.dump()


def test_the_received_email_is_what_preview_shows(run, chat, real_smtp):
    chat.due()
    shown = run("preview", "c1", "--json").data
    server = real_smtp()
    run("sweep", "--transport", server.url)
    [mail] = server.mails
    parsed = message_from_bytes(mail.content, policy=policy.strict)
    assert parsed["Subject"] == shown["subject"]
    assert parsed["To"] == shown["to"]
    recorded = run("emails", "show", "1", "--json").data
    assert recorded["eml"].encode() == mail.content
    sameness = ("to", "from", "subject", "messages")
    assert [recorded[key] for key in sameness] == [shown[key] for key in sameness]


@pytest.mark.parametrize("offered", [True, False])
def test_an_address_beyond_ascii(sweep, chat, faulty_smtp, offered):
    chat.due("c1", email="zoë@müller.example")
    offers = ("8BITMIME", "SMTPUTF8") if offered else ("8BITMIME",)
    server = faulty_smtp(offers=offers)
    ran = sweep(server)
    if offered:
        assert ran.code == 0
        assert "RCPT TO:<zoë@xn--mller-kva.example>" in server.commands
    else:
        assert ran.code == 1
        assert "SMTPUTF8" in ran.err
        assert states(chat) == ["failed"]
        assert chat.sql("SELECT 1 FROM suppressions") == []


# --- Killed again and again, locked out, full disk ------------------------------------------------


def test_killed_at_any_moment_nothing_is_lost_and_copies_are_the_same(
    spawn, run, chat, faulty_smtp, monkeypatch
):
    """At most one email a connection and kill is sent twice, and then byte for byte."""
    for n in range(40):
        chat.due(f"c{n}", email=f"a{n}@example.com")
    server = faulty_smtp()
    usual = server.behaviour

    def unhurried(stage):
        time.sleep(0.004 if stage in ("rcpt", "dot") else 0)
        return usual(stage)

    monkeypatch.setattr(server, "behaviour", unhurried)
    kills, connections = 6, 2
    words = ("sweep", "--transport", server.url, "--connections", connections)

    def kill_one(delay):
        before = len(server.received)
        doomed = spawn(*words)
        wait_for(lambda: len(server.received) > before or doomed.poll() is not None)
        time.sleep(delay)
        doomed.kill()
        doomed.wait(5)
        later(chat)

    for round_ in range(kills):
        kill_one(0.003 * round_)
    assert run(*words).code == 0
    assert states(chat) == ["sent"] * 40
    ids = [read(message)["Message-ID"] for message in server.received]
    assert len(set(server.received)) == len(set(ids)) == 40
    assert len(ids) - 40 <= kills * connections
    assert {read(message)["To"] for message in server.received} == {
        f"a{n}@example.com" for n in range(40)
    }
    assert run("db", "check").code == 0


def test_a_database_locked_while_an_email_is_on_its_way(run, sweep, chat, faulty_smtp, monkeypatch):
    """The outcome cannot be written: it is in doubt, and is sent again as it was."""
    monkeypatch.setattr(db, "BUSY_TIMEOUT", 0.2)
    monkeypatch.setattr(db, "PATIENCE", 0.2)
    chat.due()
    server = faulty_smtp()
    usual = server.behaviour

    def locking(stage):
        if stage == "dot" and not server.accepted:
            other.sql("BEGIN IMMEDIATE")
        return usual(stage)

    other = type(chat)(chat.path, check_same_thread=False)
    monkeypatch.setattr(server, "behaviour", locking)
    ran = sweep(server)
    assert (ran.code, ran.out) == (75, "")
    assert "is locked by another program" in ran.err
    other.sql("ROLLBACK")
    other.close()
    assert sweep(server).code == 0
    assert states(chat) == ["sent"]
    assert len(server.accepted) == 2
    assert len(set(server.accepted)) == 1


def test_a_database_locked_for_long_while_an_email_is_on_its_way(
    run, sweep, chat, faulty_smtp, monkeypatch
):
    """Its outcome waits to be recorded for longer than any other write waits."""
    monkeypatch.setattr(db, "BUSY_TIMEOUT", 0.1)
    chat.due()
    server = faulty_smtp()
    usual = server.behaviour
    other = type(chat)(chat.path, check_same_thread=False)
    unlock = threading.Timer(1.0, lambda: other.sql("ROLLBACK"))

    def locking(stage):
        if stage == "dot":
            other.sql("BEGIN IMMEDIATE")
            unlock.start()
        return usual(stage)

    monkeypatch.setattr(server, "behaviour", locking)
    assert sweep(server).code == 0
    unlock.join()
    other.close()
    assert states(chat) == ["sent"]
    assert len(server.accepted) == 1


def test_a_maildir_that_cannot_be_written(run, chat, tmp_path):
    chat.due()
    (tmp_path / "taken").write_text("a file")
    ran = run("sweep", "--transport", f"maildir:{tmp_path}/taken")
    assert (ran.code, ran.out) == (78, "")
    assert f"{tmp_path}/taken" in ran.err
    assert chat.sql("SELECT 1 FROM attempts") == []


def test_a_sendmail_that_is_not_there_and_one_that_is(run, chat, tmp_path):
    chat.due()
    program = tmp_path / "sendmail"
    ran = run("sweep", "--transport", f"sendmail:{program}")
    assert (ran.code, ran.out) == (78, "")
    assert str(program) in ran.err
    assert chat.sql("SELECT 1 FROM attempts") == []
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/args\ncat > {tmp_path}/mail\n')
    program.chmod(0o755)
    later(chat)
    assert run("sweep", "--transport", f"sendmail:{program}").code == 0
    assert states(chat)[-1] == "sent"
    assert "ada@example.com" in (tmp_path / "args").read_text()
    assert b"refund" in (tmp_path / "mail").read_bytes()
