"""Whatever comes is kept octet for octet and ends in an outcome; whatever fails leaves nothing half
done, and the next attempt posts once.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import time
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from replying import Desk, desk, reply

from continuation_cli.receive import NotAcceptable
from continuation_cli.store import check, inbox

KINDS = {"reply", "auto_reply", "bounce", "complaint", "unsubscribe", "unroutable", "duplicate"}
STATES = {"posted", "quarantined", "ignored", "rejected"}

# --- Any octets -----------------------------------------------------------------------------------


class Office:
    """One desk for many examples, each rolled back."""

    def __init__(self, made: Desk) -> None:
        self.desk = made
        self.email = made.emailed()
        self.seeds = tuple(
            reply(self.email, "Hello, yes please.", **headers).as_bytes()
            for headers in (
                {},
                {"From": "Bob <bob@example.com>"},
                {"Auto_Submitted": "auto-replied"},
                {"To": self.email.sender, "From": "MAILER-DAEMON@x.example", "Return_Path": "<>"},
            )
        )
        fancy = reply(self.email, "Plain", html="<p>Plain</p>")
        fancy.add_attachment(b"\x00\xff", maintype="image", subtype="png", filename="ü.png")
        self.seeds += (fancy.as_bytes(),)

    def check(self, raw: bytes) -> None:
        before = self.desk.effects()
        count = "SELECT count(*) FROM replies"
        [(recorded,)] = self.desk.rows(count)
        outcome = self.desk.receive(raw)
        assert outcome.kind in KINDS
        assert outcome.state in STATES
        digest = hashlib.sha256(raw).hexdigest()
        assert self.desk.archive.read("raw", digest) == raw
        if outcome.kind != "duplicate":
            assert self.desk.rows(count) == [(recorded + 1,)]
            assert self.desk.rows("SELECT digest, size FROM replies WHERE id = ?", outcome.id) == [
                (digest, len(raw))
            ]
        if outcome.state != "posted" and outcome.kind not in (
            "bounce", "complaint", "unsubscribe", "duplicate"
        ):  # fmt: skip
            assert self.desk.effects() == before
        assert self.desk.receive(raw)._replace(kind="") == outcome._replace(kind="")
        if outcome.state == "quarantined":
            with suppress(NotAcceptable):  # what holds nothing at all
                self.desk.accept(outcome.id)
        for (text,) in self.desk.rows("SELECT text FROM messages"):
            text.encode()


@pytest.fixture(scope="module")
def office():
    with desk() as made:
        yield Office(made)
        assert check.problems(made.ours, made.now) == []


SLOW = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]


@settings(max_examples=60, deadline=None, suppress_health_check=SLOW)
@given(raw=st.binary() | st.text().map(str.encode))
@example(raw=b"")
@example(raw=b"\x00")
@example(raw=b"From: c1@example.com")
@example(raw=b"\r\r\r")
@example(raw=b"A:" + b"\n " * 5000)
def test_any_octets_are_kept_and_answered(office, raw):
    office.check(raw)


SPLICES = [
    b"", b"\x00", b"\r", b"\n", b"\n\n", b"\r\n.\r\n", b"\xff\xfe", b"--", b"=?utf-7?q?+2AA-?=",
    b"<>", b"+2AA-", b"\n--b\n", b'\nFrom: "\\\n', b"\nFrom: eve@evil.example\n",
    b"\nMessage-ID: <\xff@\x00>\n", b"\nReferences: <a\xed\xa0\x80@b>\n",
    b"\nDate: Mon, 99 Foo 0000\n", b"\nDate: Sun, 01 Mar 2026 09:45:00 +99999999999\n",
    b"\nContent-Transfer-Encoding: base64\n",
    *(b"\nContent-Type: " + kind + b"\n" for kind in (
        b"multipart/mixed; boundary=b", b"text/plain; charset=utf-7", b"text/html; charset=hex",
        b"application/ms-tnef; name=winmail.dat", b"message/rfc822", b"multipart/report",
        b"message/delivery-status",
    )),
]  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=SLOW)
@given(data=st.data())
def test_damaged_mail_is_kept_and_answered(office, data):
    raw = data.draw(st.sampled_from(office.seeds))
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(raw)))
        gone = data.draw(st.sampled_from([0, 0, 0, 1, 7, 80, 400]))
        new = data.draw(st.sampled_from(SPLICES) | st.binary(max_size=5))
        raw = raw[:at] + new + raw[at + gone :]
    office.check(raw)


@pytest.mark.parametrize("unit", [b"On ", b">", b"<div>", b"A:", b"--b\n", b"<a@b>"])
def test_a_crafted_megabyte_is_soon_done_with(unit):
    """In each place where it may be read: fields, text, HTML, a report."""
    with desk() as made:
        email = made.emailed()
        size = 1_000_000
        long = unit * (size // len(unit))
        empty = reply(email, None).as_bytes().rstrip(b"\n")
        report = b"\nContent-Type: multipart/report; boundary=b\n\n--b\n"
        crafted = [
            empty + b"\n\n" + long,
            empty + b"\nContent-Type: text/html\n\n" + long,
            b"From: " + long[:200_000] + b"\n" + reply(email, From=None).as_bytes(),
            empty + report + b"Content-Type: message/delivery-status\n\n" + long,
        ]
        for raw in crafted:
            began = time.process_time()
            made.receive(raw)
            assert time.process_time() - began < 5  # a server may time out at 60


# --- Any failure ----------------------------------------------------------------------------------


def full(email):
    made = reply(email, "Here you are.")
    made.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="a.pdf")
    return made


class FaultError(Exception):
    pass


def test_a_fault_at_any_statement_leaves_nothing_half_done(tmp_path):
    """Each statement fails in turn; then the same message comes again and is posted once."""
    with Desk(tmp_path / "chat.db") as made:
        email = made.emailed()
        raw = full(email)
        before = made.effects()
        attempts = 0
        while True:
            failing = _Failing(made.ours, attempts)
            usual, made.ours = made.ours, failing
            try:
                made.receive(raw)
            except sqlite3.OperationalError:
                assert made.effects() == before
                assert made.rows("SELECT count(*) FROM replies") == [(0,)]
            else:
                break
            finally:
                made.ours = usual
            attempts += 1
        assert attempts >= 10
        assert made.posted() == ["Here you are."]
        assert made.receive(raw).kind == "duplicate"


class _Failing:
    """The program's connection, whose n-th statement fails."""

    def __init__(self, connection: sqlite3.Connection, after: int) -> None:
        self._connection = connection
        self._left = after

    def _spend(self) -> None:
        self._left -= 1
        if self._left == -1:
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error

    def execute(self, sql, *values):
        if not sql.startswith("ROLLBACK"):
            self._spend()
        return self._connection.execute(sql, *values)

    def executemany(self, sql, values):
        self._spend()
        return self._connection.executemany(sql, values)

    @property
    def in_transaction(self):
        return self._connection.in_transaction


