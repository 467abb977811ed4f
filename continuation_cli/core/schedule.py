"""When an email is due: the one decision that `sweep`, `pending`, `explain` and `preview` share.

Everything here is a pure function of a conversation, its channel's settings and `now`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from continuation_cli.core import addresses

if TYPE_CHECKING:
    from collections.abc import Iterable

    from continuation_cli.core.model import (
        Conversation,
        Message,
        Page,
        Presence,
        Rule,
        Settings,
    )

Reason = Literal[
    "nothing_unseen",
    "disabled",
    "no_address",
    "invalid_address",
    "suppressed",
    "opted_out",
    "held",
    "expired",
    "rate_capped",
    "set_aside",
    "rule_off",
]

#: `opened_at` of a page that was heard of, but not of its opening.
UNKNOWN_OPENING = datetime(1970, 1, 1, tzinfo=UTC)

#: The cap on emails counts over this long.
CAP_WINDOW = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Clock:
    """The rule that applies: it counts from `since`; `due_at` is None where the rule is off."""

    rule: Rule
    since: datetime
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Due:
    """An email is due; the rule's clock has counted since `since` and ran out at `due_at`."""

    rule: Rule
    since: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing yet: the rule's clock counts since `since` and runs until `until`."""

    rule: Rule
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Skipped:
    """No email, however long one waits; or not before `until`, where that is known."""

    reason: Reason
    until: datetime | None = None


Decision = Due | Waiting | Skipped


# --- Presence ---------------------------------------------------------------------------------


def last_opened(page: Page) -> datetime:
    """The last moment at which the page is known to have been opened, shown or used."""
    return max(
        moment for moment in (page.opened_at, page.visible_at, page.last_active_at) if moment
    )


def closed_at(page: Page) -> datetime | None:
    """When the page was closed for good; a sign of life after the closing takes it back."""
    if page.closed_at is None or page.closed_at < last_opened(page):
        return None
    return page.closed_at


def presumed_closed_at(page: Page, timeout: timedelta) -> datetime | None:
    """When a page that beats counts as closed unless it beats again: browsers die silently.

    None for a page that never sent a heartbeat: it stays open until it is closed. Coming back to
    the page, which is no heartbeat, shows as well that the browser lives.
    """
    return None if page.last_active_at is None else last_opened(page) + timeout


def end_of(page: Page, timeout: timedelta) -> datetime | None:
    """When the page ends, as far as is known: closed, or presumed closed. None: no end known."""
    ends = [end for end in (closed_at(page), presumed_closed_at(page, timeout)) if end]
    return min(ends, default=None)


def is_open(page: Page, timeout: timedelta, now: datetime) -> bool:
    """Whether the page is open at `now`."""
    end = end_of(page, timeout)
    return page.opened_at <= now and (end is None or now < end)


def is_hidden(page: Page, now: datetime) -> bool:
    """Whether the page is behind something else at `now` (Page Visibility API)."""
    shown = max(m for m in (page.opened_at, page.visible_at) if m)
    return page.hidden_at is not None and shown <= page.hidden_at <= now


def presence(pages: Iterable[Page], timeout: timedelta, now: datetime) -> Presence:
    """Derive the customer's presence at `now` from their pages."""
    open_pages = [page for page in pages if is_open(page, timeout, now)]
    if not open_pages:
        return "offline"
    return "away" if all(is_hidden(page, now) for page in open_pages) else "online"


def offline_since(conversation: Conversation, timeout: timedelta, now: datetime) -> datetime:
    """When the last page ended; when the conversation began, if no page was there by `now`.

    Asked of a conversation that is offline at `now`.
    """
    ends = (end_of(page, timeout) for page in conversation.pages if page.opened_at <= now)
    return max((end for end in ends if end), default=conversation.began_at)


def last_page(pages: Iterable[Page]) -> Page | None:
    """The page that the customer was on last: the one last known to be in the foreground."""

    def last_seen_on(page: Page) -> tuple[datetime, str]:
        end = closed_at(page)
        if page.hidden_at is not None and is_hidden(page, page.hidden_at):
            end = min(end, page.hidden_at) if end else page.hidden_at
        return (end or last_opened(page), page.id)

    return max(pages, key=last_seen_on, default=None)


# --- The decision -----------------------------------------------------------------------------


def triggers(unseen: Iterable[Message], settings: Settings) -> list[Message]:
    """The unseen messages that start an email: the agents', and the bots' where it is set so."""
    starters = {"agent", "bot"} if settings.bot_messages == "trigger" else {"agent"}
    return [message for message in unseen if message.author in starters]


