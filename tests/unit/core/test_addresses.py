"""Which addresses can be mailed, and when two are the same."""

from __future__ import annotations

import sys

import pytest
from histories import examples
from hypothesis import given
from hypothesis import strategies as st

from continuation_cli.core import addresses

VALID = [
    "ada@example.com",
    "Ada.Lovelace+chat@mail.example.co.uk",
    "o'brien@example.com",
    "#!$%&'*+-/=?^_`{}|~@example.com",
    "x@a-b.example",
    "1@2.example",
    f"{'a' * 64}@example.com",
    f"a@{'.'.join(['b' * 60] * 4)}.com",
    "ada@xn--bcher-kva.example",
    "ada@bücher.example",
    "用户@例え.jp",
    "josé@example.com",
    "root@localhost",
]
INVALID = [
    "",
    "ada",
    "ada@",
    "@example.com",
    "ada@example",
    "ada at example.com",
    "ada@@example.com",
    "ada@eve@example.com",
    ".ada@example.com",
    "ada.@example.com",
    "a..da@example.com",
    "ada@-example.com",
    "ada@example-.com",
    "ada@example..com",
    "ada@.example.com",
    "ada@example.com.",
    "ada@exa_mple.com",
    "ada@127.0.0.1",
    "ada@[127.0.0.1]",
    f"{'a' * 65}@example.com",
    f"a@{'b' * 64}.com",
    f"a@{'.'.join(['b' * 60] * 5)}.com",
    " ada@example.com",
    "ada@example.com ",
    "ada@example.com\n",
    "ada@example.com\r\nBcc: eve@example.com",
    "ada@example.com\0",
    "ada\t@example.com",
    "ada@exam\u200bple.com",
    "ada,eve@example.com",
    "Ada <ada@example.com>",
    "<ada@example.com>",
    '"ada lovelace"@example.com',
    "ada(comment)@example.com",
    "ada@example.com;eve@example.com",
    "\ud800@example.com",
    "a@" + "é" * 300 + ".com",
    "=?utf-8?q?ada=40evil.example?=@example.com",
    "a..b@localhost",
    "@localhost",
]


@pytest.mark.parametrize("address", VALID)
def test_can_be_mailed(address):
    assert addresses.is_valid(address)


@pytest.mark.parametrize("address", INVALID, ids=ascii)
def test_cannot_be_mailed(address):
    assert not addresses.is_valid(address)


def test_everyday_addresses_need_no_slow_library(monkeypatch):
    monkeypatch.setitem(sys.modules, "email_validator", None)
    assert addresses.is_valid("ada@example.com")
    assert not addresses.is_valid("ada at example.com")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada@Example.COM", "ada@example.com"),
        (" ada@example.com ", "ada@example.com"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@BÜCHER.example", "ada@bücher.example"),
        ("not an address", "NOT an address"),
    ],
)
def test_the_same_mailbox(one, other):
    assert addresses.same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("ada@example.com", "ada@example.org"), ("ada@example.com", "ada+x@example.com"),
     ("ada@example.com", ""), ("kim@example.com", "\u212aim@example.com"),
     ("sam@example.com", "\u017fam@example.com")],
)  # fmt: skip
def test_different_mailboxes(one, other):
    assert not addresses.same(one, other)


def test_the_domain_as_every_server_understands_it():
    assert addresses.to_ascii("ada@bücher.example") == "ada@xn--bcher-kva.example"
    assert addresses.to_ascii("josé@bücher.example") == "josé@xn--bcher-kva.example"
    assert addresses.to_ascii("Ada@Example.com") == "Ada@Example.com"
    with pytest.raises(ValueError):
        addresses.to_ascii("ada@bü cher..example")


@examples(300)
@given(st.text(max_size=40) | st.emails())
def test_any_text_gets_an_answer(address):
    """And what is valid fits a command and a header line, and equals itself."""
    if addresses.is_valid(address):
        assert address.count("@") == 1
        assert not any(c.isspace() or c in '<>,;"()' for c in address)
    assert addresses.same(address, address)
    assert addresses.normalise(addresses.normalise(address)) == addresses.normalise(address)
