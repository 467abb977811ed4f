"""`doctor`: each state of each check from the situation that it stands for, and the exit codes."""

from __future__ import annotations

import fcntl
import os
import re
import shlex
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from continuation_cli.commands import doctor_database
from continuation_cli.store import metrics


def test_all_is_well(healthy, found):
    states = {name: each.state for name, each in found().items()}
    assert states == dict.fromkeys(
        ["database", "schema", "integrity", "permissions", "disk_space", "clock", "signing_key",
         "templates", "transport", "rules", "sender", "reopen_link", "replies", "authentication",
         "sweep", "held_emails", "deferred_emails", "suppressions", "quarantine", "incoming"],
        "ok",
    )  # fmt: skip


def test_nothing_is_written_and_nothing_sent(healthy, run, real_smtp):
    server = real_smtp()
    healthy.due("c2")
    folder = Path(healthy.path).parent

    def state():
        files = [p for p in folder.rglob("*") if not p.name.endswith("-shm")]
        return healthy.dump(), {(str(p), p.stat().st_mtime_ns) for p in files if p.is_file()}

    before = state()
    assert run("doctor").code == 0
    assert run("doctor", "--transport", server.url).code == 0
    assert state() == before
    assert server.mails == []


def test_a_new_database(run, database):
    """Nothing is set: the defaults are told, without a channel."""
    ran = run("doctor", "--json")
    assert ran.code == 78
    by = {each["check"]: each for each in ran.data}
    assert {name for name, each in by.items() if each["state"] == "problem"} == {
        "transport", "sender",
    }  # fmt: skip
    assert by["sender"]["channel"] is None
    assert by["sweep"]["state"] == "warning"
    assert "none has run yet" in by["sweep"]["detail"]
    assert "incoming" not in by


def test_what_it_advises_mends_it(run, database):
    """Every command to copy is run; then no problem is left."""
    run("channels", "add", "acme")
    run("settings", "set", "transport", f"maildir:{database}.out")
    # With a domain for replies, one more check applies.
    for each in (each for _ in range(2) for each in run("doctor", "--json").data):
        if each["remedy"] and each["remedy"].startswith("continuation "):
            words = shlex.split(each["remedy"])
            assert run(*words[1:]).code == 0
    left = {each["check"] for each in run("doctor", "--json").data if each["state"] != "ok"}
    assert left == {"sweep", "incoming"}


def test_a_database_of_the_environment_is_left_out(run, database, chat):
    chat.conversation()
    ran = run("doctor", "--json", env={"CONTINUATION_DB": database})
    [remedy] = [x["remedy"] for x in ran.data if x["check"] == "replies"]
    assert remedy == (
        "continuation settings set inbound-domain reply.example.com --channel acme"
    )  # fmt: skip


# --- The database -------------------------------------------------------------------------------


def test_no_database(found, tmp_path):
    each = found(code=66, db=str(tmp_path / "o'brien s.db"))["database"]
    assert each.state == "problem"
    words = shlex.split(each.remedy)
    assert words == ["continuation", "--db", f"{tmp_path}/o'brien s.db", "init"]


def test_no_database_of_ours(found, tmp_path):
    (tmp_path / "x.db").write_text("text")
    assert found(code=65, db=str(tmp_path / "x.db"))["database"].state == "problem"


def test_another_schema(chat, found):
    chat.sql("PRAGMA user_version = 1")
    each = found(code=78)["database"]
    assert each.remedy.endswith(" db migrate")
    assert "older" in each.detail


def test_a_trigger_is_missing(healthy, found):
    healthy.sql("DROP TRIGGER waiting_message_inserted")
    assert "waiting_message_inserted" in found(code=65)["schema"].detail


def test_a_damaged_file(healthy, found, run, monkeypatch):
    monkeypatch.setattr(metrics, "fault", lambda _connection, _patience: ("page 7 is gone", True))
    each = found(code=65)["integrity"]
    assert (each.state, each.detail) == (
        "problem", "the file is damaged: page 7 is gone; restore a backup",
    )  # fmt: skip


def test_a_file_so_damaged_that_it_cannot_be_read_on(healthy, found, tmp_path):
    healthy.sql("PRAGMA wal_checkpoint(TRUNCATE)")
    root = healthy.one("SELECT rootpage FROM sqlite_schema WHERE name = 'settings'")
    octets = bytearray(Path(healthy.path).read_bytes())
    octets[4096 * (root - 1) : 4096 * root] = b"\xff" * 4096
    copy = tmp_path / "damaged.db"
    copy.write_bytes(octets)
    told = found(code=65, db=str(copy))
    assert told["integrity"].state == "problem"
    assert "malformed" in told["database"].detail


def test_a_large_file_is_not_read_to_its_end(healthy, found, monkeypatch):
    monkeypatch.setattr(metrics, "fault", lambda _connection, _patience: (None, False))
    assert "db check reads the whole file" in found()["integrity"].detail


