#!/usr/bin/env python3
"""Bring what README.md and docs/ show up to date: it is printed by the program, not by hand.

    python docs/refresh.py            rewrite the pages
    python docs/refresh.py --check    exit 1, with a diff, if a page is out of date

Between `<!-- run: COMMAND -->` and `<!-- end -->` stands what the command prints, on a terminal of
100 columns, for the chats of sample_data/ at the moment they speak of as now. Each page begins with
a fresh copy of that database. Between `<!-- make: NAME -->` and `<!-- end -->` stands a table or a
text that a function of this file makes. What is random in a run is replaced by something fixed.
"""

from __future__ import annotations

import difflib
import io
import json
import os
import re
import shlex
import shutil
import sqlite3
import sys
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from email import message_from_bytes, policy
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Any

import click

from continuation_cli import output
from continuation_cli.commands import context
from continuation_cli.core import report, settings, times

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

ROOT = Path(__file__).resolve().parent.parent
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))

#: The moment at which everything is shown. Set before a command is loaded: each takes the clock
#: from `context` as it is then.
NOW = times.parse("2026-03-02T12:00:00Z")
context.utc_now = lambda: NOW
output.is_terminal = lambda: True

#: The folder in which a page's commands seem to run.
SHOWN_FOLDER = "/var/lib/continuation"

_BLOCK = re.compile(r"<!-- (run|make): (.+?) -->\n.*?<!-- end -->", re.DOTALL)

_RANDOM = (
    (re.compile(r"\breply-[0-9a-f]{12}\b"), "reply-5d8b99106c1f"),
    (re.compile(r"eyJ[\w-]{8,}\.[\w-]+\.[\w-]+"), "eyJhbGciOiJIUzI1NiIs…"),
    (re.compile(r"\b[a-z2-7]{26}\b"), "7xk2mq5d3hgwv6ytrn4pzc2ela"),
    (re.compile(r"\d+\.M\d+R\w+\.continuation"), "1772452800.M0R4c1d.continuation"),
    (re.compile(r'("kid": |Key )"?[0-9a-f]{8}"?'), r'\1"5d8b9910"'),
    # What depends on the machine, its versions and its user.
    (re.compile(r"(chat\.db, )\d+\.\d kB"), r"\g<1>324.6 kB"),
    (re.compile(r"\d+\.\d [kMGT]?B free"), "72.5 GB free"),
    (re.compile(r"(database_size_bytes )\d+"), r"\g<1>324608"),
    (re.compile(r"\bof \w+, closed to other users"), "of chat, closed to other users"),
)

#: When the sample's last sweep began, as the file of its lock tells.
_LAST_SWEEP = times.parse("2026-03-02T08:20:00Z").timestamp()


# --- The sample database ----------------------------------------------------------------------


def make_sample(folder: Path) -> None:
    """The database that `continuation demo` makes, before its first sweep."""
    from continuation_cli.commands import demo

    demo.prepare(folder, NOW)
    run("init", folder)
    run(f"import {folder}/events.jsonl", folder)
    for line in (folder / "setup.sh").read_text(encoding="utf-8").splitlines():
        if line.startswith("continuation "):
            run(Template(line.removeprefix("continuation ")).substitute(DIR=folder), folder)
    os.utime(folder / "chat.db.lock", (_LAST_SWEEP, _LAST_SWEEP))


def run(arguments: str, folder: Path) -> str:
    """What a command prints, stderr included, on a terminal; a failure's message too."""
    from continuation_cli.cli import cli
    from continuation_cli.store.db import StoreError

    # In the environment, too, as the README has it: commands that are shown leave it out.
    database = os.environ["CONTINUATION_DB"] = str(folder / "chat.db")
    words = ["--db", database, *shlex.split(arguments)]
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    with redirect_stdout(stream), redirect_stderr(stream):
        try:
            cli.main(words, prog_name="continuation", standalone_mode=False)
        except click.ClickException as error:
            error.show()
        except StoreError as error:
            click.echo(f"continuation: {error}", err=True)
    stream.seek(0)
    return stream.read()


