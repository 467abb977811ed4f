"""When an email is due: each sentence of the rules, its boundaries to the millisecond."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from builders import MS, at, conversation, message, page, settings, show, summary

from continuation_cli.core import schedule
from continuation_cli.core.schedule import decide, next_look

#: offline_delay 1m, unseen_delay 15m, presence_timeout 2m, max_age 3d, as built in.
BUILT_IN = settings()


# --- The rule is chosen by presence at the time of the sweep -------------------------------------

NEVER_BEAT = page("8:30")
CLOSED_AT_9 = page("8:30", closed="9:00")
#: Last beat at 8:58: counts as closed since 9:00.
SILENT_SINCE_9 = page("8:30", active="8:58")
BEATS = page("8:30", active="9:04")

RULES = {
    "an open page: from the message, plus unseen_delay": (
        [NEVER_BEAT, message("9:05")], "9:06", "waiting unseen 9:20"),
    "an open page, hidden: the same rule": (
        [page("8:30", hidden="9:00"), message("9:05")], "9:06", "waiting unseen 9:20"),
    "no page open: from the closing, plus offline_delay": (
        [CLOSED_AT_9, message("8:50")], "9:00:30", "waiting offline 9:01"),
    "sent after the closing: from the message": (
        [CLOSED_AT_9, message("9:05")], "9:05:30", "waiting offline 9:06"),
    "sent before the closing: from the closing": (
        [CLOSED_AT_9, message("8:59:59")], "9:00:30", "waiting offline 9:01"),
    "several messages: from the first": (
        [CLOSED_AT_9, message("9:05"), message("9:05:50")], "9:05:55", "waiting offline 9:06"),
    "several messages, an open page: from the first": (
        [NEVER_BEAT, message("9:05"), message("9:15")], "9:16", "waiting unseen 9:20"),
    "the first in time counts, in whatever order they come": (
        [NEVER_BEAT, message("9:15"), message("9:05")], "9:16", "waiting unseen 9:20"),
    "two pages, one open": (
        [CLOSED_AT_9, page("8:40", id="p2"), message("9:05")], "9:06", "waiting unseen 9:20"),
    "two pages, both closed: from the last closing": (
        [CLOSED_AT_9, page("8:40", id="p2", closed="9:03"), message("8:50")],
        "9:03:30", "waiting offline 9:04"),
    "two pages, the one opened last was closed first": (
        [page("8:30", closed="9:03"), page("8:40", id="p2", closed="9:00"), message("8:50")],
        "9:03:30", "waiting offline 9:04"),
    "one closed, one silent: from the later end": (
        [CLOSED_AT_9, page("8:40", id="p2", active="9:02"), message("8:55")],
        "9:04:30", "waiting offline 9:05"),
    "opened again after the closing": (
        [page("9:04", closed="9:00"), message("9:05")], "9:06", "waiting unseen 9:20"),
    "shown again after the closing": (
        [page("8:30", closed="9:00", visible="9:04"), message("9:05")],
        "9:06", "waiting unseen 9:20"),
    "a heartbeat after the closing": (
        [page("8:30", closed="9:00", active="9:04"), message("9:05")],
        "9:05:30", "waiting unseen 9:20"),
    "closed in the very millisecond of the last heartbeat": (
        [page("8:30", closed="9:00", active="9:00"), message("8:50")],
        "9:00:30", "waiting offline 9:01"),
    "opened again, and closed again": (
        [page("9:04", closed="9:10"), message("9:05")], "9:10:30", "waiting offline 9:11"),
    "heartbeats go on": (
        [BEATS, message("9:05")], "9:05:59", "waiting unseen 9:20"),
    "heartbeats stopped: closed at the last one + presence_timeout": (
        [SILENT_SINCE_9, message("8:55")], "9:00:30", "waiting offline 9:01"),
    "heartbeats stopped, message sent since": (
        [SILENT_SINCE_9, message("9:05")], "9:05:30", "waiting offline 9:06"),
    "coming back to the page is a sign of life, though no heartbeat": (
        [page("8:30", active="8:58", visible="9:04"), message("9:05")],
        "9:05:30", "waiting unseen 9:20"),
    "opened again since the heartbeats stopped": (
        [page("9:04", active="8:58"), message("9:05")], "9:05:30", "waiting unseen 9:20"),
    "a page that never beat stays open for days": (
        [NEVER_BEAT, message("+2 9:05")], "+2 9:06", "waiting unseen +2 9:20"),
    "closed after it was silent for presence_timeout: the silence counts": (
        [page("8:30", active="8:58", closed="9:10"), message("8:55")],
        "9:00:30", "waiting offline 9:01"),
    "no page on record: offline since the conversation began": (
        [message("7:00")], "8:00:30", "waiting offline 8:01"),
    "no page on record, message since": (
        [message("9:05")], "9:05:30", "waiting offline 9:06"),
    "a page that opens in the future is not open": (
        [page("10:00"), message("9:05")], "9:05:30", "waiting offline 9:06"),
    "a page that is to be closed in the future is open": (
        [page("8:30", closed="10:00"), message("9:05")], "9:06", "waiting unseen 9:20"),
    "a message dated in the future, offline": (
        [CLOSED_AT_9, message("10:00")], "9:05", "waiting offline 10:01"),
    "a message dated in the future, a page open": (
        [NEVER_BEAT, message("10:00")], "9:05", "waiting unseen 10:15"),
    "a bot's message beside an agent's does not start the clock": (
        [CLOSED_AT_9, message("9:05", "bot"), message("9:06")], "9:06:30", "waiting offline 9:07"),
}  # fmt: skip


@pytest.mark.parametrize(("parts", "now", "expected"), RULES.values(), ids=RULES)
def test_the_rule_and_its_clock(parts, now, expected):
    chat = conversation(*parts)
    assert summary(chat, at(now)) == expected
    until = decide(chat, BUILT_IN, at(now)).until
    if not any(at(now) < turn <= until for turn in turns(chat)):
        assert summary(chat, until - MS) == expected
        assert summary(chat, until) == expected.replace("waiting", "due")
        assert summary(chat, until + MS) == expected.replace("waiting", "due")


def turns(chat):
    """When presence may change."""
    for one in chat.pages:
        yield one.opened_at
        end = schedule.end_of(one, BUILT_IN.presence_timeout)
        if end is not None:
            yield end


def test_a_page_counts_as_closed_in_the_millisecond_of_its_timeout():
    chat = conversation(SILENT_SINCE_9, message("8:55"))
    assert schedule.presence(chat.pages, BUILT_IN.presence_timeout, at("9:00") - MS) == "online"
    assert summary(chat, at("9:00") - MS) == "waiting unseen 9:10"
    assert schedule.presence(chat.pages, BUILT_IN.presence_timeout, at("9:00")) == "offline"
    assert summary(chat, at("9:00")) == "waiting offline 9:01"


def test_presence_timeout_is_the_channels():
    chat = conversation(SILENT_SINCE_9, message("8:55"))
    patient = settings(presence_timeout="10m")
    assert summary(chat, at("9:05"), patient) == "waiting unseen 9:10"
    assert summary(chat, at("9:08"), patient) == "waiting offline 9:09"


def test_a_page_closes_and_opens_in_the_millisecond_that_it_says():
    chat = conversation(page("9:00", closed="9:30"), message("8:59:30"))
    assert summary(chat, at("9:00") - MS) == "waiting offline 9:00:30"
    assert summary(chat, at("9:00")) == "waiting unseen 9:14:30"
    assert summary(chat, at("9:30") - MS) == "due unseen 9:14:30"
    # A closing that everybody knows of, unlike silence, chooses the rule anew.
    assert summary(chat, at("9:30")) == "waiting offline 9:31"


def test_silence_does_not_postpone_what_was_due_already():
    """Nobody did anything at 9:20 + 2m; an email due since 9:15 must not wait once more."""
    chat = conversation(page("8:30", active="9:20"), message("9:00"))
    hour = settings(offline_delay="1h")
    assert summary(chat, at("9:15") - MS, hour) == "waiting unseen 9:15"
    assert summary(chat, at("9:22") - MS, hour) == "due unseen 9:15"
    assert summary(chat, at("9:22"), hour) == "due unseen 9:15"
    assert summary(chat, at("9:22"), settings(offline_delay="never")) == "due unseen 9:15"


def test_silence_chooses_offline_for_what_was_not_due_before_it():
    beats_until_9 = page("8:30", active="9:00")
    chat = conversation(beats_until_9, message("8:47"))
    hour = settings(offline_delay="1h")
    # Due under the unseen rule at 9:02, when the page counts as closed: that is not before.
    assert summary(chat, at("9:02"), hour) == "waiting offline 10:02"
    earlier = conversation(beats_until_9, replace(message("8:47"), sent_at=at("8:47") - MS))
    assert summary(earlier, at("9:02"), hour) == f"due unseen {show(at('9:02') - MS)}"


def test_a_closing_in_the_same_millisecond_as_the_silence_is_a_closing():
    chat = conversation(page("8:30", active="9:20", closed="9:22"), message("9:00"))
    assert summary(chat, at("9:22")) == "waiting offline 9:23"


# --- Delays ------------------------------------------------------------------------------------

DELAYS = {
    "0 sends at once, offline": (
        [CLOSED_AT_9, message("9:05")], {"offline_delay": "0"}, "9:05", "due offline 9:05"),
    "0 sends at once, a page open": (
        [NEVER_BEAT, message("9:05")], {"unseen_delay": "0"}, "9:05", "due unseen 9:05"),
    "0 sends nothing before its message": (
        [NEVER_BEAT, message("9:05:00.001")], {"unseen_delay": "0"},
        "9:05", "waiting unseen 9:05:00.001"),
    "never, offline": (
        [CLOSED_AT_9, message("9:05")], {"offline_delay": "never"}, "10:00", "skipped rule_off"),
    "never, a page open": (
        [NEVER_BEAT, message("9:05")], {"unseen_delay": "never"}, "10:00", "skipped rule_off"),
    "never switches off its own rule only: offline": (
        [CLOSED_AT_9, message("9:05")], {"unseen_delay": "never"}, "10:00", "due offline 9:06"),
    "never switches off its own rule only: unseen": (
        [NEVER_BEAT, message("9:05")], {"offline_delay": "never"}, "10:00", "due unseen 9:20"),
    "the longest": (
        [NEVER_BEAT, message("9:05")], {"unseen_delay": "30d", "max_age": "30d"},
        "+30 9:05", "due unseen +30 9:05"),
    "1h30m": (
        [CLOSED_AT_9, message("9:05")], {"offline_delay": "1h30m"},
        "10:00", "waiting offline 10:35"),
}  # fmt: skip


@pytest.mark.parametrize(("parts", "values", "now", "expected"), DELAYS.values(), ids=DELAYS)
def test_delays(parts, values, now, expected):
    assert summary(conversation(*parts), at(now), settings(**values)) == expected


# --- What starts an email, and what goes along -------------------------------------------------

BOTS = {
    "alone": ([message("9:00", "bot")], {
        "include": ("skipped nothing_unseen", []),
        "trigger": ("due offline 9:01", ["m9:00"]),
        "omit": ("skipped nothing_unseen", []),
    }),
    "before an agent's": ([message("9:00", "bot"), message("9:05")], {
        "include": ("due offline 9:06", ["m9:00", "m9:05"]),
        "trigger": ("due offline 9:01", ["m9:00", "m9:05"]),
        "omit": ("due offline 9:06", ["m9:05"]),
    }),
    "after an agent's": ([message("9:00"), message("9:05", "bot")], {
        "include": ("due offline 9:01", ["m9:00", "m9:05"]),
        "trigger": ("due offline 9:01", ["m9:00", "m9:05"]),
        "omit": ("due offline 9:01", ["m9:00"]),
    }),
}  # fmt: skip


@pytest.mark.parametrize("mode", ["include", "trigger", "omit"])
@pytest.mark.parametrize("case", BOTS)
def test_a_bots_messages(case, mode):
    parts, expectations = BOTS[case]
    decision, ids = expectations[mode]
    options, chat = settings(bot_messages=mode), conversation(*parts)
    assert summary(chat, at("9:30"), options) == decision
    if ids:
        assert [m.id for m in schedule.for_email(chat.unseen, options)] == ids


@pytest.mark.parametrize("author", ["note", "system", "customer"])
@pytest.mark.parametrize("mode", ["include", "trigger", "omit"])
def test_no_other_kind_starts_an_email_or_gets_into_one(author, mode):
    """Even if a caller passes it as unseen: the kinds are an allow-list."""
    options = settings(bot_messages=mode)
    private = message("9:00", author, id="private")
    assert summary(conversation(private), at("9:30"), options) == "skipped nothing_unseen"
    both = conversation(private, message("9:05"))
    assert summary(both, at("9:30"), options) == "due offline 9:06"
    assert [m.id for m in schedule.for_email(both.unseen, options)] == ["m9:05"]


def test_all_that_waits_goes_into_the_one_email():
    burst = [message(f"9:{minute:02d}") for minute in range(5, 35)]
    chat = conversation(CLOSED_AT_9, *burst)
    assert summary(chat, at("9:40")) == "due offline 9:06"
    assert list(schedule.for_email(chat.unseen, BUILT_IN)) == burst


def test_partial_reading_leaves_the_clock_to_what_is_left():
    three = [message("9:00"), message("9:01"), message("9:02")]
    assert summary(conversation(*three), at("9:01")) == "due offline 9:01"
    assert summary(conversation(three[2]), at("9:01")) == "waiting offline 9:03"
    assert summary(conversation(), at("9:30")) == "skipped nothing_unseen"


# --- Presence ----------------------------------------------------------------------------------

PRESENCES = {
    "no page": ([], "9:00", "offline"),
    "open": ([page("8:30")], "9:00", "online"),
    "hidden": ([page("8:30", hidden="8:50")], "9:00", "away"),
    "hidden this very millisecond": ([page("8:30", hidden="9:00")], "9:00", "away"),
    "hidden in the future": ([page("8:30", hidden="9:00:00.001")], "9:00", "online"),
    "hidden and shown": ([page("8:30", hidden="8:50", visible="8:55")], "9:00", "online"),
    "shown and hidden": ([page("8:30", visible="8:50", hidden="8:55")], "9:00", "away"),
    "hidden, then opened anew": ([page("8:55", hidden="8:50")], "9:00", "online"),
    "one hidden, one visible": (
        [page("8:30", hidden="8:50"), page("8:40", id="p2")], "9:00", "online"),
    "both hidden": (
        [page("8:30", hidden="8:50"), page("8:40", id="p2", hidden="8:45")], "9:00", "away"),
    "visible, but closed; the other hidden": (
        [page("8:30", closed="8:50"), page("8:40", id="p2", hidden="8:45")], "9:00", "away"),
    "hidden pages beat, too": (
        [page("8:30", hidden="8:50", active="8:59")], "9:00", "away"),
    "silent": ([page("8:30", active="8:58")], "9:00", "offline"),
    "not yet silent": ([page("8:30", active="8:58:00.001")], "9:00", "online"),
    "opened this very millisecond": ([page("9:00")], "9:00", "online"),
    "not yet open": ([page("9:00:00.001")], "9:00", "offline"),
}  # fmt: skip


@pytest.mark.parametrize(("pages", "now", "expected"), PRESENCES.values(), ids=PRESENCES)
def test_presence(pages, now, expected):
    assert schedule.presence(pages, timedelta(minutes=2), at(now)) == expected


LAST_PAGES = {
    "none": ([], None),
    "the only one, closed": ([page("8:00", closed="8:30")], "p1"),
    "opened last": ([page("8:00"), page("8:10", id="p2")], "p2"),
    "used last": ([page("8:00", active="8:20"), page("8:10", id="p2")], "p1"),
    "shown last": ([page("8:00", visible="8:20"), page("8:10", id="p2", active="8:15")], "p1"),
    "closed last": ([page("8:00", closed="8:30"), page("8:10", id="p2", closed="8:20")], "p1"),
    "a page in the background beats on, but they were on the other": (
        [page("8:00", hidden="8:10", active="8:59"), page("8:10", id="p2", active="8:50")], "p2"),
    "the same time: one of them, always the same": (
        [page("8:00", id="p2"), page("8:00", id="p1")], "p2"),
}  # fmt: skip


@pytest.mark.parametrize(("pages", "expected"), LAST_PAGES.values(), ids=LAST_PAGES)
def test_the_last_page(pages, expected):
    for order in (pages, pages[::-1]):
        found = schedule.last_page(order)
        assert (found.id if found else None) == expected


# --- The next look -----------------------------------------------------------------------------

LOOKS = {
    "waiting: when the clock ends": ([CLOSED_AT_9, message("9:05")], {}, "9:05:30", "9:06"),
    "waiting: when the page falls silent, if that is sooner": (
        [page("8:30", active="9:05"), message("9:05")], {}, "9:05:30", "9:07"),
    "waiting: when a page opens, if that is sooner": (
        [page("9:05:40"), message("9:05")], {}, "9:05:30", "9:05:40"),
    "a message dated in the future: not before it": (
        [page("8:30", active="9:05"), message("10:00")], {}, "9:05:30", "10:00"),
    "the unseen rule is off: when the page ends": (
        [page("8:30", active="9:05"), message("9:05")], {"unseen_delay": "never"},
        "9:06", "9:07"),
    "the unseen rule is off and the page never beat: never": (
        [NEVER_BEAT, message("9:05")], {"unseen_delay": "never"}, "9:06", None),
    "offline, the rule is off: never": (
        [CLOSED_AT_9, message("9:05")], {"offline_delay": "never"}, "9:06", None),
    "nothing unseen: never": ([CLOSED_AT_9], {}, "9:06", None),
}  # fmt: skip


@pytest.mark.parametrize(("parts", "values", "now", "expected"), LOOKS.values(), ids=LOOKS)
def test_the_next_look(parts, values, now, expected):
    found = next_look(conversation(*parts), settings(**values), at(now))
    assert found == (at(expected) if expected else None)
