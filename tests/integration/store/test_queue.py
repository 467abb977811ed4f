"""The queue finds what is due, whatever a backend's plain SQL and the sweeps did before."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from random import Random

import pytest
import stored
from builders import MS, at
from histories import examples
from hypothesis import given, note
from hypothesis import strategies as st
from stored import text

from continuation_cli.core import schedule
from continuation_cli.mail.transport import InDoubt, NotSent, Refused, Unavailable
from continuation_cli.store import activity, check, queue
from continuation_cli.store.settings import SettingsReader

NEVER = at("+99 0:00")


def due_by_full_scan(chat, now):
    """Every conversation that `decide` calls due, without the queue's help."""
    settings = SettingsReader(chat.ours)
    found = set()
    for name in activity.every_conversation(chat.ours, None):
        conversation = activity.conversation(chat.ours, name, now)
        decision = schedule.decide(conversation, settings.of(conversation.channel), now)
        if isinstance(decision, schedule.Due):
            found.add(name)
    return found


class Backend:
    """Writes anything at random, with every statement that SQL has for it."""

    def __init__(self, chat, random):
        self.chat = chat
        self.random = random
        self.now = at("9:00")

    def act(self):
        """One statement; a constraint may refuse it."""
        table = self.random.choice(
            ["messages"] * 5 + ["pages"] * 3 + ["conversations"] * 2
            + ["reads", "settings", "suppressions"]
        )  # fmt: skip
        how = self.random.choice(["INSERT", "REPLACE", "INSERT OR IGNORE", "UPSERT"]
                                 + ["UPDATE"] * 4 + ["DELETE"])  # fmt: skip
        row = getattr(self, table)()
        if how == "DELETE":
            sql, values = self.delete(table, row)
        elif how == "UPDATE":
            sql, values = self.update(table, row)
        else:
            sql, values = self.insert(table, row, how)
        note(f"{sql} {values}")
        try:
            self.chat.write(sql, *values)
        except sqlite3.IntegrityError as error:
            note(f"refused: {error}")

    def insert(self, table, row, how):
        sql = f"{how.replace('UPSERT', 'INSERT')} INTO {table} ({', '.join(row)}) "
        sql += f"VALUES ({', '.join('?' * len(row))})"
        if how == "UPSERT":
            keys = KEYS[table]
            changes = ", ".join(f"{key} = excluded.{key}" for key in row if key not in keys)
            sql += f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {changes}"
        return sql, [*row.values()]

    def update(self, table, row):
        """One or two columns, of one row or of all rows of one name."""
        columns = [key for key in row if key not in KEYS[table]]
        if table == "messages":
            # To another conversation only what is in no email: see docs/schema.md.
            columns = self.random.choice([["conversation"], *([column] for column in columns)])
        columns = self.random.sample(columns, k=min(len(columns), self.random.choice([1, 2])))
        where = KEYS[table]
        if table != "settings":  # values fit their own key only
            where = self.random.sample(where, k=self.random.randint(1, len(where)))
        sql = f"UPDATE {table} SET {', '.join(f'{key} = ?' for key in columns)}"
        sql += f" WHERE {' AND '.join(f'{key} = ?' for key in where)}"
        if columns == ["conversation"]:
            sql += " AND email IS NULL"
        return sql, [*(row[key] for key in columns), *(row[key] for key in where)]

    def delete(self, table, row):
        where = " AND ".join(f"{key} = ?" for key in KEYS[table])
        return f"DELETE FROM {table} WHERE {where}", [row[key] for key in KEYS[table]]

    def time(self, future=0.1):
        step = timedelta(minutes=self.random.choice([0, 0, 1, 2, 15, 60]))
        step += self.random.choice([0, 0, 1, -1]) * MS
        return text(self.now + step if self.random.random() < future else self.now - step)

    def maybe(self, chance=0.3):
        return self.time() if self.random.random() < chance else None

    def messages(self):
        return {
            "conversation": self.conversation(),
            "id": f"m{self.random.randint(1, 5)}",
            "author": self.random.choice(
                ["agent"] * 5 + ["bot"] * 2 + ["customer", "note", "system"]
            ),
            "via": self.random.choice(["chat", "chat", "email"]),
            "text": self.random.choice(["one", "two"]),
            "sent_at": self.time(),
            "seen_at": self.maybe(0.2),
            "deleted_at": self.maybe(0.2),
        }

    def pages(self):
        return {
            "conversation": self.conversation(),
            "id": self.random.choice(["p1", "p2"]),
            "opened_at": self.time(),
            "visible_at": self.maybe(),
            "hidden_at": self.maybe(),
            "last_active_at": self.maybe(),
            "closed_at": self.maybe(),
        }

    def conversation(self):
        return self.random.choice(["c1", "c1", "c2", "c3"])

    def conversations(self):
        return {
            "id": self.conversation(),
            "channel": self.random.choice(["acme", "shop"]),
            "email": self.random.choice(["ada@example.com"] * 4 + ["eve@example.com", None, "x"]),
            "began_at": self.time(),
            "held_at": self.maybe(0.2),
            "set_aside_until": self.maybe(0.2),
        }

    def reads(self):
        message = f"m{self.random.randint(1, 5)}"
        return {"conversation": self.conversation(), "through": message, "at": self.time()}

    def settings(self):
        key, values = self.random.choice(list(VALUES.items()))
        channel = self.random.choice(["", "acme", "shop"])
        return {"channel": channel, "key": key, "value": self.random.choice(values)}

    def suppressions(self):
        address = self.random.choice(["ada@example.com", "eve@example.com"])
        return {"address": address, "reason": self.random.choice(["manual", "unsubscribe"])}

    def answer(self, _envelope):
        """What the mail server says."""
        return self.random.choice(
            [
                *[None] * 6,
                NotSent("data", "connection lost"),
                InDoubt("dot", "connection lost"),
                Refused("rcpt", "greylisted", permanent=False, code=450),
                Refused("rcpt", "no such user", permanent=True, recipient=True, code=550),
            ]
        )


