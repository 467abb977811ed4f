"""SMTP against a real server (aiosmtpd)."""

from __future__ import annotations

import hashlib

import pytest
from envelopes import HEADER, envelope, no, yes
from real_smtp import PASSWORD, USERNAME

from continuation_cli.mail.smtp import SmtpTransport
from continuation_cli.mail.transport import (
    NotSent,
    Refused,
    Unavailable,
    Withdrawn,
    open_transport,
)


@pytest.fixture
def connected(real_smtp):
    """A server and an open transport to it."""
    server = real_smtp()
    transport = SmtpTransport(server.host, server.port, command_timeout=5, final_timeout=5)
    transport.open()
    yield server, transport
    transport.close()


def test_delivers_the_exact_octets_and_envelope(connected):
    server, transport = connected
    sent = envelope(b"Hello\r\n\r\n.\r\n..two\r\n.one\r\nend\r\n")
    receipt = transport.send(sent, yes)
    [mail] = server.mails
    assert (mail.sender, mail.recipients) == ("bounce@acme.example", ["ada@example.com"])
    assert mail.content == sent.message
    assert (receipt.code, receipt.text) == (250, "2.0.0 queued as 1")
    assert not mail.smtp_utf8


def test_one_connection_carries_many_messages(connected):
    server, transport = connected
    for number in range(20):
        transport.send(envelope(b"%d\r\n" % number), yes)
    assert [mail.content[-4:] for mail in server.mails[:2]] == [b"\n0\r\n", b"\n1\r\n"]
    assert len(server.mails) == 20
    assert len(server.sessions) == 1


def test_null_sender(connected):
    server, transport = connected
    transport.send(envelope(sender=""), yes)
    assert server.mails[0].sender == "<>"  # as aiosmtpd spells it


def test_bare_line_ends_cannot_smuggle_a_second_message(connected):
    server, transport = connected
    smuggled = b"Hello\n.\r\nMAIL FROM:<x@evil.example>\r\nRCPT TO:<y@evil.example>\r\nDATA\r\n"
    for end in (b"\n.\n", b"\r.\r", b"\n.\r\n", b"\r.\r\n", b"\r\n.\r", b"\r\n.\n"):
        transport.send(envelope(b"Hello" + end + smuggled), yes)
    assert len(server.mails) == 6
    assert all(mail.recipients == ["ada@example.com"] for mail in server.mails)
    assert all(b"\n" not in mail.content.replace(b"\r\n", b"") for mail in server.mails)


