"""`schedule`: lines for cron and systemd that work on this machine."""

from __future__ import annotations

import os
import pwd
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from continuation_cli.commands.context import usage_error
from continuation_cli.output import note

if TYPE_CHECKING:
    from continuation_cli.commands.context import Context


@click.group()
def schedule() -> None:
    """Print what runs `sweep` every minute."""


def _command(context: Context) -> list[str]:
    """The real interpreter and an absolute path: cron runs in / with next to no environment."""
    context.read().close()  # a mistyped path is told now, not by cron's mail every minute
    database = str(Path(context.database).absolute())
    if not database.isprintable():
        usage_error(f"{database!r} cannot stand in one line; give the database a plain name")
    _warn_of_environment()
    return [sys.executable, "-m", "continuation_cli", "--db", database, "sweep"]


def _warn_of_environment() -> None:
    known = [name for name in os.environ if name.startswith("CONTINUATION_SMTP_")]
    known += [name for name in ("CONTINUATION_TRANSPORT",) if name in os.environ]
    if known:
        note(f"Not known to the scheduled run, set it there too: {', '.join(sorted(known))}")


@schedule.command()
@click.pass_obj
def cron(context: Context) -> None:
    """Print a crontab line.

    To add it: (crontab -l; continuation --db FILE schedule cron) | crontab -
    """
    # To cron, % ends the command unless it is escaped.
    line = shlex.join(_command(context)).replace("%", r"\%")
    click.echo(f"* * * * * {line}")


@schedule.command()
@click.pass_obj
def systemd(context: Context) -> None:
    """Print a service and a timer unit, to be cut at the marked lines."""
    words = " ".join(_systemd_word(word) for word in _command(context))
    click.echo(f"""\
# To start it: systemctl daemon-reload && systemctl enable --now continuation-sweep.timer

# /etc/systemd/system/continuation-sweep.service
[Unit]
Description=Email live-chat customers the messages they have not seen
After=network-online.target
Wants=network-online.target

[Service]
Type=oneshot
User={_owner(context.database)}
ExecStart={words}
# 75: another sweep is running, or the mail server cannot be reached; the next minute tries again.
SuccessExitStatus=75
# The SMTP password, if there is one: CONTINUATION_SMTP_PASSWORD_FILE=/etc/continuation/password
EnvironmentFile=-/etc/default/continuation
TimeoutStopSec=120

# /etc/systemd/system/continuation-sweep.timer
[Unit]
Description=Run continuation's sweep every minute

[Timer]
OnCalendar=*-*-* *:*:00
AccuracySec=1s

[Install]
WantedBy=timers.target""")


def _owner(database: str) -> str:
    """Whose the database is: the sweep must not run as anybody else, above all not as root."""
    owner = Path(database).stat().st_uid
    try:
        return pwd.getpwuid(owner).pw_name
    except KeyError:
        return str(owner)


def _systemd_word(word: str) -> str:
    """Quote for ExecStart= (systemd.service(5)): % and $ are expanded, quotes are C-like."""
    word = word.replace("%", "%%").replace("$", "$$")
    if all(c.isalnum() or c in "/._-=+:,@%$" for c in word):
        return word
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'
