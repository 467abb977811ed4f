"""`preview`: the exact email, and what-if."""

from __future__ import annotations

import stat
from email import message_from_bytes, policy

import pytest


def test_the_parts_are_those_of_one_email(run, chat):
    chat.due()
    now = ("--now", chat.ago(0))
    data = run("preview", "c1", "--json", *now).data
    assert (
        run("preview", "c1", "--part", "text", *now).out.splitlines()[0]
        == data["text"].splitlines()[0]
    )
    assert "<html" in run("preview", "c1", "--part", "html", *now).out
    parsed = message_from_bytes(run("preview", "c1", "--part", "eml").stdout, policy=policy.strict)
    assert parsed["To"] == data["to"] == "ada@example.com"
    assert parsed["Subject"] == data["subject"]
    assert "refund" in parsed.get_body(("plain",)).get_content()
    headers = run("preview", "c1", "--part", "headers").out
    assert headers.startswith("From: ")
    assert headers.endswith("\n")
    assert "\n\n" not in headers
    shown = run("preview", "c1")
    assert shown.out.startswith('From:     "Ana at acme" <support@acme.example>\n')
    assert "Reply-To: (none)" in shown.out


def test_nothing_is_sent_or_stored(run, chat):
    chat.due()
    before = chat.dump()
    for words in ((), ("--json",), ("--part", "eml"), ("--set", "recap=0")):
        assert run("preview", "c1", *words).code == 0
    assert chat.dump() == before


def test_the_decision_is_told_beside_it(run, chat):
    chat.waits()
    assert run("preview", "c1").err.startswith("Nothing yet: an email is due at ")
    assert run("preview", "c1", "--now", "+6m").err.startswith("An email is due since ")
    run("hold", "c1")
    assert run("preview", "c1").err.startswith("No email, because a person holds")


def test_what_if(run, chat):
    chat.waits()
    ran = run("preview", "c1", "--set", "unseen-delay=5m", "--set", "brand_name=Ärger & Co")
    what_if, as_it_is = ran.err.splitlines()
    assert what_if.startswith("What if: An email is due since ")
    assert as_it_is.startswith("As it is: Nothing yet: an email is due at ")
    assert "Ärger & Co" in ran.out
    data = run("preview", "c1", "--json", "--set", "offline-delay=10m").data
    assert data["decision"]["state"] == "waiting"
    chat.sql("DELETE FROM settings")
    ran = run("preview", "c1")
    assert (ran.code, ran.out) == (78, "")
    assert "or for this preview: --set from-email=support@example.com" in ran.err
    assert run("preview", "c1", "--set", "from-email=x@y.example").code == 0


@pytest.mark.parametrize(
    ("pair", "told"),
    [
        ("offline-delay", "--set 'offline-delay' has no '='"),
        ("offline-delay=15", "offline_delay: '15' needs a unit: 15m?"),
        ("ofline-delay=15m", "did you mean offline_delay?"),
        ("transport=smtp://localhost:25", "it changes nothing in an email"),
        ("=5m", "there is no setting ''"),
    ],
)
def test_a_what_if_that_cannot_be(run, chat, pair, told):
    chat.due()
    ran = run("preview", "c1", "--set", pair)
    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err


def test_into_a_file_for_its_owner_only(run, chat, tmp_path):
    chat.due()
    file = tmp_path / "mail.eml"
    ran = run("preview", "c1", "--part", "eml", "--output", file)
    assert (ran.code, ran.out) == (0, "")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert message_from_bytes(file.read_bytes())["To"] == "ada@example.com"
    ran = run("preview", "c1", "--output", tmp_path / "none" / "x")
    assert ran.code == 2
    assert "x cannot be written: No such file or directory" in ran.err


def test_into_a_file_that_others_could_read(run, chat, tmp_path):
    chat.due()
    file = tmp_path / "old.txt"
    file.write_text("old")
    file.chmod(0o644)
    run("preview", "c1", "--output", file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert "refund" in file.read_text()


def test_nothing_to_preview(run, chat):
    chat.conversation("c1")
    ran = run("preview", "c1")
    assert (ran.code, ran.out) == (65, "")
    assert "there is no email to preview. No email, because every message was seen" in ran.err
    chat.due("c2", email=None)
    ran = run("preview", "c2")
    assert (ran.code, ran.out) == (65, "")
    assert "the customer has left no email address" in ran.err


def test_an_address_that_cannot_be_mailed(run, chat):
    chat.due("c1", email="x@y\r\nBcc: z@z.example")
    ran = run("preview", "c1")
    assert ran.code == 65
    assert "Traceback" not in ran.err


def test_own_templates_and_hostile_ones(run, chat, tmp_path):
    chat.due()
    (tmp_path / "subject.txt").write_text("News: {{ heading }}")
    data = run("preview", "c1", "--json", "--templates", tmp_path).data
    assert data["subject"].startswith("News: Ana replied")
    for source in (
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ nowhere }}",
        "{% include '/etc/passwd' %}",
        "{% include '../../../../etc/passwd' %}",
        "{{ heading.__init__.__globals__ }}",
    ):
        (tmp_path / "subject.txt").write_text(source)
        ran = run("preview", "c1", "--templates", tmp_path)
        assert ran.code in (65, 78), source
        assert ran.out == ""
        assert "root:" not in ran.err
        assert "Traceback" not in ran.err


def test_notes_and_system_messages_are_in_no_part(run, chat):
    chat.due()
    chat.message("c1", "n", "SECRET-NOTE", author="note", ago=40)
    chat.message("c1", "s", "SECRET-SYSTEM", author="system", ago=9)
    for part in ("text", "html", "headers", "eml"):
        assert "SECRET" not in run("preview", "c1", "--part", part).out
    assert "SECRET" not in run("preview", "c1", "--json").out
