"""Delivery into a Maildir, read back with Python's own mailbox module."""

from __future__ import annotations

import mailbox
import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from envelopes import HEADER, envelope, no, yes

from continuation_cli.mail.maildir import MaildirTransport, unique_name
from continuation_cli.mail.transport import (
    Misconfigured,
    Refused,
    Unavailable,
    Withdrawn,
    open_transport,
)


@pytest.fixture
def directory(tmp_path):
    return tmp_path / "mail"


@pytest.fixture
def transport(directory):
    return MaildirTransport(str(directory))


def files(directory):
    return sorted(str(p.relative_to(directory)) for p in directory.rglob("*") if p.is_file())


def test_delivers_what_a_mail_reader_expects(directory, transport):
    receipt = transport.send(envelope(b"Hello\r\n.\r\n"), yes)
    [name] = files(directory)
    assert receipt.text == name
    assert (directory / name).read_bytes() == (
        b"Return-Path: <bounce@acme.example>\nDelivered-To: ada@example.com\n"
        + HEADER.replace(b"\r\n", b"\n")
        + b"\nHello\n.\n"
    )
    [message] = mailbox.Maildir(directory, create=False)
    assert message["Subject"] == "Your chat"
    assert message["Delivered-To"] == "ada@example.com"
    assert message.get_payload() == "Hello\n.\n"


def test_makes_the_directories_for_nobody_else_to_read(directory, transport):
    transport.open()
    assert transport.is_open
    for path in (directory, directory / "tmp", directory / "new", directory / "cur"):
        assert path.stat().st_mode & 0o777 == 0o700
    transport.send(envelope(), yes)
    assert (directory / files(directory)[0]).stat().st_mode & 0o777 == 0o600
    transport.close()
    assert not transport.is_open


def test_one_file_for_each_email(directory, transport):
    first = envelope()
    for number in range(50):
        transport.send(replace(first, message_id=f"<{number}@acme.example>"), yes)
    transport.send(replace(first, created_at=first.created_at + timedelta(milliseconds=1)), yes)
    assert len(files(directory)) == 51


def test_the_same_email_again_replaces_the_first_copy(directory, transport):
    transport.send(envelope(), yes)
    transport.send(envelope(), yes)
    MaildirTransport(str(directory)).send(envelope(), yes)
    assert len(files(directory)) == 1


@pytest.mark.parametrize("flags", ["", ":2,", ":2,S", ":2,FRS"])
def test_an_email_that_was_read_already_is_not_delivered_again(directory, transport, flags):
    transport.send(envelope(), yes)
    [name] = files(directory)
    read = directory / "cur" / (Path(name).name + flags)
    (directory / name).rename(read)
    transport.close()
    receipt = transport.send(envelope(), no)  # nothing leaves, so nobody needs to look
    assert "cur" in receipt.text
    assert files(directory) == [str(read.relative_to(directory))]
    transport.send(envelope(message_id="<2@acme.example>"), yes)
    assert len(files(directory)) == 2


def test_names_are_in_the_form_of_the_format(transport):
    name = unique_name(envelope(message_id="</../../:2,S@acme.example>"))
    seconds, unique, host = name.split(".")
    assert (seconds, host) == ("1772355600", "continuation")
    assert unique.isalnum()


def test_withdrawn_leaves_nothing_behind(directory, transport):
    seen = []
    with pytest.raises(Withdrawn):
        transport.send(envelope(), lambda: bool(seen.append(files(directory))))
    assert [name.partition("/")[0] for name in seen[0]] == ["tmp"]
    assert files(directory) == []


def test_what_the_last_look_raises_is_passed_on_and_leaves_nothing_behind(directory, transport):
    def broken():
        raise OSError("database is locked")

    with pytest.raises(OSError, match="database is locked"):
        transport.send(envelope(), broken)
    assert files(directory) == []


def test_what_a_killed_run_left_in_tmp_is_written_over(directory, transport):
    transport.open()
    (directory / "tmp" / unique_name(envelope())).write_bytes(b"x" * 10_000)
    transport.send(envelope(), yes)
    [name] = files(directory)
    assert (directory / name).read_bytes().endswith(b"\nHello\n")


def test_a_disk_that_is_full_makes_it_unavailable(directory, transport, monkeypatch):
    transport.open()

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unavailable, match="No space left") as caught:
        transport.send(envelope(), yes)
    assert caught.value.stage == "write"
    assert files(directory) == []


def test_a_maildir_that_vanished_makes_it_unavailable(directory, transport):
    transport.open()
    for name in ("tmp", "new", "cur"):
        (directory / name).rmdir()
    with pytest.raises(Unavailable, match="No such file"):
        transport.send(envelope(), yes)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_maildir_that_is_not_ours_makes_it_unavailable(directory, transport):
    transport.open()
    (directory / "tmp").chmod(0o500)
    with pytest.raises(Unavailable, match="Permission denied"):
        transport.send(envelope(), yes)


def test_a_file_where_a_folder_should_be(directory):
    directory.mkdir()
    (directory / "cur").write_text("")
    transport = MaildirTransport(str(directory))
    with pytest.raises(Unavailable):
        transport.open()
    assert not transport.is_open


def test_an_existing_maildir_and_an_empty_directory_will_do(tmp_path):
    mailbox.Maildir(tmp_path / "existing")
    (tmp_path / "empty").mkdir()
    for name in ("existing", "empty"):
        MaildirTransport(str(tmp_path / name)).send(envelope(), yes)
        assert len(mailbox.Maildir(tmp_path / name)) == 1


def test_a_directory_of_other_things_is_left_alone(tmp_path):
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(Misconfigured, match="no Maildir"):
        open_transport(f"maildir:{tmp_path}", {})
    with pytest.raises(Misconfigured, match="no directory"):
        open_transport(f"maildir:{tmp_path}/a/b", {})
    with pytest.raises(Misconfigured, match="not a directory"):
        open_transport(f"maildir:{tmp_path}/notes.txt", {})
    assert files(tmp_path) == ["notes.txt"]


def test_a_directory_that_happens_to_hold_a_folder_of_that_name(tmp_path):
    """`/var` holds `tmp`, and `/var/lib` as well."""
    for name in ("tmp", "lib"):
        (tmp_path / name).mkdir()
    with pytest.raises(Misconfigured, match="no Maildir"):
        MaildirTransport(str(tmp_path))


@pytest.mark.parametrize(
    "there", [["tmp"], ["tmp", "new"], ["tmp", "new", "cur", "dovecot-uidlist"]]
)
def test_a_maildir_half_made_or_in_use_will_do(tmp_path, there):
    for name in there:
        (tmp_path / name).mkdir()
    MaildirTransport(str(tmp_path)).send(envelope(), yes)
    assert len(files(tmp_path)) == 1


def test_a_home_directory(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    open_transport("maildir:~/mail", {}).send(envelope(), yes)
    assert len(mailbox.Maildir(tmp_path / "mail", create=False)) == 1


def test_an_address_cannot_carry_a_header(directory, transport):
    with pytest.raises(Refused, match="not an address"):
        transport.send(envelope(recipient="a@b.c\nBcc: x@y.z"), yes)
    assert not directory.exists()
