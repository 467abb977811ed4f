"""`fetch`: empty a mailbox. Cron runs it every minute."""

from __future__ import annotations

import os
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from continuation_cli import output
from continuation_cli.commands.context import (
    COUNT,
    Context,
    Failure,
    config_error,
    json_option,
    usage_error,
    utc_now,
)

if TYPE_CHECKING:
    from continuation_cli.fetch import Fetch, Result
    from continuation_cli.mail.mailbox import Disposal, Mailbox

#: A fetch that runs for longer than this is worth a word, in seconds.
LONG_RUN = 15 * 60


@click.command()
@click.argument("url")
@click.option("--mark-seen", is_flag=True, help="Leave what is done in its place, as read.")
@click.option("--delete", is_flag=True, help="Delete what is done.")
@click.option("--move-to", metavar="FOLDER", help="Move what is done there, not to Processed.")
@click.option("--limit", type=COUNT, metavar="N", help="At most N mails.")
@click.option("--again", is_flag=True, help="Look also at mail that was left before.")
@json_option
@click.option("-q", "--quiet", is_flag=True, help="Not even a summary on a terminal.")
@click.option("-v", "--verbose", is_flag=True, help="A line for each mail.")
@click.pass_context
def fetch(
    ctx: click.Context,
    url: str,
    mark_seen: bool,
    delete: bool,
    move_to: str | None,
    limit: int | None,
    again: bool,
    as_json: bool,
    quiet: bool,
    verbose: bool,
) -> None:
    """Take in the emails of a mailbox, once; made for cron. Silent when all is well.

    \b
    URL   imaps://USER@HOST[:993][/FOLDER]           (pip install 'continuation-cli[imap]')
          imap+starttls://USER@HOST[:143][/FOLDER]
          imap://USER@localhost                      this machine only: no TLS
          maildir:DIR

    The password is in CONTINUATION_IMAP_PASSWORD, or in the file that
    CONTINUATION_IMAP_PASSWORD_FILE names; an OAuth 2.0 access token (XOAUTH2) in
    CONTINUATION_IMAP_TOKEN or CONTINUATION_IMAP_TOKEN_FILE. CONTINUATION_IMAP_CAFILE: certificates
    to trust in place of the system's. FOLDER is INBOX if none is given, percent-encoded:
    Support%20mail.

    An email that belongs to a conversation is received (see receive) and then put away: moved to
    the folder Processed beside the one it is in, or as told. With --mark-seen only unread ones are
    looked at. If it cannot be received it stays where and as it is, and the next run tries again.

    All other mail stays untouched, unread included, whatever was told; it is not recorded, and not
    looked at again. Mail to an address of a conversation that is no more stays as well, and is
    recorded (replies list --kind unroutable).

    \b
    Exit codes: 0 done · 75 try again (no connection, login refused, another fetch of this mailbox
    is running, or some mail had to stay) · 78 something is not set up. See docs/imap.md.
    """
    context: Context = ctx.obj
    from continuation_cli.store.lock import FetchLock

    mailbox = _mailbox(url, _disposal(mark_seen, delete, move_to))
    connection = context.write()
    lock = FetchLock(context.database, mailbox.name)
    if not lock.acquire():
        if lock.held_for() > LONG_RUN:
            output.note(
                f"continuation: another fetch of this mailbox has been running for "
                f"{lock.held_for() // 60:.0f} minutes"
            )
        ctx.exit(os.EX_TEMPFAIL)
    try:
        from continuation_cli.fetch import Fetch
        from continuation_cli.mail.archive import Archive
        from continuation_cli.receive import Receiver

        voice = _Voice(as_json, quiet, verbose)
        archive = Archive(context.database)
        run = Fetch(
            connection,
            archive,
            Receiver(connection, archive, utc_now),
            mailbox,
            limit=limit,
            again=again,
            on_result=voice.on_result,
        )
        _run(run, voice)
    finally:
        lock.release()
        connection.close()


def _disposal(mark_seen: bool, delete: bool, move_to: str | None) -> Disposal:
    from continuation_cli.mail.mailbox import Disposal

    if mark_seen + delete + (move_to is not None) > 1:
        usage_error("--mark-seen, --delete and --move-to exclude each other; give one of them")
    if mark_seen:
        return Disposal("mark_seen")
    return Disposal("delete") if delete else Disposal("move", move_to)


def _mailbox(url: str, disposal: Disposal) -> Mailbox:
    from continuation_cli.mail.mailbox import open_mailbox
    from continuation_cli.mail.transport import Misconfigured

    try:
        return open_mailbox(url, disposal, os.environ)
    except Misconfigured as error:
        config_error(str(error))


def _run(run: Fetch, voice: _Voice) -> None:
    import signal

    from continuation_cli.mail.mailbox import MailboxUnavailable
    from continuation_cli.mail.transport import Misconfigured

    # Told to end, it ends between two mails: the one in hand is still put away.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda number, _frame: run.stop(signal.Signals(number).name))
    stopped = None
    try:
        counts = run.run()
        stopped = run.stopped
    except Misconfigured as error:
        config_error(str(error))
    except MailboxUnavailable as error:
        counts, stopped = Counter(), str(error)
    finally:
        voice.sum_up()
    if stopped is not None:
        raise Failure(
            f"stopped: {stopped.rstrip('.')}; nothing is lost, the next fetch goes on",
            os.EX_TEMPFAIL,
        )
    if counts["problem"]:
        raise SystemExit(os.EX_TEMPFAIL)


class _Voice:
    """What a fetch says: nothing to cron, a summary to a person, everything to a program."""

    def __init__(self, as_json: bool, quiet: bool, verbose: bool) -> None:
        self._as_json = as_json
        self._verbose = verbose
        self._summary = not quiet and not as_json and sys.stderr.isatty()
        self._mails: list[dict[str, Any]] = []
        self._counts: Counter[str] = Counter()

    def on_result(self, result: Result) -> None:
        """Told of each mail as its fate is sealed."""
        from continuation_cli.commands.receive import outcome_data, told

        outcome = result.outcome
        if outcome is not None:
            self._counts["duplicate" if outcome.kind == "duplicate" else outcome.state] += 1
            if self._as_json:
                self._mails.append(outcome_data(outcome))
        else:
            self._counts["left"] += result.problem is None
        if result.problem is not None:
            output.note(f"continuation: mail {result.mail} stays where it is: {result.problem}")
        elif self._verbose:
            left = "It concerns no conversation and stays where it is."
            output.note(f"mail {result.mail}: {told(outcome) if outcome else left}")

    def sum_up(self) -> None:
        """Tell what the run did."""
        if self._as_json:
            output.emit_json("fetch", self._mails)
        elif self._summary:
            told = [f"{number} {what}" for what, number in self._counts.items() if number]
            output.note(", ".join(told) or "nothing new")
