"""`show`: a conversation's timeline."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from continuation_cli import output
from continuation_cli.commands.context import Context, json_option, missing_conversation, now_option
from continuation_cli.commands.replies import became, reply_data
from continuation_cli.core import schedule, times
from continuation_cli.store import activity, db, inbox, outbox
from continuation_cli.store.settings import SettingsReader

if TYPE_CHECKING:
    from datetime import datetime

    from continuation_cli.core.model import Message, Page
    from continuation_cli.store.db import Row


def _text(moment: datetime | None) -> str | None:
    return times.to_text(moment) if moment else None


def message_data(message: Message, reply: int | None = None) -> dict[str, Any]:
    """A message as JSON tells it; `reply` is the received email that it was."""
    return {
        "id": message.id,
        "author": message.author,
        "name": message.name,
        "via": message.via,
        "text": message.text,
        "format": message.format,
        "attachments": [
            {
                "name": a.name,
                "url": a.url,
                "size": a.size,
                "content_type": a.content_type,
                "sha256": a.sha256,
            }
            for a in message.attachments
        ],
        "sent_at": times.to_text(message.sent_at),
        "seen_at": _text(message.seen_at),
        "edited_at": _text(message.edited_at),
        "deleted_at": _text(message.deleted_at),
        "email": message.email,
        "reply": reply,
    }


def page_data(page: Page) -> dict[str, Any]:
    """A page as JSON tells it; `opened_at` is null where nobody knows."""
    known = page.opened_at != schedule.UNKNOWN_OPENING
    return {
        "page": page.id,
        "url": page.url,
        "opened_at": times.to_text(page.opened_at) if known else None,
        "visible_at": _text(page.visible_at),
        "hidden_at": _text(page.hidden_at),
        "last_active_at": _text(page.last_active_at),
        "closed_at": _text(page.closed_at),
    }


def email_data(row: Row, messages: list[str]) -> dict[str, Any]:
    """An email as lists tell it."""
    return {
        "id": row["id"],
        "conversation": row["conversation"],
        "channel": row["channel"],
        "to": row["recipient"],
        "subject": row["subject"],
        "message_id": row["message_id"],
        "rule": row["rule"],
        "state": row["state"],
        "detail": row["detail"],
        "created_at": row["created_at"],
        "attempts": row["attempts"],
        "next_attempt_at": row["next_attempt_at"],
        "finished_at": row["finished_at"],
        "messages": messages,
    }


@click.command()
@click.argument("conversation")
@json_option
@now_option
@click.pass_obj
def show(context: Context, conversation: str, as_json: bool, now: datetime) -> None:
    """Show CONVERSATION's timeline: messages, pages, emails, replies."""
    connection = context.read()
    with db.reading(connection):
        found = activity.conversation(connection, conversation, now)
        row = activity.details(connection, conversation)
        if found is None or row is None:
            missing_conversation(connection, conversation)
        messages = activity.messages(connection, conversation)
        emails = [
            email_data(email, outbox.messages_of(connection, email["id"]))
            for email in reversed(outbox.listed(connection, conversation=conversation))
        ]
        replies = [reply_data(r) for r in inbox.listed(connection, conversation=conversation)][::-1]
        timeout = SettingsReader(connection).of(found.channel).presence_timeout
    came_as = {reply["message"]: reply["id"] for reply in replies}
    closed = row["closed_at"] and row["closed_at"] >= (row["reopened_at"] or "")
    data = {
        "conversation": conversation,
        "channel": found.channel,
        "email": found.email,
        "name": found.name,
        "locale": found.locale,
        "began_at": times.to_text(found.began_at),
        "state": "closed" if closed else "open",
        "presence": schedule.presence(found.pages, timeout, now),
        "messages": [message_data(message, came_as.get(message.id)) for message in messages],
        "pages": [page_data(page) for page in found.pages],
        "emails": emails,
        "replies": replies,
    }
    if as_json:
        output.emit_json("show", data)
    else:
        _print(data)