KEYS = {
    "messages": ["conversation", "id"],
    "pages": ["conversation", "id"],
    "conversations": ["id"],
    "reads": ["conversation", "through"],
    "settings": ["channel", "key"],
    "suppressions": ["address"],
}
VALUES = {
    "enabled": ["on", "on", "off"],
    "offline_delay": ["0", "1m", "15m", "never"],
    "unseen_delay": ["0", "1m", "15m", "never"],
    "presence_timeout": ["1m", "15m"],
    "max_age": ["30m", "3d"],
    "bot_messages": ["include", "trigger", "omit"],
    "daily_cap": ["0", "1", "2", "20"],
    "on_unknown": ["resend", "hold"],
}


@examples(80)
@given(st.integers(0, 2**32), st.integers(1, 60), st.booleans())
def test_everything_due_is_found_after_any_statements_and_sweeps(seed, steps, foreign_keys):
    with stored.store(foreign_keys=foreign_keys) as chat:
        chat.write("INSERT INTO channels (id) VALUES ('shop')")
        backend = Backend(chat, Random(seed))
        chat.answer = backend.answer
        for name in ("c1", "c2"):
            chat.converse(name, email="ada@example.com", began_at=text(at("8:00")))
        for _ in range(steps):
            backend.act()
            backend.now += timedelta(minutes=backend.random.choice([0, 0, 1, 1, 5, 15]))
            assert_found(chat, backend.now)
            if backend.random.random() < 0.4:
                note(f"sweep at {backend.now}")
                chat.sweep(backend.now)
                assert_found(chat, backend.now)
            if backend.random.random() < 0.05:
                backend.now -= timedelta(minutes=backend.random.choice([1, 10, 60]))
                note(f"the clock is set back to {backend.now}")
                chat.sweep(backend.now)
                assert_found(chat, backend.now)


def assert_found(chat, now):
    found = {candidate.conversation for candidate in queue.find(chat.ours, now)}
    assert due_by_full_scan(chat, now) <= found
    # Without foreign keys a backend can leave messages behind that belong to no conversation.
    wrong = [p for p in check.problems(chat.ours, now) if "belongs to no row" not in p]
    assert wrong == []


# --- find, and what goes with it ---------------------------------------------------------------


@pytest.fixture
def three(chat):
    """c1 waits since 9:03, c2 since 9:02, c3 since 9:01; c3 in another channel."""
    chat.write("INSERT INTO channels (id) VALUES ('shop')")
    for number in (1, 2, 3):
        chat.converse(f"c{number}", channel="shop" if number == 3 else "acme")
        chat.say(at(f"9:0{4 - number}"), conversation=f"c{number}")
    return chat


