"""What a received message is before anything is done about it: values, and how they follow from
each other. No I/O: the database's part is in `receive`.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, NamedTuple

from continuation_cli.core import addresses, attachments, classify, mime, routing, times
from continuation_cli.core.characters import one_line
from continuation_cli.core.received import read
from continuation_cli.store import inbox

if TYPE_CHECKING:
    from collections.abc import Sequence

    from continuation_cli.core.classify import Classification
    from continuation_cli.core.headers import Headers
    from continuation_cli.core.model import Limits
    from continuation_cli.core.received import Received
    from continuation_cli.mail.archive import Kept
    from continuation_cli.store.db import Row
    from continuation_cli.store.inbox import Answered, Entry, Posting

#: The shortest time that the store can tell apart.
_MOMENT = timedelta(milliseconds=1)
#: Longest subject, names and addresses that are recorded, in characters.
_LINE = 500

#: Why a message beyond a limit is quarantined, by the name of the limit.
BEYOND = {
    "message": "too_large",
    "headers": "header_too_large",
    "parts": "too_many_parts",
    "nesting": "too_deep",
    "attachments": "too_many_attachments",
    "attachment": "attachment_too_large",
}


class Mail(NamedTuple):
    """A message as far as it can be understood without the database."""

    kept: Kept
    received: Received
    found: Classification
    tokens: list[routing.Token]
    references: list[str]


class Judgement(NamedTuple):
    """What is to be done with a message, as things are."""

    kind: str
    state: str
    reason: str | None = None
    about: Answered | None = None


def understood(kept: Kept, limits: Limits, recipients: Sequence[str]) -> Mail:
    received = read(kept.head, limits)
    return Mail(
        kept, received, classify.of(received), routing.tokens(received.headers, recipients),
        routing.referenced(received.headers),
    )  # fmt: skip


def identity(mail: Mail, judgement: Judgement) -> str:
    """A message that comes twice has the same Message-ID and author; the trace fields on top of it
    differ. One without a proper Message-ID is known by its octets.

    It has also been judged the same: who got a copy of a reply that is still under way can send
    something under its Message-ID, and must not make the reply a duplicate of that.
    """
    headers, about = mail.received.headers, judgement.about
    ids = headers.message_ids("Message-ID")
    writer = routing.author(headers)
    conversation = about.conversation if about else ""
    known_by = mail.kept.digest
    if len(ids) == 1 and "@" in ids[0]:
        known_by = f"{ids[0]}\n{writer.address.lower() if writer else ''}"
    judged = f"{judgement.kind}\n{judgement.state}\n{conversation}"
    return hashlib.sha256(f"{known_by}\n{judged}".encode("utf-8", "replace")).hexdigest()


def with_content(
    judgement: Judgement,
    text: str | None,
    found: list[attachments.File],
    limits: Limits,
) -> Judgement:
    """The judgement, now that it is known what the reply holds."""
    if judgement.state != "posted":
        return judgement
    beyond = attachments.exceeded(found, limits)
    if beyond is not None:
        return judgement._replace(state="quarantined", reason=BEYOND[beyond])
    if not found and not _is_visible(text or ""):
        return judgement._replace(state="ignored", reason="empty")
    return judgement


def _is_visible(text: str) -> bool:
    """Whether there is anything to see: zero-width characters are nothing."""
    return any(character.isprintable() and not character.isspace() for character in text)


def entry_of(mail: Mail, judgement: Judgement, text: str | None, now: datetime) -> Entry:
    headers, about = mail.received.headers, judgement.about
    writer = routing.author(headers)
    ids = headers.message_ids("Message-ID")
    return inbox.Entry(
        identity=identity(mail, judgement),
        digest=mail.kept.digest,
        size=mail.kept.size,
        received_at=now,
        kind=judgement.kind,
        state=judgement.state,
        reason=judgement.reason,
        conversation=about.conversation if about else None,
        email=about.email if about else None,
        sender=one_line(writer.address, _LINE) if writer else None,
        sender_name=one_line(writer.name, _LINE) or None if writer else None,
        recipient=one_line(headers.first("To"), _LINE) or None,
        subject=one_line(headers.first("Subject"), _LINE) or None,
        message_id=ids[0] if ids and mime.is_message_id(ids[0]) else None,
        sent_at=_date(headers),
        text=text,
        message=_message_id(mail.kept.digest) if judgement.state == "posted" else None,
    )


def _message_id(digest: str) -> str:
    """The id of the message that a reply becomes: the same, whenever it is posted."""
    return f"reply-{digest[:12]}"


def recorded(row: Row) -> Entry:
    """A quarantined entry from its row, as it is when it is posted."""
    return inbox.Entry(
        identity="", digest=row["digest"], size=row["size"],
        received_at=times.from_text(row["received_at"]), kind=row["kind"], state="posted",
        reason=row["reason"], sender=row["sender"], sender_name=row["sender_name"],
        sent_at=times.maybe(row["sent_at"]), text=row["text"], message=_message_id(row["digest"]),
    )  # fmt: skip


def stranger(entry: Entry, about: Answered) -> str | None:
    """Who wrote in the customer's place: name and address. None: it was the customer."""
    address = entry.sender
    if address and about.customer and addresses.same(address, about.customer):
        return None
    return f"{entry.sender_name or ''} <{address or 'unknown'}>".strip()


def _date(headers: Headers) -> datetime | None:
    """What Date says, as far as it can be believed to be a date at all."""
    text = (headers.first("Date") or "")[:100]
    with suppress(ValueError, OverflowError, IndexError, TypeError):
        moment = parsedate_to_datetime(text)
        moment = moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
        if 1970 <= moment.year < 9000:
            return moment.replace(microsecond=0)
    return None


def posting_of(
    entry: Entry, about: Answered, files: tuple[inbox.StoredFile, ...], now: datetime
) -> Posting:
    """In the chat a reply stands where it was written: after the email that it answers, before
    what the agent wrote while it was under way."""
    assert entry.message is not None
    written = min(max(entry.sent_at or now, about.created_at + _MOMENT), now)
    return inbox.Posting(entry.message, entry.text or "", written, None, files)
