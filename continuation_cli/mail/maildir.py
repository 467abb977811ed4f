"""Delivery into a Maildir on this machine: for trying things out, tests and demonstrations.

The format is https://cr.yp.to/proto/maildir.html.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from continuation_cli.mail.transport import (
    MAILDIR_EXAMPLE,
    Misconfigured,
    Receipt,
    Unavailable,
    Withdrawn,
    check_addresses,
    reason,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from continuation_cli.core.model import Envelope

_FOLDERS = ("tmp", "new", "cur")
#: In the place of the host's name: the same email gets the same name wherever this runs.
_HOST = "continuation"


class MaildirTransport:
    """Delivers each email under a name that follows from it, so that delivering it again replaces
    the first copy; a copy that a mail reader has moved into `cur` is left alone."""

    def __init__(self, path: str) -> None:
        """Raises Misconfigured if no Maildir is there and none can be made there."""
        self._directory = Path(os.path.expanduser(path)).absolute()  # noqa: PTH111 (never raises)
        example = f"expected one like {MAILDIR_EXAMPLE}"
        if not self._directory.parent.is_dir():
            raise Misconfigured(
                f"'maildir:{path}': there is no directory {self._directory.parent}; {example}"
            )
        if self._directory.exists():
            if not self._directory.is_dir():
                raise Misconfigured(f"'maildir:{path}' is not a directory; {example}")
            try:
                names = {entry.name for entry in self._directory.iterdir()}
            except OSError as error:
                raise Misconfigured(f"'maildir:{path}': {error.strerror}; {example}") from None
            # Whoever was killed while making one has left some of its folders, and nothing else;
            # one in use may hold more.
            if names - set(_FOLDERS) and not names.issuperset(_FOLDERS):
                raise Misconfigured(f"'maildir:{path}' holds files but is no Maildir; {example}")
        self._read: set[str] | None = None

    def __repr__(self) -> str:
        return f"MaildirTransport({str(self._directory)!r})"

    @property
    def is_open(self) -> bool:
        """Whether the Maildir has been made and looked at."""
        return self._read is not None

    def open(self) -> None:
        """Make the Maildir if it is missing. Raises Unavailable.

        What is in `cur` is looked at once: an email that is delivered a second time was delivered
        first by an earlier run.
        """
        if self._read is not None:
            return
        try:
            for directory in (self._directory, *(self._directory / name for name in _FOLDERS)):
                directory.mkdir(mode=0o700, exist_ok=True)
            names = (entry.name.partition(":")[0] for entry in os.scandir(self._directory / "cur"))
            self._read = {name for name in names if name.endswith(f".{_HOST}")}
        except OSError as error:
            raise Unavailable("connect", f"{self._directory}: {reason(error)}") from error

    def probe(self, timeout: float) -> str:  # noqa: ARG002 - nothing is waited for
        """Whether it can be written, or made; see `Transport.probe`."""
        is_there = self._directory.exists()
        wanted = [self._directory / name for name in _FOLDERS if (self._directory / name).exists()]
        for directory in wanted or [self._directory if is_there else self._directory.parent]:
            if not os.access(directory, os.W_OK | os.X_OK):
                raise Unavailable("write", f"{directory} cannot be written by this user")
        return "a Maildir that can be written" if is_there else "it is made by the first email"

    def close(self) -> None:
        """Nothing to disconnect."""
        self._read = None

    def send(self, envelope: Envelope, last_look: Callable[[], bool]) -> Receipt:
        """Deliver one message; see `Transport.send`."""
        check_addresses(envelope, "write")
        self.open()
        name = unique_name(envelope)
        assert self._read is not None
        if name in self._read:
            return Receipt(None, f"{name} is in cur already")
        unfinished = self._directory / "tmp" / name
        try:
            with self._disk():
                _write(unfinished, delivered_form(envelope))
            if not last_look():
                raise Withdrawn("write", "withdrawn just before it left")
            with self._disk():
                unfinished.replace(self._directory / "new" / name)
                _sync_directory(self._directory / "new")
        finally:
            _remove(unfinished)
        return Receipt(None, f"new/{name}")

    @contextlib.contextmanager
    def _disk(self) -> Iterator[None]:
        """A disk that is full, or not ours to write, is nobody's message's fault. (Delivering
        again is harmless here, so an error after the renaming leaves nothing in doubt.)"""
        try:
            yield
        except OSError as error:
            raise Unavailable("write", f"{self._directory}: {reason(error)}") from error


def unique_name(envelope: Envelope) -> str:
    """The file's name: when the email was recorded, its Message-ID, and whose work it is."""
    recorded = envelope.created_at
    digest = hashlib.sha256(envelope.message_id.encode()).hexdigest()[:24]
    return f"{int(recorded.timestamp())}.M{recorded.microsecond:06}R{digest}.{_HOST}"


def delivered_form(envelope: Envelope) -> bytes:
    """What final delivery makes of a message: LF for line ends, and the envelope on top of it
    (Return-Path: RFC 5321, section 4.4; Delivered-To: RFC 9228)."""
    trace = f"Return-Path: <{envelope.sender}>\nDelivered-To: {envelope.recipient}\n"
    body = envelope.message.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return trace.encode() + body + (b"" if body.endswith(b"\n") else b"\n")


def _write(path: Path, data: bytes) -> None:
    """Write a file of our own and wait until it is on the disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):  # the outcome stands; mail readers clear tmp of old files
        path.unlink(missing_ok=True)
