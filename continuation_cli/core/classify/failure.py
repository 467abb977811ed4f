"""What a report says of one recipient: of a failed delivery, or of a complaint."""

from __future__ import annotations

import re
from dataclasses import dataclass

from continuation_cli.core.classify.permanence import is_hard

#: Of what a server said, in characters.
MAX_DIAGNOSTIC = 1000
#: How many recipients of one report are told.
MAX_FAILURES = 200

_DOMAIN = (
    r"[A-Za-z0-9\u0080-\U0010ffff]"
    r"(?:[A-Za-z0-9_.\u0080-\U0010ffff-]{0,252}[A-Za-z0-9\u0080-\U0010ffff])?"
)
#: An address in prose, as a regular expression.
ADDRESS = rf"(?:\"[^\"\n]{{1,64}}\"|[^\s<>()\[\]:;,\"'|@\\`]{{1,128}})@{_DOMAIN}"

_STATUS = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?!\.?\d)")


@dataclass(frozen=True, slots=True)
class Failure:
    """What a report says of one recipient."""

    #: The address as it was mailed, if the report tells it; else the one that failed. None if the
    #: report names none.
    address: str | None
    #: The address that failed in the end: another one where mail is forwarded.
    final: str | None
    #: The enhanced status code (RFC 3463), such as "5.1.1".
    status: str | None
    #: "failed", "delayed", "delivered", "relayed" or "expanded" (RFC 3464, section 2.3.3);
    #: "complaint" of a feedback report.
    action: str
    #: The address does not exist or will never take mail (`core.permanence`).
    hard: bool
    #: What the server said, on one line.
    diagnostic: str | None
    #: The Message-ID of the message that is returned, angle brackets included.
    message_id: str | None = None


def failure(
    address: str | None, status: str | None, action: str, said: str, *, final: str | None = None
) -> Failure:
    """A failure; whether it is a hard one is read from the status and from what was said."""
    words = " ".join(said[: 4 * MAX_DIAGNOSTIC].split())[:MAX_DIAGNOSTIC]
    hard = action == "failed" and address is not None and is_hard(status, words)
    return Failure(address, final or address, status, action, hard, words or None)


def status_in(text: str) -> str | None:
    """The most telling enhanced status code in a text: one other than x.0.0 if there is one."""
    codes = [match[0] for match in _STATUS.finditer(text[: 4 * MAX_DIAGNOSTIC])]
    telling = [code for code in codes if not code.endswith(".0.0")]
    return next(iter(telling or codes), None)
