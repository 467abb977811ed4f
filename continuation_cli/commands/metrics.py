"""`metrics`: figures for Prometheus. See docs/monitoring.md."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, get_args

import click

from continuation_cli import __version__, output
from continuation_cli.commands import backlog
from continuation_cli.commands.context import Context, Failure, utc_now
from continuation_cli.core import schedule
from continuation_cli.core.exposition import Family, Sample, by, one, render
from continuation_cli.store import db
from continuation_cli.store import metrics as store
from continuation_cli.store.lock import SweepLock, last_fetch

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from continuation_cli.store.db import Connection

#: Where there are more channels, what is due is not told by channel: each is a series of its own.
MOST_CHANNELS = 100

#: These have a turn of their own, and count as waiting.
_TIMED = ("nothing_unseen", "rate_capped", "set_aside")
_PARKED = [reason for reason in get_args(schedule.Reason) if reason not in _TIMED]
_EMAIL_STATES = ("sending", "sent", "deferred", "failed", "cancelled", "unknown")
_SUPPRESSIONS = ("bounce", "complaint", "unsubscribe", "manual")


@click.command()
@click.option("--textfile", metavar="FILE", help="Replace FILE, in one step, in place of stdout.")
@click.pass_obj
def metrics(context: Context, textfile: str | None) -> None:
    """Print figures for Prometheus, in its text format; docs/monitoring.md describes them.

    With --textfile FILE they go to node_exporter's textfile collector. FILE is readable by every
    user: there are numbers and names of channels in it.
    """
    now = utc_now()
    connection = context.read()
    with db.reading(connection):
        stored = [*_stored(connection, now)]
    text = render([*_program(context, connection), *stored]).encode()
    if textfile is None:
        click.echo(text, nl=False)
        return
    try:
        output.replace_file(textfile, text, 0o644)
    except OSError as error:
        there = isinstance(error, FileNotFoundError | NotADirectoryError | IsADirectoryError)
        code = os.EX_CONFIG if there or isinstance(error, PermissionError) else os.EX_TEMPFAIL
        raise Failure(
            f"{textfile} cannot be written: {error.strerror}; expected a file in a folder that is "
            "there, such as /var/lib/prometheus/node-exporter/continuation.prom",
            code,
        ) from None


def _program(context: Context, connection: Connection) -> Iterator[Family]:
    yield by("continuation_build_info", "1; the program's version is a label.", "version",
             {__version__: 1})  # fmt: skip
    yield one("continuation_schema_version", "gauge", "The database's schema.",
              db.SCHEMA_VERSION)  # fmt: skip
    yield one("continuation_database_size_bytes", "gauge",
              "Size of the database, without its write-ahead log.",
              store.size(connection))  # fmt: skip
    yield one("continuation_sweep_last_start_timestamp_seconds", "gauge",
              "When the last sweep began, idle ones included.",
              SweepLock(context.database).last_taken())  # fmt: skip
    yield one("continuation_fetch_last_start_timestamp_seconds", "gauge",
              "When the last fetch of any mailbox began.",
              last_fetch(context.database))  # fmt: skip


def _stored(connection: Connection, now: datetime) -> Iterator[Family]:
    yield from _queue(connection, now)
    yield from _outbox(connection)
    yield from _inbox(connection)
    yield by("continuation_suppressions", "Addresses that are not mailed, by reason.", "reason",
             store.suppressions(connection), _SUPPRESSIONS)  # fmt: skip


def _queue(connection: Connection, now: datetime) -> Iterator[Family]:
    queue, due = store.the_queue(connection, now), backlog.look(connection, now)
    yield one("continuation_conversations_queued", "gauge",
              "Conversations that the next sweep looks at.", queue.queued)  # fmt: skip
    channels = store.channels(connection)
    told = f"Conversations whose email is due, of the first {backlog.LOOKED_AT} that are queued."
    if len(channels) > MOST_CHANNELS:
        yield one("continuation_conversations_due", "gauge", told, due.due.total())
    else:
        yield by("continuation_conversations_due", told, "channel", due.due, channels)
    first = due.first_due_at
    yield one("continuation_longest_due_seconds", "gauge",
              "For how long the first of them has been due; 0 if none is.",
              (now - first).total_seconds() if first else 0)  # fmt: skip
    yield one("continuation_conversations_waiting", "gauge",
              "Conversations with something unseen whose turn is later.",
              queue.waiting)  # fmt: skip
    yield by("continuation_conversations_skipped",
             "Conversations with something unseen that get no email until something changes.",
             "reason", queue.parked, _PARKED)  # fmt: skip


def _outbox(connection: Connection) -> Iterator[Family]:
    emails = store.emails(connection)
    yield one("continuation_emails_recorded_total", "counter",
              "Emails ever recorded, whatever became of them.", emails.recorded)  # fmt: skip
    yield by("continuation_emails", "Emails in the outbox, by state; falls with prune.", "state",
             emails.states, _EMAIL_STATES)  # fmt: skip
    yield one("continuation_emails_held", "gauge",
              "Emails that may or may not have been sent and wait for a person.",
              emails.held)  # fmt: skip
    yield by("continuation_recent_attempts",
             f"The last {store.RECENT} attempts to send, newest emails first, by outcome.",
             "outcome", emails.attempts, _EMAIL_STATES[1:])  # fmt: skip
    yield one("continuation_email_last_sent_timestamp_seconds", "gauge",
              "When an email was last accepted.", _seconds(emails.last_sent_at))  # fmt: skip


def _inbox(connection: Connection) -> Iterator[Family]:
    replies = store.replies(connection)
    yield one("continuation_replies_received_total", "counter",
              "Emails ever received, of every kind.", replies.received)  # fmt: skip
    yield Family("continuation_replies", "gauge",
                 "Received emails, by kind and state; falls with prune.",
                 [Sample(number, {"kind": kind, "state": state})
                  for (kind, state), number in replies.states.items()])  # fmt: skip
    yield one("continuation_replies_quarantined", "gauge",
              "Received emails that wait for a person.", replies.quarantined)  # fmt: skip
    yield one("continuation_reply_last_received_timestamp_seconds", "gauge",
              "When an email was last received.", _seconds(replies.last_at))  # fmt: skip


def _seconds(at: datetime | None) -> float | None:
    return at.timestamp() if at else None
