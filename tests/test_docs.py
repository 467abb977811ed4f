"""README.md and docs/ are up to date, and nothing that a user meets is missing from them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import click
import pytest

from continuation_cli import cli
from continuation_cli.core import events, report, schedule, settings

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]


def page(name):
    return (DOCS / name).read_text(encoding="utf-8")


def test_what_the_pages_show_is_what_the_program_prints():
    done = subprocess.run(
        [sys.executable, str(DOCS / "refresh.py"), "--check"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def commands(group, above=""):
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        yield f"{above}{name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{above}{name} ")


ALL_COMMANDS = dict(commands(cli.cli))


@pytest.mark.parametrize("name", ALL_COMMANDS)
def test_every_command_is_documented(name):
    assert re.search(rf"^##+ {name}$", page("commands.md"), re.MULTILINE)
    assert ALL_COMMANDS[name].help, f"{name} has no help"


WITH_JSON = sorted(
    name
    for name, command in ALL_COMMANDS.items()
    if any("--json" in p.opts for p in command.params)
)


def keys(value):
    if isinstance(value, dict):
        for key, each in value.items():
            yield key
            yield from keys(each)
    elif isinstance(value, list):
        for each in value:
            yield from keys(each)


@pytest.mark.parametrize("name", WITH_JSON)
def test_every_field_of_json_is_described_and_shown(name):
    """The examples are what the program prints: see docs/refresh.py."""
    _, *parts = re.split(r"^## (.+)$", page("json.md"), flags=re.MULTILINE)
    sections = dict(zip(parts[::2], parts[1::2], strict=True))
    section = sections[name]
    examples = re.findall(r"^\$ .*\n(\{.*?^\})", section, re.MULTILINE | re.DOTALL)
    assert examples
    # Some sections build on another one, and say so.
    base = {"emails show": ("emails list", "preview"), "explain": ("pending",),
            "preview": ("pending",), "show": ("emails list", "replies list", "receive"),
            "fetch": ("receive",), "replies list": ("receive",),
            "replies show": ("replies list", "receive"), "replies accept": ("receive",),
            "replies reject": ("receive",)}  # fmt: skip
    told = "".join([section, *(sections[other] for other in base.get(name, ()))])
    words = set(re.findall(r"`(\w+)`", re.sub(r"```.*?```", "", told, flags=re.DOTALL)))
    words |= set(get_args(schedule.Reason))
    for example in examples:
        data = json.loads(example)
        assert (data["version"], data["command"]) == (1, name)
        assert set(keys(data["data"])) <= words


@pytest.mark.parametrize("key", settings.SPECS)
def test_every_setting_is_documented(key):
    assert f"| `{key}` |" in page("settings.md")


@pytest.mark.parametrize("reason", get_args(schedule.Reason))
def test_every_reason_is_documented(reason):
    assert report.REASONS[reason]
    assert f"| `{reason}` |" in page("how-it-decides.md")


def test_every_exit_code_is_documented():
    codes = {0, 1, 2, *cli._EXIT_CODES.values()}
    for source in (ROOT / "continuation_cli").rglob("*.py"):
        codes |= {getattr(os, name) for name in re.findall(r"os\.(EX_\w+)", source.read_text())}
    assert {66, 75, 78} <= codes
    for name in (ROOT / "README.md", DOCS / "cron.md"):
        rows = re.findall(r"^\| (\d+) \|", name.read_text(encoding="utf-8"), re.MULTILINE)
        assert codes <= {int(row) for row in rows}, name


@pytest.mark.parametrize("kind", events.TYPES)
def test_every_event_is_documented(kind):
    assert f"`{kind}`" in page("events.md")


def test_every_public_column_is_documented(chat):
    prose = re.sub(r"```.*?```", "", page("schema.md"), flags=re.DOTALL)
    words = set(re.findall(r"`(\w+)`", prose))
    for name in ("channels", "conversations", "pages", "messages", "reads"):
        columns = {row["name"] for row in chat.sql(f"PRAGMA table_info({name})")}
        assert columns <= words, name
    tables = {row["name"] for row in chat.sql("SELECT name FROM sqlite_schema WHERE type = 'table'")
              if "sqlite" not in row["name"]}  # fmt: skip
    assert tables <= words | {"channels", "conversations", "pages", "messages", "reads"}


def test_the_sql_of_the_documentation_runs(chat):
    """In the order of the page; the last two ways to delete are one statement and a comment."""
    blocks = re.findall(r"```sql\n(.*?)```", page("schema.md").split("## Columns")[0], re.DOTALL)
    assert len(blocks) >= 6
    for block in blocks:
        for statement in re.sub(r"--.*", "", block).split(";"):
            if statement.strip():
                chat.sql(re.sub(":now|:since", f"'{chat.ago(1)}'", statement))
    [row] = chat.sql("SELECT deleted_at, text FROM messages WHERE id = 'm3'")
    assert (row["deleted_at"], row["text"]) == (chat.ago(1), "Yes, three.")


def test_the_events_of_the_documentation_are_events():
    [block] = re.findall(r"```json\n(.*?)```", page("events.md"), re.DOTALL)
    assert len({events.parse(line).type for line in block.splitlines()}) == 4


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        found = path.parent / file if file else path
        assert found.exists(), target
        if anchor:
            heads = re.findall(r"^#+ (.+)$", found.read_text(encoding="utf-8"), re.MULTILINE)
            slugs = {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}
            assert anchor in slugs, target


NAMED_TEST = re.compile(r"`((?:[a-z_0-9]+/)*test_[a-z_0-9]+\.py)?(?:::(test_[a-z_0-9]+))?`")


def test_what_the_page_on_security_claims_is_tested():
    """Each claim names its tests, and they are there; `::test_x` alone is of the file before it."""
    file, found = "", []
    for path, name in NAMED_TEST.findall(page("security.md")):
        file = path or file
        if path or name:
            text = (ROOT / "tests" / file).read_text(encoding="utf-8")
            assert not name or f"\ndef {name}(" in text, f"{file}::{name}"
            found.append((file, name))
    assert len(found) > 20
