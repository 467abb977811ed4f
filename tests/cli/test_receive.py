"""`receive` in a mail server's pipe: what the server is told. Anything that is wrong on this side
is 75, whatever it is; 65 and 67 are for mail that can never be taken.
"""

from __future__ import annotations

import io
import os
import resource
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

import pytest

from continuation_cli.__main__ import main

MESSAGE = b"From: %s\nTo: %s\nMessage-ID: <a1@x.example>\nSubject: Re: x\n\nYes, please.\n"


@pytest.fixture
def email(chat, run):
    """An email that the customer got; its Reply-To."""
    chat.set("inbound_domain", "reply.acme.example")
    chat.due()
    assert run("sweep").code == 0
    return chat.one("SELECT reply_to FROM emails")


@pytest.fixture
def mail(email):
    return MESSAGE % (b"ada@example.com", email.encode())


@pytest.fixture
def pipe(database):
    """`continuation receive` as a mail server runs it: the message on stdin, in /, no terminal."""

    def pipe(raw, *words, before=("--db", database), **more):
        ran = subprocess.run(
            [sys.executable, "-m", "continuation_cli", *before, "receive", *words],
            **{"input": raw, "stdout": -1, "stderr": -1, "cwd": "/", "env": {}, "timeout": 60,
               **more},
        )  # fmt: skip
        return ran.returncode, ran.stdout or b"", (ran.stderr or b"").decode()

    return pipe


@pytest.fixture
def deliver(database, monkeypatch, capsysbinary):
    """The same in this process, where that makes no difference."""
    monkeypatch.delenv("CONTINUATION_DB", raising=False)
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

    def deliver(raw, *words, before=("--db", database)):
        handlers = {number: signal.getsignal(number) for number in numbers}
        with monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["continuation", *before, "receive", *words])
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))
            try:
                with pytest.raises(SystemExit) as ended:
                    main()
            finally:
                for number, handler in handlers.items():
                    signal.signal(number, handler)
        out, err = capsysbinary.readouterr()
        return ended.value.code, out, err.decode()

    return deliver


def posted(chat):
    return [row["text"] for row in chat.sql("SELECT text FROM messages WHERE via = 'email'")]


# --- What the server is told ----------------------------------------------------------------------


def test_a_reply_is_taken_silently(pipe, chat, mail):
    assert pipe(mail) == (0, b"", "")
    assert posted(chat) == ["Yes, please."]
    assert pipe(mail) == (0, b"", "")
    assert len(posted(chat)) == 1


def test_from_a_file_and_by_the_envelope(deliver, chat, email, tmp_path):
    file = tmp_path / "a.eml"
    file.write_bytes(MESSAGE % (b"ada@example.com", b"x@y.example"))
    code, out, _ = deliver(b"", str(file), "--recipient", email, "--json")
    assert code == 0
    assert b'"state":"posted"' in out.replace(b" ", b"")
    assert len(posted(chat)) == 1


@pytest.mark.parametrize(
    ("raw", "code", "said"),
    [
        (b"", 65, "continuation: this is no email message: it has no header\n"),
        (b"\x00\xff" * 100, 65, "continuation: this is no email message: it has no header\n"),
        (b"To: x@y.example\n\nx", 67, "continuation: this address belongs to no conversation\n"),
        (
            b"To: reply+" + b"a" * 26 + b"@reply.acme.example\n\nx",
            67,
            "continuation: this address belongs to no conversation any more\n",
        ),
    ],
)
def test_what_can_never_be_taken(deliver, chat, raw, code, said):
    for _ in range(2):
        assert deliver(raw) == (code, b"", said)
    [digest] = [row["digest"] for row in chat.sql("SELECT digest FROM replies")]
    assert (Path(chat.path + ".mail") / "raw" / digest).read_bytes() == raw


@pytest.mark.parametrize(
    "head", [b"From: eve@evil.example\n", b"Auto-Submitted: auto-replied\nFrom: ada@example.com\n"]
)
def test_what_is_set_aside_is_taken(deliver, chat, email, head):
    assert deliver(head + b"To: " + email.encode() + b"\n\nx")[0] == 0
    assert posted(chat) == []


# --- 75: this side's fault ------------------------------------------------------------------------


def test_75_for_a_missing_database(deliver, tmp_path, mail):
    code, _, said = deliver(mail, before=("--db", str(tmp_path / "none.db")))
    assert (code, "there is no database" in said) == (75, True)
    assert not list(tmp_path.glob("none*"))


