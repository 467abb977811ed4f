"""`sweep`: send what is due. Cron runs it every minute; an idle run must cost next to nothing,
so everything that sending needs is imported only when there is something to look at.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import click

from continuation_cli.commands.context import (
    Context,
    Failure,
    command,
    config_error,
    now_option,
    usage_error,
    utc_now,
)
from continuation_cli.store import queue
from continuation_cli.store.lock import SweepLock

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from datetime import datetime

    from continuation_cli.commands.progress import Progress
    from continuation_cli.mail.transport import Transport
    from continuation_cli.outcomes import Report, Result, UnrecordedError
    from continuation_cli.planning import Scope
    from continuation_cli.sending import Pool
    from continuation_cli.store.db import Connection

#: A sweep that runs for longer than this is worth a word, in seconds.
LONG_RUN = 15 * 60


@click.command()
@click.option("--preview", is_flag=True, help="Show what would be sent; send and change nothing.")
@click.option("--html", metavar="DIR", help="With --preview: write each email's HTML into DIR.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="At most N emails.")
@click.option("--channel", metavar="C", help="Only this channel.")
@click.option("--conversation", metavar="ID", help="Only this conversation.")
@click.option(
    "--transport",
    envvar="CONTINUATION_TRANSPORT",
    metavar="URL",
    help="smtp://…, smtp+starttls://…, smtps://…, sendmail:/path or maildir:DIR; "
    "else the setting. Environment: CONTINUATION_TRANSPORT.",
)
@click.option(
    "--connections", type=click.IntRange(1, 64), default=4, show_default=True, metavar="N",
    help="Connections to the mail server.",
)  # fmt: skip
@click.option("--templates", metavar="DIR", help="Templates that replace ours, file by file.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON (docs/json.md).")
@click.option("-q", "--quiet", is_flag=True, help="Not even a summary on a terminal.")
@click.option("-v", "--verbose", is_flag=True, help="A line for each email.")
@now_option
@click.pass_context
def sweep(
    ctx: click.Context,
    preview: bool,
    html: str | None,
    limit: int | None,
    channel: str | None,
    conversation: str | None,
    transport: str | None,
    connections: int,
    templates: str | None,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    now: datetime,
) -> None:
    """Send the emails that are due, once; made for cron. Silent when all is well.

    \b
    Exit codes: 0 done · 1 some email failed for good · 75 try again (no connection, or another
    sweep is running) · 78 something is not set up. See docs/cron.md.
    """
    context: Context = ctx.obj
    if preview:
        from continuation_cli.commands.sweep_preview import show_preview

        show_preview(context, now, html, limit, channel, conversation, templates, as_json)
        return
    if ctx.get_parameter_source("now") is not click.core.ParameterSource.DEFAULT:
        usage_error("--now goes with --preview only: mail is sent now or not at all")
    if html:
        usage_error("--html goes with --preview")
    connection = context.write()
    lock = SweepLock(context.database)
    if not lock.acquire():
        if lock.held_for() > LONG_RUN:
            click.echo(
                f"continuation: another sweep has been running for {lock.held_for() // 60:.0f} "
                "minutes", err=True,
            )  # fmt: skip
        ctx.exit(os.EX_TEMPFAIL)
    try:
        voice = _Voice(as_json, quiet, verbose)
        if not (channel or conversation) and queue.is_idle(connection, _text(utc_now())):
            voice.sum_up_idle(connection)
            return
        from continuation_cli.sweep import Scope

        scope = Scope(channel, conversation, limit)
        _check_scope(connection, scope)
        report = _run(context, connection, scope, transport, connections, templates, voice)
        voice.sum_up(connection, report)
        _finish(report)
    finally:
        lock.release()
        connection.close()


def _text(moment: datetime) -> str:
    from continuation_cli.core import times

    return times.to_text(moment)


def _check_scope(connection: Connection, scope: Scope) -> None:
    from continuation_cli.commands.context import in_channel, known_channel, missing_conversation
    from continuation_cli.store import activity

    known_channel(connection, scope.channel)
    if scope.conversation:
        row = activity.details(connection, scope.conversation)
        if row is None:
            missing_conversation(connection, scope.conversation)
        in_channel(scope.conversation, row["channel"], scope.channel)


def _run(
    context: Context,
    connection: Connection,
    scope: Scope,
    transport_url: str | None,
    connections: int,
    templates: str | None,
    voice: _Voice,
) -> Report:
    import signal

    from continuation_cli.commands.drafting import open_drafter
    from continuation_cli.mail.transport import Misconfigured, open_transport
    from continuation_cli.outcomes import UnrecordedError
    from continuation_cli.store import settings
    from continuation_cli.sweep import Sweep

    url = transport_url or settings.transport(connection)

    # Worded here: the threads that open a transport do not know which command runs.
    how = command("settings", "set", "transport", "smtp://localhost:25")

    def make_transport() -> Transport:
        if url is None:
            raise Misconfigured(
                f"no transport is set, so nothing can be sent; set one with: {how} "
                "(or sendmail:/usr/sbin/sendmail, maildir:DIR)"
            )
        return open_transport(url, os.environ)

    if url is not None:
        try:
            make_transport()
        except Misconfigured as error:
            config_error(str(error))
    drafter = open_drafter(connection, templates)
    pool = _pool(context, connection, scope, make_transport, url, connections)
    run = Sweep(
        connection, drafter, pool, clock=utc_now, scope=scope, on_result=voice.on_result
    )  # fmt: skip
    # Told to end, it ends between two emails: what is being sent is still recorded.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda number, _frame: run.stop(signal.Signals(number).name))
    try:
        with voice.progress(connection, scope, run.report):
            return run.run()
    except UnrecordedError as error:
        raise _unrecorded(context.database, error) from error
    finally:
        pool.close()


def _pool(
    context: Context,
    connection: Connection,
    scope: Scope,
    make_transport: Callable[[], Transport],
    url: str | None,
    connections: int,
) -> Pool:
    """A process of its own sends where there is much to send, else threads of this one do."""
    from continuation_cli.sender import WORTH_IT, Sender
    from continuation_cli.sending import LastLook, Threads

    few = scope.conversation is not None or (scope.limit or WORTH_IT) < WORTH_IT
    if url is None or few or not queue.has_at_least(connection, WORTH_IT, utc_now()):
        return Threads(make_transport, lambda: LastLook(context.database), connections)
    try:
        return Sender(url, context.database, connections)
    except OSError as error:
        raise Failure(f"no process to send can be started: {error}", os.EX_TEMPFAIL) from error


def _unrecorded(path: str, error: UnrecordedError) -> Failure:
    from continuation_cli.store import db

    why: BaseException | None = error.__cause__
    try:
        with db.translated(path):
            raise why or error
    except Exception as translated:
        why = translated
    several = len(error.emails) > 1
    names = f"email{'s' if several else ''} {', '.join(map(str, error.emails))}"
    return Failure(
        f"what became of {names} could not be recorded: {why}; the next sweep takes it as "
        "unknown: it resends or holds, as the setting on_unknown says",
        os.EX_TEMPFAIL,
    )


def _finish(report: Report) -> None:
    from continuation_cli.mail.transport import Misconfigured

    for message in sorted(report.not_configured):
        click.echo(f"continuation: {message}", err=True)
    if report.stopped is not None:
        code = os.EX_CONFIG if isinstance(report.cause, Misconfigured) else os.EX_TEMPFAIL
        hint = "" if code == os.EX_CONFIG else "; nothing is lost, the next sweep goes on"
        raise Failure(f"stopped: {report.stopped}{hint}", code)
    if report.not_configured:
        raise SystemExit(os.EX_CONFIG)
    if report.counts["failed"] or report.counts["set_aside"]:
        raise SystemExit(1)


class _Voice:
    """What a sweep says: nothing to cron, a summary to a person, everything to a program."""

    def __init__(self, as_json: bool, quiet: bool, verbose: bool) -> None:
        self._as_json = as_json
        self._verbose = verbose
        self._summary = not quiet and not as_json and sys.stderr.isatty()
        self._emails: list[dict[str, Any]] = []
        self._progress: Progress | None = None

    def progress(
        self, connection: Connection, scope: Scope, report: Report
    ) -> AbstractContextManager[object]:
        """While it runs, a person at a terminal is told how far it is."""
        from contextlib import nullcontext

        if not self._summary or self._verbose:
            return nullcontext()
        from continuation_cli.commands.progress import Progress

        total = None
        if not (scope.channel or scope.conversation):
            total = queue.turns(connection, _text(utc_now()))
            total = min(total, scope.limit or total)
        self._progress = Progress(report, total)
        return self._progress

    def on_result(self, result: Result) -> None:
        """Told of each email as its fate is recorded."""
        if self._as_json:
            self._emails.append(
                {"id": result.email, "conversation": result.conversation,
                 "state": result.state, "detail": result.detail}
            )  # fmt: skip
        if self._verbose or result.held or result.state in ("failed", "set_aside"):
            name = f"email {result.email}" if result.email else "its email"
            detail = f": {result.detail}" if result.detail else ""
            line = f"{result.conversation}: {name} {result.state}{detail}"
            line = "".join(c if c.isprintable() else "�" for c in line)
            if self._progress is None:
                click.echo(line, err=True)
                return
            with self._progress.aside():
                click.echo(line, err=True)

    def sum_up_idle(self, connection: Connection) -> None:
        """Nothing was to be done."""
        if self._as_json or self._summary:
            from continuation_cli.outcomes import Report

            self.sum_up(connection, Report())

    def sum_up(self, connection: Connection, report: Report) -> None:
        """Tell what the run did."""
        states = ("sent", "deferred", "failed", "cancelled", "unknown")
        if self._as_json:
            from continuation_cli.output import emit_json

            skipped = dict(queue.parked(connection))
            for reason in ("rate_capped", "set_aside"):
                if report.skipped[reason]:
                    skipped[reason] = report.skipped[reason]
            counts = {state: report.counts[state] for state in states}
            data = {**counts, "skipped": skipped, "emails": self._emails, "stopped": report.stopped}
            emit_json("sweep", data)
        elif self._summary:
            told = [f"{report.counts[state]} {state}" for state in (*states, "set_aside")
                    if report.counts[state]]  # fmt: skip
            click.echo(", ".join(told) + "." if told else "Nothing is due.", err=True)
