"""The words of each language, and how its readers write dates, times and sizes."""

from __future__ import annotations

import string
from dataclasses import fields
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from continuation_cli.core.locales import local, locale_for, zone
from continuation_cli.core.phrases import BY_LANGUAGE, REPLY_MARKERS, Phrases

LANGUAGES = ["ar", "de", "en", "es", "fr", "he", "it", "ja", "nl", "pl", "pt", "sv"]
AFTERNOON = datetime(2026, 3, 1, 12, 5, tzinfo=UTC)
#: What each phrase is filled in with.
PLACES = {
    "from_agent": {"agent", "brand"},
    "replied": {"agent", "brand"},
    "new_message": {"brand"},
    "new_messages": {"brand"},
    "reason": {"brand"},
    "date": {"day", "month", "year"},
}
TEXTS = [field.name for field in fields(Phrases) if field.type == "str"]


def places(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_is_complete(language):
    phrases = BY_LANGUAGE[language]
    assert phrases.language == language
    assert len(phrases.months) == len(set(phrases.months)) == 12
    for name in TEXTS:
        text = getattr(phrases, name)
        assert text, name
        assert places(text) == PLACES.get(name, set()), name
        if name != "comma":
            assert text == text.strip()
    if language != "en":
        english = BY_LANGUAGE["en"]
        same = {n for n in TEXTS if getattr(phrases, n) == getattr(english, n)}
        # "Assistant" is French too; the rest are forms.
        assert same <= {"assistant", "first", "date", "comma", "decimal_point", "direction"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_direction_is_that_of_the_letters(language):
    letters = {"ar": "\u0600", "he": "\u0590"}
    expected = "rtl" if language in letters else "ltr"
    assert BY_LANGUAGE[language].direction == expected
    if language in letters:
        first = letters[language]
        assert all(first <= c <= chr(ord(first) + 0xFF) for c in BY_LANGUAGE[language].you[0])


def test_reply_markers_are_lines_of_their_own():
    assert len(REPLY_MARKERS) == len(LANGUAGES)
    assert "-- Reply above this line --" in REPLY_MARKERS
    assert all(marker.startswith("-- ") and marker.endswith(" --") for marker in REPLY_MARKERS)


@pytest.mark.parametrize(
    ("tag", "stamp"),
    [
        ("en", "March 1, 2026, 1:05 PM CET"),
        ("en-US", "March 1, 2026, 1:05 PM CET"),
        ("en-GB", "1 March 2026, 13:05 CET"),
        ("en_AU", "1 March 2026, 1:05 PM CET"),
        ("de-AT", "1. März 2026, 13:05 CET"),
        ("fr", "1er mars 2026, 13:05 CET"),
        ("es-MX", "1 de marzo de 2026, 13:05 CET"),
        ("pt-BR", "1 de março de 2026, 13:05 CET"),
        ("it", "1 marzo 2026, 13:05 CET"),
        ("nl-BE", "1 maart 2026, 13:05 CET"),
        ("pl", "1 marca 2026, 13:05 CET"),
        ("sv", "1 mars 2026, 13:05 CET"),
        ("ar", "1 مارس 2026، 13:05 CET"),
        ("he", "1 במרץ 2026, 13:05 CET"),
        ("ja", "2026年3月1日 13:05 CET"),
    ],
)
def test_stamps(tag, stamp):
    assert locale_for(tag).stamp(local(AFTERNOON, ZoneInfo("Europe/Berlin"))) == stamp


@pytest.mark.parametrize(
    ("hour", "time"), [(0, "12:05 AM"), (1, "1:05 AM"), (11, "11:05 AM"), (12, "12:05 PM"),
                       (13, "1:05 PM"), (23, "11:05 PM")]
)  # fmt: skip
def test_twelve_hours(hour, time):
    assert locale_for("en").time(AFTERNOON.replace(hour=hour)) == time


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("America/Sao_Paulo", "9:05 AM UTC-03"),
        ("Asia/Kathmandu", "5:50 PM UTC+0545"),
        ("Europe/London", "12:05 PM GMT"),
        ("America/New_York", "7:05 AM EST"),
        ("No/Where", "12:05 PM UTC"),
        ("", "12:05 PM UTC"),
        ("../../etc/passwd", "12:05 PM UTC"),
        ("\x00", "12:05 PM UTC"),
        ("\ud800", "12:05 PM UTC"),
    ],
)
def test_zones_are_named(name, shown):
    assert locale_for("en").stamp(local(AFTERNOON, zone(name))) == f"March 1, 2026, {shown}"


@pytest.mark.parametrize(
    ("tags", "tag", "language"),
    [
        (("de",), "de", "de"),
        (("DE_ch",), "de-CH", "de"),
        (("zh-Hant-TW", "fr-CA"), "fr-CA", "fr"),
        ((None, "pl"), "pl", "pl"),
        (("", "xx"), "en", "en"),
        ((), "en", "en"),
        (("iw-IL",), "he-IL", "he"),
        (("pt_BR.UTF-8",), "pt-BR", "pt"),
        (("sr-Latn-RS", "sv-Latn-SE"), "sv-SE", "sv"),
        (("en\r\nX: y",), "en", "en"),
        (('de-"><script>',), "de", "de"),
        (("de-ßß",), "de", "de"),
    ],
)
def test_the_first_known_language_is_taken(tags, tag, language):
    locale = locale_for(*tags)
    assert (locale.tag, locale.phrases.language) == (tag, language)


@given(st.none() | st.text(st.characters(codec=None)), st.text())
def test_any_tag_gives_a_tag_fit_for_a_header(first, second):
    tag = locale_for(first, second).tag
    assert len(tag) in (2, 5)
    assert tag.replace("-", "").isascii()
    assert tag.replace("-", "").isalpha()


@pytest.mark.parametrize(
    ("octets", "en", "fr"),
    [
        (None, "", ""),
        (-1, "", ""),
        (0, "0 B", "0 o"),
        (999, "999 B", "999 o"),
        (1000, "1 kB", "1 ko"),
        (24_300, "24 kB", "24 ko"),
        (999_499, "999 kB", "999 ko"),
        (999_500, "1.0 MB", "1,0 Mo"),
        (1_234_567, "1.2 MB", "1,2 Mo"),
        (24_000_000, "24 MB", "24 Mo"),
        (5_000_000_000, "5.0 GB", "5,0 Go"),
        (10**15, "1000000 GB", "1000000 Go"),
    ],
)
def test_sizes(octets, en, fr):
    assert locale_for("en").size(octets) == en
    assert locale_for("fr").size(octets) == fr


def test_times_at_the_ends_of_the_calendar():
    far_east = timezone(timedelta(hours=14))
    for moment in (datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)):
        assert local(moment, far_east).utcoffset() in (timedelta(0), timedelta(hours=14))
