"""Hours of cron minutes: what happens in a few chats, to their emails and to the clock.

A history is a list of steps, made from a seed before anything runs, so that one that fails can be
told by its seed and made shorter: every step still means something when others are left out.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from faults.reference_outbox import FAULTS
from reference_model import DAY, HOUR, MINUTE, SECOND, History, to_milliseconds, word_of

if TYPE_CHECKING:
    from collections.abc import Iterator

Step = tuple[Any, ...]

CHANNELS = ("acme", "shop")
#: Where the clocks are changed, and when: an hour is left out in March, one comes twice in October.
ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC")
BEGINNINGS = (
    "2026-03-01T09:00:00Z",
    "2026-03-29T00:20:00Z",
    "2026-10-25T00:20:00Z",
    "2026-03-08T06:30:00Z",
    "2026-12-31T23:50:00Z",
    "2028-02-28T23:40:00Z",
)

#: What a setting may become; None unsets it. Weights by repetition.
CHOICES: dict[str, list[Any]] = {
    "offline_delay": [0, MINUTE, MINUTE, MINUTE, 5 * MINUTE, "never"],
    "unseen_delay": [0, 2 * MINUTE, 15 * MINUTE, 15 * MINUTE, "never"],
    "presence_timeout": [2 * MINUTE, 2 * MINUTE, 10 * MINUTE],
    "max_age": [3 * DAY, 3 * DAY, HOUR, 10 * MINUTE],
    "daily_cap": [20, 20, 3, 1, 1],
    "bot_messages": ["include", "include", "trigger", "omit"],
    "enabled": [True, True, True, False],
    "on_unknown": ["resend", "resend", "hold"],
}


class Hours(History):
    """Minutes of one seed."""

    def __init__(self, seed: int, minutes: int, conversations: int) -> None:
        self._random = random.Random(f"{seed} {minutes} {conversations}")
        self._minutes = minutes
        self._names = [f"c{n}" for n in range(1, conversations + 1)]
        self.now = to_milliseconds(self._random.choice(BEGINNINGS))
        self._spoken = 0
        self._edits = 0
        self._is_rough = self._random.random() < 0.6  # the mail server, that is

    def __iter__(self) -> Iterator[Step]:
        yield from self._beginning()
        for _ in range(self._minutes):
            busy = self._random.random() < 0.8
            for _ in range(self._random.randint(1, 3) if busy else 0):
                self.now += self._random.choice([0, 1, SECOND, 7 * SECOND, 19 * SECOND])
                yield self.now, *self._happening()
            self.now += self._random.choice(_PASSING)
            limit = self._random.choice([None] * 18 + [1, 2])
            yield self.now, "minute", self._faults(), self._meanwhile(), limit
        for _ in range(3):  # what was deferred goes out
            self.now += 5 * MINUTE
            yield self.now, "minute", {}, {}

    def _beginning(self) -> Iterator[Step]:
        for key, values in CHOICES.items():
            if key != "enabled" and self._random.random() < 0.5:
                where = self._random.choice(("", *CHANNELS))
                yield self.now, "set", where, key, self._random.choice(values)
        for name in self._names:
            channel = self._random.choice(CHANNELS)
            yield self.now, "event", self._event("conversation", name, channel=channel)
            if self._random.random() < 0.85:
                yield self.now, "event", self._address(name)
            if self._random.random() < 0.5:
                page = {"page": "p1", "url": "https://acme.example/"}
                yield self.now, "event", self._event("page_opened", name, **page)

    # --- What happens in a minute ---------------------------------------------------------------

    def _happening(self) -> Step:
        kind = self._random.choice(_KINDS)
        if kind == "chat":
            return self._chat()
        return kind, *getattr(self, f"_{kind}")()

    def _chat(self) -> Step:
        name = self._random.choice(self._names)
        kind = self._random.choice(_CHAT)
        if kind == "message":
            return "event", self._message(name)
        if kind == "channel":
            event = self._event("conversation", name, channel=self._random.choice(CHANNELS))
            return "event", event
        if kind == "customer":
            return "event", self._address(name)
        if kind.startswith("page_"):
            page = self._random.choice(["p1", "p1", "p2"])
            return "event", self._event(kind, name, page=page, url="https://acme.example/")
        return "event", self._about_a_message(kind, name)

    def _edit(self, name: str) -> Step:
        kind = self._random.choice(["message_edited", "message_edited", "message_deleted", "seen"])
        return "event", self._about_a_message(kind, name)

    def _about_a_message(self, kind: str, name: str) -> dict[str, Any]:
        event = super()._about_a_message(kind, name)
        if kind == "message_edited":
            self._edits += 1
            event["text"] = f"{word_of(event['id'])} again, {self._edits}"
        return event

    def _hold(self) -> Step:
        return (self._random.choice(self._names), self._random.random() < 0.4)

    def _suppression(self) -> Step:
        name = self._random.choice(self._names)
        reason = self._random.choice(["unsubscribe", "complaint", *[None] * 6])
        return f"{name}@example.com", reason

    def _set(self) -> Step:
        key = self._random.choice(list(CHOICES))
        value = self._random.choice([None, None, *CHOICES[key]])
        return self._random.choice(("", *CHANNELS)), key, value

    def _reply(self) -> Step:
        kind = self._random.choice(["customer"] * 5 + ["stranger", "automatic", "again"])
        return self._pick(), kind

    def _quarantine(self) -> Step:
        return self._pick(), self._random.choice(["accept", "accept", "reject"])

    def _bounce(self) -> Step:
        return self._pick(), self._random.choice(["hard", "soft", "soft", "late"])

    def _person(self) -> Step:
        return self._pick(), self._random.choice(["retry", "cancel", "sent", "resend"])

    def _killed(self) -> Step:
        return ()

    def _prune(self) -> Step:
        return (self._random.choice([MINUTE, HOUR, 2 * HOUR]),)

    def _pick(self) -> int:
        """One of the latest emails, most often the last."""
        return self._random.choice([1, 1, 1, 2, 3, 5])

    # --- The mail server's part -----------------------------------------------------------------

    def _faults(self) -> dict[str, str]:
        if not self._is_rough:
            return {}
        if self._random.random() < 0.05:
            return {"*": "down"}
        return {
            name: self._random.choice(FAULTS) for name in self._names if self._random.random() < 0.5
        }

    def _meanwhile(self) -> dict[str, Step]:
        """What happens while an email is on its way, by conversation."""
        found = {}
        for name in self._names:
            if self._random.random() < 0.15:
                kind = self._random.choice(["chat", "edit", "edit"])
                step = self._chat() if kind == "chat" else self._edit(name)
                step[1]["conversation"] = name
                found[name] = step
        return found


_PASSING = [
    *[MINUTE] * 26,
    *[MINUTE - 1, MINUTE + 1, 5 * MINUTE, 5 * MINUTE, 20 * MINUTE],
    *[-HOUR, HOUR, HOUR, DAY, -DAY],
]
_KINDS = [
    *["chat"] * 26,
    *["reply"] * 3,
    *["hold", "suppression", "suppression", "set", "bounce", "person", "quarantine"],
    *["killed", "prune"],
]
_CHAT = [
    *["message"] * 22,
    *["page_opened", "page_hidden", "page_visible", "page_closed"] * 2,
    *["page_active"] * 4,
    *["message_edited", "message_deleted", "seen", "seen", "customer", "channel"],
]
