"""`fetch`: a mailbox is emptied of what concerns a conversation, and of nothing else."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest
from fetched import FOREIGN, Box, reply, texts, to

from continuation_cli import fetch as fetching
from continuation_cli.mail.archive import Archive

# --- What concerns a conversation ---------------------------------------------------------------


def test_a_reply_is_posted_and_moved(run, chat, box, sent):
    emails = sent("c1", "c2")
    box.deliver(reply(to(emails["c1"])))
    box.deliver(reply(to(emails["c2"]), 1, text="No, thanks."), flags="F")
    ran = run("fetch", box.url)
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert (texts(chat), texts(chat, "c2")) == (["Thank you!"], ["No, thanks."])
    assert box.files() == []
    assert box.files(".Processed") == [
        "cur/1700000001.M1P1.host:2,S",
        "cur/1700000002.M1P1.host:2,FS",
    ]
    assert run("fetch", box.url).code == 0
    assert run("pending").rows == []


@pytest.mark.parametrize(
    ("words", "left", "moved"),
    [
        (("--mark-seen",), ["cur/1700000001.M1P1.host:2,S"], None),
        (("--delete",), [], None),
        (("--move-to", "Chat/Done"), [], ".Chat.Done"),
    ],
)
def test_what_becomes_of_it(run, chat, box, sent, words, left, moved):
    box.deliver(reply(to(sent("c1")["c1"])))
    for _ in range(2):
        assert run("fetch", box.url, *words).code == 0
    assert texts(chat) == ["Thank you!"]
    assert box.files() == left
    if moved:
        assert box.files(moved) == ["cur/1700000001.M1P1.host:2,S"]
    assert not (box.path / ".Processed").exists()


def test_json_is_the_contract(run, chat, box, sent):
    emails = sent("c1")
    box.deliver(reply(to(emails["c1"]), message_id="<one@example.com>"))
    box.deliver(FOREIGN)
    box.deliver(reply(to(emails["c1"]), author="eve@example.net", text="Me too"))
    box.deliver(reply(to(emails["c1"]), message_id="<one@example.com>"))
    ran = run("fetch", box.url, "--json")
    assert (ran.code, ran.err, ran.json["command"]) == (0, "", "fetch")
    message = chat.one("SELECT id FROM messages WHERE via = 'email'")
    posted = {"id": 1, "kind": "reply", "state": "posted", "conversation": "c1", "message": message}
    assert ran.data == [
        {**posted, "reason": None},
        {"id": 2, "kind": "reply", "state": "quarantined", "conversation": "c1", "message": None,
         "reason": "from_differs"},
        {**posted, "kind": "duplicate", "reason": None},
    ]  # fmt: skip
    assert box.files() == ["new/1700000002.M1P1.host"]
    assert texts(chat) == ["Thank you!"]
    assert run("fetch", box.url, "--json").data == []


def test_verbose_tells_each_mail(run, chat, box, sent):
    box.deliver(reply(to(sent("c1")["c1"])))
    box.deliver(FOREIGN)
    ran = run("fetch", box.url, "-v")
    assert (ran.code, ran.out) == (0, "")
    first, second = ran.err.splitlines()
    assert first.startswith("mail 1700000001.M1P1.host: Reply 1, conversation c1: posted as ")
    assert second == (
        "mail 1700000002.M1P1.host: It concerns no conversation and stays where it is."
    )


def test_a_mail_is_known_by_what_it_answers(run, chat, box, sent):
    references = f"References: {sent('c1')['c1']['message_id']}\r\n"
    box.deliver(reply("support@acme.example", more=references))
    assert run("fetch", box.url).code == 0
    assert texts(chat) == ["Thank you!"]


# --- What does not ------------------------------------------------------------------------------


def test_mail_of_others_stays_untouched_and_is_not_kept(run, chat, box, sent, monkeypatch):
    sent("c1")
    paths = [
        box.deliver(FOREIGN),
        box.deliver(FOREIGN.replace(b"lunch@", b"later@"), flags="F"),
        box.deliver(b"From: <>\r\nSubject: Undelivered mail\r\n\r\nto somebody else\r\n"),
        box.deliver(reply("support@acme.example", more="References: <other@example.org>\r\n")),
    ]
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in paths}
    for words in ((), ("--delete",), ("--mark-seen",)):
        assert run("fetch", box.url, *words).code == 0
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in paths} == before
    assert chat.sql("SELECT * FROM replies") == []
    kept = Path(f"{chat.path}.mail")
    assert not [path for path in kept.rglob("*") if path.is_file()]
    assert "private" not in chat.dump()


def test_what_was_left_is_not_looked_at_again(run, chat, box, sent, monkeypatch):
    emails = sent("c1")
    foreign = box.deliver(FOREIGN)
    run("fetch", box.url)
    read = []
    monkeypatch.setattr(fetching, "read", lambda head: read.append(head) or pytest.fail("read"))
    assert run("fetch", box.url).code == 0
    # A mail reader has shown it meanwhile: it is the same mail.
    foreign.rename(box.path / "cur" / f"{foreign.name}:2,S")
    assert run("fetch", box.url).code == 0
    monkeypatch.undo()
    box.deliver(reply(to(emails["c1"])))
    assert [row["state"] for row in run("fetch", box.url, "--json").data] == ["posted"]
    again = run("fetch", box.url, "--again", "-v")
    assert "concerns no conversation" in again.err
    (box.path / "cur" / f"{foreign.name}:2,S").unlink()
    run("fetch", box.url)
    assert chat.sql("SELECT * FROM passed_over") == []


def test_two_mailboxes_do_not_share_what_they_left(run, chat, box, tmp_path):
    other = Box(tmp_path / "other")
    box.deliver(FOREIGN)
    other.deliver(FOREIGN)
    run("fetch", box.url)
    assert "concerns no conversation" in run("fetch", other.url, "-v").err
    run("fetch", box.url)
    assert chat.one("SELECT count(DISTINCT mailbox) FROM passed_over") == 2


@pytest.mark.parametrize("words", [(), ("--delete",), ("--mark-seen",), ("--move-to", "X")])
def test_an_unknown_token_is_recorded_and_stays(run, chat, box, sent, words):
    sent("c1")
    path = box.deliver(reply(f"reply+{'a' * 26}@reply.acme.example"))
    [row] = run("fetch", box.url, "--json", *words).data
    assert (row["kind"], row["state"], row["reason"]) == ("unroutable", "rejected", "unknown_token")
    assert path.exists()
    assert run("fetch", box.url, "--json", *words).data == []


def test_a_bounce_without_our_address_is_known_by_what_it_returns(run, chat, box, sent):
    email = sent("c1")["c1"]
    parts = [
        "From: MAILER-DAEMON@relay.example\r\nTo: support@acme.example\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=B\r\n",
        "Content-Type: text/plain\r\n\r\nSorry.\r\n",
        "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; relay.example\r\n\r\n"
        "Final-Recipient: rfc822; ada0@example.com\r\nAction: failed\r\nStatus: 5.1.1\r\n",
        "Content-Type: message/rfc822\r\n\r\nMessage-ID: %s\r\nSubject: Re\r\n\r\nx\r\n",
    ]
    bounce = "\r\n--B\r\n".join(parts) + "\r\n--B--\r\n"
    theirs = box.deliver((bounce % "<other@example.org>").encode())
    box.deliver((bounce % email["message_id"]).encode())
    ran = run("fetch", box.url, "--json")
    assert [(row["kind"], row["reason"]) for row in ran.data] == [("bounce", "hard_bounce")]
    assert box.files() == [f"new/{theirs.name}"]
    assert chat.one("SELECT address FROM suppressions") == "ada0@example.com"


def test_what_is_no_mail_is_recorded_and_stays(run, chat, box):
    box.deliver(b"")
    box.deliver(b"no header at all")
    rows = run("fetch", box.url, "--json").data
    assert [row["reason"] for row in rows] == ["unparsable", "unparsable"]
    assert len(box.files()) == 2


def test_a_large_mail_is_kept_whole_and_waits_for_a_person(run, chat, box, sent):
    assert run("settings", "set", "max-message-size", "1M").code == 0
    raw = reply(to(sent("c1")["c1"]), text="x" * 3_000_000)
    box.deliver(raw)
    [row] = run("fetch", box.url, "--json").data
    assert (row["state"], row["reason"]) == ("quarantined", "too_large")
    digest = hashlib.sha256(raw).hexdigest()
    assert Archive(chat.path).read("raw", digest) == raw
    assert len(box.files(".Processed")) == 1


# --- From a real server -------------------------------------------------------------------------


@pytest.mark.dovecot
def test_from_dovecot(process, run, chat, sent, dovecot):
    emails = sent("c1", "c2")
    user = dovecot.add_user()
    user.deliver(reply(to(emails["c1"])))
    user.deliver(FOREIGN)
    user.deliver(reply(to(emails["c2"]), 1, text="No, thanks."))
    env = {
        "CONTINUATION_IMAP_PASSWORD": user.password,
        "CONTINUATION_IMAP_CAFILE": str(dovecot.ca_file),
    }
    for _ in range(2):
        ran = process("fetch", user.url(), env=env)
        assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert (texts(chat), texts(chat, "c2")) == (["Thank you!"], ["No, thanks."])
    [left] = user.mails()
    assert (left.content, left.flags) == (FOREIGN.replace(b"\r\n", b"\n"), "")
    assert [mail.flags for mail in user.mails("Processed")] == ["S", "S"]
    data = json.loads(process("fetch", user.url(), "--json", env=env).stdout)["data"]
    assert data == []
    # The second time nothing at all was asked of the server but what there is.
    sessions = re.findall(rf"imap\({user.name}\).*hdr_count=(\d+) .*body_count=(\d+)", dovecot.log)
    assert sessions[1:] == [("0", "0")] * (len(sessions) - 1)
