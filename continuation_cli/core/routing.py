"""Which conversation a received message belongs to, and who may speak in it. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple

from continuation_cli.core import addresses, authentication

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from continuation_cli.core.headers import Headers, Mailbox

Role = Literal["reply", "bounce", "unsubscribe"]

#: Who a message was for, the most trustworthy first: what the receiving server noted, what a relay
#: noted, what the author wrote.
RECIPIENT_FIELDS = (
    "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-Delivered-To",
    "X-Original-Recipient", "X-Forwarded-To", "Original-Recipient", "Resent-To", "To", "Cc",
    "Resent-Cc", "Bcc", "Apparently-To",
)  # fmt: skip

# The address may have been rewritten on its way: case folded, the + replaced or encoded, the whole
# wrapped (SRS, BATV). The token itself has only letters and digits.
_TOKEN = re.compile(
    r"(?<![a-z0-9])(reply|bounce|unsubscribe)(?:[-+_=.#~*]|%2b|=2b)([a-z2-7]{26})(?![a-z0-9])",
    re.IGNORECASE,
)


#: How many tokens and Message-IDs of one message are looked up; a stranger may write thousands.
_CANDIDATES = 100


class Token(NamedTuple):
    """A token found in an address, and what it was for."""

    role: Role
    value: str


def tokens_in(texts: Iterable[str]) -> list[Token]:
    """The tokens in these texts, each once, in order."""
    found = (
        Token(match[1].lower(), match[2].lower())  # type: ignore[arg-type]  # as the pattern says
        for text in texts
        for match in _TOKEN.finditer(text)
    )
    return list(dict.fromkeys(found))[:_CANDIDATES]


def tokens(headers: Headers, envelope: Sequence[str] = ()) -> list[Token]:
    """The tokens of all who a message was for; `envelope` are its recipients as the server says."""
    return tokens_in([*envelope, *_recipients(headers)])


def _recipients(headers: Headers) -> Iterator[str]:
    for name in RECIPIENT_FIELDS:
        yield from headers.all(name)


def returned_tokens(original: Headers) -> list[Token]:
    """The tokens in the headers of an email of ours that came back in a bounce or a complaint."""
    names = ("Return-Path", "Reply-To", "List-Unsubscribe", "X-Original-From")
    return tokens_in(value for name in names for value in original.all(name))


def referenced(headers: Headers) -> list[str]:
    """The Message-IDs that a message answers, the nearest first."""
    chain = [*headers.message_ids("References"), *headers.message_ids("In-Reply-To")]
    return list(dict.fromkeys(reversed(chain)))[:_CANDIDATES]


def author(headers: Headers) -> Mailbox | None:
    """Whom a message is from; None where it names nobody, or several (RFC 5322, section 3.6.2,
    allows several with a Sender; nothing tells which of them wrote)."""
    found = headers.mailboxes("From")
    return found[0] if len(found) == 1 else None


def objection(headers: Headers, customer: str | None, authserv_id: str | None) -> str | None:
    """Why a reply must not be posted as the customer's own words; None if it may be.

    `from_unclear`, `from_differs`, `authentication_failed` or `not_authenticated`. Where an
    authserv-id is configured, its server has to have found proof: a domain without SPF, DKIM and
    DMARC is one that anybody can write from.
    """
    writer = author(headers)
    if writer is None or not writer.address:
        return "from_unclear"
    if customer is None or not addresses.same(writer.address, customer):
        return "from_differs"
    if authserv_id is None:
        return None
    verdict = authentication.verdict(headers, authserv_id, writer.address)
    return {"pass": None, "fail": "authentication_failed"}.get(verdict, "not_authenticated")