@pytest.mark.parametrize(
    ("before", "words"),
    [
        ((), ()),
        (("--db",), ()),
        (("--dbase", "x"), ()),
        (("--db=",), ()),
        (("--db", "/"), ()),
        (("--db", "DB"), ("--recipients", "x")),
        (("--db", "DB"), ("--recipient",)),
        (("--db", "DB"), ("-", "extra")),
        (("--db", "DB"), ("/no/such/file",)),
        (("--db", "DB"), ("/",)),
        (("--verbose", "--db", "DB"), ()),
    ],
)
def test_75_for_a_mistake_in_the_servers_configuration(deliver, chat, mail, before, words):
    before = [word.replace("DB", chat.path) for word in before]
    code, out, said = deliver(mail, *words, before=before)
    assert (code, out) == (75, b"")
    assert said
    assert posted(chat) == []


def test_75_for_what_is_no_database_of_ours(deliver, mail, tmp_path):
    for name, content in (("a.db", b"some text" * 1000), ("b.db", b""), ("c.db", None)):
        path = tmp_path / name
        if content is None:
            other = sqlite3.connect(path)
            other.execute("CREATE TABLE t (x)")
            other.close()
        else:
            path.write_bytes(content)
        assert deliver(mail, before=("--db", str(path)))[0] == 75


def test_75_for_a_damaged_database(deliver, chat, mail):
    chat.close()
    content = bytearray(Path(chat.path).read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    Path(chat.path).write_bytes(content)
    assert deliver(mail)[0] == 75


@pytest.mark.parametrize("version", [1, 99])
def test_75_for_another_schema(deliver, chat, mail, version):
    current = chat.one("PRAGMA user_version")
    chat.sql(f"PRAGMA user_version = {version}")
    assert deliver(mail)[0] == 75
    chat.sql(f"PRAGMA user_version = {current}")
    assert deliver(mail)[0] == 0
    assert len(posted(chat)) == 1


def test_75_for_a_limit_that_has_no_valid_value(deliver, chat, mail):
    chat.set("max_parts", "many")
    code, _, said = deliver(mail)
    assert (code, "max_parts" in said) == (75, True)


def test_75_for_a_locked_database(run, chat, mail, monkeypatch):
    """The message is on the disk, and nothing else is done; then it is posted once."""
    monkeypatch.setattr("continuation_cli.store.db.BUSY_TIMEOUT", 0.1)
    chat.sql("BEGIN IMMEDIATE")
    ran = run("receive", stdin=mail)
    assert (ran.code, "locked" in ran.err) == (75, True)
    chat.sql("ROLLBACK")
    assert chat.sql("SELECT 1 FROM replies") == []
    assert run("receive", stdin=mail).code == 0
    assert len(posted(chat)) == 1


def test_75_for_a_database_that_is_full(deliver, chat, email, monkeypatch):
    raw = MESSAGE % (b"ada@example.com", email.encode()) + b"All work and no play. " * 4000
    before = chat.dump()
    limit = Path(chat.path).stat().st_size // 4096
    code = (
        "import sys; from continuation_cli.store import db; usual = db.connect\n"
        "def connect(*a, **k):\n"
        "  c = usual(*a, **k)\n"
        f"  c.execute('PRAGMA max_page_count = {limit}')\n"
        "  return c\n"
        "db.connect = connect\n"
        "from continuation_cli.__main__ import main; main()"
    )
    words = [sys.executable, "-c", code, "--db", chat.path, "receive"]
    ran = subprocess.run(words, input=raw, capture_output=True, env={}, cwd="/")
    assert ran.returncode == 75
    assert b"full" in ran.stderr
    assert chat.dump() == before
    assert deliver(raw)[0] == 0
    assert len(posted(chat)) == 1


@pytest.mark.parametrize("room", [0, 20_000, 60_000])
def test_75_for_a_full_disk(pipe, deliver, chat, email, room):
    """No file may grow beyond `room`: the archive's comes first."""
    raw = MESSAGE % (b"ada@example.com", email.encode()) + b"All work and no play. " * 2000
    before = chat.dump()

    def limited():
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))

    code, _, said = pipe(raw, preexec_fn=limited)
    assert code == 75
    assert said
    assert chat.dump() == before
    assert not list(Path(chat.path + ".mail").glob("tmp/*"))
    assert deliver(raw)[0] == 0
    assert len(posted(chat)) == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_75_or_0_where_its_own_output_cannot_be_written(pipe, chat, mail, stream):
    """Never 1 or 120, which would return the message."""
    with Path("/dev/full").open("wb") as full:
        streams = {stream: full}
        assert pipe(mail, "--json", **streams)[0] in (0, 75)
        assert pipe(mail, "--wrong", **streams)[0] == 75
        assert pipe(mail, before=("--db", "/none"), **streams)[0] == 75
    assert pipe(mail)[0] == 0
    assert len(posted(chat)) == 1


