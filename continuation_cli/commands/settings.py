"""`settings`: what is set, where, by whom; and what a change does to those who wait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from continuation_cli import output
from continuation_cli.commands.context import (
    Context,
    by_option,
    channel_option,
    json_option,
    known_channel,
    usage_error,
    utc_now,
)
from continuation_cli.core import schedule
from continuation_cli.core import settings as core
from continuation_cli.mail.transport import describe
from continuation_cli.store import activity, db, queue
from continuation_cli.store import settings as store

if TYPE_CHECKING:
    from datetime import datetime

    from continuation_cli.store.db import Connection

#: What a change does is worked out for at most so many waiting conversations.
MOST_COUNTED = 5_000


@click.group()
def settings() -> None:
    """Show and change the settings: defaults, and those of one channel."""


def _key(name: str) -> str:
    try:
        return core.canonical_key(name)
    except core.InvalidSettingError as error:
        usage_error(str(error))


def _row(key: str, channel: str | None, defaults: dict[str, str], own: dict[str, str]) -> Any:
    value, source = core.source_of(key, defaults, own)
    return {
        "key": key,
        "value": _shown(key, value),
        "source": source,
        "channel": None if key in core.GLOBAL_KEYS else channel,
        "help": core.SPECS[key].help,
    }


def _shown(key: str, value: str | None) -> str | None:
    """A value for people and programs. The transport is set without a password, but with SQL one
    may have been written into it."""
    return describe(value) if key == "transport" and value and "@" in value else value


@settings.command("list")
@channel_option
@json_option
@click.pass_obj
def list_(context: Context, channel: str | None, as_json: bool) -> None:
    """List every setting: the value in force and where it comes from."""
    connection = context.read()
    with db.reading(connection):
        known_channel(connection, channel)
        defaults = store.stored(connection, None)
        channels = [channel] if channel else [row["id"] for row in activity.channels(connection)]
        rows = [_row(key, None, defaults, {}) for key in core.SPECS] if channel is None else []
        for each in channels:
            own = store.stored(connection, each)
            keys = core.SPECS if channel else [key for key in core.SPECS if key in own]
            rows += [_row(key, each, defaults, own) for key in keys]
    if as_json:
        output.emit_json("settings list", rows)
        return
    columns = {"key": "Setting", "value": "Value", "source": "Set in"}
    if any(row["channel"] for row in rows) or not output.is_terminal():
        columns["channel"] = "Channel"
    if not output.is_terminal() or output.console().width >= 110:
        columns["help"] = "Meaning"
    styles = {"key": "bold", "help": "dim", "source=channel": "cyan", "source=default": "green"}
    output.table(rows, columns, styles=styles)


@settings.command()
@click.argument("key")
@channel_option
@json_option
@click.pass_obj
def get(context: Context, key: str, channel: str | None, as_json: bool) -> None:
    """Print the value of KEY that is in force; nothing if it is unset."""
    key = _key(key)
    connection = context.read()
    with db.reading(connection):
        known_channel(connection, channel)
        own = store.stored(connection, channel) if channel else {}
        row = _row(key, channel, store.stored(connection, None), own)
    if as_json:
        output.emit_json("settings get", row)
    elif row["value"] is not None:
        click.echo(row["value"])


@settings.command("set")
@click.argument("key")
@click.argument("value")
@channel_option
@by_option
@click.pass_obj
def set_(context: Context, key: str, value: str, channel: str | None, by: str) -> None:
    """Set KEY to VALUE, as the default or for one channel; dashes and underscores both work.

    \b
    continuation settings set offline-delay 5m
    continuation settings set unseen-delay never --channel acme
    """
    key = _key(key)
    try:
        checked = core.check(key, value, channel=channel)
    except core.InvalidSettingError as error:
        usage_error(str(error))
    if key == "transport":
        _check_transport(checked)
    change(context, channel, key, checked, by)


def _check_transport(url: str) -> None:
    """Refuse what no sweep could use. Where the password is, only the sweep's environment knows."""
    from pathlib import Path

    from continuation_cli.mail.transport import Misconfigured, open_transport

    try:
        open_transport(url, {"CONTINUATION_SMTP_PASSWORD": "-"})
    except Misconfigured as error:
        usage_error(f"transport: {error}")
    scheme, _, path = url.partition(":")
    if scheme == "maildir" and not path.startswith("/"):
        usage_error(
            f"transport: {url!r} is relative, and cron runs in another folder; expected one like "
            f"maildir:{Path(path).absolute()}"
        )


