"""Every fault at every stage: which error it is, and that nothing is accepted unless in doubt."""

from __future__ import annotations

import time
from typing import NamedTuple

import pytest
from envelopes import envelope, no, yes
from faulty_smtp import DROP, STALL

from continuation_cli.mail.smtp import SmtpTransport
from continuation_cli.mail.transport import (
    InDoubt,
    NotSent,
    Refused,
    Unavailable,
    Undelivered,
    Withdrawn,
    open_transport,
)

NO_PIPELINE = ("8BITMIME", "SIZE 10000000", "AUTH PLAIN LOGIN")
PIPELINE = (*NO_PIPELINE, "PIPELINING")

OPENING = ("connect", "ehlo", "auth")
SENDING = ("mail", "rcpt", "data", "dot")


class Case(NamedTuple):
    stage: str
    fault: object
    error: type[Undelivered]
    code: int | None = None
    is_open: bool = False
    permanent: bool | None = None


def cases():
    for stage in OPENING:
        for fault in ("451 4.3.0 not now", "554 5.7.1 go away", "421 4.3.2 closing"):
            yield Case(stage, fault, Unavailable, int(fault[:3]))
        for fault in (DROP, STALL):
            yield Case(stage, fault, Unavailable)
    for stage in SENDING:
        yield Case(stage, "451 4.3.0 not now", Refused, 451, is_open=True, permanent=False)
        yield Case(stage, "554 5.7.1 go away", Refused, 554, is_open=True, permanent=True)
        yield Case(stage, "421 4.3.2 closing", Refused, 421, permanent=False)
        yield Case(stage, "503 5.5.1 out of step", Refused, 503, permanent=False)
        for fault in (DROP, STALL):
            yield Case(stage, fault, InDoubt if stage == "dot" else NotSent)
    for nonsense in (b"hello there\r\n", b"\x16\x03\x01\x02\r\n", b"999 what\r\n", b"25\r\n"):
        for stage in (*OPENING, *SENDING):
            error = Unavailable if stage in OPENING else InDoubt if stage == "dot" else NotSent
            yield Case(stage, nonsense, error)
    for stage in ("mail", "rcpt", "data", "dot"):
        yield Case(stage, "354 out of place" if stage != "data" else "250 fine", NotSent)


CASES = [
    case._replace(error=InDoubt) if (case.stage, case.error) == ("dot", NotSent) else case
    for case in cases()
]


def transport_to(server, **options):
    times = {"connect_timeout": 0.3, "command_timeout": 0.25, "final_timeout": 0.25}
    return SmtpTransport(server.host, server.port, **(times | options))


@pytest.mark.parametrize("offers", [NO_PIPELINE, PIPELINE], ids=["one by one", "pipelined"])
@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c.stage}-{c.fault!r}")
def test_fault_at_each_stage(faulty_smtp, case, offers):
    server = faulty_smtp(offers=offers, **{case.stage: case.fault})
    transport = transport_to(server, username="mailer", password="secret")
    looks = []
    with pytest.raises(Undelivered) as caught:
        transport.send(envelope(), lambda: looks.append(1) or True)
    error = caught.value
    assert type(error) is case.error
    assert error.stage == case.stage
    if case.code:
        assert error.code == case.code
        assert error.status == case.fault.split()[1]
        assert case.fault[4:] in error.text
    if isinstance(error, Refused):
        assert error.permanent == case.permanent
        assert not error.recipient
    assert transport.is_open == case.is_open
    assert server.accepted == []
    assert len(server.received) == (1 if case.stage == "dot" else 0)
    assert len(looks) == (1 if case.stage in ("data", "dot") else 0)
    # And the transport can be used again, on the same connection where it is still open.
    server.faults.clear()
    transport.send(envelope(b"next\r\n"), yes)
    assert [message[-6:] for message in server.accepted] == [b"next\r\n"]
    assert server.connections == (1 if case.is_open else 2)
    transport.close()


