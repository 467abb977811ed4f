"""A customer's reply becomes a message of the chat: which conversation, what it changes, once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from builders import MS
from replying import DOMAIN, Desk, at, fields, reply, text, token

from continuation_cli.core.routing import RECIPIENT_FIELDS


@pytest.fixture
def desk(tmp_path):
    with Desk(tmp_path / "chat.db") as made:
        yield made


# --- What a reply does ----------------------------------------------------------------------------


def test_a_reply_is_a_message_of_the_customer(desk):
    email = desk.emailed("c1", "m1", "m2")
    outcome = desk.receive(reply(email, "Yes, please.\n\nAda"))
    assert (outcome.kind, outcome.state, outcome.reason) == ("reply", "posted", None)
    [row] = desk.rows(
        "SELECT conversation, id, author, via, name, text, format, sent_at, deleted_at "
        "FROM messages WHERE author = 'customer'"
    )
    assert row[:5] == ("c1", outcome.message, "customer", "email", None)
    assert row[5].startswith("Yes, please.")
    assert row[6:] == ("plain", text(at("9:45")), None)
    assert desk.unseen() == []
    assert desk.rows("SELECT DISTINCT seen_at FROM messages WHERE author = 'agent'") == [
        (text(at("9:45")),)
    ]
    assert desk.sweep(at("12:00")).delivered == []


def test_the_original_is_kept_as_it_came(desk):
    email = desk.emailed()
    raw = b"Received: from x by y\r\n" + reply(email).as_bytes() + b"\r\n\x00\xff"
    outcome = desk.receive(raw)
    [(digest, size)] = desk.rows("SELECT digest, size FROM replies WHERE id = ?", outcome.id)
    assert desk.archive.read("raw", digest) == raw
    assert size == len(raw)


def test_an_agent_who_wrote_meanwhile_is_still_waited_for(desk):
    email = desk.emailed()
    desk.say(at("9:40"), "m2")
    desk.receive(reply(email, sent=at("9:45")))
    assert desk.unseen() == ["m2"]
    [following] = desk.sweep(at("10:30")).delivered
    assert b"text of m2" in following.message
    held = "SELECT message FROM email_messages WHERE email = 2"
    assert desk.rows(held) == [("m2",)]


def test_the_next_email_answers_the_reply(desk):
    email = desk.emailed()
    desk.receive(reply(email, Message_ID="<answer-7@mail.example.com>"))
    desk.say(at("10:00"), "m2")
    [following] = desk.sweep(at("10:30")).delivered
    assert fields(following)["In-Reply-To"] == "<answer-7@mail.example.com>"
    assert fields(following)["References"].split() == [
        email.message_id,
        "<answer-7@mail.example.com>",
    ]
    assert fields(following)["Subject"] == fields(email)["Subject"]


def test_the_token_of_an_earlier_email_sees_only_up_to_that_one(desk):
    first = desk.emailed("c1", "m1", now="9:10")
    desk.say(at("9:20"), "m2")
    [second] = desk.sweep(at("9:40")).delivered
    desk.receive(reply(first, "About the first", sent=at("9:50")))
    assert desk.unseen() == ["m2"]
    desk.receive(reply(second, "And now", Message_ID="<answer-2@mail.example.com>"))
    assert desk.unseen() == []
    assert sorted(desk.posted()) == ["About the first", "And now"]


def test_a_closed_conversation_opens_again(desk):
    email = desk.emailed()
    desk.write("UPDATE conversations SET closed_at = ?", text(at("9:40")))
    desk.receive(reply(email))
    assert desk.rows("SELECT reopened_at FROM conversations") == [(text(desk.now),)]
    desk.receive(reply(email, "Once more", Message_ID="<answer-2@mail.example.com>"))
    assert desk.rows("SELECT closed_at < reopened_at FROM conversations") == [(1,)]


@pytest.mark.parametrize("state", ["unknown", "deferred"])
def test_an_email_that_was_answered_has_arrived(desk, state):
    email = desk.emailed()
    desk.write("UPDATE emails SET state = ?, next_attempt_at = ?", state, text(at("11:00")))
    desk.receive(reply(email))
    assert desk.rows("SELECT state, next_attempt_at FROM emails") == [("sent", None)]
    assert desk.sweep(at("12:00")).delivered == []


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("Sun, 01 Mar 2026 09:45:00 +0000", at("9:45")),
        ("Sun, 01 Mar 2026 10:45:00 +0100", at("9:45")),
        ("Sun, 01 Mar 2026 09:45:00", at("9:45")),
        ("Fri, 01 Jan 1999 00:00:00 +0000", at("9:30") + MS),
        ("Sun, 01 Mar 2026 09:00:00 +0000", at("9:30") + MS),
        ("Fri, 01 Jan 2100 00:00:00 +0000", at("10:00")),
        ("Sun, 01 Mar 2026 09:45:00 +9959", at("10:00")),
        ("Sun, 01 Mar 99999 09:45:00 +0000", at("10:00")),
        ("yesterday", at("10:00")),
        ("", at("10:00")),
        (None, at("10:00")),
    ],
)
def test_where_a_reply_stands_in_the_chat(desk, date, expected):
    email = desk.emailed()
    raw = reply(email, Date=None).as_bytes()
    if date is not None:
        raw = f"Date: {date}\n".encode() + raw
    assert desk.receive(raw).state == "posted"
    assert desk.rows("SELECT sent_at FROM messages WHERE author = 'customer'") == [
        (text(expected),)
    ]


def test_a_clock_that_went_back_is_no_obstacle(desk):
    email = desk.emailed()
    desk.now = at("8:00")
    assert desk.receive(reply(email)).state == "posted"


# --- Which conversation ---------------------------------------------------------------------------


@pytest.mark.parametrize("field", RECIPIENT_FIELDS)
def test_by_every_field_of_recipients(desk, field):
    email = desk.emailed()
    desk.emailed("c2", now="9:35")
    address = fields(email)["Reply-To"]
    raw = reply(email, To=None, In_Reply_To=None, References=None).as_bytes()
    raw = f"{field}: {address}\n".encode() + raw
    assert desk.receive(raw).conversation == "c1"
    assert desk.posted("c1")
    assert not desk.posted("c2")


@pytest.mark.parametrize(
    "form",
    ["REPLY+{T}@REPLY.ACME.EXAMPLE", "reply-{t}@x", "reply_{t}@x", "reply=2B{t}@x", "reply%2b{t}@x",
     "SRS0=x=y=reply.acme.example=reply+{t}@relay.example", '"Acme" <reply+{t}@x>'],
)  # fmt: skip
def test_by_an_address_that_a_relay_rewrote(desk, form):
    email = desk.emailed()
    address = form.format(t=token(email), T=token(email).upper())
    raw = reply(email, To=None, In_Reply_To=None, References=None).as_bytes()
    assert desk.receive(f"To: {address}\n".encode() + raw).state == "posted"


def test_by_the_envelope(desk):
    email = desk.emailed()
    raw = reply(email, To="support@acme.example", In_Reply_To=None, References=None)
    assert desk.receive(raw, [f"reply+{token(email)}@{DOMAIN}"]).state == "posted"


@pytest.mark.parametrize("name", ["In_Reply_To", "References"])
def test_by_the_email_that_it_answers(desk, name):
    email = desk.emailed()
    nothing = {"To": "support@acme.example", "In_Reply_To": None, "References": None}
    answer = f"<elsewhere@x.example> {email.message_id}"
    assert desk.receive(reply(email, **nothing | {name: answer})).state == "posted"


def test_the_nearest_email_counts(desk):
    first = desk.emailed("c1", "m1", now="9:10")
    desk.say(at("9:20"), "m2")
    [second] = desk.sweep(at("9:40")).delivered
    chain = f"{first.message_id} {second.message_id} <x@x.example>"
    raw = reply(second, To="support@acme.example", In_Reply_To="<x@x.example>", References=chain)
    desk.receive(raw)
    assert desk.unseen() == []


def test_a_reference_by_somebody_else_is_quarantined(desk):
    email = desk.emailed()
    before = desk.effects()
    outcome = desk.receive(reply(email, To="x@y.example", From="eve@evil.example"))
    assert (outcome.state, outcome.reason) == ("quarantined", "from_differs")
    assert desk.effects() == before


@pytest.mark.parametrize(
    ("to", "reason"),
    [
        (f"reply+{'a' * 26}@{DOMAIN}", "unknown_token"),
        (f"bounce+{'a' * 26}@{DOMAIN}", "unknown_token"),
        (f"unsubscribe+{'a' * 26}@{DOMAIN}", "unknown_token"),
        ("support@acme.example", "no_token"),
        (f"reply+short@{DOMAIN}", "no_token"),
    ],
)
def test_what_belongs_to_no_conversation(desk, to, reason):
    email = desk.emailed()
    before = desk.effects()
    outcome = desk.receive(reply(email, To=to, In_Reply_To="<x@y.example>", References=None))
    assert (outcome.kind, outcome.state, outcome.reason) == ("unroutable", "rejected", reason)
    assert desk.effects() == before
    [(digest,)] = desk.rows("SELECT digest FROM replies")
    assert desk.archive.read("raw", digest)


def test_a_wrong_token_with_a_right_reference_is_the_customers(desk):
    email = desk.emailed()
    assert desk.receive(reply(email, To=f"reply+{'a' * 26}@{DOMAIN}")).state == "posted"


def test_a_conversation_that_was_removed(desk):
    email = desk.emailed()
    desk.ours.execute("DELETE FROM conversations")
    assert desk.receive(reply(email)).reason == "unknown_token"


# --- Once -----------------------------------------------------------------------------------------


def test_the_same_message_again_does_nothing(desk):
    email = desk.emailed()
    first = desk.receive(reply(email))
    before = desk.effects()
    desk.now += timedelta(hours=1)
    again = desk.receive(reply(email))
    assert again == first._replace(kind="duplicate")
    with_trace = b"Received: by another path\r\n" + reply(email).as_bytes()
    assert desk.receive(with_trace) == first._replace(kind="duplicate")
    assert desk.effects() == before
    assert len(desk.rows("SELECT 1 FROM replies")) == 1


def test_without_a_message_id_the_octets_tell(desk):
    email = desk.emailed()
    for message_id in (None, "no-brackets", "<no-at-sign>", "<a@b> <c@d>"):
        raw = reply(email, f"Said with {message_id}", Message_ID=None).as_bytes()
        raw = f"Message-ID: {message_id}\n".encode() + raw if message_id else raw
        assert desk.receive(raw).state == "posted"
        assert desk.receive(raw).kind == "duplicate"
    other = reply(email, "Something else", Message_ID=None)
    assert desk.receive(other).kind == "reply"
    assert len(desk.posted()) == 5


def test_the_same_message_for_two_conversations_is_two(desk):
    """Handed over once per recipient, as the envelope of each says."""
    email = desk.emailed()
    other = desk.emailed("c2", now="9:35")
    desk.write("UPDATE conversations SET email = 'c1@example.com'")
    raw = reply(email, To=f"{fields(email)['Reply-To']}, {fields(other)['Reply-To']}")
    for conversation, about in (("c1", email), ("c2", other)):
        recipient = [f"reply+{token(about)}@{DOMAIN}"]
        assert desk.receive(raw, recipient).conversation == conversation
        assert desk.receive(raw, recipient).kind == "duplicate"
        assert len(desk.posted(conversation)) == 1


def test_a_stranger_cannot_make_the_customers_reply_a_duplicate(desk):
    """Who is in Cc may have the reply before we do, and send something under its Message-ID."""
    desk.set("authserv_id", "mx.acme.example")
    email = desk.emailed()
    forged = {
        "Authentication_Results": "mx.acme.example; dmarc=fail header.from=example.com",
    }
    genuine = {"Authentication_Results": "mx.acme.example; dmarc=pass header.from=example.com"}
    elsewhere = {"To": f"reply+{'a' * 26}@{DOMAIN}", "In_Reply_To": None, "References": None}
    assert desk.receive(reply(email, "Forged", **elsewhere)).state == "rejected"
    assert desk.receive(reply(email, "Forged", **forged)).state == "quarantined"
    auto = {"Auto_Submitted": "auto-replied"}
    assert desk.receive(reply(email, "Forged", **genuine, **auto)).state == "ignored"
    assert desk.receive(reply(email, "My own words", **genuine)).state == "posted"
    assert desk.posted() == ["My own words"]


def test_a_reply_that_was_cut_short_comes_again_whole(desk):
    """The server was killed while it wrote into the pipe, which ended as any other; then it
    delivers again."""
    email = desk.emailed()
    whole = reply(email, "The first line.\n\nThe second line.\n").as_bytes()
    cut = whole[: whole.index(b"The second")]
    assert desk.receive(cut).state == "posted"
    outcome = desk.receive(whole)
    assert (outcome.kind, outcome.state) == ("reply", "posted")
    for raw in (whole, cut, b"Received: again\n" + whole):
        assert desk.receive(raw).kind == "duplicate"
    assert len(desk.posted()) == 2
    assert "The second line." in desk.posted()[-1] + desk.posted()[0]


def test_a_reply_that_was_cut_short_in_its_file(desk):
    email = desk.emailed()
    made = reply(email, "See here.")
    made.add_attachment(b"%PDF" * 100, maintype="application", subtype="pdf", filename="a.pdf")
    whole = made.as_bytes()
    desk.receive(whole[: whole.index(b"--", len(whole) - 100) - 60])
    assert desk.receive(whole).state == "posted"
    assert desk.rows("SELECT max(size) FROM reply_files") == [(400,)]


def test_a_reply_that_was_cut_short_where_nothing_new_stood(desk):
    email = desk.emailed()
    whole = reply(email, "Yes.\n\nOn 1 Mar 2026 at 9:30, Ana wrote:\n> text of m1\n").as_bytes()
    desk.receive(whole[:-4])
    assert desk.receive(whole).kind == "duplicate"
    assert desk.posted() == ["Yes."]
