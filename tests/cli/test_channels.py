"""`channels`."""

from __future__ import annotations

import pytest


def test_channels(run, chat):
    assert run("channels", "list").rows == []
    assert run("channels", "add", "acme", "--name", "Acme Inc.").err == (
        'Added channel acme ("Acme Inc.").\n'
    )
    assert run("channels", "add", "acme").err == "There is channel acme.\n"
    run("channels", "add", "acme", "--name", "Acme Ltd.")
    chat.due()
    [row] = run("channels", "list", "--json").data
    assert (row["channel"], row["name"], row["conversations"]) == ("acme", "Acme Ltd.", 1)
    run("sweep")
    assert "Acme Ltd." in run("emails", "show", "1", "--json").data["subject"]


@pytest.mark.parametrize("channel", ["", "x" * 201, "a\nb", "\x1b[2J"])
def test_what_is_no_channel(run, chat, channel):
    ran = run("channels", "add", "--", channel)
    assert (ran.code, ran.out) == (2, "")
    assert "\x1b" not in ran.err
    assert run("channels", "list").rows == []
