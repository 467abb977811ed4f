"""Why did this customer get, or not get, an email? The answer word for word."""

from __future__ import annotations

from dataclasses import replace

import pytest
from builders import at, conversation, message, page, settings

from continuation_cli.core import explain
from continuation_cli.core import settings as typed
from continuation_cli.core.schedule import UNKNOWN_OPENING

SOURCES = dict.fromkeys(typed.SPECS, "built in") | {"offline_delay": "set for channel acme"}


def told(chat, now, about=None, messages=None, **values):
    """The steps as text; of one kind, if named."""
    steps = explain.explain(
        chat, chat.unseen if messages is None else messages, settings(**values), SOURCES, at(now)
    )
    return [step.text for step in steps if about in (None, step.about)]


def test_from_the_page_to_the_decision():
    chat = conversation(page("8:30", closed="9:00"), message("9:05", id="m7", name="Ana"))
    assert told(chat, "9:05:30") == [
        "Page p1 (https://acme.example/p1) opened 2026-03-01 08:30:00 and closed "
        "2026-03-01 09:00:00.",
        "So the customer is offline since 2026-03-01 09:00:00: no page is open.",
        "m7 from agent Ana at 2026-03-01 09:05:00: unseen, waiting.",
        "The offline rule applies, because the customer is offline.",
        "Its clock counts from 2026-03-01 09:05:00, when the first waiting message was sent, plus "
        "1m (offline_delay 1m, set for channel acme): 2026-03-01 09:06:00.",
        "Nothing yet: an email is due at 2026-03-01 09:06:00, unless something changes.",
    ]
    assert told(chat, "9:06", "decision") == [
        "An email is due since 2026-03-01 09:06:00; the next sweep sends it."
    ]


PAGES = {
    "open": (
        page("8:30"), "opened 2026-03-01 08:30:00, is open and visible (no heartbeats)."),
    "hidden": (
        page("8:30", hidden="9:00", active="9:09"),
        "opened 2026-03-01 08:30:00, is open and hidden (last heartbeat 2026-03-01 09:09:00)."),
    "silent": (
        page("8:30", active="9:00:00.500"),
        "opened 2026-03-01 08:30:00 and fell silent: last sign of life 2026-03-01 09:00:00.500, "
        "so it counts as closed since 2026-03-01 09:02:00.500 (presence_timeout 2m)."),
    "not yet open": (page("10:00"), "opens only at 2026-03-01 10:00:00."),
    "never opened": (
        replace(page("8:30", closed="9:00"), opened_at=UNKNOWN_OPENING),
        "opened at an unknown time and closed 2026-03-01 09:00:00."),
}  # fmt: skip


@pytest.mark.parametrize(("one", "expected"), PAGES.values(), ids=PAGES)
def test_pages(one, expected):
    steps = told(conversation(one, message("9:05")), "9:10", "presence")
    assert steps[0] == f"Page p1 (https://acme.example/p1) {expected}"


@pytest.mark.parametrize(
    ("pages", "expected"),
    [
        ([page("8:30")], "So the customer is online: a page is open and visible."),
        ([page("8:30", hidden="9:00")],
         "So the customer is away: a page is open, but none is visible."),
        ([], "So the customer is offline since 2026-03-01 08:00:00: there is no page on record."),
    ],
)  # fmt: skip
def test_presence(pages, expected):
    assert told(conversation(*pages, message("9:05")), "9:10", "presence")[-1] == expected


MESSAGES = {
    "private, never shown to a customer": message("9:00", "note"),
    "the customer's own": message("9:00", "customer"),
    "deleted 2026-03-01 09:30:00": message("9:00", deleted_at=at("9:30")),
    "seen 2026-03-01 09:30:00": message("9:00", seen_at=at("9:30")),
    "in email 7": message("9:00", email=7),
    "unseen; a bot's message starts no email, it goes along with an agent's": message(
        "9:00", "bot"
    ),
    "unseen, waiting": message("9:00"),
}


@pytest.mark.parametrize(("expected", "one"), MESSAGES.items(), ids=MESSAGES)
def test_messages(expected, one):
    assert told(conversation(), "9:40", "message", [one])[0].endswith(f"09:00:00: {expected}.")


def test_a_bots_message_by_the_setting():
    bot = [message("9:00", "bot")]
    assert "it left out" in told(conversation(), "9:40", "message", bot, bot_messages="omit")[0]
    assert "waiting" in told(conversation(), "9:40", "message", bot, bot_messages="trigger")[0]


RULES = {
    "a page is open": ([page("8:30"), message("9:05")], "9:10", "unseen"),
    "the customer is offline": ([message("9:05")], "9:10", "offline"),
    "the email was due already before the page fell silent": (
        [page("8:30", active="9:25"), message("9:05")], "9:40", "unseen"),
}  # fmt: skip


@pytest.mark.parametrize(("why", "case"), RULES.items(), ids=RULES)
def test_the_rule(why, case):
    parts, now, rule = case
    assert told(conversation(*parts), now, "rule")[0] == f"The {rule} rule applies, because {why}."


def test_the_clock_from_going_offline():
    chat = conversation(page("8:30", closed="9:00"), message("8:50"))
    assert "from 2026-03-01 09:00:00, when the customer went offline" in told(chat, "9:10")[-2]


def test_a_rule_that_is_off():
    steps = told(conversation(message("9:05")), "9:10", offline_delay="never")
    assert steps[-2].endswith("the rule is off (offline_delay never, set for channel acme).")
    assert steps[-1] == "No email, because the rule that applies is off (its delay is never)."


def test_nothing_waits():
    assert told(conversation(), "9:10", "rule") == []
    assert told(conversation(), "9:10", "decision") == [
        "No email, because every message was seen or is in an email already."
    ]


CONCLUSIONS = {
    "the address is suppressed (bounce).": {"suppression": "bounce"},
    "the customer's address cannot be mailed ('ada').": {"email": "ada"},
    "a person holds this conversation since 2026-03-01 08:00:00.": {"held_at": at("8:00")},
    "its email could not be composed, until 2026-03-01 10:00:00.": {"set_aside_until": at("10:00")},
}


@pytest.mark.parametrize(("expected", "fields"), CONCLUSIONS.items(), ids=CONCLUSIONS)
def test_why_not(expected, fields):
    chat = replace(conversation(message("9:05")), **fields)
    assert told(chat, "9:10", "decision") == [f"No email, because {expected}"]


def test_too_old_says_how_old_is_too_old():
    assert told(conversation(message("9:05")), "11:00", "decision", max_age="1h") == [
        "No email, because the unseen messages are older than max_age (1h)."
    ]


def test_as_data():
    steps = explain.explain(conversation(), [], settings(), SOURCES, at("9:00"))
    assert explain.to_data(steps)[-1] == {
        "about": "decision",
        "text": "No email, because every message was seen or is in an email already.",
    }
