"""Durations as people type them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from histories import examples
from hypothesis import given
from hypothesis import strategies as st

from continuation_cli.core import durations

GOOD = {
    "0": 0,
    "0s": 0,
    "90s": 90,
    "5m": 300,
    "1h30m": 5400,
    "2d": 172800,
    "30d": 2592000,
    "29d23h59m60s": 2592000,
    "1d1h1m1s": 90061,
    " 5m ": 300,
    "1h 30m": 5400,
    "5M": 300,
    "0090s": 90,
}


@pytest.mark.parametrize(("text", "seconds"), GOOD.items())
def test_what_people_type(text, seconds):
    assert durations.parse(text) == timedelta(seconds=seconds)


BAD = {
    "15": "'15' needs a unit: 15m?",
    "00": "'00' needs a unit: 00m?",
    "": "'' is not a duration; expected one like 90s, 5m, 1h30m, 2d or 0",
    "m": "'m' is not a duration",
    "5 minutes": "'5 minutes' is not a duration",
    "5m1h": "'5m1h' is not a duration",
    "1.5h": "'1.5h' is not a duration",
    "-5m": "'-5m' is not a duration",
    "+5m": "'+5m' is not a duration",
    "5w": "'5w' is not a duration",
    "٥m": "'٥m' is not a duration",
    "5m\n5m": "is not a duration",
    "never": "'never' is not a duration",
    "1000000000s": "'1000000000s' is not a duration",
    "30d1s": "'30d1s' is too long; at most 30d",
    "999999999d": "'999999999d' is too long; at most 30d",
}


@pytest.mark.parametrize(("text", "told"), BAD.items())
def test_what_is_refused_and_why(text, told):
    with pytest.raises(ValueError) as caught:
        durations.parse(text)
    assert told in str(caught.value)


@pytest.mark.parametrize("text", ["never", "NEVER", " Never "])
def test_never_is_a_delay(text):
    assert durations.parse_delay(text) is None


def test_a_longer_limit_or_none():
    assert durations.parse("31d", longest=None) == timedelta(days=31)
    with pytest.raises(ValueError, match="at most 365d"):
        durations.parse("366d", longest=timedelta(days=365))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0"), (59, "59s"), (60, "1m"), (5400, "1h30m"), (86400, "1d"), (90061, "1d1h1m1s")],
)
def test_the_shortest_text(seconds, text):
    assert durations.show(timedelta(seconds=seconds)) == text


@examples(200)
@given(st.none() | st.integers(0, 30 * 86400).map(lambda s: timedelta(seconds=s)))
def test_what_is_shown_is_read_back(duration):
    assert durations.parse_delay(durations.show(duration)) == duration


@examples(300)
@given(st.text(max_size=20) | st.from_regex(r"(\d{1,10}[dhms ]?){1,4}"))
def test_any_text_is_read_or_refused_naming_it(text):
    told = None
    try:
        found = durations.parse_delay(text)
    except ValueError as error:
        told = str(error)
    if told is None:
        assert found is None or timedelta(0) <= found <= durations.LONGEST
    else:
        assert repr(text) in told
