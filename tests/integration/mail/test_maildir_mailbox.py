"""Mail in a Maildir, while mail servers and people are at work in it."""

from __future__ import annotations

import mailbox as stdlib
import os

import pytest

from continuation_cli.mail.mailbox import (
    Disposal,
    MailboxUnavailable,
    MailStays,
    MailVanished,
    open_mailbox,
)
from continuation_cli.mail.transport import Misconfigured

MOVE, MARK_SEEN, DELETE = Disposal("move"), Disposal("mark_seen"), Disposal("delete")


@pytest.fixture
def maildir(tmp_path):
    for part in ("tmp", "new", "cur"):
        (tmp_path / "mail" / part).mkdir(parents=True)
    return tmp_path / "mail"


def deliver(maildir, name, content=b"Subject: x\n\nHello\n"):
    path = maildir / name
    path.write_bytes(content)
    return path


def opened(maildir, disposal=MOVE):
    return open_mailbox(f"maildir:{maildir}", disposal, {})


def process(mailbox):
    got = []
    with mailbox:
        for mail in mailbox.mails(mailbox.keys()):
            with mail.open() as stream:
                got.append(stream.read())
            mail.done()
    return got


def files(maildir):
    return sorted(str(p.relative_to(maildir)) for p in maildir.rglob("*") if p.is_file())


def test_what_is_done_is_moved_as_read(maildir):
    deliver(maildir, "new/1.M1.host", b"one")
    deliver(maildir, "cur/2.M1.host,S=3,W=3:2,FR", b"two")
    deliver(maildir, "cur/3.M1.host:2,S", b"three")
    assert process(opened(maildir)) == [b"one", b"two", b"three"]
    assert files(maildir) == [
        ".Processed/cur/1.M1.host:2,S", ".Processed/cur/2.M1.host,S=3,W=3:2,FRS",
        ".Processed/cur/3.M1.host:2,S", ".Processed/maildirfolder",
    ]  # fmt: skip
    folder = stdlib.Maildir(maildir, create=False).get_folder("Processed")
    assert len(folder) == 3
    assert process(opened(maildir)) == []


def test_mark_seen_looks_at_unread_mail_only(maildir):
    deliver(maildir, "new/1.host", b"one")
    deliver(maildir, "cur/2.host:2,S", b"two")
    deliver(maildir, "cur/3.host:2,F", b"three")
    assert process(opened(maildir, MARK_SEEN)) == [b"one", b"three"]
    assert files(maildir) == ["cur/1.host:2,S", "cur/2.host:2,S", "cur/3.host:2,FS"]
    assert process(opened(maildir, MARK_SEEN)) == []


def test_delete(maildir):
    deliver(maildir, "new/1.host")
    deliver(maildir, "cur/2.host:2,T", b"trashed: as good as gone, and not ours to remove")
    assert len(process(opened(maildir, DELETE))) == 1
    assert files(maildir) == ["cur/2.host:2,T"]


def test_what_is_not_done_stays_as_it_was(maildir):
    paths = [deliver(maildir, "new/1.host"), deliver(maildir, "cur/2.host:2,")]
    before = [(path, path.stat().st_mtime_ns) for path in paths]
    with opened(maildir) as mailbox:
        assert all(mail.open().read() for mail in mailbox.mails(mailbox.keys()))
    assert [(path, path.stat().st_mtime_ns) for path in paths] == before
    assert not (maildir / ".Processed").exists()


def test_only_regular_files_are_mail(maildir, tmp_path):
    deliver(maildir, "new/1.host", b"mail")
    deliver(maildir, "new/.hidden")
    deliver(maildir, "tmp/2.host")
    (maildir / "new" / "3.directory").mkdir()
    (tmp_path / "secret").write_text("secret")
    (maildir / "new" / "4.link").symlink_to(tmp_path / "secret")
    os.mkfifo(maildir / "new" / "5.pipe")
    assert process(opened(maildir)) == [b"mail"]


def test_a_link_that_is_put_in_a_mails_place_is_not_followed(maildir, tmp_path):
    path = deliver(maildir, "new/1.host", b"mail")
    (tmp_path / "secret").write_text("secret")
    with opened(maildir) as mailbox:
        [mail] = mailbox.mails(mailbox.keys())
        path.unlink()
        path.symlink_to(tmp_path / "secret")
        with pytest.raises(MailStays, match="symbolic link"):
            mail.open()


def test_the_head_is_bounded(maildir):
    deliver(maildir, "new/1.host", b"X: y\n" * 100_000)
    with opened(maildir) as mailbox:
        [mail] = mailbox.mails(mailbox.keys())
        assert mail.head == (b"X: y\n" * 100_000)[:65536]


def test_a_mail_that_others_move_meanwhile(maildir):
    path = deliver(maildir, "new/1.host", b"one")
    with opened(maildir) as mailbox:
        [mail] = mailbox.mails(mailbox.keys())
        path = path.rename(maildir / "cur" / "1.host:2,")  # a mail reader has shown it
        with mail.open() as stream:
            assert stream.read() == b"one"
        path.rename(maildir / "cur" / "1.host:2,RS")  # somebody has answered it
        mail.done()
    assert ".Processed/cur/1.host:2,RS" in files(maildir)