def test_files_that_everybody_may_read(healthy, found):
    path = Path(healthy.path)
    path.chmod(0o644)
    each = found()["permissions"]
    assert each.state == "warning"
    assert each.remedy.startswith("chmod o= ")
    subprocess.run(each.remedy, shell=True, check=True)
    assert found()["permissions"].state == "ok"
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_root_is_told_whose_it_is(healthy, found):
    os.chown(healthy.path, 65534, -1)
    each = found()["permissions"]
    assert each.state == "warning"
    assert each.remedy.startswith("sudo -u ")


@pytest.mark.parametrize(
    ("free", "state", "code"),
    [(10 << 20, "problem", 75), (500 << 20, "warning", 0), (5 << 30, "ok", 0)],
)
def test_disk_space(healthy, found, monkeypatch, free, state, code):
    usage = SimpleNamespace(total=1 << 40, used=0, free=free)
    monkeypatch.setattr(doctor_database.shutil, "disk_usage", lambda _path: usage)
    assert found(code=code)["disk_space"].state == state


def test_the_clock(healthy, found):
    healthy.sql("UPDATE replies SET received_at = ?", healthy.ago(-60))
    each = found()["clock"]
    assert each.state == "warning"
    assert "the last reply was at" in each.detail
    assert re.search(r"in (59m|1h)", each.detail)


def test_no_key(healthy, found, run):
    healthy.sql("DELETE FROM keys")
    each = found(code=78)["signing_key"]
    assert each.remedy.endswith("url keys rotate")
    run("url", "keys", "rotate")
    assert found()["signing_key"].state == "ok"


# --- A channel ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("check", "settings", "words"),
    [
        ("rules", {"enabled": "off"}, "settings set enabled on"),
        ("rules", {"offline_delay": "never", "unseen_delay": "never"}, "set offline-delay 5m"),
        ("rules", {"daily_cap": "0"}, "set daily-cap 20"),
        ("rules", {"max_age": "5m", "offline_delay": "5m"}, "set max-age 3d"),
        ("rules", {"max_age": "5m", "offline_delay": "1m"}, "set max-age 3d"),  # unseen: 15m
        ("replies", {"inbound_domain": None}, "set inbound-domain reply.example.com"),
        ("authentication", {"authserv_id": None}, "set authserv-id mx.example.com"),
    ],
)
def test_what_a_channel_lacks(healthy, found, check, settings, words):
    for key, value in settings.items():
        if value is None:
            healthy.sql("DELETE FROM settings WHERE key = ?", key)
        else:
            healthy.set(key, value, "acme")
    each = found()[check]
    assert (each.state, each.channel) == ("warning", "acme")
    assert each.remedy.endswith(f"{words} --channel acme")


def test_no_sender(healthy, found):
    healthy.sql("DELETE FROM settings WHERE key = 'from_email'")
    assert found(code=78)["sender"].state == "problem"
    healthy.set("enabled", "off", "acme")
    assert "sender" not in found()


def test_a_setting_written_past_the_check(healthy, found):
    healthy.set("from_email", "nobody", "acme")
    each = found(code=78)["settings"]
    assert (each.state, each.channel) == ("problem", "acme")
    assert each.remedy.endswith("settings set from-email support@example.com --channel acme")


def test_a_link_that_leads_nowhere(healthy, found):
    healthy.sql("DELETE FROM settings WHERE key = 'reply_url'")
    assert found()["reopen_link"].state == "ok"
    healthy.sql("DELETE FROM pages")
    assert found()["reopen_link"].state == "warning"
    healthy.conversation("other", channel="other")
    healthy.page("other", url="about:blank")
    assert found("--channel", "other")["reopen_link"].state == "warning"


def test_one_channel(healthy, run):
    healthy.conversation("other", channel="other")
    every, one = (run("doctor", *words, "--json").data for words in ((), ("--channel", "other")))
    assert {each["channel"] for each in every} == {None, "acme", "other"}
    assert {each["channel"] for each in one} == {None, "other"}
    assert run("doctor", "--channel", "typo").code == 2


# --- What has come of it ------------------------------------------------------------------------


def age(path, minutes):
    then = time.time() - 60 * minutes
    os.utime(path, (then, then))


def test_nobody_sweeps(healthy, found):
    lock = f"{healthy.path}.lock"
    age(lock, 20)
    assert found()["sweep"].state == "warning"
    healthy.due("c2")
    assert found()["sweep"].state == "warning"  # not for long
    healthy.sql("UPDATE pages SET opened_at = ?, closed_at = ?", healthy.ago(90), healthy.ago(80))
    healthy.sql("UPDATE messages SET sent_at = ? WHERE conversation = 'c2'", healthy.ago(40))
    each = found(code=78)["sweep"]
    assert re.match(r"the last began 20m( \ds)? ago; 1 due, the first for 39m", each.detail)
    assert "schedule cron" in each.remedy
    age(lock, 1)
    each = found()["sweep"]
    assert (each.state, each.remedy.split()[-2:]) == ("warning", ["sweep", "--verbose"])


