"""`prune`: forget conversations that have long been over."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import click

from continuation_cli import output
from continuation_cli.commands.context import Context, json_option, or_usage_error, utc_now
from continuation_cli.core import durations
from continuation_cli.mail.archive import Archive
from continuation_cli.store import db
from continuation_cli.store import prune as store

#: A longer age is no age but a slip of the finger.
LONGEST = timedelta(days=36500)

#: Conversations removed in one transaction, so that others can write in between.
BATCH = 200


def _read_age(text: str) -> timedelta:
    """An age; without a unit it is refused, and days are what was most likely meant."""
    if text.strip().isdecimal():
        raise ValueError(f"{text!r} needs a unit: {text.strip()}d?")
    age = durations.parse(text, longest=LONGEST)
    if not age:
        raise ValueError(f"{text!r} would remove every conversation; expected an age like 90d")
    return age


@click.command()
@click.option("--older-than", "age", required=True, metavar="DURATION", help="For example 90d.")
@click.option("--dry-run", is_flag=True, help="Only count.")
@json_option
@click.pass_obj
def prune(context: Context, age: str, dry_run: bool, as_json: bool) -> None:
    """Remove conversations in which nothing has happened for so long.

    Their messages, pages, emails and replies go with them, files included; so does old mail that
    belonged to no conversation. A conversation stays whose messages still wait, that has an email
    to be sent or resolved, or a reply to be accepted or rejected. Suppressions and the history of
    settings stay.
    """
    cutoff = utc_now() - or_usage_error(_read_age, age)
    connection = context.read() if dry_run else context.write()
    count, last = 0, ""
    while batch := store.old_conversations(connection, cutoff, after=last, limit=BATCH):
        last = batch[-1]
        count += len(batch)
        if not dry_run:
            with db.writing(connection):
                count -= len(batch) - store.remove(connection, batch, cutoff)
    if not dry_run:
        if store.has_strays(connection, cutoff):
            with db.writing(connection):
                store.remove_strays(connection, cutoff)
        Archive(context.database).remove_unused(partial(store.is_used, connection))
    if as_json:
        output.emit_json("prune", {"conversations": count, "removed": not dry_run})
    else:
        done = "would be removed" if dry_run else "removed"
        output.note(f"{count} conversations {done}.")
