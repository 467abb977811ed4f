from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from continuation_cli.core import tokens


def test_a_reply_token() -> None:
    assert tokens.new_token(bytes(16)) == "a" * 26
    assert tokens.new_token(b"\xff" * 16) == "7777777777777777777777777" + "4"
    assert tokens.new_token(bytes(range(16))) == "aaaqeayeaudaocajbifqydiob4"


@given(st.binary(min_size=16, max_size=16))
def test_a_reply_token_holds_all_its_bits_in_any_case(random: bytes) -> None:
    token = tokens.new_token(random)
    assert len(token) == 26
    assert token == token.lower()
    assert base64.b32decode(token.upper() + "======") == random


@pytest.mark.parametrize("length", [0, 15, 17, 32])
def test_a_reply_token_takes_16_octets(length: int) -> None:
    with pytest.raises(ValueError, match=f"16 random octets; {length} were given"):
        tokens.new_token(bytes(length))
