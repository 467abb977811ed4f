"""`metrics`: what Prometheus is told, and the file that node_exporter reads."""

from __future__ import annotations

import os
import re
import threading
import time
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from continuation_cli import __version__
from continuation_cli.commands import backlog, metrics

PAGE = Path(__file__).parents[2] / "docs" / "monitoring.md"


def families(text):
    """All families by name, as Prometheus' own parser reads them."""
    return {family.name: family for family in text_string_to_metric_families(text)}


def values(text):
    """Every sample: its name with the values of its labels, and its value."""
    return {
        " ".join([sample.name.removeprefix("continuation_"), *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture
def told(run):
    def told():
        ran = run("metrics")
        assert (ran.code, ran.err) == (0, "")
        return values(ran.out)

    return told


def test_conversations(chat, told):
    chat.due("c1")
    chat.due("c2", channel="other")
    chat.due("c3", email=None)
    chat.waits("c4")
    found = told()
    # The sweep has not looked at any: c4 is not due, but queued.
    assert found["conversations_queued"] == 3
    assert (found["conversations_due acme"], found["conversations_due other"]) == (1, 1)
    assert 9 * 60 - 1 < found["longest_due_seconds"] < 9 * 60 + 30
    assert found["conversations_waiting"] == 0
    assert found["conversations_skipped no_address"] == 1
    assert found["conversations_skipped held"] == 0


def test_after_a_sweep(chat, run, told):
    chat.due("c1")
    chat.waits("c2")
    before = told()
    assert "sweep_last_start_timestamp_seconds" not in before
    assert "email_last_sent_timestamp_seconds" not in before
    run("sweep")
    found = told()
    assert found["conversations_due acme"] == found["longest_due_seconds"] == 0
    assert (found["conversations_queued"], found["conversations_waiting"]) == (0, 1)
    assert found["emails_recorded_total"] == found["emails sent"] == 1
    assert found["recent_attempts sent"] == 1
    for name in ("sweep_last_start", "email_last_sent"):
        assert time.time() - 60 < found[f"{name}_timestamp_seconds"] <= time.time()


def test_an_idle_sweep_counts_as_a_sweep(chat, process, told):
    assert process("sweep").code == 0
    assert time.time() - 60 < told()["sweep_last_start_timestamp_seconds"] <= time.time()


def test_emails_and_replies(chat, run, told, faulty_smtp):
    chat.set("inbound_domain", "reply.acme.example")
    chat.set("on_unknown", "hold")
    server = faulty_smtp(rcpt=[None, "550 5.1.1 no", "450 4.2.1 later", None], dot=[None, "999 x"])
    for name in ("sent", "failed", "deferred", "unknown"):
        chat.due(name, email=f"{name}@example.com")
        run("sweep", "--transport", server.url, "--connections", "1")
    to = chat.one("SELECT reply_to FROM emails WHERE id = 1")
    run("receive", stdin=f"From: eve@x.example\nTo: {to}\n\nI am Ada.\n".encode())
    found = told()
    for name in ("sent", "failed", "deferred", "unknown"):
        assert found[f"emails {name}"] == found[f"recent_attempts {name}"] == 1
    assert found["emails_held"] == 1
    assert found["emails_recorded_total"] == 4
    assert found["suppressions bounce"] == 1
    assert found["suppressions complaint"] == 0
    assert found["replies reply quarantined"] == found["replies_quarantined"] == 1
    assert found["replies_received_total"] == 1
    assert time.time() - 60 < found["reply_last_received_timestamp_seconds"] <= time.time()


def test_a_fetch(chat, run, told, tmp_path):
    for name in ("new", "cur", "tmp"):
        (tmp_path / "box" / name).mkdir(parents=True)
    assert "fetch_last_start_timestamp_seconds" not in told()
    run("fetch", f"maildir:{tmp_path}/box")
    assert time.time() - 60 < told()["fetch_last_start_timestamp_seconds"] <= time.time()


def test_conventions(chat, run):
    """https://prometheus.io/docs/practices/naming/ and `promtool check metrics`."""
    chat.due('a"b\\c\nd', channel='a"b\\c\nd')
    text = run("metrics").out
    for family in families(text).values():
        assert re.fullmatch(r"continuation_[a-z_]+", family.name)
        assert family.documentation.endswith(".")
        assert (family.type == "counter") == all(
            sample.name.endswith("_total") for sample in family.samples
        )
        if "timestamp" in family.name or "longest" in family.name:
            assert family.name.endswith("_seconds")
    found = values(text)
    assert found['conversations_due a"b\\c\nd'] == 1
    assert found[f"build_info {__version__}"] == 1
    assert found["database_size_bytes"] > 100_000


def test_many_channels_are_not_many_series(chat, run, monkeypatch):
    monkeypatch.setattr(metrics, "MOST_CHANNELS", 1)
    for name in ("c1", "c2", "c3"):
        chat.due(name, channel=name)
    assert values(run("metrics").out)["conversations_due"] == 3


def test_so_many_are_decided_upon(chat, run, monkeypatch):
    monkeypatch.setattr(backlog, "LOOKED_AT", 2)
    for name in ("c1", "c2", "c3"):
        chat.due(name)
    found = values(run("metrics").out)
    assert (found["conversations_queued"], found["conversations_due acme"]) == (3, 2)


def test_a_setting_that_cannot_be_read_hides_its_channel_only(chat, told):
    chat.due("c1")
    chat.due("c2", channel="broken")
    chat.set("offline_delay", "soon", "broken")
    found = told()
    assert (found["conversations_due acme"], found["conversations_due broken"]) == (1, 0)


def test_nothing_is_written(chat, run):
    chat.due()
    before = chat.dump()
    run("metrics")
    assert chat.dump() == before


# --- The file -----------------------------------------------------------------------------------


def test_the_file_is_for_every_user_under_any_umask(chat, process, tmp_path):
    file = tmp_path / "continuation.prom"
    umask = os.umask(0o077)
    try:
        ran = process("metrics", "--textfile", file)
    finally:
        os.umask(umask)
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert file.stat().st_mode & 0o777 == 0o644
    assert "continuation_emails_held" in families(file.read_text())
    assert {path.name for path in tmp_path.iterdir() if "prom" in path.name} == {file.name}


def test_the_file_is_never_read_half_written(chat, run, tmp_path):
    file = tmp_path / "continuation.prom"
    run("metrics", "--textfile", file)
    over, lengths = threading.Event(), set()

    def read():
        while not over.is_set():
            lengths.add(file.read_text().count("\n# TYPE"))

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(20):
        run("metrics", "--textfile", file)
    over.set()
    reader.join()
    assert len(lengths) == 1


@pytest.mark.parametrize("fault", ["replace", "fsync"])
def test_a_failure_leaves_the_old_file_and_nothing_else(chat, run, tmp_path, monkeypatch, fault):
    file = tmp_path / "folder" / "continuation.prom"
    file.parent.mkdir()
    file.write_text("old")

    def full(*_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, fault, full)
    ran = run("metrics", "--textfile", file)
    assert ran.code == 75
    assert f"{file} cannot be written: No space left on device" in ran.err
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    assert file.read_text() == "old"


def test_a_missing_database_leaves_the_old_file(run, tmp_path):
    file = tmp_path / "continuation.prom"
    file.write_text("old")
    assert run("metrics", "--textfile", file, db=str(tmp_path / "typo.db")).code == 66
    assert file.read_text() == "old"


@pytest.mark.parametrize("name", ["missing/x.prom", "x.prom/", "file/x.prom", "folder"])
def test_a_folder_that_is_none(chat, run, tmp_path, name):
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    ran = run("metrics", "--textfile", f"{tmp_path}/{name}")
    assert ran.code == 78
    assert "expected a file in a folder that is there" in ran.err


def test_the_documentation_names_what_there_is(chat, run, tmp_path):
    """Alert rules with a name that is no more never fire."""
    chat.due()
    for name in ("new", "cur", "tmp"):
        (tmp_path / "box" / name).mkdir(parents=True)
    run("sweep")
    run("fetch", f"maildir:{tmp_path}/box")
    run("receive", stdin=b"To: nobody@acme.example\n\nx")
    named = set(re.findall(r"continuation_\w+", PAGE.read_text(encoding="utf-8")))
    there = {sample.name for family in families(run("metrics").out).values()
             for sample in family.samples}  # fmt: skip
    assert named - {"continuation_cli"} <= there
    assert there <= named
