"""Times as chats write them, and as the database keeps them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from histories import examples
from hypothesis import given
from hypothesis import strategies as st

from continuation_cli.core import times

MOMENT = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)

GOOD = {
    "2026-03-01T09:00:00Z": "2026-03-01T09:00:00.000Z",
    "2026-03-01T10:00:00+01:00": "2026-03-01T09:00:00.000Z",
    "2026-03-01T00:30:00+05:45": "2026-02-28T18:45:00.000Z",
    "2026-03-01T09:00:00-00:00": "2026-03-01T09:00:00.000Z",
    "2026-03-01 09:00:00Z": "2026-03-01T09:00:00.000Z",
    "2026-03-01t09:00:00z": "2026-03-01T09:00:00.000Z",
    "20260301T090000Z": "2026-03-01T09:00:00.000Z",
    "2026-03-01T09:00Z": "2026-03-01T09:00:00.000Z",
    "2026-03-01T09:00:00.5Z": "2026-03-01T09:00:00.500Z",
    "2026-03-01T09:00:00,5Z": "2026-03-01T09:00:00.500Z",
    # Cut off, never rounded up: a time must not move into the future.
    "2026-03-01T09:00:00.999999Z": "2026-03-01T09:00:00.999Z",
    "2026-03-01T09:00:00.123456789Z": "2026-03-01T09:00:00.123Z",
    "1970-01-01T00:00:00Z": "1970-01-01T00:00:00.000Z",
    "8999-12-31T23:59:59.999Z": "8999-12-31T23:59:59.999Z",
}


@pytest.mark.parametrize(("given_text", "stored"), GOOD.items())
def test_what_is_read(given_text, stored):
    moment = times.parse(given_text)
    assert times.to_text(moment) == stored
    assert moment.utcoffset() == timedelta(0)


NO_OFFSET = ["2026-03-01T09:00:00", "2026-03-01", "2026-03-01 09:00", "20260301"]


@pytest.mark.parametrize("text", NO_OFFSET)
def test_a_time_without_an_offset_is_refused(text):
    with pytest.raises(ValueError, match="has no offset from UTC; expected one like") as caught:
        times.parse(text)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "10", "1772355600", "2026-02-30T09:00:00Z", "2026-03-01T25:00:00Z",
     "2026-03-01T09:00:60Z", "01/03/2026 09:00Z", "2026-03-01T09:00:00 CET", "\ud800"],
)  # fmt: skip
def test_what_is_no_time(text):
    with pytest.raises(ValueError, match="is not a time; expected one like 2026-03-01T09:00:00Z"):
        times.parse(text)


@pytest.mark.parametrize(
    "text",
    ["1969-12-31T23:59:59.999Z", "0001-01-01T00:00:00Z", "9000-01-01T00:00:00Z",
     "9999-12-31T23:59:59Z", "1970-01-01T00:00:00+01:00"],
)  # fmt: skip
def test_years_that_no_chat_has(text):
    with pytest.raises(ValueError, match="is not between 1970 and 9000"):
        times.parse(text)


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+01:00"])
def test_times_that_leave_the_calendar(text):
    with pytest.raises(ValueError, match="is not a time"):
        times.parse(text)


moments = st.datetimes(
    datetime(1970, 1, 2), datetime(8999, 12, 30),  # noqa: DTZ001 - hypothesis adds the zone
    timezones=st.builds(
        lambda minutes: timezone(timedelta(minutes=minutes)), st.integers(-1439, 1439)
    ),
)  # fmt: skip


@examples(300)
@given(moments)
def test_there_and_back_to_the_millisecond(moment):
    stored = times.to_text(moment)
    back = times.from_text(stored)
    assert times.parse(stored) == times.parse(moment.isoformat()) == back
    assert timedelta(0) <= moment - back < timedelta(milliseconds=1)
    assert times.to_text(back) == stored


@examples(300)
@given(moments, moments)
def test_the_order_of_the_texts_is_the_order_of_the_times(one, other):
    one, other = times.parse(one.isoformat()), times.parse(other.isoformat())
    assert (one < other) is (times.to_text(one) < times.to_text(other))


@examples(300)
@given(st.text())
def test_any_text_is_read_or_refused(text):
    try:
        times.parse(text)
    except ValueError as error:
        str(error).encode()


def test_no_time_stays_none():
    assert times.maybe(None) is None
    assert times.maybe("2026-03-01T09:00:00.000Z") == MOMENT


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999Z"),
        ("2016-12-31T23:59:60.25+00:00", "2016-12-31T23:59:59.999Z"),
        ("2026-03-01T24:00:00Z", "2026-03-02T00:00:00.000Z"),
        ("2026-060T09:00:00Z", "2026-03-01T09:00:00.000Z"),
        ("20260301t090000z", "2026-03-01T09:00:00.000Z"),
    ],
)
def test_what_else_the_standards_allow(typed, stored):
    assert times.to_text(times.parse(typed)) == stored
