"""`explain`: the decision about one conversation, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from continuation_cli import output
from continuation_cli.commands.context import (
    Context,
    command,
    json_option,
    missing_conversation,
    now_option,
)
from continuation_cli.commands.replies import WHY, became
from continuation_cli.core import explain as steps
from continuation_cli.core import report, settings, times
from continuation_cli.store import activity, db, inbox, outbox
from continuation_cli.store.settings import SettingsReader, stored

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from continuation_cli.core.model import Conversation
    from continuation_cli.store.db import Connection


@click.command()
@click.argument("conversation")
@json_option
@now_option
@click.pass_obj
def explain(context: Context, conversation: str, as_json: bool, now: datetime) -> None:
    """Say why CONVERSATION gets an email or none, and when."""
    connection = context.read()
    with db.reading(connection):
        found = activity.conversation(connection, conversation, now)
        if found is None:
            missing_conversation(connection, conversation)
        effective = SettingsReader(connection).of(found.channel)
        told = steps.explain(
            found,
            activity.messages(connection, conversation),
            effective,
            _sources(connection, found.channel),
            now,
        )
        headline = unfinished(connection, found)
        if headline is not None:
            told[-1] = steps.Step("decision", headline)
        told += [steps.Step("email", text) for text in _emails(connection, conversation)]
        told += [steps.Step("reply", text) for text in _replies(connection, conversation)]
        told += [steps.Step("note", text) for text in _notes(connection, found)]
        row = report.row(found, effective, now)
    if as_json:
        output.emit_json("explain", {**row, "steps": steps.to_data(told)})
    else:
        _print(row, told, now)


def _sources(connection: Connection, channel: str) -> dict[str, str]:
    """Where each setting's value was set, in words."""
    defaults, own = stored(connection, None), stored(connection, channel)
    words = {
        "channel": f"set for channel {channel}",
        "default": "set as the default",
        "built in": "built in",
    }
    return {key: words[settings.source_of(key, defaults, own)[1]] for key in settings.SPECS}


def _emails(connection: Connection, conversation: str) -> list[str]:
    lines = []
    for row in reversed(outbox.listed(connection, conversation=conversation)):
        held = ", ".join(outbox.messages_of(connection, row["id"]))
        when = steps.at(times.from_text(row["created_at"]))
        line = f"Email {row['id']} of {when} to {row['recipient']} with {held}: {row['state']}"
        if row["state"] in ("deferred", "unknown") and row["next_attempt_at"]:
            line += f", next attempt {steps.at(times.from_text(row['next_attempt_at']))}"
        if row["detail"]:
            line += f" ({row['detail']})"
        lines.append(line + ".")
    return lines


def _replies(connection: Connection, conversation: str) -> list[str]:
    lines = []
    for row in reversed(inbox.listed(connection, conversation=conversation)):
        what = row["kind"].replace("_", "-").capitalize()
        when = steps.at(times.from_text(row["received_at"]))
        line = f"{what} {row['id']} of {when} from {row['sender'] or 'nobody'}: {became(row)}"
        if row["state"] == "quarantined" and row["reason"] in WHY:
            line += f", because {WHY[row['reason']]}"
        if row["message"]:
            line += f" as message {row['message']}"
        if row["email"]:
            line += f", about email {row['email']}"
        if row["state"] == "quarantined":
            line += f". To decide: {command('replies', 'show', str(row['id']))}"
        lines.append(line + ".")
    return lines


def unfinished(connection: Connection, conversation: Conversation) -> str | None:
    """What is to be said first where nothing waits, because it is in an email that has not arrived
    for certain; None where there is no such email.
    """
    if conversation.unseen:
        return None
    for row in outbox.listed(connection, conversation=conversation.id, limit=1):
        name, why = f"Email {row['id']}", f" ({row['detail']})" if row["detail"] else ""
        if row["next_attempt_at"]:
            at = steps.at(times.from_text(row["next_attempt_at"]))
            return f"{name} is {row['state']}{why}; it is tried again at {at}."
        if row["state"] == "failed" and conversation.suppression:
            return (
                f"{name} has failed{why}: the customer has not got it, and the address is "
                f"suppressed ({conversation.suppression}). To try again: "
                f"{command('suppressions', 'remove', str(conversation.email))}, then emails retry "
                f"{row['id']}"
            )
        if row["state"] == "failed":
            return (
                f"{name} has failed{why}: the customer has not got it. To try again: "
                f"{command('emails', 'retry', str(row['id']))}"
            )
        if row["state"] == "unknown":
            return (
                f"{name} may or may not have been sent{why}; a person decides: "
                f"{command('emails', 'resolve', str(row['id']), '--sent')}, or --resend"
            )
        if row["state"] == "sending":
            return f"{name} is being sent right now, or the sweep that sent it was killed."
    return None


def _notes(connection: Connection, conversation: Conversation) -> list[str]:
    row = activity.details(connection, conversation.id)
    assert row is not None
    lines = []
    if row["held_at"]:
        why = f": {row['held_why']}" if row["held_why"] else ""
        how = command("release", conversation.id)
        lines.append(f"Held by {row['held_by']}{why}. To release: {how}")
    if row["set_aside_why"]:
        lines.append(f"Its email {row['set_aside_why']}.")
    if conversation.suppression:
        lines.append(
            f"The address {conversation.email} is suppressed ({conversation.suppression})."
        )
    return lines


_HEADINGS = {
    "presence": "Presence",
    "message": "Messages",
    "rule": "Rule",
    "decision": "Decision",
    "email": "Emails so far",
    "reply": "Received",
    "note": "Also",
}


def _print(row: report.Row, told: Sequence[steps.Step], now: datetime) -> None:
    if not output.is_terminal():
        # The answer comes first: `| head` must not lose it.
        click.echo("about\ttext")
        for step in sorted(told, key=lambda step: step.about != "decision"):
            click.echo(f"{step.about}\t{output.cell(step.text)}")
        return
    from rich.padding import Padding
    from rich.text import Text

    console = output.console()
    where = output.one_line(f" in {row['channel']}, {row['to'] or 'no address'}")
    console.print(Text.assemble((output.one_line(row["conversation"]), "bold"), where))
    decision = next(step.text for step in told if step.about == "decision")
    skipped = row["state"] == "skipped"
    style = "bold" if skipped else output.STATE_STYLES[f"state={row['state']}"]
    console.print(Text(output.one_line(decision), style=style))
    for about, heading in _HEADINGS.items():
        lines: list[Any] = [step.text for step in told if step.about == about]
        if about == "decision" or not lines:
            continue
        console.print(Text(f"\n{heading}", style="bold"))
        for line in lines:
            console.print(Padding(Text(output.one_line(line)), (0, 0, 0, 2)))
    console.print(Text(f"\nAs of {steps.at(now)}; all times UTC.", style="dim"))
