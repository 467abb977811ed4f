"""Whose words they are: nobody but the customer is posted as the customer, and what waits for a
person changes nothing.
"""

from __future__ import annotations

import pytest
from replying import DOMAIN, MX, Desk, at, reply, token

from continuation_cli.receive import NotAcceptable

BOB = "Bob <bob@example.com>"


@pytest.fixture
def desk(tmp_path):
    with Desk(tmp_path / "chat.db") as made:
        yield made


# --- Quarantine -----------------------------------------------------------------------------------


def test_a_colleague_waits_for_a_person_and_is_shown_as_himself(desk):
    email = desk.emailed()
    before = desk.effects()
    outcome = desk.receive(reply(email, "I can answer that.", From=BOB))
    assert (outcome.state, outcome.reason) == ("quarantined", "from_differs")
    assert (outcome.conversation, outcome.message) == ("c1", None)
    assert desk.effects() == before
    desk.now = at("11:00")
    accepted = desk.accept(outcome.id)
    assert accepted.state == "posted"
    [row] = desk.rows("SELECT id, author, via, name, text FROM messages WHERE author = 'customer'")
    assert row == (accepted.message, "customer", "email", BOB, "I can answer that.")
    assert desk.unseen() == []
    assert desk.rows("SELECT state, reason, decided_by, message FROM replies") == [
        ("posted", "from_differs", "ana", accepted.message)
    ]
    assert desk.receive(reply(email, "I can answer that.", From=BOB)).kind == "duplicate"


def test_it_is_accepted_once_with_its_files(desk):
    email = desk.emailed()
    raw = reply(email, "See here.", From=BOB)
    raw.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="a.pdf")
    outcome = desk.receive(raw)
    assert not list(desk.archive.path("files", "x").parent.glob("*"))
    desk.accept(outcome.id)
    [(digest, name)] = desk.rows("SELECT digest, name FROM reply_files")
    assert (desk.archive.read("files", digest), name) == (b"%PDF", "a.pdf")
    with pytest.raises(NotAcceptable, match="is posted"):
        desk.accept(outcome.id)
    with pytest.raises(LookupError):
        desk.accept(99)
    assert len(desk.posted()) == 1


def test_it_cannot_be_accepted_into_a_conversation_that_is_gone(desk):
    outcome = desk.receive(reply(desk.emailed(), From=BOB))
    desk.ours.execute("DELETE FROM conversations")
    with pytest.raises(NotAcceptable, match="belongs to no conversation"):
        desk.accept(outcome.id)
    assert desk.rows("SELECT state FROM replies") == [("quarantined",)]


def test_nothing_at_all_cannot_be_accepted(desk):
    outcome = desk.receive(reply(desk.emailed(), "", From=BOB))
    with pytest.raises(NotAcceptable, match="no text and no file"):
        desk.accept(outcome.id)
    assert desk.posted() == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"From": "eve@evil.example"}, "from_differs"),
        ({"From": '"c1@example.com" <eve@evil.example>'}, "from_differs"),
        ({"From": "c1@example.com <eve@evil.example>"}, "from_differs"),
        ({"From": "c1@example.com, eve@evil.example"}, "from_unclear"),
        ({"From": "c1@example.com, eve@evil.example", "Sender": "c1@example.com"}, "from_unclear"),
        ({"From": None}, "from_unclear"),
        ({"From": None, "Sender": "c1@example.com"}, "from_unclear"),
        ({"From": None, "Reply_To": "c1@example.com"}, "from_unclear"),
        ({"To": "bounce+{token}@x"}, "to_bounce_address"),
    ],
)  # fmt: skip
def test_what_is_quarantined_has_no_effect_at_all(desk, changes, reason):
    desk.emailed("c2", now="9:20")
    email = desk.emailed()
    desk.write("UPDATE conversations SET closed_at = '2026-03-01T09:40:00.000Z'")
    before = desk.effects()
    changes = {k: v and v.format(token=token(email)) for k, v in changes.items()}
    from_lines = changes.pop("From", "c1@example.com")
    raw = reply(email, From=None, **changes).as_bytes()
    if from_lines:
        raw = f"From: {from_lines}\n".encode() + raw
    outcome = desk.receive(raw)
    assert (outcome.kind, outcome.state, outcome.reason) == ("reply", "quarantined", reason)
    assert desk.effects() == before
    desk.now = at("12:00")
    assert desk.sweep(desk.now).delivered == []


