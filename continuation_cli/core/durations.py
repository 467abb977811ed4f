"""Durations as people type them: `0`, `90s`, `5m`, `1h30m`, `2d`, or `never`."""

from __future__ import annotations

import re
from datetime import timedelta

LONGEST = timedelta(days=30)
_UNITS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_WHOLE = re.compile(r"(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m)?(?:(\d{1,9})s)?", re.ASCII)


def parse(text: str, *, longest: timedelta | None = LONGEST) -> timedelta:
    """Read a duration; raises ValueError that names the value and a good example."""
    given = text.strip().lower().replace(" ", "")
    if given == "0":
        return timedelta(0)
    if re.fullmatch(r"\d{1,9}", given, re.ASCII):
        raise ValueError(f"{text!r} needs a unit: {given}m?")
    found = _WHOLE.fullmatch(given)
    if not given or found is None:
        raise ValueError(f"{text!r} is not a duration; expected one like 90s, 5m, 1h30m, 2d or 0")
    seconds = sum(
        int(number) * size
        for number, size in zip(found.groups(), _UNITS.values(), strict=True)
        if number
    )
    if longest is not None and seconds > longest.total_seconds():
        raise ValueError(f"{text!r} is too long; at most {show(longest)}")
    return timedelta(seconds=seconds)


def parse_delay(text: str) -> timedelta | None:
    """Read a delay: a duration, or `never` (None), which turns the rule off."""
    return None if text.strip().lower() == "never" else parse(text)


def show(duration: timedelta | None) -> str:
    """The shortest text that `parse_delay` reads back; whole seconds."""
    if duration is None:
        return "never"
    left, parts = int(duration.total_seconds()), []
    for unit, size in _UNITS.items():
        number, left = divmod(left, size)
        if number:
            parts.append(f"{number}{unit}")
    return "".join(parts) or "0"
