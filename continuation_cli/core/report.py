"""A decision as a row that `pending` and `explain` show, and other programs read (docs/json.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from continuation_cli.core import schedule, times

if TYPE_CHECKING:
    from datetime import datetime

    from continuation_cli.core.model import Conversation, Settings


class Row(TypedDict):
    """One conversation's decision. Times have the stored form."""

    conversation: str
    channel: str
    to: str | None
    state: str
    rule: str | None
    presence: str
    since: str | None
    due_at: str | None
    reason: str | None
    messages: list[str]


def row(conversation: Conversation, settings: Settings, now: datetime) -> Row:
    """Decide, and say it. `since` is when the rule's clock began to count; `due_at` when it runs
    out, or for a skipped conversation when the obstacle ends, where that is known.
    """
    decision = schedule.decide(conversation, settings, now)
    starts = schedule.triggers(conversation.unseen, settings)
    clock = schedule.clock(conversation, settings, now) if starts else None
    reason, due_at = None, clock.due_at if clock else None
    if isinstance(decision, schedule.Skipped):
        reason, due_at = decision.reason, decision.until
    return Row(
        conversation=conversation.id,
        channel=conversation.channel,
        to=conversation.email,
        state=type(decision).__name__.lower(),
        rule=clock.rule if clock else None,
        presence=schedule.presence(conversation.pages, settings.presence_timeout, now),
        since=times.to_text(clock.since) if clock else None,
        due_at=times.to_text(due_at) if due_at else None,
        reason=reason,
        messages=[message.id for message in schedule.for_email(conversation.unseen, settings)]
        if clock
        else [],
    )


#: Each reason in words that follow "no email, because ".
REASONS = {
    "nothing_unseen": "every message was seen or is in an email already",
    "disabled": "emails are off for this channel (setting enabled)",
    "no_address": "the customer has left no email address",
    "invalid_address": "the customer's address cannot be mailed",
    "suppressed": "the address is suppressed",
    "opted_out": "the customer has opted out",
    "held": "a person holds this conversation",
    "expired": "the unseen messages are older than max_age",
    "rate_capped": "the conversation has had daily_cap emails within 24 hours",
    "set_aside": "its email could not be composed",
    "rule_off": "the rule that applies is off (its delay is never)",
}
