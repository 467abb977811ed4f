"""The command line: the group, and what each failure means to the caller (sysexits.h).

A subcommand's module is loaded when it is named: cron runs `sweep` every minute.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from importlib import import_module
from typing import Any

import click

from continuation_cli import __version__
from continuation_cli.commands.context import Context, Failure
from continuation_cli.store import db

#: Each command and the module in `commands` that holds it.
COMMANDS = {
    "demo": "demo",
    "init": "init",
    "import": "import_",
    "sweep": "sweep",
    "pending": "pending",
    "explain": "explain",
    "preview": "preview",
    "show": "show",
    "emails": "emails",
    "receive": "receive",
    "fetch": "fetch",
    "replies": "replies",
    "settings": "settings",
    "channels": "channels",
    "url": "url",
    "suppressions": "suppressions",
    "hold": "hold",
    "release": "hold",
    "schedule": "schedule",
    "doctor": "doctor",
    "metrics": "metrics",
    "prune": "prune",
    "db": "db",
}

_EXIT_CODES: dict[type[Exception], int] = {
    db.MissingError: os.EX_NOINPUT,
    db.NotADatabaseError: os.EX_DATAERR,
    db.SchemaError: os.EX_CONFIG,
    db.SettingError: os.EX_CONFIG,
    db.ReadOnlyError: os.EX_CONFIG,
    db.BusyError: os.EX_TEMPFAIL,
}


class _ReaderGoneError(Exception):
    """The reader of stdout (`head`) has had enough; click would make it exit 1."""


class LazyGroup(click.Group):
    """Knows its commands by name and imports one when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        cmd_name: str,
    ) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"continuation_cli.commands.{COMMANDS[cmd_name]}")
        command: click.Command = getattr(module, cmd_name.replace("import", "import_"))
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            ctx.fail(f"there is no command {args[0]!r}{hint}")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with db.translated(ctx.params.get("db") or "the database"):
                return super().invoke(ctx)
        except BrokenPipeError as error:
            raise _ReaderGoneError from error


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--db",
    envvar="CONTINUATION_DB",
    metavar="FILE",
    help="The SQLite database. Environment: CONTINUATION_DB.",
)
@click.version_option(__version__, "--version", prog_name="continuation")
@click.pass_context
def cli(ctx: click.Context, db: str | None) -> None:
    """Email live-chat customers the messages they have not seen, with a link that reopens the chat;
    post what they reply.

    \b
    New here:     continuation demo
    Set up:       init, import, settings set from-email …, sweep --preview, schedule cron
    Look into:    pending, explain, preview, show, emails list
    Replies:      receive, fetch, replies list
    Watch over:   doctor, metrics
    """
    ctx.obj = Context(db)


def main() -> None:
    """Run the command line and exit with a code that cron and others can act on."""
    _mend_streams()
    code: object = 0
    try:
        code = cli.main(standalone_mode=False)
        sys.stdout.flush()
    except click.Abort:
        code = 130
    except click.ClickException as error:
        if isinstance(error, click.NoSuchOption) and error.option_name == "--db":
            told = "--db goes before the command: continuation --db FILE pending"
            error = click.UsageError(told, error.ctx)
        code = _show(error)
    except db.StoreError as error:
        code = _show(Failure(str(error), _EXIT_CODES[type(error)]))
    except UnicodeEncodeError:
        strange = next((word for word in sys.argv[1:] if not _is_text(word)), None)
        if strange is None:
            raise
        # A path may be any octets; what is looked up or recorded is text.
        code = _show(Failure(f"{strange!r} is not UTF-8 text, as names and values must be", 2))
    except (BrokenPipeError, _ReaderGoneError):
        _discard_stdout()
    except OSError as error:
        _discard_stdout()
        where = f"{error.filename}: " if error.filename else ""
        code = os.EX_CONFIG if isinstance(error, PermissionError) else os.EX_TEMPFAIL
        _show(Failure(f"{where}{error.strerror or error}", code))
    sys.exit(code if isinstance(code, int) else 0)


def _show(error: click.ClickException) -> int:
    """Print an error; its exit code. It may name what a stranger wrote: no escape sequences."""
    told = io.StringIO()
    error.show(told)
    message = "".join(c if c.isprintable() or c == "\n" else "�" for c in told.getvalue())
    click.echo(message, err=True, nl=False)
    return error.exit_code


def _is_text(word: str) -> bool:
    """Whether an argument was UTF-8: what was not stands in it as surrogates (PEP 383)."""
    return not any("\ud800" <= character <= "\udfff" for character in word)


def _mend_streams() -> None:
    """Output must not end in a traceback where the caller closed a stream, or where the terminal's
    encoding lacks a character.
    """
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123 - for good
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115, PTH123
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _discard_stdout() -> None:
    """What cannot be written is not tried again at exit, where Python would complain once more."""
    with contextlib.suppress(io.UnsupportedOperation):  # no file, nothing to be written at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
