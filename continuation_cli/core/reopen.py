"""The link of one conversation: which page it leads to, signed with which key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from continuation_cli.core import links, schedule

if TYPE_CHECKING:
    from datetime import datetime

    from continuation_cli.core.model import Conversation, Settings


class NoLinkError(Exception):
    """There can be no link; the text says why, and what would help."""


def reopen_link(
    conversation: Conversation,
    settings: Settings,
    key: links.SigningKey | None,
    now: datetime,
) -> str:
    """The link that opens the widget on the conversation: `reply_url`, else the last page, with the
    parameters appended. Raises NoLinkError.
    """
    page = schedule.last_page(conversation.pages)
    base = settings.reply_url or (page.url if page else None)
    if base is None:
        raise NoLinkError(
            "there is no page on record and no reply_url is set; set one with: continuation "
            f"url set https://www.example.com/support --channel {conversation.channel}"
        )
    if key is None:
        raise NoLinkError("there is no signing key; make one with: continuation url keys rotate")
    token = links.sign(
        conversation.id,
        conversation.channel,
        conversation.link_generation,
        key,
        issued_at=now,
        expires_at=now + settings.link_expiry,
    )
    try:
        return links.reopen_url(base, conversation.id, token)
    except links.UnusableUrlError as error:
        raise NoLinkError(str(error)) from None