@pytest.mark.parametrize("disposal", [MOVE, MARK_SEEN, DELETE])
def test_a_mail_that_vanishes_meanwhile(maildir, disposal):
    first, second = deliver(maildir, "new/1.host"), deliver(maildir, "new/2.host")
    with opened(maildir, disposal) as mailbox:
        mails = mailbox.mails(mailbox.keys())
        mail = next(mails)
        first.unlink()
        with pytest.raises(MailVanished, match=r"1\.host is no longer in"):
            mail.open()
        mail.done()
        second.unlink()
        assert list(mails) == []
    assert files(maildir) == []


def test_two_at_once(maildir):
    for number in range(10):
        deliver(maildir, f"new/{number}.host", b"%d" % number)
    with opened(maildir) as one, opened(maildir) as two:
        for mine, yours in zip(one.mails(one.keys()), two.mails(two.keys()), strict=True):
            mine.done()
            yours.done()
    assert len(files(maildir / ".Processed" / "cur")) == 10
    assert files(maildir / "new") == []


@pytest.mark.parametrize(
    ("directory", "folder", "target"),
    [
        ("", None, ".Processed"),
        (".Support", None, ".Processed"),
        (".Support.Chat", None, ".Support.Processed"),
        ("", "Done", ".Done"),
        ("", "Done/2026", ".Done.2026"),
        (".Support", "Done", ".Done"),
        ("", "Erledigt & früher", ".Erledigt &- fr&APw-her"),
        ("", "完了", ".&W4xOhg-"),
    ],
)
def test_folders(maildir, directory, folder, target):
    source = maildir / directory
    for part in ("tmp", "new", "cur"):
        (source / part).mkdir(parents=True, exist_ok=True)
    deliver(source, "new/1.host")
    assert len(process(opened(source, Disposal("move", folder)))) == 1
    assert (maildir / target / "cur" / "1.host:2,S").is_file()
    assert (maildir / target / "maildirfolder").is_file()


@pytest.mark.parametrize(
    "folder", ["", "a//b", "/a", "a/", "..", "../x", "a/../b", ".", "a\0", "\ud800"]
)
def test_names_that_are_no_folder(maildir, folder):
    with pytest.raises(Misconfigured, match="is not the name of a folder"):
        opened(maildir, Disposal("move", folder))


def test_move_to_where_it_is(maildir):
    for part in ("tmp", "new", "cur"):
        (maildir / ".Support" / part).mkdir(parents=True)
    with pytest.raises(Misconfigured, match="where it is already"):
        opened(maildir / ".Support", Disposal("move", "Support"))


def test_the_folder_is_as_private_as_the_maildir(maildir):
    maildir.chmod(0o2770)
    if os.geteuid() == 0:
        os.chown(maildir, 4242, 4343)
    deliver(maildir, "new/1.host")
    process(opened(maildir))
    owner = maildir.stat()
    for path in (maildir / ".Processed", maildir / ".Processed" / "cur"):
        status = path.stat()
        assert (status.st_mode, status.st_uid, status.st_gid) == (
            owner.st_mode, owner.st_uid, owner.st_gid,
        )  # fmt: skip


def test_what_cannot_be_read_or_moved_stays(maildir, monkeypatch):
    path = deliver(maildir, "new/1.host")
    deliver(maildir, "new/2.host", b"fine")
    real = os.open

    def refused(name, *arguments, **named):
        if str(name) == str(path):
            raise PermissionError(13, "Permission denied", str(name))
        return real(name, *arguments, **named)

    with opened(maildir) as mailbox:
        monkeypatch.setattr(os, "open", refused)
        first, second = mailbox.mails(mailbox.keys())
        with pytest.raises(MailStays, match=r"1\.host: Permission denied"):
            first.open()
        monkeypatch.undo()
        (maildir / ".Processed").write_text("in the way")
        with pytest.raises(MailStays, match=r"2\.host: Not a directory"):
            second.done()
    assert files(maildir / "new") == ["1.host", "2.host"]


def test_names_that_are_no_text(maildir):
    odd = os.fsencode(maildir) + b"/new/1.\xff.host"
    os.close(os.open(odd, os.O_CREAT | os.O_WRONLY))
    with opened(maildir) as mailbox:
        assert mailbox.keys() == ["1.\\udcff.host"]
        [mail] = mailbox.mails(mailbox.keys())
        mail.done()
    [path] = (maildir / ".Processed" / "cur").iterdir()
    assert os.fsencode(path.name) == b"1.\xff.host:2,S"


def test_a_maildir_that_goes_away(maildir):
    deliver(maildir, "new/1.host")
    with opened(maildir) as mailbox:
        maildir.rename(maildir.parent / "elsewhere")
        with pytest.raises(MailboxUnavailable, match="No such file or directory"):
            mailbox.keys()


@pytest.mark.parametrize("missing", ["", "new", "cur"])
def test_what_is_no_maildir(maildir, missing, tmp_path):
    if missing:
        (maildir / missing).rmdir()
    where = maildir if missing else tmp_path / "none"
    with pytest.raises(Misconfigured, match=r"is no Maildir, as there is no directory (new|cur)"):
        opened(where)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_maildir_that_is_read_only(maildir):
    deliver(maildir, "new/1.host")
    (maildir / "new").chmod(0o500)
    with pytest.raises(Misconfigured, match="cannot be read and written by this user"):
        opened(maildir).__enter__()