def timeline(data: dict[str, Any]) -> list[dict[str, Any]]:
    """Everything that happened, in the order of time: `at`, `who`, `what`."""
    entries = []
    replies = {reply["id"]: reply for reply in data["replies"]}
    for message in data["messages"]:
        who = message["name"] or ""
        kind = message["author"] + (" by email" if message["via"] == "email" else "")
        state = ", ".join(filter(None, _marks(message, replies)))
        files = [f"[{a['name']}]" for a in message["attachments"]]
        entries.append(
            {"at": message["sent_at"], "kind": kind, "who": who, "id": message["id"],
             "what": " ".join(filter(None, (message["text"], *files))), "state": state}
        )  # fmt: skip
    for page in data["pages"]:
        for key, word in (("opened_at", "opened"), ("hidden_at", "hidden"),
                          ("visible_at", "visible"), ("closed_at", "closed")):  # fmt: skip
            if page[key]:
                what = f"{word} {page['url']}" if word == "opened" and page["url"] else word
                entries.append({"at": page[key], "kind": "page", "who": "", "id": page["page"],
                                "what": what, "state": ""})  # fmt: skip
    for email in data["emails"]:
        what = f"{email['subject']} (to {email['to']}; {', '.join(email['messages'])})"
        entries.append({"at": email["created_at"], "kind": "email", "who": "", "id": email["id"],
                        "what": what, "state": email["state"]})  # fmt: skip
    for reply in data["replies"]:
        if reply["state"] == "posted":  # it is among the messages
            continue
        what = f"from {reply['from'] or 'nobody'}: {reply['subject'] or ''}"
        entries.append({"at": reply["received_at"], "kind": reply["kind"].replace("_", " "),
                        "who": reply["from_name"] or "", "id": reply["id"], "what": what,
                        "state": became(reply)})  # fmt: skip
    return sorted(entries, key=lambda entry: entry["at"])


def _marks(message: dict[str, Any], replies: dict[int, dict[str, Any]]) -> list[str | None]:
    reply = replies.get(message["reply"])
    unseen = message["author"] in ("agent", "bot") and not message["seen_at"]
    return [
        "deleted" if message["deleted_at"] else None,
        "edited" if message["edited_at"] else None,
        "seen" if message["seen_at"] else "unseen" if unseen else None,
        f"email {message['email']}" if message["email"] else None,
        f"reply {reply['id']} from {reply['from'] or 'nobody'}" if reply else None,
    ]


#: What is told of an entry; the columns in a pipe.
_KEYS = ("at", "kind", "who", "id", "what", "state")
#: How each kind of entry looks on a terminal.
_STYLES = {"note": "yellow", "email": "cyan", "page": "dim", "system": "dim"}


def _print(data: dict[str, Any]) -> None:
    if not output.is_terminal():
        output.table(timeline(data), {key: key for key in _KEYS})
        return
    from rich.padding import Padding
    from rich.text import Text

    console = output.console()
    to = data["email"] or "no address"
    who = f" in {data['channel']}, {data['name'] or 'unnamed'} <{to}>"
    head = output.one_line(f"{who}, {data['state']}, customer {data['presence']}; UTC")
    console.print(Text.assemble((output.one_line(data["conversation"]), "bold"), head))
    console.print()
    # Not a table: what was written needs the whole width.
    for entry in timeline(data):
        style = _STYLES.get(entry["kind"], "")
        author = " ".join(filter(None, (entry["kind"], entry["who"])))
        told = [output.one_line(str(v)) for v in (author, entry["id"], entry["state"]) if v]
        when = output.brief_time(entry["at"])
        console.print(
            Text.assemble(f"{when}  ", (told[0], style or "bold"), "  ".join(["", *told[1:]]))
        )
        if entry["what"]:
            what = Text(output.printable(entry["what"]), style=style, overflow="fold")
            console.print(Padding(what, (0, 0, 0, 2)))
