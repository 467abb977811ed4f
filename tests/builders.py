"""Builders of the core's values, with defaults that stay out of a test's way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from continuation_cli.core import settings as typed
from continuation_cli.core.model import Conversation, Message, Page, Settings
from continuation_cli.core.schedule import Due, Skipped, decide

#: The day on which tests happen.
DAY = datetime(2026, 3, 1, tzinfo=UTC)
MS = timedelta(milliseconds=1)


def at(text: str) -> datetime:
    """A time of the day: `9:00`, `9:00:30` or `9:00:30.500`; `+2 9:00` is two days later."""
    days, _, time = text.rpartition(" ")
    hours, minutes, *seconds = time.split(":")
    return DAY + timedelta(
        days=int(days or 0),
        hours=int(hours),
        minutes=int(minutes),
        seconds=float(seconds[0]) if seconds else 0,
    )


def page(opened: str, id: str = "p1", **times: str) -> Page:  # noqa: A002
    """A page; further times by the first word of their name: `closed="9:05"`, `active=…`."""
    names = {"active": "last_active_at"}
    moments = {names.get(key, f"{key}_at"): at(text) for key, text in times.items()}
    return Page(id, f"https://acme.example/{id}", at(opened), **moments)


def message(sent: str, author: str = "agent", id: str | None = None, **fields: Any) -> Message:  # noqa: A002
    return Message(id or f"m{sent}", author, f"text of {sent}", at(sent), **fields)  # type: ignore[arg-type]


def conversation(*parts: Page | Message, **fields: Any) -> Conversation:
    """A conversation that began at 8:00, of pages and unseen messages."""
    fields.setdefault("began_at", at("8:00"))
    fields.setdefault("email", "ada@example.com")
    return Conversation(
        id="c42",
        channel="acme",
        pages=tuple(part for part in parts if isinstance(part, Page)),
        unseen=tuple(part for part in parts if isinstance(part, Message)),
        **fields,
    )


def settings(**values: str) -> Settings:
    """The built-in settings, with some as a person types them: `offline_delay="5m"`."""
    return typed.effective({}, {}, {"from_email": "support@example.com", **values})


def summary(chat, now, options=None):
    """A decision as one line of a table: `due offline 9:01`, `waiting unseen 9:15`, `skipped …`."""
    decision = decide(chat, options or settings(), now)
    if isinstance(decision, Skipped):
        return f"skipped {decision.reason}"
    if isinstance(decision, Due):
        return f"due {decision.rule} {show(decision.due_at)}"
    return f"waiting {decision.rule} {show(decision.until)}"


def show(moment):
    days = (moment - at("0:00")).days
    text = f"{moment.hour}:{moment:%M:%S.%f}"[:-3].removesuffix(".000").removesuffix(":00")
    return f"{days:+d} {text}" if days else text
