"""The clock is set back an hour and forward a day between sweeps, and summer time begins and ends:
nothing is lost, and nothing is sent twice that was not in doubt.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy

import pytest
import stored
from faults.scale import scale

from continuation_cli.mail.transport import InDoubt, NotSent, Refused

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
JUMPS = (timedelta(), timedelta(), -HOUR, DAY)


class Machine:
    """A chat, a mail server that fails now and then, and a clock that is not always right."""

    def __init__(self, chat, source):
        self.chat, self.source = chat, source
        self.true, self.offset = NOON, timedelta()
        self.conversations = 0
        self.doubts = Counter()
        chat.answer = self.answer

    @property
    def now(self):
        return self.true + self.offset

    def answer(self, envelope):
        chance = self.source.random()
        if chance < 0.1:
            return NotSent("rcpt", "gone")
        if chance < 0.2:
            return Refused("dot", "later", permanent=False, code=451)
        if chance < 0.3:
            self.doubts[envelope.message_id] += 1
            if chance < 0.25:  # it had been accepted
                self.chat.delivered.append(envelope)
            return InDoubt("dot", "gone")
        return None

    def write(self):
        """A backend on the same machine, or one whose clock is right."""
        moment = self.source.choice((self.now, self.true))
        if self.conversations and self.source.random() < 0.3:
            name = f"c{self.source.randrange(self.conversations)}"
        else:
            name, self.conversations = f"c{self.conversations}", self.conversations + 1
            self.chat.converse(name)
        number = self.chat.rows("SELECT count(*) FROM messages")[0][0]
        self.chat.say(moment, id=f"m{number}", conversation=name)

    def sweep(self):
        self.chat.sweep(self.now, connections=2)

    def kill(self):
        """What was sent last, as a sweep leaves it that is killed before it says so."""
        sent = self.chat.rows(
            "SELECT id, message_id FROM emails WHERE state = 'sent' ORDER BY id DESC LIMIT 1"
        )
        for email, message_id in sent:
            self.doubts[message_id] += 1
            self.chat.write(
                "UPDATE emails SET state = 'sending', finished_at = NULL WHERE id = ?", email
            )


@pytest.mark.parametrize("seed", range(scale(8, 1000)))
def test_a_clock_that_jumps(seed, tmp_path, figures):
    source = random.Random(seed)
    with stored.Store(tmp_path / "chat.db") as chat:
        machine = Machine(chat, source)
        for _ in range(40):
            machine.true += source.uniform(0.5, 10) * MINUTE
            if source.random() < 0.3:
                machine.offset = source.choice(JUMPS)
            for _ in range(source.randrange(3)):
                machine.write()
            machine.sweep()
            if source.random() < 0.2:
                machine.kill()
        # From here on it is right; a message of tomorrow's is due tomorrow.
        machine.offset = timedelta()
        for _ in range(50):
            machine.true += HOUR
            machine.sweep()
        check(chat, machine, figures)


def check(chat, machine, figures):
    untold = chat.rows(
        "SELECT messages.id, emails.state FROM messages LEFT JOIN emails ON emails.id = email "
        "WHERE emails.state IS NOT 'sent'"
    )
    assert untold == []
    several = chat.rows(
        "SELECT held.message FROM email_messages AS held JOIN emails ON emails.id = held.email "
        "WHERE state = 'sent' GROUP BY emails.conversation, 1 HAVING count(*) > 1"
    )
    assert several == []
    sent = {row[0] for row in chat.rows("SELECT message_id FROM emails WHERE state = 'sent'")}
    arrived = Counter(envelope.message_id for envelope in chat.delivered)
    assert sent <= arrived.keys()
    copies = arrived - Counter(dict.fromkeys(arrived, 1))
    assert copies <= machine.doubts
    assert arrived.keys() - sent == set()
    assert len({(e.message_id, e.message) for e in chat.delivered}) == len(arrived)
    figures(
        "the clock jumps", "an hour back, a day forward",
        emails=len(sent), lost=len(untold), in_doubt=sum(machine.doubts.values()),
        twice=sum(copies.values()),
    )  # fmt: skip


# --- Summer time ----------------------------------------------------------------------------------

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")


@pytest.fixture
def machine_zone(monkeypatch):
    def set_zone(name):
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield set_zone
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("change", "before", "after"),
    [
        (datetime(2026, 3, 29, 1, tzinfo=UTC), "1:40 AM", "3:20 AM"),
        (datetime(2026, 10, 25, 1, tzinfo=UTC), "2:40 AM", "2:20 AM"),
    ],
    ids=["begins", "ends"],
)
def test_summer_time(tmp_path, machine_zone, change, before, after):
    """The machine's zone changes nothing; the channel's is told with its offset of the moment."""
    histories = {}
    for number, zone in enumerate(ZONES):
        machine_zone(zone)
        with stored.Store(tmp_path / f"{number}.db") as chat:
            chat.write("INSERT INTO settings VALUES ('acme', 'timezone', 'Europe/Berlin')")
            refused = set()

            def later_once(envelope, refused=refused):
                if envelope.message_id in refused:
                    return None
                refused.add(envelope.message_id)
                return Refused("dot", "later", permanent=False, code=451)

            chat.answer = later_once
            history = histories[zone] = []
            start = change - 90 * MINUTE
            for minute in range(180):
                now = start + minute * MINUTE
                if minute % 10 == 0:
                    chat.converse(f"c{minute}", began_at=stored.text(start))
                    chat.say(now, conversation=f"c{minute}")
                swept = chat.sweep(now)
                history += [(minute, r.conversation, r.state) for r in swept.results]
            bodies = {e.recipient: body(e.message) for e in chat.delivered}
        assert before in bodies["c70@example.com"]
        assert after in bodies["c110@example.com"]
    # Due after a minute, refused for a minute, sent: on time before, at, and after the change.
    expected = [
        entry
        for minute in range(0, 180, 10)
        for entry in (
            (minute + 1, f"c{minute}", "deferred"),
            (minute + 2, f"c{minute}", "sent"),
        )
    ]
    assert histories == dict.fromkeys(ZONES, expected)


def body(message):
    parsed = message_from_bytes(message, policy=policy.default)
    return parsed.get_body(("plain",)).get_content()
