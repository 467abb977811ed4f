"""`replies`: what was received, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from continuation_cli import output
from continuation_cli.commands.context import (
    COUNT,
    NUMBER,
    Context,
    by_option,
    command,
    data_error,
    json_option,
    missing_conversation,
    usage_error,
    utc_now,
)
from continuation_cli.store import activity, db, inbox

if TYPE_CHECKING:
    from typing import NoReturn

    from continuation_cli.store.db import Row
    from continuation_cli.store.inbox import StoredFile

#: A narrower terminal has no room for every column.
WIDE = 110

KINDS = ("reply", "auto_reply", "bounce", "complaint", "unsubscribe", "unroutable")
STATES = ("posted", "quarantined", "ignored", "rejected")

#: What is acted on, not posted.
_NOTICES = ("bounce", "complaint", "unsubscribe")

#: Why a message waits for a person, or has gone back to its sender.
WHY = {
    "from_differs": "From is not the customer's address",
    "from_unclear": "From names nobody, or several",
    "authentication_failed": "the mail server found that it does not come from where From says",
    "not_authenticated": "the server named by authserv_id found nothing that speaks for From",
    "to_bounce_address": "it came to the address for bounces and is none",
    "too_large": "it is larger than max_message_size",
    "header_too_large": "its header is larger than max_header_size",
    "too_many_parts": "it has more parts than max_parts",
    "too_deep": "its parts are nested deeper than max_nesting",
    "too_many_attachments": "it has more attachments than max_attachments",
    "attachment_too_large": "an attachment is larger than max_attachment_size",
    "no_token": "the address belongs to no conversation, and it answers no email",
    "unknown_token": "no conversation has this address, or not any more",
}


def reply_data(row: Row) -> dict[str, Any]:
    """A received message as lists tell it."""
    return {
        "id": row["id"],
        "kind": row["kind"],
        "state": row["state"],
        "reason": row["reason"],
        "detail": row["detail"],
        "conversation": row["conversation"],
        "email": row["email"],
        "message": row["message"],
        "from": row["sender"],
        "from_name": row["sender_name"],
        "to": row["recipient"],
        "subject": row["subject"],
        "message_id": row["message_id"],
        "received_at": row["received_at"],
        "sent_at": row["sent_at"],
        "size": row["size"],
        "decided_at": row["decided_at"],
        "decided_by": row["decided_by"],
    }


def became(row: Row | dict[str, Any]) -> str:
    """What became of a received message, in a few words."""
    detail = row["detail"]
    if row["state"] == "ignored" and detail:  # it posted nothing, but has had an effect
        return str(detail)
    why = detail or row["reason"]
    return f"{row['state']} ({why})" if why else str(row["state"])


@click.group()
def replies() -> None:
    """List, show, accept and reject received emails."""


@replies.command("list")
@click.option("--state", type=click.Choice(STATES), help="Only in this state.")
@click.option("--kind", type=click.Choice(KINDS), help="Only of this kind.")
@click.option("--conversation", metavar="ID", help="Only of this conversation.")
@click.option("--from", "sender", metavar="ADDRESS", help="Only from this address.")
@click.option("--limit", type=COUNT, help="At most so many; newest first.")
@json_option
@click.pass_obj
def list_(
    context: Context,
    state: str | None,
    kind: str | None,
    conversation: str | None,
    sender: str | None,
    limit: int | None,
    as_json: bool,
) -> None:
    """List received emails, newest first; `--state quarantined` are those that wait for you."""
    connection = context.read()
    with db.reading(connection):
        if conversation is not None and activity.details(connection, conversation) is None:
            missing_conversation(connection, conversation)
        limit = limit or (50 if output.is_terminal() else -1)
        found = inbox.listed(
            connection,
            state=state,
            kind=kind,
            conversation=conversation,
            sender=sender and sender.strip(),
            limit=limit,
        )
    rows = [reply_data(row) for row in found]
    if as_json:
        output.emit_json("replies list", rows)
        return
    if output.is_terminal():
        _table(rows)
        return
    output.table(rows, {key: key for key in ("id", "received_at", "from", "kind", "state", "reason",
                                             "conversation", "subject", "detail")})  # fmt: skip


def _table(rows: list[dict[str, Any]]) -> None:
    """The list for a person; what became of each in words, which wrap better than codes."""
    columns = {"id": "Id", "received_at": "Received (UTC)", "from": "From", "result": "Result",
               "conversation": "Conversation", "subject": "Subject"}  # fmt: skip
    if output.console().width < WIDE:
        del columns["subject"]
    shown = [{**row, "result": _result(row)} for row in rows]
    output.table(shown, columns, styles=output.STATE_STYLES, empty="No emails were received.")


def _result(row: dict[str, Any]) -> str:
    reason = f" ({row['reason']})" if row["reason"] else ""
    # A bounce or an unsubscribe mail posts nothing, but it is not ignored either.
    noted = row["kind"] in _NOTICES and row["state"] == "ignored"
    state = "" if noted else f" {row['state']}"
    return f"{row['kind']}{state}{reason}".replace("_", " ")


@replies.command("show")
@click.argument("reply", type=NUMBER)
@click.option(
    "--part", type=click.Choice(("text", "headers", "eml")), help="Only this; eml is as it came."
)
@json_option
@click.pass_obj
def show(context: Context, reply: int, part: str | None, as_json: bool) -> None:
    """Show one received email: what became of it, what is new in it, and its original."""
    connection = context.read()
    with db.reading(connection):
        row = inbox.one(connection, reply)
        if row is None:
            _no_such(reply)
        files = inbox.files_of(connection, reply)
    raw = _original(context, row)
    head = raw.replace(b"\r\n", b"\n").partition(b"\n\n")[0].decode("utf-8", "replace") + "\n"
    data = {
        **reply_data(row),
        "text": row["text"],
        "attachments": [_file_data(context, file) for file in files],
        "headers": head,
        "eml": raw.decode("utf-8", "replace"),
    }
    if as_json:
        output.emit_json("replies show", data)
    elif part == "eml":
        click.echo(raw, nl=False)
    elif part:
        click.echo(output.printable(data[part] or ""), nl=False)
    else:
        _print(data)


def _original(context: Context, row: Row) -> bytes:
    from continuation_cli.mail.archive import Archive

    try:
        return Archive(context.database).read("raw", row["digest"])
    except FileNotFoundError as error:
        data_error(f"the original of reply {row['id']} is not there any more: {error.filename}")


def _file_data(context: Context, file: StoredFile) -> dict[str, Any]:
    from continuation_cli.mail.archive import Archive

    path = Archive(context.database).path("files", file.digest)
    return {"name": file.name, "content_type": file.content_type, "size": file.size,
            "sha256": file.digest, "path": str(path)}  # fmt: skip


def _print(data: dict[str, Any]) -> None:
    sender = (
        f"{data['from_name'] or ''} <{data['from']}>" if data["from"] else "nobody in particular"
    )
    reason = f" ({data['reason']})" if data["reason"] else ""
    decided = f"{data['decided_at']} by {data['decided_by']}" if data["decided_at"] else None
    about = f", in answer to email {data['email']}" if data["email"] else ""
    told = [
        ("Reply", f"{data['id']}, {data['kind']}, {data['state']}{reason}"),
        ("Why", WHY.get(data["reason"])),
        ("Result", data["detail"]),
        ("Decided", decided),
        ("Conversation", data["conversation"] and f"{data['conversation']}{about}"),
        ("Message", data["message"]),
        ("From", sender.strip()),
        ("To", data["to"]),
        ("Subject", data["subject"]),
        ("Message-ID", data["message_id"]),
        ("Date", data["sent_at"]),
        ("Received", data["received_at"]),
    ]
    for name, value in told:
        if value:
            click.echo(f"{name + ':':14} {output.one_line(str(value))}")
    for file in data["attachments"]:
        name = output.one_line(f"{file['name']} ({file['content_type']}, {file['size']} octets)")
        click.echo(f"Attachment:    {name}\n               {file['path']}")
    if data["text"]:
        click.echo("\n" + output.printable(data["text"]))
    number = str(data["id"])
    if data["state"] == "quarantined":
        output.note(
            f"\nTo post it as a message: {command('replies', 'accept', number)}\n"
            f"To keep it out: {command('replies', 'reject', number)}"
        )
    elif data["state"] != "posted" and not data["text"]:
        output.note(f"\nTo read it: {command('replies', 'show', number, '--part', 'eml')}")
    if data["state"] == "ignored" and data["kind"] in ("reply", "auto_reply"):
        output.note(f"To post it all the same: {command('replies', 'accept', number)}")


@replies.command()
@click.argument("reply", type=NUMBER)
@by_option
@json_option
@click.pass_obj
def accept(context: Context, reply: int, by: str, as_json: bool) -> None:
    """Post a REPLY that was kept out of the chat, under its author's own name and address.

    One that was quarantined, or ignored or rejected by mistake.
    """
    from continuation_cli.commands.receive import outcome_data, told
    from continuation_cli.mail.archive import Archive
    from continuation_cli.receive import NotAcceptable, Receiver

    connection = context.write()
    receiver = Receiver(connection, Archive(context.database), utc_now)
    try:
        outcome = receiver.accept(reply, by)
    except NotAcceptable as error:
        data_error(str(error))
    except LookupError:
        _no_such(reply)
    if as_json:
        output.emit_json("replies accept", outcome_data(outcome))
    else:
        output.note(told(outcome))


@replies.command()
@click.argument("reply", type=NUMBER)
@by_option
@json_option
@click.pass_obj
def reject(context: Context, reply: int, by: str, as_json: bool) -> None:
    """Keep a quarantined REPLY out of the chat for good. Its original stays."""
    connection = context.write()
    with db.writing(connection):
        row = inbox.one(connection, reply)
        if row is None:
            _no_such(reply)
        if row["state"] != "quarantined":
            data_error(f"reply {reply} is {row['state']}: only a quarantined one can be rejected")
        inbox.reject(connection, reply, utc_now(), by)
    if as_json:
        keys = ("id", "kind", "conversation", "message", "reason")
        output.emit_json("replies reject", {**{key: row[key] for key in keys}, "state": "rejected"})
    else:
        output.note(f"Reply {reply} is rejected; its sender is not told.")


def _no_such(reply: int) -> NoReturn:
    usage_error(f"there is no reply {reply}; see: {command('replies', 'list')}")
