"""What people typed, as one clean line, and which URLs a customer may be sent to."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from continuation_cli.core.characters import clean, one_line, safe_url, shorten


@pytest.mark.parametrize(
    ("text", "limit", "line"),
    [
        (None, 10, ""),
        ("", 10, ""),
        (" \r\n\t ", 10, ""),
        ("Ana", 10, "Ana"),
        ("  Ana \r\n Lee\u00a0X\u2028Y ", 20, "Ana Lee X Y"),
        ("a\r\nBcc: b", 20, "a Bcc: b"),
        ("\u202egpj.exe\u202c\u2066x\u2069\u200f\u061c", 20, "gpj.exex"),
        ("a\x00b\x1bc\x7fd\x9be", 20, "abcde"),
        ("\ud800", 20, "\ufffd"),
        ("one two three", 9, "one two…"),
        ("onetwothree", 6, "onetw…"),
        ("👩‍👩‍👧", 10, "👩‍👩‍👧"),
    ],
)
def test_one_line(text, limit, line):
    assert one_line(text, limit) == line


@given(st.text(st.characters(codec=None), max_size=300), st.integers(5, 60))
def test_any_name_is_one_short_line(text, limit):
    line = one_line(text, limit)
    assert len(line) <= limit
    assert line == " ".join(line.split())
    assert not re.search("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]", line)
    assert one_line(line, limit) == line


def test_a_name_of_megabytes_is_no_burden():
    assert one_line("x" * 50_000_000, 10) == "xxxxxxxxx…"


@given(st.text(max_size=80), st.integers(2, 50))
def test_shortened_text_is_the_beginning(text, limit):
    short = shorten(text, limit)
    assert len(short) <= limit
    assert short == text or text.startswith(short.removesuffix("…"))


@given(st.text(st.characters(codec=None), max_size=100))
def test_cleaning_twice_changes_nothing(text):
    assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example",
        "HTTP://a.example:8080/x?y=z#f",
        "https://münchen.example/ä?q=日本",
        'https://a.example/"<>',
    ],
)
def test_safe_urls(url):
    assert safe_url(url) == url


@pytest.mark.parametrize(
    "url",
    [None, "", "javascript:alert(1)", "data:text/html,x", "//a.example", "/x", "mailto:a@b.example",
     "https://", "https://a b", "https://a.example/\n", "https://a.example/\x00", "https://ä\u00a0b",
     "https://ä\u2028b", "https://a.example/\u202e", "https://\ud800", " https://a.example",
     "https://a.example/" + "x" * 9000],
)  # fmt: skip
def test_unsafe_urls(url):
    assert safe_url(url) is None
