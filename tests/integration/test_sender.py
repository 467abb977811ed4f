"""The process that sends where there is much to send: `sender`."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from collections import Counter
from email import message_from_bytes
from pathlib import Path

import pytest
from delivering import wait_for

from continuation_cli.mail.transport import (
    InDoubt,
    Misconfigured,
    NotSent,
    Refused,
    Unavailable,
    Withdrawn,
)
from continuation_cli.sender import WORTH_IT, Sender
from continuation_cli.sending import Gone, Ready

MANY = WORTH_IT + 20


@pytest.fixture
def many(chat):
    """So much is due that a process of its own sends it."""
    chat.sql("BEGIN")
    for n in range(MANY):
        chat.due(f"c{n}", email=f"a{n}@example.com")
    chat.sql("COMMIT")
    return {f"a{n}@example.com" for n in range(MANY)}


def children(process) -> list[int]:
    path = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return [int(word) for word in path.read_text().split()] if path.exists() else []


def is_running(pid: int) -> bool:
    """Not ended, nor a zombie that nobody has waited for."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def recipients(messages) -> Counter[str]:
    return Counter(message_from_bytes(message)["To"] for message in messages)


class Slow:
    """A server that waits at the final dot of one email until it is told to go on."""

    def __init__(self, server, at: int) -> None:
        self.waits, self.goes_on, self._left = False, False, at
        self._usual = server.behaviour
        server.behaviour = self._behaviour

    def _behaviour(self, stage):
        if stage == "dot":
            self._left -= 1
            if self._left == 0:
                self.waits = True
                wait_for(lambda: self.goes_on)
        return self._usual(stage)


@pytest.fixture
def sweeping(spawn, faulty_smtp, many):
    """A sweep that has sent 29 and is being answered on the 30th; it and its server."""
    server = faulty_smtp()
    slow = Slow(server, 30)
    process = spawn("sweep", "--transport", server.url, "--connections", "1")
    wait_for(lambda: slow.waits)
    (sender,) = children(process)
    return process, sender, server, slow


def test_few_are_sent_without_and_many_with_a_process(chat, spawn, faulty_smtp):
    chat.due()
    server = faulty_smtp()
    slow = Slow(server, 1)
    process = spawn("sweep", "--transport", server.url)
    wait_for(lambda: slow.waits)
    assert children(process) == []
    slow.goes_on = True
    assert process.wait(20) == 0


def test_all_outcomes_are_as_the_server_says(chat, run, faulty_smtp, many):
    server = faulty_smtp(rcpt=[None, "550 5.1.1 no", None, "451 4.3.0 wait", None])
    ran = run("sweep", "--transport", server.url, "--connections", "1", "--json")
    assert ran.code == 1
    assert (ran.data["sent"], ran.data["deferred"], ran.data["failed"]) == (MANY - 2, 1, 1)
    assert len(recipients(server.accepted)) == MANY - 2
    reasons = Counter(row["reason"] for row in run("suppressions", "list", "--json").data)
    assert reasons == Counter(bounce=1)  # the 5.1.1 named its recipient
    assert [row["state"] for row in chat.emails()].count("sent") == MANY - 2


def test_a_customer_who_reads_meanwhile_is_not_mailed(chat, spawn, faulty_smtp, many):
    """The process looks for itself just before an email leaves."""
    server = faulty_smtp()
    slow = Slow(server, 10)
    process = spawn("sweep", "--transport", server.url, "--connections", "1", "--json")
    wait_for(lambda: slow.waits)
    chat.sql("UPDATE messages SET seen_at = ?", chat.ago(0))
    slow.goes_on = True
    assert process.wait(20) == 0
    assert len(server.accepted) == 10


def test_killed_alone_it_leaves_one_email_in_doubt(chat, run, sweeping, many):
    process, sender, server, slow = sweeping
    os.kill(sender, signal.SIGKILL)
    _, err = process.communicate(timeout=20)
    assert process.returncode == os.EX_TEMPFAIL
    assert b"the sending process ended with -9" in err
    states = Counter(row["state"] for row in chat.emails())
    assert states == {"sent": 29, "unknown": 1}
    slow.goes_on = True
    wait_for(lambda: len(server.accepted) == 30)

    # As after a killed sweep: nothing waits.
    assert run("sweep", "--transport", server.url).code == 0
    found = recipients(server.accepted)
    assert set(found) == many
    assert sorted(found.values()) == [1] * (MANY - 1) + [2]
    assert len(set(server.accepted)) == MANY


