"""`emails`: the outbox, for people."""

from __future__ import annotations

from email import message_from_bytes, policy
from typing import TYPE_CHECKING, Any

import click

from continuation_cli import output
from continuation_cli.commands.context import (
    COUNT,
    NUMBER,
    Context,
    by_option,
    channel_option,
    command,
    data_error,
    json_option,
    known_channel,
    usage_error,
    utc_now,
)
from continuation_cli.commands.show import email_data
from continuation_cli.store import db, outbox, suppressions

if TYPE_CHECKING:
    from typing import NoReturn

    from continuation_cli.store.db import Row

#: A narrower terminal has no room for every column.
WIDE = 110

STATES = ("sending", "sent", "deferred", "failed", "cancelled", "unknown")


@click.group()
def emails() -> None:
    """List, show, retry, cancel and resolve emails."""


@emails.command("list")
@click.option("--state", type=click.Choice(STATES), help="Only emails in this state.")
@channel_option
@click.option("--conversation", metavar="ID", help="Only this conversation's emails.")
@click.option("--limit", type=COUNT, help="At most so many; newest first.")
@json_option
@click.pass_obj
def list_(
    context: Context,
    state: str | None,
    channel: str | None,
    conversation: str | None,
    limit: int | None,
    as_json: bool,
) -> None:
    """List emails, newest first."""
    connection = context.read()
    with db.reading(connection):
        known_channel(connection, channel)
        limit = limit or (50 if output.is_terminal() else -1)
        found = outbox.listed(
            connection, state=state, channel=channel, conversation=conversation, limit=limit
        )
        rows = [email_data(row, outbox.messages_of(connection, row["id"])) for row in found]
    if as_json:
        output.emit_json("emails list", rows)
        return
    columns = {"id": "Id", "created_at": "Created (UTC)", "conversation": "Conversation",
               "to": "To", "state": "State", "attempts": "Attempts",
               "next_attempt_at": "Next attempt (UTC)", "subject": "Subject",
               "detail": "Detail"}  # fmt: skip
    if output.is_terminal():
        _fit(rows, columns)
    output.table(rows, columns, styles=output.STATE_STYLES, empty="No emails.")


def _fit(rows: list[dict[str, Any]], columns: dict[str, str]) -> None:
    """Leave out what a person does not miss: where an email went that was sent, and more where
    the terminal is narrow. `emails show` tells it.
    """
    for row in rows:
        row["detail"] = None if row["state"] == "sent" else row["detail"]
    for key in ("detail", "next_attempt_at"):
        if not any(row[key] for row in rows):
            del columns[key]
    if output.console().width < WIDE:
        del columns["attempts"], columns["subject"]


@emails.command("show")
@click.argument("email", type=NUMBER)
@click.option("--part", type=click.Choice(("text", "html", "headers", "eml")), help="Only this.")
@json_option
@click.pass_obj
def show(context: Context, email: int, part: str | None, as_json: bool) -> None:
    """Show one email as it was recorded, and every attempt to send it."""
    connection = context.read()
    with db.reading(connection):
        row = outbox.one(connection, email)
        if row is None:
            _no_such(email)
        messages = outbox.messages_of(connection, email)
        attempts = [dict(attempt) for attempt in outbox.attempts_of(connection, email)]
    data = {**email_data(row, messages), **_content(row), "tried": attempts}
    if as_json:
        output.emit_json("emails show", data)
    elif part:
        click.echo(row["message"] if part == "eml" else data[part], nl=False)
    else:
        _print(data)


def _content(row: Row) -> dict[str, Any]:
    parsed = message_from_bytes(row["message"], policy=policy.default)
    parts = {p.get_content_type(): p.get_content() for p in parsed.walk() if not p.is_multipart()}
    head = row["message"].partition(b"\r\n\r\n")[0].decode("utf-8", "replace")
    parts = {kind: text.replace("\r\n", "\n") for kind, text in parts.items()}
    sender = parsed["From"].addresses[0]
    return {
        "from": f'"{sender.display_name}" <{sender.addr_spec}>',  # as `preview` has it
        "reply_to": row["reply_to"],
        "reopen_url": row["reopen_url"],
        "text": parts.get("text/plain", ""),
        "html": parts.get("text/html", ""),
        "headers": head.replace("\r\n", "\n") + "\n",
        "eml": row["message"].decode("utf-8", "replace"),
    }


