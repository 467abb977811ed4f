"""`fetch` of a Maildir full of replies to emails that the project has sent."""

from __future__ import annotations

import shutil
import sqlite3
import statistics
import subprocess
import sys
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import TYPE_CHECKING

from benchmarks import chats
from benchmarks.measure import (
    CONTINUATION,
    Bench,
    Line,
    Run,
    copy_database,
    interleaved,
    paired_ratio,
    run,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REPLIES = 5_000
ROUNDS = 3
RATE_AIM = 300
MEMORY_AIM = 96.0

_ANSWER = "Thanks, that helps.\n\nCould you send the invoice once more? I cannot find it.\n"


def lines(bench: Bench) -> Iterator[Line]:
    """Replies a second, everything included, beside a parser that only parses."""
    count = REPLIES // 10 if bench.quick else REPLIES
    database, mail = bench.directory / "answered.db", bench.directory / "replies"
    bench.say(f"receiving: {count:,} replies to emails of the project's own")
    _build(database, mail, bench.directory, count)
    reference = _reference(bench.directory)
    working = bench.directory / "receiving.db"

    def receive() -> Run:
        return _fetch(database, working, mail, count)

    what = f"fetch of {count:,} replies, everything included"
    aim = f">= {RATE_AIM}/s, <= {MEMORY_AIM:.0f} MiB"
    if isinstance(reference, str):
        figures, theirs = [receive() for _ in range(ROUNDS)], None
    else:
        parse = [*reference, "-m", "benchmarks.reference.parse_replies", str(mail / "new")]
        figures = []

        def project() -> float:
            figures.append(receive())
            return figures[-1].seconds

        theirs, ours = interleaved(ROUNDS, lambda: run(parse).seconds, project)
    seconds = statistics.median(each.seconds for each in figures)
    peak = max(each.peak for each in figures)
    yield Line(
        what,
        f"mail-parser-reply, parsing alone: {count / statistics.median(theirs):,.0f}/s"
        if theirs is not None
        else f"cannot be installed: {reference}",
        f"{count / seconds:,.0f}/s, {peak:.0f} MiB",
        paired_ratio(theirs, ours) if theirs is not None else None,
        aim,
        count / seconds >= RATE_AIM and peak <= MEMORY_AIM,
    )


def _build(database: Path, mail: Path, directory: Path, count: int) -> None:
    """A database that has sent `count` emails, and a Maildir with an answer to each."""
    sent = directory / "sent"
    for folder in (sent, mail):
        shutil.rmtree(folder, ignore_errors=True)
    chats.create(database, transport=f"maildir:{sent}")
    chats.fill(database, chats.Mix(count, count, 0, 0, count))
    run([*CONTINUATION, "--db", str(database), "sweep"])
    for name in ("new", "cur", "tmp"):
        (mail / name).mkdir(parents=True)
    for number, file in enumerate(sorted((sent / "new").iterdir())):
        reply = _reply(file.read_bytes(), with_html=number % 2 == 0)
        (mail / "new" / f"{number}.host").write_bytes(reply)


def _reply(raw: bytes, *, with_html: bool) -> bytes:
    """What Gmail makes of an answer to this email, or a program that writes text alone."""
    sent = message_from_bytes(raw, policy=policy.default)
    customer = sent["To"].addresses[0]
    reply = EmailMessage(policy=policy.default)
    reply["From"] = f'"{customer.display_name}" <{customer.addr_spec}>'
    reply["To"] = str(sent["Reply-To"])
    reply["Subject"] = f"Re: {sent['Subject']}"
    reply["Date"] = sent["Date"].datetime
    reply["Message-ID"] = f"<answer-{str(sent['Message-ID'])[1:]}"
    reply["In-Reply-To"] = reply["References"] = str(sent["Message-ID"])
    attribution = "On Sun, 1 Mar 2026 at 10:00, Ana at Acme <support@acme.example> wrote:"
    text = sent.get_body(("plain",)).get_content()
    quoted = "".join(f"> {line}".rstrip() + "\n" for line in text.splitlines())
    reply.set_content(f"{_ANSWER}\n{attribution}\n\n{quoted}")
    if with_html:
        html = sent.get_body(("html",)).get_content()
        reply.add_alternative(
            f'<div dir="ltr">{_ANSWER}</div><br><div class="gmail_quote"><div dir="ltr" '
            f'class="gmail_attr">{attribution}<br></div><blockquote class="gmail_quote" '
            f'style="margin:0 0 0 .8ex">{html}</blockquote></div>',
            subtype="html",
        )
    return reply.as_bytes()


def _fetch(database: Path, working: Path, mail: Path, count: int) -> Run:
    """Receive everything into a copy of the prepared database."""
    copy_database(database, working)
    shutil.rmtree(f"{working}.mail", ignore_errors=True)
    inbox = working.with_name("inbox")
    shutil.rmtree(inbox, ignore_errors=True)
    shutil.copytree(mail, inbox)
    result = run([*CONTINUATION, "--db", str(working), "fetch", f"maildir:{inbox}"])
    connection = sqlite3.connect(working)
    (posted,) = connection.execute("SELECT count(*) FROM replies WHERE state = 'posted'").fetchone()
    connection.close()
    if posted != count:
        raise RuntimeError(f"{posted} of {count} replies were posted")
    return result


def _reference(directory: Path) -> list[str] | str:
    """The interpreter that has the reference, or why it cannot be had."""
    home = directory / "mail-parser-reply"
    python = home / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "mail-parser-reply"]
    done = subprocess.run(pip, capture_output=True, text=True, check=False, env=None)
    return done.stderr.strip()[-300:] if done.returncode else [str(python)]
