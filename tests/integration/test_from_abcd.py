"""Recorded chats, converted, imported and walked through by the clock."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from email import policy
from email.parser import BytesParser
from pathlib import Path

import pytest

CONVERTER = Path(__file__).parents[2] / "sample_data" / "from_abcd.py"

CHATS = [
    {
        "convo_id": 7,
        "customer_name": "ines costa",
        "email": "ines@example.com",
        "original": [
            ["customer", "my parcel is late"],
            ["agent", "I am sorry. What is the order number?"],
            ["customer", "it is 4471"],
            ["action", "Order 4471 has been pulled up."],
            ["agent", "It left us on Monday."],
            ["action", "A credit of $5 was noted."],
            ["agent", "It should arrive tomorrow."],
            ["customer", "thanks"],
            ["action", "The chat was rated 5."],
        ],
    },
    {
        "convo_id": 8,
        "customer_name": "jo",
        "email": None,
        "original": [["customer", "hello?"], ["agent", "Hi, how can I help?"]],
    },
]
END = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=30)


@pytest.fixture
def imported(run, chat, tmp_path):
    """The two chats in the database; the last turn was half an hour ago."""

    def convert(*options):
        file = tmp_path / "chats.json"
        file.write_text(json.dumps(CHATS))
        command = [sys.executable, str(CONVERTER), str(file), "--end", END.isoformat(), *options]
        return subprocess.run(command, capture_output=True, check=True, timeout=30).stdout

    assert run("import", "-", stdin=convert()).code == 0
    return convert


def at(offset):
    return (END + offset).isoformat()


def states(run, now):
    return {r["conversation"]: (r["state"], r["reason"], r["messages"])
            for r in run("pending", "--json", "--now", now).data}  # fmt: skip


def test_the_clock_runs_forward(run, imported):
    """The customer leaves 2 s after their last answered words; the first agent's turn that they
    miss starts the clock."""
    first = run("show", "abcd-7", "--json").data["messages"][4]
    assert (first["author"], first["text"]) == ("agent", "It left us on Monday.")
    due = datetime.fromisoformat(first["sent_at"]) + timedelta(minutes=1)
    before = (due - timedelta(milliseconds=1)).isoformat()
    assert states(run, before)["abcd-7"] == ("waiting", None, ["m5", "m7"])
    assert states(run, due.isoformat())["abcd-7"] == ("due", None, ["m5", "m7"])
    assert states(run, at(timedelta(days=4)))["abcd-7"][:2] == ("skipped", "expired")
    assert states(run, at(timedelta()))["abcd-8"][:2] == ("skipped", "no_address")
    preview = run("sweep", "--preview", "--json", "--now", before).data
    assert preview["emails"] == []


def test_the_emails_hold_what_agents_said_and_no_action(run, imported, tmp_path):
    assert run("sweep").code == 0
    [file] = (tmp_path / "outgoing" / "new").iterdir()
    message = BytesParser(policy=policy.default).parsebytes(file.read_bytes())
    assert str(message["To"]) == "Ines Costa <ines@example.com>"
    for kind in ("plain", "html"):
        text = message.get_body((kind,)).get_content()
        assert "It left us on Monday." in text
        assert "It should arrive tomorrow." in text
        for turn in ("pulled up", "credit", "rated"):
            assert turn not in text


def test_what_the_customer_wrote_after_the_last_answer(imported):
    """Left out, so that the answer is unseen; kept on request."""
    texts = [json.loads(line).get("text") for line in imported().splitlines()]
    assert "thanks" not in texts
    texts = [json.loads(line).get("text") for line in imported("--whole").splitlines()]
    assert "thanks" in texts


def test_the_same_chats_give_the_same_events(imported, run):
    events = imported()
    assert imported() == events
    again = run("import", "-", "--json", stdin=events).data
    assert (again["changed"], again["rejected"]) == (0, 0)
