"""Sweeps against real SMTP servers: many emails, TLS and logins, kills, locks and a full disk."""

from __future__ import annotations

import threading
import time
from email import message_from_bytes, policy

import pytest
from delivering import later, read, states, wait_for
from faulty_smtp import DROP
from real_smtp import PASSWORD

from continuation_cli.store import db

pytestmark = pytest.mark.usefixtures("patience")


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


@pytest.mark.parametrize("threads", [0, 1, 2])
def test_as_many_threads_as_this_user_may_have(run, chat, real_smtp, monkeypatch, threads):
    """Fewer than connections send it all; without any it is a matter for the next sweep."""
    for n in range(6):
        chat.due(f"c{n}", email=f"a{n}@example.com")
    server = real_smtp()
    left = iter(range(threads))
    start = threading.Thread.start

    def limited(thread):
        if thread.name == "sender" and next(left, None) is None:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", limited)
    ran = run("sweep", "--transport", server.url, "--connections", "4")
    assert len(server.mails) == (6 if threads else 0)
    if threads:
        assert (ran.code, ran.err) == (0, "")
    else:
        assert ran.code == 75
        assert "can't start new thread" in ran.err
        assert chat.emails() == []


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


# --- Real servers: TLS, logins, addresses beyond ASCII ------------------------------------------


@pytest.mark.parametrize(("tls", "scheme"), [("starttls", "smtp+starttls"), ("implicit", "smtps")])
def test_tls_and_login(run, chat, real_smtp, tls, scheme, tmp_path):
    chat.due()
    server = real_smtp(tls=tls, auth=True)
    url = f"{scheme}://mailer%40example.com@127.0.0.1:{server.port}"
    chat.set("transport", url)
    secret = tmp_path / "password"
    secret.touch(0o600)
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


# --- Killed again and again, locked out, full disk ----------------------------------------------


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
