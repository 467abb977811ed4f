#!/usr/bin/env python3
"""Turn recorded support chats into chat events that `continuation import` reads.

    python sample_data/from_abcd.py chats.json --end 2026-03-02T12:00:00Z > events.jsonl

Reads a JSON list of chats in the form of the Action-Based Conversations Dataset (ABCD):

    {"convo_id": 3592, "customer_name": "crystal minh", "email": "cminh730@email.com",
     "original": [["agent", "Hi!"], ["customer", "I need …"], ["action", "Account …"], …]}

What the record does not say is made plausible, the same every time:
- times: each turn takes as long as reading the one before and typing it; the last is at --end;
- the customer leaves the page soon after their last turn that an agent answered, so that the
  agent's last words are unseen. What the customer wrote after those is left out (--whole keeps it);
- `action` turns, which only agents saw, become messages by the author `system`.
"""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

AUTHORS = {"agent": "agent", "customer": "customer", "action": "system"}

#: Reading and typing, in characters a second, and a moment to think, in seconds.
READING, TYPING, THINKING = 25, 6, 3

#: How long after their last words the customer leaves, in seconds.
LEAVING = 2


def events(
    chat: dict[str, Any], end: datetime, channel: str, *, whole: bool = False
) -> Iterator[dict[str, Any]]:
    """The events of one chat, in the order of time; its last turn is at `end`."""
    turns = [(AUTHORS[who], text) for who, text in chat["original"]]
    if not whole:
        turns = until_last(turns, "agent")
    conversation = f"abcd-{chat['convo_id']}"

    def event(kind: str, at: datetime, **fields: object) -> dict[str, Any]:
        text = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {"type": kind, "conversation": conversation, **fields, "at": text}

    times = turn_times([text for _, text in turns], end)
    began = times[0] - timedelta(seconds=5)
    yield event("conversation", began, channel=channel, email=chat["email"],
                name=chat["customer_name"].title(), locale="en-US")  # fmt: skip
    yield event("page_opened", began, page="p1", url=f"https://{channel}.example/help")
    spoke = [number for number, (author, _) in enumerate(turns) if author == "customer"]
    for number, ((author, text), at) in enumerate(zip(turns, times, strict=True)):
        yield event("message", at, id=f"m{number + 1}", author=author, text=text)
        if number == (spoke[-1] if spoke else 0):
            yield event("page_closed", at + timedelta(seconds=LEAVING), page="p1")


def until_last(turns: list[tuple[str, str]], author: str) -> list[tuple[str, str]]:
    """The turns up to the author's last one; all of them if there is none."""
    last = max((n for n, turn in enumerate(turns) if turn[0] == author), default=len(turns) - 1)
    return turns[: last + 1]


def turn_times(texts: list[str], end: datetime) -> list[datetime]:
    """When each turn was sent, the last one at `end`."""
    moments = [end]
    for before, text in zip(reversed(texts[:-1]), reversed(texts[1:]), strict=True):
        seconds = THINKING + len(before) // READING + len(text) // TYPING
        moments.append(moments[-1] - timedelta(seconds=seconds))
    return moments[::-1]


def _time(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text!r} has no offset; like 2026-03-02T12:00:00Z")
    return moment


def main() -> None:
    """Read the chats, print the events."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("file", type=argparse.FileType("r", encoding="utf-8"), help="- for stdin")
    parser.add_argument("--end", type=_time, default=datetime.now(UTC), metavar="TIME",
                        help="when each chat's last turn was sent; default: now")  # fmt: skip
    parser.add_argument("--channel", default="abcd", metavar="C", help="default: abcd")
    parser.add_argument("--whole", action="store_true", help="keep the customer's last turns too")
    given = parser.parse_args()
    with given.file:
        chats = json.load(given.file)
    for chat in chats:
        for event in events(chat, given.end, given.channel, whole=given.whole):
            sys.stdout.write(json.dumps(event, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
