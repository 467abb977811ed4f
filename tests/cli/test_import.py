"""`import`: chat events from files and pipes, broken ones too."""

from __future__ import annotations

import json

import pytest

from continuation_cli.commands import import_ as command

AT = "2026-03-01T09:00:00Z"


def event(n=1, kind="message", **more):
    fields = {"type": kind, "conversation": f"c{n}", "channel": "acme", "at": AT}
    if kind == "message":
        fields |= {"id": "m1", "author": "agent", "text": "Hello"}
    return json.dumps(fields | more)


def lines(*events):
    return "".join(each + "\n" for each in events).encode()


def stored(chat):
    return [row["id"] for row in chat.sql("SELECT id FROM conversations ORDER BY id")]


GOOD = lines(event(1), event(2), event(1, "page_closed", page="p1"))
BROKEN = lines(event(1), "{oops", event(2, at="yesterday"), "", event(3, "made_up"), event(4))


def test_from_a_pipe(run, chat):
    ran = run("import", "-", stdin=GOOD)
    assert (ran.code, ran.out) == (0, "")
    assert ran.err == (
        "3 events read: 3 brought something new, 0 were known already, 0 set aside.\n"
    )
    again = run("import", "-", stdin=GOOD)
    assert again.err == (
        "3 events read: 0 brought something new, 3 were known already, 0 set aside.\n"
    )
    assert stored(chat) == ["c1", "c2"]
    assert run("import", "-", "--quiet", stdin=GOOD).err == ""


def test_from_a_file(run, chat, tmp_path):
    file = tmp_path / "events.jsonl"
    file.write_bytes(GOOD)
    assert run("import", file, "--json").data == {
        "read": 3,
        "changed": 3,
        "rejected": 0,
        "errors": [],
    }


def test_broken_lines_are_told_and_set_aside(run, chat, tmp_path):
    rejects = tmp_path / "rejects.jsonl"
    ran = run("import", "-", "--rejects", rejects, stdin=BROKEN)
    assert (ran.code, ran.out) == (65, "")
    told = ran.err.splitlines()
    assert told[0].startswith("line 2: not JSON: ")
    assert told[1] == (
        "line 3: \"at\": 'yesterday' is not a time; expected one like 2026-03-01T09:00:00Z"
    )
    assert told[2].startswith('line 5: "type" is "made_up"; expected one of conversation, ')
    assert told[-1] == "continuation: 3 of 5 lines set aside"
    assert stored(chat) == ["c1", "c4"]
    assert rejects.read_bytes().splitlines() == [BROKEN.splitlines()[n] for n in (1, 2, 4)]


def test_strict_writes_nothing(run, chat):
    before = chat.dump()
    ran = run("import", "-", "--strict", stdin=BROKEN)
    assert ran.code == 65
    first, last = ran.err.splitlines()
    assert first.startswith("line 2: not JSON")
    assert last == "continuation: nothing was written, because of --strict"
    assert chat.dump() == before
    counts = run("import", "-", "--strict", "--json", stdin=BROKEN).data
    assert (counts["changed"], counts["rejected"]) == (0, 1)
    assert chat.dump() == before
    assert run("import", "-", "--strict", stdin=GOOD).code == 0


def test_strict_writes_nothing_however_late_it_breaks(run, chat, monkeypatch):
    monkeypatch.setattr(command, "BATCH", 10)
    before = chat.dump()
    content = lines(*(event(n) for n in range(95)), "{}")
    assert run("import", "-", "--strict", stdin=content).code == 65
    assert chat.dump() == before
    assert run("import", "-", stdin=content).code == 65
    assert len(stored(chat)) == 95


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + GOOD,
        GOOD.replace(b"\n", b"\r\n"),
        GOOD.removesuffix(b"\n"),
        b"\n\n" + GOOD + b"   \n\n",
    ],
    ids=["byte order mark", "CRLF", "no newline at the end", "blank lines"],
)
def test_files_as_people_have_them(run, chat, content):
    ran = run("import", "-", stdin=content)
    assert ran.code == 0
    assert ran.err.startswith("3 events read: 3 brought something new")


def test_nothing_at_all(run, chat):
    ran = run("import", "-", stdin=b"")
    assert (ran.code, ran.err[:14]) == (0, "0 events read:")


@pytest.mark.parametrize(
    "garbage",
    [
        bytes(range(256)) * 50,
        b"\x00" * 1000,
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"\xff\xfe" + GOOD.decode().encode("utf-16-le"),
        b"1" * 5000,
        b'"' + b"\\ud800" * 10 + b'"',
    ],
)
def test_binary_garbage(run, chat, garbage):
    before = chat.dump()
    ran = run("import", "-", stdin=garbage + b"\n")
    assert ran.code == 65
    assert "Traceback" not in ran.err
    assert all(c.isprintable() or c == "\n" for c in ran.err)
    assert max(map(len, ran.err.splitlines())) < 400
    assert chat.dump() == before


def test_a_line_without_end_is_not_kept_in_memory(run, chat, monkeypatch, tmp_path):
    monkeypatch.setattr(command, "LONGEST_LINE", 1000)
    rejects = tmp_path / "rejects"
    content = lines(event(1), event(2, text="x" * 5000), event(3))
    ran = run("import", "-", "--rejects", rejects, stdin=content)
    assert ran.code == 65
    assert "line 2: longer than 1000 octets" in ran.err
    assert stored(chat) == ["c1", "c3"]


def test_only_the_first_complaints_are_told(run, chat):
    ran = run("import", "-", stdin=b"{}\n" * 50)
    assert ran.err.count("line ") == command.MOST_COMPLAINTS
    assert "and 30 more lines set aside" in ran.err
    assert "50 of 50 lines set aside" in ran.err
    data = run("import", "-", "--json", stdin=b"{}\n" * 50).data
    assert (data["rejected"], len(data["errors"])) == (50, command.MOST_COMPLAINTS)


def test_an_event_that_a_constraint_refuses_is_set_aside(run, chat):
    content = lines(event(1), event(2, id="x" * 201), event(3, conversation="\x00" * 300), event(4))
    ran = run("import", "-", stdin=content)
    assert ran.code == 65
    assert "Traceback" not in ran.err
    assert stored(chat) == ["c1", "c4"]


@pytest.mark.parametrize("text", ["\x00", "a\x00b", "\ud800", "😀" * 1000, "\u2028\u202e"])
def test_text_of_any_kind_is_kept_or_mended(run, chat, text):
    assert run("import", "-", stdin=lines(event(1, text=text))).code == 0
    assert run("show", "c1").code == 0
    assert run("explain", "c1").code == 0
    run("import", "-", stdin=lines(event(1, "customer", email="ada@example.com")))
    assert run("preview", "c1").code == 0


def test_a_file_that_is_no_file(run, chat, tmp_path):
    ran = run("import", tmp_path)
    assert (ran.code, "Traceback" in ran.err) == (2, False)
    ran = run("import", tmp_path / "none.jsonl")
    assert ran.code == 2
    assert "none.jsonl" in ran.err
