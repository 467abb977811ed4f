"""`pending`: who waits, which rule, when it is due, why somebody is skipped."""

from __future__ import annotations

from collections import Counter
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Any

import click

from continuation_cli import output
from continuation_cli.commands.context import (
    COUNT,
    Context,
    channel_option,
    config_error,
    json_option,
    known_channel,
    now_option,
    or_usage_error,
)
from continuation_cli.commands.pending_rows import Rows
from continuation_cli.core import durations, report, times
from continuation_cli.store import db, queue

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from continuation_cli.store.db import Connection

_STATES = ("due", "waiting", "skipped")

#: How many rows a page has unless --limit says otherwise.
_SCREENFUL = 50

#: How many more are decided upon to tell how many there are of each state.
_COUNTED = 1000

#: A narrower terminal has no room for every column.
WIDE = 110


@click.command()
@click.option("--all", "every", is_flag=True, help="Also conversations with nothing unseen.")
@channel_option
@click.option("--within", metavar="DURATION", help="Only what is due by then: 1h, 90s.")
@click.option("--limit", type=COUNT, help="At most so many rows; a page of so many.")
@click.option("--page", type=COUNT, metavar="N", help="The N-th page of 50 rows.")
@json_option
@now_option
@click.pass_obj
def pending(
    context: Context,
    every: bool,
    channel: str | None,
    within: str | None,
    limit: int | None,
    page: int | None,
    as_json: bool,
    now: datetime,
) -> None:
    """List who has unseen messages: due, waiting, or skipped and why.

    The soonest comes first. A person is shown a page, a program everything unless it asks for a
    page, which takes no longer where many wait.
    """
    horizon = now + or_usage_error(durations.parse, within) if within else None
    is_seen = output.is_terminal() and not as_json
    size = limit or (_SCREENFUL if page or is_seen else None)
    start = (page - 1) * size if page and size else 0
    connection = context.read()
    with db.reading(connection):
        known_channel(connection, channel)
        source = Rows(connection, now, channel=channel, every=every)
        rows = iter(source) if horizon is None else _due_by(source, horizon)
        before = Counter(row["state"] for row in islice(rows, start))
        asked = islice(rows, size)
        if as_json:
            output.emit_json("pending", list(asked))
        elif is_seen:
            shown = list(asked)
            _print(shown, now)
            rest = Counter(row["state"] for row in islice(rows, _COUNTED))
            is_all = next(rows, None) is None
            _sum_up(connection, shown, before, rest if is_all else None, (page or 1) + 1)
        else:
            output.table(asked, {key: key for key in report.Row.__annotations__})
    if source.complaints:
        # The other channels' conversations are worth telling all the same.
        config_error("; ".join(sorted(source.complaints)))


def _due_by(rows: Iterable[report.Row], horizon: datetime) -> Iterator[report.Row]:
    """What comes after is later, or skipped."""
    return takewhile(lambda row: _is_due_by(row, horizon), rows)


def _is_due_by(row: report.Row, horizon: datetime) -> bool:
    return row["state"] != "skipped" and (row["due_at"] or "9") <= times.to_text(horizon)


def _print(rows: list[report.Row], now: datetime) -> None:
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


def _sum_up(
    connection: Connection,
    shown: list[report.Row],
    before: Counter[str],
    rest: Counter[str] | None,
    following: int,
) -> None:
    """How many there are in all, as far as that can be told at once."""
    if not (shown or before):
        return
    if rest is None:
        skipped = sum(count for _, count in queue.parked(connection))
        told = f"{queue.turns(connection)} due or waiting, {skipped} skipped"
        more = f"; more with --page {following}"
    else:
        counts = before + rest + Counter(row["state"] for row in shown)
        told = ", ".join(f"{counts[state]} {state}" for state in _STATES if counts[state])
        hidden = rest.total()
        more = f"; {hidden} not shown (--limit {counts.total()} shows all)" if hidden else ""
    output.note(f"{told}{more}. Why? continuation explain CONVERSATION")
