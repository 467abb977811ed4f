"""`db`: bring the schema up to date, check what is derived."""

from __future__ import annotations

import click

from continuation_cli import output
from continuation_cli.commands.context import Context, Failure, json_option, utc_now
from continuation_cli.store import check as checks
from continuation_cli.store import db as store


@click.group()
def db() -> None:
    """Migrate and check the database."""


@db.command()
@click.pass_obj
def migrate(context: Context) -> None:
    """Bring the database's schema up to date; safe to interrupt and to run again."""
    from continuation_cli.store import schema

    applied = schema.migrate(context.database)
    output.note(f"Applied {', '.join(applied)}." if applied else "The schema is up to date.")


@db.command()
@click.option("--repair", is_flag=True, help="Derive anew what is wrong.")
@json_option
@click.pass_obj
def check(context: Context, repair: bool, as_json: bool) -> None:
    """Recompute what triggers and sweeps derive, and compare. Exit 65 if something is wrong."""
    connection = context.write() if repair else context.read()
    now = utc_now()
    with store.writing(connection) if repair else store.reading(connection):
        problems = checks.problems(connection, now)
        if repair and problems:
            checks.repair(connection)
            left = checks.problems(connection, now)
    if as_json:
        output.emit_json("db check", {"problems": problems, "repaired": repair and bool(problems)})
    else:
        for problem in problems:
            click.echo(problem)
    if repair and problems:
        output.note(f"{len(problems) - len(left)} of {len(problems)} problems repaired.")
        problems = left
    if problems:
        raise Failure(f"{len(problems)} problems; to repair what is derived: db check --repair", 65)
    if not as_json:
        output.note("All is well.")
