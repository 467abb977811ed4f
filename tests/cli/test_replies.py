"""`replies`: what was received, for people, and what they decide about it."""

from __future__ import annotations

import os
from email.message import EmailMessage
from pathlib import Path

import pytest


@pytest.fixture
def received(chat, run):
    """1 posted with a file, 2 quarantined, 3 an auto-reply, 4 of no conversation."""
    chat.set("inbound_domain", "reply.acme.example")
    chat.due("c1", name="Ada")
    run("sweep")
    raws = [
        answer(chat, "Ada <ada@example.com>", "Yes, please.", 1, file=b"%PDF"),
        answer(chat, "Bob <bob@example.com>", "I know that.", 2),
        answer(chat, "ada@example.com", "Away.", 3, Auto_Submitted="auto-replied"),
        b"To: nobody@acme.example\n\nx",
    ]
    assert [run("receive", stdin=raw).code for raw in raws] == [0, 0, 0, 67]
    return raws


def answer(chat, author, text, number, *, file=None, **fields):
    made = EmailMessage()
    made["From"], made["To"] = author, chat.one("SELECT reply_to FROM emails WHERE id = 1")
    made["Subject"], made["Message-ID"] = "Re: your chat", f"<{number}@mail.example>"
    for name, value in fields.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    if file:
        made.add_attachment(file, maintype="application", subtype="pdf", filename="../a.pdf")
    return made.as_bytes()


# --- List and show --------------------------------------------------------------------------------


def test_the_list_newest_first(run, received):
    rows = run("replies", "list").rows
    assert [(r["id"], r["kind"], r["state"], r["reason"], r["conversation"]) for r in rows] == [
        ("4", "unroutable", "rejected", "no_token", ""),
        ("3", "auto_reply", "ignored", "auto_submitted", "c1"),
        ("2", "reply", "quarantined", "from_differs", "c1"),
        ("1", "reply", "posted", "", "c1"),
    ]
    assert (rows[2]["from"], rows[2]["subject"]) == ("bob@example.com", "Re: your chat")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--state", "quarantined"), [2]),
        (("--kind", "auto_reply"), [3]),
        (("--conversation", "c1"), [3, 2, 1]),
        (("--conversation", "c1", "--kind", "reply", "--state", "posted"), [1]),
        (("--limit", "2"), [4, 3]),
        (("--kind", "bounce"), []),
    ],
)
def test_the_list_filtered(run, received, words, expected):
    assert [row["id"] for row in run("replies", "list", *words, "--json").data] == expected


def test_one_that_was_posted(run, chat, received):
    data = run("replies", "show", "1", "--json").data
    assert (data["state"], data["text"], data["from_name"]) == ("posted", "Yes, please.", "Ada")
    [file] = data["attachments"]
    assert (file["name"], file["size"]) == ("a.pdf", 4)
    assert Path(file["path"]).read_bytes() == b"%PDF"
    assert Path(file["path"]).parent == Path(chat.path + ".mail") / "files"
    told = run("replies", "show", "1").out
    assert "Yes, please." in told
    assert "a.pdf (application/pdf, 4 octets)" in told


def test_the_original_exactly(run, received):
    assert run("replies", "show", "1", "--part", "eml").stdout == received[0]
    assert run("replies", "show", "2", "--part", "text").out == "I know that."
    head = run("replies", "show", "2", "--part", "headers").out
    assert head.startswith("From: Bob")
    assert "I know that" not in head


def test_an_original_that_is_gone(run, chat, received):
    for path in (Path(chat.path + ".mail") / "raw").iterdir():
        path.unlink()
    ran = run("replies", "show", "1")
    assert ran.code == 65
    assert "is not there any more" in ran.err
    before = chat.dump()
    assert run("replies", "accept", "2").code == 75
    assert chat.dump() == before


def test_show_tells_where_a_message_came_from(run, received):
    data = run("show", "c1", "--json").data
    [message] = [each for each in data["messages"] if each["author"] == "customer"]
    assert (message["via"], message["reply"], message["text"]) == ("email", 1, "Yes, please.")
    assert [reply["id"] for reply in data["replies"]] == [1, 2, 3]
    kinds = {row["kind"]: row for row in run("show", "c1").rows}
    assert kinds["customer by email"]["state"] == "reply 1 from ada@example.com"
    assert kinds["reply"]["state"] == "quarantined (from_differs)"
    assert kinds["auto reply"]["state"] == "ignored (auto_submitted)"


def test_what_became_of_each_is_said_in_words(run, chat, received):
    ran = run("replies", "show", "2")
    assert "Why:           From is not the customer's address\n" in ran.out
    assert ran.err.endswith("To keep it out: continuation replies reject 2\n")
    assert (
        run("replies", "show", "3").err == "\nTo read it: continuation replies show 3 --part eml\n"
        "To post it all the same: continuation replies accept 3\n"
    )
    assert run("replies", "show", "1").err == ""
    to = chat.one("SELECT reply_to FROM emails WHERE id = 1").replace("reply+", "unsubscribe+")
    assert run("receive", stdin=f"From: ada@example.com\nTo: {to}\n\n".encode()).code == 0
    told = run("explain", "c1").out
    assert "quarantined (from_differs), because From is not the customer's address" in told
    assert "from ada@example.com: ada@example.com is not mailed any more, about email 1." in told


