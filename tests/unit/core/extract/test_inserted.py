"""Answers between the lines of our email: what is taken for one, and what is not."""

from __future__ import annotations

import time
from email import message_from_bytes, policy
from pathlib import Path

import pytest

from continuation_cli.core.extract import html, ours
from continuation_cli.core.extract.inserted import answers, texts_of
from continuation_cli.core.extract.lines import key_of

GOLDEN = sorted((Path(__file__).parents[3] / "golden").glob("*.eml"))

MARKER = "<p>-- Reply above this line --</p>"
OURS = MARKER + "".join(f"<p>Line {number} of ours</p>" for number in range(8))


def between(markup: str) -> list[tuple[int, str]]:
    return [(line.depth, line.text) for line in answers(markup, OURS)]


def test_the_line_above_an_answer_is_what_it_answers() -> None:
    quoted = OURS.replace("<p>Line 3", "<p>Yes.</p><p>And no.</p><p>Line 3")
    assert between(f"<p>See below</p>{quoted}") == [
        (1, "Line 2 of ours"),
        (0, "Yes."),
        (0, "And no."),
    ]


def test_what_stands_above_and_below_our_email_is_none() -> None:
    assert between(f"<p>Yes.</p>{OURS}<p>A disclaimer</p>") == []


def test_an_email_that_is_hardly_ours_has_none() -> None:
    other = "".join(f"<p>Line {number} of another</p>" for number in range(20))
    assert between(OURS.replace("<p>Line 3", f"{other}<p>Line 3")) == []
    assert between(f"{MARKER}<p>Line 1 of ours</p><p>Yes.</p><p>Line 2 of ours</p>") == []


def test_without_our_marker_there_is_nothing_to_compare() -> None:
    assert between(OURS.removeprefix(MARKER).replace("<p>Line 3", "<p>Yes.</p><p>Line 3")) == []


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_in_a_whole_quote_the_quick_look_finds_every_line_of_ours(path: Path) -> None:
    """Else each reply would have our email read once more, which is half of the work."""
    part = message_from_bytes(path.read_bytes(), policy=policy.default).get_body(("html",))
    assert part is not None
    markup = part.get_content()
    blocks = {ours.fold(key_of(text)) for text in texts_of(markup)}
    lines = [ours.fold(line.key) for line in html.lines_of(markup)]
    assert len(lines) > 5
    # The address of a page may be longer than what is looked at.
    others = {line for line in lines if line and line not in blocks and not line.endswith("…")}
    assert others == set()


def test_it_takes_linear_time() -> None:
    markup = MARKER + "<p>Line 1 of ours</p><p>x</p><p>Line 2 of ours</p>" * 20_000
    started = time.process_time()
    answers(markup, OURS)
    assert time.process_time() - started < 2
