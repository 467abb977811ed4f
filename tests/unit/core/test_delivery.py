"""When an email is tried again, and when it is given up."""

from __future__ import annotations

from datetime import timedelta

import pytest
from builders import MS, at

from continuation_cli.core.delivery import AT_ONCE, next_attempt, resend_at

NOW = at("9:00")
LONG = timedelta(days=3)


@pytest.mark.parametrize(
    ("attempts", "minutes"), [(1, 1), (2, 5), (3, 15), (4, 60), (5, 240), (6, 240), (99, 240)]
)
def test_the_waits_grow(attempts, minutes):
    assert next_attempt(attempts, NOW, LONG, NOW) == NOW + timedelta(minutes=minutes)


def test_given_up_where_the_next_attempt_would_come_too_late():
    age = timedelta(hours=1)
    last = NOW + age - timedelta(minutes=5)
    assert next_attempt(2, NOW, age, last) == NOW + age
    assert next_attempt(2, NOW, age, last + MS) is None


def test_a_whole_life():
    """From the first failure to giving up: about 20 attempts within 3 days."""
    now, attempts, made = NOW, 1, []
    while (again := next_attempt(attempts, NOW, LONG, now)) is not None:
        assert now < again <= NOW + LONG
        made.append(again)
        now, attempts = again, attempts + 1
    assert len(made) == 21


def test_sent_again_at_once_after_a_kill_but_not_for_ever():
    assert resend_at(1, NOW, LONG, NOW) == resend_at(AT_ONCE, NOW, LONG, NOW) == NOW
    assert resend_at(AT_ONCE + 1, NOW, LONG, NOW) == NOW + timedelta(hours=4)


def test_a_person_decides_on_what_has_grown_old_in_doubt():
    age = timedelta(hours=1)
    assert resend_at(1, NOW, age, NOW + age) == NOW + age
    assert resend_at(1, NOW, age, NOW + age + MS) is None
    assert resend_at(AT_ONCE + 1, NOW, age, NOW) is None
