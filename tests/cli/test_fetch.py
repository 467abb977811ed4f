"""`fetch`: a mailbox is emptied of what concerns a conversation, and of nothing else."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from continuation_cli import fetch as fetching
from continuation_cli.mail.archive import Archive
from continuation_cli.receive import Receiver
from continuation_cli.store import db


class Box:
    """A Maildir that a mail server delivers into."""

    def __init__(self, path):
        self.path = path
        self.count = 0
        for name in ("tmp", "new", "cur"):
            (path / name).mkdir(parents=True)

    @property
    def url(self):
        return f"maildir:{self.path}"

    def deliver(self, content, flags=None):
        self.count += 1
        name = f"17000000{self.count:02}.M1P1.host"
        path = (
            self.path / "new" / name if flags is None else self.path / "cur" / f"{name}:2,{flags}"
        )
        path.write_bytes(content)
        return path

    def files(self, folder=""):
        root = self.path / folder if folder else self.path
        return sorted(
            f"{p.parent.name}/{p.name}" for d in ("new", "cur") for p in (root / d).glob("*")
        )


@pytest.fixture
def box(tmp_path):
    return Box(tmp_path / "box")


@pytest.fixture
def sent(run, chat):
    """Sends the answers that are due; the token of the email to each conversation."""

    def sent(*conversations):
        chat.set("inbound_domain", "reply.acme.example")
        for number, conversation in enumerate(conversations):
            chat.due(conversation, email=f"ada{number}@example.com")
        assert run("sweep").code == 0
        rows = chat.sql("SELECT conversation, token, message_id FROM emails ORDER BY id")
        return {row["conversation"]: row for row in rows}

    return sent


def reply(to, number=0, *, text="Thank you!", author=None, message_id=None, more=""):
    message_id = message_id or f"<r{number}-{abs(hash((to, text))) % 10**9}@example.com>"
    return (
        f"From: Ada <{author or f'ada{number}@example.com'}>\r\nTo: {to}\r\nSubject: Re: chat\r\n"
        f"Message-ID: {message_id}\r\n{more}\r\n{text}\r\n"
    ).encode()


def to(email):
    return f"reply+{email['token']}@reply.acme.example"


FOREIGN = (
    b"From: Eve <eve@example.net>\r\nTo: support@acme.example\r\nSubject: Lunch\r\n"
    b"Message-ID: <lunch@example.net>\r\n\r\nAt noon? It is private.\r\n"
)


def texts(chat, conversation="c1"):
    rows = chat.sql(
        "SELECT text FROM messages WHERE conversation = ? AND via = 'email' ORDER BY id",
        conversation,
    )
    return [row["text"] for row in rows]


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
    assert first.startswith(
        "mail 1700000001.M1P1.host: Reply 1, reply of conversation c1: posted as "
    )
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


# --- When something is wrong --------------------------------------------------------------------


def test_a_mail_that_cannot_be_received_holds_up_nobody(run, chat, box, sent, monkeypatch):
    emails = sent("c1", "c2")
    bad = box.deliver(reply(to(emails["c1"]), text="poison"))
    box.deliver(reply(to(emails["c2"]), 1))
    real = Receiver.receive_kept

    def poisoned(self, kept, recipients=()):
        if b"poison" in kept.head:
            raise ValueError("of no \x1b[31m use")
        return real(self, kept, recipients)

    monkeypatch.setattr(Receiver, "receive_kept", poisoned)
    ran = run("fetch", box.url, "--json")
    assert ran.code == 75
    assert [row["conversation"] for row in ran.data] == ["c2"]
    assert ran.err == (
        f"continuation: mail {bad.name} stays where it is: ValueError: of no �[31m use\n"
    )
    assert box.files() == [f"new/{bad.name}"]
    monkeypatch.undo()
    assert run("fetch", box.url).code == 0
    assert texts(chat) == ["poison"]


@pytest.mark.parametrize("error", [sqlite3.OperationalError("disk I/O error"), OSError(28, "full")])
def test_where_the_store_is_at_fault_it_stops(run, chat, box, sent, monkeypatch, error):
    emails = sent("c1", "c2")
    box.deliver(reply(to(emails["c1"])))
    box.deliver(reply(to(emails["c2"]), 1))
    asked = []

    def broken(self, kept, recipients=()):
        asked.append(kept)
        raise error

    monkeypatch.setattr(Receiver, "receive_kept", broken)
    if isinstance(error, sqlite3.OperationalError):
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR
    ran = run("fetch", box.url)
    assert ran.code == 75
    assert len(asked) == 1
    assert ran.err.startswith("continuation: ")
    assert len(box.files()) == 2


def test_a_locked_database_leaves_the_mail(run, chat, box, sent, monkeypatch):
    box.deliver(reply(to(sent("c1")["c1"])))
    monkeypatch.setattr(db, "BUSY_TIMEOUT", 0.1)
    chat.sql("BEGIN IMMEDIATE")
    ran = run("fetch", box.url)
    assert (ran.code, len(box.files())) == (75, 1)
    assert "locked" in ran.err
    chat.sql("ROLLBACK")
    assert run("fetch", box.url).code == 0
    assert texts(chat) == ["Thank you!"]


def test_a_mail_that_cannot_be_put_away_is_posted_once(run, chat, box, sent):
    path = box.deliver(reply(to(sent("c1")["c1"])))
    (box.path / ".Processed").write_text("a file in the way")
    for _ in range(2):
        ran = run("fetch", box.url)
        assert ran.code == 75
        assert re.match(
            rf"continuation: mail {path.name} stays where it is: .*: Not a directory\n", ran.err
        )
    assert path.exists()
    assert texts(chat) == ["Thank you!"]


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("maildir:/no/such",), 78, "'maildir:/no/such' is no Maildir"),
        (("http://x",), 78, "'http://x' is not a mailbox; expected one like imaps://"),
        (("imaps://ada@mail.example.com",), 78, "set CONTINUATION_IMAP_PASSWORD"),
        (("imaps://ada:hunter2@mail.example.com",), 78, "held a password"),
        (("BOX", "--delete", "--mark-seen"), 2, "--mark-seen, --delete and --move-to exclude"),
        (("BOX", "--delete", "--move-to", "X"), 2, "exclude each other"),
        (("BOX", "--move-to", "a\nb"), 78, "'a\\nb' is not the name of a folder"),
        (("BOX", "--limit", "0"), 2, "--limit"),
        ((), 2, "URL"),
    ],
)
def test_what_is_not_set_up(run, box, words, code, says):
    ran = run("fetch", *(box.url if word == "BOX" else word for word in words))
    assert (ran.code, ran.out) == (code, "")
    assert says in ran.err
    assert "hunter2" not in ran.err


def test_without_a_database(run, box, tmp_path):
    assert run("fetch", box.url, db=str(tmp_path / "none.db")).code == 66
    assert run("fetch", box.url, db=None).code == 2


def test_no_connection(run, chat):
    env = {"CONTINUATION_IMAP_PASSWORD": "x"}
    ran = run("fetch", "imap://ada@127.0.0.1:1", "--json", env=env)
    assert (ran.code, ran.data) == (75, [])
    assert ran.err == (
        "continuation: stopped: 127.0.0.1:1: Connection refused; nothing is lost, "
        "the next fetch goes on\n"
    )


def test_without_the_extra_it_says_what_to_install(process, database):
    program = (
        "import sys; sys.modules['imap_tools'] = None; "
        "from continuation_cli.__main__ import main; main()"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program, "--db", database, "fetch", "imap://ada@localhost"],
        env={"CONTINUATION_IMAP_PASSWORD": "x"}, capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout) == (78, "")
    assert "pip install 'continuation-cli[imap]'" in ran.stderr


# --- One at a time, and to the end ---------------------------------------------------------------


@pytest.fixture
def lock(chat, box):
    """Held by another fetch of the same mailbox."""
    digest = hashlib.sha256(f"maildir:{box.path.resolve()}".encode()).hexdigest()[:12]
    path = Path(f"{chat.path}.fetch-{digest}.lock")
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield path


def test_a_second_fetch_ends_at_once_and_silently(run, chat, box, sent, lock, tmp_path):
    path = box.deliver(reply(to(sent("c1")["c1"])))
    ran = run("fetch", box.url)
    assert (ran.code, ran.out, ran.err) == (75, "", "")
    assert path.exists()
    link = tmp_path / "link"
    link.symlink_to(box.path)
    assert run("fetch", f"maildir:{link}").code == 75
    assert run("fetch", Box(tmp_path / "other").url).code == 0
    os.utime(lock, (time.time() - 16 * 60,) * 2)
    ran = run("fetch", box.url)
    assert (ran.code, ran.out) == (75, "")
    assert ran.err == (
        "continuation: another fetch of this mailbox has been running for 16 minutes\n"
    )


def test_limit(run, chat, box, sent):
    emails = sent("c1")
    for number in range(5):
        box.deliver(reply(to(emails["c1"]), text=f"text {number}"))
    assert len(run("fetch", box.url, "--limit", "2", "--json").data) == 2
    assert len(box.files()) == 3
    assert len(run("fetch", box.url, "--json").data) == 3


def test_told_to_end_it_ends_after_the_mail_in_hand(run, chat, box, sent, monkeypatch):
    emails = sent("c1")
    for number in range(3):
        box.deliver(reply(to(emails["c1"]), text=f"text {number}"))
    real = Receiver.receive_kept

    def interrupted(self, kept, recipients=()):
        os.kill(os.getpid(), signal.SIGTERM)
        return real(self, kept, recipients)

    monkeypatch.setattr(Receiver, "receive_kept", interrupted)
    ran = run("fetch", box.url)
    assert (ran.code, ran.err) == (
        75, "continuation: stopped: SIGTERM; nothing is lost, the next fetch goes on\n",
    )  # fmt: skip
    assert (len(box.files()), len(texts(chat))) == (2, 1)


KILLED = """
import os, signal
from continuation_cli.mail.archive import Archive
from continuation_cli.mail.maildir_mailbox import MaildirMailbox
from continuation_cli.receive import Receiver

