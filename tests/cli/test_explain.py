"""`explain`: why did this customer get no email, and when will they?"""

from __future__ import annotations

import pytest


def told(run, *words):
    ran = run("explain", *words)
    assert (ran.code, ran.err) == (0, "")
    head, *lines = ran.out.splitlines()
    assert head == "about\ttext"
    return [tuple(line.split("\t", 1)) for line in lines]


def decision(run, *words):
    [text] = [text for about, text in told(run, *words) if about == "decision"]
    return text


def hm(chat, minutes):
    """A time as it is told."""
    return chat.ago(minutes)[:23].replace("T", " ")


def test_offline_and_due(run, chat):
    chat.due()
    lines = told(run, "c1")
    assert lines == [
        ("decision", f"An email is due since {hm(chat, 9)}; the next sweep sends it."),
        ("presence", f"Page p1 (https://acme.example/pricing) opened {hm(chat, 60)} and closed "
         f"{hm(chat, 30)}."),
        ("presence", f"So the customer is offline since {hm(chat, 30)}: no page is open."),
        ("message", f"m1 from agent Ana at {hm(chat, 10)}: unseen, waiting."),
        ("rule", "The offline rule applies, because the customer is offline."),
        ("rule", f"Its clock counts from {hm(chat, 10)}, when the first waiting message was sent, "
         f"plus 1m (offline_delay 1m, built in): {hm(chat, 9)}."),
    ]  # fmt: skip


def test_when_will_it(run, chat):
    chat.waits()
    assert decision(run, "c1") == (
        f"Nothing yet: an email is due at {hm(chat, -5)}, unless something changes."
    )
    assert decision(run, "c1", "--now", "+5m1s").startswith("An email is due since")


def test_the_setting_that_decided_and_where_it_is_set(run, chat):
    chat.waits()

    def rule():
        return [text for about, text in told(run, "c1") if about == "rule"][1]

    assert "plus 15m (unseen_delay 15m, built in)" in rule()
    chat.set("unseen_delay", "20m")
    assert "plus 20m (unseen_delay 20m, set as the default)" in rule()
    chat.set("unseen_delay", "25m", "acme")
    assert "plus 25m (unseen_delay 25m, set for channel acme)" in rule()
    chat.set("unseen_delay", "never", "acme")
    assert "the rule is off (unseen_delay never, set for channel acme)" in rule()
    assert decision(run, "c1") == (
        "No email, because the rule that applies is off (its delay is never)."
    )


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE conversations SET email = NULL", "the customer has left no email address"),
        ("UPDATE conversations SET email = 'x'", "the customer's address cannot be mailed ('x')"),
        ("INSERT INTO settings VALUES ('', 'enabled', 'off')", "emails are off for this channel"),
        ("INSERT INTO settings VALUES ('', 'daily_cap', '0')", "daily_cap emails within 24 hours"),
        ("INSERT INTO settings VALUES ('', 'max_age', '5m')", "older than max_age (5m)"),
        ("UPDATE messages SET seen_at = sent_at", "every message was seen or is in an email"),
        ("UPDATE messages SET deleted_at = sent_at", "every message was seen or is in an email"),
        ("UPDATE messages SET author = 'note'", "every message was seen or is in an email"),
    ],
)
def test_why_not(run, chat, statement, expected):
    chat.due()
    chat.sql(statement)
    text = decision(run, "c1")
    assert text.startswith("No email, because ")
    assert expected in text


def test_each_message(run, chat):
    chat.due()
    chat.message("c1", "m2", author="note", ago=9)
    chat.message("c1", "m3", author="bot", ago=8)
    chat.message("c1", "m4", ago=7, seen_at=chat.ago(6))
    chat.message("c1", "m5", ago=6, deleted_at=chat.ago(5))
    chat.message("c1", "m6", author="system", ago=5)
    states = {text.split()[0]: text.partition(": ")[2] for about, text in told(run, "c1")
              if about == "message"}  # fmt: skip
    assert states == {
        "m1": "unseen, waiting.",
        "m2": "private, never shown to a customer.",
        "m3": "unseen; a bot's message starts no email, it goes along with an agent's.",
        "m4": f"seen {hm(chat, 6)}.",
        "m5": f"deleted {hm(chat, 5)}.",
        "m6": "private, never shown to a customer.",
    }


def test_pages_that_fell_silent_and_pages_in_the_background(run, chat):
    chat.conversation()
    chat.page("c1", "p1", opened=50, last_active_at=chat.ago(40))
    chat.page("c1", "p2", opened=50, hidden_at=chat.ago(45))
    chat.message()
    texts = [text for about, text in told(run, "c1") if about == "presence"]
    assert any("fell silent" in t and "(presence_timeout 2m)" in t for t in texts)
    assert any("is open and hidden (no heartbeats)" in t for t in texts)
    assert texts[-1] == "So the customer is away: a page is open, but none is visible."


def test_past_emails(run, chat, faulty_smtp):
    chat.due()
    run("sweep", "--transport", faulty_smtp(rcpt="450 4.2.1 greylisted").url)
    [text] = [text for about, text in told(run, "c1") if about == "email"]
    assert text.startswith("Email 1 of ")
    assert " to ada@example.com with m1: deferred, next attempt " in text
    assert text.endswith("(rcpt: 450 4.2.1 greylisted).")
    assert "m1 from agent Ana" in run("explain", "c1").out
    assert "in email 1." in run("explain", "c1").out


def test_the_json_row_is_that_of_pending(run, chat):
    chat.waits()
    now = ("--now", chat.ago(0))
    explained = run("explain", "c1", "--json", *now).data
    steps = explained.pop("steps")
    assert explained == run("pending", "--json", *now).data[0]
    assert {step["about"] for step in steps} == {"presence", "message", "rule", "decision"}


def test_hostile_values_are_inert(run, chat):
    chat.due("c\x1b[2J", email="a\x1b[31m@b.example")
    chat.sql("UPDATE messages SET name = 'A\x1b]0;x\x07\nmessage\tfaked', id = 'm\x9b1'")
    chat.sql("UPDATE pages SET url = 'https://x/\x1b[31m\ndecision\tfaked'")
    lines = told(run, "c\x1b[2J")
    assert all(text.isprintable() for _, text in lines)
    assert [about for about, _ in lines].count("decision") == 1
    assert len([about for about, _ in lines if about == "message"]) == 1
