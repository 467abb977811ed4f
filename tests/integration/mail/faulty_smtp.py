"""A small SMTP server that does at one stage what no well-behaved server can be made to do.

As a fixture, from any test:

    def test_x(faulty_smtp):
        server = faulty_smtp(rcpt="550 5.1.1 no such user")
        ... deliver to server.host, server.port ...
        assert server.accepted == []

Stages: connect (the greeting), ehlo, starttls, auth, mail, rcpt, data, body (half-way through the
message), dot, rset, quit. A fault is a reply to give in place of the usual one (text without its
line end, or raw octets), DROP (hang up), or STALL (say nothing more); or a list of these and None
(behave), one for each time the stage is reached, the last one for good.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator


class Fault(Enum):
    DROP = "drop"
    STALL = "stall"


DROP, STALL = Fault.DROP, Fault.STALL
Behaviour = str | bytes | Fault | None

USUAL = {
    "connect": "220 faulty.example ESMTP",
    "starttls": "220 2.0.0 go ahead",
    "auth": "235 2.7.0 welcome",
    "mail": "250 2.1.0 sender ok",
    "rcpt": "250 2.1.5 recipient ok",
    "data": "354 end with a dot",
    "dot": "250 2.0.0 queued as F1",
    "rset": "250 2.0.0 ok",
    "quit": "221 2.0.0 bye",
}


class _HungUpError(Exception):
    pass


@dataclass
class FaultySmtp:
    """`received`: messages that came whole, with the final dot; `accepted`: those answered 250."""

    faults: dict[str, Behaviour | list[Behaviour]] = field(default_factory=dict)
    offers: tuple[str, ...] = ("8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES")
    tls: ssl.SSLContext | None = None
    implicit_tls: bool = False
    host: str = "127.0.0.1"
    received: list[bytes] = field(default_factory=list)
    accepted: list[bytes] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    connections: int = 0

    def __post_init__(self) -> None:
        self._over = threading.Event()
        self._open: list[socket.socket] = []
        self._listener = socket.create_server((self.host, 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def url(self) -> str:
        return f"smtp://{self.host}:{self.port}"

    def close(self) -> None:
        self._over.set()
        for sock in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def _listen(self) -> None:
        while not self._over.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(sock)
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        sock.settimeout(10)
        with contextlib.suppress(OSError, _HungUpError):
            _Session(self, sock).run()
        with contextlib.suppress(OSError):
            sock.close()

    def behaviour(self, stage: str) -> Behaviour:
        """What to do at this stage, this time."""
        fault = self.faults.get(stage)
        if isinstance(fault, list):
            return fault.pop(0) if len(fault) > 1 else fault[0]
        return fault

    def answered(self, stage: str) -> None:
        """For servers that do more: the reply at this stage has been given."""

    def reading(self, octets: int) -> None:
        """For servers that do more: of the message in hand, so much has come."""

    def stall(self) -> None:
        self._over.wait(10)
        raise _HungUpError


class _Session:
    def __init__(self, server: FaultySmtp, sock: socket.socket) -> None:
        self.server = server
        self.sock = sock
        self.buffer = b""
        self.message_in_hand = b""
        self.secure = False

    def run(self) -> None:
        if self.server.implicit_tls:
            self.encrypt()
        self.answer("connect")
        while True:
            line = self.line()
            self.server.commands.append(line)
            verb = line.partition(" ")[0].upper()
            if verb == "EHLO":
                starttls = ("STARTTLS",) if self.server.tls and not self.secure else ()
                keywords = ["faulty.example", *self.server.offers, *starttls]
                last = len(keywords) - 1
                usual = (f"250{' ' if n == last else '-'}{k}" for n, k in enumerate(keywords))
                self.answer("ehlo", "\r\n".join(usual))
            elif verb == "STARTTLS":
                self.answer("starttls")
                self.encrypt()
            elif verb == "DATA":
                if self.answer("data").startswith("354"):
                    self.message()
            elif verb in ("AUTH", "MAIL", "RCPT", "RSET"):
                self.answer(verb.lower())
            elif verb == "QUIT":
                self.answer("quit")
                raise _HungUpError
            else:
                self.say("500 5.5.2 what?")

    def encrypt(self) -> None:
        assert self.server.tls is not None
        self.sock = self.server.tls.wrap_socket(self.sock, server_side=True)
        self.secure = True

    def message(self) -> None:
        if self.server.behaviour("body") is not None:
            self.line()
            self.answer("body", "")
            self.server.stall()  # having said so, it reads no further
        while not self.buffer.startswith(b".\r\n") and b"\r\n.\r\n" not in self.buffer:
            self.more()
            self.server.reading(len(self.buffer))
        body, _, self.buffer = (b"\r\n" + self.buffer).partition(b"\r\n.\r\n")
        message = (body[2:] + b"\r\n").replace(b"\r\n..", b"\r\n.")
        self.message_in_hand = message
        self.server.received.append(message)
        self.answer("dot")

    def line(self) -> str:
        while b"\r\n" not in self.buffer:
            self.more()
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line.decode(errors="replace")  # a client may begin with TLS

    def more(self) -> None:
        got = self.sock.recv(1 << 18)
        if not got:
            raise _HungUpError
        self.buffer += got

    def answer(self, stage: str, usual: str | None = None) -> str:
        """Behave at a stage; returns the reply that was given."""
        fault = self.server.behaviour(stage)
        if fault is DROP:
            self.sock.shutdown(socket.SHUT_RDWR)
            raise _HungUpError
        if fault is STALL:
            self.server.stall()
        if isinstance(fault, bytes):
            self.sock.sendall(fault)
            return fault.decode("latin-1")
        reply = fault if isinstance(fault, str) else usual if usual is not None else USUAL[stage]
        if stage == "dot" and reply.startswith("250"):
            self.server.accepted.append(self.message_in_hand)  # before the client hears of it
        self.say(reply)
        self.server.answered(stage)
        if reply.startswith("421"):
            raise _HungUpError
        return reply

    def say(self, text: str) -> None:
        self.sock.sendall(text.encode() + b"\r\n")


@pytest.fixture
def faulty_smtp() -> Iterator[Callable[..., FaultySmtp]]:
    """Makes servers: faults by stage as keywords, and FaultySmtp's own `offers`, `tls`, …"""
    with contextlib.ExitStack() as running:

        def make(
            *,
            offers: tuple[str, ...] | None = None,
            tls: ssl.SSLContext | None = None,
            implicit_tls: bool = False,
            **faults: Behaviour | list[Behaviour],
        ) -> FaultySmtp:
            server = FaultySmtp(faults, tls=tls, implicit_tls=implicit_tls)
            if offers is not None:
                server.offers = offers
            running.callback(server.close)
            return server

        yield make