owner, name, after = {place}
real, calls = getattr(owner, name), []

def dying(*arguments, **named):
    calls.append(name)
    result = real(*arguments, **named) if after or len(calls) < 3 else None
    if len(calls) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return result

setattr(owner, name, dying)
from continuation_cli.__main__ import main
main()
"""


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(
    "what",
    ["Archive, 'keep_stream'", "Receiver, 'receive_kept'", "Receiver, '_settle'",
     "MaildirMailbox, 'put_away'"],
)  # fmt: skip
def test_killed_at_any_point_each_is_posted_once(run, chat, box, sent, what, after):
    emails = sent("c1")
    for number in range(4):
        box.deliver(reply(to(emails["c1"]), text=f"text {number}"))
    program = KILLED.replace("{place}", f"{what}, {after}")
    words = ["-c", program, "--db", chat.path, "fetch", box.url]
    ran = subprocess.run([sys.executable, *words], env={}, capture_output=True, timeout=30)
    assert ran.returncode == -signal.SIGKILL, ran.stderr
    # The four are put away together, once all of them are on the disk.
    put_away = 2 + after if "put_away" in what else 0
    assert (len(box.files()), len(box.files(".Processed"))) == (4 - put_away, put_away)
    assert run("fetch", box.url).code == 0
    assert sorted(texts(chat)) == [f"text {number}" for number in range(4)]
    assert (len(box.files()), len(box.files(".Processed"))) == (0, 4)
    assert chat.one("SELECT count(*) FROM replies") == 4


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
