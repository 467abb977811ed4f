"""What a person sees on a terminal of 80 columns: it fits, and nothing in the data acts on it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time

import pytest
from rich.cells import cell_len

HOSTILE = "x\x1b]0;owned\x07\x1b[2J\x9b31m\r\nfaked"
SGR = re.compile(r"\x1b\[[0-9;]*m")
VIEWS = [
    ("pending",), ("pending", "--all"), ("explain", "c1"), ("show", "c1"), ("emails", "list"),
    ("emails", "show", "1"), ("settings", "list"), ("channels", "list"), ("suppressions", "list"),
    ("sweep", "--preview"), ("settings", "history"), ("url", "keys", "list"),
    ("replies", "list"), ("replies", "list", "--state", "posted"), ("replies", "show", "1"),
]  # fmt: skip


@pytest.fixture
def terminal(database):
    """Run a command on a terminal; what appears there, stdout and stderr together."""

    def run(*words, columns=80, stdin=b"", **env):
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        process = subprocess.Popen(
            [sys.executable, "-m", "continuation_cli", "--db", database, *words],
            stdin=theirs, stdout=theirs, stderr=theirs, cwd="/",
            env={"TERM": "xterm-256color", "PYTHONUTF8": "1", **env},
        )  # fmt: skip
        os.close(theirs)
        shown, until = b"", time.monotonic() + 30
        while time.monotonic() < until:
            if not select.select([ours], [], [], 1)[0]:
                continue
            try:
                got = os.read(ours, 65536)
            except OSError:  # EIO: Linux's way to say that the other end is closed
                break
            if not got:
                break
            shown += got
        os.close(ours)
        assert process.wait(10) == 0, shown
        return shown.decode().replace("\r\n", "\n")

    return run


def answer(chat, author, number, **fields):
    """A reply to the first email, whose header may hold anything."""
    to = chat.one("SELECT reply_to FROM emails WHERE id = 1")
    head = {"From": author, "To": to, "Message-ID": f"<{number}@mail.example>", **fields}
    lines = "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in head.items())
    return f"{lines}\nYes, please. {HOSTILE}\n".encode()


@pytest.fixture
def crowded(chat, run):
    chat.set("inbound_domain", "reply.acme.example")
    chat.due("c1", email="ada.lovelace.with.a.long.name@mail.example.com", name="Ada")
    chat.message("c1", "m2", "A long answer. " * 30, ago=9)
    chat.message("c1", "n1", "A note.", author="note", ago=8)
    chat.page("c1", "p2", url="https://acme.example/a/very/long/path?" + "x=1&" * 40, closed=31)
    run("sweep")
    customer = "ada.lovelace.with.a.long.name@mail.example.com"
    run("receive", stdin=answer(chat, customer, 1, Subject="Re: " + "a long subject " * 9))
    run("receive", stdin=answer(chat, "Eve <eve@evil.example>", 2))
    run("receive", stdin=answer(chat, customer, 3, Auto_Submitted="auto-replied"))
    chat.due("a-conversation-with-quite-a-long-id-0123456789", email=None)
    chat.waits("c3", email="bob@example.com")
    chat.sql("INSERT INTO suppressions (address, reason) VALUES ('eve@example.com', 'bounce')")
    run("settings", "set", "from-name", "The friendly people of the support desk at Acme")
    return chat


@pytest.mark.parametrize("words", VIEWS, ids="-".join)
def test_it_fits_and_no_color_is_honoured(terminal, crowded, words):
    shown = terminal(*words, NO_COLOR="1")
    assert "Traceback" not in shown
    assert "\x1b[3" not in shown
    assert "\x1b]" not in shown
    if words[1:2] == ("show",):  # the email's own lines, exactly
        return
    lines = SGR.sub("", shown).splitlines()
    assert lines
    assert max(cell_len(line) for line in lines) <= 80


@pytest.mark.parametrize("words", [("pending",), ("explain", "c1"), ("show", "c1")], ids="-".join)
def test_colour_is_for_terminals_only(terminal, run, crowded, words):
    assert SGR.search(terminal(*words))
    assert "\x1b" not in run(*words).out


@pytest.mark.parametrize("columns", [20, 200])
@pytest.mark.parametrize("words", [("pending",), ("explain", "c1"), ("show", "c1")], ids="-".join)
def test_narrow_and_wide_terminals(terminal, crowded, words, columns):
    shown = SGR.sub("", terminal(*words, columns=columns))
    assert "Traceback" not in shown
    if columns > 80:
        assert max(cell_len(line) for line in shown.splitlines()) <= columns


def test_states_and_times_are_whole_on_a_narrow_terminal(terminal, chat):
    """Addresses are folded first, then times between date and clock; nothing is cut."""
    chat.due("c1", email="somebody@mail.example.com")
    chat.set("transport", "sendmail:/bin/false")
    terminal("sweep")
    shown = SGR.sub("", terminal("emails", "list"))
    told = shown.replace("\n", " ").split()
    assert "deferred" in told
    dates = [word for word in told if re.fullmatch(r"\d{4}-\d\d-\d\d", word)]
    clocks = [word for word in told if re.fullmatch(r"\d\d:\d\d:\d\d", word)]
    assert (len(dates), len(clocks)) == (2, 2)
    assert max(cell_len(line) for line in shown.splitlines()) <= 80


def test_what_pending_tells_a_person(terminal, crowded):
    shown = terminal("pending", NO_COLOR="1")
    assert "no_address" in shown
    assert "1 waiting, 1 skipped" in shown
    assert "Why? continuation explain CONVERSATION" in shown


def test_what_was_written_has_the_whole_width(terminal, chat):
    text = "Two brake pads and a clean rotor, done the same day, if you bring it in."
    chat.due("c1", name="Ada")
    chat.message("c1", "m2", f"{text}\nA\u00a0b\tc\u00ad \U0001f469\u200d\U0001f469", ago=9)
    shown = [line.rstrip() for line in terminal("show", "c1", NO_COLOR="1").splitlines()]
    start = next(n for n, line in enumerate(shown) if line.endswith("  m2  unseen"))
    assert shown[start + 1 : start + 3] == [f"  {text}", "  A b     c \U0001f469\u200d\U0001f469"]


def test_nothing_in_the_data_acts_on_the_terminal(terminal, chat, run):
    chat.due(HOSTILE, channel=HOSTILE, email=HOSTILE, name=HOSTILE)
    chat.due("c1")
    chat.sql("UPDATE messages SET name = ?1, text = ?1, id = ?1 WHERE conversation = ?1", HOSTILE)
    chat.sql("UPDATE pages SET url = ?1, id = ?1 WHERE conversation = ?1", HOSTILE)
    chat.sql("UPDATE conversations SET held_at = ?, held_by = ?, held_why = ? WHERE id = ?",
             chat.ago(1), HOSTILE, HOSTILE, HOSTILE)  # fmt: skip
    run("sweep")
    for words in (
        ("pending",), ("explain", HOSTILE), ("show", HOSTILE), ("channels", "list"),
        ("sweep", "--preview"), ("hold", HOSTILE), ("release", HOSTILE), ("sweep",),
        ("sweep", "-v"), ("url", "revoke", HOSTILE),
    ):  # fmt: skip
        shown = SGR.sub("", terminal(*words))
        assert all(c.isprintable() or c == "\n" for c in shown), (words, shown)
        assert "Traceback" not in shown


def test_nothing_in_received_mail_acts_on_the_terminal(terminal, crowded, run):
    hostile = HOSTILE.replace("\r\n", "\r")
    name = f'"{hostile}" <eve{hostile}@evil.example>'
    fields = {"Subject": hostile, "Date": hostile, "Message_ID": f"<{hostile}@x>"}
    run("receive", stdin=answer(crowded, name, 4, **fields))
    number = str(crowded.one("SELECT max(id) FROM replies"))
    assert crowded.one("SELECT state FROM replies WHERE id = ?", number) == "quarantined"
    for words in (
        ("replies", "list"), ("replies", "show", number), ("show", "c1"), ("explain", "c1"),
        *(("replies", "show", number, "--part", part) for part in ("text", "headers")),
        ("replies", "accept", number), ("show", "c1"), ("replies", "reject", "2"),
    ):  # fmt: skip
        shown = SGR.sub("", terminal(*words))
        assert all(c.isprintable() or c == "\n" for c in shown), (words, shown)
        assert "Traceback" not in shown


def test_a_person_who_tries_receive_is_told(terminal, crowded, tmp_path):
    file = tmp_path / "a.eml"
    file.write_bytes(answer(crowded, "bob@example.com", 5))
    shown = terminal("receive", str(file), columns=200)
    assert shown == "Reply 4, conversation c1: quarantined (from_differs).\n"
    assert "had come before (quarantined)" in terminal("receive", str(file), columns=200)


def test_sweep_sums_up_for_a_person(terminal, chat):
    assert terminal("sweep") == "Nothing is due.\n"
    chat.due()
    assert terminal("sweep") == "1 sent.\n"
    chat.due("c2", email="bob@example.com")
    assert terminal("sweep", "--quiet") == ""


def test_a_progress_bar_for_a_person_only(terminal, run, tmp_path):
    file = tmp_path / "events.jsonl"
    event = (
        '{"type":"message","conversation":"c%d","channel":"a","id":"m","author":"agent",'
        '"text":"%s","at":"2026-03-01T09:00:00Z"}'
    )
    file.write_text("\n".join(event % (n % 7, "x" * 1000) for n in range(1200)))
    assert "Importing" in terminal("import", str(file))
    assert "Importing" not in terminal("import", str(file), "--quiet")
    ran = run("import", file)
    assert "Importing" not in ran.out + ran.err
    small = tmp_path / "small.jsonl"
    small.write_text(event % (1, "x"))
    assert "Importing" not in terminal("import", str(small))


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_what_doctor_tells_a_person(terminal, crowded, columns):
    crowded.conversation("c9", channel="x\x1b[2J\r\n faked")
    shown = terminal("doctor", columns=columns)
    assert re.search(r"\x1b\[32mok *\x1b\[0m", shown)
    assert re.search(r"\x1b\[1;33mwarning\x1b\[0m  quarantine", shown)
    assert "\x1b[2J" not in shown
    lines = SGR.sub("", shown).splitlines()
    assert max(cell_len(line) for line in lines if " continuation " not in line) <= columns
    # What is to be copied is one line, however narrow the terminal is.
    assert any(line.endswith("authserv-id mx.example.com --channel acme") for line in lines)
    assert lines[-1].startswith("No problems, ")
