"""`pending`: who waits, which rule, when it is due, why somebody is skipped."""

from __future__ import annotations

from itertools import chain

import pytest

from continuation_cli.store import activity

HOSTILE = "c\t1\n2\x1b[31m\x7f\u202e\\x"


def listed(run, *words):
    return [row["conversation"] for row in run("pending", "--json", *words).data]


@pytest.fixture
def crowd(chat):
    """Two due, two waiting, the rest skipped each for a reason of its own."""
    chat.due("due-1")
    chat.due("due-2", channel="beta")
    chat.waits("waiting-1")
    chat.waits("waiting-2")
    chat.sql("UPDATE messages SET sent_at = ? WHERE conversation = 'waiting-2'", chat.ago(2))
    chat.due("no_address", email=None)
    chat.due("invalid_address", email="nonsense")
    chat.due("suppressed", email="s@example.com")
    chat.due("opted_out", email="o@example.com")
    chat.sql(
        "INSERT INTO suppressions (address, reason) "
        "VALUES ('s@example.com', 'bounce'), ('o@example.com', 'unsubscribe')"
    )
    chat.due("held")
    chat.sql("UPDATE conversations SET held_at = ? WHERE id = 'held'", chat.ago(1))
    chat.due("expired")
    chat.sql("UPDATE messages SET sent_at = ? WHERE conversation = 'expired'", chat.ago(5000))
    chat.due("disabled", channel="off")
    chat.set("enabled", "off", "off")
    chat.due("rule_off", channel="never")
    chat.set("offline_delay", "never", "never")
    chat.due("rate_capped", channel="capped")
    chat.set("daily_cap", "0", "capped")
    chat.due("set_aside")
    chat.sql("UPDATE conversations SET set_aside_until = ? WHERE id = 'set_aside'", chat.ago(-30))
    chat.conversation("read")
    chat.message("read", seen_at=chat.ago(1))
    return chat


def test_every_reason_has_its_row(run, crowd):
    rows = run("pending", "--json").data
    assert [row["state"] for row in rows] == ["due"] * 2 + ["waiting"] * 2 + ["skipped"] * 10
    skipped = {row["conversation"]: row["reason"] for row in rows if row["state"] == "skipped"}
    assert skipped == {name: name for name in skipped}
    assert "read" not in [row["conversation"] for row in rows]


def test_the_soonest_comes_first(run, crowd):
    assert listed(run)[:4] == ["due-1", "due-2", "waiting-1", "waiting-2"]
    times = [row["due_at"] for row in run("pending", "--json").data[:4]]
    assert times == sorted(times)


def test_the_same_after_a_sweep_has_parked_them(run, crowd):
    crowd.sql("DELETE FROM conversations WHERE id LIKE 'due-%'")
    before = run("pending", "--now", crowd.ago(0)).out
    assert run("sweep").code == 0
    assert run("pending", "--now", crowd.ago(0)).out == before


def test_all_shows_also_who_waits_for_nothing(run, crowd):
    rows = {row["conversation"]: row for row in run("pending", "--all", "--json").data}
    assert rows["read"]["reason"] == "nothing_unseen"
    assert (rows["read"]["messages"], rows["read"]["rule"], rows["read"]["since"]) == (
        [],
        None,
        None,
    )
    assert len(rows) == 15


def test_some_of_them(run, crowd):
    assert listed(run, "--channel", "beta") == ["due-2"]
    assert listed(run, "--limit", "3") == ["due-1", "due-2", "waiting-1"]
    assert listed(run, "--within", "0") == ["due-1", "due-2"]
    assert listed(run, "--within", "6m") == ["due-1", "due-2", "waiting-1"]
    assert listed(run, "--within", "1h") == ["due-1", "due-2", "waiting-1", "waiting-2"]
    assert listed(run, "--within", "1h", "--channel", "beta", "--all") == ["due-2"]


def test_as_of_another_time(run, crowd):
    states = {
        row["conversation"]: row["state"] for row in run("pending", "--json", "--now", "+6m").data
    }
    assert states["waiting-1"] == "due"
    assert states["waiting-2"] == "waiting"
    assert states["due-1"] == "due"


