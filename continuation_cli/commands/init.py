"""`init`: make the database and its first key."""

from __future__ import annotations

import click

from continuation_cli.commands.context import Context, command, data_error, utc_now
from continuation_cli.output import note


@click.command()
@click.pass_obj
def init(context: Context) -> None:
    """Make the database, with its tables and first signing key.

    The file is readable by its owner only: the user that cron and the chat backend run as.
    """
    from continuation_cli.store import schema

    path = context.database
    try:
        schema.create(path, utc_now())
    except FileExistsError:
        data_error(f"{path} exists already; to bring it up to date: {command('db', 'migrate')}")
    except OSError as error:
        data_error(
            f"{path} cannot be made: {error.strerror} (its folder must exist and be yours to write)"
        )
    note(f"Made {path}.")
    note(f"Next: {command('settings', 'set', 'from-email', 'support@example.com')}")
