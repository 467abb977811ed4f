"""What becomes of an email that has not left yet: whether it still should, when to try again, when
to give up.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from continuation_cli.core import schedule, times
from continuation_cli.core.report import REASONS

if TYPE_CHECKING:
    from continuation_cli.core.model import Conversation, Settings

#: The wait after the first, second, … failed attempt; the last one repeats. RFC 5321, section
#: 4.5.4.1, wants 30 minutes in general but sooner at first: most deferrals are greylisting.
BACKOFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240))

#: How often an email is sent again at once after its sweep has died. A machine that is restarted a
#: few times in a row must not delay it.
AT_ONCE = 10


def next_attempt(
    attempts: int, created_at: datetime, max_age: timedelta, now: datetime
) -> datetime | None:
    """When to try again after `attempts` attempts (at least 1); None to give up.

    An email that is older than `max_age` by then is no longer worth sending.
    """
    at = now + BACKOFF[min(attempts, len(BACKOFF)) - 1]
    return at if at <= created_at + max_age else None


def resend_at(
    doubts: int, created_at: datetime, max_age: timedelta, now: datetime
) -> datetime | None:
    """When to send an email again after its sweep, or the process that sends for it, has died for
    the `doubts`-th time while sending it; None to leave it to a person.

    At once, so that nothing waits after a kill; but what ends every sweep at the same point must
    not bring a copy each minute for days.
    """
    if now > created_at + max_age:
        return None
    return now if doubts <= AT_ONCE else next_attempt(doubts, created_at, max_age, now)


def is_too_old(created_at: datetime, due_at: datetime, max_age: timedelta, now: datetime) -> bool:
    """Whether an email whose next attempt was due at `due_at` has grown too old for it meanwhile.

    No attempt is planned beyond `max_age` (`next_attempt`): one that is was asked for by a person.
    """
    return due_at <= created_at + max_age < now


def withheld(conversation: Conversation, settings: Settings, now: datetime) -> str | None:
    """Why an email that was due once must not leave at `now`; None if it is due still.

    `conversation` is to be as if the email had never been recorded. Age is left out, as it is the
    email's that counts now, and so is what only concerns composing.
    """
    ageless = replace(settings, max_age=now - datetime(1970, 1, 1, tzinfo=UTC))
    decision = schedule.decide(replace(conversation, set_aside_until=None), ageless, now)
    if isinstance(decision, schedule.Due):
        return None
    if isinstance(decision, schedule.Waiting):
        until = times.to_text(decision.until)
        return f"no longer due: by the {decision.rule} rule not before {until}"
    return f"no longer due: {REASONS[decision.reason]}"
