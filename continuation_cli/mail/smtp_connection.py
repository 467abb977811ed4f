"""The SMTP conversation, command by command: a socket, TLS, and replies with bounds.

The standard library's smtplib is not used: it reads replies of any length without an overall
deadline, loses the cause of a failed write, cannot pipeline, and logs in with ASCII passwords only.
"""

from __future__ import annotations

import contextlib
import re
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from continuation_cli.mail.transport import one_line

if TYPE_CHECKING:
    import ssl

#: RFC 5321, section 4.5.3.1.5 allows 512 octets a line; real servers exceed it, none needs more
#: than this for a whole reply.
LONGEST_REPLY = 65536
_BLOCK = 65536
_LINE = re.compile(r"([2-5]\d\d)(?:([ -])(.*))?", re.DOTALL | re.ASCII)
_STATUS = re.compile(r"\s*([245]\.\d{1,3}\.\d{1,3})(?!\.?\d)", re.ASCII)


class GarbledReplyError(OSError):
    """What came is not an SMTP reply: where it ends, and what it answers, cannot be known."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A server's reply: its code and the text of each line."""

    code: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        """All lines as one, printable and bounded."""
        return one_line(" ".join(self.lines))

    @property
    def status(self) -> str | None:
        """The enhanced status code (RFC 2034), unless it contradicts the reply code."""
        for line in self.lines:
            found = _STATUS.match(line)
            if found and found[1][0] == str(self.code)[0]:
                return found[1]
        return None


class Connection:
    """One connection to an SMTP server. What fails raises OSError, TimeoutError included."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._received = bytearray()
        self._secrets: list[str] = []
        # Commands are small and each waits for its reply: there is nothing to collect.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @property
    def local_address(self) -> str:
        """The IP address that this end has."""
        return str(self._socket.getsockname()[0])

    @property
    def tls_version(self) -> str | None:
        """Such as `TLSv1.3`; None before TLS has begun."""
        version = getattr(self._socket, "version", None)  # a plain socket has none
        return version() if version else None

    @property
    def has_unread(self) -> bool:
        """Whether the server has said more than it was asked for."""
        return bool(self._received)

    def conceal(self, *secrets: str) -> None:
        """Texts to blot out of replies: there are servers that echo a command in their error."""
        self._secrets.extend(secret for secret in secrets if secret)

    def start_tls(self, context: ssl.SSLContext, host: str, timeout: float) -> None:
        """Encrypt from here on; raises ssl.SSLError, an OSError, if the certificate is not good."""
        self._socket.settimeout(timeout)
        self._socket = context.wrap_socket(self._socket, server_hostname=host)

    def write(self, data: bytes, timeout: float) -> None:
        """Hand over all octets; `timeout`, in seconds, is for each block of 64 KiB."""
        self._socket.settimeout(timeout)
        if len(data) <= _BLOCK:
            self._socket.sendall(data)
            return
        view = memoryview(data)
        for start in range(0, len(data), _BLOCK):
            self._socket.sendall(view[start : start + _BLOCK])

    def reply(self, timeout: float) -> Reply:
        """Wait for one whole reply; `timeout`, in seconds, is for all of it."""
        deadline = time.monotonic() + timeout
        lines: list[str] = []
        size = 0
        while True:
            line = self._line(deadline)
            size += len(line)
            found = _LINE.fullmatch(line.decode("utf-8", "replace"))
            if found is None:
                raise GarbledReplyError("the server's answer is not an SMTP reply")
            if size > LONGEST_REPLY:
                raise GarbledReplyError(f"a reply of more than {LONGEST_REPLY} octets")
            lines.append(self._censored(found[3] or ""))
            if found[2] != "-":
                return Reply(int(found[1]), tuple(lines))

    def _line(self, deadline: float) -> bytes:
        """The next line without its end."""
        searched = 0
        while (end := self._received.find(b"\n", searched)) < 0:
            searched = len(self._received)
            if searched > LONGEST_REPLY:
                raise GarbledReplyError(f"a reply of more than {LONGEST_REPLY} octets")
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("timed out")
            self._socket.settimeout(left)
            received = self._socket.recv(16384)
            if not received:
                raise ConnectionResetError("the server closed the connection")
            self._received += received
        line = bytes(self._received[:end])
        del self._received[: end + 1]
        return line.rstrip(b"\r")

    def _censored(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    def close(self) -> None:
        """Drop the connection without a word. Never raises."""
        with contextlib.suppress(OSError):  # the descriptor is gone all the same
            self._socket.close()