def test_it_ends_with_a_sweep_that_is_killed(run, sweeping, many):
    process, sender, server, slow = sweeping
    process.kill()
    _, err = process.communicate(timeout=20)
    assert err == b""  # nor has the process that it leaves
    assert not is_running(sender)
    slow.goes_on = True
    wait_for(lambda: len(server.accepted) == 30)
    assert run("sweep", "--transport", server.url).code == 0
    found = recipients(server.accepted)
    assert (set(found), found.total()) == (many, MANY + 1)


def test_it_ends_in_silence_with_a_sweep_that_has_not_heard_it(sweeping):
    """What a dead process has not read makes its socket fail rather than end."""
    process, sender, server, slow = sweeping
    process.send_signal(signal.SIGSTOP)
    slow.goes_on = True
    wait_for(lambda: len(server.accepted) == 30)
    time.sleep(0.2)  # until it has told so
    process.kill()
    _, err = process.communicate(timeout=20)
    assert err == b""
    assert not is_running(sender)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_told_to_end_with_it_the_sweep_records_what_is_being_sent(chat, sweeping, number):
    """A terminal or systemd tells both."""
    process, sender, _server, slow = sweeping
    os.kill(sender, number)
    process.send_signal(number)
    time.sleep(0.1)
    slow.goes_on = True
    assert process.wait(20) == os.EX_TEMPFAIL
    assert {row["state"] for row in chat.emails()} == {"sent"}
    assert len(chat.emails()) in (30, 31)
    assert not is_running(sender)


def test_nothing_of_the_current_directory_is_run(database, real_smtp, many, tmp_path):
    trap = tmp_path / "trap"
    (trap / "continuation_cli").mkdir(parents=True)
    for name in ("continuation_cli/__init__.py", "pickle.py", "sitecustomize.py", "socket.py"):
        (trap / name).write_text(f"open({str(tmp_path / 'sprung')!r}, 'w')\n")
    server = real_smtp()
    # -P: the sweep has no current directory in its path, as where the console script starts it.
    words = [sys.executable, "-P", "-m", "continuation_cli", "--db", database, "sweep"]
    ran = subprocess.run(
        [*words, "--transport", server.url], cwd=trap, env={}, capture_output=True, timeout=60
    )
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert len(server.mails) == MANY
    assert not (tmp_path / "sprung").exists()


def test_no_connection_stops_the_run_and_uses_nothing_up(chat, run, many):
    ran = run("sweep", "--transport", "smtp://127.0.0.1:1")
    assert ran.code == os.EX_TEMPFAIL
    assert "connect" in ran.err
    assert chat.emails() == []


def test_it_cannot_be_started(chat, run, many, monkeypatch):
    monkeypatch.setattr("sys.executable", "/nonexistent/python")
    ran = run("sweep")
    assert ran.code == os.EX_TEMPFAIL
    assert "no process to send can be started: " in ran.err
    assert chat.emails() == []


def test_a_process_that_ends_at_once_is_found_out(chat, run, many, monkeypatch):
    monkeypatch.setattr("sys.executable", "/bin/false")
    ran = run("sweep")
    assert ran.code == os.EX_TEMPFAIL
    assert "the sending process ended with 1" in ran.err
    assert chat.emails() == []


def test_what_is_wrong_with_the_transport_is_told_as_it_is(database, monkeypatch):
    """An exception keeps its kind on its way: the exit code depends on it."""
    monkeypatch.setenv("CONTINUATION_SMTP_PASSWORD_FILE", "/nonexistent")
    pool = Sender("smtp+starttls://me@127.0.0.1:1", database, 1)
    pool.start_worker()
    (event,) = pool.events(wait=True)
    pool.close()
    assert isinstance(event, Gone)
    assert isinstance(event.error, Misconfigured)


def test_it_grows_up_to_its_connections(database, tmp_path):
    pool = Sender(f"maildir:{tmp_path}/out", database, 2)
    ready = set()
    while pool.can_grow:
        pool.start_worker()
        (event,) = pool.events(wait=True)
        assert isinstance(event, Ready)
        ready.add(event.worker)
    pool.close()
    assert ready == {0, 1}


OUTCOMES = [
    Unavailable("auth", "no", code=535, status="5.7.8"),
    Refused("rcpt", "no such user", permanent=True, recipient=True, code=550, status="5.1.1"),
    Refused("rcpt", "later", permanent=False, recipient=True, code=450),
    NotSent("data", "the connection was lost"),
    InDoubt("dot", "timed out"),
    Withdrawn("data", "seen"),
]


@pytest.mark.parametrize("outcome", OUTCOMES, ids=lambda outcome: type(outcome).__name__)
def test_an_outcome_is_the_same_after_its_way(outcome):
    told = pickle.loads(pickle.dumps(outcome))
    assert type(told) is type(outcome)
    assert (str(told), vars(told)) == (str(outcome), vars(outcome))
