"""Fixtures and helpers of the tests of sweeps against real SMTP servers."""

from __future__ import annotations

import time
from email import message_from_bytes, policy

import pytest
from faulty_smtp import STALL

from continuation_cli.mail.smtp import SmtpTransport


@pytest.fixture
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


def wait_for(condition):
    until = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)
