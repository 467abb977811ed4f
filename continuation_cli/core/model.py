"""The values that everything else speaks of. Plain data: no I/O, no clock.

Times are aware datetimes in UTC; delays are timedeltas.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from datetime import datetime, timedelta

Author = Literal["agent", "bot", "customer", "note", "system"]
BodyFormat = Literal["plain", "markdown", "html"]
Presence = Literal["online", "away", "offline"]
Rule = Literal["offline", "unseen"]

#: Kinds of message that a customer may ever be shown. An allow-list: a kind that is added
#: one day stays private until somebody decides otherwise.
CUSTOMER_VISIBLE: frozenset[str] = frozenset({"agent", "bot", "customer"})


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that a message carries; it stays where the chat keeps it. `size` is in octets. One
    that came by email is kept in the archive, under its `sha256`."""

    name: str
    url: str | None = None
    size: int | None = None
    content_type: str | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a chat. `email` is the outbox id of the email that carries it."""

    id: str
    author: Author
    text: str
    sent_at: datetime
    name: str | None = None
    format: BodyFormat = "plain"
    via: Literal["chat", "email"] = "chat"
    seen_at: datetime | None = None
    edited_at: datetime | None = None
    deleted_at: datetime | None = None
    email: int | None = None
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """One browser page with the widget; each time is the latest of its kind."""

    id: str
    url: str | None
    opened_at: datetime
    visible_at: datetime | None = None
    hidden_at: datetime | None = None
    last_active_at: datetime | None = None
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Conversation:
    """What `decide` needs to know of a conversation.

    `unseen` holds the customer-visible agent and bot messages that are not deleted, not seen and
    not in an email, oldest first. `emailed_at` holds the times of the emails of the last 24 hours
    that have left or may have.
    `suppression` is the reason why the address must not be mailed. Revoking its links raises
    `link_generation`.
    """

    id: str
    channel: str
    began_at: datetime
    email: str | None = None
    name: str | None = None
    locale: str | None = None
    held_at: datetime | None = None
    set_aside_until: datetime | None = None
    suppression: str | None = None
    link_generation: int = 0
    emailed_at: tuple[datetime, ...] = ()
    pages: tuple[Page, ...] = ()
    unseen: tuple[Message, ...] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """The effective settings of one channel. A delay of None is `never`: that rule is off."""

    enabled: bool
    offline_delay: timedelta | None
    unseen_delay: timedelta | None
    reply_url: str | None
    from_email: str | None
    from_name: str | None
    inbound_domain: str | None
    authserv_id: str | None
    brand_name: str | None
    brand_logo_url: str | None
    brand_color: str
    locale: str
    timezone: str
    presence_timeout: timedelta
    max_age: timedelta
    link_expiry: timedelta
    recap: int
    bot_messages: Literal["include", "trigger", "omit"]
    daily_cap: int
    on_unknown: Literal["resend", "hold"]


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a transport delivers: the SMTP envelope (RFC 5321) and the message's exact octets.

    `sender` is the reverse-path. `message_id` names the message, angle brackets included.
    `created_at` is when the email was recorded; the same for every attempt.
    """

    sender: str
    recipient: str
    message: bytes
    message_id: str
    created_at: datetime


class Limits(NamedTuple):
    """How much of a message is looked at, and of how many attachments it may consist. Sizes in
    octets; an attachment's is that of the file, its transfer encoding undone."""

    message: int = 25 << 20
    headers: int = 256 << 10
    parts: int = 200
    nesting: int = 20
    attachments: int = 20
    attachment: int = 20 << 20
