"""Section 3 of the design, once more and by itself: who gets which email, and when.

Written from the rules and not from the program, of which it imports nothing. It keeps sets of
facts, in whatever order they come, and asks them all each time; times are milliseconds. `Model`
takes chat events (docs/events.md) as dicts and what else a person does; `History` invents them.

It speaks of the settings by their values: delays in milliseconds, None for `never`. What becomes of
an email once it is recorded (section 5) is in `faults.reference_outbox`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

SECOND = 1000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Order = tuple[int, int, str]


def to_datetime(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds // 1000, UTC).replace(
        microsecond=milliseconds % 1000 * 1000
    )


def to_text(milliseconds: int) -> str:
    return to_datetime(milliseconds).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def to_milliseconds(text: str) -> int:
    passed = datetime.fromisoformat(text) - EPOCH
    return (passed.days * 86400 + passed.seconds) * 1000 + passed.microseconds // 1000


@dataclass
class Rules:
    """The settings that decide."""

    offline_delay: int | None = MINUTE
    unseen_delay: int | None = 15 * MINUTE
    presence_timeout: int = 2 * MINUTE
    max_age: int = 3 * DAY
    daily_cap: int = 20
    bot_messages: str = "include"
    enabled: bool = True


class Verdict(NamedTuple):
    """`state` is due, waiting or skipped; `why` the rule or the reason; `at` the end of the wait.

    `messages` are those an email would hold; empty where nothing starts one.
    """

    state: str
    why: str
    at: int | None
    messages: tuple[str, ...]


@dataclass
class Tab:
    """A browser page: all that it ever told."""

    signs: list[int] = field(default_factory=list)  # opened, shown, beat
    beats: bool = False
    closings: list[int] = field(default_factory=list)
    opened: int = 0

    def closed(self) -> int | None:
        """The last closing, unless there was a sign of life after it."""
        last = max(self.closings, default=None)
        return last if last is not None and last >= max(self.signs, default=0) else None

    def fell_silent(self, timeout: int) -> int | None:
        return max(self.signs) + timeout if self.beats else None

    def end(self, timeout: int) -> int | None:
        ends = [e for e in (self.closed(), self.fell_silent(timeout)) if e is not None]
        return min(ends, default=None)


@dataclass
class Chat:
    """One conversation: facts, and what was mailed."""

    began: int
    channel: tuple[int, str] = (-1, "default")
    address: tuple[int, str] = (-1, "")
    spoken: dict[str, tuple[str, Order]] = field(default_factory=dict)
    chat_replies: list[Order] = field(default_factory=list)
    read_through: set[str] = field(default_factory=set)
    deleted: set[str] = field(default_factory=set)
    tabs: dict[str, Tab] = field(default_factory=dict)
    held: bool = False
    mailed: set[str] = field(default_factory=set)
    mailed_at: list[int] = field(default_factory=list)

    def waiting(self) -> list[tuple[Order, str, str]]:
        """Agents' and bots' messages: not deleted, not seen, not in an email; in order."""
        read = (self.spoken[name][1] for name in self.read_through if name in self.spoken)
        seen_up_to = max([*read, *self.chat_replies], default=(-1, 0, ""))
        return sorted(
            (order, author, name)
            for name, (author, order) in self.spoken.items()
            if author in ("agent", "bot")
            and order > seen_up_to
            and name not in self.deleted
            and name not in self.mailed
        )


class Model:
    """All conversations, under one set of rules."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self.chats: dict[str, Chat] = {}
        self.suppressed: dict[str, str] = {}

    def rules_of(self, channel: str) -> Rules:
        """The settings of a channel."""
        return self._rules

    # --- What happens -------------------------------------------------------------------------

    def tell(self, event: dict[str, Any]) -> None:
        """A chat event arrives."""
        at = to_milliseconds(event["at"])
        chat = self.chats.setdefault(event["conversation"], Chat(at))
        chat.began = min(chat.began, at)
        kind = event["type"]
        if kind == "message":
            self._speak(chat, event, at)
        elif kind == "message_deleted":
            chat.deleted.add(event["id"])
        elif kind == "seen":
            chat.read_through.add(event["through"])
        elif kind.startswith("page_"):
            self._browse(chat, event, at)
        if "channel" in event:
            chat.channel = max(chat.channel, (at, event["channel"]))
        if "email" in event:
            chat.address = max(chat.address, (at, event["email"]))

    def _speak(self, chat: Chat, event: dict[str, Any], at: int) -> None:
        name, author = event["id"], event["author"]
        order = (at, len(name), name)
        chat.spoken.setdefault(name, (author, order))
        if author == "customer" and event.get("via", "chat") == "chat":
            chat.chat_replies.append(order)

    def _browse(self, chat: Chat, event: dict[str, Any], at: int) -> None:
        tab = chat.tabs.setdefault(event["page"], Tab())
        match event["type"]:
            case "page_opened":
                tab.signs.append(at)
                tab.opened = max(tab.opened, at)
            case "page_visible":
                tab.signs.append(at)
            case "page_active":
                tab.signs.append(at)
                tab.beats = True
            case "page_closed":
                tab.closings.append(at)

    def sweep(self, now: int) -> dict[str, tuple[str, ...]]:
        """Every email that is due is sent: the messages of each, by conversation."""
        sent = {}
        for name, chat in self.chats.items():
            verdict = self.judge(name, now)
            if verdict.state == "due":
                chat.mailed.update(verdict.messages)
                chat.mailed_at.append(now)
                sent[name] = verdict.messages
        return sent

    # --- What follows -------------------------------------------------------------------------

    def judge(self, name: str, now: int, *, ageless: bool = False) -> Verdict:
        """Whether an email is due; `ageless`: however old its messages are."""
        chat = self.chats[name]
        rules = self.rules_of(chat.channel[1])
        waiting = chat.waiting()
        starters = ("agent", "bot") if rules.bot_messages == "trigger" else ("agent",)
        starts = [order[0] for order, author, _ in waiting if author in starters]
        if not starts:
            return Verdict("skipped", "nothing_unseen", None, ())
        rides = ("agent",) if rules.bot_messages == "omit" else ("agent", "bot")
        messages = tuple(name for _, author, name in waiting if author in rides)
        obstacle = self._obstacle(chat, rules, now if ageless else max(starts), now)
        if obstacle:
            return Verdict("skipped", obstacle, None, messages)
        rule, delay, since = self._clock(chat, rules, min(starts), now)
        if delay is None:
            return Verdict("skipped", "rule_off", None, messages)
        state = "due" if since + delay <= now else "waiting"
        return Verdict(state, rule, since + delay, messages)

    def _obstacle(self, chat: Chat, rules: Rules, newest: int, now: int) -> str | None:
        address = chat.address[1]
        if not rules.enabled:
            return "disabled"
        if not address:
            return "no_address"
        if "@" not in address:
            return "invalid_address"
        if address in self.suppressed:
            return "opted_out" if self.suppressed[address] == "unsubscribe" else "suppressed"
        if chat.held:
            return "held"
        if now - newest > rules.max_age:
            return "expired"
        if sum(now - at < DAY for at in chat.mailed_at) >= rules.daily_cap:
            return "rate_capped"
        return None

    def _clock(self, chat: Chat, rules: Rules, first: int, now: int) -> tuple[str, int | None, int]:
        """The rule, its delay, and the time from which it counts."""
        tabs = [tab for tab in chat.tabs.values() if tab.opened <= now]
        ends = [tab.end(rules.presence_timeout) for tab in tabs]
        unseen = ("unseen", rules.unseen_delay, first)
        if any(end is None or end > now for end in ends):
            return unseen
        gone = max((end for end in ends if end is not None), default=chat.began)
        # Only silence says that the last tab is gone: an email that was due before stays due.
        silence = any(
            tab.end(rules.presence_timeout) == gone and tab.closed() != gone for tab in tabs
        )
        if silence and rules.unseen_delay is not None and first + rules.unseen_delay < gone:
            return unseen
        return "offline", rules.offline_delay, max(gone, first)


