"""`demo`: what it shows is what the commands do, and its sample data shows every case."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from email import policy
from email.parser import BytesParser
from typing import get_args

import pytest

from continuation_cli.core import schedule


def take(folder):
    """Run one demo as a process: its folder and output."""
    done = subprocess.run(
        [sys.executable, "-m", "continuation_cli", "demo", "--keep", str(folder)],
        cwd="/", env={}, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return folder, done.stdout


@pytest.fixture(scope="module")
def tour(tmp_path_factory):
    """One demo, for those who only look."""
    return take(tmp_path_factory.mktemp("demo") / "kept")


def emails(folder):
    files = (folder / "maildir" / "new").iterdir()
    parsed = [BytesParser(policy=policy.default).parsebytes(file.read_bytes()) for file in files]
    return {message["To"].addresses[0].addr_spec: message for message in parsed}


def pending(run, folder, *more):
    return run("pending", "--json", *more, db=str(folder / "chat.db")).data


def test_one_email_each_for_those_who_are_due(tour, run):
    folder, out = tour
    sent = run("emails", "list", db=str(folder / "chat.db"))
    assert out.split("$ continuation emails list\n")[1].startswith(sent.out)
    assert {row["state"] for row in sent.rows} == {"sent"}
    # The first was sent before the sweep, so that the daily cap can be shown.
    assert sorted(row["conversation"] for row in sent.rows) == [
        "api-keys", "brakes", "commute", "gravel-bike", "helmet", "invoice-export", "tandem",
    ]  # fmt: skip
    assert sorted(row["to"] for row in sent.rows) == sorted(emails(folder))


def test_nothing_that_must_stay_private_is_in_an_email(tour):
    folder, _ = tour
    events = [json.loads(line) for line in (folder / "events.jsonl").read_text().splitlines()]
    private = [
        event["text"] for event in events if event.get("author") in ("note", "system")
    ] + ["oops wrong window", "teh link"]  # fmt: skip
    assert len(private) > 4
    for message in emails(folder).values():
        for part in message.walk():
            if not part.is_multipart():
                assert not [text for text in private if text in part.get_content()]


def test_the_email_that_is_shown_is_the_one_that_was_sent(tour):
    folder, out = tour
    shown = out.split("\n4. ")[1].split("\n5. ")[0]
    body = emails(folder)["ada@mail.example"].get_body(("plain",)).get_content()
    lines = [line.removeprefix("| ") for line in shown.splitlines() if line.startswith("| ")]
    assert [line.rstrip() for line in body.splitlines() if line.strip()] == lines[4:]


def test_the_reply_that_is_shown_is_the_one_that_was_received(tour):
    folder, out = tour
    shown = out.split("head -n ")[1].split("\n\n$ ")[0].splitlines()
    assert shown[1:] == (folder / "reply.eml").read_text().splitlines()[: len(shown) - 1]
    assert sum(line.startswith(">") for line in shown) == 3


def test_every_rule_and_every_reason_is_shown(tour, run):
    """`set_aside` needs an email that cannot be composed: no sample data can break ours."""
    folder, out = tour
    before = out.split("$ continuation pending")[1].split("\n3. ")[0]
    assert {"due", "waiting", "skipped"} <= set(before.split())
    assert {"offline", "unseen", "online", "away"} <= set(before.split())
    reasons = {row["reason"] for row in pending(run, folder, "--all")} - {None}
    assert reasons == set(get_args(schedule.Reason)) - {"set_aside"}


def test_a_second_look_a_minute_later_finds_another_one_due(tour, run):
    folder, _ = tour
    due = [row["conversation"] for row in pending(run, folder, "--now", "+1m")
           if row["state"] == "due"]  # fmt: skip
    assert due == ["saddle"]


def test_the_commands_to_try_next_work(tmp_path):
    _, out = take(tmp_path / "a folder")
    commands = [line for line in out.split("\n6. ")[1].splitlines() if line.startswith("/")]
    assert len(commands) >= 6
    for command in commands:
        done = subprocess.run(
            ["/bin/sh", "-c", command], cwd="/", env={}, capture_output=True, timeout=30
        )
        assert done.returncode == 0, (command, done.stderr)
    assert shlex.split(commands[0])[0] == sys.executable


def test_the_setup_script_is_one(tour, tmp_path):
    """What demo runs by itself is also a shell script."""
    folder, _ = tour
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    (bin_ / "continuation").write_text(
        f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m continuation_cli "$@"\n'
    )
    (bin_ / "continuation").chmod(0o755)
    for name in ("events.jsonl", "later.jsonl"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    env = {"PATH": f"{bin_}:/usr/bin:/bin", "CONTINUATION_DB": str(tmp_path / "chat.db"),
           "DIR": str(tmp_path)}  # fmt: skip
    script = 'set -e; continuation init; continuation import -q "$DIR/events.jsonl"; sh "$0"'
    done = subprocess.run(
        ["/bin/sh", "-c", script, str(folder / "setup.sh")], env=env, capture_output=True,
        text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "stolen-bike is held" in done.stderr


def test_a_folder_with_something_in_it_is_left_alone(run, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("!")
    ran = run("demo", "--keep", tmp_path / "full", db=None)
    assert (ran.code, ran.out) == (2, "")
    assert "something in it" in ran.err
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine"]


def test_a_folder_that_cannot_be_made(run, tmp_path):
    (tmp_path / "file").write_text("!")
    ran = run("demo", "--keep", tmp_path / "file" / "below", db=None)
    assert (ran.code, ran.out) == (2, "")