@pytest.mark.parametrize(
    "fault", ["451 not now", "500 what", DROP, STALL, b"\xff\xff\r\n"], ids=repr
)
def test_a_fault_at_quit_is_nobodys_business(faulty_smtp, fault):
    server = faulty_smtp(quit=fault)
    transport = transport_to(server)
    transport.send(envelope(), yes)
    transport.close()
    transport.close()
    assert not transport.is_open
    assert len(server.accepted) == 1


@pytest.mark.parametrize("fault", ["500 what", "421 closing", DROP, STALL, b"?\r\n"], ids=repr)
def test_a_server_that_cannot_reset_is_left(faulty_smtp, fault):
    server = faulty_smtp(rcpt=["550 5.1.1 unknown", None], rset=fault)
    transport = transport_to(server)
    with pytest.raises(Refused, match=r"5\.1\.1"):
        transport.send(envelope(), yes)
    assert not transport.is_open
    transport.send(envelope(), yes)
    assert len(server.accepted) == 1
    transport.close()


@pytest.mark.parametrize("fault", [DROP, STALL], ids=repr)
def test_withdrawn_stays_withdrawn_if_the_server_is_gone(faulty_smtp, fault):
    server = faulty_smtp(rset=fault)
    transport = transport_to(server)
    with pytest.raises(Withdrawn):
        transport.send(envelope(), no)
    assert not transport.is_open
    assert server.received == []


def test_nobody_listens(faulty_smtp):
    server = faulty_smtp()
    server.close()
    with pytest.raises(Unavailable, match=r"127\.0\.0\.1.*refused") as caught:
        transport_to(server).open()
    assert caught.value.stage == "connect"


def test_no_such_host():
    with pytest.raises(Unavailable) as caught:
        SmtpTransport("no-such-host.invalid", 25, connect_timeout=1).open()
    assert caught.value.stage == "connect"


# --- Half-way through the message -------------------------------------------------------------

LARGE = b"x" * 70 + b"\r\n"


@pytest.mark.parametrize("fault", [DROP, STALL], ids=repr)
def test_lost_within_the_message_was_certainly_not_sent(faulty_smtp, fault):
    server = faulty_smtp(body=fault)
    transport = transport_to(server)
    with pytest.raises(NotSent) as caught:
        transport.send(envelope(LARGE * 400_000), yes)
    assert caught.value.stage == "data"
    assert not transport.is_open
    assert server.received == []


@pytest.mark.parametrize(
    ("fault", "permanent"), [("552 5.3.4 too much", True), ("452 4.3.1 disk full", False)]
)
def test_what_a_server_says_within_the_message_is_heard(faulty_smtp, fault, permanent):
    server = faulty_smtp(body=fault)
    transport = transport_to(server)
    with pytest.raises(Refused) as caught:
        transport.send(envelope(LARGE * 400_000), yes)
    assert (caught.value.stage, caught.value.permanent) == ("data", permanent)
    assert caught.value.text == fault[4:]
    assert not transport.is_open
    assert server.received == []


def test_a_reply_before_its_time_is_not_taken_for_the_answer(faulty_smtp):
    server = faulty_smtp(data=b"354 go on\r\n250 2.0.0 queued as X\r\n")
    transport = transport_to(server)
    with pytest.raises(NotSent, match="out of turn"):
        transport.send(envelope(), yes)
    assert server.received == []


# --- Replies ----------------------------------------------------------------------------------


def refusal(server):
    transport = transport_to(server)
    with pytest.raises(Refused) as caught:
        transport.send(envelope(), yes)
    transport.close()
    return caught.value


def test_a_reply_of_many_lines(faulty_smtp):
    error = refusal(faulty_smtp(rcpt="550-5.1.1 The account that you\r\n550 5.1.1 tried to reach"))
    assert error.text == "5.1.1 The account that you 5.1.1 tried to reach"
    assert (error.status, error.recipient) == ("5.1.1", True)


