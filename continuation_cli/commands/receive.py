"""`receive`: one message from a mail server's pipe."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from continuation_cli import output
from continuation_cli.commands.context import Context, Failure, json_option, usage_error, utc_now

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from continuation_cli.receive import Outcome

#: Why a message goes back to its sender, and what the sender is told. Everything else that goes
#: wrong is the fault of this side: the server keeps the message and tries again.
RETURNED = {
    "unparsable": (os.EX_DATAERR, "this is no email message: it has no header"),
    "no_token": (os.EX_NOUSER, "this address belongs to no conversation"),
    "unknown_token": (os.EX_NOUSER, "this address belongs to no conversation any more"),
}


def outcome_data(outcome: Outcome) -> dict[str, Any]:
    """What became of a message as JSON tells it."""
    return outcome._asdict()


@click.command()
@click.argument("file", default="-", metavar="[FILE|-]")
@click.option(
    "--recipient",
    "recipients",
    multiple=True,
    metavar="ADDRESS",
    help="A recipient of the envelope, where the server says it; repeatable.",
)
@json_option
@click.pass_obj
def receive(context: Context, file: str, recipients: tuple[str, ...], as_json: bool) -> None:
    """Take in one email, from FILE or standard input: a reply becomes a message of the chat.

    For a mail server's pipe (docs/postfix.md, docs/exim.md). Silent. Exits 0 when the message is
    recorded, 67 if it belongs to no conversation, 65 if it is no message; any fault of this side
    exits 75, so that the server keeps the message and tries again.
    """
    if file == "-" and sys.stdin is not None and sys.stdin.isatty():
        usage_error("an email is expected on standard input, or a FILE that holds one")
    from continuation_cli.store import db

    try:
        with db.translated(context.database):
            outcome = _received(context, file, recipients)
    except db.StoreError as error:
        # Each has an exit code of its own elsewhere, and 65 is among them.
        raise Failure(str(error), os.EX_TEMPFAIL) from error
    if as_json:
        output.emit_json("receive", outcome_data(outcome))
    elif sys.stderr.isatty():
        output.note(told(outcome))
    if outcome.reason in RETURNED and outcome.state == "rejected":
        code, why = RETURNED[outcome.reason]
        raise Failure(why, code)


def _received(context: Context, file: str, recipients: tuple[str, ...]) -> Outcome:
    from continuation_cli.mail.archive import Archive
    from continuation_cli.receive import Receiver

    archive = Archive(context.database)
    connection = context.write()
    receiver = Receiver(connection, archive, utc_now)
    with _opened(file) as stream:
        kept = archive.keep_stream(stream, "raw", receiver.limits.message + 1)
    return receiver.receive_kept(kept, recipients)


def _opened(file: str) -> AbstractContextManager[BinaryIO]:
    return nullcontext(sys.stdin.buffer) if file == "-" else Path(file).open("rb")


def told(outcome: Outcome) -> str:
    """What became of a message, in a sentence."""
    what = f"Reply {outcome.id}"
    if outcome.kind not in ("reply", "duplicate"):
        what += f", {outcome.kind.replace('_', '-')}"
    if outcome.conversation:
        what += f", conversation {outcome.conversation}"
    if outcome.kind == "duplicate":
        return f"{what}: had come before ({outcome.state})."
    end = f" as message {outcome.message}" if outcome.message else ""
    why = f" ({outcome.reason})" if outcome.reason else ""
    return f"{what}: {outcome.state}{end}{why}."
