"""The program and the reference model get the same history, and are compared all along."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

from faults.faulty_server import Server
from faults.reference_outbox import Post
from reference_model import PRIVATE, to_datetime, to_milliseconds, to_text, word_of
from reports import recipient as report_of
from reports import report

from continuation_cli.core import durations, events, schedule
from continuation_cli.mail.archive import Archive
from continuation_cli.planning import Scope
from continuation_cli.receive import Receiver
from continuation_cli.store import (
    activity,
    check,
    db,
    inbox,
    outbox,
    prune,
    queue,
    settings,
    suppressions,
)
from continuation_cli.store.events import EventWriter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import stored
    from faults.minutes import Step
    from faults.reference_records import Email


DOMAIN = "reply.example.com"


class Run:
    """One history, told to both."""

    def __init__(self, chat: stored.Store) -> None:
        self.chat = chat
        self.now = 0
        self.sweeps = 0
        self.attempts = 0
        self.model = Post()
        self.writer = EventWriter(chat.ours)
        self.archive = Archive(chat.path)
        self.receiver = Receiver(chat.ours, self.archive, lambda: to_datetime(self.now))
        self.server = Server()
        self.server.conversation_of = self._conversation_of
        self.told: dict[str, str] = {}  # message: the email in which it was delivered
        self.received = 0
        self.quarantined: list[tuple[int, Email, bytes]] = []
        self.last_raw: tuple[bytes, Email] | None = None
        chat.transport = self.server.transport  # type: ignore[assignment]
        chat.write("REPLACE INTO settings VALUES ('', 'inbound_domain', ?)", DOMAIN)
        chat.write("REPLACE INTO settings VALUES ('acme', 'timezone', 'Europe/Berlin')")
        chat.write("REPLACE INTO settings VALUES ('', 'timezone', 'America/New_York')")

    def tell(self, steps: Iterable[Step]) -> None:
        """Raises AssertionError where the two disagree."""
        for now, kind, *arguments in steps:
            self.now = now
            getattr(self, f"on_{kind}")(*arguments)
        self.finish()

    def counts(self) -> dict[str, int]:
        """What happened, for the figures."""
        states = Counter(email.state for email in self.model.emails)
        kinds = Counter(kind for (kind,) in self.chat.rows("SELECT kind FROM replies"))
        return {
            "sweeps": self.sweeps,
            "attempts": self.attempts,
            "emails": len(self.model.emails),
            **{state: states[state] for state in ("sent", "failed", "cancelled")},
            "in_doubt": sum(email.in_doubt for email in self.model.emails),
            "resent": len(self.server.inboxes) - len(dict(self.server.inboxes)),
            "replies": kinds["reply"],
            "bounces": kinds["bounce"],
        }

    # --- The chat -----------------------------------------------------------------------------

    def on_event(self, event: dict[str, Any]) -> None:
        self.model.tell(event)
        with db.writing(self.chat.ours):
            self.writer.apply(events.parse(json.dumps(event)))

    def on_hold(self, name: str, held: bool) -> None:
        if name not in self.model.chats:
            return
        self.model.chats[name].held = held
        with db.writing(self.chat.ours):
            if held:
                activity.hold(self.chat.ours, name, to_datetime(self.now), "ana", None)
            else:
                activity.release(self.chat.ours, name)

    def on_suppression(self, address: str, reason: str | None) -> None:
        with db.writing(self.chat.ours):
            if reason is None:
                self.model.suppressed.pop(address, None)
                suppressions.remove(self.chat.ours, address)
            else:
                self.model.suppress(address, reason)
                suppressions.add(self.chat.ours, address, reason, "ana", to_datetime(self.now))

    def on_set(self, channel: str, key: str, value: Any) -> None:
        if value is None:
            self.model.settings.pop((channel, key), None)
        else:
            self.model.settings[channel, key] = None if value == "never" else value
        with db.writing(self.chat.ours):
            settings.change(
                self.chat.ours, channel or None, key, _typed(value), by="ana",
                now=to_datetime(self.now),
            )  # fmt: skip

    def on_prune(self, age: int) -> None:
        cutoff = self.now - age
        found = prune.old_conversations(self.chat.ours, to_datetime(cutoff), after="", limit=1000)
        for name in found:
            assert self.model.is_over(name, cutoff, self.now), f"{name} was removed too early"
            self.model.remove(name)
        with db.writing(self.chat.ours):
            assert prune.remove(self.chat.ours, found, to_datetime(cutoff)) == len(found)
        self.writer.forget()
        self.quarantined = [each for each in self.quarantined if each[1] in self.model.emails]

    # --- The mail that comes in -----------------------------------------------------------------

    def _delivered(self, pick: int) -> tuple[Email, Any] | None:
        """One of the latest emails that are in a mailbox, and its row."""
        ids = [message_id for message_id, _ in self.server.inboxes]
        for message_id in [*reversed(dict.fromkeys(ids))][pick - 1 :]:
            found = self._row(message_id)
            if found is not None:
                return found
        return None

    def _row(self, message_id: str) -> tuple[Email, Any] | None:
        rows = self.chat.ours.execute("SELECT * FROM emails ORDER BY id").fetchall()
        for row, email in zip(rows, self.model.emails, strict=True):
            if row["message_id"] == message_id:
                return email, row
        return None

    def on_reply(self, pick: int, kind: str) -> None:
        found = self._delivered(pick)
        if found is None:
            return
        email, row = found
        if kind == "again":
            if self.last_raw is not None:
                raw, answered = self.last_raw
                outcome = self.receiver.receive(raw)
                if any(each is answered for each in self.model.emails):
                    assert outcome.kind == "duplicate"
            return
        customer = self.model.chats[email.conversation].address[1]
        sender = "eve@example.net" if kind == "stranger" else email.recipient
        self.received += 1
        head = (
            f"From: {sender}\nTo: {row['reply_to']}\nSubject: Re: {row['subject']}\n"
            f"Message-ID: <reply-{self.received}@mail.example.com>\n"
            f"In-Reply-To: {row['message_id']}\n"
            f"Date: {format_datetime(to_datetime(self.now))}\n"
        )
        if kind == "automatic":
            head += "Auto-Submitted: auto-replied\n"
        raw = f"{head}\nAntwort {self.received}: that is fine.\n".encode()
        outcome = self.receiver.receive(raw)
        if kind == "automatic":
            assert (outcome.kind, outcome.state) == ("auto_reply", "ignored"), outcome
        elif sender != customer:
            assert (outcome.kind, outcome.state) == ("reply", "quarantined"), outcome
            self.quarantined.append((outcome.id, email, raw))
        else:
            assert (outcome.kind, outcome.state) == ("reply", "posted"), outcome
            self.model.answer(email)
            self.last_raw = (raw, email)

    def on_quarantine(self, pick: int, how: str) -> None:
        if not self.quarantined:
            return
        reply, email, _ = self.quarantined.pop(-pick % len(self.quarantined))
        if how == "accept":
            assert self.receiver.accept(reply, "ana").state == "posted"
            self.model.answer(email)
            return
        with db.writing(self.chat.ours):
            inbox.reject(self.chat.ours, reply, to_datetime(self.now), "ana")

    def on_bounce(self, pick: int, kind: str) -> None:
        found = self._delivered(pick)
        if found is None:
            return
        email, row = found
        action, status, said = _BOUNCES[kind]
        head = (
            "From: MAILER-DAEMON@mx.example.net\nReturn-Path: <>\nSubject: Undelivered Mail\n"
            f"To: {row['sender']}\nMIME-Version: 1.0\n"
            f"Message-ID: <bounce-{self.received}-{kind}-{self.now}@mx.example.net>\n"
            "Content-Type: multipart/report; report-type=delivery-status; boundary=b"
        )
        outcome = self.receiver.receive(
            report(report_of(email.recipient, action, status, said), head=head)
        )
        assert outcome.kind in ("bounce", "duplicate"), outcome
        if outcome.kind == "bounce" and kind != "late":
            self.model.bounce(email, hard=kind == "hard")

    # --- What a person decides --------------------------------------------------------------------

    def on_person(self, pick: int, how: str) -> None:
        ids = [row["id"] for row in self.chat.ours.execute("SELECT id FROM emails ORDER BY id")]
        if not ids:
            return
        place = -pick % len(ids)
        email, now = self.model.emails[place], to_datetime(self.now)
        with db.writing(self.chat.ours):
            if how == "retry":
                if email.state == "failed":  # it came back, or was refused: nobody has read it
                    self._forget(ids[place], email)
                self.model.retry(email, self.now)
                outbox.retry_now(self.chat.ours, ids[place], now)
            elif how == "cancel" and email.is_replaceable:
                self.model.cancel(email)
                outbox.cancel(self.chat.ours, ids[place], now, "cancelled by ana")
            elif how in ("sent", "resend"):
                self.model.resolve(email, how, self.now)
                if how == "sent":
                    outbox.resolve_sent(self.chat.ours, ids[place], now, "ana")
                else:
                    outbox.schedule_resend(self.chat.ours, ids[place], now)

    def _forget(self, number: int, email: Email) -> None:
        """A person has it sent once more."""
        self.server.doubtful.add(outbox.one(self.chat.ours, number)["message_id"])
        for message in email.messages:
            self.told.pop(message, None)

    # --- The sweep --------------------------------------------------------------------------------

    def on_killed(self) -> None:
        """What was sent last, as a sweep leaves it that is killed before it says so."""
        rows = self.chat.ours.execute("SELECT id, message_id, state FROM emails ORDER BY id")
        for row, email in zip(reversed(rows.fetchall()), reversed(self.model.emails), strict=True):
            if row["state"] == "sent":
                self.server.doubtful.add(row["message_id"])
                email.state = "sending"
                self.chat.write(
                    "UPDATE emails SET state = 'sending', finished_at = NULL WHERE id = ?",
                    row["id"],
                )
                return

    def on_minute(
        self, faults: dict[str, str], meanwhile: dict[str, Step], limit: int | None = None
    ) -> None:
        self.sweeps += 1
        server, now = self.server, to_datetime(self.now)
        server.faults, server.attempts = faults, []
        left, right = dict(meanwhile), dict(meanwhile)
        server.meanwhile = lambda name: self._happen(left, name)
        before = len(server.inboxes)
        if not queue.is_idle(self.chat.ours, to_text(self.now)):
            self.chat.sweep(now, Scope(limit=limit))

        def in_the_model(name: str) -> None:
            if name in right:
                self.model.tell(right.pop(name)[1])

        self.model.post(self.now, server.attempts, faults, limit, in_the_model)
        self.attempts += len(server.attempts)
        self.writer.forget()
        self.compare()
        self.inspect(server.inboxes[before:])

    def _happen(self, steps: dict[str, Step], name: str) -> None:
        """The chat backend writes while an email of the conversation is under way."""
        step = steps.pop(name, None)
        if step is not None:
            with _own(self.chat.path) as connection, db.writing(connection):
                EventWriter(connection).apply(events.parse(json.dumps(step[1])))

    def _conversation_of(self, message_id: str) -> str:
        with _own(self.chat.path) as connection:
            query = "SELECT conversation FROM emails WHERE message_id = ?"
            (name,) = connection.execute(query, (message_id,)).fetchone()
            return str(name)

    # --- Comparing --------------------------------------------------------------------------------

    def compare(self) -> None:
        """Every decision and every email."""
        reader, now = settings.SettingsReader(self.chat.ours), to_datetime(self.now)
        names = {row["id"] for row in self.chat.ours.execute("SELECT id FROM conversations")}
        assert names == self.model.chats.keys()
        for name in names:
            conversation = activity.conversation(self.chat.ours, name, now)
            assert conversation is not None
            options = reader.of(conversation.channel)
            expected = self.model.verdict(name, self.now)
            assert _told(schedule.decide(conversation, options, now)) == expected[:3], (
                f"{name} at {to_text(self.now)}: the program, then the model"
            )
            if expected.messages:
                held = schedule.for_email(conversation.unseen, options)
                assert tuple(message.id for message in held) == expected.messages
        self._compare_emails()

    def _compare_emails(self) -> None:
        rows = self.chat.ours.execute(
            "SELECT conversation, rule, recipient, state, attempts, next_attempt_at, in_doubt, "
            "(SELECT group_concat(message) FROM (SELECT message FROM email_messages "
            "WHERE email = emails.id ORDER BY position)) AS messages FROM emails ORDER BY id"
        ).fetchall()
        found = [tuple(row) for row in rows]
        expected = [
            (
                email.conversation, email.rule, email.recipient, email.state, email.attempts,
                None if email.next_at is None else to_text(email.next_at), email.in_doubt,
                ",".join(email.messages),
            )
            for email in self.model.emails
        ]  # fmt: skip
        assert found == expected, f"at {to_text(self.now)}: the program's emails, then the model's"

    def inspect(self, delivered: list[tuple[str, bytes]]) -> None:
        """An email as the customer gets it: its messages in both parts, and nothing private."""
        for message_id, octets in delivered:
            email, row = self._row(message_id) or (None, None)
            assert email is not None
            assert octets == row["message"]
            text = octets.replace(b"=\r\n", b"").decode()
            assert PRIVATE not in text
            for message in email.messages:
                assert self.told.setdefault(message, message_id) == message_id, "mailed twice"
                assert text.count(word_of(message)) >= 2, f"{message} is not in {message_id}"

    def finish(self) -> None:
        """At the end: all that is derived is right, and nobody was told anything twice."""
        problems = check.problems(self.chat.ours, to_datetime(self.now))
        assert problems == []
        octets: dict[str, bytes] = {}
        for message_id, each in self.server.inboxes:
            assert octets.setdefault(message_id, each) == each
        ids = [message_id for message_id, _ in self.server.inboxes]
        assert {each for each in ids if ids.count(each) > 1} <= self.server.doubtful


@contextmanager
def _own(path: str) -> Iterator[db.Connection]:
    """A connection of the thread that asks, as another program has its own."""
    connection = db.connect(path)
    connection.execute("PRAGMA synchronous = OFF")
    try:
        yield connection
    finally:
        connection.close()


def _told(decision: schedule.Decision) -> tuple[str, str, int | None]:
    if isinstance(decision, schedule.Skipped):
        return "skipped", decision.reason, None
    if isinstance(decision, schedule.Due):
        return "due", decision.rule, to_milliseconds(decision.due_at.isoformat())
    return "waiting", decision.rule, to_milliseconds(decision.until.isoformat())


def _typed(value: Any) -> str | None:
    """A value of the model as a person types it."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "on" if value else "off"
    if value < 1000 and value:
        return str(value)
    return durations.show(to_datetime(value) - datetime(1970, 1, 1, tzinfo=UTC))


_BOUNCES = {
    "hard": ("failed", "5.1.1", "550 5.1.1 no such user"),
    "soft": ("failed", "5.2.2", "552 5.2.2 mailbox full"),
    "late": ("delayed", "4.4.1", "421 4.4.1 no answer"),
}
