"""Replies to our own emails, as mail clients write them: exactly the answer comes out."""

from __future__ import annotations

import difflib
import re

import pytest
from clients.matrix import Case, cases

from continuation_cli.core.extract import Sent, from_message

CASES = list(cases())


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES])
def test_the_answer_comes_out(case: Case) -> None:
    email = case.reply.sent
    got, wanted = _folded(from_message(case.raw), case), _folded(case.reply.wanted, case)
    if got != wanted:
        diff = difflib.unified_diff(
            wanted.split("\n"), got.split("\n"), "wanted", "got", lineterm="", n=9
        )
        pytest.fail("\n" + "\n".join(diff), pytrace=False)
    for secret in email.secrets:
        assert secret not in got


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES[::9]])
def test_what_we_sent_may_be_known(case: Case) -> None:
    email = case.reply.sent
    sent = Sent(texts=email.texts, text_part=email.composed.text)
    assert from_message(case.raw, sent=sent) == from_message(case.raw)


def _folded(text: str, case: Case) -> str:
    """White space folded at line ends; where clients wrap a paragraph, in it as well; blank
    lines do not count between a quoted line and its answer.
    """
    text = re.sub(r"[ \t\xa0\u202f]+", " ", text)
    lines = [line.strip(" ") for line in text.strip().split("\n")]
    if case.reply.style == "inline":
        return "\n".join(line for line in lines if line)
    text = re.sub("\n{3,}", "\n\n", "\n".join(lines))
    return " ".join(text.split()) if case.note == "long" else text
