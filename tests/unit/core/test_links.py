"""The tokens of reopen links and of reply addresses: what they prove, and what is refused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta, timezone

import jwt
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from continuation_cli.core import links
from continuation_cli.core.links import Invalid, Verified

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
EXPIRY = NOW + timedelta(days=30)
KEY = links.SigningKey("2026-03", bytes(range(32)))
KEYS = {KEY.kid: KEY.secret}

# --- The token --------------------------------------------------------------------------------


def sign(
    conversation: str = "c42",
    channel: str = "acme",
    generation: int = 0,
    key: links.SigningKey = KEY,
) -> str:
    return links.sign(conversation, channel, generation, key, issued_at=NOW, expires_at=EXPIRY)


def encode(value: object) -> str:
    octets = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def by_hand(claims: object, header: object = None, secret: bytes = KEY.secret) -> str:
    """A token made without any JWT library; its signature is right."""
    text = f"{encode(header or {'alg': 'HS256', 'kid': KEY.kid})}.{encode(claims)}"
    return f"{text}.{encode(hmac.digest(secret, text.encode(), hashlib.sha256))}"


CLAIMS = {
    "iss": "continuation",
    "aud": "acme",
    "sub": "c42",
    "iat": 1772355600,
    "exp": 1774947600,
    "gen": 0,
}
VERIFIED = Verified("c42", "acme", 0, EXPIRY)

GOLDEN = (
    "eyJhbGciOiJIUzI1NiIsImtpZCI6IjIwMjYtMDMiLCJ0eXAiOiJKV1QifQ"
    ".eyJpc3MiOiJjb250aW51YXRpb24iLCJhdWQiOiJhY21lIiwic3ViIjoiYzQyIiwiaWF0Ij"
    "oxNzcyMzU1NjAwLCJleHAiOjE3NzQ5NDc2MDAsImdlbiI6MH0"
    ".nqniMNwJJWtbExYa43nOUOTzSo0FGjfUmcEHr_3162I"
)  # fmt: skip


def test_the_token_is_this_one_for_ever() -> None:
    """Checked by hand with RFC 7515's own steps: links that are out must go on working."""
    token = sign()
    header, payload, signature = token.split(".")
    assert token == GOLDEN
    assert base64.urlsafe_b64decode(header + "==") == b'{"alg":"HS256","kid":"2026-03","typ":"JWT"}'
    assert json.loads(base64.urlsafe_b64decode(payload + "==")) == CLAIMS
    expected = hmac.digest(KEY.secret, f"{header}.{payload}".encode(), hashlib.sha256)
    assert signature == encode(expected)
    assert links.verify(GOLDEN, KEYS, now=NOW) == VERIFIED


_ids = st.text(st.characters(exclude_categories=["Cs"]), max_size=25)  # what fits a link


@given(_ids, _ids, st.integers(0, 2**53), _ids)
def test_what_is_signed_verifies(
    conversation: str, channel: str, generation: int, kid: str
) -> None:
    key = links.SigningKey(kid, KEY.secret)
    token = sign(conversation, channel, generation, key)
    assert links.verify(token, {kid: KEY.secret}, now=NOW) == Verified(
        conversation, channel, generation, EXPIRY
    )


@given(st.text(), st.text(), st.integers(0, 10**6), st.text(), st.binary(min_size=32))
def test_the_token_is_octet_for_octet_the_one_that_pyjwt_makes(
    conversation: str, channel: str, generation: int, kid: str, secret: bytes
) -> None:
    key = links.SigningKey(kid, secret)
    token = sign(conversation, channel, generation, key)
    claims = CLAIMS | {"sub": conversation, "aud": channel, "gen": generation}
    assert token == jwt.encode(claims, secret, "HS256", {"kid": kid})
    assert json.loads(jwt.PyJWS().decode(token, secret, ["HS256"])) == claims


def test_times_are_rounded_so_that_a_token_is_never_too_young_nor_expires_early() -> None:
    token = links.sign(
        "c42",
        "acme",
        0,
        KEY,
        issued_at=NOW + timedelta(microseconds=999_999),
        expires_at=EXPIRY + timedelta(microseconds=1),
    )
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["iat"], claims["exp"]) == (CLAIMS["iat"], CLAIMS["exp"] + 1)


def test_times_of_any_offset_count() -> None:
    east = timezone(timedelta(hours=5, minutes=45))
    token = links.sign(
        "c42", "acme", 0, KEY, issued_at=NOW.astimezone(east), expires_at=EXPIRY.astimezone(east)
    )
    assert token == sign()
    assert links.verify(token, KEYS, now=NOW.astimezone(east)) == VERIFIED


def test_expiry_to_the_microsecond() -> None:
    last = EXPIRY - timedelta(microseconds=1)
    assert links.verify(sign(), KEYS, now=last) == VERIFIED
    assert links.verify(sign(), KEYS, now=EXPIRY) == Invalid("expired")


