"""`doctor`: will mail leave, and will replies come back?"""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING

import click

from continuation_cli import output
from continuation_cli.commands import doctor_database, doctor_mail
from continuation_cli.commands.context import (
    Context,
    Failure,
    channel_option,
    json_option,
    known_channel,
    utc_now,
)
from continuation_cli.commands.findings import Finding, Setup, several
from continuation_cli.store import db

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import Console

_COLUMNS = ("check", "channel", "state", "detail", "remedy")
_STYLES = {"ok": "green", "warning": "bold yellow", "problem": "bold red"}
#: Of several problems, the code of the first of these: what is to be mended before the others.
_ORDER = (os.EX_NOINPUT, os.EX_DATAERR, os.EX_CONFIG, os.EX_TEMPFAIL)


@click.command()
@channel_option
@click.option(
    "--transport",
    envvar="CONTINUATION_TRANSPORT",
    metavar="URL",
    help="Try this one, not the setting. Environment: CONTINUATION_TRANSPORT.",
)
@click.option(
    "--fetch",
    "mailboxes",
    metavar="URL",
    multiple=True,
    help="Try this mailbox, as fetch would; may be given more than once.",
)
@click.option("--templates", metavar="DIR", help="Templates that replace ours, file by file.")
@click.option("--offline", is_flag=True, help="Connect to no server.")
@json_option
@click.pass_obj
def doctor(
    context: Context,
    channel: str | None,
    transport: str | None,
    mailboxes: tuple[str, ...],
    templates: str | None,
    offline: bool,
    as_json: bool,
) -> None:
    """Check whether mail will leave and replies will come back, and how to mend it if not.

    Nothing is sent and nothing is changed. The mail server is connected to and logged in at. Run it
    as the user that runs the sweep, with that user's environment.

    \b
    Exit codes: 0 no problem, perhaps warnings · 66 no database · 65 it is damaged · 78 something is
    not set up · 75 a server cannot be reached, or refuses the login
    """
    setup = Setup(context.database, utc_now(), channel, transport, templates, mailboxes, offline)
    found: list[Finding] = []
    findings = _remembered(_findings(setup), found)
    if as_json:
        output.emit_json("doctor", [_data(finding) for finding in findings])
    elif output.is_terminal():
        _print(findings)
    else:
        output.table(map(_data, findings), {key: key for key in _COLUMNS})
    _finish(found)


def _findings(setup: Setup) -> Iterator[Finding]:
    """Every check in turn; each is told as soon as it is known."""
    try:
        connection = db.connect(setup.database, write=False)
    except db.StoreError as error:
        yield doctor_database.unusable(setup, "database", error)
        return
    known_channel(connection, setup.channel)
    try:
        with db.translated(setup.database):
            yield from doctor_database.examine(setup, connection)
            yield from doctor_mail.outbound(setup, connection)
            yield from doctor_mail.channels(setup, connection)
            yield from doctor_mail.outcomes(setup, connection)
    except db.StoreError as error:
        yield doctor_database.unusable(setup, "database", error)
    finally:
        connection.close()


def _remembered(findings: Iterable[Finding], found: list[Finding]) -> Iterator[Finding]:
    for finding in findings:
        found.append(finding)
        yield finding


def _data(finding: Finding) -> dict[str, str | None]:
    return {key: getattr(finding, key) for key in _COLUMNS}


def _print(findings: Iterable[Finding]) -> None:
    console = output.console()
    for finding in findings:
        _print_one(console, finding)


def _print_one(console: Console, finding: Finding) -> None:
    from rich.table import Table
    from rich.text import Text

    row = Table.grid(padding=(0, 2, 0, 0))
    row.add_column(width=len("problem"))
    row.add_column(width=len("deferred_emails"))
    row.add_column(overflow="fold")
    where = [f"{output.one_line(finding.channel)}: "] if finding.channel else []
    row.add_row(
        Text(finding.state, _STYLES[finding.state]),
        Text(finding.check),
        Text.assemble(*where, output.one_line(finding.detail)),
    )
    console.print(row)
    if finding.remedy:
        # Not folded by us: what a terminal has wrapped is copied as one line.
        remedy = output.one_line(finding.remedy)
        console.print(Text(f"         {remedy}", "cyan"), soft_wrap=True)


def _finish(found: list[Finding]) -> None:
    counts = Counter(finding.state for finding in found)
    told = [several(counts[state], state) for state in ("problem", "warning") if counts[state]]
    codes = {finding.code for finding in found if finding.state == "problem"}
    if codes:
        raise Failure(", ".join(told), next(code for code in _ORDER if code in codes))
    if output.is_terminal():
        output.note(f"No problems{''.join(f', {each}' for each in told)}.")