def test_a_reply_without_text(faulty_smtp):
    assert refusal(faulty_smtp(rcpt="550")).code == 550


def test_a_reply_with_bare_line_feeds(faulty_smtp):
    server = faulty_smtp(rcpt=b"550-5.7.1 no\n550 5.7.1 no\n")
    assert refusal(server).status == "5.7.1"


def test_eight_bit_and_control_characters_come_out_as_one_printable_line(faulty_smtp):
    error = refusal(
        faulty_smtp(rcpt="550 5.7.1 гнать\x1b[31m\x07 \xff\u202e".encode() + b"\xe9\r\n")
    )
    assert "гнать" in error.text
    assert error.text.isprintable()


def test_a_long_reply_is_cut(faulty_smtp):
    error = refusal(faulty_smtp(rcpt="550 5.7.1 " + "no " * 5000))
    assert len(error.text) == 500


@pytest.mark.parametrize(
    "huge", [b"550 " + b"x" * 200_000 + b"\r\n", b"550-no\r\n" * 40_000], ids=["line", "lines"]
)
def test_a_reply_without_end_is_given_up(faulty_smtp, huge):
    transport = transport_to(faulty_smtp(rcpt=huge))
    with pytest.raises(NotSent, match="65536"):
        transport.send(envelope(), yes)
    assert not transport.is_open


def test_a_reply_that_trickles_in_does_not_outlast_the_time_out(faulty_smtp, monkeypatch):
    server = faulty_smtp()
    usual = server.behaviour

    def trickle(stage):
        if stage == "rcpt":
            for _ in range(40):
                server._open[-1].sendall(b"250-\r\n")
                time.sleep(0.05)
        return usual(stage)

    monkeypatch.setattr(server, "behaviour", trickle)
    began = time.monotonic()
    with pytest.raises(NotSent, match="timed out"):
        transport_to(server).send(envelope(), yes)
    assert time.monotonic() - began < 1


def test_an_echoed_password_does_not_get_into_the_error(faulty_smtp):
    encoded = "AG1haWxlcgBodW50ZXIy"  # \0mailer\0hunter2
    server = faulty_smtp(
        offers=("AUTH PLAIN",), auth=f"535 5.7.8 cannot AUTH PLAIN {encoded}, hunter2 is wrong"
    )
    with pytest.raises(Unavailable) as caught:
        transport_to(server, username="mailer", password="hunter2").open()
    assert caught.value.text == "5.7.8 cannot AUTH PLAIN ***, *** is wrong"


def test_a_server_that_wants_the_response_separately(faulty_smtp):
    server = faulty_smtp(offers=("AUTH PLAIN",), auth="334 ")
    transport = transport_to(server, username="mailer", password="hunter2")
    with pytest.raises(Unavailable, match="500"):  # what this server makes of the bare response
        transport.open()
    assert server.commands[-1] == "AG1haWxlcgBodW50ZXIy"


@pytest.mark.parametrize("offer", [(), ("AUTH GSSAPI CRAM-MD5",)])
def test_no_mechanism_in_common(faulty_smtp, offer):
    server = faulty_smtp(offers=offer)
    with pytest.raises(Unavailable, match="PLAIN or LOGIN") as caught:
        transport_to(server, username="mailer", password="x").open()
    assert caught.value.stage == "auth"


# --- A connection that has served before -------------------------------------------------------


@pytest.mark.parametrize("offers", [NO_PIPELINE, PIPELINE], ids=["one by one", "pipelined"])
@pytest.mark.parametrize("fault", ["421 4.7.0 too many messages", DROP], ids=repr)
def test_a_connection_that_has_had_its_day_is_made_anew(faulty_smtp, fault, offers):
    server = faulty_smtp(offers=offers, mail=[None, fault, None])
    transport = transport_to(server)
    looks = []
    for _ in range(3):
        transport.send(envelope(), lambda: looks.append(1) or True)
    assert len(server.accepted) == len(looks) == 3
    assert server.connections == 2
    transport.close()


