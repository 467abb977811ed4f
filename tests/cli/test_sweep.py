"""`sweep` as cron meets it: silent, one at a time, from anywhere; and its preview."""

from __future__ import annotations

import fcntl
import json
import os
import sys
import time
from pathlib import Path

import pytest


@pytest.fixture
def lock(database):
    """The lock of a sweep that is under way."""
    path = Path(os.path.realpath(database) + ".lock")
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield path


def mails(chat):
    folder = Path(chat.path).parent / "outgoing" / "new"
    return [file.read_bytes() for file in sorted(folder.iterdir())] if folder.is_dir() else []


# --- Silence ------------------------------------------------------------------------------------


def test_silent_when_all_is_well_in_an_empty_environment(process, chat):
    chat.due()
    for _ in range(2):
        ran = process("sweep")
        assert (ran.code, ran.stdout, ran.stderr) == (0, b"", b"")
    assert len(mails(chat)) == 1


def test_cron_with_env_dash_i(chat):
    import subprocess

    chat.due()
    words = ["env", "-i", sys.executable, "-m", "continuation_cli", "--db", chat.path, "sweep"]
    ran = subprocess.run(words, cwd="/", capture_output=True, timeout=30)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, b"", b"")
    assert len(mails(chat)) == 1


@pytest.mark.parametrize("why", ["waits", "no address", "held", "expired"])
def test_silent_about_those_who_get_no_email(run, chat, why):
    if why == "waits":
        chat.waits()
    else:
        chat.due(email=None if why == "no address" else "ada@example.com")
    if why == "held":
        chat.sql("UPDATE conversations SET held_at = ?", chat.ago(1))
    if why == "expired":
        chat.sql("UPDATE messages SET sent_at = ?", chat.ago(60 * 24 * 4))
    ran = run("sweep")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert mails(chat) == []


def test_verbose_tells_each_email_and_quiet_none(run, chat):
    chat.due()
    ran = run("sweep", "--verbose")
    assert (ran.code, ran.out) == (0, "")
    assert ran.err.startswith("c1: email 1 sent: new/")
    chat.due("c2")
    assert run("sweep", "--quiet").err == ""


def test_what_is_sent_is_a_whole_email_and_private(run, chat):
    chat.due()
    chat.message("c1", "n1", "Do not tell: gold customer.", author="note", ago=8)
    chat.message("c1", "s1", "Assigned to Ana.", author="system", ago=8)
    run("sweep")
    [mail] = mails(chat)
    assert b"Your refund is on its way." in mail
    assert b"gold customer" not in mail
    assert b"Assigned" not in mail


# --- One at a time ------------------------------------------------------------------------------


def test_a_second_sweep_ends_at_once_and_silently(process, chat, lock):
    chat.due()
    began = time.monotonic()
    ran = process("sweep")
    assert (ran.code, ran.stdout, ran.stderr) == (75, b"", b"")
    assert time.monotonic() - began < 5
    assert chat.emails() == []


def test_a_sweep_that_takes_long_is_worth_a_word(run, chat, lock):
    os.utime(lock, (time.time() - 16 * 60,) * 2)
    ran = run("sweep")
    assert (ran.code, ran.out) == (75, "")
    assert ran.err == "continuation: another sweep has been running for 16 minutes\n"
    os.utime(lock, (time.time() - 14 * 60,) * 2)
    assert run("sweep").err == ""


def test_the_same_database_by_another_name_has_the_same_lock(run, chat, lock, tmp_path):
    other = tmp_path / "sub" / "link.db"
    other.parent.mkdir()
    other.symlink_to(chat.path)
    assert run("sweep", db=str(other)).code == 75


def test_a_lock_left_behind_locks_nobody_out(run, chat):
    chat.due()
    Path(chat.path + ".lock").write_text("")
    assert run("sweep").code == 0
    assert len(mails(chat)) == 1


def test_a_preview_needs_no_lock(run, chat, lock):
    chat.due()
    assert [row["conversation"] for row in run("sweep", "--preview").rows] == ["c1"]


def test_two_sweeps_at_the_same_moment_send_once(spawn, chat, faulty_smtp):
    for n in range(20):
        chat.due(f"c{n}", email=f"a{n}@example.com")
    server = faulty_smtp()
    words = ("sweep", "--transport", server.url)
    both = [spawn(*words), spawn(*words)]
    assert sorted(each.wait(30) for each in both) in ([0, 75], [0, 0])
    assert len(server.accepted) == 20


# --- For programs -------------------------------------------------------------------------------


def test_json_counts_who_is_skipped_and_why(run, chat):
    chat.due("c1")
    chat.due("c2", email=None)
    chat.due("c3", email="nonsense")
    chat.due("c4", email="eve@example.com")
    chat.sql("INSERT INTO suppressions (address, reason) VALUES ('eve@example.com', 'manual')")
    chat.waits("c5")
    data = run("sweep", "--json").data
    assert data["sent"] == 1
    assert data["skipped"] == {"no_address": 1, "invalid_address": 1, "suppressed": 1}
    assert [email["state"] for email in data["emails"]] == ["sent"]
    again = run("sweep", "--json").data
    assert again["emails"] == []
    assert again["skipped"] == data["skipped"]


