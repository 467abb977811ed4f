"""Reading what the chat wrote, and the little that a person changes."""

from __future__ import annotations

import json

import pytest
from builders import DAY, MS, at
from stored import text

from continuation_cli.core.model import Attachment, Message, Page
from continuation_cli.store import activity

NOON = at("12:00")


def test_all_that_a_decision_needs(chat):
    chat.converse(name="Ada", locale="de", began_at=text(at("8:00")))
    chat.insert("pages", {"conversation": "c1", "id": "p1", "url": "https://a.example/",
                          "opened_at": text(at("8:01")), "visible_at": text(at("8:02")),
                          "hidden_at": text(at("8:03")), "last_active_at": text(at("8:04")),
                          "closed_at": text(at("8:05"))})  # fmt: skip
    chat.say(at("9:00"), name="Ana", format="markdown")
    found = activity.conversation(chat.ours, "c1", NOON)
    assert (found.id, found.channel, found.began_at) == ("c1", "acme", at("8:00"))
    assert (found.email, found.name, found.locale) == ("c1@example.com", "Ada", "de")
    assert found.pages == (Page("p1", "https://a.example/", *(at(f"8:0{n}") for n in range(1, 6))),)
    assert found.unseen == (
        Message("m1", "agent", "text of m1", at("9:00"), name="Ana", format="markdown"),
    )
    assert (found.held_at, found.set_aside_until, found.suppression) == (None, None, None)
    assert found.emailed_at == ()


def test_no_such_conversation(chat):
    assert activity.conversation(chat.ours, "c9", NOON) is None
    assert activity.details(chat.ours, "c9") is None


def test_unseen_is_what_a_customer_has_not_seen_in_order(chat):
    chat.converse()
    for number, fields in enumerate(
        [{}, {"author": "bot"}, {"author": "note"}, {"author": "system"}, {"author": "customer",
         "via": "email"}, {"seen_at": text(NOON)}, {"deleted_at": text(NOON)}, {"email": 7}]
    ):  # fmt: skip
        chat.say(at("9:00"), f"m{9 + number}", **fields)
    assert [m.id for m in activity.unseen(chat.ours, "c1")] == ["m9", "m10"]
    assert len(activity.messages(chat.ours, "c1")) == 8


def test_emails_of_the_last_24_hours_count_to_the_millisecond(chat):
    chat.write("INSERT INTO settings VALUES ('', 'offline_delay', '0')")
    chat.converse()
    for number, moment in enumerate((at("9:00"), at("10:00"), at("11:00"))):
        chat.say(moment, f"m{number}")
        chat.sweep(moment)
    chat.write("UPDATE emails SET state = 'cancelled' WHERE id = 2")

    def counted(now):
        return activity.conversation(chat.ours, "c1", now).emailed_at

    assert counted(NOON) == (at("9:00"), at("11:00"))
    assert counted(at("+1 9:00") - MS) == (at("9:00"), at("11:00"))
    assert counted(at("+1 9:00")) == (at("11:00"),)


def test_an_address_is_suppressed_however_it_is_written(chat):
    chat.write("INSERT INTO suppressions (address, reason) VALUES ('ada@example.com', 'bounce')")
    chat.converse(email="Ada@Example.COM")
    assert activity.conversation(chat.ours, "c1", NOON).suppression == "bounce"
    chat.write("UPDATE conversations SET email = 'eve@example.com'")
    assert activity.conversation(chat.ours, "c1", NOON).suppression is None


def test_attachments_a_backend_wrote(chat):
    """Any JSON array passes the constraint; what is no file in it is passed over."""
    files = [
        {"name": "a.pdf", "url": "https://a.example/a", "size": 3, "content_type": "text/plain"},
        {"name": "b.pdf", "url": 7, "size": -1, "content_type": []},
        {"url": "https://a.example/nameless"},
        "c.pdf",
        None,
    ]
    chat.converse()
    chat.say(at("9:00"), attachments=json.dumps(files))
    (found,) = activity.unseen(chat.ours, "c1")
    assert found.attachments == (
        Attachment("a.pdf", "https://a.example/a", 3, "text/plain"),
        Attachment("b.pdf"),
    )


