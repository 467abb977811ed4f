"""Reasons for which no email goes: each by itself, their order, and their ends."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import pytest
from builders import MS, at, conversation, message, page, settings, summary

from continuation_cli.core import schedule
from continuation_cli.core.schedule import Due, Skipped, Waiting, decide, next_look

#: offline_delay 1m, unseen_delay 15m, presence_timeout 2m, max_age 3d, as built in.
BUILT_IN = settings()
NEVER_BEAT = page("8:30")
CLOSED_AT_9 = page("8:30", closed="9:00")

DUE = conversation(CLOSED_AT_9, message("9:05"))
NOON = at("12:00")

#: In the order in which they count: each case has its own obstacle and every later one.
OBSTACLES = [
    ("nothing_unseen", {"unseen": ()}, {}),
    ("disabled", {}, {"enabled": "off"}),
    ("no_address", {"email": None}, {}),
    ("invalid_address", {"email": "ada at example.com"}, {}),
    ("suppressed", {"suppression": "bounce"}, {}),
    ("opted_out", {"suppression": "unsubscribe"}, {}),
    ("held", {"held_at": at("8:00")}, {}),
    ("expired", {}, {"max_age": "1h"}),
    ("rate_capped", {}, {"daily_cap": "0"}),
    ("set_aside", {"set_aside_until": at("13:00")}, {}),
    ("rule_off", {}, {"offline_delay": "never"}),
]


def test_due_without_an_obstacle():
    assert summary(DUE, NOON) == "due offline 9:06"


def test_every_reason_has_its_case():
    assert [reason for reason, _, _ in OBSTACLES] == list(get_args(schedule.Reason))


@pytest.mark.parametrize(("reason", "fields", "values"), OBSTACLES, ids=[o[0] for o in OBSTACLES])
def test_each_reason_by_itself(reason, fields, values):
    assert summary(replace(DUE, **fields), NOON, settings(**values)) == f"skipped {reason}"


@pytest.mark.parametrize("first", range(len(OBSTACLES)))
def test_the_first_reason_in_a_fixed_order_is_told(first):
    fields, values = {}, {}
    for _, some_fields, some_values in reversed(OBSTACLES[first:]):
        fields |= some_fields
        values |= some_values
    assert summary(replace(DUE, **fields), NOON, settings(**values)) == (
        f"skipped {OBSTACLES[first][0]}"
    )


@pytest.mark.parametrize("email", [None, ""])
def test_no_address_yet_and_then_one(email):
    chat = replace(DUE, email=email)
    assert decide(chat, BUILT_IN, NOON) == Skipped("no_address")
    assert next_look(chat, BUILT_IN, NOON) is None
    assert summary(replace(chat, email="ada@example.com"), NOON) == "due offline 9:06"


@pytest.mark.parametrize("reason", ["bounce", "complaint", "manual"])
def test_suppression_is_told_from_opting_out(reason):
    assert decide(replace(DUE, suppression=reason), BUILT_IN, NOON) == Skipped("suppressed")


def test_a_message_expires_only_past_max_age():
    chat = conversation(message("9:00"))
    exactly = at("+3 9:00")
    assert summary(chat, exactly - MS) == "due offline 9:01"
    assert summary(chat, exactly) == "due offline 9:01"
    assert decide(chat, BUILT_IN, exactly + MS) == Skipped("expired")
    assert next_look(chat, BUILT_IN, exactly + MS) is None


def test_one_message_that_is_not_too_old_is_enough():
    chat = conversation(message("9:00"), message("+2 9:00"))
    assert summary(chat, at("+4 9:00")) == "due offline 9:01"
    # But not one that starts no email.
    chat = conversation(message("9:00"), message("+2 9:00", "bot"))
    assert summary(chat, at("+4 9:00")) == "skipped expired"


def test_a_message_can_expire_while_it_waits():
    chat = conversation(NEVER_BEAT, message("9:00"))
    options = settings(unseen_delay="2h", max_age="1h")
    assert summary(chat, at("10:00"), options) == "waiting unseen 11:00"
    assert summary(chat, at("10:00") + MS, options) == "skipped expired"
    assert summary(chat, at("11:00"), options) == "skipped expired"


def test_the_cap_counts_over_24_hours():
    sent = (at("9:00"), at("10:00"), at("11:00"))
    chat = replace(conversation(message("11:30")), emailed_at=sent)
    three = settings(daily_cap="3")
    assert decide(chat, three, NOON) == Skipped("rate_capped", at("+1 9:00"))
    assert decide(chat, three, at("+1 9:00") - MS) == Skipped("rate_capped", at("+1 9:00"))
    assert summary(chat, at("+1 9:00"), three) == "due offline 11:31"
    assert decide(chat, settings(daily_cap="2"), NOON) == Skipped("rate_capped", at("+1 10:00"))
    assert decide(chat, settings(daily_cap="1"), NOON) == Skipped("rate_capped", at("+1 11:00"))
    assert summary(chat, NOON, settings(daily_cap="4")) == "due offline 11:31"


def test_a_cap_of_0_lets_nothing_go():
    chat, none = conversation(message("9:00")), settings(daily_cap="0")
    for days in range(3):
        now = at(f"+{days} 9:30")
        assert decide(chat, none, now).reason == "rate_capped"
        assert next_look(chat, none, now) > now


def test_set_aside_until_its_time():
    chat = replace(DUE, set_aside_until=at("13:00"))
    assert decide(chat, BUILT_IN, at("13:00") - MS) == Skipped("set_aside", at("13:00"))
    assert summary(chat, at("13:00")) == "due offline 9:06"


def test_the_clock_jumps():
    """Each answer depends on `now` alone: set back, the email waits; far ahead, it expires."""
    assert summary(DUE, at("9:10")) == "due offline 9:06"
    assert summary(DUE, at("9:05:30")) == "waiting offline 9:06"
    assert summary(DUE, at("7:00")) == "waiting offline 9:06"
    assert summary(DUE, at("+9 0:00")) == "skipped expired"


def test_kinds_of_decisions_are_values():
    assert decide(DUE, BUILT_IN, NOON) == Due("offline", at("9:05"), at("9:06"))
    assert decide(DUE, BUILT_IN, at("9:05:30")) == Waiting("offline", at("9:05"), at("9:06"))