# --- Accept and reject ----------------------------------------------------------------------------


def test_accept_posts_it_under_its_authors_name(run, chat, received):
    ran = run("replies", "accept", "2", "--by", "ana")
    assert (ran.code, ran.out) == (0, "")
    message = chat.one("SELECT message FROM replies WHERE id = 2")
    told = f"Reply 2, conversation c1: posted as message {message} (from_differs).\n"
    assert ran.err == told
    assert chat.one("SELECT name FROM messages WHERE text = 'I know that.'") == (
        "Bob <bob@example.com>"
    )
    data = run("replies", "show", "2", "--json").data
    assert (data["state"], data["decided_by"]) == ("posted", "ana")
    again = run("replies", "accept", "2")
    assert (again.code, "is posted: only a reply or auto-reply that was" in again.err) == (65, True)


def test_reject_keeps_it_out_and_keeps_it(run, chat, received):
    before = chat.sql("SELECT count(*) FROM messages")[0][0]
    ran = run("replies", "reject", "2", "--by", "ana")
    assert (ran.code, ran.err) == (0, "Reply 2 is rejected; its sender is not told.\n")
    assert chat.one("SELECT count(*) FROM messages") == before
    assert run("replies", "show", "2", "--part", "eml").stdout == received[1]
    assert run("replies", "reject", "2").code == 65
    ran = run("receive", "--json", stdin=received[1])
    assert (ran.code, ran.data["kind"], ran.data["state"]) == (0, "duplicate", "rejected")


@pytest.mark.parametrize(("number", "text"), [(2, "I know that."), (3, "Away.")])
def test_what_was_kept_out_by_mistake_can_be_let_in(run, chat, received, number, text):
    """A reply that somebody rejected, and one that was taken for an automatic one."""
    run("replies", "reject", "2")
    assert "continuation replies accept" in run("replies", "show", "3").err
    ran = run("replies", "accept", number, "--json")
    assert (ran.code, ran.data["state"]) == (0, "posted")
    message = chat.one("SELECT text FROM messages WHERE id = ?", ran.data["message"])
    assert message == text
    assert run("replies", "show", number, "--json").data["text"] == text


def test_list_by_sender(run, received):
    rows = run("replies", "list", "--from", "ADA@example.com", "--json").data
    assert [row["id"] for row in rows] == [3, 1]


@pytest.mark.parametrize("command", ["show", "accept", "reject"])
def test_a_number_that_is_none(run, received, command):
    ran = run("replies", command, "99")
    assert (ran.code, ran.out) == (2, "")
    assert "there is no reply 99; see: continuation replies list" in ran.err
    assert run("replies", command, "one").code == 2


@pytest.mark.parametrize(("command", "number"), [("accept", 1), ("reject", 3), ("accept", 4)])
def test_only_what_is_quarantined_is_decided(run, chat, received, command, number):
    before = chat.dump()
    ran = run("replies", command, number)
    assert ran.code == 65
    assert "only a " in ran.err
    assert chat.dump() == before


def test_filters_that_are_none(run, received):
    assert run("replies", "list", "--state", "lost").code == 2
    ran = run("replies", "list", "--conversation", "c9")
    assert (ran.code, "there is no conversation 'c9'" in ran.err) == (2, True)


# --- Prune ----------------------------------------------------------------------------------------


def test_prune_takes_the_mail_of_what_it_removes(run, chat, received):
    """And leaves the conversation that has a reply to be decided about."""

    def age():
        for table, column in (("replies", "received_at"), ("messages", "sent_at"),
                              ("messages", "seen_at"), ("emails", "created_at"),
                              ("emails", "finished_at"), ("conversations", "began_at"),
                              ("pages", "opened_at"), ("pages", "closed_at")):  # fmt: skip
            chat.sql(
                f"UPDATE {table} SET {column} = '2020-01-01T00:00:00.000Z' "
                f"WHERE {column} > '2020-01-01T00:00:00.000Z'"
            )

    age()
    mail = Path(chat.path + ".mail")
    for path in mail.rglob("*"):
        os.utime(path, (0, 0))
    assert run("prune", "--older-than", "90d", "--json").data["conversations"] == 0
    assert [row["id"] for row in chat.sql("SELECT id FROM replies ORDER BY id")] == [1, 2, 3]
    assert len(list(mail.glob("raw/*"))) == 3
    run("replies", "reject", "2")
    assert run("prune", "--older-than", "90d", "--json").data["conversations"] == 1
    assert chat.sql("SELECT id FROM replies") == []
    assert not [path for path in mail.rglob("*") if path.is_file()]
