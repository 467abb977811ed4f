"""Programs at once on one database: nothing twice, nothing lost, and nobody reads of a lock."""

from __future__ import annotations

import threading
import time
from collections import Counter
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import TYPE_CHECKING

import pytest
from faults.scale import scale

if TYPE_CHECKING:
    from collections.abc import Iterator

SWEEPS = 10


@pytest.fixture
def outgoing(chat, real_smtp):
    server = real_smtp()
    chat.set("transport", server.url)
    return server


def recipients(server) -> Counter[str]:
    return Counter(mail.recipients[0] for mail in server.mails)


def finished(processes, codes=(0, 75)):
    """Wait for programs; none may fail, and none may speak of a locked database."""
    for process in processes:
        out, err = process.communicate(timeout=120)
        assert process.returncode in codes, (process.args, process.returncode, out, err)
        assert b"locked" not in err, err
        assert b"Traceback" not in err, err


def test_ten_sweeps_started_at_once_send_each_email_once(chat, spawn, outgoing, figures):
    expected: Counter[str] = Counter()
    for number in range(scale(2, 50)):
        for each in range(20):
            address = f"c{number}-{each}@example.com"
            chat.due(f"c{number}-{each}", email=address)
            expected[address] = 1
        finished([spawn("sweep") for _ in range(SWEEPS)])
        # Whoever came too late did nothing; whoever had the lock did all.
        assert recipients(outgoing) == expected
        figures("at once", f"{SWEEPS} sweeps", emails=20, sweeps=SWEEPS, lost=0, twice=0)
    assert {row["state"] for row in chat.emails()} == {"sent"}


class Backend(threading.Thread):
    """A chat backend that writes 500 rows a second with plain SQL, as others' programs do."""

    def __init__(self, chat_type, path: str, seconds: int) -> None:
        super().__init__()
        self._open = lambda: chat_type(path, check_same_thread=False)
        self._until = time.monotonic() + seconds
        self.conversations: list[str] = []
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            self._write(self._open())
        except Exception as error:
            self.error = error

    def _write(self, chat) -> None:
        chat.sql("PRAGMA busy_timeout = 10000")
        number = 0
        while time.monotonic() < self._until:
            began, number = time.monotonic(), number + 1
            name = f"w{number}"
            chat.due(name, email=f"{name}@example.com")
            for turn in range(2, 45):
                chat.message(name, f"n{turn}", ago=30, author="customer" if turn % 2 else "note")
            for turn in range(3):
                chat.page(name, f"q{turn}", closed=40 + turn)
            self.conversations.append(name)
            time.sleep(max(0.0, 0.1 - (time.monotonic() - began)))
        chat.close()


def replies_to(server, seen: set[str]) -> Iterator[bytes]:
    """An answer to each email that arrived and has not been answered yet."""
    for mail in list(server.mails):
        sent = message_from_bytes(mail.content, policy=policy.default)
        if str(sent["Message-ID"]) in seen:
            continue
        seen.add(str(sent["Message-ID"]))
        reply = EmailMessage(policy=policy.SMTP)
        reply["From"], reply["To"] = mail.recipients[0], str(sent["Reply-To"])
        reply["Subject"] = f"Re: {sent['Subject']}"
        reply["Message-ID"] = f"<re-{str(sent['Message-ID'])[1:]}"
        reply["In-Reply-To"] = str(sent["Message-ID"])
        reply.set_content(f"Thanks, says {mail.recipients[0]}.\n")
        yield reply.as_bytes()


def test_everything_at_once(chat, spawn, process, outgoing, tmp_path, figures):
    """A backend, sweeps, replies, settings, prune, migrate: no update is lost, nothing doubled."""
    chat.set("inbound_domain", "reply.acme.example")
    chat.due("c1", email="c1@example.com")
    backend = Backend(type(chat), chat.path, scale(4, 60))
    backend.start()
    answered: set[str] = set()
    changes = 0
    while backend.is_alive():
        running = [spawn("sweep"), spawn("sweep", "--limit", 5)]
        for number, raw in enumerate(list(replies_to(outgoing, answered))[:6]):
            file = tmp_path / f"{changes}-{number}.eml"
            file.write_bytes(raw)
            # The same message twice at once, as from two servers.
            running += [spawn("receive", str(file)), spawn("receive", str(file))]
        changes += 1
        running.append(spawn("settings", "set", "brand-name", f"Acme {changes}"))
        running.append(spawn("prune", "--older-than", "90d"))
        running.append(spawn("db", "migrate"))
        finished(running)
    backend.join()
    assert backend.error is None
    assert process("sweep").code == 0
    assert chat.one("SELECT count(*) FROM waiting") == 0
    assert recipients(outgoing) == Counter(
        f"{name}@example.com" for name in ["c1", *backend.conversations]
    )
    history = chat.sql("SELECT old, new FROM settings_history WHERE key = 'brand_name' ORDER BY id")
    assert [row["new"] for row in history] == [f"Acme {n + 1}" for n in range(changes)]
    assert [row["old"] for row in history[1:]] == [row["new"] for row in history[:-1]]
    posted = chat.sql(
        "SELECT conversation, count(*) AS n FROM messages WHERE via = 'email' GROUP BY 1"
    )
    assert all(row["n"] == 1 for row in posted)
    assert len(posted) == chat.one("SELECT count(*) FROM replies") > 0
    assert process("db", "check").code == 0
    figures(
        "at once", "backend, sweeps, receive, settings set, prune, db migrate",
        emails=len(backend.conversations) + 1, sweeps=2 * changes + 1, lost=0, twice=0,
        replies=len(posted), settings_changed=changes,
    )  # fmt: skip
