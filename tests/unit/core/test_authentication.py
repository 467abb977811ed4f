"""Whose word counts about a From, and that its sender cannot speak in the server's place."""

from __future__ import annotations

import re

import pytest
from growth import is_linear
from hypothesis import given
from hypothesis import strategies as st

from continuation_cli.core import authentication
from continuation_cli.core.headers import Headers

OURS = "mx.example.com"


def headers(*values: str) -> Headers:
    return Headers([("Authentication-Results", value) for value in values])


def verdict(*values: str, author: str = "ada@example.org") -> str:
    return authentication.verdict(headers(*values), OURS, author)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("dmarc=pass header.from=example.org", "pass"),
        ("dmarc=pass", "pass"),
        ("DMARC=Pass (p=REJECT; sp=none) header.from=EXAMPLE.org", "pass"),
        ("dmarc=fail (p=none) header.from=example.org; dkim=pass header.d=example.org", "fail"),
        ("dmarc=pass header.from=evil.example", "none"),
        ("dkim=pass header.d=example.org", "pass"),
        ("dkim = pass header.d = example.org", "pass"),
        ("dkim/1=pass header.d=example.org", "pass"),
        ("dkim=pass header.d=mail.example.org", "pass"),
        ("dkim=pass header.i=@example.org header.s=x", "pass"),
        ('dkim=pass reason="good; dmarc=fail" header.i="@example.org"', "pass"),
        ("dkim=pass header.d=org", "none"),
        ("dkim=pass header.d=notexample.org", "none"),
        ("dkim=pass header.d=example.org.evil.example", "none"),
        ("dkim=pass header.d=evil.example header.d=example.org", "none"),
        ("dkim=fail header.d=example.org", "fail"),
        ("dkim=fail header.d=example.org; spf=pass smtp.mailfrom=example.org", "pass"),
        ("spf=pass smtp.mailfrom=bounces@mail.example.org", "pass"),
        ("spf=pass smtp.mailfrom=<ada@example.org>", "pass"),
        ("spf=pass smtp.mailfrom=evil.example", "none"),
        ("spf=pass smtp.helo=example.org", "none"),
        ("spf=softfail smtp.mailfrom=example.org", "fail"),
        ("spf=neutral smtp.mailfrom=example.org", "none"),
        ("spf=none; dkim=none; dmarc=none", "none"),
        ("dmarc=temperror header.from=example.org", "none"),
        ("x-forged=pass header.d=example.org", "none"),
        ("none", "none"),
        ("", "none"),
    ],
)
def test_what_the_server_found(said, expected):
    assert verdict(f"{OURS}; {said}") == expected
    assert verdict(f"{OURS.upper()} 1; {said}") == expected


@pytest.mark.parametrize(
    "values",
    [
        (),
        ("",),
        (";",),
        ("other.example; dmarc=pass",),
        (f"other.example {OURS}; dmarc=pass",),
        (f"other.example ({OURS}); dmarc=pass",),
        (f"{OURS}.evil.example; dmarc=pass",),
        ("other.example; dmarc=fail", f"{OURS}; dmarc=pass"),
        (f"other.example; {OURS}; dmarc=pass",),
    ],
)
def test_no_other_server_counts(values):
    assert verdict(*values) == "missing"


def test_only_the_topmost_field_counts():
    assert verdict(f"{OURS}; dmarc=none", f"{OURS}; dmarc=pass") == "none"
    assert verdict(f"{OURS}; spf=fail smtp.mailfrom=evil.example", f"{OURS}; dmarc=pass") == "fail"


INJECTED = "; dkim=pass header.d=example.org"


@pytest.mark.parametrize(
    "said",
    [
        f'spf=pass smtp.mailfrom="a{INJECTED}"@evil.example',
        f'spf=pass smtp.mailfrom="a\\"{INJECTED}"@evil.example',
        f'spf=pass smtp.mailfrom="a){INJECTED}("@evil.example',
        f'spf=pass (domain of "a{INJECTED} (x"@evil.example) smtp.mailfrom=evil.example',
        f'spf=pass (domain of "a){INJECTED} ("@evil.example) smtp.mailfrom=evil.example',
        f'spf=pass (domain of "a){INJECTED}"@evil.example says so) smtp.mailfrom=evil.example',
        f"spf=pass (domain of a\\{INJECTED}) smtp.mailfrom=evil.example",
        "spf=pass smtp.mailfrom=header.d=example.org@evil.example",
        'spf=pass smtp.mailfrom="x header.d=example.org"@evil.example',
        'spf=pass smtp.mailfrom="ada@example.org"@evil.example',
        'dkim=pass header.d=evil.example header.i="x@example.org',
        f'spf=none smtp.mailfrom="unclosed{INJECTED}',
        f"spf=none (unclosed{INJECTED}",
        f"spf=none ((closed once){INJECTED}",
    ],
)
def test_the_envelope_sender_cannot_speak_for_the_server(said):
    assert verdict(f"{OURS}; {said}") in ("none", "missing")


def test_an_internationalised_domain():
    said = f"{OURS}; dkim=pass header.d=xn--bcher-kva.example"
    assert verdict(said, author="ada@bücher.example") == "pass"


@given(st.lists(st.text(), max_size=3), st.text(), st.text())
def test_it_never_raises(values, name, author):
    authentication.verdict(headers(*values), name, author)


LOCAL = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=40)
SEASONED = st.lists(
    st.one_of(st.sampled_from([*'"\\();=, ', "dmarc=pass", "header.d=example.org"]), LOCAL)
).map("".join)


@given(SEASONED)
def test_nothing_that_a_sender_puts_in_quotes_makes_a_pass(local):
    """As RFC 8601, section 2.2, has it: in a value what needs it is a quoted-string."""
    quoted = '"' + re.sub(r'(["\\])', r"\\\1", local) + '"'
    said = f"{OURS}; spf=pass smtp.mailfrom={quoted}@evil.example; dkim=none"
    assert verdict(said) == "none"


@pytest.mark.parametrize(
    "unit", ["(", "(\\", "(\\(", '"', '"\\', ";", " ", "= ", "a=", "(a)", '";"', "dkim=pass ", "\\"]
)
def test_crafted_values_take_linear_time(unit):
    assert is_linear(lambda size: verdict(f"{OURS};" + unit * (size // len(unit))))
