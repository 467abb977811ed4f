"""`suppressions`: addresses that must not be mailed."""

from __future__ import annotations

import click

from continuation_cli import output
from continuation_cli.commands.context import (
    Context,
    by_option,
    command,
    data_error,
    json_option,
    usage_error,
    utc_now,
)
from continuation_cli.core import addresses
from continuation_cli.store import db, outbox
from continuation_cli.store import suppressions as store

REASONS = ("manual", "unsubscribe", "complaint", "bounce")


@click.group()
def suppressions() -> None:
    """List, add and remove suppressed addresses."""


@suppressions.command("list")
@json_option
@click.pass_obj
def list_(context: Context, as_json: bool) -> None:
    """List the suppressed addresses, newest first."""
    connection = context.read()
    rows = [dict(row) for row in store.listed(connection)]
    if as_json:
        output.emit_json("suppressions list", rows)
        return
    columns = {"address": "Address", "reason": "Reason", "source": "Source",
               "created_at": "Since (UTC)"}  # fmt: skip
    output.table(rows, columns, empty="No address is suppressed.")


@suppressions.command()
@click.argument("address")
@click.option("--reason", type=click.Choice(REASONS), default="manual", show_default=True)
@by_option
@click.pass_obj
def add(context: Context, address: str, reason: str, by: str) -> None:
    """Never mail ADDRESS, until it is removed."""
    address = address.strip()
    if not addresses.is_valid(address):
        usage_error(f"{address!r} is not an email address; expected one like ada@example.com")
    connection = context.write()
    with db.writing(connection):
        new = store.add(connection, address, reason, f"added by {by}", utc_now())
    output.note(f"{address} {'is suppressed' if new else 'was suppressed already'}.")


@suppressions.command()
@click.argument("address")
@click.pass_obj
def remove(context: Context, address: str) -> None:
    """Let ADDRESS be mailed again."""
    connection = context.write()
    with db.writing(connection):
        if not store.remove(connection, address):
            data_error(f"{address} is not suppressed")
        failed = outbox.failed_to(connection, address)
    output.note(f"{address} can be mailed again.")
    for email in failed:
        how = command("emails", "retry", str(email))
        output.note(f"Email {email} to it has failed; to try again: {how}")
