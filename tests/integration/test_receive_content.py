"""What a reply holds: text, files, nothing at all, or more than is allowed."""

from __future__ import annotations

import json
import re

import pytest
from replying import Desk, reply
from winmail import ATTACH_LONG_NAME, ATTACH_TYPE, BODY, UNICODE, attachment, text, tnef

ZIP = b"PK\x03\x04" + b"\x00" * 60


@pytest.fixture
def desk(tmp_path):
    with Desk(tmp_path / "chat.db") as made:
        yield made


def with_files(email, *names: str, body: str | None = "See here.", octets: bytes = b"x"):
    made = reply(email, body)
    if body is None:
        made.make_mixed()
    for name in names:
        made.add_attachment(octets, maintype="application", subtype="octet-stream", filename=name)
    return made


# --- Text -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", ["👍", "❤️\n", "?", "1", "OK\n"])
def test_a_short_answer_is_an_answer(desk, body):
    desk.receive(reply(desk.emailed(), body))
    assert desk.posted() == [body.strip()]


@pytest.mark.parametrize("body", ["", "\n\n", " \t\n\u00a0", "\u200b\ufeff\n\u2060"])
def test_nothing_at_all_is_recorded_and_not_posted(desk, body):
    email = desk.emailed()
    before = desk.effects()
    outcome = desk.receive(reply(email, body))
    assert (outcome.kind, outcome.state, outcome.reason) == ("reply", "ignored", "empty")
    assert desk.effects() == before


def test_a_reply_in_html_only(desk):
    desk.receive(reply(desk.emailed(), None, html="<p>Yes, <b>please</b>.</p>"))
    assert desk.posted() == ["Yes, please."]


def test_our_email_and_its_secrets_do_not_come_back(desk):
    email = desk.emailed()
    [(reopen,)] = desk.rows("SELECT reopen_url FROM emails")
    quoted = "\n".join(f"> {line}" for line in email.message.decode("latin-1").splitlines())
    body = f"Yes, please. {reopen or ''}\n\nOn 1 Mar 2026 at 9:30 Ana wrote:\n{quoted}"
    desk.receive(reply(email, body))
    [said] = desk.posted()
    assert said.startswith("Yes, please.")
    assert "text of m1" not in said
    assert "continue_token" not in said
    assert email.sender.partition("@")[0] not in said


def test_text_that_acts_or_cannot_be_stored(desk):
    raw = reply(desk.emailed(), None).as_bytes()
    raw = (
        raw.rstrip(b"\n")
        + b"\nContent-Type: text/plain; charset=utf-7\n\nhi +2AA- \x00\x1b[2J there"
    )
    assert desk.receive(raw).state == "posted"
    [said] = desk.posted()
    assert said.isprintable()


def test_a_very_long_reply_is_cut_and_its_original_is_not(desk):
    raw = reply(desk.emailed(), "All work and no play. " * 20_000)
    outcome = desk.receive(raw)
    [said] = desk.posted()
    assert len(said) == 100_000
    [(digest,)] = desk.rows("SELECT digest FROM replies WHERE id = ?", outcome.id)
    assert desk.archive.read("raw", digest).count(b"All work") == 20_000


# --- Files ----------------------------------------------------------------------------------------


def test_files_are_kept_by_what_they_hold(desk, tmp_path):
    names = ("../../../escape.txt", "a.zip", "/etc/passwd", "x" * 300)
    outcome = desk.receive(with_files(desk.emailed(), *names, octets=ZIP))
    assert outcome.state == "posted"
    [(listed,)] = desk.rows("SELECT attachments FROM messages WHERE author = 'customer'")
    files = json.loads(listed)
    assert [file["name"] for file in files][:3] == ["escape.txt", "a.zip", "passwd"]
    digests = {file["sha256"] for file in files}
    assert len(digests) == 1
    for file in files:
        assert desk.archive.read("files", file["sha256"]) == ZIP
        assert file["size"] == len(ZIP)
    assert {path.name for path in (tmp_path / "chat.db.mail" / "files").rglob("*")} == digests
    assert not list(tmp_path.rglob("*escape*"))


def test_a_file_alone_is_a_message(desk):
    outcome = desk.receive(with_files(desk.emailed(), "photo.jpg", body=None))
    assert outcome.state == "posted"
    assert desk.posted() == [""]
    assert desk.rows("SELECT name, size FROM reply_files") == [("photo.jpg", 1)]


