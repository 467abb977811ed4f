"""Forged, replayed and cut tokens of reopen links."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import tracemalloc
from urllib.parse import parse_qs, quote, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa


@pytest.fixture
def link(run, chat):
    chat.due()
    chat.due("c2", channel="beta", email="bob@example.com")
    return run("url", "create", "c1").out.strip()


@pytest.fixture
def token(link):
    return parse_qs(urlsplit(link).query)["continue_token"][0]


@pytest.fixture
def key(run):
    """The newest key, as a chat backend gets it: its id and its secret."""

    def key():
        newest = json.loads(run("url", "keys", "export").out)["keys"][0]
        return newest["kid"], base64.urlsafe_b64decode(newest["k"] + "==")

    return key


@pytest.fixture
def reason(run):
    """Why a link or token opens nothing; None if it does."""

    def reason(value):
        ran = run("url", "verify", "--json", "--", value)
        data = ran.data
        assert "Traceback" not in ran.err
        assert ran.code == (0 if data["valid"] else 65)
        if data["valid"]:
            return None
        assert (data["conversation"], data["channel"], data["expires_at"]) == (None, None, None)
        assert data["reason"]
        return data["reason"]

    return reason


def encode(value):
    octets = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def decode(segment):
    return json.loads(base64.urlsafe_b64decode(segment + "=="))


def signed(header, payload, secret, digest="sha256"):
    text = f"{encode(header)}.{encode(payload)}"
    return f"{text}.{encode(hmac.digest(secret, text.encode(), digest))}"


def backend(token, exported, conversations):
    """Another implementation, as docs/links.md has it, with nothing but the standard library: the
    conversation that it opens, or None. `conversations`: id to channel and link_generation."""
    try:
        head, payload, signature = token.split(".")
        header = decode(head)
        if header["alg"] != "HS256":
            return None
        [secret] = [each["k"] for each in exported["keys"] if each["kid"] == header["kid"]]
        secret = base64.urlsafe_b64decode(secret + "==")
        expected = hmac.new(secret, f"{head}.{payload}".encode(), hashlib.sha256).digest()
        if not hmac.compare_digest(encode(expected), signature):
            return None
        claims = decode(payload)
        if claims["iss"] != "continuation" or not claims["exp"] > time.time():
            return None
        is_so = conversations.get(claims["sub"]) == (claims["aud"], claims["gen"])
        return claims["sub"] if is_so else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def test_cut_anywhere_it_opens_nothing(reason, link, token):
    assert reason(token) is None
    for length in range(len(token)):
        assert reason(token[:length]) in ("no_token", "malformed", "wrong_algorithm",
                                          "unknown_key", "bad_signature"), length  # fmt: skip
    start = link.index("continue_token=")
    for length in range(0, len(link), 3):
        assert reason(link[:length]), length
    assert len(link) - start < 400


def test_with_one_bit_changed_it_opens_nothing(reason, token):
    for place, character in enumerate(token):
        changed = token[:place] + chr(ord(character) ^ 1 << place % 7) + token[place + 1 :]
        assert changed.strip() != token
        assert reason(changed), (place, changed)


def forgeries(token, kid, secret):
    """What somebody makes who has a token, and knows all but the secret."""
    claims = decode(token.split(".")[1])
    header = {"alg": "HS256", "kid": kid, "typ": "JWT"}
    head, payload, signature = token.split(".")
    for name in ("none", "None", "NONE", "nOnE", "", None, False, ["HS256"], "HS256 ", "hs256",
                 "HS384", "HS512", "RS256", "PS256", "ES256", "EdDSA", "HS256\0"):  # fmt: skip
        for sealed in ("", signature, encode(b"")):
            yield "wrong_algorithm", f"{encode(header | {'alg': name})}.{payload}.{sealed}"
    yield "wrong_algorithm", signed(header | {"alg": "HS512"}, claims, secret, "sha512")
    rsa_key = rsa.generate_private_key(65537, 2048)
    public = rsa_key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    yield "wrong_algorithm", jwt.encode(claims, rsa_key, "RS256", {"kid": kid})
    yield (
        "wrong_algorithm",
        jwt.encode(claims, ec.generate_private_key(ec.SECP256R1()), "ES256", {"kid": kid}),
    )
    yield "bad_signature", signed(header, claims, public)  # a public key taken for a secret
    for guess in (b"", b"secret", b"\0" * 32, kid.encode(), secret[:-1], secret.hex().encode(),
                  base64.b64encode(secret)):  # fmt: skip
        yield "bad_signature", signed(header, claims, guess)
    for hostile in ("../../../../dev/null", "/dev/null", "' UNION SELECT zeroblob(32) --", "", None,
                    0, [kid], {"kid": kid}, "https://evil.example/key", kid + "\0", "%", " " + kid,
                    kid.upper() + "X", "k" * 500):  # fmt: skip
        for guess in (b"", b"\0" * 32):
            yield "unknown_key", signed(header | {"kid": hostile}, claims, guess)
    yield "unknown_key", signed({"alg": "HS256", "typ": "JWT"}, claims, b"")
    own = {"kty": "oct", "k": encode(b"z" * 32), "alg": "HS256", "kid": kid}
    for more in ({"jwk": own}, {"jku": "https://evil.example/keys"}, {"x5c": ["MIIB"]},
                 {"x5u": "https://evil.example/c"}, {"cty": "JWT"}, {"zip": "DEF"}):  # fmt: skip
        yield "bad_signature", signed(header | more, claims, b"z" * 32)
    for more in ({"crit": ["exp"]}, {"b64": False}):
        yield "malformed", signed(header | more, claims, b"z" * 32)
    for changed in ({"sub": "c2"}, {"aud": "beta"}, {"exp": 2**40}, {"gen": 99}):
        yield "bad_signature", f"{head}.{encode(claims | changed)}.{signature}"
    twice = b'{"sub":"c2",' + base64.urlsafe_b64decode(payload + "==")[1:]
    yield "bad_signature", f"{head}.{encode(twice)}.{signature}"
    for spelling in (f"{token}=", f"{token}==", f"{head}=.{payload}.{signature}", f"{token}.",
                     f".{token}", f"{token}.{signature}", f"{head}..{payload}.{signature}",
                     f"{head}.\n{payload}.{signature}", f"{head}. {payload}.{signature}",
                     f"{token}\0", f"{token}\u200b",
                     f"{head}.{payload}.+{signature[1:]}"):  # fmt: skip
        yield "malformed", spelling
    for nested in (b"[" * 1200, b'{"a":' * 240, b'"' + b"\\u0000" * 190):
        yield "malformed", f"{encode(nested)}.{payload}.{signature}"


def test_forged_it_opens_nothing(run, chat, reason, link, token, key):
    kid, secret = key()
    exported = json.loads(run("url", "keys", "export").out)
    open_now = {"c1": ("acme", 0), "c2": ("beta", 0)}
    assert backend(token, exported, open_now) == "c1"
    before = chat.dump()
    for expected, forgery in forgeries(token, kid, secret):
        assert reason(forgery) == expected, forgery
        assert reason(f"https://x.example/?continue_chat=c1&continue_token={quote(forgery)}")
        assert backend(forgery, exported, open_now) is None, forgery
    assert chat.dump() == before


def test_signed_with_our_key_it_opens_only_what_we_would_have_signed(reason, token, key):
    """A chat backend that leaks tokens of its own making, or another program with the same key."""
    kid, secret = key()
    claims = decode(token.split(".")[1])
    header = {"alg": "HS256", "kid": kid}
    assert reason(signed(header, claims, secret)) is None
    for changed, expected in [
        ({"sub": "c2"}, "wrong_channel"),
        ({"aud": "beta"}, "wrong_channel"),
        ({"sub": "c3"}, "unknown_conversation"),
        ({"sub": "' OR 1=1 --"}, "unknown_conversation"),
        ({"sub": "%"}, "unknown_conversation"),
        ({"sub": "\udcff"}, "malformed"),
        ({"sub": None}, "malformed"),
        ({"sub": ["c1"]}, "malformed"),
        ({"iss": "somebody"}, "wrong_issuer"),
        ({"gen": 1}, "revoked"),
        ({"gen": -1}, "revoked"),
        ({"gen": 2**70}, "revoked"),
        ({"gen": False}, "malformed"),
        ({"exp": int(time.time()) - 1}, "expired"),
        ({"exp": 0}, "expired"),
        ({"exp": -(2**70)}, "expired"),
        ({"exp": 2**70}, "malformed"),
        ({"exp": 1e300}, "malformed"),
        ({"exp": float("nan")}, "malformed"),
        ({"exp": float("inf")}, "malformed"),
        ({"exp": str(2**40)}, "malformed"),
        ({"exp": None}, "malformed"),
        ({"nbf": int(time.time()) + 3600}, "malformed"),
    ]:
        assert reason(signed(header, claims | changed, secret)) == expected, changed
    assert reason(signed(header | {"crit": ["x"], "x": 1}, claims, secret)) == "malformed"
    assert reason(signed(header, b"[" * 1000, secret)) == "malformed"
    assert reason(signed(header, b"\xff", secret)) == "malformed"


def test_in_the_url_it_stands_once_and_in_the_query(reason, link, token):
    base = "https://acme.example/pricing"
    assert reason(f"{base}?continue_chat=c1&continue_token={token}") is None
    spelt = "".join(f"%{ord(character):02x}" for character in token)
    assert reason(f"{base}?continue_chat=%631&continue%5ftoken={spelt}") is None
    for url, expected in [
        (f"{base}#continue_chat=c1&continue_token={token}", "no_token"),
        (f"{base}?a=1#/r?continue_chat=c1&continue_token={token}", "no_token"),
        (f"{base}?continue_chat=c1;continue_token={token}", "no_token"),
        (f"{base}?continue_chat=c1&continue_token={token}&continue_token={token}", "malformed"),
        (f"{base}?continue_chat=c1&continue_token=&continue_token={token}", "malformed"),
        (f"{base}?continue_chat=c1&continue_token={quote(spelt)}", "malformed"),
        (f"{base}?continue_chat=c2&continue_token={token}", "wrong_conversation"),
        (f"{base}?continue_chat=c1&continue_chat=c2&continue_token={token}", "wrong_conversation"),
        (f"{base}?continue_token={token}", "wrong_conversation"),
    ]:
        assert reason(url) == expected, url


def test_the_largest_is_refused_as_fast_as_the_smallest(reason, token):
    head, payload, signature = token.split(".")
    large = [
        "A" * 1_000_000,
        "." * 1_000_000,
        f"{head}.{encode(b'[' * 700_000)}.{signature}",
        f"{encode(b'{' * 700_000)}.{payload}.{signature}",
        f"https://x.example/?{'continue_token=a&' * 60_000}",
        f"https://x.example/?continue_token={'%41' * 300_000}",
        "https://x.example/" + "?#&" * 300_000,
    ]
    tracemalloc.start()
    began = time.process_time()
    for value in large:
        assert reason(value) in ("malformed", "no_token")
    took = time.process_time() - began
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert took < 10
    assert peak < 100 * 1024 * 1024


def test_replayed_after_revoking_or_with_a_removed_key(run, chat, reason, link, token, key):
    first, _ = key()
    assert reason(link) is None
    assert reason(link) is None  # opening consumes nothing
    run("url", "keys", "rotate")
    newer = run("url", "create", "c1").out.strip()
    newest, _ = key()
    assert decode(parse_qs(urlsplit(newer).query)["continue_token"][0].split(".")[0])["kid"] == (
        newest
    )
    assert (reason(link), reason(newer)) == (None, None)
    before = json.loads(run("url", "keys", "export").out)
    run("url", "keys", "remove", first)
    exported = json.loads(run("url", "keys", "export").out)
    assert reason(link) == "unknown_key"
    assert backend(token, before, {"c1": ("acme", 0)}) == "c1"
    assert backend(token, exported, {"c1": ("acme", 0)}) is None
    assert reason(newer) is None
    run("url", "revoke", "c1")
    assert reason(newer) == "revoked"
    generation = chat.one("SELECT link_generation FROM conversations WHERE id = 'c1'")
    fresh = run("url", "create", "c1").out.strip()
    tokens = [parse_qs(urlsplit(each).query)["continue_token"][0] for each in (newer, fresh)]
    now = {"c1": ("acme", generation)}
    assert [backend(each, exported, now) for each in tokens] == [None, "c1"]