def names(candidates):
    return [candidate.conversation for candidate in candidates]


def test_the_longest_waiting_comes_first(three):
    assert names(queue.find(three.ours, at("9:30"))) == ["c3", "c2", "c1"]


def test_nothing_is_found_before_its_time(three):
    assert names(queue.find(three.ours, at("9:02") - MS)) == ["c3"]
    assert names(queue.find(three.ours, at("9:02"))) == ["c3", "c2"]


def test_batches_follow_each_other(three):
    first = queue.find(three.ours, at("9:30"), limit=2)
    assert names(first) == ["c3", "c2"]
    assert names(queue.find(three.ours, at("9:30"), after=first[-1], limit=2)) == ["c1"]
    assert queue.find(three.ours, at("9:30"), after=queue.find(three.ours, at("9:30"))[-1]) == []


def test_ties_are_not_lost_between_batches(chat):
    for number in range(5):
        chat.converse(f"c{number}")
        chat.say(at("9:00"), conversation=f"c{number}")
    found, last = [], queue.START
    while batch := queue.find(chat.ours, at("9:30"), after=last, limit=2):
        found += names(batch)
        last = batch[-1]
    assert found == [f"c{number}" for number in range(5)]


def test_one_channel_only(three):
    assert names(queue.find(three.ours, at("9:30"), channel="shop")) == ["c3"]
    assert names(queue.find(three.ours, at("9:30"), channel="acme", limit=1)) == ["c2"]
    assert queue.find(three.ours, at("9:30"), channel="nowhere") == []


def test_idle_until_something_may_be_due(three):
    assert queue.is_idle(three.ours, text(at("9:01") - MS))
    assert not queue.is_idle(three.ours, text(at("9:01")))


def test_not_idle_with_an_unfinished_email(chat):
    chat.converse()
    chat.say(at("9:00"))
    chat.answer = lambda _envelope: Refused("rcpt", "later", permanent=False, code=450)
    chat.sweep(at("9:10"))
    assert queue.is_idle(chat.ours, text(at("9:11") - MS))
    assert not queue.is_idle(chat.ours, text(at("9:11")))
    chat.write("UPDATE emails SET state = 'sending', next_attempt_at = NULL")
    assert not queue.is_idle(chat.ours, text(at("9:10")))


def test_a_sweep_moves_the_turn_on(three):
    three.write("INSERT INTO settings VALUES ('acme', 'offline_delay', '10m')")
    three.write("INSERT INTO settings VALUES ('shop', 'enabled', 'off')")
    three.sweep(at("9:05"))
    assert three.waiting() == {
        "c1": (text(at("9:13")), None),
        "c2": (text(at("9:12")), None),
        "c3": (None, "disabled"),
    }
    assert queue.is_idle(three.ours, text(at("9:12") - MS))
    assert queue.parked(three.ours) == [("disabled", 1)]


def test_a_clock_that_was_ahead_does_no_lasting_harm(chat):
    """A sweep of next week found the message too old; back in this week, it is not."""
    chat.converse()
    chat.say(at("9:00"))
    chat.sweep(at("+7 9:00"))
    assert chat.waiting() == {"c1": (None, "expired")}
    assert not queue.is_idle(chat.ours, text(at("9:05")))
    assert chat.sweep(at("9:05")).recipients == ["c1@example.com"]
    assert queue.is_idle(chat.ours, text(at("9:06")))


def test_a_server_was_gone_while_the_clock_was_ahead(chat):
    """What waits for a time that only a clock which was ahead could name is tried at once."""
    chat.converse()
    chat.say(at("9:00"))
    chat.answer = lambda _envelope: Unavailable("mail", "shutting down", code=421)
    assert chat.sweep(at("+1 9:10")).report.stopped
    chat.answer = lambda _envelope: None
    assert queue.is_idle(chat.ours, text(at("+1 9:10") - timedelta(hours=4)))
    assert not queue.is_idle(chat.ours, text(at("+1 9:10") - timedelta(hours=4) - MS))
    assert chat.sweep(at("9:20")).recipients == ["c1@example.com"]
    assert queue.is_idle(chat.ours, text(at("9:20")))