def test_a_connection_lost_later_than_at_mail_is_not_made_anew(faulty_smtp):
    server = faulty_smtp(rcpt=[None, DROP, None])
    transport = transport_to(server)
    transport.send(envelope(), yes)
    with pytest.raises(NotSent) as caught:
        transport.send(envelope(), yes)
    assert caught.value.stage == "rcpt"
    assert server.connections == 1


def test_it_is_made_anew_only_once(faulty_smtp):
    server = faulty_smtp(mail=[None, DROP])
    transport = transport_to(server)
    transport.send(envelope(), yes)
    with pytest.raises(NotSent):
        transport.send(envelope(), yes)
    assert server.connections == 2
    assert not transport.is_open


# --- What is written ---------------------------------------------------------------------------


def test_commands_one_by_one(faulty_smtp):
    server = faulty_smtp(offers=("SIZE 1000000", "8BITMIME"))
    transport = transport_to(server, ehlo_name="chat.example.com")
    sent = envelope()
    transport.send(sent, yes)
    transport.close()
    assert server.commands == [
        "EHLO chat.example.com",
        f"MAIL FROM:<bounce@acme.example> SIZE={len(sent.message)}",
        "RCPT TO:<ada@example.com>",
        "DATA",
        "QUIT",
    ]


def test_a_refused_mail_command_does_not_shift_the_replies(faulty_smtp):
    server = faulty_smtp(
        offers=PIPELINE, mail=["550 5.7.1 no", None], rcpt=["503 first MAIL", None]
    )
    transport = transport_to(server)
    with pytest.raises(Refused) as caught:
        transport.send(envelope(), yes)
    assert (caught.value.stage, caught.value.code) == ("mail", 550)
    transport.send(envelope(), yes)
    assert (len(server.accepted), server.connections) == (1, 1)
    transport.close()


def test_greets_with_a_name_that_needs_no_lookup(faulty_smtp, monkeypatch):
    for name, greeting in [
        ("chat.example.com", "EHLO chat.example.com"),
        ("laptop", "EHLO [127.0.0.1]"),
        ("bad name.example", "EHLO [127.0.0.1]"),
    ]:
        monkeypatch.setattr("socket.gethostname", lambda name=name: name)
        server = faulty_smtp()
        transport = transport_to(server)
        transport.open()
        transport.close()
        assert server.commands[0] == greeting


def test_the_url_reaches_the_server(faulty_smtp):
    server = faulty_smtp()
    transport = open_transport(server.url, {"CONTINUATION_SMTP_EHLO": "chat.example.com"})
    transport.send(envelope(), yes)
    transport.close()
    assert server.commands[0] == "EHLO chat.example.com"
    assert len(server.accepted) == 1


@pytest.mark.parametrize(
    "recipient", ["a@b.c\r\nDATA", "a b@c.d", "<a@b.c>", "a@b.c\x00", "", "x" * 321]
)
def test_an_address_cannot_carry_a_command(faulty_smtp, recipient):
    server = faulty_smtp()
    transport = transport_to(server)
    with pytest.raises(Refused, match="not an address") as caught:
        transport.send(envelope(recipient=recipient), yes)
    assert not caught.value.recipient
    assert not any(command.startswith(("MAIL", "DATA")) for command in server.commands)
    transport.close()


@pytest.mark.parametrize("size", ["SIZE", "SIZE 0", "SIZE unlimited"])
def test_a_server_may_name_no_limit(faulty_smtp, size):
    server = faulty_smtp(offers=(size,))
    transport = transport_to(server)
    transport.send(envelope(), yes)
    transport.close()
    assert len(server.accepted) == 1


def test_eight_bit_text_needs_8bitmime(faulty_smtp):
    transport = transport_to(faulty_smtp(offers=()))
    with pytest.raises(Refused, match="8BITMIME"):
        transport.send(envelope("Grüße\r\n".encode()), yes)
    transport.close()
