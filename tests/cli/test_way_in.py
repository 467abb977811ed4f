"""Which command lines are a mail server's delivery, so that they never end in a bounce."""

from __future__ import annotations

import pytest

from continuation_cli.__main__ import _is_delivery


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("receive", True),
        ("receive -", True),
        ("--db x receive", True),
        ("--db=x receive", True),
        ("--db receive receive", True),
        ("--db receive", True),
        ("--dbase x receive", True),
        ("--db receive sweep", False),
        ("--db x sweep", False),
        ("--db x settings set from-name receive", False),
        ("--db=x settings set from-name receive", False),
        ("", False),
    ],
)
def test_what_is_a_delivery(words, expected):
    assert _is_delivery(words.split()) is expected
