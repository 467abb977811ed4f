"""kill -9 at every named step of the protocol; then a sweep, at once and with no clean-up.

Nothing is lost and nothing is stuck; at most one email a connection is sent twice, byte for byte
the same; with on_unknown=hold none is, and what is held is listed. In full (FAULTS=full): 100
runs of 500 emails.
"""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from collections import Counter
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path

import pytest
from faults.scale import FULL, scale

EMAILS = scale(10, 500)
ROUNDS = scale(1, 5)
CONNECTIONS = 3

#: A stage of the session at which the server kills its client, before it replies; `accepted`: as
#: soon as it has accepted a message for good. Of the last stages there is one a connection.
SMTP_STEPS = ("connect", "ehlo", "mail", "rcpt", "data", "dot", "accepted", "quit")
ONCE = ("connect", "ehlo", "quit")
COMMIT_STEPS = ("before", "after")


@pytest.fixture
def told(chat, request):
    """A chat with much to send; its conversations' addresses."""
    people = [f"a{n}@example.com" for n in range(EMAILS)]
    chat.sql("BEGIN")
    for n, address in enumerate(people):
        chat.due(f"c{n}", email=address)
    chat.sql("COMMIT")
    chat.set("on_unknown", request.node.callspec.params["on_unknown"])
    return people


def words(chat, server):
    return (
        "--db", chat.path, "sweep", "--transport", server.url, "--connections", str(CONNECTIONS),
    )  # fmt: skip


def kill_at_stage(chat, server, stage, number):
    """Sweep until the server has reached the stage for the n-th time, and killed the client."""
    usual, left, lock = server.behaviour, [number], threading.Lock()
    started = threading.Event()
    process = subprocess.Popen(
        [sys.executable, "-m", "continuation_cli", *words(chat, server)], stderr=subprocess.PIPE
    )

    def strike():
        with lock:
            left[0] -= 1
            strikes = left[0] == 0
        if strikes:
            started.wait(10)
            process.kill()
            process.wait()

    def behaviour(reached):
        if reached == stage:
            strike()
        return usual(reached)

    class Accepted(list):
        def append(self, message):
            super().append(message)
            if stage == "accepted":
                strike()

    server.behaviour, server.accepted = behaviour, Accepted()
    started.set()
    process.wait(60)
    process.stderr.close()
    server.behaviour = usual
    assert process.returncode == -9, stage


def kill_at_commit(chat, server, when, number):
    doomed = Path(__file__).with_name("doomed.py")
    process = subprocess.run(
        [sys.executable, doomed, when, str(number), *words(chat, server)], timeout=60
    )
    assert process.returncode == -9, when


def recipients(messages):
    return [message_from_bytes(message, policy=SMTP)["To"] for message in messages]


def check(run, chat, people, server, on_unknown):
    """Sweep once, then look: lost, stuck, sent twice. `pytest -rP` tells the figures."""
    before = Counter(recipients(server.accepted))
    ran = run(*words(chat, server)[2:])
    held = run("emails", "list", "--state", "unknown", "--json").data
    assert ran.code == 0, ran.err
    assert len(held) == (ran.err.count("unknown") if on_unknown == "hold" else 0)
    arrived = Counter(recipients(server.accepted))
    twice = [address for address, count in arrived.items() if count > 1]
    # Lost: whoever has got none; one that is held is known to a person.
    assert set(people) - arrived.keys() <= {row["to"] for row in held}
    assert max(arrived.values()) <= 2
    assert len(twice) + len(held) <= CONNECTIONS
    assert set(twice) <= before.keys()
    if on_unknown == "hold":
        assert twice == []
    # The same bytes, and with them the same Message-ID.
    assert len(set(server.accepted)) == len(arrived)
    # Stuck: anything that a further sweep would still find, or that is nobody's.
    states = Counter(row["state"] for row in chat.emails())
    assert states == Counter({"sent": EMAILS - len(held), "unknown": len(held)}) - Counter()
    accepted = len(server.accepted)
    assert run(*words(chat, server)[2:]).code == 0
    assert len(server.accepted) == accepted
    assert run("db", "check").code == 0
    print(f"of {len(people)} emails lost 0, stuck 0, twice {len(twice)}, held {len(held)}")


def cases(steps):
    """Each step in each round, at a moment of its own; what is held only where something is in
    doubt, but for the full form.
    """
    return [
        pytest.param(step, round_, on_unknown, id=f"{step}-{round_}-{on_unknown}")
        for round_ in range(ROUNDS)
        for step in steps
        for on_unknown in ("resend", "hold")
        if on_unknown == "resend" or FULL or step in ("dot", "accepted", "after")
    ]


@pytest.mark.parametrize(("step", "round_", "on_unknown"), cases(SMTP_STEPS))
def test_killed_in_a_session(run, chat, told, faulty_smtp, step, round_, on_unknown):
    last = 1 if step in ONCE else EMAILS
    number = random.Random(f"{step} {round_}").randint(1, last)
    server = faulty_smtp()
    kill_at_stage(chat, server, step, number)
    check(run, chat, told, server, on_unknown)


@pytest.mark.parametrize(("step", "round_", "on_unknown"), cases(COMMIT_STEPS))
def test_killed_at_a_commit(run, chat, told, faulty_smtp, step, round_, on_unknown):
    # One commit may carry the outcomes and claims of all connections.
    number = random.Random(f"{step} {round_}").randint(1, EMAILS // CONNECTIONS)
    server = faulty_smtp()
    kill_at_commit(chat, server, step, number)
    check(run, chat, told, server, on_unknown)
