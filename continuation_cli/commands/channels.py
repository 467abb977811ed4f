"""`channels`: the chats that settings belong to."""

from __future__ import annotations

import click

from continuation_cli import output
from continuation_cli.commands.context import Context, json_option, usage_error
from continuation_cli.store import activity, db


@click.group()
def channels() -> None:
    """List and add channels."""


@channels.command("list")
@json_option
@click.pass_obj
def list_(context: Context, as_json: bool) -> None:
    """List the channels and how many conversations each has."""
    connection = context.read()
    rows = [dict(row) for row in activity.channels(connection)]
    for row in rows:
        row["channel"] = row.pop("id")
    if as_json:
        output.emit_json("channels list", rows)
        return
    columns = {"channel": "Channel", "name": "Name", "conversations": "Conversations",
               "created_at": "Created (UTC)"}  # fmt: skip
    output.table(rows, columns, empty="No channels yet; events bring them, or: channels add")


@channels.command()
@click.argument("channel")
@click.option("--name", help="The name that people know it by.")
@click.pass_obj
def add(context: Context, channel: str, name: str | None) -> None:
    """Add CHANNEL, or give it another name. Events for an unknown channel add it by themselves."""
    if not 0 < len(channel) <= 200 or not channel.isprintable():
        expected = "expected 1 to 200 printable characters, like acme"
        usage_error(f"{channel!r} is no channel id; {expected}")
    connection = context.write()
    with db.writing(connection):
        new = activity.add_channel(connection, channel, name)
    called = f' ("{name}")' if name else ""
    output.note(f"{'Added' if new else 'There is'} channel {channel}{called}.")
