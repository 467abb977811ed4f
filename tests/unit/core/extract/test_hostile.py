"""Any input is answered, and in time that grows as its length does."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from continuation_cli.core import extract

if TYPE_CHECKING:
    from collections.abc import Callable

SIZE = 30_000

TEXTS = {
    "leads": "On ",
    "leads on lines": "On \n",
    "spaces": " ",
    "spaces before": " " * 200 + "a",
    "blank lines": "\n",
    "blank lines of spaces": "\n  ",
    "no-break spaces": "\xa0",
    "carriage returns": "\r",
    "NUL": "\0",
    "zero width": "\u200b",
    "marks": ">",
    "marks and spaces": "> ",
    "2,000 deep": ">" * 2_000 + " x\n",
    "marked blank lines": ">\n",
    "answers": "> a\nb\n",
    "initials": "AB> x\n",
    "bars": "on 12:30:\n\n| x\n",
    "dashes": "-",
    "rules": "-----\n",
    "delimiters": "-- \nx\n",
    "underscores": "_____\n",
    "titled rules": "--- x ---\n",
    "labels": "From: ",
    "label lines": "From: a\n",
    "header lines": "From: a@b.c\nx, \n",
    "subjects": "Subject: x\n",
    "one line": "word ",
    "one word": "x",
    "angles": "<",
    "angles on lines": "<\n",
    "verbs": "wrote:\n",
    "verbs before quotes": "a@b.c wrote:\n> q\n",
    "days": "On 12, 2026 10:15 ",
    "attributions": "On 2026-01-01 10:00 a@b.c wrote:\n",
    "broken attributions": "Joe 12:30 a@b.c\n:\n",
    "colons": ":\n",
    "at signs": "@",
    "footers": "Sent from my \n",
    "sign-offs": "Regards\nx\n+12 345 678 90\n",
    "notices": "confidential addressee in error " * 4 + "\n\n",
    "fences": "```\n",
    "links": "continue_token=",
    "addresses": "reply+" + "a" * 26 + "@",
    "markers": "-- Reply above this line --\n",
    "quoted markers": "> -- Reply above this line --\nx\n",
}
MARKUP = {
    "divs": "<div>",
    "closed divs": "<div></div>",
    "ends": "</div>",
    "quotes": "<blockquote>",
    "quotes with text": "<blockquote type=cite>x",
    "answers in quotes": "<blockquote type=cite>x</blockquote>y",
    "angles": "<",
    "names": "<a",
    "open attributes": '<a "',
    "attributes": '<p class="a" ',
    "long tags": "<p " + 'class="a" ' * 300 + ">",
    "odd quotes": "<p " + 'class="' * 140 + ">",
    "prefixes": '<div class="' + "x_" * 400 + '">',
    "entities": "&amp;",
    "bare entities": "&lt",
    "unknown entities": "&" + "a" * 31,
    "open comments": "<!--",
    "comments": "<!-- -->",
    "declarations": "<!",
    "instructions": "<?",
    "breaks": "<br>",
    "paragraphs": "<p>x",
    "styles": "<style>",
    "rules": "<hr>",
    "tables": "<table><tr><td>",
    "lists": "<ul><li>x",
    "pictures": '<img alt="é">',
    "hidden": '<span style="display:none">',
    "wrappers": "<div class=gmail_quote>x",
    "closed wrappers": "<div class=gmail_quote>x</div>",
    "signatures": "<div class=gmail_signature>x</div>y",
    "misnested": "<div class=signature><span class=signature></div>",
    "cuts": "<div id=divRplyFwdMsg>",
    "preformatted": "<pre>x\n",
    "addresses": "<a@b.c>",
    "text": "x ",
}


def _seconds(task: Callable[[str], str], text: str) -> float:
    """The least of two runs: what else the machine does only adds to it."""
    times = []
    for _ in range(2):
        began = time.process_time()
        task(text)
        times.append(time.process_time() - began)
    return min(times)


def _check_growth(task: Callable[[str], str], unit: str) -> None:
    text = unit * (SIZE // len(unit))
    for start in ("", "Hello\n"):
        short = _seconds(task, start + text)
        if short < 0.02:  # too little to compare: 1 MB would take less than a second
            continue
        # Four times as much takes four times as long; sixteen if it were quadratic.
        assert _seconds(task, start + text * 4) < 9 * short


@pytest.mark.parametrize("unit", TEXTS.values(), ids=TEXTS)
def test_time_grows_as_the_text(unit: str) -> None:
    _check_growth(extract.from_text, unit)


@pytest.mark.parametrize("unit", MARKUP.values(), ids=MARKUP)
def test_time_grows_as_the_markup(unit: str) -> None:
    _check_growth(extract.from_html, unit)


@pytest.mark.parametrize("unit", ["<div>", "<blockquote>x", "&amp;", "<", "<b>x</b>", "<p "])
def test_a_megabyte_of_markup_is_answered(unit: str) -> None:
    extract.from_html(unit * (1_000_000 // len(unit)))


def test_beyond_the_lines_that_are_looked_at_nothing_is_lost() -> None:
    text = "\n".join(f"line {number}" for number in range(30_000))
    assert extract.from_text(text) == text


def test_tags_beyond_those_looked_at_are_no_text() -> None:
    found = extract.from_html("<b>x</b>" * 80_000)
    assert found.count("x") == 80_000
    assert "<" not in found


# --- What holds of any input -----------------------------------------------------------------

_PIECES = (
    "On Mon, Mar 2, 2026 at 10:15 AM Ana <ana@acme.example> wrote:",
    "From: Ana <ana@acme.example>",
    "Sent: Monday",
    "Subject: lamp",
    "-----Original Message-----",
    "Sent from my iPhone",
    "-- ",
    "> ",
    ">> which?",
    "________________________________",
    "Best regards,",
    "-- Reply above this line --",
    "reply+abcdefghijklmnopqrstuvwxyz@reply.acme.example",
    "https://acme.example/?continue_chat=1&continue_token=abc.def.ghi",
    "the blue one",
    "wrote:",
    "<",
    "\n",
    "\n\n",
    "\r\n",
    "\u200f",
    "👍",
    "```",
)
_TAGS = (
    "<div>", "</div>", "<br>", "<p>", "</p>", "<hr>", "<blockquote>", '<blockquote type="cite">',
    "</blockquote>", '<div class="gmail_quote">', '<div class="gmail_attr">', "<!--", "-->",
    '<div id="divRplyFwdMsg">', '<div class="gmail_signature">', "<pre>", "</pre>", "&amp;", "&#0;",
    '<span style="display:none">', "</span>", '<div class="x_continuation-email">', "<style>",
    "</style>", "<", ">", "<a href='", "&", "<td>", "<li>",
)  # fmt: skip
_OTHERS = tuple(piece for piece in _PIECES if "abc" not in piece)
texts = st.lists(st.sampled_from(_PIECES) | st.text(max_size=8), max_size=30).map("".join)
lined = st.lists(st.sampled_from(_PIECES) | st.text(max_size=8), max_size=30).map("\n".join)
unsent = st.lists(st.sampled_from(_OTHERS) | st.text(max_size=8), max_size=30).map("\n".join)
markup = st.lists(st.sampled_from(_TAGS + _PIECES) | st.text(max_size=8), max_size=40).map("".join)


def _letters(text: str) -> str:
    return "".join(character for character in text if character.isalnum())


@settings(max_examples=300, deadline=None)
@given(text=unsent | st.text())
def test_what_is_found_was_there(text: str) -> None:
    found = extract.from_text(text)
    lines = {_letters(line) for line in text.replace("\r", "\n").splitlines()}
    for line in found.splitlines():
        # A line may lose its mark, or the attribution that it ends with.
        assert any(_letters(line) in whole for whole in lines)


@settings(max_examples=300, deadline=None)
@given(text=texts | lined)
def test_nothing_of_ours_is_shown(text: str) -> None:
    for found in (extract.from_text(text), extract.from_html(text)):
        assert "continue_token=" not in found
        assert "reply+abcdefghijklmnopqrstuvwxyz@" not in found


@settings(max_examples=300, deadline=None)
@given(text=unsent)
def test_something_stays_if_something_was_written(text: str) -> None:
    if _letters(text):
        assert extract.from_text(text)


@settings(max_examples=300, deadline=None)
@given(text=markup)
def test_any_markup_is_read(text: str) -> None:
    found = extract.from_html(text)
    assert found == found.strip()


@settings(max_examples=200, deadline=None)
@given(raw=st.binary(max_size=400) | markup.map(str.encode))
def test_any_message_is_read(raw: bytes) -> None:
    for head in (
        b"",
        b"Content-Type: text/html\n\n",
        b"Content-Type: text/plain; format=flowed\n\n",
    ):
        assert isinstance(extract.from_message(head + raw), str)


prose = st.lists(
    st.lists(
        st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=9), min_size=1, max_size=5
    ).map(" ".join),
    min_size=1,
    max_size=8,
)


@settings(max_examples=200, deadline=None)
@given(words=prose)
def test_plain_words_stay_as_they_are(words: list[str]) -> None:
    text = "\n".join(f"{line} x" for line in words)
    assert extract.from_text(text) == text
    assert extract.from_html(text.replace("\n", "<br>")) == text


@settings(max_examples=200, deadline=None)
@given(words=prose)
def test_what_was_found_once_stays(words: list[str]) -> None:
    body = "\n".join(f"{line} x" for line in words)
    text = f"{body}\n\nOn Mon, Mar 2, 2026 at 10:15 AM Ana <ana@acme.example> wrote:\n> Hi\n"
    assert extract.from_text(text) == body
    assert extract.from_text(extract.from_text(text)) == body
