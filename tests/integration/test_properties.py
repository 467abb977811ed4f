"""Whatever happens, in whatever order: the program does what an independent model of the rules
does, and no customer gets a message twice, too early, or one that is not for them.
"""

from __future__ import annotations

import json
import re
from email import message_from_bytes
from email.policy import SMTP
from random import Random

import stored
from histories import examples
from hypothesis import given, note
from hypothesis import strategies as st
from reference_model import PRIVATE, History, Model, to_datetime, to_milliseconds, to_text, word_of

from continuation_cli.core import durations, events, schedule
from continuation_cli.store import activity, check, db, outbox
from continuation_cli.store.events import EventWriter
from continuation_cli.store.settings import SettingsReader


class Run:
    """One history, told to the model and to the program alike; they are compared all along."""

    def __init__(self, chat, history):
        self.chat = chat
        self.history = history
        self.model = Model(history.rules)
        self.writer = EventWriter(chat.ours)
        self.emailed = {}
        for key, value in typed(history.rules).items():
            chat.write("REPLACE INTO settings VALUES ('acme', ?, ?)", key, value)

    def run(self):
        for step in self.history:
            note(str(step))
            getattr(self, f"on_{step[0]}")(*step[1:])

    def on_event(self, event):
        self.model.tell(event)
        with db.writing(self.chat.ours):
            self.writer.apply(events.parse(json.dumps(event)))
        self.compare(self.history.now)

    def on_hold(self, name):
        self.model.chats[name].held = True
        self.chat.write("UPDATE conversations SET held_at = began_at WHERE id = ?", name)

    def on_release(self, name):
        self.model.chats[name].held = False
        self.chat.write("UPDATE conversations SET held_at = NULL WHERE id = ?", name)

    def on_suppress(self, address, reason):
        self.model.suppressed[address] = reason
        self.chat.write(
            "REPLACE INTO suppressions (address, reason) VALUES (?, ?)", address, reason
        )

    def on_unsuppress(self, address, _reason):
        self.model.suppressed.pop(address, None)
        self.chat.write("DELETE FROM suppressions WHERE address = ?", address)

    def on_sweep(self, now):
        self.compare(now)
        assert check.problems(self.chat.ours, to_datetime(now)) == []
        expected = self.model.sweep(now)
        swept = self.chat.sweep(to_datetime(now))
        assert swept.report.stopped is None
        sent = {result.conversation: result.email for result in swept.results}
        assert {result.state for result in swept.results} <= {"sent"}
        assert {
            name: tuple(outbox.messages_of(self.chat.ours, email)) for name, email in sent.items()
        } == expected
        assert len(swept.delivered) == len(expected)
        for name, email in sent.items():
            self.emailed.setdefault(name, []).extend(expected[name])
            self.inspect(name, email, expected[name])
        assert check.problems(self.chat.ours, to_datetime(now)) == []

    def compare(self, now):
        """The program's decision and the model's, for every conversation."""
        settings = SettingsReader(self.chat.ours)
        for name in self.model.chats:
            conversation = activity.conversation(self.chat.ours, name, to_datetime(now))
            options = settings.of(conversation.channel)
            decision = schedule.decide(conversation, options, to_datetime(now))
            expected = self.model.judge(name, now)
            if isinstance(decision, schedule.Skipped):
                found = ("skipped", decision.reason, None)
            elif isinstance(decision, schedule.Due):
                found = ("due", decision.rule, milliseconds(decision.due_at))
            else:
                found = ("waiting", decision.rule, milliseconds(decision.until))
            assert found == expected[:3], (name, to_text(now))
            if expected.messages:
                held = schedule.for_email(conversation.unseen, options)
                assert tuple(message.id for message in held) == expected.messages

    def inspect(self, name, email, messages):
        """An email as the customer gets it: all of its messages, and nothing that is private."""
        row = outbox.one(self.chat.ours, email)
        assert PRIVATE.encode() not in row["message"]
        parsed = message_from_bytes(row["message"], policy=SMTP)
        assert parsed["To"].addresses[0].addr_spec == f"{name}@example.com"
        chat = self.model.chats[name]
        public = {
            word_of(message)
            for message, (author, _) in chat.spoken.items()
            if author in ("agent", "bot", "customer") and message not in chat.deleted
        }
        for value in parsed.values():
            assert PRIVATE not in str(value)
        parts = {part.get_content_type(): part.get_content() for part in parsed.iter_parts()}
        assert parts.keys() == {"text/plain", "text/html"}
        for content in parts.values():
            assert PRIVATE not in content
            words = re.findall(r"Wort\d{3}", content)
            assert set(words) <= public
            assert {word_of(message) for message in messages} <= set(words)


def milliseconds(moment):
    return to_milliseconds(moment.isoformat())


def typed(rules):
    """The model's rules as a person types them."""

    def duration(milliseconds):
        return "never" if milliseconds is None else durations.show(to_delta(milliseconds))

    return {
        "offline_delay": duration(rules.offline_delay),
        "unseen_delay": duration(rules.unseen_delay),
        "presence_timeout": duration(rules.presence_timeout),
        "max_age": duration(rules.max_age),
        "daily_cap": str(rules.daily_cap),
        "bot_messages": rules.bot_messages,
        "inbound_domain": "reply.example.com",
    }


def to_delta(milliseconds):
    return to_datetime(milliseconds) - to_datetime(0)


@examples(80)
@given(st.integers(0, 2**32), st.integers(1, 40))
def test_the_program_does_what_the_rules_say(seed, steps):
    with stored.store() as chat:
        run = Run(chat, History(Random(seed), steps))
        run.run()
        for name, messages in run.emailed.items():
            assert len(messages) == len(set(messages)), f"{name}: a message in two emails"
            assert set(messages) == run.model.chats[name].mailed