def for_email(unseen: Iterable[Message], settings: Settings) -> tuple[Message, ...]:
    """The unseen messages that an email would hold, in order."""
    wanted = {"agent"} if settings.bot_messages == "omit" else {"agent", "bot"}
    return tuple(message for message in unseen if message.author in wanted)


def clock(conversation: Conversation, settings: Settings, now: datetime) -> Clock:
    """The rule that applies at `now`, and its clock. Needs a message that starts an email."""
    timeout = settings.presence_timeout
    first = min(message.sent_at for message in triggers(conversation.unseen, settings))
    unseen_due = None if settings.unseen_delay is None else first + settings.unseen_delay
    if presence(conversation.pages, timeout, now) != "offline":
        return Clock("unseen", first, unseen_due)
    left_at = offline_since(conversation, timeout, now)
    # A page that falls silent counts as closed only because time passes. An email that was due
    # while it still counted as open stays due: more waiting must not postpone it.
    presumed = any(
        end_of(page, timeout) == left_at != closed_at(page) for page in conversation.pages
    )
    if presumed and unseen_due is not None and unseen_due < left_at:
        return Clock("unseen", first, unseen_due)
    since = max(left_at, first)
    delay = settings.offline_delay
    return Clock("offline", since, None if delay is None else since + delay)


def obstacle(conversation: Conversation, settings: Settings, now: datetime) -> Skipped | None:
    """The first reason, in a fixed order, for which no email may go, whatever the clock says."""
    starters = triggers(conversation.unseen, settings)
    capped_until = cap_ends(conversation, settings, now)
    checks: tuple[tuple[bool, Reason], ...] = (
        (not starters, "nothing_unseen"),
        (not settings.enabled, "disabled"),
        (not conversation.email, "no_address"),
        (not addresses.is_valid(conversation.email or ""), "invalid_address"),
        (conversation.suppression not in (None, "unsubscribe"), "suppressed"),
        (conversation.suppression == "unsubscribe", "opted_out"),
        (conversation.held_at is not None, "held"),
        (all(m.sent_at + settings.max_age < now for m in starters), "expired"),
    )
    for applies, reason in checks:
        if applies:
            return Skipped(reason)
    if capped_until is not None:
        return Skipped("rate_capped", capped_until)
    if conversation.set_aside_until is not None and now < conversation.set_aside_until:
        return Skipped("set_aside", conversation.set_aside_until)
    return None


def cap_ends(conversation: Conversation, settings: Settings, now: datetime) -> datetime | None:
    """When the daily cap lets the next email go; None if it does now. 0 means no email at all."""
    recent = sorted(at for at in conversation.emailed_at if now - CAP_WINDOW < at)
    if len(recent) < settings.daily_cap:
        return None
    return recent[-settings.daily_cap] + CAP_WINDOW if settings.daily_cap else now + CAP_WINDOW


def decide(conversation: Conversation, settings: Settings, now: datetime) -> Decision:
    """Whether an email about this conversation is due at `now`, is still to wait, or must not go.

    Never goes from Due back to Waiting as `now` grows while nothing else changes.
    """
    stop = obstacle(conversation, settings, now)
    if stop is not None:
        return stop
    ticking = clock(conversation, settings, now)
    if ticking.due_at is None:
        return Skipped("rule_off")
    if ticking.due_at <= now:
        return Due(ticking.rule, ticking.since, ticking.due_at)
    return Waiting(ticking.rule, ticking.since, ticking.due_at)


def next_look(conversation: Conversation, settings: Settings, now: datetime) -> datetime | None:
    """The earliest time at which `decide` could answer Due, if no row changes until then.

    A lower bound that is later than `now`, or None for never. Asked where `decide` did not answer
    Due at `now`; the sweep need not look at the conversation before, unless something changes.
    """
    decision = decide(conversation, settings, now)
    if isinstance(decision, Skipped) and decision.reason != "rule_off":
        turns = [decision.until] if decision.until else []
    else:
        # The rule changes only where a page opens or ends: look then, and when the present clock
        # ends.
        ends = (end_of(page, settings.presence_timeout) for page in conversation.pages)
        turns = [page.opened_at for page in conversation.pages] + [end for end in ends if end]
        if isinstance(decision, Waiting):
            turns.append(decision.until)
    turn = min((turn for turn in turns if turn > now), default=None)
    if turn is None:
        return None
    # No clock begins before the first message, which may be dated in the future.
    return max(turn, min(message.sent_at for message in triggers(conversation.unseen, settings)))