@pytest.mark.parametrize("tls", ["none", "implicit"])
def test_ten_megabytes(real_smtp, tls):
    server = real_smtp(tls=tls, data_size_limit=20_000_000)
    scheme = "smtp" if tls == "none" else "smtps"
    environ = {"CONTINUATION_SMTP_CAFILE": str(server.ca_file)}
    transport = open_transport(f"{scheme}://{server.host}:{server.port}", environ)
    body = b".".join(b"%09d\r\n" % n for n in range(10_000_000 // 12))
    sent = envelope(body)
    transport.send(sent, yes)
    transport.close()
    assert len(sent.message) > 9_900_000
    digests = [hashlib.sha256(m).digest() for m in (sent.message, server.mails[0].content)]
    assert digests[0] == digests[1]


def test_larger_than_the_server_takes_is_refused_before_it_is_sent(real_smtp):
    server = real_smtp(data_size_limit=1000)
    transport = SmtpTransport(server.host, server.port)
    with pytest.raises(Refused) as caught:
        transport.send(envelope(b"x" * 900 + b"\r\n"), yes)
    assert (caught.value.permanent, caught.value.recipient) == (True, False)
    assert caught.value.status == "5.3.4"
    assert "1000" in caught.value.text
    transport.send(envelope(b"x" * 500 + b"\r\n"), yes)
    assert len(server.mails) == 1
    transport.close()


def test_withdrawn_at_the_last_look_leaves_the_connection_usable(connected):
    server, transport = connected
    with pytest.raises(Withdrawn):
        transport.send(envelope(), no)
    assert transport.is_open
    transport.send(envelope(b"next\r\n"), yes)
    assert [mail.content[-6:] for mail in server.mails] == [b"next\r\n"]
    assert len(server.sessions) == 1


def test_a_last_look_that_cannot_tell_leaves_the_connection_usable(connected):
    server, transport = connected

    def unclear():
        raise NotSent("data", "cannot be looked at")

    with pytest.raises(NotSent, match="cannot be looked at"):
        transport.send(envelope(), unclear)
    transport.send(envelope(b"next\r\n"), yes)
    assert [mail.content[-6:] for mail in server.mails] == [b"next\r\n"]
    assert len(server.sessions) == 1


def test_what_the_last_look_raises_is_passed_on_and_nothing_is_sent(connected):
    server, transport = connected

    def broken():
        raise OSError("database is locked")

    with pytest.raises(OSError, match="database is locked"):
        transport.send(envelope(), broken)
    assert not transport.is_open
    transport.send(envelope(), yes)
    assert len(server.mails) == 1


def test_makes_the_connection_anew_if_the_server_restarted_in_between(real_smtp):
    first = real_smtp()
    transport = SmtpTransport(first.host, first.port)
    transport.send(envelope(), yes)
    first.stop()
    second = real_smtp(port=first.port)
    looks = []
    transport.send(envelope(), lambda: looks.append(1) or True)
    assert len(second.mails) == 1
    assert looks == [1]
    second.stop()
    with pytest.raises(Unavailable):
        transport.send(envelope(), yes)
    assert not transport.is_open
    transport.close()


# --- Text in other scripts ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "utf8"),
    [
        (envelope(recipient="дада@example.com"), True),
        (envelope(sender="bücher@acme.example"), True),
        (envelope(header=HEADER + "Reply-To: я@example.com\r\n".encode()), True),
        (envelope("Grüße\r\n".encode()), False),
        (envelope(recipient="ada@bücher.example"), False),
    ],
    ids=["recipient", "sender", "header", "8-bit body", "domain"],
)
def test_smtputf8_where_it_is_needed(connected, sent, utf8):
    server, transport = connected
    transport.send(sent, yes)
    [mail] = server.mails
    assert mail.smtp_utf8 == utf8
    assert mail.content == sent.message
    assert ("BODY=8BITMIME" in mail.options) == (not sent.message.isascii())


def test_a_domain_in_another_script_goes_as_a_labels(connected):
    server, transport = connected
    transport.send(envelope(recipient="ada@straße.example"), yes)
    # IDNA 2008: not strasse.example, which is somebody else's.
    assert server.mails[0].recipients == ["ada@xn--strae-oqa.example"]


@pytest.mark.parametrize(
    "sent",
    [
        envelope(recipient="дада@example.com"),
        envelope(header=HEADER + "Reply-To: я@example.com\r\n".encode()),
    ],
    ids=["recipient", "header"],
)
def test_without_smtputf8_it_is_refused_by_name(real_smtp, sent):
    server = real_smtp(enable_SMTPUTF8=False)
    transport = SmtpTransport(server.host, server.port)
    with pytest.raises(Refused, match="SMTPUTF8") as caught:
        transport.send(sent, yes)
    assert (caught.value.permanent, caught.value.recipient) == (True, False)
    transport.send(envelope(recipient="ada@bücher.example"), yes)
    transport.close()
    assert len(server.mails) == 1


# --- Login ----------------------------------------------------------------------------------


def environment(server, password=PASSWORD):
    return {
        "CONTINUATION_SMTP_PASSWORD": password,
        "CONTINUATION_SMTP_CAFILE": str(server.ca_file),
    }


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
@pytest.mark.parametrize(
    ("scheme", "tls"), [("smtp+starttls", "starttls"), ("smtps", "implicit"), ("smtp", "none")]
)
def test_logs_in(real_smtp, scheme, tls, mechanism):
    other = {"PLAIN": "LOGIN", "LOGIN": "PLAIN"}[mechanism]
    server = real_smtp(tls=tls, auth=True, auth_exclude_mechanism=[other])
    url = f"{scheme}://mailer%40example.com@localhost:{server.port}"
    transport = open_transport(url, environment(server))
    transport.send(envelope(), yes)
    transport.close()
    assert server.mechanisms == [mechanism]
    assert server.mails[0].tls == (tls != "none")


@pytest.mark.parametrize("excluded", [[], ["PLAIN"]])
def test_a_wrong_password_makes_it_unavailable_and_shows_nowhere(real_smtp, excluded):
    server = real_smtp(tls="starttls", auth=True, auth_exclude_mechanism=excluded)
    url = f"smtp+starttls://mailer%40example.com@localhost:{server.port}"
    transport = open_transport(url, environment(server, "hunter2secret"))
    with pytest.raises(Unavailable) as caught:
        transport.open()
    assert (caught.value.stage, caught.value.code) == ("auth", 535)
    assert not transport.is_open
    shown = f"{caught.value} {caught.value!r} {caught.value.__dict__} {transport!r}"
    assert "hunter2secret" not in shown
    assert USERNAME not in repr(transport)


def test_a_server_that_wants_a_login_refuses_the_message_without(real_smtp):
    server = real_smtp(auth=True)
    transport = SmtpTransport(server.host, server.port)
    with pytest.raises(Refused) as caught:
        transport.send(envelope(), yes)
    assert (caught.value.stage, caught.value.code) == ("mail", 530)
    assert not caught.value.recipient
    transport.close()
    assert server.mails == []
