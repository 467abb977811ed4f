"""Sections 3, 5 and 6 of the design, once more and by themselves: what becomes of an email.

It goes on where `reference_model` ends, written from the rules like that, and imports nothing of
the program. A sweep is told in which order the program made its attempts, as the rules leave that
open, and what the mail server made of each; it says what must have come of it.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from faults.reference_records import Email, PostRules, Thread
from reference_model import HOUR, MINUTE, Model, Verdict, to_milliseconds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

#: The wait after the first, second, ... failed attempt.
BACKOFF = (MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 4 * HOUR)

#: How often an email is sent again at once after its sweep was killed.
AT_ONCE = 10

#: What the mail server may make of an attempt; None: it accepts the email.
FAULTS = ("deferred", "dropped", "refused", "no_such_user", "lost_before", "lost_after", "stop")


class Stopped(Exception):  # noqa: N818
    """The mail server is not to be had, or enough was sent: the sweep ends."""


class Post(Model):
    """All conversations and all emails. `apply` does what a person, the chat or the mail does."""

    chats: dict[str, Thread]  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__(PostRules())
        self.settings: dict[tuple[str, str], Any] = {}
        self.emails: list[Email] = []
        self._left: int | None = None  # how many more this sweep may send

    def rules_of(self, channel: str) -> PostRules:
        """A channel's own settings before the database's, before what is built in."""
        rules = PostRules()
        for where in ("", channel):
            for (of, key), value in self.settings.items():
                if of == where:
                    setattr(rules, key, value)
        return rules

    # --- What happens -------------------------------------------------------------------------

    def tell(self, event: dict[str, Any]) -> None:
        at = to_milliseconds(event["at"])
        chat = self.chats.setdefault(event["conversation"], Thread(at))
        super().tell(event)
        if event["type"] == "message":
            chat.texts.setdefault(event["id"], event["text"])
        elif event["type"] == "message_edited":
            edit = (at, event["text"])
            chat.edits[event["id"]] = max(edit, chat.edits.get(event["id"], edit))

    def suppress(self, address: str, reason: str) -> None:
        """The first reason stays."""
        self.suppressed.setdefault(address, reason)

    def answer(self, email: Email) -> None:
        """The customer replies to an email: what it and those before it held is seen."""
        chat = self.chats[email.conversation]
        for earlier in self.emails[: self.emails.index(email) + 1]:
            if earlier.conversation == email.conversation and earlier.keeps_messages:
                chat.answered.update(earlier.held)
        if email.state in ("unknown", "deferred"):
            email.state, email.next_at = "sent", None

    def bounce(self, email: Email, *, hard: bool) -> None:
        """It came back."""
        if email.state in ("sending", "sent", "deferred", "unknown"):
            email.state, email.next_at = "failed", None
        if hard:
            self.suppress(email.recipient, "bounce")

    def remove(self, name: str) -> None:
        """A conversation is gone, with all that belongs to it."""
        del self.chats[name]
        self.emails = [email for email in self.emails if email.conversation != name]

    def is_over(self, name: str, cutoff: int, now: int) -> bool:
        """Nothing has happened since `cutoff`, and nothing will by itself."""
        chat = self.chats[name]
        signs = [order[0] for _, order in chat.spoken.values()]
        signs += [at for tab in chat.tabs.values() for at in (*tab.signs, *tab.closings)]
        emails = self.of(name)
        return (
            all(at < cutoff for at in (*signs, *(email.created for email in emails)))
            and not any(email.state in ("sending", "deferred", "unknown") for email in emails)
            and self.verdict(name, now).state == "skipped"
        )

    def retry(self, email: Email, now: int) -> None:
        if email.state in ("deferred", "failed"):
            email.state, email.next_at = "deferred", now

    def cancel(self, email: Email) -> None:
        if email.is_replaceable:
            email.state, email.next_at = "cancelled", None

    def resolve(self, email: Email, how: str, now: int) -> None:
        if email.state == "unknown":
            if how == "sent":
                email.state, email.next_at = "sent", None
            else:
                email.next_at = now

    # --- The decision -------------------------------------------------------------------------

    def of(self, name: str) -> list[Email]:
        return [email for email in self.emails if email.conversation == name]

    def verdict(self, name: str, now: int) -> Verdict:
        """The decision upon a conversation as it stands."""
        with self._as_if_never(name, ()):
            return self.judge(name, now)

    @contextmanager
    def _as_if_never(self, name: str, emails: Sequence[Email]) -> Iterator[Thread]:
        """The conversation as if those emails had never been recorded."""
        chat = self.chats[name]
        others = [email for email in self.of(name) if email not in emails]
        chat.mailed = {m for email in others if email.keeps_messages for m in email.held}
        chat.mailed_at = [
            email.created
            for email in others
            if email.state != "cancelled" and not email.is_replaceable
        ]
        yield chat

    def _again(self, name: str, emails: Sequence[Email], now: int) -> Verdict:
        """Is it due still, had they never been recorded? Their age counts, not the messages'."""
        with self._as_if_never(name, emails):
            return self.judge(name, now, ageless=True)

    def _as_claimed(self, email: Email, now: int) -> Verdict:
        """The same at the last look: by the settings with which it was claimed."""
        chat = self.chats[email.conversation]
        channel, chat.channel = chat.channel, (-1, email.judge)
        try:
            return self._again(email.conversation, [email], now)
        finally:
            chat.channel = channel

    # --- The sweep ----------------------------------------------------------------------------

    def post(
        self,
        now: int,
        order: Sequence[str],
        faults: dict[str, str],
        limit: int | None,
        meanwhile: Callable[[str], None],
    ) -> None:
        """A sweep: second attempts by age, then new emails in the `order` of the program; no more
        than `limit` in all. What is being sent already was left by one that died.

        `meanwhile(conversation)` does what happens while an email of it is on its way.
        """
        if "*" in faults and order:
            raise AssertionError(f"the server was down, but there were attempts: {order}")
        self._recover(now)
        if "*" in faults:
            return
        log = list(order)
        self._left = limit
        at_first = {name: self.verdict(name, now) for name in self.chats}
        tried: set[str] = set()

        def attempt(email: Email) -> None:
            found = log.pop(0) if log else None
            assert found == email.conversation, f"expected an attempt for {email}, not {found}"
            tried.add(email.conversation)
            self._left = None if self._left is None else self._left - 1
            self._attempt(email, now, faults.get(email.conversation), meanwhile)

        try:
            self._post_again(now, attempt)
            self._post_new(now, log, at_first, attempt)
        except Stopped:
            self._left = 0
        assert not log, f"the run was to stop before {log}"
        if self._left == 0:
            return
        for name, verdict in at_first.items():
            # What becomes due while a sweep runs may be left to the next one.
            left_out = verdict.state == self.verdict(name, now).state == "due"
            assert not left_out or name in tried, f"{name} is due and was not mailed"

    def _recover(self, now: int) -> None:
        for email in self.emails:
            if email.state == "sending":
                rules = self.rules_of(email.channel)
                email.state, email.in_doubt = "unknown", True
                doubts = len(email.doubts) + 1
                email.doubts.add(email.attempts)
                # At once, unless it happens over and over.
                at = now if doubts <= AT_ONCE else now + _wait_after(doubts)
                is_young = at <= email.created + rules.max_age
                email.next_at = at if rules.on_unknown == "resend" and is_young else None
            if email.next_at is not None and email.next_at > now + BACKOFF[-1]:
                email.next_at = now

    def _post_again(self, now: int, attempt: Callable[[Email], None]) -> None:
        for email in list(self.emails):
            if email.next_at is None or email.next_at > now:
                continue
            if self._left == 0:
                raise Stopped
            if email.in_doubt:
                email.judge = email.channel
                self._resend(email, now, attempt)
            else:
                email.judge = self.chats[email.conversation].channel[1]
                self._decide_anew(email, now, attempt)

    def _resend(self, email: Email, now: int, attempt: Callable[[Email], None]) -> None:
        """Exactly as it was, or not at all."""
        if self._is_pointless(email):
            email.state, email.next_at = "cancelled", None
        elif self._is_too_old(email, now):
            email.state, email.next_at = "unknown", None
        else:
            attempt(email)

    def _decide_anew(self, email: Email, now: int, attempt: Callable[[Email], None]) -> None:
        name = email.conversation
        chat = self.chats[name]
        replaced = [each for each in self.of(name) if each.is_replaceable]
        verdict = self._again(name, replaced, now)
        if verdict.state != "due":
            email.state, email.next_at = "cancelled", None
            return
        if self._is_changed(email) or verdict.messages != email.messages:
            for each in replaced:
                each.state, each.next_at = "cancelled", None
            attempt(self._record(chat, name, verdict, now))
        elif self._is_too_old(email, now):
            email.state, email.next_at = "failed", None
        else:
            attempt(email)

    def _post_new(
        self,
        now: int,
        log: list[str],
        at_first: dict[str, Verdict],
        attempt: Callable[[Email], None],
    ) -> None:
        while log and self._left != 0:
            name = log[0]
            verdict = self.verdict(name, now)
            if verdict.state != "due":  # something in this very sweep has come in between
                verdict = at_first[name]
            assert verdict.state == "due", f"{name} was mailed, but is {verdict}"
            for email in self.of(name):
                if email.is_replaceable:
                    email.state, email.next_at = "cancelled", None
            with self._as_if_never(name, ()) as chat:
                together = self.judge(name, now, ageless=True).messages
            attempt(self._record(chat, name, verdict._replace(messages=together), now))

    def _record(self, chat: Thread, name: str, verdict: Verdict, now: int) -> Email:
        held = {message: chat.text(message) for message in verdict.messages}
        channel = chat.channel[1]
        email = Email(name, channel, verdict.why, chat.address[1], held, now, channel)
        self.emails.append(email)
        return email

    # --- One attempt ----------------------------------------------------------------------------

    def _attempt(
        self, email: Email, now: int, fault: str | None, meanwhile: Callable[[str], None]
    ) -> None:
        due_at, email.next_at = email.next_at, None
        email.state = "sending"
        email.attempts += 1
        meanwhile(email.conversation)
        if self._is_withdrawn(email, now):
            email.state = "cancelled"
            return
        self._outcome(email, now if due_at is None else due_at, now, fault)

    def _outcome(self, email: Email, due_at: int, now: int, fault: str | None) -> None:
        rules = self.rules_of(email.judge)
        wait = _wait_after(email.attempts)
        again = now + wait if now + wait <= email.created + rules.max_age else None
        if fault == "stop":
            email.attempts -= 1
            email.state = "unknown" if email.in_doubt else "deferred"
            email.next_at = due_at
            raise Stopped
        if fault in ("lost_before", "lost_after"):
            email.in_doubt, email.state = True, "unknown"
            email.doubts.add(email.attempts)
            email.next_at = None if rules.on_unknown == "hold" else again
        elif fault in ("refused", "no_such_user"):
            email.state = "failed"
            if fault == "no_such_user":
                self.suppress(email.recipient, "bounce")
        elif fault is None:
            email.state = "sent"
        elif again is not None:
            email.state, email.next_at = "deferred", again
        else:
            email.state = "unknown" if email.in_doubt else "failed"

    def _is_withdrawn(self, email: Email, now: int) -> bool:
        if email.in_doubt:
            return self._is_pointless(email)
        return (
            self._is_pointless(email)
            or self._is_changed(email)
            or self._as_claimed(email, now).state != "due"
        )

    def _is_pointless(self, email: Email) -> bool:
        """Nobody may be told, or nothing of it is left to tell."""
        chat = self.chats[email.conversation]
        return (
            email.recipient in self.suppressed
            or chat.address[1] in self.suppressed
            or chat.held
            or not self.rules_of(email.channel).enabled
            or not any(chat.is_unseen(message) for message in email.held)
        )

    def _is_changed(self, email: Email) -> bool:
        """Something of it was seen, edited or deleted, or the customer has another address."""
        chat = self.chats[email.conversation]
        return email.recipient != chat.address[1] or any(
            not chat.is_unseen(message) or chat.text(message) != text
            for message, text in email.held.items()
        )

    def _is_too_old(self, email: Email, now: int) -> bool:
        """Older than max_age by now; a person may have asked for an attempt beyond that."""
        oldest = email.created + self.rules_of(email.judge).max_age
        return email.next_at is not None and email.next_at <= oldest < now


def _wait_after(times: int) -> int:
    return BACKOFF[min(times, len(BACKOFF)) - 1]
