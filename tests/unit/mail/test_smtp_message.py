"""The octets on the wire, and whom a refusal blames."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from continuation_cli.mail.smtp_connection import Reply
from continuation_cli.mail.smtp_message import blames_recipient, to_wire

OCTETS = st.lists(st.sampled_from([b"\r", b"\n", b".", b"a", b"\r\n", b"\xe9", b" "])).map(b"".join)


@pytest.mark.parametrize(
    ("message", "wire"),
    [
        (b"", b"\r\n.\r\n"),
        (b"a", b"a\r\n.\r\n"),
        (b"a\r\n", b"a\r\n.\r\n"),
        (b".", b"..\r\n.\r\n"),
        (b".\r\n.\r\n", b"..\r\n..\r\n.\r\n"),
        (b"..a\r\n", b"...a\r\n.\r\n"),
        (b"a\n.\nb", b"a\r\n..\r\nb\r\n.\r\n"),
        (b"a\r.\rb", b"a\r\n..\r\nb\r\n.\r\n"),
        (b"a\r\r\n", b"a\r\n\r\n.\r\n"),
        (b"a\n\r\n", b"a\r\n\r\n.\r\n"),
        (b"a\n\r", b"a\r\n\r\n.\r\n"),
    ],
)
def test_to_wire(message, wire):
    assert to_wire(message) == wire


@given(OCTETS)
def test_no_message_can_end_early_whatever_a_server_takes_for_a_line_end(message):
    wire = to_wire(message)
    assert re.search(rb"(?:\A|\r\n|\r|\n)\.(?:\r\n|\r|\n)", wire).end() == len(wire)
    assert wire.count(b"\r") == wire.count(b"\n") == wire.count(b"\r\n")


@given(OCTETS)
def test_a_server_gets_back_what_was_sent(message):
    wire = to_wire(message)
    received = re.sub(rb"(?m)^\.", b"", wire.removesuffix(b".\r\n"))
    lines = re.split(rb"\r\n|\r|\n", message)
    assert received.rstrip(b"\r\n") == b"\r\n".join(lines).rstrip(b"\r\n")


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (550, "5.1.1 <ada@example.com>: Recipient address rejected: User unknown"),
        (550, "5.1.1 The email account that you tried to reach does not exist."),
        (550, "5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup"),
        (553, "5.1.3 Bad recipient address syntax"),
        (501, "5.1.3 Bad recipient address syntax"),
        (550, "5.1.2 Host unknown"),
        (551, "5.1.6 mailbox has moved"),
        (550, "No such user here"),
        (550, "no such user - ada"),
        (550, "Unknown user"),
        (550, "User unknown"),
        (550, "<ada@example.com>: User unknown in virtual mailbox table"),
        (550, "Unrouteable address"),
        (550, "Invalid recipient"),
        (550, "Mailbox not found"),
        (550, "Requested action not taken: mailbox does not exist"),
        (550, "sorry, no mailbox here by that name. (#5.1.1)"),
        (550, "ada@example.com... User unknown"),
        (551, "User not local; please try <ada@example.net>"),
        (553, "Invalid mailbox name"),
        (550, 'unknown local-part "ada" in domain "example.com"'),
        (550, "Account ada does not exist"),
    ],
)
def test_the_address_is_no_good(code, text):
    assert blames_recipient(Reply(code, (text,)))


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (550, "5.7.1 Client host blocked using zen.example.org"),
        (554, "5.7.1 <ada@example.com>: Relay access denied"),
        (550, "5.7.1 Unable to relay for ada@example.com"),
        (552, "5.2.2 Mailbox full"),
        (550, "5.2.1 The email account that you tried to reach is disabled"),
        (550, "5.1.8 <x@acme.example>: Sender address rejected: Domain not found"),
        (550, "5.1.7 The sender's address is bad"),
        (550, "5.1.0 <x@acme.example>: Sender address rejected: User unknown"),
        (550, "5.4.1 Recipient address rejected: Access denied"),
        (550, "relay not permitted"),
        (550, "Sender verify failed: unknown user"),
        (550, "Administrative prohibition"),
        (550, "Requested action not taken: mailbox unavailable"),
        (550, "rejected by our policy"),
        (551, "we do not relay"),
        (553, "sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)"),
        (554, "No such user"),
        (503, "need MAIL first"),
        (550, ""),
    ],
)
def test_something_else_is_no_good(code, text):
    assert not blames_recipient(Reply(code, (text,)))


@pytest.mark.parametrize(
    ("code", "lines", "status"),
    [
        (250, ("2.0.0 ok",), "2.0.0"),
        (550, ("5.1.10 no",), "5.1.10"),
        (550, ("sorry", "5.1.1 no"), "5.1.1"),
        (550, ("4.1.1 contradicts the code",), None),
        (550, ("5.1.1.1 is no status code",), None),
        (550, ("10.5.1.1 is an address",), None),
        (550, ("see 5.1.1",), None),
        (550, ("",), None),
    ],
)
def test_enhanced_status_codes(code, lines, status):
    assert Reply(code, lines).status == status


@given(st.text(max_size=3000))
def test_any_text_can_be_judged(text):
    blames_recipient(Reply(550, (text,)))