def _print(data: dict[str, Any]) -> None:
    told = [
        ("Email", f"{data['id']}, {data['state']}"),
        ("Result", data["detail"]),
        ("Conversation", f"{data['conversation']} in {data['channel']}, {data['rule']} rule"),
        ("Messages", ", ".join(data["messages"])),
        ("To", data["to"]),
        ("From", data["from"]),
        ("Subject", data["subject"]),
        ("Message-ID", data["message_id"]),
        ("Created", data["created_at"]),
        ("Next attempt", data["next_attempt_at"]),
        ("Finished", data["finished_at"]),
    ]
    for name, value in told:
        if value:
            click.echo(f"{name + ':':14} {output.one_line(str(value))}")
    for attempt in data["tried"]:
        where = f" at {attempt['stage'].upper()}" if attempt["stage"] else ""
        reply = " ".join(str(v) for v in (attempt["code"], attempt["reply"]) if v)
        click.echo(
            f"Attempt {attempt['number']}:     {attempt['started_at']} "
            f"{attempt['outcome'] or 'under way'}{where} {output.one_line(reply)}".rstrip()
        )
    click.echo("\n" + output.printable(data["text"]), nl=False)


@emails.command()
@click.argument("email", type=NUMBER)
@click.pass_obj
def retry(context: Context, email: int) -> None:
    """Let the next sweep try a deferred or failed EMAIL again, exactly as it was."""
    connection = context.write()
    with db.writing(connection):
        row = outbox.one(connection, email)
        if row is None:
            _no_such(email)
        reason = suppressions.reason_for(connection, row["recipient"])
        if reason is not None:
            address = row["recipient"]
            data_error(
                f"{address} is suppressed ({reason}), so that email {email} would not leave; to "
                f"allow it: continuation suppressions remove {address}"
            )
        if not outbox.retry_now(connection, email, utc_now()):
            data_error(_wrong_state(row, "only a deferred or failed email can be retried"))
    output.note(f"The next sweep tries email {email} again.")


@emails.command()
@click.argument("email", type=NUMBER)
@by_option
@click.pass_obj
def cancel(context: Context, email: int, by: str) -> None:
    """Cancel a deferred EMAIL. Its unseen messages wait again, for a new email.

    To send nothing at all, hold the conversation first.
    """
    connection = context.write()
    with db.writing(connection):
        row = outbox.one(connection, email)
        if row is None:
            _no_such(email)
        if row["in_doubt"]:
            how = command("emails", "resolve", str(email), "--sent")
            data_error(_wrong_state(row, f"it may have been delivered; decide: {how}, or --resend"))
        if row["state"] != "deferred":
            data_error(_wrong_state(row, "only a deferred email can be cancelled"))
        outbox.cancel(connection, email, utc_now(), f"cancelled by {by}")
    output.note(
        f"Email {email} is cancelled. What is unseen of it waits again: the next sweep may send it."
    )


@emails.command()
@click.argument("email", type=NUMBER)
@click.option("--sent", is_flag=True, help="It arrived.")
@click.option("--resend", is_flag=True, help="Send it again, as it was.")
@by_option
@click.pass_obj
def resolve(context: Context, email: int, sent: bool, resend: bool, by: str) -> None:
    """Decide on an EMAIL of which nobody knows whether it was sent."""
    if sent == resend:
        usage_error(f"say which: emails resolve {email} --sent, or --resend")
    connection = context.write()
    with db.writing(connection):
        row = outbox.one(connection, email)
        if row is None:
            _no_such(email)
        if row["state"] != "unknown":
            data_error(_wrong_state(row, "only an unknown email can be resolved"))
        if sent:
            outbox.resolve_sent(connection, email, utc_now(), by)
        else:
            outbox.schedule_resend(connection, email, utc_now())
    told = "is recorded as sent" if sent else "goes out again with the next sweep"
    output.note(f"Email {email} {told}.")


def _no_such(email: int) -> NoReturn:
    usage_error(f"there is no email {email}; see: {command('emails', 'list')}")


def _wrong_state(row: Row, rule: str) -> str:
    return f"email {row['id']} is {row['state']}: {rule}"
