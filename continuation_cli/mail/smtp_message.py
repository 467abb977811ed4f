"""An email in SMTP's terms: its commands, its octets on the wire, and whom a refusal blames.

Pure functions: nothing is sent here.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from continuation_cli.mail.transport import Refused, check_addresses

if TYPE_CHECKING:
    from collections.abc import Mapping

    from continuation_cli.core.model import Envelope
    from continuation_cli.mail.smtp_connection import Reply

#: Enhanced codes (RFC 3463, 3886, 7505) that say the recipient's address is no good. Not 5.1.0,
#: 5.1.7 and 5.1.8: servers that check late report an unwelcome *sender* with these at RCPT.
_BAD_RECIPIENT_STATUS = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.4", "5.1.6", "5.1.10"})
#: Without an enhanced code 550, 551 and 553 mean anything from "no such user" to "no relaying for
#: you" (RFC 5321, section 4.2.3). Only words for the former count: an address suppressed in error
#: never gets mail again, one not suppressed merely fails once more.
_BAD_RECIPIENT_TEXT = re.compile(
    r"\b(?:no such (?:user|mailbox|recipient|address|account|person|local user|domain)"
    r"|(?:user|recipient|mailbox|address|account)\b.{0,60}?"
    r"\b(?:unknown|not found|does(?: not|n't) exist|not exist|invalid|not known)"
    r"|(?:unknown|invalid|nonexistent|non-existent) (?:local )?"
    r"(?:user|recipient|mailbox|address|account|local.part)"
    r"|no mailbox|not a (?:known|valid) (?:user|mailbox|recipient)|unrouteable address"
    r"|unroutable address|user not local)\b|#5\.1\.1\b",
    re.IGNORECASE,
)
_ABOUT_THE_SENDER = re.compile(r"\b(?:sender|from address|relay\w*|helo|ehlo)\b", re.IGNORECASE)


def to_wire(message: bytes) -> bytes:
    """A message as DATA carries it, dots doubled, the final dot included (RFC 5321, 4.5.2).

    A bare CR or LF becomes CRLF: servers differ on whether it ends a line, which has let messages
    be smuggled inside messages.
    """
    pairs = message.count(b"\r\n")
    if message.count(b"\n") != pairs or message.count(b"\r") != pairs:
        message = message.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    if message.startswith(b"."):
        message = b"." + message
    message = message.replace(b"\r\n.", b"\r\n..")
    return message + (b".\r\n" if message.endswith(b"\r\n") else b"\r\n.\r\n")


def blames_recipient(reply: Reply) -> bool:
    """Whether a 5yz reply to RCPT says that the recipient's address is no good.

    A policy (5.7.x), a full mailbox (5.2.2) or a refusal of relaying says nothing of the kind.
    """
    if reply.status is not None:
        return reply.status in _BAD_RECIPIENT_STATUS
    return (
        reply.code in (550, 551, 553)
        and _BAD_RECIPIENT_TEXT.search(reply.text) is not None
        and _ABOUT_THE_SENDER.search(reply.text) is None
    )


def envelope_commands(envelope: Envelope, offers: Mapping[str, str]) -> tuple[str, str]:
    """The MAIL and RCPT commands, with the extensions that this message needs or can use.

    `offers` maps the EHLO keywords to their parameters. Raises Refused where the server lacks an
    extension without which the message cannot be sent as it is.
    """
    check_addresses(envelope, "mail")
    message = envelope.message
    sender, recipient = (_wire_address(a) for a in (envelope.sender, envelope.recipient))
    parameters = ""
    if "SIZE" in offers:
        limit = int(offers["SIZE"]) if offers["SIZE"].isdecimal() else 0
        if 0 < limit < len(message):
            raise _unfit(f"{len(message)} octets; the server takes at most {limit}", "5.3.4")
        parameters += f" SIZE={len(message)}"
    if not message.isascii():
        if "8BITMIME" in offers:
            parameters += " BODY=8BITMIME"
        elif "SMTPUTF8" not in offers:
            raise _unfit("8-bit text, but the server does not offer 8BITMIME", "5.6.3")
    header = message[: message.find(b"\r\n\r\n") + 1 or None]
    if not (header.isascii() and sender.isascii() and recipient.isascii()):
        if "SMTPUTF8" not in offers:
            raise _unfit("a non-ASCII address or header; the server lacks SMTPUTF8", "5.6.7")
        parameters += " SMTPUTF8"
    return f"MAIL FROM:<{sender}>{parameters}\r\n", f"RCPT TO:<{recipient}>\r\n"


def _unfit(text: str, status: str) -> Refused:
    """Refused by us, in the server's place: it has said that it could not take this."""
    return Refused("mail", f"the message has {text}", permanent=True, status=status)


def _wire_address(address: str) -> str:
    """The address as a command carries it. A domain in another script goes as its A-labels, which
    every server understands; a local part in another script has no such form."""
    local = address.rpartition("@")[0]
    if address.isascii() or not local.isascii():
        return address
    from email_validator import EmailNotValidError, validate_email

    try:
        valid = validate_email(address, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return address
    return valid.ascii_email or address
