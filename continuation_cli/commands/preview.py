"""`preview`: the exact email that a conversation would get."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING, Any

import click

from continuation_cli import output
from continuation_cli.commands.context import (
    Context,
    config_error,
    data_error,
    json_option,
    missing_conversation,
    now_option,
    usage_error,
)
from continuation_cli.commands.drafting import open_drafter
from continuation_cli.commands.explain import unfinished
from continuation_cli.core import explain, report, schedule, settings
from continuation_cli.core.compose import Composed, ComposeError, TemplateFaultError
from continuation_cli.drafts import NotConfiguredError, Prepared
from continuation_cli.store import db
from continuation_cli.store.settings import SettingsReader

if TYPE_CHECKING:
    from datetime import datetime

PARTS = ("text", "html", "headers", "eml")


def read_overrides(pairs: tuple[str, ...]) -> dict[str, str]:
    """`--set KEY=VALUE` as checked settings; usage errors name what is wrong."""
    overrides = {}
    for pair in pairs:
        name, separator, value = pair.partition("=")
        if not separator:
            usage_error(f"--set {pair!r} has no '='; expected one like --set offline-delay=10m")
        try:
            key = settings.canonical_key(name)
            overrides[key] = settings.check(key, value)
        except settings.InvalidSettingError as error:
            usage_error(f"--set {error}")
        if key in settings.GLOBAL_KEYS:
            usage_error(f"--set {key}: it changes nothing in an email")
    return overrides


def header_block(message: bytes) -> str:
    """The header section of a message."""
    return message.partition(b"\r\n\r\n")[0].decode("utf-8", "replace").replace("\r\n", "\n") + "\n"


def email_data(composed: Composed, reopen_url: str | None, messages: list[str]) -> dict[str, Any]:
    """An email as JSON tells it: the contract that `preview` and `emails show` share."""
    return {
        "to": composed.recipient,
        "from": composed.from_header,
        "subject": composed.subject,
        "message_id": composed.message_id,
        "reply_to": composed.reply_to,
        "reopen_url": reopen_url,
        "messages": messages,
        "text": composed.text,
        "html": composed.html,
        "eml": composed.message.decode("utf-8", "replace"),
    }


@click.command()
@click.argument("conversation")
@click.option("--part", type=click.Choice(PARTS), help="Print one part, exactly.")
@click.option("--set", "pairs", multiple=True, metavar="KEY=VALUE", help="What if it were set so?")
@click.option("--open", "open_it", is_flag=True, help="Open the HTML part in a browser.")
@click.option("--output", "path", metavar="FILE", help="Write to FILE in place of stdout.")
@click.option("--templates", metavar="DIR", help="Templates that replace ours, file by file.")
@json_option
@now_option
@click.pass_obj
def preview(
    context: Context,
    conversation: str,
    part: str | None,
    pairs: tuple[str, ...],
    open_it: bool,
    path: str | None,
    templates: str | None,
    as_json: bool,
    now: datetime,
) -> None:
    """Show the exact email that CONVERSATION would get, due or not.

    Nothing is sent or changed.
    What the decision is, and with --set what it would be, is told on stderr.
    """
    connection = context.read()
    drafter = open_drafter(connection, templates, read_overrides(pairs))
    with db.reading(connection):
        found = drafter.conversation(conversation, now)
        if found is None:
            missing_conversation(connection, conversation)
        effective = drafter.settings.of(found.channel)
        decision = explain.conclusion(found, effective, now)
        if not schedule.for_email(found.unseen, effective) or not found.email:
            decision = unfinished(connection, found) or decision
            data_error(f"there is no email to preview. {decision}")
        rule = schedule.clock(found, effective, now).rule if _starts(found, effective) else "unseen"
        try:
            prepared = drafter.prepare(drafter.facts(found), rule, now)
        except NotConfiguredError as error:
            config_error(f"{error} (or for this preview: --set from-email=support@example.com)")
        except TemplateFaultError as error:
            config_error(f"the templates cannot be used: {error}")
        except ComposeError as error:
            data_error(f"the email cannot be composed: {error}")
        row = report.row(found, effective, now)
        unchanged = SettingsReader(connection).of(found.channel)
        as_it_is = explain.conclusion(found, unchanged, now)
    if as_json:
        messages = [message.id for message in prepared.facts.unseen]
        data = email_data(prepared.composed, prepared.reopen_url, messages)
        output.emit_json("preview", {**data, "decision": row})
        return
    if pairs:
        output.note(f"What if: {decision}\nAs it is: {as_it_is}")
    else:
        output.note(decision)
    if prepared.no_link:
        output.note(f"No Reply in widget button: {prepared.no_link}.")
    if open_it:
        _open_in_browser(prepared)
        return
    _deliver(_rendered(prepared.composed, part), path)


def _starts(found: Any, effective: Any) -> bool:
    return bool(schedule.triggers(found.unseen, effective))


def _rendered(composed: Composed, part: str | None) -> bytes:
    if part == "eml":
        return composed.message
    if part == "html":
        return composed.html.encode("utf-8", "replace")
    if part == "headers":
        return header_block(composed.message).encode("utf-8", "replace")
    if part == "text":
        return composed.text.encode("utf-8", "replace")
    head = (
        f"From:     {composed.from_header}\nTo:       {composed.recipient}\n"
        f"Subject:  {composed.subject}\nReply-To: {composed.reply_to or '(none)'}\n\n"
    )
    return (head + composed.text).encode("utf-8", "replace")


def _deliver(content: bytes, path: str | None) -> None:
    if path:
        try:
            output.write_file(path, content)
        except OSError as error:
            usage_error(f"{path} cannot be written: {error.strerror}")
    else:
        click.echo(content, nl=not content.endswith(b"\n"))


def _open_in_browser(prepared: Prepared) -> None:
    with tempfile.NamedTemporaryFile("wb", suffix=".html", delete=False) as file:
        file.write(prepared.composed.html.encode("utf-8", "replace"))
    click.launch(file.name)
    output.note(f"Opened {file.name}")