def test_the_recap_is_what_came_before_oldest_first(chat):
    chat.converse()
    for number, author in enumerate(["agent", "note", "customer", "system", "bot", "agent"]):
        chat.say(at(f"9:0{number}"), f"m{number}", author=author)
    chat.say(at("9:05"), "m10")
    chat.write("UPDATE messages SET deleted_at = sent_at WHERE id = 'm0'")
    before = {m.id: m for m in activity.messages(chat.ours, "c1")}

    def recap(message, count=5):
        return [m.id for m in activity.recap(chat.ours, "c1", before[message], count)]

    assert recap("m5") == ["m2", "m4"]
    assert recap("m10") == ["m2", "m4", "m5"]
    assert recap("m10", 2) == ["m4", "m5"]
    assert recap("m10", 0) == []
    assert recap("m2") == []


def test_conversations_that_are_named_alike(chat):
    for name in ("c41", "c42", "c43", "c44", "d1", "c"):
        chat.converse(name)
    assert activity.like(chat.ours, "c4x") == ["c41", "c42", "c43"]
    assert activity.like(chat.ours, "d") == ["d1"]
    assert activity.like(chat.ours, "x") == []


def test_every_conversation(chat):
    activity.add_channel(chat.ours, "shop", None)
    chat.converse("c2")
    chat.converse("c1", channel="shop")
    assert list(activity.every_conversation(chat.ours, None)) == ["c1", "c2"]
    assert list(activity.every_conversation(chat.ours, "shop")) == ["c1"]


def test_channels(chat):
    assert activity.add_channel(chat.ours, "shop", None)
    assert activity.channel_name(chat.ours, "shop") == "shop"
    assert not activity.add_channel(chat.ours, "shop", "The Shop")
    assert activity.channel_name(chat.ours, "shop") == "The Shop"
    assert not activity.add_channel(chat.ours, "shop", None)
    assert activity.channel_name(chat.ours, "shop") == "The Shop"
    assert activity.channel_name(chat.ours, "nowhere") is None
    chat.converse()
    counts = {row["id"]: row["conversations"] for row in activity.channels(chat.ours)}
    assert counts == {"acme": 1, "shop": 0}


def test_hold_and_release(chat):
    chat.converse()
    chat.say(at("9:00"))
    assert activity.hold(chat.ours, "c1", at("9:00"), "ada", "on the phone")
    assert not activity.hold(chat.ours, "c1", at("9:30"), "eve", None)
    row = activity.details(chat.ours, "c1")
    assert (row["held_at"], row["held_by"], row["held_why"]) == (
        text(at("9:00")), "ada", "on the phone",
    )  # fmt: skip
    assert chat.sweep(at("9:30")).delivered == []
    assert chat.waiting() == {"c1": (None, "held")}
    assert activity.release(chat.ours, "c1")
    assert not activity.release(chat.ours, "c1")
    row = activity.details(chat.ours, "c1")
    assert (row["held_at"], row["held_by"], row["held_why"]) == (None, None, None)
    assert chat.sweep(at("9:31")).recipients == ["c1@example.com"]


@pytest.mark.parametrize("name", ["c1", "c9"])
def test_holding_is_for_conversations_that_are_there(chat, name):
    chat.converse()
    assert activity.hold(chat.ours, name, DAY, "ada", None) is (name == "c1")
    assert activity.revoke_links(chat.ours, name) is (name == "c1")


def test_set_aside_and_taken_up_again(chat):
    chat.converse()
    chat.say(at("9:00"))
    activity.set_aside(chat.ours, "c1", at("10:00"), "broken")
    assert activity.conversation(chat.ours, "c1", NOON).set_aside_until == at("10:00")
    assert chat.sweep(at("9:30")).delivered == []
    assert chat.waiting() == {"c1": (text(at("10:00")), None)}
    assert chat.sweep(at("10:00")).recipients == ["c1@example.com"]
    assert activity.details(chat.ours, "c1")["set_aside_why"] is None
