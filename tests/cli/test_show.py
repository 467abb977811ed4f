"""`show`: the timeline."""

from __future__ import annotations

import json


def test_the_timeline(run, chat):
    chat.due()
    chat.message("c1", "m0", "Hello?", author="customer", ago=59)
    chat.message("c1", "n1", "Gold customer", author="note", ago=9)
    chat.message("c1", "m2", "Gone", ago=8, deleted_at=chat.ago(7))
    chat.message("c1", "m3", "From the train", author="customer", via="email", ago=5)
    run("sweep")
    rows = run("show", "c1").rows
    assert [(row["kind"], row["id"]) for row in rows] == [
        ("page", "p1"),
        ("customer", "m0"),
        ("page", "p1"),
        ("agent", "m1"),
        ("note", "n1"),
        ("agent", "m2"),
        ("customer by email", "m3"),
        ("email", "1"),
    ]
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)
    what = {row["id"]: row for row in rows}
    assert what["m1"]["who"] == "Ana"
    assert what["m1"]["state"] == "unseen, email 1"
    assert what["m2"]["state"].startswith("deleted")
    assert what["1"]["state"] == "sent"
    assert "to ada@example.com; m1" in what["1"]["what"]


def test_json_holds_everything(run, chat):
    chat.due("c1", name="Ada", locale="de")
    files = [{"name": "a.pdf", "url": "https://x.example/a.pdf", "size": 10}]
    chat.message("c1", "m2", "", attachments=json.dumps(files), ago=9)
    data = run("show", "c1", "--json").data
    assert (data["state"], data["presence"], data["name"]) == ("open", "offline", "Ada")
    assert [m["id"] for m in data["messages"]] == ["m1", "m2"]
    assert data["messages"][1]["attachments"] == [
        {**files[0], "content_type": None, "sha256": None}
    ]
    assert data["pages"][0]["url"] == "https://acme.example/pricing"
    chat.sql("UPDATE conversations SET closed_at = ?", chat.ago(1))
    assert run("show", "c1", "--json").data["state"] == "closed"
    chat.sql("UPDATE conversations SET reopened_at = ?", chat.ago(0))
    assert run("show", "c1", "--json").data["state"] == "open"


def test_attachments_of_any_shape(run, chat):
    chat.conversation()
    for n, shape in enumerate(
        ('[1, null, "x"]', '[{"name": 5}]', '[{"name": "a", "size": "big"}]')
    ):
        chat.message("c1", f"m{n}", attachments=shape)
    assert run("show", "c1").code == 0
    assert run("show", "c1", "--json").code == 0
    assert run("preview", "c1").code == 0


def test_hostile_values_stay_in_their_cell(run, chat):
    chat.due("c1", name="A\x1b[31m\t")
    chat.message("c1", "m\t2", "line one\nline two\x1b]0;x\x07\tx", ago=5, name="B\nC")
    ran = run("show", "c1")
    assert all(c.isprintable() or c in "\t\n" for c in ran.out)
    row = ran.rows[-1]
    assert row["what"] == "line one\\nline two\\x1b]0;x\\x07\\tx"
    assert (row["id"], row["who"]) == ("m\\t2", "B\\nC")
