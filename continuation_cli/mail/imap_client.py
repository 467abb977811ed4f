"""imap-tools on clients of ours, and what a server answers to FETCH (RFC 3501, section 7.4.2)."""

from __future__ import annotations

import imaplib
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import imap_tools

if TYPE_CHECKING:
    from collections.abc import Sequence

#: How much of a mail is asked for at once, in octets.
CHUNK = 1 << 20

_UID = re.compile(rb"\bUID (\d+)", re.IGNORECASE)
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)", re.IGNORECASE)
_LITERAL = re.compile(rb"\d+ \(.*BODY\[[^]]*\](?:<0*(\d+)>)? \{(\d+)\}", re.IGNORECASE)
_QUOTED = re.compile(
    rb'\d+ \(.*BODY\[[^]]*\](?:<0*(\d+)>)? (?:NIL|"((?:[^"\\]|\\.)*)")', re.IGNORECASE
)
#: All that may follow a text: anything else is more of it, and its length was wrong.
_AFTER = re.compile(
    rb"(?: (?:UID \d+|FLAGS \([^()]*\)|RFC822\.SIZE \d+|MODSEQ \(\d+\)))*\)", re.IGNORECASE
)


class _Bounded:
    """What comes in one piece is bounded before it is waited for."""

    def read(self, size: int) -> bytes:
        if size > CHUNK:
            raise imaplib.IMAP4.abort(f"{size} octets in one piece; {CHUNK} were asked for")
        octets: bytes = super().read(size)  # type: ignore[misc]  # of IMAP4, which comes next
        return octets


class Plain(_Bounded, imaplib.IMAP4):
    """A connection without TLS, or one that gets it by STARTTLS."""


class Encrypted(_Bounded, imaplib.IMAP4_SSL):
    """A connection with TLS from the start."""


class Connection(imap_tools.BaseMailBox):
    """imap-tools on a client of ours."""

    client: Plain | Encrypted

    def __init__(self, client: Plain | Encrypted) -> None:
        self._made = client
        super().__init__()

    def _get_mailbox_client(self) -> imaplib.IMAP4:
        return self._made


class Text(NamedTuple):
    """A text in an answer: where in the mail it begins, and how large the mail is, if told."""

    origin: int
    text: bytes
    size: int


def texts_in(data: Sequence[Any]) -> dict[str, Text]:
    """The texts in the answer to a FETCH, by UID.

    Raises IMAP4.abort if one does not add up: a mail must not be taken for a part of itself.
    """
    found: dict[str, Text] = {}
    for place, item in enumerate(data):
        if isinstance(item, tuple):
            head, text = item
            tail = data[place + 1] if place + 1 < len(data) else None
            literal = _LITERAL.fullmatch(head)
            if literal is None or not isinstance(tail, bytes) or not _AFTER.fullmatch(tail):
                raise imaplib.IMAP4.abort("a mail is not as long as the server says it is")
            if int(literal[2]) != len(text):
                raise imaplib.IMAP4.abort("the connection ended within a mail")
            about, origin = _before_text(head) + tail, literal[1]
        else:
            quoted = _QUOTED.match(item or b"")
            if quoted is None:
                continue
            text = re.sub(rb"\\(.)", rb"\1", quoted[2] or b"")
            about, origin = _before_text(item) + item[quoted.end() :], quoted[1]
        uid, size = _UID.search(about), _SIZE.search(about)
        if uid:
            found[uid[1].decode()] = Text(int(origin or 0), text, int(size[1]) if size else -1)
    return found


def _before_text(answer: bytes) -> bytes:
    return answer[: answer.upper().find(b"BODY[")]