def write_replies(folder: Path) -> None:
    """What comes back for the demo's email: the customer's answer, and two of a colleague's."""
    from continuation_cli.commands import demo

    connection = sqlite3.connect(folder / "chat.db")
    (raw,) = connection.execute(
        "SELECT message FROM emails WHERE conversation = ? ORDER BY id DESC", (demo.ANSWERED,)
    ).fetchone()
    connection.close()
    answer = demo.answer_to(message_from_bytes(raw, policy=policy.default), demo.ANSWER)
    (folder / "reply.eml").write_bytes(answer)
    mailbox = folder / "replies"
    for name in ("new", "cur", "tmp"):
        (mailbox / name).mkdir(parents=True, exist_ok=True)
    for number in (1, 2):
        other = answer.replace(b'"Ada Okafor" <ada@', b'"Ben Okafor" <ben@')
        other = other.replace(b".1@mail.example>", b".2%d@mail.example>" % number)
        (mailbox / "new" / f"{number}.mail").write_bytes(other)


def shown(command: str, folder: Path) -> str:
    """A command and what it prints, as a block of Markdown."""
    if "receive" in command:
        write_replies(folder)
    text = run(command.removeprefix("continuation ").replace(SHOWN_FOLDER, str(folder)), folder)
    for pattern, fixed in _RANDOM:  # before anything is cut short
        text = pattern.sub(fixed, text)
    if " --json" in command:
        # What a command says on stderr comes after its answer.
        data, _ = json.JSONDecoder().raw_decode(text)
        text = json.dumps(brief(data), ensure_ascii=False, indent=2)
    # The sample's setup has named the folder that it was made in.
    text = text.replace(str(folder.parent / "sample"), SHOWN_FOLDER)
    text = text.replace(str(folder), SHOWN_FOLDER).replace(sys.executable, "/usr/bin/python3")
    text = re.sub(r"^User=.*$", "User=chat", text, flags=re.MULTILINE)
    lines = "\n".join(line.rstrip() for line in text.strip("\n").splitlines())
    return f"```console\n$ {command}\n{lines}\n```"


def brief(value: Any) -> Any:
    """JSON as an example: long texts cut, of a list no more than the first two entries."""
    if isinstance(value, dict):
        return {key: brief(each) for key, each in value.items()}
    if isinstance(value, list):
        return [brief(each) for each in value[:2]]
    if isinstance(value, str) and len(value) > 200:
        return value[:60] + "…"
    return value


# --- What is made from the program's own tables --------------------------------------------------


def table(head: Sequence[str], rows: Iterator[Sequence[str]]) -> str:
    """A table of Markdown."""

    def line(cells: Sequence[str]) -> str:
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"

    return "\n".join([line(head), "|" + "---|" * len(head), *map(line, rows)])


def make_settings(_folder: Path) -> str:
    """Every setting: default, meaning, example."""
    rows = (
        (
            f"`{spec.key}`",
            f"`{spec.default}`" if spec.default else "unset",
            spec.help,
            f"`{spec.example}`",
        )
        for spec in settings.SPECS.values()
    )
    return table(("setting", "default", "meaning", "example"), rows)


def make_reasons(_folder: Path) -> str:
    """Every reason for which a conversation is skipped."""
    rows = ((f"`{reason}`", words) for reason, words in report.REASONS.items())
    return table(("reason", "no email, because …"), rows)


