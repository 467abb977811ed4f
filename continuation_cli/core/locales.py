"""Which language an email is in, and how its readers write times and sizes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC
from functools import lru_cache
from typing import TYPE_CHECKING

from continuation_cli.core.phrases import BY_LANGUAGE

if TYPE_CHECKING:
    from datetime import datetime, tzinfo

    from continuation_cli.core.phrases import Phrases


@dataclass(frozen=True, slots=True)
class Locale:
    """A language and how one region of it writes times. `tag` is fit for `lang` (BCP 47)."""

    tag: str
    phrases: Phrases
    date: str
    twelve_hours: bool

    def time(self, local: datetime) -> str:
        """The time of day, without its zone."""
        if not self.twelve_hours:
            return f"{local.hour:02d}:{local.minute:02d}"
        return f"{local.hour % 12 or 12}:{local.minute:02d} {'AM' if local.hour < 12 else 'PM'}"

    def stamp(self, local: datetime) -> str:
        """Date, time and zone: March 1, 2026, 9:00 AM UTC."""
        zone = local.tzname() or "UTC"
        if zone[0] in "+-":
            zone = f"UTC{zone}"
        month = self.phrases.months[local.month - 1]
        day = self.phrases.first if local.day == 1 else local.day
        date = self.date.format(day=day, month=month, year=local.year)
        return f"{date}{self.phrases.comma}{self.time(local)} {zone}"

    def size(self, octets: int | None) -> str:
        """A file's size in decimal units, as people compare them: 24 kB, 1.2 MB; "" if unknown."""
        if octets is None or octets < 0:
            return ""
        value, units = float(octets), self.phrases.units
        power = 0
        while value >= 999.5 and power < len(units) - 1:
            value, power = value / 1000, power + 1
        number = f"{value:.1f}" if power > 1 and value < 10 else f"{value:.0f}"
        return f"{number.replace('.', self.phrases.decimal_point)} {units[power]}"


@lru_cache(maxsize=256)
def locale_for(*tags: str | None) -> Locale:
    """The first of the language tags (`en-GB`, `pt_BR`) whose language is known, else English."""
    for tag in tags:
        subtags = re.split("[-_.@]", (tag or "")[:40].strip())
        phrases = BY_LANGUAGE.get(subtags[0].lower())
        if phrases:
            break
    else:
        phrases, subtags = BY_LANGUAGE["en"], ["en"]
    region = next((s.upper() for s in subtags[1:] if re.fullmatch("[A-Za-z]{2}", s, re.ASCII)), "")
    name = f"{phrases.language}-{region}" if region else phrases.language
    if phrases.language == "en" and region not in ("", "US", "CA", "PH", "PR"):
        # The rest of the English-speaking world puts the day first.
        return Locale(name, phrases, "{day} {month} {year}", region in ("AU", "NZ", "IN"))
    return Locale(name, phrases, phrases.date, phrases.twelve_hours)


def local(moment: datetime, zone: tzinfo) -> datetime:
    """The moment in a zone; in UTC where the calendar ends before the zone's offset does."""
    try:
        return moment.astimezone(zone)
    except OverflowError:
        return moment.astimezone(UTC)


@lru_cache(maxsize=256)
def zone(name: str) -> tzinfo:
    """The time zone of that name (IANA); UTC, which times are then labelled with, if unknown."""
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        return UTC
