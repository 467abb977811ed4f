"""Composes the email: from what is known of a conversation to the octets that are sent.

Pure, and the same draft always gives the same octets. Only messages that a customer may see get
in, whatever the caller passes. `core.marks` says what a reply to it can be cut at.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from continuation_cli.core import addresses, locales, mime, views
from continuation_cli.core.characters import one_line, safe_url
from continuation_cli.core.marks import EMAIL_CLASS, REPLY_MARKER_CLASS
from continuation_cli.core.rendering import (
    ComposeError,
    TemplateError,
    TemplateFaultError,
    Templates,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from continuation_cli.core.model import Conversation, Message, Settings

__all__ = [
    "ComposeError",
    "Composed",
    "Draft",
    "TemplateError",
    "TemplateFaultError",
    "Templates",
    "compose",
]

#: Longest subject and names, in characters.
SUBJECT_LENGTH: Final = 100
NAME_LENGTH: Final = 60
_PREHEADER_LENGTH = 110
_TOKEN = re.compile(r"[a-z2-7]{26}")


@dataclass(frozen=True, slots=True)
class Draft:
    """Everything that an email depends on. `unseen` and `recap` are in order, oldest first.

    `token` is 26 characters of base32, new for each email; `message_id` has its angle brackets.
    `references` are the thread's Message-IDs, oldest first; `subject` is that of the thread.
    """

    conversation: Conversation
    settings: Settings
    channel_name: str
    unseen: tuple[Message, ...]
    recap: tuple[Message, ...]
    reopen_url: str | None
    token: str
    message_id: str
    composed_at: datetime
    references: tuple[str, ...] = ()
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class Composed:
    """An email, ready to send. `sender` and `recipient` are the envelope's (RFC 5321)."""

    message_id: str
    sender: str
    recipient: str
    from_header: str
    reply_to: str | None
    subject: str
    text: str
    html: str
    message: bytes


@dataclass(frozen=True, slots=True)
class _Parties:
    """Who writes to whom: names as one clean line, addresses with ASCII domains."""

    brand: str
    agent: str
    from_name: str
    from_email: str
    customer: str
    recipient: str
    inbound_domain: str | None


def compose(draft: Draft, templates: Templates) -> Composed:
    """Compose the email; raises ComposeError, saying why, if that cannot be done."""
    settings = draft.settings
    unseen = views.visible(draft.unseen)
    if not unseen:
        raise ComposeError("there is no message in it that a customer may see")
    locale = locales.locale_for(draft.conversation.locale, settings.locale)
    parties = _parties(draft, unseen, locale)
    context = _context(draft, unseen, parties, locale)
    subject = one_line(draft.subject, SUBJECT_LENGTH)
    if not subject:
        subject = one_line(templates.render("subject.txt", context), SUBJECT_LENGTH)
    subject = context["subject"] = subject or one_line(parties.brand, SUBJECT_LENGTH) or "Chat"
    text = templates.render("body.txt", context)
    html = templates.render("body.html", context)
    reply_to = _on_inbound("reply", draft, parties)
    fields = _fields(draft, parties, subject, reply_to, locale.tag)
    parts = [mime.text_part("plain", text), mime.text_part("html", html)]
    return Composed(
        message_id=draft.message_id,
        sender=_on_inbound("bounce", draft, parties) or parties.from_email,
        recipient=parties.recipient,
        from_header=f'"{parties.from_name}" <{parties.from_email}>',
        reply_to=reply_to,
        subject=subject,
        text=text,
        html=html,
        message=mime.alternative(fields, draft.message_id, parts),
    )


# --- Who --------------------------------------------------------------------------------------


def _parties(draft: Draft, unseen: Sequence[Message], locale: locales.Locale) -> _Parties:
    settings = draft.settings
    brand = one_line(settings.brand_name, NAME_LENGTH) or one_line(draft.channel_name, NAME_LENGTH)
    brand = brand or one_line(settings.from_name, NAME_LENGTH) or "Chat"
    sender = one_line(settings.from_name, NAME_LENGTH) or brand
    agents = {one_line(m.name, NAME_LENGTH) for m in unseen if m.author == "agent"}
    # One person signs for themselves; several do not share a name.
    agent = agents.pop() if len(agents) == 1 else ""
    if agent and agent != sender:
        from_name = locale.phrases.from_agent.format(agent=agent, brand=sender)
    else:
        from_name = sender
    return _Parties(
        brand=brand,
        agent=agent,
        from_name=from_name,
        from_email=_address("from-email", settings.from_email),
        customer=one_line(draft.conversation.name, NAME_LENGTH),
        recipient=_address("the customer's address", draft.conversation.email),
        inbound_domain=_domain(settings.inbound_domain) if settings.inbound_domain else None,
    )


