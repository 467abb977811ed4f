"""Which conversation a message is for, by every field that may tell, and who may speak in it."""

from __future__ import annotations

import pytest
from growth import is_linear
from hypothesis import given
from hypothesis import strategies as st

from continuation_cli.core import routing
from continuation_cli.core.headers import Headers, read_block
from continuation_cli.core.routing import RECIPIENT_FIELDS, Token

T = "abcdefghijklmnopqrstuvwxyz"
U = "234567abcdefghijklmnopqrst"
ADA = "ada@example.org"


def headers(**fields: str) -> Headers:
    return Headers([(name.replace("_", "-"), value) for name, value in fields.items()])


# --- Tokens ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", RECIPIENT_FIELDS)
def test_every_field_of_recipients(field):
    found = routing.tokens(Headers([(field, f"Acme <reply+{T}@reply.acme.example>")]))
    assert found == [Token("reply", T)]


@pytest.mark.parametrize("field", ["From", "Reply-To", "Subject", "References", "Received"])
def test_no_other_field(field):
    assert routing.tokens(Headers([(field, f"reply+{T}@reply.acme.example")])) == []


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (f"reply+{T}@x", ("reply", T)),
        (f"Reply+{T.upper()}@X", ("reply", T)),
        (f"bounce+{T}@x", ("bounce", T)),
        (f"unsubscribe+{T}@x", ("unsubscribe", T)),
        (f"reply-{T}@x", ("reply", T)),
        (f"reply_{T}@x", ("reply", T)),
        (f"reply={T}@x", ("reply", T)),
        (f"reply%2B{T}@x", ("reply", T)),
        (f"reply=2b{T}@x", ("reply", T)),
        (f"rfc822;reply+{T}@x", ("reply", T)),
        (f"SRS0=ab1c=QX=evil.example=reply+{T}@relay.example", ("reply", T)),
        (f"prvs=0123456789=bounce+{T}@x", ("bounce", T)),
        (f"=?utf-8?q?reply=2B{T}=40x?=", ("reply", T)),
        (f"<reply+{T}@x>", ("reply", T)),
    ],
)
def test_addresses_as_relays_rewrite_them(address, expected):
    assert routing.tokens(headers(To=address)) == [Token(*expected)]


@pytest.mark.parametrize(
    "address",
    [
        f"reply+{T[:-1]}@x",
        f"reply+{T}a@x",
        f"reply+{T[:-1]}1@x",
        f"noreply+{T}@x",
        f"replyto+{T}@x",
        f"reply{T}@x",
        f"reply+ {T}@x",
        f"{T}@x",
        "reply+@x",
        "",
    ],
)
def test_what_is_no_token(address):
    assert routing.tokens(headers(To=address)) == []


def test_what_the_server_noted_comes_before_what_the_author_wrote():
    found = headers(To=f"reply+{T}@x, bounce+{T}@x", Delivered_To=f"reply+{U}@x")
    assert routing.tokens(found) == [Token("reply", U), Token("reply", T), Token("bounce", T)]
    assert routing.tokens(found, [f"bounce+{T}@x"])[0] == Token("bounce", T)


def test_tokens_of_an_email_that_came_back():
    found = headers(Return_Path=f"<bounce+{T}@x>", Reply_To=f"reply+{T}@x", To=f"reply+{U}@x")
    assert [token.value for token in routing.returned_tokens(found)] == [T, T]


# --- References -----------------------------------------------------------------------------------


def test_the_nearest_message_comes_first():
    found = headers(References="<a@x> <b@x>\n <c@x>", In_Reply_To="<c@x>")
    assert routing.referenced(found) == ["<c@x>", "<b@x>", "<a@x>"]
    assert routing.referenced(headers(In_Reply_To="Your mail of <a@x> and <b c>")) == ["<a@x>"]
    assert routing.referenced(headers(Subject="x")) == []


def test_thousands_of_tokens_and_references_are_not_all_looked_up():
    digits = "abcdefghijklmnopqrstuvwxyz234567"
    many = [f"reply+{digits[n // 32 % 32]}{digits[n % 32]}{T[2:]}@x" for n in range(1000)]
    assert len(routing.tokens(headers(To=", ".join(many)))) <= 100
    chain = headers(References=" ".join(f"<{n}@x>" for n in range(1000)))
    assert routing.referenced(chain)[0] == "<999@x>"
    assert len(routing.referenced(chain)) <= 100


# --- Who may speak --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "objection"),
    [
        (ADA, None),
        ("Ada <ADA@Example.ORG>", None),
        (f'"eve@evil.example" <{ADA}>', None),
        ("eve@evil.example", "from_differs"),
        (f'"{ADA}" <eve@evil.example>', "from_differs"),
        (f"{ADA}.evil.example", "from_differs"),
        ("ada@sub.example.org", "from_differs"),
        ("ada+x@example.org", "from_differs"),
        ("<>", "from_unclear"),
        ("", "from_unclear"),
        ("Ada", "from_unclear"),
        (f"{ADA}, eve@evil.example", "from_unclear"),
        (f"eve@evil.example, {ADA}", "from_unclear"),
        (f"{ADA}, {ADA}", "from_unclear"),
    ],
)
def test_only_the_customer_speaks(written, objection):
    assert routing.objection(headers(From=written), ADA, None) == objection


def test_nobody_speaks_where_there_is_no_customer_or_no_from():
    assert routing.objection(headers(From=ADA), None, None) == "from_differs"
    assert routing.objection(headers(Sender=ADA), ADA, None) == "from_unclear"
    assert routing.objection(headers(From=ADA), "", None) == "from_differs"
    twice = Headers([("From", ADA), ("from", ADA)])
    assert routing.objection(twice, ADA, None) == "from_unclear"


@pytest.mark.parametrize(
    ("result", "objection"),
    [
        ("mx.acme.example; dmarc=pass header.from=example.org", None),
        ("mx.acme.example; dmarc=fail", "authentication_failed"),
        ("mx.acme.example; spf=pass smtp.mailfrom=evil.example", "not_authenticated"),
        ("mx.acme.example; none", "not_authenticated"),
        ("mx.evil.example; dmarc=pass", "not_authenticated"),
        (None, "not_authenticated"),
    ],
)
def test_where_a_server_is_to_vouch_for_it_it_has_to(result, objection):
    fields = {"From": ADA} | ({"Authentication_Results": result} if result else {})
    assert routing.objection(headers(**fields), ADA, "mx.acme.example") == objection
    differs = headers(**fields | {"From": "eve@evil.example"})
    assert routing.objection(differs, ADA, "mx.acme.example") == "from_differs"


@given(st.text() | st.binary().map(lambda octets: octets.decode("latin-1")), st.text())
def test_it_never_raises(block, customer):
    for found in (read_block(block)[0], headers(From=block, To=block, References=block)):
        routing.tokens(found, [block])
        routing.returned_tokens(found)
        for each in routing.referenced(found):
            each.encode()
        routing.objection(found, customer, None)
        routing.objection(found, customer, block)


@pytest.mark.parametrize("unit", ["reply+", "reply", f"reply+{T} ", "a", "=2b", "<a@b>", "<", "=?"])
def test_crafted_recipients_take_linear_time(unit):
    def work(size):
        text = unit * (size // len(unit))
        found = headers(To=text, References=text, From=text)
        routing.tokens(found)
        routing.referenced(found)
        routing.objection(found, ADA, None)

    assert is_linear(work)