@pytest.mark.parametrize("call", ["open", "fsync", "replace"])
def test_a_disk_that_fails_leaves_nothing_half_done(tmp_path, monkeypatch, call):
    with Desk(tmp_path / "chat.db") as made:
        email = made.emailed()
        before = made.effects()
        real = getattr(os, call)

        def broken(*args, **more):
            if call != "open" or (isinstance(args[0], os.PathLike) and args[1] & os.O_CREAT):
                raise OSError(28, "No space left on device")
            return real(*args, **more)

        with monkeypatch.context() as patch:
            patch.setattr(os, call, broken)
            with pytest.raises(OSError, match="No space"):
                made.receive(full(email))
            assert made.effects() == before
            assert made.rows("SELECT 1 FROM replies") == []
        left = list((tmp_path / "chat.db.mail" / "tmp").glob("*"))
        assert left == []
        assert made.receive(full(email)).state == "posted"
        assert made.posted() == ["Here you are."]


def test_the_message_is_on_the_disk_before_it_is_judged(tmp_path, monkeypatch):
    with Desk(tmp_path / "chat.db") as made:
        email = made.emailed()
        raw = full(email).as_bytes()

        def fail(*_args):
            raise FaultError

        monkeypatch.setattr(inbox, "record", fail)
        with pytest.raises(FaultError):
            made.receive(raw)
        assert made.archive.read("raw", hashlib.sha256(raw).hexdigest()) == raw
        assert made.rows("SELECT 1 FROM replies") == []
