"""Why did this customer get, or not get, an email? The decision told step by step, in sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from continuation_cli.core import characters, durations, schedule
from continuation_cli.core.report import REASONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from continuation_cli.core.model import Conversation, Message, Page, Settings


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the reasoning: what was looked at, and what came of it."""

    about: str
    text: str


def at(moment: datetime) -> str:
    """A time within a sentence."""
    return f"{moment:%Y-%m-%d %H:%M:%S}" + (
        f".{moment.microsecond // 1000:03d}" if moment.microsecond else ""
    )


def explain(
    conversation: Conversation,
    messages: Sequence[Message],
    settings: Settings,
    sources: Mapping[str, str],
    now: datetime,
) -> list[Step]:
    """The steps to the decision. `sources` says for each setting where its value comes from."""
    steps = [Step("presence", text) for text in _presence(conversation, settings, now)]
    steps += [Step("message", message_state(m, settings)) for m in messages]
    steps += [Step("rule", text) for text in _rule(conversation, settings, sources, now)]
    steps.append(Step("decision", conclusion(conversation, settings, now)))
    return steps


def _presence(conversation: Conversation, settings: Settings, now: datetime) -> list[str]:
    timeout = settings.presence_timeout
    lines = [page_state(page, settings, now) for page in conversation.pages]
    state = schedule.presence(conversation.pages, timeout, now)
    if state == "online":
        lines.append("So the customer is online: a page is open and visible.")
    elif state == "away":
        lines.append("So the customer is away: a page is open, but none is visible.")
    else:
        since = schedule.offline_since(conversation, timeout, now)
        why = "no page is open" if conversation.pages else "there is no page on record"
        lines.append(f"So the customer is offline since {at(since)}: {why}.")
    return lines


def page_state(page: Page, settings: Settings, now: datetime) -> str:
    """What is known of one page, in a sentence."""
    name = f"Page {page.id}"
    if page.url:
        name += f" ({page.url})"
    if page.opened_at > now:
        return f"{name} opens only at {at(page.opened_at)}."
    known = page.opened_at != schedule.UNKNOWN_OPENING
    opened = f"opened {at(page.opened_at)}" if known else "opened at an unknown time"
    end = schedule.end_of(page, settings.presence_timeout)
    if end is not None and end <= now:
        if end == schedule.closed_at(page):
            return f"{name} {opened} and closed {at(end)}."
        return (
            f"{name} {opened} and fell silent: last sign of life {at(schedule.last_opened(page))}, "
            f"so it counts as closed since {at(end)} (presence_timeout "
            f"{durations.show(settings.presence_timeout)})."
        )
    shown = "hidden" if schedule.is_hidden(page, now) else "visible"
    beat = f"last heartbeat {at(page.last_active_at)}" if page.last_active_at else "no heartbeats"
    return f"{name} {opened}, is open and {shown} ({beat})."


def message_state(message: Message, settings: Settings) -> str:
    """What one message does to the decision, in a sentence."""
    who = f"{message.author} {message.name}" if message.name else message.author
    head = f"{message.id} from {who} at {at(message.sent_at)}"
    if message.author in ("note", "system"):
        return f"{head}: private, never shown to a customer."
    if message.author == "customer":
        by_email = message.via == "email"
        if by_email and message.name:
            return f"{head}: by email, in the customer's place."
        return f"{head}: the customer's own{', by email' if by_email else ''}."
    if message.deleted_at:
        return f"{head}: deleted {at(message.deleted_at)}."
    if message.seen_at:
        return f"{head}: seen {at(message.seen_at)}."
    if message.email is not None:
        return f"{head}: in email {message.email}."
    if message.author == "bot" and settings.bot_messages != "trigger":
        rides = "goes along with an agent's" if settings.bot_messages == "include" else "left out"
        return f"{head}: unseen; a bot's message starts no email, it {rides}."
    return f"{head}: unseen, waiting."


def _rule(
    conversation: Conversation, settings: Settings, sources: Mapping[str, str], now: datetime
) -> list[str]:
    starts = schedule.triggers(conversation.unseen, settings)
    if not starts:
        return []
    clock = schedule.clock(conversation, settings, now)
    key = f"{clock.rule}_delay"
    delay = settings.offline_delay if clock.rule == "offline" else settings.unseen_delay
    where = f"{key} {durations.show(delay)}, {sources[key]}"
    if clock.rule == "offline":
        why = "the customer is offline"
    elif schedule.presence(conversation.pages, settings.presence_timeout, now) == "offline":
        why = "the email was due already before the page fell silent"
    else:
        why = "a page is open"
    lines = [f"The {clock.rule} rule applies, because {why}."]
    first = min(message.sent_at for message in starts)
    sent = clock.since == first
    start = "the first waiting message was sent" if sent else "the customer went offline"
    counted = f"Its clock counts from {at(clock.since)}, when {start}"
    if clock.due_at is None:
        lines.append(f"{counted}; the rule is off ({where}).")
    else:
        lines.append(f"{counted}, plus {durations.show(delay)} ({where}): {at(clock.due_at)}.")
    return lines


def conclusion(conversation: Conversation, settings: Settings, now: datetime) -> str:
    """The decision in one sentence."""
    decision = schedule.decide(conversation, settings, now)
    if isinstance(decision, schedule.Due):
        return f"An email is due since {at(decision.due_at)}; the next sweep sends it."
    if isinstance(decision, schedule.Waiting):
        return f"Nothing yet: an email is due at {at(decision.until)}, unless something changes."
    why = REASONS[decision.reason]
    if decision.reason == "suppressed":
        why += f" ({conversation.suppression})"
    elif decision.reason == "invalid_address":
        why += f" ({characters.shorten(conversation.email or '', 254)!r})"  # the longest there is
    elif decision.reason == "expired":
        why += f" ({durations.show(settings.max_age)})"
    elif decision.reason == "held" and conversation.held_at:
        why += f" since {at(conversation.held_at)}"
    until = f", until {at(decision.until)}" if decision.until else ""
    return f"No email, because {why}{until}."


def to_data(steps: Sequence[Step]) -> list[dict[str, str]]:
    """The steps for JSON."""
    return [{"about": step.about, "text": step.text} for step in steps]
