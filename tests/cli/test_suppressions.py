"""`suppressions`: addresses that must not be mailed."""

from __future__ import annotations

import pytest


def test_a_suppressed_address_gets_nothing_until_it_is_removed(run, chat):
    chat.due("c1", email="Ada@Example.com")
    ran = run("suppressions", "add", " ada@EXAMPLE.com ", "--reason", "complaint", "--by", "eve")
    assert (ran.code, ran.err) == (0, "ada@EXAMPLE.com is suppressed.\n")
    [row] = run("suppressions", "list").rows
    assert row["address"] == "ada@example.com"
    assert (row["reason"], row["source"]) == ("complaint", "added by eve")
    assert run("sweep", "--json").data["skipped"] == {"suppressed": 1}
    assert "the address is suppressed (complaint)" in run("explain", "c1").out
    assert run("suppressions", "add", "ADA@example.com").err == (
        "ADA@example.com was suppressed already.\n"
    )
    assert run("suppressions", "remove", "ADA@example.com").code == 0
    assert run("sweep", "--json").data["sent"] == 1


def test_one_who_unsubscribed_has_opted_out(run, chat):
    chat.due()
    run("suppressions", "add", "ada@example.com", "--reason", "unsubscribe")
    assert run("pending", "--json").data[0]["reason"] == "opted_out"


@pytest.mark.parametrize("address", ["", "ada", "ada@", "a b@example.com", "a@b.example\nx: y"])
def test_what_is_no_address(run, chat, address):
    ran = run("suppressions", "add", address)
    assert (ran.code, ran.out) == (2, "")
    assert (
        f"{address.strip()!r} is not an email address; expected one like ada@example.com" in ran.err
    )
    assert chat.sql("SELECT 1 FROM suppressions") == []


def test_an_unknown_reason(run):
    ran = run("suppressions", "add", "a@b.example", "--reason", "spite")
    assert ran.code == 2
    assert "bounce" in ran.err


def test_removing_what_is_not_there(run):
    ran = run("suppressions", "remove", "a@b.example")
    assert (ran.code, ran.err) == (65, "continuation: a@b.example is not suppressed\n")
