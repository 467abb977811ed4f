"""`schedule`: lines for cron and systemd that work on this machine."""

from __future__ import annotations

import contextlib
import os
import pwd
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from continuation_cli.commands.context import config_error, usage_error
from continuation_cli.output import note
from continuation_cli.store import settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from continuation_cli.commands.context import Context

fetch_option = click.option(
    "--fetch",
    "mailboxes",
    metavar="URL",
    multiple=True,
    help="Fetch this mailbox, too (see fetch); may be given more than once.",
)


_SMTP_SECRET = "CONTINUATION_SMTP_PASSWORD_FILE=/etc/continuation/smtp-password"  # noqa: S105
_IMAP_SECRET = "CONTINUATION_IMAP_PASSWORD_FILE=/etc/continuation/imap-password"  # noqa: S105


@click.group()
def schedule() -> None:
    """Print what runs `sweep`, and `fetch`, every minute."""


class _Job(NamedTuple):
    """One command of every minute. `environment` is the file that holds what only it should know;
    `secret`, what it needs to know if it logs in; `logs_in`, that it certainly does."""

    unit: str
    about: str
    words: list[str]
    environment: str
    secret: str | None
    logs_in: bool

    @property
    def command(self) -> str:
        """`sweep` or `fetch`."""
        return "sweep" if self.words[-1] == "sweep" else "fetch"


def _jobs(context: Context, mailboxes: Sequence[str]) -> list[_Job]:
    """The real interpreter and absolute paths: cron runs in / with next to no environment."""
    # A mistyped path is told now, not by cron's mail every minute.
    with contextlib.closing(context.read()) as connection:
        transport = (settings.transport(connection) or "").strip().lower()
    logs_in = transport.startswith("smtp") and "@" in transport
    database = _printable(str(Path(context.database).absolute()))
    start = [sys.executable, "-m", "continuation_cli", "--db", database]
    about = "Email live-chat customers the messages they have not seen"
    sweep = [*start, "sweep"]
    jobs = [_Job("continuation-sweep", about, sweep, "continuation", _SMTP_SECRET, logs_in)]
    for number, url in enumerate(map(_checked, mailboxes), start=1):
        unit = "continuation-fetch" + (f"-{number}" if number > 1 else "")
        about = "Take in what live-chat customers reply by email"
        secret = None if url.startswith("maildir:") else _IMAP_SECRET
        jobs.append(_Job(unit, about, [*start, "fetch", url], unit, secret, secret is not None))
    _warn_of_environment(any(job.secret == _IMAP_SECRET for job in jobs))
    return jobs


def _printable(text: str) -> str:
    if not text.isprintable():
        usage_error(f"{text!r} cannot stand in one line; give it a plain name")
    return text


def _checked(url: str) -> str:
    """A mailbox's URL as it works from anywhere, once it is one. The password is for the scheduled
    run to know; one in the URL, which every user of the machine could read, is refused."""
    from continuation_cli.mail.mailbox import Disposal, open_mailbox
    from continuation_cli.mail.transport import Misconfigured

    login = {k: v for k, v in os.environ.items() if not k.startswith("CONTINUATION_IMAP_")}
    login["CONTINUATION_IMAP_PASSWORD"] = "known to the scheduled run only"  # noqa: S105
    try:
        open_mailbox(url, Disposal(), login)
    except Misconfigured as error:
        config_error(str(error))
    scheme, _, rest = _printable(url.strip()).partition(":")
    if scheme.lower() == "maildir":
        folder = rest[2:] if rest.startswith("///") else rest
        return _printable(f"maildir:{Path(folder).expanduser().absolute()}")
    return f"{scheme}:{rest}"


def _warn_of_environment(is_fetching: bool) -> None:
    prefixes = ("CONTINUATION_SMTP_", *(("CONTINUATION_IMAP_",) if is_fetching else ()))
    known = [name for name in os.environ if name.startswith(prefixes)]
    known += [name for name in ("CONTINUATION_TRANSPORT",) if name in os.environ]
    if known:
        note(f"Not known to the scheduled run, set it there too: {', '.join(sorted(known))}")


@schedule.command()
@fetch_option
@click.pass_obj
def cron(context: Context, mailboxes: tuple[str, ...]) -> None:
    """Print the lines for a crontab.

    To add them: (crontab -l; continuation --db FILE schedule cron) | crontab -
    """
    for job in _jobs(context, mailboxes):
        if job.logs_in:
            click.echo(f"# Before the command that follows: {job.secret}")
        # To cron, % ends the command unless it is escaped.
        line = shlex.join(job.words).replace("%", r"\%")
        click.echo(f"* * * * * {line}")


@schedule.command()
@fetch_option
@click.pass_obj
def systemd(context: Context, mailboxes: tuple[str, ...]) -> None:
    """Print a service and a timer unit for each command, to be cut at the marked lines."""
    jobs = _jobs(context, mailboxes)
    timers = " ".join(f"{job.unit}.timer" for job in jobs)
    click.echo(f"# To start it: systemctl daemon-reload && systemctl enable --now {timers}")
    owner = _owner(context.database)
    for job in jobs:
        click.echo(_units(job, owner))


def _units(job: _Job, owner: str) -> str:
    words = " ".join(_systemd_word(word) for word in job.words)
    busy = f"75: another {job.command} is running, or the mail server cannot be reached"
    environment = ""
    if job.secret:
        environment = f"""
# The password, if there is one: {job.secret}
EnvironmentFile=-/etc/default/{job.environment}"""
    return f"""
# /etc/systemd/system/{job.unit}.service
[Unit]
Description={job.about}
After=network-online.target
Wants=network-online.target

[Service]
Type=oneshot
User={owner}
ExecStart={words}
# {busy}; the next minute tries again.
SuccessExitStatus=75{environment}
TimeoutStopSec=120

# /etc/systemd/system/{job.unit}.timer
[Unit]
Description=Run continuation's {job.command} every minute

[Timer]
OnCalendar=*-*-* *:*:00
AccuracySec=1s

[Install]
WantedBy=timers.target"""


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
