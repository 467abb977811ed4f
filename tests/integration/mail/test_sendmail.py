"""Delivery through real programs that stand in for sendmail, and Postfix's own if it is there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from envelopes import HEADER, envelope, no, yes

from continuation_cli.mail.sendmail import SendmailTransport
from continuation_cli.mail.transport import (
    InDoubt,
    Misconfigured,
    Refused,
    Unavailable,
    Withdrawn,
    open_transport,
)

POSTFIX = Path("/usr/sbin/sendmail")


@pytest.fixture
def program(tmp_path):
    """Makes an executable shell script, and a transport that runs it."""

    def make(script, *, timeout=10.0, environ=os.environ):
        path = tmp_path / "sendmail"
        path.write_text(f"#!/bin/sh\nhere='{tmp_path}'\n{script}\n")
        path.chmod(0o755)
        return SendmailTransport(str(path), environ, timeout=timeout)

    return make


def test_the_program_gets_arguments_message_and_little_else(program, tmp_path):
    secrets = {"CONTINUATION_SMTP_PASSWORD": "hunter2", "HOME": "/home/ada", "PYTHONPATH": "/x"}
    transport = program(
        'printf "%s\\n" "$@" > "$here/arguments"; cat > "$here/message"; /usr/bin/env > "$here/env"'
        '; pwd > "$here/pwd"; echo queued as 7',
        environ=secrets,
    )
    receipt = transport.send(envelope(b"one\r\n.\r\ntwo\r\n", recipient="-oops@example.com"), yes)
    assert (receipt.code, receipt.text) == (None, "queued as 7")
    assert (tmp_path / "arguments").read_text().splitlines()[:2] == ["-i", "-f"]
    assert (tmp_path / "arguments").read_text().splitlines()[2:] == [
        "bounce@acme.example",
        "--",
        "-oops@example.com",
    ]
    assert (tmp_path / "message").read_bytes() == (
        HEADER.replace(b"\r\n", b"\n") + b"\none\n.\ntwo\n"
    )
    variables = {line.partition("=")[0] for line in (tmp_path / "env").read_text().splitlines()}
    assert variables <= {"HOME", "PATH", "LC_ALL", "PWD", "OLDPWD", "SHLVL", "_"}
    assert "HOME=/home/ada" in (tmp_path / "env").read_text()
    assert (tmp_path / "pwd").read_text() == "/\n"


def test_null_sender(program, tmp_path):
    program('printf "%s" "$3" > "$here/sender"').send(envelope(sender=""), yes)
    assert (tmp_path / "sender").read_text() == "<>"


# sysexits.h, by number.
@pytest.mark.parametrize(
    ("status", "permanent", "recipient", "enhanced"),
    [
        (1, False, False, None),
        (2, False, False, None),
        (65, True, False, "5.6.0"),
        (66, False, False, None),
        (67, True, True, "5.1.1"),
        (68, True, True, "5.1.2"),
        (69, False, False, None),
        (70, False, False, None),
        (71, False, False, None),
        (73, False, False, None),
        (74, False, False, None),
        (75, False, False, None),
        (76, True, False, "5.5.0"),
        (255, False, False, None),
    ],
)
def test_exit_status_that_refuses_the_message(program, status, permanent, recipient, enhanced):
    transport = program(f"echo 'sendmail: fatal: no' >&2; echo more >&2; exit {status}")
    with pytest.raises(Refused) as caught:
        transport.send(envelope(), yes)
    error = caught.value
    assert (error.permanent, error.recipient, error.status) == (permanent, recipient, enhanced)
    assert (error.stage, error.code, error.text) == ("exec", status, "sendmail: fatal: no")


@pytest.mark.parametrize("status", [64, 72, 77, 78, 126, 127])
def test_exit_status_that_says_the_program_cannot_work(program, status):
    with pytest.raises(Unavailable) as caught:
        program(f"exit {status}").send(envelope(), yes)
    assert (caught.value.stage, caught.value.code) == ("exec", status)
    assert caught.value.text == f"exit status {status}"


def test_success_whatever_it_reads_or_leaves_in_the_background(program):
    began = time.monotonic()
    # A pipe for its complaints would stay open until the sleep ends.
    receipt = program("sleep 20 & exit 0").send(envelope(b"x" * 70 + b"\r\n"), yes)
    assert receipt.text == "accepted"
    assert time.monotonic() - began < 5


def test_a_program_that_does_not_end_is_in_doubt_and_killed_with_its_children(program, tmp_path):
    transport = program('sleep 30 & echo $! > "$here/child"; wait', timeout=0.3)
    began = time.monotonic()
    with pytest.raises(InDoubt, match=r"0\.3 s") as caught:
        transport.send(envelope(), yes)
    assert caught.value.stage == "exec"
    assert time.monotonic() - began < 10
    child = int((tmp_path / "child").read_text())
    for _ in range(100):
        stat = Path(f"/proc/{child}/stat")
        if not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z":
            break
        time.sleep(0.02)
    else:
        os.kill(child, signal.SIGKILL)
        pytest.fail("the child survived")


def test_a_program_killed_by_a_signal_is_in_doubt(program):
    with pytest.raises(InDoubt, match="signal 9"):
        program("kill -9 $$").send(envelope(), yes)


def test_the_whole_message_is_there_even_if_we_are_killed(tmp_path):
    """The program must never take a part of the message for all of it."""
    script = tmp_path / "sendmail"
    script.write_text(
        f"#!/bin/sh\ntouch '{tmp_path}/started'; sleep 0.5; cat > '{tmp_path}/part'\n"
        f"mv '{tmp_path}/part' '{tmp_path}/message'\n"
    )
    script.chmod(0o755)
    sender = (
        "import sys; sys.path.insert(0, sys.argv[2])\n"
        "from envelopes import envelope, yes\n"
        "from continuation_cli.mail.sendmail import SendmailTransport\n"
        "SendmailTransport(sys.argv[1], {}).send(envelope(b'x' * 70 + b'\\r\\nend\\r\\n'), yes)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", sender, str(script), str(Path(__file__).parent)]
    )
    for _ in range(500):
        if (tmp_path / "started").exists():
            break
        time.sleep(0.01)
    process.kill()
    process.wait()
    for _ in range(300):
        if (tmp_path / "message").exists():
            break
        time.sleep(0.01)
    assert (tmp_path / "message").read_bytes().endswith(b"end\n")


def test_the_last_look_is_before_the_program_starts(program, tmp_path):
    transport = program('touch "$here/ran"')
    with pytest.raises(Withdrawn):
        transport.send(envelope(), no)
    assert not (tmp_path / "ran").exists()
    transport.send(envelope(), lambda: not (tmp_path / "ran").exists())
    assert (tmp_path / "ran").exists()


def test_an_address_cannot_carry_a_header_or_an_option(program, tmp_path):
    transport = program('touch "$here/ran"')
    for address in ("a@b.c\nBcc: x@y.z", "a b@c.d", "a\x00@b.c", ""):
        with pytest.raises(Refused, match="not an address"):
            transport.send(envelope(recipient=address), yes)
    assert not (tmp_path / "ran").exists()


def test_a_program_that_cannot_be_run_is_unavailable(program, tmp_path):
    transport = program("exit 0")
    (tmp_path / "sendmail").write_text("#!/no/such/interpreter\n")
    with pytest.raises(Unavailable, match="No such file"):
        transport.send(envelope(), yes)
    (tmp_path / "sendmail").unlink()
    with pytest.raises(Unavailable, match="No such file"):
        transport.send(envelope(), yes)


def test_a_program_that_is_not_executable_is_misconfigured(tmp_path):
    (tmp_path / "sendmail").write_text("#!/bin/sh\n")
    with pytest.raises(Misconfigured, match="not executable"):
        open_transport(f"sendmail:{tmp_path}/sendmail", {})


@pytest.mark.skipif(not POSTFIX.exists(), reason="no sendmail on this machine")
def test_postfix_understands_the_options(tmp_path):
    """Postfix checks its options before it reads its configuration. Here there is none, so that
    nothing can be queued, whoever runs this test."""
    postfix = SendmailTransport(str(POSTFIX), {})
    arguments = postfix._arguments(envelope(sender="", recipient="-x@example.com"))
    run = subprocess.run(
        arguments,
        input=b"",
        capture_output=True,
        env={"MAIL_CONFIG": str(tmp_path / "none"), "PATH": "/usr/bin:/bin"},
        timeout=10,
    )
    assert run.returncode != 0
    assert b"usage" not in run.stderr.lower()
    assert b"invalid option" not in run.stderr.lower()
