"""Delivery by SMTP (RFC 5321), with STARTTLS (3207), AUTH (4954), SIZE (1870), 8BITMIME (6152),
SMTPUTF8 (6531) and PIPELINING (2920) where the server offers them.
"""

from __future__ import annotations

import re
import socket
from base64 import b64encode
from typing import TYPE_CHECKING, Literal

from continuation_cli.mail.smtp_connection import Connection, GarbledReplyError, Reply
from continuation_cli.mail.smtp_message import blames_recipient, envelope_commands, to_wire
from continuation_cli.mail.transport import (
    InDoubt,
    NotSent,
    Receipt,
    Refused,
    Stage,
    Unavailable,
    Undelivered,
    Withdrawn,
    reason,
)

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable

    from continuation_cli.core.model import Envelope

Tls = Literal["none", "starttls", "implicit"]

_EHLO_NAME = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]*")


class SmtpTransport:
    """One connection to an SMTP server, kept for many messages.

    Time-outs are in seconds. RFC 5321, section 4.5.3.2, suggests 2 to 5 minutes for commands; the
    server here is the admin's own relay, and giving up too early before the final dot costs no more
    than another attempt: one minute. After the final dot it would cost the customer a second copy:
    the RFC's ten minutes.
    """

    def __init__(
        self,
        host: str,
        port: int = 25,
        *,
        tls: Tls = "none",
        tls_context: ssl.SSLContext | None = None,
        username: str | None = None,
        password: str = "",
        ehlo_name: str | None = None,
        connect_timeout: float = 30.0,
        command_timeout: float = 60.0,
        final_timeout: float = 600.0,
    ) -> None:
        """`tls_context` is needed unless `tls` is "none"."""
        self._host = host
        self._port = port
        self._tls = tls
        self._tls_context = tls_context
        self._username = username
        self._password = password
        self._ehlo_name = ehlo_name
        self._connect_timeout = connect_timeout
        self._command_timeout = command_timeout
        self._final_timeout = final_timeout
        self._connection: Connection | None = None
        self._stage: Stage = "connect"
        self._offers: dict[str, str] = {}
        self._used = False

    def __repr__(self) -> str:
        return f"SmtpTransport({self._host!r}, {self._port}, tls={self._tls!r})"

    @property
    def is_open(self) -> bool:
        """Whether there is a connection, as far as is known."""
        return self._connection is not None

    # --- Opening and closing ------------------------------------------------------------------

    def open(self) -> None:
        """Connect, secure and log in; no effect while open. Raises Unavailable."""
        if self._connection is not None:
            return
        try:
            self._connect()
            self._greet()
            if self._tls == "starttls":
                self._start_tls()
            if self._username is not None:
                self._log_in(self._username, self._password)
        except OSError as error:
            self._drop()
            where = f"{self._host}:{self._port}: " if self._stage == "connect" else ""
            raise Unavailable(self._stage, where + reason(error)) from error
        except BaseException:
            self._drop()
            raise
        self._used = False

    def probe(self, timeout: float) -> str:
        """Connect, secure and log in, and say good-bye; see `Transport.probe`."""
        patience = self._connect_timeout, self._command_timeout
        self._connect_timeout = self._command_timeout = timeout
        try:
            self.open()
            assert self._connection is not None
            tls = self._connection.tls_version
            self.close()
        finally:
            self._connect_timeout, self._command_timeout = patience
        login = "no login" if self._username is None else "login accepted"
        return f"connected, {tls or 'no TLS'}, {login}"

    def close(self) -> None:
        """Say QUIT and wait a little for the answer. Never raises."""
        if self._connection is not None:
            try:
                patience = min(5.0, self._command_timeout)
                self._connection.write(b"QUIT\r\n", patience)
                self._connection.reply(patience)
            except OSError:  # all that was to be recorded has been recorded
                pass
            self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _connect(self) -> None:
        self._stage = "connect"
        sock = socket.create_connection((self._host, self._port), self._connect_timeout)
        self._connection = Connection(sock)
        if self._tls == "implicit":
            self._encrypt()
        self._expect(220, self._reply("connect"))

    def _encrypt(self) -> None:
        assert self._connection is not None
        assert self._tls_context is not None
        self._connection.start_tls(self._tls_context, self._host, self._connect_timeout)

    def _greet(self) -> None:
        """EHLO. What was offered before is forgotten (RFC 3207, section 4.2)."""
        name = self._ehlo_name or self._own_name()
        reply = self._command("ehlo", f"EHLO {name}\r\n")
        self._expect(250, reply)
        self._offers = {}
        for line in reply.lines[1:]:
            keyword, _, parameters = line.strip().replace("=", " ", 1).partition(" ")
            self._offers.setdefault(keyword.upper(), parameters.upper())

    def _own_name(self) -> str:
        """This host's name if it is a whole one, else an address literal (RFC 5321, 4.1.4).

        Asking DNS (`socket.getfqdn`) is no option: it hangs where DNS does.
        """
        assert self._connection is not None
        name = socket.gethostname()
        if len(name) <= 253 and _EHLO_NAME.fullmatch(name):
            return name
        address = self._connection.local_address.partition("%")[0]
        return f"[IPv6:{address}]" if ":" in address else f"[{address}]"

    def _start_tls(self) -> None:
        assert self._connection is not None
        if "STARTTLS" not in self._offers:
            raise Unavailable("starttls", "the server does not offer STARTTLS")
        self._expect(220, self._command("starttls", "STARTTLS\r\n"))
        # Whatever came along in plain text would be taken for an answer given under TLS
        # (CVE-2011-0411 and its kin).
        if self._connection.has_unread:
            raise Unavailable("starttls", "the server, or somebody else, spoke on before TLS began")
        self._encrypt()
        self._greet()

    def _log_in(self, username: str, password: str) -> None:
        """AUTH PLAIN (RFC 4616), else LOGIN, which some servers have in its place."""
        assert self._connection is not None
        plain, *login = (
            b64encode(text.encode()).decode()
            for text in (f"\0{username}\0{password}", username, password)
        )
        self._connection.conceal(plain, login[1], password)
        self._stage = "auth"
        offered = self._offers.get("AUTH", "").split()
        if "PLAIN" in offered:
            reply, answers = self._command("auth", f"AUTH PLAIN {plain}\r\n"), [plain]
        elif "LOGIN" in offered:
            reply, answers = self._command("auth", "AUTH LOGIN\r\n"), login
        else:
            known = " ".join(offered) or "no AUTH at all"
            raise Unavailable("auth", f"the server offers {known}; PLAIN or LOGIN is needed")
        for answer in answers:
            if reply.code == 334:
                reply = self._command("auth", f"{answer}\r\n")
        self._expect(235, reply)

    def _expect(self, code: int, reply: Reply) -> None:
        if reply.code != code:
            raise Unavailable(self._stage, reply.text, code=reply.code, status=reply.status)

    # --- Sending ------------------------------------------------------------------------------

    def send(self, envelope: Envelope, last_look: Callable[[], bool]) -> Receipt:
        """Deliver one message; see `Transport.send`.

        A connection that has served before may have ended meanwhile: idle for too long, or as many
        messages as the server takes on one. If that shows at MAIL, it is made anew, once.
        """
        seasoned = self._connection is not None and self._used
        try:
            self.open()
            try:
                self._address(envelope)
            except (NotSent, Refused) as error:
                if not seasoned or self._connection is not None or error.stage != "mail":
                    raise
                self.open()
                self._address(envelope)
            self._used = True
            try:
                may_leave = last_look()
            except Undelivered:  # this one cannot be judged, and the connection serves the others
                self._reset()
                raise
            if not may_leave:
                self._reset()
                raise Withdrawn("data", "withdrawn just before it left")
            return self._transmit(to_wire(envelope.message))
        except Undelivered:
            raise
        except BaseException:  # from `last_look`, or a signal: the transaction must not live on
            self._drop()
            raise

    def _address(self, envelope: Envelope) -> None:
        """MAIL and RCPT, in one write if the server allows that."""
        mail, rcpt = envelope_commands(envelope, self._offers)
        pipelining = "PIPELINING" in self._offers
        try:
            first = self._command("mail", mail + rcpt if pipelining else mail)
            self._accept(first, unread=pipelining)
            self._accept(self._reply("rcpt") if pipelining else self._command("rcpt", rcpt))
        except OSError as error:
            self._drop()
            raise NotSent(self._stage, reason(error)) from error

    def _transmit(self, wire: bytes) -> Receipt:
        """DATA, the message and the final dot, which is where NotSent turns into InDoubt."""
        try:
            self._accept(self._command("data", "DATA\r\n"), wanted=354)
            self._hand_over(wire)
        except OSError as error:
            self._drop()
            raise NotSent("data", reason(error)) from error
        try:
            reply = self._reply("dot", self._final_timeout)
            if reply.code // 100 == 3:
                raise GarbledReplyError(f"unexpected reply: {reply.code} {reply.text}")
        except OSError as error:
            self._drop()
            raise InDoubt("dot", reason(error)) from error
        self._accept(reply)
        return Receipt(reply.code, reply.text)

    def _hand_over(self, wire: bytes) -> None:
        """Write the message. A server that hangs up half-way may have said why: then Refused."""
        assert self._connection is not None
        if self._connection.has_unread:
            raise GarbledReplyError("the server spoke out of turn")
        try:
            self._connection.write(wire, self._command_timeout)
        except OSError as error:
            try:
                reply = self._connection.reply(min(1.0, self._command_timeout))
            except OSError:
                raise error from None
            self._drop()
            self._accept(reply)
            raise

    def _accept(self, reply: Reply, *, wanted: int = 2, unread: bool = False) -> None:
        """Return if the reply's code is, or begins with, `wanted`; else raise what it means.

        The transaction is ended, so that the next message can use the connection. `unread`: the
        answer to one more command is under way.
        """
        if wanted in (reply.code, reply.code // 100):
            return
        if reply.code // 100 not in (4, 5):
            raise GarbledReplyError(f"unexpected reply: {reply.code} {reply.text}")
        is_out_of_step = reply.code == 503  # "bad sequence of commands": no fault of the message's
        if is_out_of_step or reply.code == 421:  # "closing transmission channel"
            self._drop()
        else:
            self._reset(unread=unread)
        permanent = reply.code // 100 == 5 and not is_out_of_step
        raise Refused(
            self._stage,
            reply.text,
            permanent=permanent,
            recipient=permanent and self._stage == "rcpt" and blames_recipient(reply),
            code=reply.code,
            status=reply.status,
        )

    def _reset(self, *, unread: bool = False) -> None:
        """End the transaction; a server that cannot even do that is left."""
        if self._connection is None:
            return
        try:
            if unread:
                self._connection.reply(self._command_timeout)
            self._connection.write(b"RSET\r\n", self._command_timeout)
            if self._connection.reply(self._command_timeout).code == 250:
                return
        except OSError:  # the outcome of the message is known, and this does not change it
            pass
        self._drop()

    # --- Commands and replies -----------------------------------------------------------------

    def _command(self, stage: Stage, line: str) -> Reply:
        self._stage = stage
        assert self._connection is not None
        self._connection.write(line.encode(), self._command_timeout)
        return self._reply(stage)

    def _reply(self, stage: Stage, timeout: float | None = None) -> Reply:
        self._stage = stage
        assert self._connection is not None
        return self._connection.reply(timeout or self._command_timeout)
