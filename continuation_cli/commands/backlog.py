"""What is due now and for how long, for `metrics` and `doctor`: the same decision as everywhere, of
a bounded number of conversations.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from continuation_cli.core import schedule
from continuation_cli.store import activity, db, queue
from continuation_cli.store.settings import SettingsReader

if TYPE_CHECKING:
    from datetime import datetime

    from continuation_cli.store.db import Connection

#: So many conversations are decided upon, in the order of the queue.
LOOKED_AT = 1000


class Backlog(NamedTuple):
    """How many conversations are due, by channel, and since when the first of them is."""

    due: Counter[str]
    first_due_at: datetime | None


def look(connection: Connection, now: datetime, channel: str | None = None) -> Backlog:
    """Decide on the first LOOKED_AT conversations of the queue. A channel whose settings cannot be
    read is left out."""
    settings = SettingsReader(connection)
    due: Counter[str] = Counter()
    first: datetime | None = None
    for candidate in queue.find(connection, now, limit=LOOKED_AT, channel=channel):
        conversation = activity.conversation(connection, candidate.conversation, now)
        if conversation is None:
            continue
        try:
            decision = schedule.decide(conversation, settings.of(conversation.channel), now)
        except db.SettingError:
            continue
        if isinstance(decision, schedule.Due):
            due[conversation.channel] += 1
            first = min(first or decision.due_at, decision.due_at)
    return Backlog(due, first)
