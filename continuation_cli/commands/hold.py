"""`hold` and `release`: a person keeps a conversation's emails back."""

from __future__ import annotations

import click

from continuation_cli.commands.context import (
    Context,
    by_option,
    missing_conversation,
    utc_now,
)
from continuation_cli.output import note
from continuation_cli.store import activity, db


@click.command()
@click.argument("conversation")
@click.option("--why", help="The reason, for whoever wonders later.")
@by_option
@click.pass_obj
def hold(context: Context, conversation: str, why: str | None, by: str) -> None:
    """Send no emails about CONVERSATION until it is released."""
    connection = context.write()
    with db.writing(connection):
        if activity.details(connection, conversation) is None:
            missing_conversation(connection, conversation)
        new = activity.hold(connection, conversation, utc_now(), by, why)
    note(f"{conversation} {'is held' if new else 'was held already'}.")


@click.command()
@click.argument("conversation")
@click.pass_obj
def release(context: Context, conversation: str) -> None:
    """Let emails about CONVERSATION go again."""
    connection = context.write()
    with db.writing(connection):
        if activity.details(connection, conversation) is None:
            missing_conversation(connection, conversation)
        was = activity.release(connection, conversation)
    note(f"{conversation} {'is released' if was else 'was not held'}.")
