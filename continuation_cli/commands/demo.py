"""`demo`: a tour with sample chats, in a folder of its own. Every command it shows is run."""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import shutil
import sys
import tempfile
from email import policy
from email.parser import BytesParser
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, TextIO

import click

from continuation_cli import output
from continuation_cli.commands.context import usage_error, utc_now

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from email.message import EmailMessage

#: The moment that is "now" in the sample data; `demo` moves every time by the same offset.
BASE = "2026-03-02T12:00:00Z"

#: The customer whose email is shown and answered, her conversation, and one that gets no email.
SHOWN_TO = "ada@mail.example"
ANSWERED = "brakes"
EXPLAINED = "sso-setup"

#: What she answers, in her mail program.
ANSWER = "Yes please, 9:30 is good. I'll bring the old pads along."

#: Text is hard to read in lines longer than this.
WIDEST = 100


@click.command()
@click.option("--keep", metavar="DIR", help="Use this folder, new or empty, in place of /tmp/….")
@click.pass_context
def demo(ctx: click.Context, keep: str | None) -> None:
    """Take a tour with sample chats; nothing leaves this computer.

    Who waits, what is sent, what a customer gets and answers, and why another gets nothing. The
    emails go into a folder. Takes a few seconds.
    """
    folder = _folder(keep)
    tour = Tour(ctx.find_root().command, folder)
    tour.heading("A database, a day of chats, and settings")
    prepare(folder, utc_now().replace(microsecond=0))
    tour.export()
    tour.run("init")
    tour.run("import", str(folder / "events.jsonl"))
    tour.run_script(folder / "setup.sh")
    tour.heading("Who waits, which rule applies, and why somebody is skipped")
    tour.run("pending")
    tour.heading("Send what is due: cron runs this every minute")
    tour.run("sweep")
    tour.run("sweep", remark="again: everything was sent, exactly once")
    tour.run("emails", "list")
    tour.heading("What one customer finds in her inbox")
    show_email(find_email(folder / "maildir", SHOWN_TO))
    tour.heading("She answers from her mail program; the mail server hands it over")
    (folder / "reply.eml").write_bytes(answer_to(find_email(folder / "maildir", SHOWN_TO), ANSWER))
    tour.beginning(folder / "reply.eml", remark="what she wrote stands above the quoted email")
    tour.run("receive", str(folder / "reply.eml"))
    tour.run("replies", "list")
    tour.run("show", ANSWERED, remark="what she wrote is the last message of the chat")
    tour.heading("Why did this customer get no email?")
    tour.run("explain", EXPLAINED)
    tour.heading("Where everything is, and what to try next")
    tour.farewell()


# --- The folder -------------------------------------------------------------------------------


def _folder(keep: str | None) -> Path:
    if keep is None:
        return Path(tempfile.mkdtemp(prefix="continuation-"))
    if not keep.isprintable():
        usage_error(f"--keep {keep!r}: expected a folder with a plain name")
    folder = Path(keep).absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        taken = any(folder.iterdir())
    except OSError as error:
        usage_error(f"--keep {keep}: {error.strerror}; expected a new or empty folder")
    if taken:
        usage_error(f"--keep {keep}: there is something in it; expected a new or empty folder")
    return folder


def prepare(folder: Path, now: datetime) -> None:
    """Write the sample data into the folder, its times moved so that it happens before `now`."""
    from continuation_cli.templates import packaged_folder

    source = packaged_folder("sample_data")
    for name in ("events.jsonl", "later.jsonl"):
        lines = (source / name).read_text(encoding="utf-8").splitlines()
        moved = "".join(line + "\n" for line in shifted(lines, now))
        (folder / name).write_text(moved, encoding="utf-8")
    shutil.copyfile(source / "setup.sh", folder / "setup.sh")


def shifted(lines: list[str], now: datetime) -> Iterator[str]:
    """The events with every `at` moved by `now` minus the sample data's own now."""
    import json

    from continuation_cli.core import times

    offset = now - times.parse(BASE)
    for line in lines:
        event = json.loads(line)
        event["at"] = times.to_text(times.parse(event["at"]) + offset)
        yield json.dumps(event, ensure_ascii=False)


# --- Telling ----------------------------------------------------------------------------------


