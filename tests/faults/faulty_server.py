"""A mail server in memory that does to each email what a test asks for, and a chat that goes on
while the email is on its way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from continuation_cli.mail.transport import (
    InDoubt,
    NotSent,
    Receipt,
    Refused,
    Unavailable,
    Withdrawn,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from continuation_cli.core.model import Envelope


class Server:
    """A mail server that does to an email what was asked for, and a chat that goes on meanwhile."""

    def __init__(self) -> None:
        self.faults: dict[str, str] = {}
        self.attempts: list[str] = []
        self.inboxes: list[tuple[str, bytes]] = []  # Message-ID and octets, as often as delivered
        self.meanwhile: Callable[[str], None] = lambda _message_id: None
        self.conversation_of: Callable[[str], str] = str
        self.doubtful: set[str] = set()

    def transport(self, *_unused: object) -> Connection:
        """A connection, not open yet."""
        return Connection(self)


class Connection:
    """One connection to the server: the transport that a sweep is given."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.is_open = False

    def open(self) -> None:
        if "*" in self._server.faults:
            raise Unavailable("connect", "connection refused")
        self.is_open = True

    def send(self, envelope: Envelope, last_look: Callable[[], bool]) -> Receipt:
        server = self._server
        conversation = server.conversation_of(envelope.message_id)
        server.attempts.append(conversation)
        server.meanwhile(conversation)
        if not last_look():
            raise Withdrawn("data", "withdrawn")
        fault = server.faults.get(conversation)
        if fault in ("stop", "dropped", "lost_before", "lost_after"):
            self.is_open = False
        if fault in (None, "lost_after"):
            server.inboxes.append((envelope.message_id, bytes(envelope.message)))
        if fault in ("lost_before", "lost_after"):
            server.doubtful.add(envelope.message_id)
        answer = _ANSWERS.get(fault or "")
        if answer is not None:
            raise answer
        return Receipt(250, "2.0.0 queued")

    def close(self) -> None:
        self.is_open = False


_ANSWERS = {
    "stop": Unavailable("mail", "4.3.2 shutting down", code=421),
    "dropped": NotSent("data", "connection lost"),
    "lost_before": InDoubt("dot", "connection lost"),
    "lost_after": InDoubt("dot", "connection lost"),
    "deferred": Refused("rcpt", "4.7.1 greylisted", permanent=False, code=450),
    "refused": Refused("dot", "5.7.1 refused", permanent=True, code=550),
    "no_such_user": Refused(
        "rcpt", "5.1.1 unknown", permanent=True, recipient=True, code=550, status="5.1.1"
    ),
}  # fmt: skip