def test_a_reply_with_a_file_is_shown_in_the_next_emails_recap(desk):
    """What came by email has no URL, and does not stop the chat's own emails."""
    email = desk.emailed()
    desk.receive(with_files(email, "photo.jpg", body=None))
    desk.say(desk.now, "m2")
    [following] = desk.sweep(desk.now.replace(hour=11)).delivered
    assert b"photo.jpg" in following.message


def as_winmail(email, octets):
    """As Exchange sends a reply to whom it takes for one of its own."""
    made = reply(email, "")
    made.add_attachment(octets, maintype="application", subtype="ms-tnef", filename="winmail.dat")
    return made


def test_text_and_files_that_came_as_winmail_dat(desk):
    photo = attachment("../photo.jpg", b"JPEG", {ATTACH_TYPE: text("image/jpeg")})
    packed = tnef({BODY: text("Yes, please.")}, [photo])
    assert desk.receive(as_winmail(desk.emailed(), packed)).state == "posted"
    assert desk.posted() == ["Yes, please."]
    assert desk.rows("SELECT name, content_type, size FROM reply_files") == [
        ("photo.jpg", "image/jpeg", 4)
    ]


@pytest.mark.parametrize("hostile", ["x\x1b[2J\n/y", "image/\ud83d", "", "x" * 5000])
def test_what_a_winmail_dat_says_is_only_data(desk, hostile):
    """UTF-16 of TNEF may hold what nothing else can."""
    wide = (UNICODE, hostile)
    file = attachment("a", b"x", {ATTACH_TYPE: wide, ATTACH_LONG_NAME: wide})
    packed = tnef({BODY: (UNICODE, f"Yes {hostile}")}, [file])
    assert desk.receive(as_winmail(desk.emailed(), packed)).state == "posted"
    [(name, content_type)] = desk.rows("SELECT name, content_type FROM reply_files")
    assert name.isprintable()
    assert re.fullmatch(r"[a-z0-9.+-]{1,80}/[a-z0-9.+-]{1,80}", content_type)
    assert len(name) <= 200


def test_a_winmail_dat_that_cannot_be_read_is_a_file(desk):
    packed = tnef({BODY: text("Yes, please.")})[:40]
    outcome = desk.receive(as_winmail(desk.emailed(), b"\x00" + packed))
    assert outcome.state == "posted"
    assert desk.rows("SELECT name FROM reply_files") == [("winmail.dat",)]


# --- Limits ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setting", "enough", "too_little", "reason"),
    [
        ("max_message_size", "16K", "4K", "too_large"),
        ("max_header_size", "4K", "1K", "header_too_large"),
        ("max_parts", "5", "4", "too_many_parts"),
        ("max_nesting", "2", "1", "too_deep"),
        ("max_attachments", "3", "2", "too_many_attachments"),
        ("max_attachment_size", "2K", "1K", "attachment_too_large"),
    ],
)
def test_beyond_a_limit_it_waits_for_a_person(desk, setting, enough, too_little, reason):
    email = desk.emailed()
    made = reply(email, "Plain", html="<p>Plain</p>", X_Long="x " * 700)
    for name in ("a", "b", "c"):
        made.add_attachment(b"x" * 2000, maintype="image", subtype="png", filename=name)
    raw = made.as_bytes()
    before = desk.effects()
    desk.set(setting, too_little)
    outcome = desk.receive(raw)
    assert (outcome.state, outcome.reason) == ("quarantined", reason)
    assert desk.effects() == before
    [(digest,)] = desk.rows("SELECT digest FROM replies WHERE id = ?", outcome.id)
    assert desk.archive.read("raw", digest) == raw
    desk.set(setting, enough)
    assert desk.receive(raw.replace(b"answer-1@", b"answer-2@")).state == "posted"
    assert desk.accept(outcome.id).state == "posted"


def test_a_message_of_any_size_is_kept_whole(desk, tmp_path):
    email = desk.emailed()
    desk.set("max_message_size", "2k")
    raw = reply(email).as_bytes() + b"x" * 3_000_000
    desk.receive(raw)
    [(digest, size)] = desk.rows("SELECT digest, size FROM replies")
    assert (desk.archive.read("raw", digest), size) == (raw, len(raw))