@pytest.mark.parametrize(("minutes", "state"), [(1, "ok"), (20, "warning")])
def test_a_sweep_that_runs(healthy, found, minutes, state):
    lock = Path(f"{healthy.path}.lock")
    with lock.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        age(lock, minutes)
        each = found()["sweep"]
        assert each.state == state
        assert each.detail.startswith("one has been running for ")
        # It is still held by the same: doctor has not taken it.
        with lock.open() as other, pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_SH | fcntl.LOCK_NB)
    assert "running" not in found()["sweep"].detail


def test_what_waits_for_a_person(healthy, run, found, faulty_smtp):
    healthy.set("on_unknown", "hold")
    healthy.due("c2")
    run("sweep", "--transport", faulty_smtp(dot="999 what").url)
    to = healthy.one("SELECT reply_to FROM emails WHERE id = 1")
    run("receive", stdin=f"From: eve@x.example\nTo: {to}\n\nI am Ada.\n".encode())
    told = found()
    for check, listed in (("held_emails", "emails"), ("quarantine", "replies")):
        assert told[check].state == "warning"
        words = shlex.split(told[check].remedy)
        assert words[1:3] == [listed, "list"]
        assert len(run(*words[1:], "--json").data) == 1
    assert told["held_emails"].detail.startswith("1 email ")
    assert told["quarantine"].detail.startswith("1 reply ")


def test_many_are_deferred(healthy, run, found, faulty_smtp):
    for number in range(11):
        healthy.due(f"d{number}")
    run("sweep", "--transport", faulty_smtp(rcpt="450 4.2.1 later").url)
    each = found()["deferred_emails"]
    assert each.state == "warning"
    assert each.detail == "11 emails to be tried again; 1 of the last 12 attempts succeeded"


def test_bounces(healthy, found):
    healthy.sql("UPDATE sqlite_sequence SET seq = 1000 WHERE name = 'emails'")
    for number in range(51):
        healthy.insert("suppressions", address=f"a{number}@x.example", reason="bounce")
        if number == 49:
            assert found()["suppressions"].state == "ok"
    assert found()["suppressions"].state == "warning"


def test_nothing_comes_back(healthy, run, found, tmp_path):
    healthy.sql("DELETE FROM replies")
    each = found()["incoming"]
    assert (each.state, each.detail) == (
        "warning", "nothing has been received yet, and no mailbox is fetched",
    )  # fmt: skip
    for name in ("new", "cur", "tmp"):
        (tmp_path / "box" / name).mkdir(parents=True)
    run("fetch", f"maildir:{tmp_path}/box")
    assert found()["incoming"].state == "ok"
    [lock] = tmp_path.glob("chat.db.fetch-*.lock")
    age(lock, 20)
    assert found()["incoming"].state == "warning"


def test_a_mailbox(healthy, found, tmp_path):
    for name in ("new", "cur", "tmp"):
        (tmp_path / "box" / name).mkdir(parents=True)
    (tmp_path / "box" / "new" / "1").write_text("To: x@example.com\n\nx")
    assert found("--fetch", f"maildir:{tmp_path}/box")["mailbox"].state == "ok"
    assert (tmp_path / "box" / "new" / "1").exists()
    assert found("--fetch", f"maildir:{tmp_path}/none", code=78)["mailbox"].state == "problem"
    url = "imaps://replies@127.0.0.1:1"
    assert "no password" in found("--fetch", url, code=78)["mailbox"].detail
    env = {"CONTINUATION_IMAP_PASSWORD": "x"}
    assert found("--fetch", url, code=75, env=env)["mailbox"].state == "problem"
    assert found("--fetch", url, "--offline", env=env)["mailbox"].state == "ok"


def test_configuration_comes_before_a_server(healthy, found):
    healthy.sql("DELETE FROM settings WHERE key = 'from_email'")
    found("--transport", "smtp://127.0.0.1:1", code=78)


# --- How it is told -----------------------------------------------------------------------------


def test_a_pipe_gets_tsv(healthy, run):
    healthy.set("enabled", "off", "acme")
    ran = run("doctor")
    assert [row["check"] for row in ran.rows][:2] == ["database", "schema"]
    [row] = [row for row in ran.rows if row["check"] == "rules"]
    assert (row["channel"], row["state"]) == ("acme", "warning")
    assert ran.err == ""


def test_problems_are_counted_on_stderr(healthy, run):
    healthy.sql("DELETE FROM settings WHERE key IN ('from_email', 'authserv_id')")
    ran = run("doctor")
    assert (ran.code, ran.err) == (78, "continuation: 1 problem, 1 warning\n")
