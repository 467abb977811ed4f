"""TLS: certificates are verified and STARTTLS cannot be taken away."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta

import pytest
import trustme
from envelopes import envelope, yes
from faulty_smtp import DROP, STALL
from real_smtp import server_context

from continuation_cli.mail.transport import Unavailable, open_transport


def transport_to(server, scheme, ca_file, host="localhost"):
    environ = {"CONTINUATION_SMTP_CAFILE": str(ca_file)} if ca_file else {}
    return open_transport(f"{scheme}://{host}:{server.port}", environ)


@pytest.mark.parametrize(("scheme", "tls"), [("smtp+starttls", "starttls"), ("smtps", "implicit")])
def test_delivers_under_tls(real_smtp, scheme, tls):
    server = real_smtp(tls=tls)
    for host in ("localhost", "127.0.0.1"):
        transport = transport_to(server, scheme, server.ca_file, host)
        transport.send(envelope(), yes)
        transport.close()
    assert [mail.tls for mail in server.mails] == [True, True]


@pytest.mark.parametrize(("scheme", "tls"), [("smtp+starttls", "starttls"), ("smtps", "implicit")])
@pytest.mark.parametrize("wrong", ["name", "expired", "authority"])
def test_a_bad_certificate_makes_it_unavailable(real_smtp, authority, scheme, tls, wrong):
    certificate = None
    if wrong == "name":
        certificate = authority.issue_cert("mail.example.net")
    if wrong == "expired":
        certificate = authority.issue_cert(
            "localhost", not_after=datetime.now(UTC) - timedelta(days=1)
        )
    server = real_smtp(tls=tls, certificate=certificate)
    transport = transport_to(server, scheme, None if wrong == "authority" else server.ca_file)
    with pytest.raises(Unavailable, match="certificate verify failed") as caught:
        transport.open()
    said = {"name": "localhost", "expired": "expired", "authority": "self-signed certificate"}
    # Which fault of the chain OpenSSL names depends on what the server sends of it.
    expected = (said[wrong], "local issuer") if wrong == "authority" else (said[wrong],)
    assert any(text in caught.value.text for text in expected)
    assert caught.value.stage == ("starttls" if tls == "starttls" else "connect")
    assert not transport.is_open
    assert server.mails == []


def test_another_private_authority_is_not_trusted(real_smtp, tmp_path):
    server = real_smtp(tls="starttls")
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    with pytest.raises(Unavailable, match="certificate verify failed"):
        transport_to(server, "smtp+starttls", other).open()


def test_a_server_that_does_not_offer_starttls_gets_nothing(real_smtp):
    server = real_smtp()
    transport = transport_to(server, "smtp+starttls", None)
    with pytest.raises(Unavailable, match="does not offer STARTTLS") as caught:
        transport.send(envelope(), yes)
    assert caught.value.stage == "starttls"
    assert server.mails == []


def test_plain_smtp_to_a_tls_port_does_not_hang(faulty_smtp, authority):
    server = faulty_smtp(tls=server_context(authority.issue_cert("localhost")), implicit_tls=True)
    transport = open_transport(server.url, {})
    transport._command_timeout = 0.2
    with pytest.raises(Unavailable, match="timed out"):
        transport.open()


@pytest.fixture
def tls_server(faulty_smtp, authority, tmp_path):
    """Makes faulty servers that offer STARTTLS, each with a transport that trusts it."""
    ca_file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    context = server_context(authority.issue_cert("localhost"))

    def make(scheme="smtp+starttls", **faults):
        server = faulty_smtp(tls=context, implicit_tls=scheme == "smtps", **faults)
        return server, transport_to(server, scheme, ca_file)

    return make


def test_the_faulty_server_speaks_tls_when_it_behaves(tls_server):
    for scheme in ("smtp+starttls", "smtps"):
        server, transport = tls_server(scheme)
        transport.send(envelope(), yes)
        transport.close()
        assert len(server.accepted) == 1


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("454 4.7.0 TLS not available", 454),
        ("502 5.5.1 not implemented", 502),
        ("421 4.3.2 closing", 421),
        (DROP, None),
        (STALL, None),
        (b"hello\r\n", None),
        (b"250 yes\r\n", 250),
    ],
    ids=repr,
)
def test_a_fault_at_starttls_is_never_skipped(tls_server, fault, code):
    server, transport = tls_server(starttls=fault)
    transport._command_timeout = transport._connect_timeout = 0.2
    with pytest.raises(Unavailable) as caught:
        transport.send(envelope(), yes)
    assert (caught.value.stage, caught.value.code) == ("starttls", code)
    assert server.received == []
    assert not any(command.startswith(("AUTH", "MAIL")) for command in server.commands)


def test_what_was_said_before_tls_is_not_taken_for_an_answer_under_tls(tls_server):
    injected = b"220 go ahead\r\n250-evil.example\r\n250 AUTH PLAIN\r\n"
    _, transport = tls_server(starttls=injected)
    with pytest.raises(Unavailable, match="before TLS began") as caught:
        transport.open()
    assert caught.value.stage == "starttls"
    assert not transport.is_open


def test_what_was_offered_before_tls_is_forgotten(tls_server):
    before = "250-faulty.example\r\n250-SIZE 10\r\n250 STARTTLS"
    server, transport = tls_server(ehlo=[before, None])
    transport.send(envelope(), yes)  # more than 10 octets
    transport.close()
    assert len(server.accepted) == 1
    assert server.commands.count(server.commands[0]) == 2  # EHLO again


def test_a_server_that_answers_starttls_with_nonsense_instead_of_tls():
    listener = socket.create_server(("127.0.0.1", 0))
    transport = open_transport(f"smtps://127.0.0.1:{listener.getsockname()[1]}", {})
    transport._connect_timeout = 0.2
    with pytest.raises(Unavailable, match="timed out"):
        transport.open()  # nobody accepts, the handshake gets no answer
    listener.close()


def test_a_plain_server_behind_smtps(real_smtp):
    server = real_smtp()
    with pytest.raises(Unavailable, match=r"(?i)wrong.version|record layer") as caught:
        transport_to(server, "smtps", None).open()
    assert "_ssl.c" not in caught.value.text
