"""An email that has everything an email can have, to tell whether a template is to blame."""

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
def draft() -> Draft:
    """The draft of that email: several authors, files, a recap, a link, replies."""
    settings = replace(
        effective({}, {}, {}),
        from_email="support@example.com",
        inbound_domain="reply.example.com",
        brand_name="Example",
        brand_logo_url="https://example.com/logo.png",
    )
    return Draft(
        conversation=Conversation("c1", "example", _AT, email="ada@example.com", name="Ada"),
        settings=settings,
        channel_name="Example",
        unseen=(
            Message("m3", "agent", "Hello Ada", _AT, name="Ana", attachments=(_FILE,)),
            Message("m4", "agent", "How are you?", _AT, name="Ana"),
            Message("m5", "bot", "A bot is here, too.", _AT, name="Helper"),
        ),
        recap=(
            Message("m1", "customer", "Hello?", _AT),
            Message("m2", "agent", "One moment.", _AT, name="Ana", attachments=(_FILE,)),
        ),
        reopen_url="https://example.com/?continue_chat=c1",
        token="a" * 26,
        message_id="<a@example.com>",
        composed_at=_AT,
    )


def fault(templates: Templates) -> ComposeError | None:
    """What is wrong with the templates whatever the data; None if nothing is."""
    try:
        compose(draft(), templates)
    except ComposeError as error:
        return error
    return None
