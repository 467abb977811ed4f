"""SMTP against Postfix's smtp-sink: another hand's server, with another hand's faults."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time

import pytest
from envelopes import envelope, yes

from continuation_cli.mail.smtp import SmtpTransport
from continuation_cli.mail.transport import InDoubt, NotSent, Refused, Unavailable

SINK = shutil.which("smtp-sink", path=f"{os.environ.get('PATH', '')}:/usr/sbin")

pytestmark = [
    pytest.mark.smtpsink,
    pytest.mark.skipif(SINK is None, reason="smtp-sink is part of Postfix"),
]


@pytest.fixture
def sink():
    """Starts smtp-sink with options; makes a transport to it."""
    running = []

    def start(*options):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        user = ("-u", "nobody") if os.geteuid() == 0 else ()
        running.append(subprocess.Popen([SINK, *user, *options, f"127.0.0.1:{port}", "100"]))
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except ConnectionRefusedError:
                time.sleep(0.01)
        return SmtpTransport("127.0.0.1", port, command_timeout=2, final_timeout=2)

    yield start
    for process in running:
        process.terminate()
        process.wait()


@pytest.mark.parametrize("options", [(), ("-p",), ("-8",)], ids=["all", "no PIPELINING", "7-bit"])
def test_delivers_many(sink, options):
    transport = sink(*options)
    for number in range(200):
        assert transport.send(envelope(b"%d\r\n" % number), yes).code == 250
    transport.close()


@pytest.mark.parametrize(
    ("command", "stage"), [("mail", "mail"), ("rcpt", "rcpt"), ("data", "data"), (".", "dot")]
)
@pytest.mark.parametrize(("option", "permanent"), [("-f", True), ("-r", False)])
def test_refusals(sink, option, permanent, command, stage):
    transport = sink(option, command)
    with pytest.raises(Refused) as caught:
        transport.send(envelope(), yes)
    assert (caught.value.stage, caught.value.permanent) == (stage, permanent)
    assert transport.is_open
    transport.close()


@pytest.mark.parametrize(
    ("command", "stage", "error"),
    [
        ("connect", "connect", Unavailable),
        ("ehlo", "ehlo", Unavailable),
        ("mail", "mail", NotSent),
        ("rcpt", "rcpt", NotSent),
        ("data", "data", NotSent),
        (".", "dot", InDoubt),
    ],
)
def test_hanging_up(sink, command, stage, error):
    transport = sink("-q", command)
    with pytest.raises(error) as caught:
        transport.send(envelope(), yes)
    assert caught.value.stage == stage
    assert not transport.is_open