def test_two_from_fields(desk):
    email = desk.emailed()
    raw = b"From: c1@example.com\nFROM: eve@evil.example\n" + reply(email, From=None).as_bytes()
    assert desk.receive(raw).reason == "from_unclear"


def test_the_customer_in_other_capitals_and_with_a_new_address(desk):
    email = desk.emailed()
    assert desk.receive(reply(email, From="C1@EXAMPLE.com")).state == "posted"
    desk.write("UPDATE conversations SET email = 'ada@new.example'")
    second = {"Message_ID": "<2@x.example>"}
    assert desk.receive(reply(email, From="ada@new.example", **second)).state == "posted"
    third = {"Message_ID": "<3@x.example>"}
    assert desk.receive(reply(email, From="c1@example.com", **third)).reason == "from_differs"


def test_a_customer_beyond_ascii(desk):
    email = desk.emailed()
    desk.write("UPDATE conversations SET email = 'jürgen@bücher.example'")
    raw = reply(email, From=None).as_bytes()
    assert desk.receive("From: Jürgen <jürgen@bücher.example>\n".encode() + raw).state == "posted"


def test_quarantined_twice_is_listed_once(desk):
    email = desk.emailed()
    first = desk.receive(reply(email, From=BOB))
    assert desk.receive(reply(email, From=BOB)) == first._replace(kind="duplicate")


# --- Authentication-Results -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("results", "reason"),
    [
        ([f"{MX}; dmarc=pass header.from=example.com"], None),
        ([f"{MX}; dkim=pass header.d=example.com"], None),
        ([f"{MX}; spf=pass smtp.mailfrom=c1@example.com"], None),
        ([f"{MX}; dmarc=fail header.from=example.com"], "authentication_failed"),
        ([f"{MX}; spf=fail smtp.mailfrom=example.com"], "authentication_failed"),
        ([f"{MX}; spf=pass smtp.mailfrom=evil.example"], "not_authenticated"),
        ([f"{MX}; none"], "not_authenticated"),
        ([], "not_authenticated"),
        (["mx.evil.example; dmarc=pass"], "not_authenticated"),
        (["mx.evil.example; dmarc=pass", f"{MX}; dmarc=pass"], "not_authenticated"),
        ([f"{MX}; spf=none", f"{MX}; dmarc=pass header.from=example.com"], "not_authenticated"),
        ([f"{MX}; dmarc=fail", f"{MX}; dmarc=pass"], "authentication_failed"),
    ],
)
def test_where_a_mail_server_vouches(desk, results, reason):
    desk.set("authserv_id", MX, "acme")
    email = desk.emailed()
    before = desk.effects()
    head = "".join(f"Authentication-Results: {result}\n" for result in results).encode()
    outcome = desk.receive(head + reply(email).as_bytes())
    assert outcome.reason == reason
    assert (outcome.state == "posted") == (reason is None)
    assert (desk.effects() == before) == (reason is not None)


def test_only_the_server_that_was_named_is_asked(desk):
    email = desk.emailed()
    forged = {"Authentication_Results": "mx.other.example; dmarc=fail"}
    assert desk.receive(reply(email, **forged)).state == "posted"


def test_what_a_person_lets_through_in_the_customers_name_is_the_customers(desk):
    desk.set("authserv_id", MX)
    outcome = desk.receive(reply(desk.emailed(), "It is me."))
    assert outcome.reason == "not_authenticated"
    desk.accept(outcome.id)
    assert desk.rows("SELECT name, text FROM messages WHERE author = 'customer'") == [
        (None, "It is me.")
    ]


def test_no_address_of_ours_makes_a_stranger_the_customer(desk):
    """All that stands in a mail may be the stranger's, but for the token."""
    email = desk.emailed()
    before = desk.effects()
    raw = reply(
        email,
        From="eve@evil.example",
        Sender="c1@example.com",
        Reply_To="c1@example.com",
        Return_Path="<c1@example.com>",
        X_Original_From="c1@example.com",
        Resent_From="c1@example.com",
        Authentication_Results=f"{MX}; dmarc=pass header.from=example.com",
    )
    assert desk.receive(raw, [f"reply+{token(email)}@{DOMAIN}"]).state == "quarantined"
    assert desk.effects() == before