@lru_cache(maxsize=1024)
def _address(what: str, address: str | None) -> str:
    """One address, its domain as A-labels (RFC 5890): the local part alone may be beyond ASCII."""
    if not address:
        raise ComposeError(f"{what} is not set; expected one like support@example.com")
    if addresses.is_valid(address):
        # What UTS #46 makes of the domain may be something else altogether: look again.
        with suppress(ValueError):
            encoded = addresses.to_ascii(address)
            if addresses.is_valid(encoded):
                return encoded
    raise ComposeError(f"{what} {address!r} is not one email address, like ada@example.com")


def _domain(domain: str) -> str:
    return _address("inbound-domain: its address", f"x@{domain}").removeprefix("x@")


def _on_inbound(role: str, draft: Draft, parties: _Parties) -> str | None:
    """An address of this email's own (`reply+TOKEN@…`), where mail can come in."""
    return parties.inbound_domain and f"{role}+{draft.token}@{parties.inbound_domain}"


# --- What the templates are given; docs/templates.md describes it ------------------------------


def _context(
    draft: Draft, unseen: Sequence[Message], parties: _Parties, locale: locales.Locale
) -> dict[str, Any]:
    settings, words = draft.settings, locale.phrases
    naming = views.Naming(
        agent=parties.brand, bot=words.assistant, customer=words.you, length=NAME_LENGTH
    )
    zone = locales.zone(settings.timezone)
    groups = views.groups(unseen, naming, locale, zone)
    recap = views.groups(views.visible(draft.recap), naming, locale, zone, brief=True)
    if parties.agent:
        heading = words.replied.format(agent=parties.agent, brand=parties.brand)
    else:
        heading = words.new_messages if len(unseen) > 1 else words.new_message
        heading = heading.format(brand=parties.brand)
    unsubscribe = _on_inbound("unsubscribe", draft, parties)
    return {
        "lang": locale.tag,
        "dir": words.direction,
        "words": words,
        "heading": heading,
        "preheader": views.preheader(groups, _PREHEADER_LENGTH),
        "brand": parties.brand,
        "agent": parties.agent,
        "customer": parties.customer,
        "logo_url": safe_url(settings.brand_logo_url),
        "colors": views.colors(settings.brand_color),
        "groups": groups,
        "recap": recap,
        "reopen_url": safe_url(draft.reopen_url),
        "can_reply": parties.inbound_domain is not None,
        "reply_marker": words.reply_marker,
        "reply_marker_class": REPLY_MARKER_CLASS,
        "email_class": EMAIL_CLASS,
        "reason": words.reason.format(brand=parties.brand),
        "unsubscribe": unsubscribe and f"mailto:{unsubscribe}",
    }


# --- Header fields ----------------------------------------------------------------------------


def _fields(
    draft: Draft, parties: _Parties, subject: str, reply_to: str | None, language: str
) -> list[str]:
    if not _TOKEN.fullmatch(draft.token):
        raise ComposeError(f"token {draft.token!r} is not 26 characters of lower-case base32")
    if not mime.is_message_id(draft.message_id):
        raise ComposeError(f"{draft.message_id!r} is not a Message-ID, like <abc@example.com>")
    unsubscribe = _on_inbound("unsubscribe", draft, parties)
    thread = mime.references(draft.references)
    fields = [
        mime.address_field("From", parties.from_name, parties.from_email),
        mime.address_field("To", parties.customer, parties.recipient),
        mime.text_field("Subject", subject),
        mime.date_field("Date", draft.composed_at.astimezone(UTC)),
        mime.token_field("Message-ID", [draft.message_id]),
    ]
    if reply_to:
        fields.insert(2, mime.address_field("Reply-To", "", reply_to))
    if thread:
        fields.append(mime.token_field("In-Reply-To", thread[-1:]))
        fields.append(mime.token_field("References", thread))
    fields.append("Auto-Submitted: auto-generated")
    fields.append("X-Auto-Response-Suppress: All")
    if unsubscribe:
        fields.append(mime.token_field("List-Unsubscribe", [f"<mailto:{unsubscribe}>"]))
    fields.append(f"Content-Language: {language}")
    return fields
