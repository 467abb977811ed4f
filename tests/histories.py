"""Hypothesis strategies: what `decide` may be asked, and streams of chat events.

CONTINUATION_TEST_EXAMPLES multiplies the number of examples: 1 in CI, more in a long run.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta

from builders import DAY, MS, at
from hypothesis import settings as examples_settings
from hypothesis import strategies as st

from continuation_cli.core import settings as typed
from continuation_cli.core.events import TYPES
from continuation_cli.core.model import Conversation, Message, Page

_FACTOR = int(os.environ.get("CONTINUATION_TEST_EXAMPLES", "1"))


def examples(number: int) -> examples_settings:
    """A modest number of examples for CI, times CONTINUATION_TEST_EXAMPLES."""
    return examples_settings(max_examples=number * _FACTOR, deadline=None)


def moments(first: str = "8:00", last: str = "12:00") -> st.SearchStrategy[datetime]:
    """Times of the day, a few milliseconds about whole minutes: where rules meet."""
    minutes = (at(last) - at(first)) // timedelta(minutes=1)
    return st.builds(
        lambda minute, off: at(first) + timedelta(minutes=minute) + off * MS,
        st.integers(0, minutes),
        st.sampled_from([0, 0, 0, 0, 1, -1, 30_000]),
    )


delays = st.sampled_from(["0", "1m", "5m", "15m", "2h", "never"])
spans = st.sampled_from(["1m", "2m", "30m", "3d"])

settings_texts = st.fixed_dictionaries(
    {
        "enabled": st.sampled_from(["on", "on", "on", "off"]),
        "offline_delay": delays,
        "unseen_delay": delays,
        "presence_timeout": spans,
        "max_age": st.sampled_from(["30m", "2h", "3d", "3d"]),
        "bot_messages": st.sampled_from(["include", "trigger", "omit"]),
        "daily_cap": st.sampled_from(["0", "1", "2", "20", "20"]),
    }
)
settings = settings_texts.map(lambda texts: typed.effective({}, {}, texts))


@st.composite
def pages(draw, number: int, explicit: st.SearchStrategy, signs: st.SearchStrategy) -> Page:
    return Page(
        f"p{number}",
        f"https://acme.example/{number}",
        opened_at=draw(explicit),
        visible_at=draw(st.none() | explicit),
        hidden_at=draw(st.none() | signs),
        last_active_at=draw(st.none() | signs),
        closed_at=draw(st.none() | explicit),
    )


@st.composite
def conversations(draw, explicit: st.SearchStrategy | None = None) -> Conversation:
    """Any conversation. `explicit` gives the times at which pages open, show up and close."""
    anytime = moments()
    explicit = anytime if explicit is None else explicit
    unseen = [
        Message(f"m{number}", draw(st.sampled_from(["agent", "agent", "bot"])), "text", sent)
        for number, sent in enumerate(sorted(draw(st.lists(anytime, max_size=4))))
    ]
    return Conversation(
        id="c42",
        channel="acme",
        began_at=draw(anytime),
        email=draw(st.sampled_from(["ada@example.com"] * 8 + ["ada at example.com", None])),
        held_at=draw(st.sampled_from([None] * 8 + [DAY])),
        set_aside_until=draw(st.none() | st.none() | anytime),
        suppression=draw(st.sampled_from([None] * 8 + ["bounce", "unsubscribe"])),
        emailed_at=tuple(sorted(draw(st.lists(moments("8:00", "11:00"), max_size=3)))),
        pages=tuple(
            draw(pages(number, explicit, anytime)) for number in range(draw(st.integers(0, 3)))
        ),
        unseen=tuple(unseen),
    )


def interesting(conversation: Conversation, settings) -> list[datetime]:
    """Every time at which anything may change, one millisecond before it and one after."""
    found = {conversation.began_at, at("8:00"), at("12:00"), at("+1 12:00"), at("+9 0:00")}
    delays = [d for d in (settings.offline_delay, settings.unseen_delay) if d is not None]
    for page in conversation.pages:
        times = (page.opened_at, page.visible_at, page.hidden_at, page.last_active_at,
                 page.closed_at)  # fmt: skip
        found |= {time for time in times if time}
    found |= {time + settings.presence_timeout for time in found}
    found |= {message.sent_at for message in conversation.unseen}
    found |= {time + delay for time in found for delay in delays}
    found |= {message.sent_at + settings.max_age for message in conversation.unseen}
    found |= {time + timedelta(hours=24) for time in conversation.emailed_at}
    if conversation.set_aside_until:
        found.add(conversation.set_aside_until)
    return sorted({time + off * MS for time in found for off in (-1, 0, 1)})


# --- Chat events -------------------------------------------------------------------------------


@st.composite
def chat_events(draw, longest: int = 30) -> list[dict]:
    """Events as a chat would export them, in order of time. A message has one id and one content;
    anything else may be told several times, at the same time too.
    """
    times = moments("9:00", "9:20")
    found, known = [], {}
    for _ in range(draw(st.integers(1, longest))):
        kind = draw(st.sampled_from(EVENT_KINDS))
        conversation = draw(st.sampled_from(["c1", "c1", "c2"]))
        fields = {key: draw(strategy) for key, strategy in EVENT_FIELDS.get(kind, {}).items()}
        fields = {key: value for key, value in fields.items() if value is not None}
        moment = draw(times)
        if kind == "message":
            key = (conversation, fields["id"])
            fields, moment = known.setdefault(key, (fields, moment))
        found.append(
            {"type": kind, "conversation": conversation, **fields, "at": text(moment)}
        )  # fmt: skip
    return sorted(found, key=lambda event: event["at"])


def text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


_MESSAGES = st.sampled_from(["m1", "m2", "m3", "m4", "m9", "m10"])
_PAGE = {
    "page": st.sampled_from(["p1", "p2"]),
    "url": st.sampled_from([None, "https://acme.example/a", "https://acme.example/b"]),
}
_FILES = st.sampled_from([None, None, [{"name": "a.pdf"}], [{"name": "b.pdf", "size": 3}]])
_FORMATS = st.sampled_from([None, None, "plain", "markdown", "html"])
EVENT_FIELDS = {
    "conversation": {
        "channel": st.sampled_from([None, "acme", "shop"]),
        "email": st.sampled_from([None, "ada@example.com", "eve@example.com"]),
        "name": st.sampled_from([None, "Ada", "Eve"]),
        "locale": st.sampled_from([None, "en", "de"]),
    },
    "customer": {"email": st.sampled_from(["ada@example.com", "", "eve@example.com"])},
    "message": {
        "id": _MESSAGES,
        "author": st.sampled_from(["agent", "agent", "bot", "customer", "note", "system"]),
        "via": st.sampled_from([None, None, "email"]),
        "text": st.sampled_from(["one", "two"]),
        "format": _FORMATS,
        "attachments": _FILES,
    },
    "message_edited": {
        "id": _MESSAGES,
        "text": st.sampled_from(["three", "four"]),
        "format": _FORMATS,
        "attachments": _FILES,
    },
    "message_deleted": {"id": _MESSAGES},
    "seen": {"through": _MESSAGES},
    **dict.fromkeys(
        ("page_opened", "page_hidden", "page_visible", "page_active", "page_closed"), _PAGE
    ),
}
EVENT_KINDS = [
    *EVENT_FIELDS,
    *["message"] * 5,
    *["seen"] * 2,
    "conversation_closed",
    "conversation_opened",
]


# --- Lines that are no events, or hardly -------------------------------------------------------

_ANY_TIME = st.sampled_from(
    ["2026-03-01T10:00:00+01:00", "9999-12-31T23:59:59.999Z", "0001-01-01T00:00:00.000Z",
     "2026-02-29T00:00:00.000Z", "2026-03-01T24:00:00.000Z", "2026-03-01T09:00:00.000Z"]
) | st.text(max_size=30)  # fmt: skip
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner,
                                                                max_size=3),
    max_leaves=8,
)  # fmt: skip
#: Nearly events: the right names, with anything for a value.
nearly_events = st.fixed_dictionaries(
    {"type": st.sampled_from(TYPES), "at": _ANY_TIME, "conversation": st.just("c42")},
    optional={
        name: anything | st.sampled_from(["agent", "html", [{"name": "a"}], "m7", "email"])
        for name in ("channel", "id", "page", "through", "author", "via",
                     "name", "text", "format", "attachments", "email", "locale", "url")
    },
)  # fmt: skip