def test_json_also_when_it_stops(run, chat):
    chat.due()
    ran = run("sweep", "--json", "--transport", "smtp://127.0.0.1:1")
    assert ran.code == 75
    assert json.loads(ran.out)["data"]["stopped"] == "connect: 127.0.0.1:1: Connection refused"


def test_a_setting_that_was_written_past_the_check_is_named(run, chat):
    chat.due()
    chat.set("offline_delay", "15", channel="acme")
    for words in (("sweep",), ("pending",), ("explain", "c1")):
        ran = run(*words)
        assert ran.code == 78
        assert "c1" not in ran.out
        assert "offline_delay" in ran.err
        assert "'15' needs a unit: 15m?" in ran.err
        assert "--channel acme" in ran.err
    chat.conversation("b1", channel="beta")
    chat.message("b1")
    listed = run("pending")
    assert (listed.code, [row["conversation"] for row in listed.rows]) == (78, ["b1"])
    assert run("settings", "set", "offline-delay", "15m", "--channel", "acme").code == 0
    assert run("pending").code == 0


def test_whoever_may_write_the_database_may_take_the_lock(run, chat, tmp_path):
    """Root who tries something by hand must not lock out the user that cron runs as."""
    Path(chat.path).chmod(0o660)
    os.chown(chat.path, 4242, 4343) if os.getuid() == 0 else None
    chat.due()
    assert run("sweep", "--transport", f"maildir:{tmp_path}/out").code == 0
    database, lock = Path(chat.path).stat(), Path(f"{chat.path}.lock").stat()
    assert (lock.st_mode & 0o777, lock.st_uid, lock.st_gid) == (
        0o660, database.st_uid, database.st_gid,
    )  # fmt: skip


# --- What is meant ------------------------------------------------------------------------------


@pytest.mark.parametrize("preview", [(), ("--preview",)])
def test_a_conversation_of_another_channel_is_refused(run, chat, preview):
    chat.due("a1", channel="acme")
    chat.due("b1", channel="beta")
    ran = run("sweep", "--conversation", "b1", "--channel", "acme", *preview)
    assert (ran.code, ran.out) == (2, "")
    assert "conversation b1 is in channel beta, not in acme" in ran.err
    assert chat.emails() == []
    assert run("sweep", "--conversation", "b1", "--channel", "beta").code == 0
    assert [row["conversation"] for row in chat.emails()] == ["b1"]


# --- Templates that cannot be used ----------------------------------------------------------------

BROKEN = {
    "syntax": ("one\n{% if %}", "line 2"),
    "an undefined variable": ("one\n\n{{ custmer }}", "line 3: 'custmer' is undefined"),
    "in a branch": ("{% if recap %}\n{{ recap[0].nmae }}{% endif %}", "line 2: "),
    "a field in a branch": (
        "{% for group in groups %}\n{% if group.author == 'bot' %}{{ group.nmae }}{% endif %}"
        "{% endfor %}",
        "line 2: ",
    ),
    "a calculation": ("{{ 1 // 0 }}", "line 1: "),
    "a file that is not there": ("{% include 'footer.txt' %}", "footer.txt"),
    "out of bounds": ("{{ groups.__class__ }}", "unsafe"),
}


@pytest.mark.parametrize(("source", "where"), BROKEN.values(), ids=BROKEN)
def test_a_broken_template_is_a_configuration_error_and_uses_nothing_up(
    run, chat, tmp_path, source, where
):
    for name in ("c1", "c2"):
        chat.due(name)
        chat.message(name, "m0", "Hi!", author="customer", ago=11)
        chat.message(name, "b1", "Beep.", author="bot", ago=9)
    (tmp_path / "body.txt").write_text(source)
    for words in (("sweep",), ("sweep", "--preview"), ("preview", "c1")):
        ran = run(*words, "--templates", tmp_path)
        assert (ran.code, ran.out) == (78, "")
        assert "template body.txt" in ran.err
        assert where in ran.err
        assert len(ran.err.splitlines()) == 1
    assert chat.emails() == []
    assert chat.sql("SELECT 1 FROM conversations WHERE set_aside_until IS NOT NULL") == []
    assert run("sweep").code == 0
    assert len(chat.emails()) == 2


def test_data_that_break_a_good_template_concern_nobody_else(run, chat, tmp_path):
    chat.due("c1")
    chat.due("c2")
    chat.message("c2", "m2", "Also this.", ago=9)
    (tmp_path / "body.txt").write_text(
        "{% for group in groups %}{{ 7 // (group.messages | length - 1) }}{% endfor %}"
    )
    ran = run("sweep", "--templates", tmp_path)
    assert ran.code == 1
    assert ran.err.startswith("c1: its email set_aside: cannot be composed: ComposeError")
    assert [row["conversation"] for row in chat.emails()] == ["c2"]
