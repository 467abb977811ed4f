"""`sweep --preview`: what a sweep would send now, or at another time."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from continuation_cli import output
from continuation_cli.commands.context import (
    Context,
    config_error,
    in_channel,
    known_channel,
    missing_conversation,
    usage_error,
)
from continuation_cli.commands.drafting import open_drafter
from continuation_cli.core import schedule, times
from continuation_cli.core.compose import TemplateFaultError
from continuation_cli.drafts import Drafter, NotConfiguredError, Prepared
from continuation_cli.store import activity, db, queue

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from continuation_cli.core.model import Conversation

#: A terminal of fewer columns has no room for every one of ours.
NARROW = 110


def show_preview(
    context: Context,
    now: datetime,
    html: str | None,
    limit: int | None,
    channel: str | None,
    conversation: str | None,
    templates: str | None,
    as_json: bool,
) -> None:
    """Print what would be sent, and write the HTML parts into a folder if asked to."""
    connection = context.read()
    drafter = open_drafter(connection, templates)
    rows: list[dict[str, Any]] = []
    skipped: Counter[str] = Counter()
    with db.reading(connection):
        known_channel(connection, channel)
        if conversation:
            found = activity.details(connection, conversation)
            if found is None:
                missing_conversation(connection, conversation)
            in_channel(conversation, found["channel"], channel)
        ids = [conversation] if conversation else list(queue.waiting(connection, channel))
        # JSON tells how many are skipped, and so has to decide on all: then the limit is for the
        # emails alone.
        for decided, decision in _decided(drafter, ids, now):
            if isinstance(decision, schedule.Skipped):
                skipped[decision.reason] += 1
            elif isinstance(decision, schedule.Due) and (limit is None or len(rows) < limit):
                rows += _shown(drafter, decided, decision, now, html)
            if not as_json and len(rows) == limit:
                break
    if as_json:
        counts = dict.fromkeys(("sent", "deferred", "failed", "cancelled", "unknown"), 0)
        data = {**counts, "skipped": dict(skipped), "emails": rows, "stopped": None}
        output.emit_json("sweep", data)
        return
    columns = {"conversation": "Conversation", "channel": "Channel", "to": "To", "rule": "Rule",
               "due_at": "Due (UTC)", "subject": "Subject", "messages": "Messages"}  # fmt: skip
    if output.is_terminal() and output.console().width < NARROW:
        del columns["channel"], columns["rule"], columns["messages"]
    output.table(rows, columns, empty="Nothing is due.")
    if html and rows:
        output.note(f"{len(rows)} emails written to {html}")


def _decided(
    drafter: Drafter, ids: list[str], now: datetime
) -> Iterator[tuple[Conversation, schedule.Decision]]:
    for conversation_id in ids:
        conversation = drafter.conversation(conversation_id, now)
        if conversation is not None:
            settings = drafter.settings.of(conversation.channel)
            yield conversation, schedule.decide(conversation, settings, now)


def _shown(
    drafter: Drafter,
    conversation: Conversation,
    decision: schedule.Due,
    now: datetime,
    html: str | None,
) -> list[dict[str, Any]]:
    """The email as a row, its HTML written if asked to; none if it cannot be composed."""
    try:
        prepared = drafter.prepare(drafter.facts(conversation), decision.rule, now)
    except NotConfiguredError as error:
        config_error(str(error))
    except TemplateFaultError as error:
        config_error(f"the templates cannot be used: {error}")
    except Exception as error:  # as the sweep does: the rest goes on
        name = output.one_line(conversation.id)
        output.note(f"{name}: its email cannot be composed: {error}")
        return []
    if html:
        try:
            _write(Path(html), prepared)
        except OSError as error:
            usage_error(f"{html} cannot be written into: {error.strerror}")
    return [_row(prepared, decision.due_at)]


def _row(prepared: Prepared, due_at: datetime) -> dict[str, Any]:
    conversation = prepared.facts.conversation
    return {
        "id": None,
        "conversation": conversation.id,
        "channel": conversation.channel,
        "to": prepared.composed.recipient,
        "state": "due",
        "rule": prepared.rule,
        "due_at": times.to_text(due_at),
        "subject": prepared.composed.subject,
        "messages": [message.id for message in prepared.facts.unseen],
        "detail": prepared.no_link,
    }


def _write(folder: Path, prepared: Prepared) -> None:
    """The file's name is made from the conversation's id, which may hold anything."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    name = prepared.facts.conversation.id
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,80}", name):
        digest = hashlib.sha256(name.encode()).hexdigest()[:12]
        name = re.sub(r"[^A-Za-z0-9_]+", "_", name)[:40] + "-" + digest
    # The names can be foreseen: in a folder that others may write, a link must lead nowhere.
    with output.private_file(str(folder / f"{name}.html"), follow=False) as file:
        file.write(prepared.composed.html.encode())
