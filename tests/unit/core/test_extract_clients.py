"""Replies to our own emails, as mail clients write them: exactly the answer comes out."""

from __future__ import annotations

import difflib
import re
from itertools import groupby

import pytest
from clients.matrix import Case, cases, written_within

from continuation_cli.core.extract import Sent, from_message


def _place(case: Case) -> str:
    """The client and its language; a test is of all that is tried there."""
    return "-".join(case.name.split("-")[:2])


CASES = {place: list(some) for place, some in groupby(sorted(cases(), key=_place), key=_place)}


@pytest.mark.parametrize("place", CASES)
def test_the_answer_comes_out(place: str) -> None:
    wrong = [_difference(case, from_message(case.raw)) for case in CASES[place]]
    # What was sent may be known, and changes nothing.
    tried = CASES[place][::7]
    wrong += [_difference(case, from_message(case.raw, sent=_sent(case))) for case in tried]
    if any(wrong):
        pytest.fail("\n\n".join(filter(None, wrong)), pytrace=False)


@pytest.mark.parametrize("case", [pytest.param(c, id=c.name) for c in written_within()])
def test_answers_between_our_lines_are_told_by_what_was_sent(case: Case) -> None:
    wrong = _difference(case, from_message(case.raw, sent=_sent(case)))
    if wrong:
        pytest.fail(wrong, pytrace=False)


def test_enough_is_tried() -> None:
    assert len({case.client for some in CASES.values() for case in some}) >= 35
    assert len({case.reply.language for some in CASES.values() for case in some}) >= 19
    assert sum(map(len, CASES.values())) >= 3000


def _sent(case: Case) -> Sent:
    email = case.reply.sent
    return Sent(email.texts, email.composed.text, email.composed.html)


def _difference(case: Case, text: str) -> str:
    """What is wrong with the text, as a diff; "" if nothing is. Nothing of ours may be in it."""
    got, wanted = _folded(text, case), _folded(case.reply.wanted, case)
    leaked = [secret for secret in case.reply.sent.secrets if secret in text]
    if got == wanted and not leaked:
        return ""
    lines = difflib.unified_diff(
        wanted.split("\n"), got.split("\n"), "wanted", "got", lineterm="", n=9
    )
    return "\n".join([case.name, *lines, *(f"leaked: {secret}" for secret in leaked)])


def _folded(text: str, case: Case) -> str:
    """White space folded at line ends; where clients wrap a paragraph, in it as well; blank
    lines do not count between a quoted line and its answer.
    """
    text = re.sub(r"[ \t\xa0\u202f]+", " ", text)
    lines = [line.strip(" ") for line in text.strip().split("\n")]
    if case.reply.inline:
        return "\n".join(line for line in lines if line)
    text = re.sub("\n{3,}", "\n\n", "\n".join(lines))
    return " ".join(text.split()) if case.note == "long" else text
