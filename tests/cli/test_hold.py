"""`hold` and `release`."""

from __future__ import annotations


def test_hold_and_release(run, chat):
    chat.due()
    assert run("hold", "c1", "--why", "a lawyer is on it", "--by", "eve").err == "c1 is held.\n"
    assert run("hold", "c1", "--by", "bob").err == "c1 was held already.\n"
    assert run("sweep", "--json").data["skipped"] == {"held": 1}
    told = run("explain", "c1").out
    assert "Held by eve: a lawyer is on it. To release: continuation release c1" in told
    assert run("release", "c1").err == "c1 is released.\n"
    assert run("release", "c1").err == "c1 was not held.\n"
    assert run("sweep", "--json").data["sent"] == 1