def test_the_clock_is_the_one_given() -> None:
    long_ago = datetime(1990, 1, 1, tzinfo=UTC)
    token = links.sign(
        "c42", "acme", 0, KEY, issued_at=long_ago, expires_at=long_ago + timedelta(hours=1)
    )
    assert isinstance(links.verify(token, KEYS, now=long_ago), Verified)
    far = datetime(2900, 1, 1, tzinfo=UTC)
    token = links.sign("c42", "acme", 0, KEY, issued_at=far, expires_at=far + timedelta(hours=1))
    assert isinstance(links.verify(token, KEYS, now=far), Verified)


def test_all_keys_verify() -> None:
    newer = links.SigningKey("2026-04", bytes(range(64)))
    keys = {newer.kid: newer.secret, **KEYS}
    assert links.verify(sign(key=KEY), keys, now=NOW) == VERIFIED
    assert links.verify(sign(key=newer), keys, now=NOW) == VERIFIED
    assert links.verify(sign(key=KEY), {newer.kid: newer.secret}, now=NOW) == Invalid("unknown_key")


HEADER = {"alg": "HS256", "kid": KEY.kid}
URL = "https://acme.example/"

INVALID = [
    ("", "no_token"),
    ("  \n", "no_token"),
    (URL, "no_token"),
    (f"{URL}?continue_chat=c42", "no_token"),
    (f"{URL}#continue_chat=c42&continue_token={sign()}", "no_token"),
    (f"{URL}?continue_chat=c42&amp;continue_token={sign()}", "no_token"),
    (f"{URL}?continue_chat=c42&continue_token=", "malformed"),
    ("c42", "malformed"),
    ("a.b.c", "malformed"),
    ("..", "malformed"),
    (sign() + "=", "malformed"),
    (sign() + ".", "malformed"),
    (sign().rpartition(".")[0], "malformed"),
    (sign()[:80] + "\n" + sign()[80:], "malformed"),
    (f"{URL}?continue_chat=c42&continue_token={sign()}&continue_token={sign()}", "malformed"),
    (by_hand(CLAIMS, header=[HEADER]), "malformed"),
    (by_hand(CLAIMS, header=b"\xff\xfe"), "malformed"),
    (by_hand(CLAIMS, header=HEADER | {"crit": ["b64"], "b64": False}), "malformed"),
    (by_hand(CLAIMS, header=b"[" * 900), "malformed"),
    (by_hand(CLAIMS, header=b'{"alg":' * 190), "malformed"),
    (by_hand(CLAIMS | {"sub": "c" * 2000}), "malformed"),
    (by_hand(b"\xff\xfe"), "malformed"),
    (by_hand(b"[" * 1300), "malformed"),
    (by_hand([]), "malformed"),
    (by_hand(None), "malformed"),
    (by_hand({}), "malformed"),
    *((by_hand({k: v for k, v in CLAIMS.items() if k != name}), "malformed")
      for name in ("iss", "aud", "sub", "exp", "gen")),
    (by_hand(CLAIMS | {"aud": ["acme"]}), "malformed"),
    (by_hand(CLAIMS | {"sub": 42}), "malformed"),
    (by_hand(CLAIMS | {"exp": "1774947600"}), "malformed"),
    (by_hand(CLAIMS | {"exp": 1774947600.5}), "malformed"),
    (by_hand(CLAIMS | {"exp": True}), "malformed"),
    (by_hand(CLAIMS | {"exp": 10**400}), "malformed"),
    (by_hand(CLAIMS | {"exp": 10**15}), "malformed"),
    (by_hand(CLAIMS | {"exp": float("nan")}), "malformed"),
    (by_hand(CLAIMS | {"gen": False}), "malformed"),
    (by_hand(CLAIMS | {"gen": None}), "malformed"),
    (by_hand(CLAIMS, header=HEADER | {"alg": "none"}), "wrong_algorithm"),
    (by_hand(CLAIMS, header=HEADER | {"alg": "none"}).rpartition(".")[0] + ".", "wrong_algorithm"),
    (by_hand(CLAIMS, header=HEADER | {"alg": "None"}), "wrong_algorithm"),
    (by_hand(CLAIMS, header=HEADER | {"alg": "hs256"}), "wrong_algorithm"),
    (by_hand(CLAIMS, header=HEADER | {"alg": "RS256"}), "wrong_algorithm"),
    (by_hand(CLAIMS, header=HEADER | {"alg": ["HS256"]}), "wrong_algorithm"),
    (by_hand(CLAIMS, header={"kid": KEY.kid}), "wrong_algorithm"),
    (jwt.encode(CLAIMS, KEY.secret * 2, "HS512", {"kid": KEY.kid}), "wrong_algorithm"),
    (by_hand(CLAIMS, header={"alg": "HS256"}), "unknown_key"),
    (by_hand(CLAIMS, header=HEADER | {"kid": 7}), "unknown_key"),
    (by_hand(CLAIMS, header=HEADER | {"kid": [KEY.kid]}), "unknown_key"),
    (by_hand(CLAIMS, header=HEADER | {"kid": "2020-01"}), "unknown_key"),
    (by_hand(CLAIMS, header=HEADER | {"kid": "short"}, secret=b"short"), "unknown_key"),
    (by_hand(CLAIMS, header=HEADER | {"kid": "empty"}, secret=b""), "unknown_key"),
    (by_hand(CLAIMS, secret=bytes(32)), "bad_signature"),
    (sign().rpartition(".")[0] + ".", "bad_signature"),
    (sign()[:-1], "bad_signature"),
    (sign() + "A", "bad_signature"),
    (by_hand(CLAIMS | {"iss": "somebody"}), "wrong_issuer"),
    (by_hand(CLAIMS | {"nbf": CLAIMS["exp"]}), "malformed"),
    (by_hand(CLAIMS | {"exp": CLAIMS["iat"]}), "expired"),
    (by_hand(CLAIMS | {"exp": -(10**400)}), "expired"),
    (f"{URL}?continue_token={sign()}", "wrong_conversation"),
    (f"{URL}?continue_chat=c43&continue_token={sign()}", "wrong_conversation"),
    (f"{URL}?continue_chat=c42&continue_chat=c43&continue_token={sign()}", "wrong_conversation"),
    (f"{URL}?continue_chat=C42&continue_token={sign()}", "wrong_conversation"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "reason"), INVALID)
