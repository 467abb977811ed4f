"""Times as the database and the chat events write them.

Stored form: UTC, `YYYY-MM-DDTHH:MM:SS.mmmZ`, so that the order of the texts is the order of the
times. Finer digits are cut off, never rounded up: a time must not move into the future.
"""

from __future__ import annotations

from datetime import UTC, datetime

EXAMPLE = "2026-03-01T09:00:00Z"


def to_text(moment: datetime) -> str:
    """The stored form of an aware datetime."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def from_text(text: str) -> datetime:
    """Read the stored form."""
    return datetime.fromisoformat(text)


def maybe(text: str | None) -> datetime | None:
    """Read a column that may be NULL."""
    return None if text is None else datetime.fromisoformat(text)


def _read(text: str) -> datetime:
    """What the standard library reads, and with dateutil what else ISO 8601 allows: days of the
    year, 24:00. RFC 3339, section 5.6: t and z may be lower case; a leap second is second 60, which
    counts as the last millisecond before it here.
    """
    given = text.upper()
    try:
        return datetime.fromisoformat(given)
    except ValueError:
        import re  # neither is worth its import where every time is an everyday one

        from dateutil.parser import isoparse

        return isoparse(re.sub(r"(?<=:59):60(?:[.,]\d+)?", ":59.999", given))


def parse(text: str) -> datetime:
    """Read an RFC 3339 / ISO 8601 time with an offset; the result is in UTC, to the millisecond.

    Raises ValueError, naming the value and a good example, for anything else; above all for a
    time without an offset, whose meaning would depend on where the program runs.
    """
    try:
        moment = _read(text)
        if moment.tzinfo is not None:
            moment = moment.astimezone(UTC)
    except (ValueError, TypeError, AttributeError, OverflowError):
        raise ValueError(f"{text!r} is not a time; expected one like {EXAMPLE}") from None
    if moment.tzinfo is None:
        raise ValueError(
            f"{text!r} has no offset from UTC; expected one like {EXAMPLE} or "
            "2026-03-01T10:00:00+01:00"
        )
    if not 1970 <= moment.year < 9000:
        raise ValueError(f"{text!r} is not between 1970 and 9000; expected a time like {EXAMPLE}")
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
