"""What becomes of an email after an attempt: when to try again, when to give up."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

#: The wait after the first, second, … failed attempt; the last one repeats. RFC 5321, section
#: 4.5.4.1, wants 30 minutes in general but sooner at first: most deferrals are greylisting.
BACKOFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240))


def next_attempt(
    attempts: int, created_at: datetime, max_age: timedelta, now: datetime
) -> datetime | None:
    """When to try again after `attempts` attempts (at least 1); None to give up.

    An email that is older than `max_age` by then is no longer worth sending.
    """
    at = now + BACKOFF[min(attempts, len(BACKOFF)) - 1]
    return at if at <= created_at + max_age else None
