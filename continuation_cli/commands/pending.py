"""`pending`: who waits, which rule, when it is due, why somebody is skipped."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from continuation_cli import output
from continuation_cli.commands.context import (
    Context,
    channel_option,
    config_error,
    json_option,
    known_channel,
    now_option,
    or_usage_error,
)
from continuation_cli.core import durations, report, times
from continuation_cli.store import activity, db, queue
from continuation_cli.store.settings import SettingsReader

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from continuation_cli.store.db import Connection

_ORDER = {"due": 0, "waiting": 1, "skipped": 2}

#: How many rows a person is shown unless they ask for more.
_SCREENFUL = 50

#: A narrower terminal has no room for every column.
WIDE = 110


@click.command()
@click.option("--all", "every", is_flag=True, help="Also conversations with nothing unseen.")
@channel_option
@click.option("--within", metavar="DURATION", help="Only what is due by then: 1h, 90s.")
@click.option("--limit", type=click.IntRange(min=1), help="At most so many rows.")
@json_option
@now_option
@click.pass_obj
def pending(
    context: Context,
    every: bool,
    channel: str | None,
    within: str | None,
    limit: int | None,
    as_json: bool,
    now: datetime,
) -> None:
    """List who has unseen messages: due, waiting, or skipped and why."""
    horizon = now + or_usage_error(durations.parse, within) if within else None
    complaints: set[str] = set()
    connection = context.read()
    with db.reading(connection):
        known_channel(connection, channel)
        rows = sorted(
            (
                row
                for row in _rows(connection, every, channel, now, complaints)
                if horizon is None or _is_due_by(row, horizon)
            ),
            key=lambda row: (_ORDER[row["state"]], row["due_at"] or "9", row["conversation"]),
        )
    if as_json:
        output.emit_json("pending", rows[:limit])
    else:
        shown = rows[: limit or (_SCREENFUL if output.is_terminal() else None)]
        _print(shown, now)
        if output.is_terminal():
            _sum_up(rows, len(rows) - len(shown))
    if complaints:
        # The other channels' conversations are worth telling all the same.
        config_error("; ".join(sorted(complaints)))


def _rows(
    connection: Connection,
    every: bool,
    channel: str | None,
    now: datetime,
    complaints: set[str],
) -> Iterator[report.Row]:
    settings = SettingsReader(connection)
    source = activity.every_conversation if every else queue.waiting
    for conversation_id in list(source(connection, channel)):
        conversation = activity.conversation(connection, conversation_id, now)
        if conversation is None:
            continue
        try:
            effective = settings.of(conversation.channel)
        except db.SettingError as error:
            complaints.add(str(error))
            continue
        row = report.row(conversation, effective, now)
        if every or row["reason"] != "nothing_unseen":
            yield row


def _is_due_by(row: report.Row, horizon: datetime) -> bool:
    return row["state"] != "skipped" and (row["due_at"] or "9") <= times.to_text(horizon)


def _print(rows: list[report.Row], now: datetime) -> None:
    if not output.is_terminal():
        output.table(rows, {key: key for key in report.Row.__annotations__})
        return
    columns = {
        "conversation": "Conversation",
        "channel": "Channel",
        "to": "To",
        "state": "State",
        "due": "Due",
        "why": "Rule or reason",
        "messages": "Messages",
    }
    if output.console().width < WIDE:
        del columns["channel"], columns["messages"]
    shown: list[dict[str, Any]] = [
        {
            **row,
            "due": output.distance(times.from_text(row["due_at"]), now) if row["due_at"] else None,
            "why": row["reason"] or row["rule"],
            "messages": len(row["messages"]),
        }
        for row in rows
    ]
    output.table(
        shown, columns, styles=output.STATE_STYLES, empty="Nobody waits: every message was seen."
    )


def _sum_up(rows: list[report.Row], hidden: int) -> None:
    if not rows:
        return
    states = Counter(row["state"] for row in rows)
    told = ", ".join(f"{states[state]} {state}" for state in _ORDER if states[state])
    more = f"; {hidden} not shown (--limit {len(rows)} shows all)" if hidden else ""
    output.note(f"{told}{more}. Why? continuation explain CONVERSATION")
