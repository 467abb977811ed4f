"""Emails of every make, to tell whether a template is to blame or the data."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

from continuation_cli.core.compose import ComposeError, Draft, Templates, compose
from continuation_cli.core.model import Attachment, Conversation, Message
from continuation_cli.core.settings import effective

_AT = datetime(2026, 3, 1, 9, tzinfo=UTC)
_FILE = Attachment("invoice.pdf", "https://example.com/invoice.pdf", 12345)


@cache
def drafts() -> tuple[Draft, ...]:
    """One with everything that an email can have, one of two messages, one with next to nothing."""
    settings = replace(effective({}, {}, {}), from_email="support@example.com")
    first = Message("m3", "agent", "Hello Ada", _AT, name="Ana")
    second = Message("m4", "agent", "How are you?", _AT, name="Ana")
    bare = Draft(
        conversation=Conversation("c1", "example", _AT, email="ada@example.com"),
        settings=settings,
        channel_name="Example",
        unseen=(replace(first, name=None),),
        recap=(),
        reopen_url=None,
        token="a" * 26,
        message_id="<a@example.com>",
        composed_at=_AT,
    )
    full = replace(
        bare,
        conversation=replace(bare.conversation, name="Ada"),
        settings=replace(
            settings,
            inbound_domain="reply.example.com",
            brand_name="Example",
            brand_logo_url="https://example.com/logo.png",
        ),
        unseen=(
            replace(first, attachments=(_FILE,)),
            second,
            Message("m5", "bot", "A bot is here, too.", _AT, name="Helper"),
        ),
        recap=(
            Message("m1", "customer", "Hello?", _AT),
            Message("m2", "agent", "One moment.", _AT, name="Ana", attachments=(_FILE,)),
        ),
        reopen_url="https://example.com/?continue_chat=c1",
    )
    return full, replace(bare, unseen=(first, second)), bare


def fault(templates: Templates) -> ComposeError | None:
    """What is wrong with the templates whatever the data; None if one of the emails is good."""
    found: ComposeError | None = None
    for draft in drafts():
        try:
            compose(draft, templates)
        except ComposeError as error:
            found = error
        else:
            return None
    return found