def test_75_where_it_may_not_write(deliver, chat, mail, database, tmp_path):
    assert deliver(b"To: warm@up.example\n\n")[0] == 67  # all modules are loaded
    Path(database).chmod(0o444)
    for folder in (tmp_path, *tmp_path.parents[:-1]) if os.geteuid() == 0 else ():
        folder.chmod(folder.stat().st_mode | 0o055)
    before = chat.dump()
    child = os.fork()
    if child == 0:
        if os.geteuid() == 0:
            os.setgroups([])
            os.setresuid(65534, 65534, 65534)
        code, _, said = deliver(mail)
        os._exit(code if "read-only" in said else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 75
    assert chat.dump() == before


@pytest.mark.parametrize(
    "broken", ["continuation_cli.receive", "continuation_cli.core.extract", "click", "sqlite3"]
)
def test_75_for_a_broken_installation(chat, mail, tmp_path, broken):
    code = (
        f"import sys; sys.modules[{broken!r}] = None\n"
        "from continuation_cli.__main__ import main; main()"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code, "--db", chat.path, "receive"],
        input=mail, capture_output=True, env={}, cwd="/",
    )  # fmt: skip
    assert ran.returncode == 75
    assert posted(chat) == []


def test_75_for_no_standard_input(chat, email):
    words = f'exec "$0" -m continuation_cli --db "{chat.path}" receive <&-'
    ran = subprocess.run(["sh", "-c", words, sys.executable], capture_output=True, env={}, cwd="/")
    assert ran.returncode == 75


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_75_when_told_to_end(spawn, chat, mail, number):
    """While the server is still writing the message, and while it waits for the database."""
    before = chat.dump()
    slow = spawn("receive", stdin=subprocess.PIPE)
    slow.stdin.write(mail[:50])
    slow.stdin.flush()
    tmp = Path(chat.path + ".mail") / "tmp"
    until = time.monotonic() + 20
    while not (tmp.exists() and list(tmp.iterdir())) and time.monotonic() < until:
        time.sleep(0.01)
    slow.send_signal(number)
    assert slow.wait(10) == 75
    assert list(tmp.iterdir()) == []
    assert chat.dump() == before


# --- Killed ---------------------------------------------------------------------------------------


POINTS = [
    "continuation_cli.mail.archive:os.open", "continuation_cli.mail.archive:os.fsync",
    "continuation_cli.mail.archive:Path.replace", "continuation_cli.receive:understood",
    "continuation_cli.receive:with_content", "continuation_cli.store.inbox:known",
    "continuation_cli.store.inbox:record", "continuation_cli.store.inbox:post",
    "continuation_cli.output:emit_json",
]  # fmt: skip


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("point", POINTS)
def test_killed_at_any_point_it_is_posted_once(deliver, chat, mail, point, when):
    module, _, name = point.partition(":")
    target = import_module(module)
    *path, name = name.split(".")
    for part in path:
        target = getattr(target, part)
    usual = getattr(target, name)

    def doomed(*args, **more):
        if when == "after":
            usual(*args, **more)
        os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if child == 0:
        setattr(target, name, doomed)
        deliver(mail, "--json")
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert len(posted(chat)) == (name == "emit_json")
    assert deliver(mail)[0] == 0
    assert posted(chat) == ["Yes, please."]
    assert chat.one("SELECT count(*) FROM replies") == 1
    [raw] = (Path(chat.path + ".mail") / "raw").iterdir()
    assert raw.read_bytes() == mail


def test_killed_at_random_moments_each_is_posted_once(spawn, deliver, chat, email):
    """As a server does that is restarted again and again: what was not acknowledged comes again."""
    mails = {f"Answer {n}": MESSAGE.replace(b"a1@", b"a%d@" % n) for n in range(6)}
    for n, (text, mail) in enumerate(mails.items()):
        raw = mail.replace(b"Yes, please.", text.encode()) % (
            b"ada@example.com", email.encode()
        )  # fmt: skip
        for delay in (0.05 + 0.03 * n, 0.1 + 0.03 * n):
            doomed = spawn("receive", stdin=subprocess.PIPE)
            doomed.stdin.write(raw)
            doomed.stdin.close()
            doomed.stdin = None
            time.sleep(delay)
            doomed.kill()
            doomed.wait(10)
        assert deliver(raw)[0] == 0
    assert sorted(posted(chat)) == sorted(mails)
    assert chat.one("SELECT count(*) FROM replies") == len(mails)


def test_several_at_once_post_the_same_message_once(spawn, chat, mail):
    running = [spawn("receive", stdin=subprocess.PIPE) for _ in range(3)]
    for each in running:
        each.stdin.write(mail)
    for each in running:
        each.stdin.close()
        each.stdin = None
    assert [each.wait(60) for each in running] == [0] * 3
    assert posted(chat) == ["Yes, please."]


# --- What it leaves ------------------------------------------------------------------------------


def test_what_it_makes_is_for_its_owner_only(pipe, chat, mail):
    pipe(mail, umask=0)
    root = Path(chat.path + ".mail")
    for path in (root, *root.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)
