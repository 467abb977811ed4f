"""A small IMAP server that does at one stage what no well-behaved server can be made to do.

As a fixture, from any test:

    def test_x(faulty_imap):
        server = faulty_imap([mail], move="NO [SERVERBUG] out of order")
        ... read the mailbox at server.url, with server.environ ...
        assert server.commands[-1] == "UID MOVE 1 \\"Processed\\""

Stages: greeting, capability, authenticate, login, starttls, namespace, list, select, search, header
(FETCH of headers), fetch (of a mail), store, move, copy, expunge, create, subscribe, logout. A
fault is what to say in place of OK (text without tag and line end), raw octets in place of all that
is said, DROP (hang up) or STALL; or a list of these and None (behave), one for each time the stage
is reached, the last one for good. In raw octets %TAG% stands for the command's tag.
"""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from faulty_smtp import DROP, STALL, Behaviour

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterator

ENVIRON = {"CONTINUATION_IMAP_PASSWORD": "hunter2"}


class _HungUpError(Exception):
    pass


@dataclass
class FaultyImap:
    """Mails have the UIDs 1, 2, …; `commands` are those received, without their tags."""

    mails: list[bytes]
    faults: dict[str, Behaviour | list[Behaviour]] = field(default_factory=dict)
    offers: str = "IMAP4rev1 AUTH=PLAIN MOVE UIDPLUS"
    tls: ssl.SSLContext | None = None
    folders: tuple[str, ...] = ("INBOX", "Other")
    commands: list[str] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)
    connections: int = 0
    environ: dict[str, str] = field(default_factory=lambda: dict(ENVIRON))

    def __post_init__(self) -> None:
        self._over = threading.Event()
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def url(self) -> str:
        return f"imap://ada@127.0.0.1:{self.port}"

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

    def stall(self) -> None:
        self._over.wait(10)
        raise _HungUpError


class _Session:
    def __init__(self, server: FaultyImap, sock: socket.socket) -> None:
        self.server = server
        self.sock = sock
        self.stream = sock.makefile("rb")
        self.tag = "*"

    def run(self) -> None:
        self.answer("greeting", ok="OK ready")
        while True:
            self.tag, _, command = self.line().partition(" ")
            self.server.commands.append(command)
            self.obey(command)

    def obey(self, command: str) -> None:
        words = command.upper().split()
        verb = words[1] if words[0] == "UID" else words[0]
        match verb:
            case "CAPABILITY":
                self.answer("capability", f"* CAPABILITY {self.server.offers}\r\n")
            case "STARTTLS":
                self.answer("starttls")
                assert self.server.tls is not None
                self.sock = self.server.tls.wrap_socket(self.sock, server_side=True)
                self.stream = self.sock.makefile("rb")
            case "AUTHENTICATE":
                self.sock.sendall(b"+ \r\n")
                self.server.secrets.append(self.line())
                self.answer("authenticate")
            case "NAMESPACE":
                self.answer("namespace", '* NAMESPACE (("" "/")) NIL NIL\r\n')
            case "LIST":
                names = "".join(f'* LIST () "/" "{name}"\r\n' for name in self.server.folders)
                whole = '* LIST (\\Noselect) "/" ""\r\n' if words[-1] == '""' else names
                self.answer("list", whole)
            case "SELECT":
                self.answer("select", "* 9 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n")
            case "SEARCH":
                found = " ".join(str(n) for n, mail in enumerate(self.server.mails, 1) if mail)
                self.answer("search", f"* SEARCH {found}\r\n")
            case "FETCH":
                self.fetch(command)
            case "LOGOUT":
                self.answer("logout", "* BYE bye\r\n")
                raise _HungUpError
            case "LOGIN" | "STORE" | "MOVE" | "COPY" | "EXPUNGE" | "CREATE" | "SUBSCRIBE":
                self.answer(verb.lower())
            case _:
                self.sock.sendall(f"{self.tag} BAD what?\r\n".encode())

    def fetch(self, command: str) -> None:
        uids = [int(uid) for uid in command.split()[2].split(",")]
        mails = dict(enumerate(self.server.mails, 1))
        there = [(uid, mails[uid]) for uid in uids if mails.get(uid)]
        is_header = "HEADER" in command
        found = re.search(r"<(\d+)\.(\d+)>", command)
        assert found is not None
        start, end = int(found[1]), int(found[1]) + int(found[2])
        lines = []
        for uid, mail in there:
            part = (mail.partition(b"\r\n\r\n")[0] + b"\r\n\r\n") if is_header else mail
            part = part[start:end]
            what = f"BODY[{'HEADER' if is_header else ''}]<{start}> {{{len(part)}}}"
            size = f" RFC822.SIZE {len(mail)}" if is_header else ""
            text = part.decode("latin-1")
            lines.append(f"* {uid} FETCH (UID {uid}{size} {what}\r\n{text})\r\n")
        self.answer("header" if is_header else "fetch", "".join(lines))

    def line(self) -> str:
        line = self.stream.readline()
        if not line.endswith(b"\r\n"):
            raise _HungUpError
        return line[:-2].decode(errors="replace")

    def answer(self, stage: str, usual: str = "", ok: str = "OK done") -> None:
        fault = self.server.behaviour(stage)
        if fault is DROP:
            self.sock.shutdown(socket.SHUT_RDWR)
            raise _HungUpError
        if fault is STALL:
            self.server.stall()
        if isinstance(fault, bytes):
            self.sock.sendall(fault.replace(b"%TAG%", self.tag.encode()))
            if not fault.endswith(b"\n"):
                self.sock.shutdown(socket.SHUT_WR)
                raise _HungUpError
            return
        text = (
            f"{self.tag} {fault}\r\n" if isinstance(fault, str) else f"{usual}{self.tag} {ok}\r\n"
        )
        self.sock.sendall(text.encode("latin-1"))
        if re.match(r"\* (BYE|NO)", text):
            raise _HungUpError


@pytest.fixture
def faulty_imap() -> Iterator[Callable[..., FaultyImap]]:
    """Makes servers: mails, faults by stage as keywords, and FaultyImap's own `offers`, …"""
    with contextlib.ExitStack() as running:

        def make(
            mails: list[bytes],
            *,
            offers: str | None = None,
            tls: ssl.SSLContext | None = None,
            **faults: Behaviour | list[Behaviour],
        ) -> FaultyImap:
            server = FaultyImap(list(mails), faults, tls=tls)
            if offers is not None:
                server.offers = offers
            running.callback(server.close)
            return server

        yield make