@settings.command()
@click.argument("key")
@channel_option
@by_option
@click.pass_obj
def unset(context: Context, key: str, channel: str | None, by: str) -> None:
    """Unset KEY: the default applies again, or what is built in."""
    key = _key(key)
    if channel is not None and key in core.GLOBAL_KEYS:
        usage_error(f"{key} is one for the whole database: leave out --channel")
    change(context, channel, key, None, by)


@settings.command()
@channel_option
@click.option("--key", metavar="KEY", help="Only this setting.")
@json_option
@click.pass_obj
def history(context: Context, channel: str | None, key: str | None, as_json: bool) -> None:
    """Show who changed what and when, newest first."""
    key = _key(key) if key else None
    connection = context.read()
    with db.reading(connection):
        known_channel(connection, channel)
        rows = [
            {**row, "old": _shown(row["key"], row["old"]), "new": _shown(row["key"], row["new"])}
            for row in store.history(connection, channel, key)
        ]
    if as_json:
        output.emit_json("settings history", rows)
        return
    columns = {"at": "Time (UTC)", "by": "By", "channel": "Channel", "key": "Setting",
               "old": "From", "new": "To"}  # fmt: skip
    output.table(rows, columns, empty="Nothing was ever set.")


def change(context: Context, channel: str | None, key: str, value: str | None, by: str) -> None:
    """Set or unset a checked value, and say what that does."""
    now = utc_now()
    connection = context.write()
    with db.writing(connection):
        known_channel(connection, channel)
        before = _states(connection, channel, now)
        old = _shown(key, store.change(connection, channel, key, value, by=by, now=now))
        after = _states(connection, channel, now)
        row = _row(key, channel, store.stored(connection, None), store.stored(connection, channel))
    where = f"for channel {channel}" if channel else "as the default"
    if value is not None:
        said = f"{key} is {value} {where}" + (f" (was {old})" if old not in (None, value) else "")
    elif old is None:
        said = f"{key} was not set {where}; nothing changed"
    else:
        said = f"{key} is no longer set {where} (was {old}); now {row['value'] or 'unset'}"
    output.note(said + ".")
    for line in effects(before, after):
        output.note(line)


def _states(
    connection: Connection, channel: str | None, now: datetime
) -> dict[str, schedule.Decision]:
    settings_of = store.SettingsReader(connection)
    states: dict[str, schedule.Decision] = {}
    for conversation_id in queue.waiting(connection, channel):
        if len(states) >= MOST_COUNTED:
            break
        found = activity.conversation(connection, conversation_id, now)
        if found is None:
            continue
        try:
            effective = settings_of.of(found.channel)
        except db.SettingError:  # it may be what is being set right
            continue
        states[found.id] = schedule.decide(found, effective, now)
    return states


def effects(before: dict[str, schedule.Decision], after: dict[str, schedule.Decision]) -> list[str]:
    """What a change does to those who wait, in sentences."""

    def moved(into: type[schedule.Decision]) -> int:
        return sum(
            isinstance(after[key], into) and not isinstance(before[key], into)
            for key in before.keys() & after.keys()
        )

    later = sum(
        isinstance(old := before[key], schedule.Waiting)
        and isinstance(new := after[key], schedule.Waiting)
        and old.until != new.until
        for key in before.keys() & after.keys()
    )
    at_least = "at least " if len(before) >= MOST_COUNTED else ""
    lines = []
    for count, one, many in (
        (moved(schedule.Due), "becomes due at once", "become due at once"),
        (moved(schedule.Waiting), "waits now", "wait now"),
        (moved(schedule.Skipped), "is skipped now", "are skipped now"),
        (later, "is due at another time", "are due at another time"),
    ):
        if count:
            noun = "conversation" if count == 1 else "conversations"
            lines.append(f"{at_least}{count} {noun} {one if count == 1 else many}.")
    return lines