# --- Histories ---------------------------------------------------------------------------------

#: Words that no email may hold, in every text, name and file of a note or a system message.
PRIVATE = "Geheimsache"


class History:
    """Invents what happens to a few conversations; the same for the same `random`.

    Steps are ("event", dict), ("sweep", now), ("hold" | "release", conversation) and
    ("suppress" | "unsuppress", address, reason). Pages do nothing in the future; messages may.
    """

    def __init__(self, random: random.Random, steps: int = 25) -> None:
        self._random = random
        self._steps = steps
        self.now = to_milliseconds("2026-03-01T09:00:00Z")
        self._spoken = 0
        self.rules = Rules(
            offline_delay=random.choice([0, MINUTE, MINUTE, 10 * MINUTE, None]),
            unseen_delay=random.choice([0, 15 * MINUTE, 15 * MINUTE, 2 * HOUR, None]),
            presence_timeout=random.choice([2 * MINUTE, 2 * MINUTE, 30 * MINUTE]),
            max_age=random.choice([3 * DAY, 3 * DAY, HOUR]),
            daily_cap=random.choice([20, 20, 1, 2]),
            bot_messages=random.choice(["include", "trigger", "omit"]),
        )

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        for name in ("c1", "c2"):
            yield "event", self._event("conversation", name, channel="acme")
            if self._random.random() < 0.8:
                yield "event", self._address(name)
        for _ in range(self._steps):
            self.now += self._random.choice(
                [0, 1, 30 * SECOND, MINUTE, MINUTE - 1, 5 * MINUTE, 14 * MINUTE] * 3 + [HOUR, DAY]
            )
            yield self._step()
            if self._random.random() < 0.4:
                yield "sweep", self.now
        yield "sweep", self.now

    def _step(self) -> tuple[Any, ...]:
        name = self._random.choice(["c1", "c1", "c2"])
        kind = self._random.choice(_STEPS)
        if kind == "message":
            return "event", self._message(name)
        if kind.startswith("page_"):
            page = self._random.choice(["p1", "p2"])
            return "event", self._event(kind, name, page=page, url="https://acme.example/")
        if kind in ("message_edited", "message_deleted", "seen"):
            return "event", self._about_a_message(kind, name)
        if kind == "customer":
            return "event", self._address(name)
        if kind in ("suppress", "unsuppress"):
            reason = self._random.choice(["bounce", "unsubscribe"])
            return kind, f"{name}@example.com", reason
        return kind, name

    def _event(
        self, kind: str, conversation: str, at: int | None = None, /, **fields: Any
    ) -> dict[str, Any]:
        """An event of now, or one that comes late."""
        late = self._random.choice([0, 0, 0, MINUTE, HOUR])
        when = self.now - late if at is None else at
        return {"type": kind, "conversation": conversation, **fields, "at": to_text(when)}

    def _address(self, name: str) -> dict[str, Any]:
        email = self._random.choice([f"{name}@example.com"] * 8 + ["ada at example.com", ""])
        return self._event("customer", name, email=email)

    def _message(self, name: str) -> dict[str, Any]:
        self._spoken += 1
        author = self._random.choice(["agent"] * 7 + ["bot"] * 2 + ["customer", "note", "system"])
        when = self.now + MINUTE if self._random.random() < 0.05 else None
        word = word_of(f"m{self._spoken}")
        fields: dict[str, Any] = {"name": "Ana", "text": f"{word} said {author}"}
        if author in ("note", "system"):
            fields = {
                "name": f"{PRIVATE} {author}",
                "text": f"{word} {PRIVATE}",
                "attachments": [{"name": f"{PRIVATE}.pdf", "url": f"https://x.example/{PRIVATE}"}],
            }
        if author == "customer" and self._random.random() < 0.3:
            fields["via"] = "email"
        fields["format"] = self._random.choice(["plain", "markdown", "html"])
        return self._event("message", name, when, id=f"m{self._spoken}", author=author, **fields)

    def _about_a_message(self, kind: str, name: str) -> dict[str, Any]:
        # Also one of the other conversation, or one that is yet to come.
        message = f"m{self._random.randint(max(1, self._spoken - 4), self._spoken + 1)}"
        if kind == "seen":
            return self._event(kind, name, through=message)
        if kind == "message_edited":
            # Whoever wrote it: a note that is edited is still a note.
            return self._event(kind, name, id=message, text=f"{word_of(message)} again")
        return self._event(kind, name, id=message)


def word_of(message: str) -> str:
    """The word by which a message of a history is known in an email."""
    return f"Wort{int(message[1:]):03d}"


_STEPS = [
    *["message"] * 14,
    *["page_opened", "page_hidden", "page_visible", "page_closed"] * 2,
    *["page_active"] * 3,
    *["message_edited", "message_deleted", "seen", "customer"],
    *["hold", "release", "release", "suppress", "unsuppress", "unsuppress"],
]