def command_paths(group: click.Group, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every command, groups before what is in them."""
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        yield (*above, name)
        if isinstance(command, click.Group):
            yield from command_paths(command, (*above, name))


def make_commands(_folder: Path) -> str:
    """The help of every command."""
    from continuation_cli.cli import cli

    parts = [f"```text\n{help_of(cli, ())}\n```"]
    for path in command_paths(cli):
        level = "##" if len(path) == 1 else "###"
        parts.append(f"{level} {' '.join(path)}\n\n```text\n{help_of(cli, path)}\n```")
    return "\n\n".join(parts)


def help_of(group: click.Group, path: tuple[str, ...]) -> str:
    """The help of one command, 90 columns wide."""
    width: dict[str, Any] = {"terminal_width": 90, "max_content_width": 90}
    ctx = click.Context(group, info_name="continuation", **width)
    command: click.Command = group
    for name in path:
        assert isinstance(command, click.Group)
        found = command.get_command(ctx, name)
        assert found is not None
        command = found
        ctx = click.Context(command, info_name=name, parent=ctx, **width)
    return command.get_help(ctx)


_SCHEMA = (
    "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL "
    "AND name NOT LIKE 'sqlite%' ORDER BY rowid"
)


def make_schema(folder: Path) -> str:
    """Every table and index, as it stands in a new database; triggers by name."""
    with sqlite3.connect(folder / "chat.db") as connection:
        rows = connection.execute(_SCHEMA).fetchall()
    parts = []
    for kind, name, _, _ in rows:
        if kind == "table":
            parts.append("\n".join(brief_sql(sql) for k, _, t, sql in rows
                                   if t == name and k in ("table", "index")))  # fmt: skip
    return "```sql\n" + "\n\n".join(parts) + "\n```"


def brief_sql(sql: str) -> str:
    """A definition in which `is_time(x)` stands for the long condition that x is a time."""
    is_time = r' CONSTRAINT "(\w+) must be UTC like [^"]+" CHECK \((?:[^()]|\([^()]*\))*\)'
    return re.sub(is_time, r" is_time(\1)", sql) + ";"


def make_triggers(folder: Path) -> str:
    """Every trigger: its table and event."""
    with sqlite3.connect(folder / "chat.db") as connection:
        rows = [row for row in connection.execute(_SCHEMA) if row[0] == "trigger"]

    def event(sql: str) -> str:
        found = re.search(r"AFTER (INSERT|UPDATE|DELETE)", sql)
        assert found is not None
        return found.group(1).lower()

    return table(
        ("trigger", "table", "after"), ((f"`{n}`", f"`{t}`", event(s)) for _, n, t, s in rows)
    )


def make_metrics(folder: Path) -> str:
    """Every metric, as `metrics` itself describes it."""
    text = run("metrics", folder)
    kinds = dict(re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE))
    labels: dict[str, set[str]] = {}
    for name, found in re.findall(r"^(\w+)\{(.*)\} ", text, re.MULTILINE):
        labels.setdefault(name, set()).update(re.findall(r'(\w+)="', found))
    rows = (
        (f"`{name}`", kinds[name], ", ".join(f"`{x}`" for x in sorted(labels.get(name, ()))), told)
        for name, told in re.findall(r"^# HELP (\w+) (.*)$", text, re.MULTILINE)
    )
    return table(("metric", "type", "labels", "meaning"), rows)


MAKERS: dict[str, Callable[[Path], str]] = {
    "settings": make_settings,
    "reasons": make_reasons,
    "commands": make_commands,
    "schema": make_schema,
    "triggers": make_triggers,
    "metrics": make_metrics,
}


# --- The pages --------------------------------------------------------------------------------


def refreshed(page: str, folder: Path) -> str:
    """A page with every block made anew."""

    def block(found: re.Match[str]) -> str:
        kind, name = found.groups()
        text = shown(name, folder) if kind == "run" else MAKERS[name](folder)
        return f"<!-- {kind}: {name} -->\n{text}\n<!-- end -->"

    return _BLOCK.sub(block, page)


def main() -> int:
    """Rewrite the pages, or with --check compare them."""
    check = "--check" in sys.argv[1:]
    os.environ.update(COLUMNS="100", NO_COLOR="1", LOGNAME="ada", TERM="dumb")
    stale = 0
    with tempfile.TemporaryDirectory() as place:
        sample = Path(place) / "sample"
        sample.mkdir()
        make_sample(sample)
        for path in PAGES:
            old = path.read_text(encoding="utf-8")
            shutil.copytree(sample, folder := Path(place) / path.stem)
            new = refreshed(old, folder)
            if new == old:
                continue
            stale += 1
            name = str(path.relative_to(ROOT))
            if check:
                diff = difflib.unified_diff(
                    old.splitlines(True), new.splitlines(True), name, f"{name}, made anew"
                )
                sys.stdout.writelines(diff)
            else:
                path.write_text(new, encoding="utf-8")
                sys.stdout.write(f"{name} rewritten\n")
    if check and stale:
        sys.stdout.write("Out of date; run: python docs/refresh.py\n")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