def test_what_opens_nothing(text: str, reason: str) -> None:
    keys = {**KEYS, "short": b"short", "empty": b""}
    assert links.verify(text, keys, now=NOW) == Invalid(reason)  # type: ignore[arg-type]


def test_the_hand_made_token_is_good_where_nothing_is_wrong_with_it() -> None:
    assert links.verify(by_hand(CLAIMS), KEYS, now=NOW) == VERIFIED


def test_a_parameter_that_a_form_encoded_anew() -> None:
    token = sign("a b")
    for written in ("a%20b", "a+b", "%61 b"):
        url = f"{URL}?x&continue%5Fchat={written}&continue_token={token}&y=1#/route"
        assert links.verify(url, KEYS, now=NOW) == Verified("a b", "acme", 0, EXPIRY)


ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def test_a_token_has_no_second_spelling() -> None:
    """Every other last character, also those that differ only in bits that mean nothing."""
    token = sign()
    verified = [
        c for c in ALPHABET if isinstance(links.verify(token[:-1] + c, KEYS, now=NOW), Verified)
    ]
    assert verified == [token[-1]]


@given(st.data())
def test_a_changed_token_does_not_verify(data: st.DataObject) -> None:
    token = sign(data.draw(st.sampled_from(["c42", "ü", "x" * 50])))
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.sampled_from(ALPHABET + ".=+/ ") | st.characters())
    from_here = data.draw(st.sampled_from([0, 1]))  # insert before a character, or replace it
    changed = token[:place] + data.draw(st.sampled_from([other, ""])) + token[place + from_here :]
    assume(changed.strip() != token)
    assert isinstance(links.verify(changed, KEYS, now=NOW), Invalid)


_segments = st.binary(max_size=60).map(encode) | st.builds(
    encode,
    st.dictionaries(
        st.sampled_from(["alg", "kid", "typ", "crit", "b64", "zip"]),
        st.sampled_from(["HS256", "none", "b64", KEY.kid, None, False, 1, ["b64"], {}, []]),
    ),
)
_anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(
    st.text()
    | st.text().map(lambda text: f"https://h/?continue_chat=c42&continue_token={text}")
    | st.lists(_segments, min_size=3, max_size=3).map(".".join)
    | st.dictionaries(st.sampled_from([*CLAIMS, "nbf"]), _anything).map(
        lambda c: by_hand(CLAIMS | c)
    )
    | st.dictionaries(st.sampled_from(["alg", "kid", "crit", "b64", "typ"]), _anything).map(
        lambda header: by_hand(CLAIMS, header=HEADER | header)
    )
)
def test_verify_answers_whatever_it_is_given(text: str) -> None:
    assert isinstance(links.verify(text, KEYS, now=NOW), Verified | Invalid)


def test_confirmation_against_the_conversation_as_it_is() -> None:
    found = Verified("c42", "acme", 1, EXPIRY)
    assert links.confirm(found, channel="acme", link_generation=1) is found
    assert links.confirm(found, channel="acme", link_generation=2) == Invalid("revoked")
    assert links.confirm(found, channel="acme", link_generation=0) == Invalid("revoked")
    assert links.confirm(found, channel="other", link_generation=1) == Invalid("wrong_channel")
    gone = Invalid("unknown_conversation")
    assert links.confirm(found, channel=None, link_generation=None) == gone


def test_a_key_needs_a_long_secret_and_keeps_it_to_itself() -> None:
    with pytest.raises(ValueError, match=r"key 'k' has 31 octets; expected at least 32"):
        links.SigningKey("k", bytes(31))
    assert "secret" not in repr(links.SigningKey("k", b"secret" * 6))
