"""Answers between the lines of our email: what is taken for one, and what is not."""

from __future__ import annotations

import time

from continuation_cli.core.extract.inserted import answers

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


def test_it_takes_linear_time() -> None:
    markup = MARKER + "<p>Line 1 of ours</p><p>x</p><p>Line 2 of ours</p>" * 20_000
    started = time.process_time()
    answers(markup, OURS)
    assert time.process_time() - started < 2
