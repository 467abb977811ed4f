"""Delivery through a local `sendmail` program: Postfix's, Exim's, msmtp's, or the original."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING

from continuation_cli.mail.transport import (
    SENDMAIL_EXAMPLE,
    InDoubt,
    Misconfigured,
    Receipt,
    Refused,
    Unavailable,
    Withdrawn,
    check_addresses,
    one_line,
    reason,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from continuation_cli.core.model import Envelope

#: What a program may need to find its configuration; our own secrets are not among it.
_ENVIRONMENT = ("HOME", "LOGNAME", "PATH", "TZ", "USER")
_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"

# Exit statuses are those of sysexits.h. What they mean as enhanced codes is as Postfix's pipe(8)
# has it. Whatever is in neither table is a failure that may pass.
_PERMANENT = {65: "5.6.0", 67: "5.1.1", 68: "5.1.2", 76: "5.5.0"}
_BAD_RECIPIENT = frozenset({67, 68})
#: Usage, system file missing, permission (Postfix: this user may not submit mail; msmtp: login
#: refused), configuration; and the shell's "cannot execute" and "not found".
_UNAVAILABLE = frozenset({64, 72, 77, 78, 126, 127})


class SendmailTransport:
    """Runs the program once for each message. `timeout` is in seconds."""

    def __init__(self, path: str, environ: Mapping[str, str], *, timeout: float = 120.0) -> None:
        """Raises Misconfigured unless `path` is absolute and can be executed."""
        program = Path(path)
        example = f"expected one like {SENDMAIL_EXAMPLE}"
        if not program.is_absolute():
            raise Misconfigured(f"'sendmail:{path}' is not an absolute path; {example}")
        if not program.is_file():
            raise Misconfigured(f"'sendmail:{path}': there is no such program; {example}")
        if not os.access(program, os.X_OK):
            raise Misconfigured(f"'sendmail:{path}' is not executable; {example}")
        self._program = path
        self._timeout = timeout
        self._environment = {k: environ[k] for k in _ENVIRONMENT if k in environ}
        self._environment.setdefault("PATH", _PATH)
        self._environment["LC_ALL"] = "C"

    def __repr__(self) -> str:
        return f"SendmailTransport({self._program!r})"

    @property
    def is_open(self) -> bool:
        """Always: nothing is kept open."""
        return True

    def open(self) -> None:
        """Nothing to connect."""

    def probe(self, timeout: float) -> str:  # noqa: ARG002 - nothing is waited for
        """The program is not run: see `Transport.probe`. Whether its queue moves is not known."""
        return "the program is there and can be executed"

    def close(self) -> None:
        """Nothing to disconnect."""

    def send(self, envelope: Envelope, last_look: Callable[[], bool]) -> Receipt:
        """Run the program on one message; see `Transport.send`.

        The message is a file before the program starts, not a pipe: should this process be killed,
        the program must not take the part it has read for the whole. Its complaints go to a file
        too, as a pipe would be held open by what it leaves running in the background.
        """
        check_addresses(envelope, "exec")
        with contextlib.ExitStack() as files:
            try:
                message = files.enter_context(tempfile.TemporaryFile())
                complaints = files.enter_context(tempfile.TemporaryFile())
                message.write(to_native(envelope.message))
                message.seek(0)
            except OSError as error:
                raise Unavailable("write", f"temporary file: {reason(error)}") from error
            if not last_look():
                raise Withdrawn("exec", "withdrawn just before it left")
            status = self._run(self._arguments(envelope), message, complaints)
            complaints.seek(0)
            lines = complaints.read(4096).decode("utf-8", "replace").strip().splitlines()
        return _judge(status, one_line(lines[0]) if lines else "")

    def _arguments(self, envelope: Envelope) -> list[str]:
        """`-i`: a line with one dot does not end the message; `--`: an address is no option."""
        return [self._program, "-i", "-f", envelope.sender or "<>", "--", envelope.recipient]

    def _run(self, arguments: list[str], message: IO[bytes], complaints: IO[bytes]) -> int:
        """The program's exit status. Raises Unavailable if it cannot start, InDoubt if it does not
        end: it may have queued the message all the same."""
        try:
            process = subprocess.Popen(  # noqa: S603 (the admin's program, no shell)
                arguments,
                stdin=message,
                stdout=complaints,
                stderr=complaints,
                env=self._environment,
                cwd="/",
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise Unavailable("exec", f"{self._program}: {error}") from error
        try:
            return process.wait(self._timeout)
        except subprocess.TimeoutExpired:
            _stop(process)
            raise InDoubt("exec", f"{self._program} ran for over {self._timeout:g} s") from None


def to_native(message: bytes) -> bytes:
    """The message with the line ends that programs on this system expect: LF."""
    return message.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the program and what it started: first kindly, so that it can clean up its queue."""
    for number, patience in ((signal.SIGTERM, 2.0), (signal.SIGKILL, None)):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            continue
        return


def _judge(status: int, complaint: str) -> Receipt:
    """What the program's exit status means."""
    if status == 0:
        return Receipt(None, complaint or "accepted")
    if status < 0:
        raise InDoubt("exec", f"killed by signal {-status} {complaint}", code=status)
    text = complaint or f"exit status {status}"
    if status in _UNAVAILABLE:
        raise Unavailable("exec", text, code=status)
    raise Refused(
        "exec",
        text,
        permanent=status in _PERMANENT,
        recipient=status in _BAD_RECIPIENT,
        code=status,
        status=_PERMANENT.get(status),
    )
