"""Fixtures for the tests of `doctor`."""

from __future__ import annotations

from types import SimpleNamespace

import pytest


@pytest.fixture
def found(run):
    """The findings by check, of one channel if a check is made of several; and the exit code."""

    def found(*words, code=0, env=None, db=None):
        ran = run("doctor", *words, "--json", env=env or {}, **({"db": db} if db else {}))
        assert ran.code == code, ran.data
        return {each["check"]: SimpleNamespace(**each) for each in ran.data}

    return found


@pytest.fixture
def healthy(chat, run):
    """All that doctor looks at is in order: a channel, sweeps, replies."""
    for key, value in {
        "inbound_domain": "reply.acme.example",
        "reply_url": "https://acme.example/support",
    }.items():
        chat.set(key, value)
    chat.due("c1")
    run("sweep")
    to = chat.one("SELECT reply_to FROM emails WHERE id = 1")
    run("receive", stdin=f"From: ada@example.com\nTo: {to}\n\nThank you.\n".encode())
    chat.set("authserv_id", "mx.acme.example")
    return chat
