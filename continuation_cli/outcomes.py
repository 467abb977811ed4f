"""What an attempt's outcome means: for the email, for its record, for the run."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from continuation_cli.mail.transport import (
    InDoubt,
    Receipt,
    Refused,
    Unavailable,
    Undelivered,
    Withdrawn,
)

if TYPE_CHECKING:
    from datetime import datetime


class UnrecordedError(Exception):
    """What became of `emails` is known, but cannot be recorded; `__cause__` says why."""

    def __init__(self, emails: list[int]) -> None:
        self.emails = emails
        super().__init__(f"unrecorded: {emails}")


class Result(NamedTuple):
    """What became of one email in this run. `email` is None if none could be composed;
    `held`: a person has to decide on it.
    """

    email: int | None
    conversation: str
    state: str
    detail: str | None
    held: bool = False


@dataclass(slots=True)
class Report:
    """What a run did. `stopped` is why it ended before it was done: no connection, a signal;
    `cause` is the exception behind it, if there was one.
    """

    counts: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    not_configured: set[str] = field(default_factory=set)
    stopped: str | None = None
    cause: Exception | None = None


def is_servers_fault(outcome: Receipt | Exception) -> bool:
    """Whether the attempt says nothing of the email, so that none was used up."""
    return isinstance(outcome, Unavailable) or not isinstance(outcome, Receipt | Undelivered)


def attempt_record(outcome: Receipt | Exception) -> tuple[str | None, int | None, str]:
    """What the record of an attempt keeps: stage, reply code, text."""
    if isinstance(outcome, Undelivered):
        return outcome.stage, outcome.code, outcome.text
    assert isinstance(outcome, Receipt)
    return None, outcome.code, outcome.text


def verdict(
    outcome: Receipt | Exception, again: datetime | None, in_doubt: bool
) -> tuple[str, str]:
    """The state that an attempt's outcome leads to, and the reason in words.

    `again` is the next attempt, None if it is too late for one; `in_doubt` says that an earlier
    attempt may have been accepted.
    """
    if isinstance(outcome, Receipt):
        return "sent", outcome.text
    if isinstance(outcome, Withdrawn):
        return "cancelled", outcome.text
    if isinstance(outcome, InDoubt):
        return "unknown", str(outcome)
    if isinstance(outcome, Refused) and outcome.permanent:
        return "failed", str(outcome)
    if again is not None:
        return "deferred", str(outcome)
    if in_doubt:
        return "unknown", f"gave up; an earlier attempt may have been accepted; last: {outcome}"
    return "failed", f"gave up: {outcome}"
