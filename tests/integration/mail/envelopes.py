"""Envelopes for tests of transports."""

from __future__ import annotations

from datetime import UTC, datetime

from continuation_cli.core.model import Envelope

HEADER = (
    b"From: Acme <support@acme.example>\r\nTo: ada@example.com\r\nSubject: Your chat\r\n"
    b"Message-ID: <1@acme.example>\r\n"
)


def envelope(
    body: bytes = b"Hello\r\n",
    *,
    header: bytes = HEADER,
    sender: str = "bounce@acme.example",
    recipient: str = "ada@example.com",
    message_id: str = "<1@acme.example>",
) -> Envelope:
    return Envelope(
        sender=sender,
        recipient=recipient,
        message=header + b"\r\n" + body,
        message_id=message_id,
        created_at=datetime(2026, 3, 1, 9, 0, 0, 123000, UTC),
    )


def yes() -> bool:
    """A last look that finds nothing against sending."""
    return True


def no() -> bool:
    """A last look that finds that the customer has read everything."""
    return False