def test_a_pipe_gets_every_character(run, chat):
    name = "x" * 200
    chat.due(name, email="a" * 64 + "@" + "b" * 60 + ".example")
    for n in range(60):
        chat.message(name, f"message-{n}", ago=5)
    [row] = run("pending").rows
    assert row["conversation"] == name
    assert row["messages"].count(",") == 60
    assert len(run("pending").out.splitlines()) == 2


def test_hostile_values_stay_in_their_cell(run, chat):
    chat.due(HOSTILE, channel="a\tb", email="x@y.example\t\x1b]0;owned\x07")
    chat.sql("UPDATE messages SET id = 'm\n1'")
    for words in (("pending",), ("sweep", "--preview"), ("emails", "list"), ("channels", "list")):
        ran = run(*words)
        assert ran.code == 0
        assert all(c.isprintable() or c in "\t\n" for c in ran.out)
        assert len(ran.rows) <= 1
    [row] = run("pending").rows
    assert row["conversation"] == "c\\t1\\n2\\x1b[31m\\x7f\\u202e\\\\x"
    assert row["channel"] == "a\\tb"
    assert row["messages"] == "m\\n1"
    assert run("pending", "--json").data[0]["conversation"] == HOSTILE


def test_nobody_waits(run, chat):
    assert run("pending").rows == []
    assert run("pending", "--json").data == []


def test_pages_together_are_all_rows(run, crowd):
    everything = listed(run)
    pages = [listed(run, "--limit", "4", "--page", str(page)) for page in range(1, 6)]
    assert [len(page) for page in pages] == [4, 4, 4, 2, 0]
    assert list(chain(*pages)) == everything
    assert run("sweep").code == 0
    assert listed(run, "--page", "1") == listed(run)
    assert listed(run, "--page", "2") == []


def test_pages_of_all(run, crowd):
    crowd.sql("DELETE FROM conversations WHERE id LIKE 'due-%'")
    crowd.conversation("read-2", channel="beta")
    assert run("sweep").code == 0
    everything = listed(run, "--all")
    assert len(everything) == len(set(everything)) == 14
    pages = [listed(run, "--all", "--limit", "3", "--page", str(page)) for page in range(1, 6)]
    assert list(chain(*pages)) == everything


def test_as_of_a_time_before_the_last_sweep(run, crowd):
    """What a sweep has parked or put off since may have been due then."""
    crowd.due("old-news")
    crowd.sql("UPDATE messages SET sent_at = ? WHERE conversation = 'old-news'", crowd.ago(4400))
    crowd.sql("DELETE FROM pages WHERE conversation = 'old-news'")
    crowd.sql("UPDATE conversations SET began_at = ? WHERE id = 'old-news'", crowd.ago(5000))
    crowd.sql("DELETE FROM conversations WHERE id LIKE 'due-%'")
    assert run("sweep").code == 0
    rows = {row["conversation"]: row for row in run("pending", "--json").data}
    assert rows["old-news"]["reason"] == "expired"
    rows = run("pending", "--json", "--now", crowd.ago(100)).data
    assert (rows[0]["conversation"], rows[0]["state"]) == ("old-news", "due")
    assert [row["conversation"] for row in rows].count("old-news") == 1


def test_a_page_costs_the_same_however_many_wait(run, chat, monkeypatch):
    for n in range(600):
        chat.due(f"c{n:03}")
        chat.sql(
            "UPDATE messages SET sent_at = ? WHERE conversation = ?", chat.ago(4000 - n), f"c{n:03}"
        )
    chat.sql("DELETE FROM pages")
    chat.sql("UPDATE conversations SET began_at = ?", chat.ago(5000))
    looked_up = []
    found = activity.conversation

    def conversation(connection, conversation_id, now):
        looked_up.append(conversation_id)
        return found(connection, conversation_id, now)

    monkeypatch.setattr(activity, "conversation", conversation)
    assert listed(run, "--page", "1") == [f"c{n:03}" for n in range(50)]
    assert len(looked_up) <= 200
    assert run("pending", "--limit", "3").code == 0
    assert len(looked_up) <= 400