class Tour:
    """Prints what is typed, and runs it in this process as if it had been typed."""

    def __init__(self, program: click.Command, folder: Path) -> None:
        self._program = program
        self._folder = folder
        self._database = str(folder / "chat.db")
        self._chapters = 0

    def heading(self, text: str) -> None:
        """Begin the next step."""
        self._chapters += 1
        click.secho(f"\n{self._chapters}. {text}", bold=True, fg="cyan")

    def export(self) -> None:
        """Say once which database all commands are about."""
        self._show(f"export CONTINUATION_DB={shlex.quote(self._database)}")

    def run(self, *arguments: str, remark: str = "") -> None:
        """Show a command and run it."""
        self._show(shlex.join(["continuation", *arguments]), remark)
        self._invoke(arguments)

    def beginning(self, reply: Path, remark: str) -> None:
        """Show a reply as it came, as far as the first lines of what it quotes."""
        lines = reply.read_text(encoding="utf-8").splitlines()
        number = next(n for n, line in enumerate(lines) if line.startswith(">")) + 3
        self._show(f"head -n {number} {shlex.quote(str(reply))}", remark)
        click.echo(output.printable("\n".join(lines[:number])))

    def run_script(self, script: Path) -> None:
        """Show a script that holds commands of ours only, and run them; what they say is left out:
        the script says it.
        """
        self._show(f"DIR={shlex.quote(str(self._folder))} sh {shlex.quote(str(script))}")
        commands = [
            [Template(word).substitute(DIR=self._folder) for word in shlex.split(line)][1:]
            for line in script.read_text(encoding="utf-8").splitlines()
            if line.startswith("continuation ")
        ]
        for command in commands:
            self._invoke(command, io.StringIO())
        click.secho(f"{len(commands)} commands: settings, suppressions, a hold", dim=True)

    def _show(self, command: str, remark: str = "") -> None:
        aside = click.style(f"  # {remark}", dim=True) if remark else ""
        click.echo("\n" + click.style("$ ", dim=True) + click.style(command, bold=True) + aside)

    def _invoke(self, arguments: Sequence[str], stderr: TextIO | None = None) -> None:
        """Run one command. What it says on stderr belongs below its own line, also in a pipe."""
        with contextlib.redirect_stderr(stderr or sys.stdout):
            self._program.main(["--db", self._database, *arguments], prog_name="continuation",
                     standalone_mode=False)  # fmt: skip

    def farewell(self) -> None:
        """Where everything lies, and commands to copy."""
        click.echo(f"Everything is in {self._folder} and stays there:")
        for name, what in (
            ("chat.db", "the database; CONTINUATION_DB or --db names it"),
            ("events.jsonl", "the chats that were imported"),
            ("setup.sh", "the settings, with what else was done"),
            ("reply.eml", "the customer's answer, as a mail program writes it"),
            ("chat.db.mail/", "received emails as they came, and attachments"),
            ("maildir/", "the emails; mutt -f, or any program that reads a Maildir"),
        ):
            click.echo(f"  {name:13} {what}")
        email = _email_of(self._database, "brakes")
        program = f"{how_called()} --db {shlex.quote(self._database)}"
        for remark, command in (
            ("the same question about another, which a person holds", "explain stolen-bike"),
            ("the whole story of one conversation", "show brakes"),
            ("and its email as sent, headers included", f"emails show {email}"),
            ("what if the wait were longer? nothing is changed by this",
             "preview saddle --set offline-delay=10m"),
            ("change it, and be told what that does", "settings set offline-delay 10m"),
            ("and watch the next email go, once it is due", "sweep -v"),
            ("what it takes to run this for real", "schedule cron"),
        ):  # fmt: skip
            click.echo("\n" + click.style(f"# {remark}", dim=True))
            click.echo(f"{program} {command}")


def how_called() -> str:
    """What starts this program from the present folder and shell."""
    called = sys.argv[0]
    found = shutil.which("continuation")
    if found and os.path.exists(called) and os.path.samefile(found, called):  # noqa: PTH110, PTH121
        return "continuation"
    if Path(called).name == "continuation":
        return shlex.quote(called)
    return shlex.join([sys.executable, "-m", "continuation_cli"])


# --- The email --------------------------------------------------------------------------------


def _email_of(database: str, conversation: str) -> int:
    from continuation_cli.store import db, outbox

    with contextlib.closing(db.connect(database, write=False)) as connection:
        return int(outbox.listed(connection, conversation=conversation)[0]["id"])


def find_email(maildir: Path, recipient: str) -> EmailMessage:
    """The email to `recipient`, read from the Maildir as a mail program reads it."""
    for file in sorted((maildir / "new").iterdir()):
        message = BytesParser(policy=policy.default).parsebytes(file.read_bytes())
        if recipient in str(message["To"]):
            return message
    raise LookupError(f"there is no email to {recipient} in {maildir}")


def answer_to(message: EmailMessage, text: str) -> bytes:
    """What a mail program makes of a person's answer: the email quoted below it."""
    customer, us = message["To"].addresses[0], message["From"].addresses[0]
    body = message.get_body(("plain",))
    assert body is not None
    quoted = "".join(f"> {line}".rstrip() + "\n" for line in body.get_content().splitlines())
    when = message["Date"].datetime
    reply = type(message)(policy=policy.SMTP)
    reply["From"] = f'"{customer.display_name}" <{customer.addr_spec}>'
    reply["To"] = str(message["Reply-To"])
    reply["Subject"] = f"Re: {message['Subject']}"
    reply["Date"] = when
    reply["Message-ID"] = f"<{when:%Y%m%d%H%M%S}.1@mail.example>"
    reply["In-Reply-To"] = str(message["Message-ID"])
    attribution = f"On {when:%a, %d %b %Y at %H:%M}, {us.display_name} <{us.addr_spec}> wrote:"
    reply.set_content(f"{text}\n\n{attribution}\n\n{quoted}")
    return reply.as_bytes()


def show_email(message: EmailMessage) -> None:
    """Print who, what about, and the text part: in a frame for a person."""
    body = message.get_body(("plain",))
    assert body is not None
    told = {name: str(message[name]) for name in ("From", "To", "Subject", "Date")}
    for name in ("From", "To"):
        # As mail programs show it: quotation marks are for the protocol.
        address = message[name].addresses[0]
        told[name] = f"{address.display_name} <{address.addr_spec}>"
    head = "".join(f"{name + ':':9}{value}\n" for name, value in told.items())
    text = output.printable(body.get_content().strip())
    if not output.is_terminal():
        click.echo("\n".join(f"| {line}".rstrip() for line in f"{head}\n{text}".splitlines()))
        return
    from rich import box
    from rich.panel import Panel
    from rich.text import Text

    content = Text.assemble((output.printable(head), "dim"), "\n", text, overflow="fold")
    console = output.console()
    width = min(console.width, WIDEST)
    console.print(Panel(content, box=box.ROUNDED, padding=(1, 2), width=width))
