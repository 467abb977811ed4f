"""What commands share: the database they were told, the moment they speak of, how they fail.

Loaded by every command, the idle `sweep` included: keep it light.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NoReturn

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime, timedelta

    from continuation_cli.store.db import Connection


class _Count(click.IntRange):
    """How many of something: at least one; more than anybody has is all of them."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        return min(int(super().convert(value, param, ctx)), 10**9)


COUNT = _Count(min=1)
#: The number of an email or a reply, as far as SQLite counts.
NUMBER = click.IntRange(1, 2**63 - 1)


class Failure(click.ClickException):
    """An error for a person to read, and an exit code of sysexits.h for a program."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self.exit_code = exit_code  # type: ignore[misc]  # click reads it from the instance

    def show(self, file: Any = None) -> None:
        click.echo(f"continuation: {self.message}", err=True, file=file)


def usage_error(message: str) -> NoReturn:
    """Something on the command line is wrong (exit 2)."""
    raise Failure(message, 2)


def data_error(message: str) -> NoReturn:
    """Something in the data is wrong (exit 65)."""
    raise Failure(message, os.EX_DATAERR)


def config_error(message: str) -> NoReturn:
    """Something is not set up (exit 78)."""
    raise Failure(message, os.EX_CONFIG)


class Context:
    """What was said before the subcommand."""

    def __init__(self, database: str | None) -> None:
        self._database = database

    @property
    def database(self) -> str:
        """The database's path; a usage error if none was given."""
        if not self._database:
            usage_error(
                "which database? Give --db FILE before the command, or set CONTINUATION_DB "
                "(example: continuation --db /var/lib/continuation/chat.db pending)"
            )
        return self._database

    def read(self) -> Connection:
        """Open the database for reading only."""
        from continuation_cli.store import db

        return db.connect(self.database, write=False)

    def write(self) -> Connection:
        """Open the database for writing."""
        from continuation_cli.store import db

        return db.connect(self.database)


def command_line(database: str, environ: Mapping[str, str], *words: str) -> str:
    """A command on a database, as a person can paste it into the shell with that environment."""
    import shlex

    is_known = environ.get("CONTINUATION_DB") == database
    return shlex.join(["continuation", *([] if is_known else ["--db", database]), *words])


def command(*words: str) -> str:
    """A command on the database of the command that runs, as a person can paste it."""
    context = click.get_current_context().find_object(Context)
    assert context is not None
    return command_line(context.database, os.environ, *words)


def utc_now() -> datetime:
    """The present moment, to the millisecond, as the database keeps it."""
    from datetime import UTC, datetime

    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def _far_off() -> timedelta:
    """How far from now a person may look."""
    from datetime import timedelta

    return timedelta(days=3650)


def read_moment(text: str, now: datetime) -> datetime:
    """A time that a person typed: `2026-03-01T10:00:00Z`, `1 Mar 2026 10:00 +0100`, `+15m`, `-2h`.

    Raises ValueError, naming the value and a good example.
    """
    from continuation_cli.core import durations, times

    given = text.strip()
    if given == "now":
        return now
    if given[:1] in ("+", "-"):
        offset = durations.parse(given[1:], longest=_far_off())
        return now + offset if given[0] == "+" else now - offset
    try:
        return times.parse(given)
    except ValueError:
        import re

        # dateutil takes "10" for the 10th of this month: only what names a year, a time of day
        # and an offset is beyond doubt.
        clear = re.search(r"\d{4}", given) and re.search(r"\d:\d\d", given)
        if not clear or not re.search(r"(Z|UTC|GMT|[+-]\d\d:?\d\d)\)?$", given):
            raise
    from dateutil import parser

    try:
        return times.parse(parser.parse(given).isoformat())
    except (ValueError, OverflowError):
        raise ValueError(
            f"{text!r} is not a time; expected one like {times.EXAMPLE} or +15m"
        ) from None


def _now_callback(_ctx: click.Context, _param: click.Parameter, value: str | None) -> datetime:
    now = utc_now()
    if value is None:
        return now
    try:
        return read_moment(value, now)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


now_option = click.option(
    "--now",
    metavar="TIME",
    callback=_now_callback,
    help="Answer as of TIME: 2026-03-01T10:00:00Z, or from now on: +15m, -2h.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON (docs/json.md).")
channel_option = click.option("--channel", metavar="C", help="Only this channel.")


def current_user() -> str:
    """Who runs the program, for the records."""
    import getpass

    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"
    return name.encode(errors="replace").decode()  # LOGNAME may hold anything


def _by_callback(_ctx: click.Context, _param: click.Parameter, value: str | None) -> str:
    return value or current_user()


by_option = click.option(
    "--by", metavar="NAME", callback=_by_callback, help="Who, for the records; else the OS user."
)


def known_channel(connection: Connection, channel: str | None) -> str | None:
    """The channel as given, once it is known to exist."""
    if channel is None:
        return None
    from continuation_cli.store import activity

    if activity.channel_name(connection, channel) is None:
        names = [_shown(row["id"]) for row in activity.channels(connection)]
        known = f"there are: {', '.join(names)}" if names else "there are none yet"
        usage_error(f"there is no channel {channel!r}; {known} (to add one: channels add)")
    return channel


def _shown(name: str) -> str:
    """An id for an error: quoted if it holds what would not show, or act on the terminal."""
    return name if name.isprintable() and " " not in name else repr(name)


def missing_conversation(connection: Connection, conversation: str) -> NoReturn:
    """A usage error that names the conversation and some that exist."""
    from continuation_cli.store import activity

    near = [_shown(each) for each in activity.like(connection, conversation)]
    hint = f"; similar: {', '.join(near)}" if near else ""
    usage_error(f"there is no conversation {conversation!r}{hint}")


def in_channel(conversation: str, channel: str, wanted: str | None) -> None:
    """A usage error if the conversation is in another channel than the one that was named."""
    if wanted not in (None, channel):
        usage_error(
            f"conversation {_shown(conversation)} is in channel {_shown(channel)}, not in "
            f"{_shown(wanted or '')}; leave out --channel"
        )


def or_usage_error(read: Callable[[str], Any], text: str) -> Any:
    """Read a value that a person typed; a ValueError becomes a usage error."""
    try:
        return read(text)
    except ValueError as error:
        usage_error(str(error))
