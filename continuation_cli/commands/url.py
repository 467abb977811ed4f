"""`url`: where "Reply in widget" leads, and the links themselves."""

from __future__ import annotations

import base64
from datetime import UTC
from typing import TYPE_CHECKING, Any

import click

from continuation_cli import output
from continuation_cli.commands.context import (
    Context,
    Failure,
    by_option,
    channel_option,
    command,
    data_error,
    json_option,
    known_channel,
    missing_conversation,
    now_option,
    usage_error,
    utc_now,
)
from continuation_cli.commands.settings import change
from continuation_cli.core import links, times
from continuation_cli.core import settings as core
from continuation_cli.core.reopen import NoLinkError, reopen_link
from continuation_cli.store import activity, db
from continuation_cli.store import settings as store

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from continuation_cli.store.db import Connection


#: What a link's verdict means to the support engineer.
WHY_NOT: Mapping[links.Reason, str] = {
    "no_token": "there is no continue_token in it",
    "malformed": "not a token as continuation makes them; cut short on its way?",
    "wrong_algorithm": "not signed with HS256, so not by continuation",
    "unknown_key": "signed with a key that was removed, or for another database",
    "bad_signature": "altered, or cut short on its way",
    "wrong_issuer": "made by another program",
    "expired": "older than link_expiry",
    "wrong_conversation": "continue_chat and the token name different conversations",
    "unknown_conversation": "its conversation is not in this database",
    "wrong_channel": "its conversation belongs to another channel",
    "revoked": "made before the conversation's links were revoked",
}


@click.group()
def url() -> None:
    """Reopen links: where they lead, making, verifying and revoking them."""


@url.command()
@channel_option
@json_option
@click.pass_obj
def show(context: Context, channel: str | None, as_json: bool) -> None:
    """Show where "Reply in widget" leads."""
    connection = context.read()
    with db.reading(connection):
        known_channel(connection, channel)
        defaults = store.stored(connection, None)
        own = store.stored(connection, channel) if channel else {}
        value, source = core.source_of("reply_url", defaults, own)
    if as_json:
        output.emit_json("url show", {"reply_url": value, "source": source, "channel": channel})
    else:
        click.echo(value or "")
        if value is None:
            output.note("Not set: the link leads to the last page that the customer was on.")


@url.command("set")
@click.argument("value", metavar="URL")
@channel_option
@by_option
@click.pass_obj
def set_(context: Context, value: str, channel: str | None, by: str) -> None:
    """Set where "Reply in widget" leads; the link's parameters are appended to it."""
    try:
        checked = core.check("reply_url", value, channel=channel)
    except core.InvalidSettingError as error:
        usage_error(str(error))
    change(context, channel, "reply_url", checked, by)


@url.command()
@channel_option
@by_option
@click.pass_obj
def unset(context: Context, channel: str | None, by: str) -> None:
    """Let the link lead to the last page that the customer was on."""
    change(context, channel, "reply_url", None, by)


@url.command()
@click.argument("conversation")
@json_option
@now_option
@click.pass_obj
def create(context: Context, conversation: str, as_json: bool, now: datetime) -> None:
    """Make a link that reopens CONVERSATION."""
    connection = context.read()
    with db.reading(connection):
        found = activity.conversation(connection, conversation, now)
        if found is None:
            missing_conversation(connection, conversation)
        effective = store.SettingsReader(connection).of(found.channel)
        key = store.signing_key(connection)
    try:
        link = reopen_link(found, effective, key, now)
    except NoLinkError as error:
        data_error(f"no link for {conversation}: {error}")
    if as_json:
        output.emit_json("url create", {"url": link})
    else:
        click.echo(link)


@url.command()
@click.argument("value", metavar="URL")
@json_option
@now_option
@click.pass_obj
def verify(context: Context, value: str, as_json: bool, now: datetime) -> None:
    """Say whether the link (or its bare token) opens a conversation, and which. Exit 65 if not."""
    connection = context.read()
    with db.reading(connection):
        data = _verify(connection, value, now)
    if as_json:
        output.emit_json("url verify", data)
    elif data["valid"]:
        expires = output.moment(times.from_text(data["expires_at"]), now)
        click.echo(f"valid: opens {data['conversation']} in {data['channel']}; expires {expires}")
    if not data["valid"]:
        raise Failure(f"not valid: {data['reason']} ({WHY_NOT[data['reason']]})", 65)


def _verify(connection: Connection, value: str, now: datetime) -> dict[str, Any]:
    secrets = {row["kid"]: row["secret"] for row in store.keys(connection)}
    found = links.verify(value, secrets, now=now)
    if isinstance(found, links.Verified):
        row = activity.details(connection, found.conversation)
        found = links.confirm(
            found,
            channel=row["channel"] if row else None,
            link_generation=row["link_generation"] if row else None,
        )
    if isinstance(found, links.Invalid):
        return {"valid": False, "conversation": None, "channel": None, "expires_at": None,
                "reason": found.reason}  # fmt: skip
    return {
        "valid": True,
        "conversation": found.conversation,
        "channel": found.channel,
        "expires_at": times.to_text(found.expires_at.astimezone(UTC)),
        "reason": None,
    }


@url.command()
@click.argument("conversation")
@click.pass_obj
def revoke(context: Context, conversation: str) -> None:
    """End all links that were made for CONVERSATION so far."""
    connection = context.write()
    with db.writing(connection):
        if not activity.revoke_links(connection, conversation):
            missing_conversation(connection, conversation)
    output.note(f"The links of {conversation} are revoked; new ones work.")


@url.group()
def keys() -> None:
    """The keys that sign links: the newest signs, all verify."""


@keys.command("list")
@json_option
@click.pass_obj
def list_keys(context: Context, as_json: bool) -> None:
    """List the keys, newest first; never their secrets."""
    rows = store.keys(context.read())
    data = [
        {"kid": row["kid"], "created_at": row["created_at"], "signs": place == 0}
        for place, row in enumerate(rows)
    ]
    if as_json:
        output.emit_json("url keys list", data)
    else:
        output.table(data, {"kid": "Key", "created_at": "Created (UTC)", "signs": "Signs"})


@keys.command()
@click.pass_obj
def rotate(context: Context) -> None:
    """Make a new key; it signs from now on. Older links stay valid until their key is removed."""
    connection = context.write()
    with db.writing(connection):
        kid = store.add_key(connection, utc_now())
    output.note(f"Key {kid} signs from now on. Give it to the chat backend: url keys export")


@keys.command("remove")
@click.argument("kid")
@click.pass_obj
def remove_key(context: Context, kid: str) -> None:
    """Remove a key, and with it every link that it signed."""
    connection = context.write()
    with db.writing(connection):
        known = [key["kid"] for key in store.keys(connection)]
        if known == [kid]:
            data_error(
                f"this is the only key; make another first: {command('url', 'keys', 'rotate')}"
            )
        if not store.remove_key(connection, kid):
            usage_error(f"there is no key {kid!r}; see: {command('url', 'keys', 'list')}")
    output.note(f"Key {kid} is removed.")


@keys.command()
@click.pass_obj
def export(context: Context) -> None:
    """Print the keys, secrets included, as a JWK Set (RFC 7517) for the chat backend."""
    import json

    found = [
        {
            "kty": "oct",
            "use": "sig",
            "alg": "HS256",
            "kid": row["kid"],
            "k": base64.urlsafe_b64encode(row["secret"]).rstrip(b"=").decode(),
        }
        for row in store.keys(context.read())
    ]
    click.echo(json.dumps({"keys": found}, indent=2))
