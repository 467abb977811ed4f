"""Mail on a real IMAP server, Dovecot: read without a trace, then put away."""

from __future__ import annotations

import imaplib
import re
import ssl
import time

import pytest

from continuation_cli.mail.mailbox import (
    Disposal,
    MailboxUnavailable,
    MailStays,
    MailVanished,
    open_mailbox,
)
from continuation_cli.mail.transport import Misconfigured

pytestmark = pytest.mark.dovecot

MOVE, MARK_SEEN, DELETE = Disposal("move"), Disposal("mark_seen"), Disposal("delete")
#: 2.3 offers these only after the login.
WITHOUT_MOVE = "imap_capability = IMAP4rev1 SASL-IR UIDPLUS NAMESPACE"
WITHOUT_UIDPLUS = "imap_capability = IMAP4rev1 SASL-IR"
WITH_PREFIX = "namespace inbox {\n  prefix = INBOX.\n  separator = .\n}"
WITH_RULES = "mail_plugins = acl\nplugin {\n  acl = vfile:%DIRECTORY%/rules\n}"


@pytest.fixture
def user(dovecot):
    return dovecot.add_user()


def mail(number, more=b""):
    return b"From: ada@example.com\r\nSubject: %d\r\n\r\nHello %d\r\n%b" % (number, number, more)


def stored(number, more=b""):
    return mail(number, more).replace(b"\r\n", b"\n")


def opened(user, disposal=MOVE, *, url=None, **environ):
    environ = {
        "CONTINUATION_IMAP_PASSWORD": user.password,
        "CONTINUATION_IMAP_CAFILE": str(user.server.ca_file),
        **environ,
    }
    return open_mailbox(url or user.url(), disposal, environ)


def other(user, folder="INBOX"):
    """Another mail reader at the same mailbox."""
    context = ssl.create_default_context(cafile=user.server.ca_file)
    client = imaplib.IMAP4_SSL("localhost", user.server.imaps_port, ssl_context=context, timeout=10)
    client.authenticate("PLAIN", lambda _: f"\0{user.name}\0{user.password}".encode())
    client.select(folder)
    return client


def contents(user, folder="INBOX"):
    return [each.content for each in user.mails(folder)]


def process(mailbox, *, only=None):
    """Read everything and be done with it, or with the mails at some places."""
    got = []
    with mailbox:
        for place, each in enumerate(mailbox.mails(mailbox.keys())):
            got.append(each.open().read())
            if only is None or place in only:
                each.done()
    return got


# --- Reading ------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["imaps", "imap+starttls", "imap"])
def test_reads_every_mail_in_order_and_moves_it(user, scheme):
    for number in range(3):
        user.deliver(mail(number))
    got = process(opened(user, url=user.url(scheme)))
    assert got == [mail(0), mail(1), mail(2)]
    assert user.mails() == []
    assert contents(user, "Processed") == [stored(0), stored(1), stored(2)]
    assert [each.flags for each in user.mails("Processed")] == ["S", "S", "S"]
    assert process(opened(user)) == []


def test_what_is_not_done_stays_as_it_was(user):
    for number in range(4):
        user.deliver(mail(number), flags="F" if number == 2 else "")
    assert len(process(opened(user), only={1})) == 4
    assert contents(user) == [stored(0), stored(2), stored(3)]
    # Unread, and no \Seen that would show in a mail reader.
    assert [each.flags for each in user.mails()] == ["", "F", ""]
    assert contents(user, "Processed") == [stored(1)]
    assert len(process(opened(user))) == 3


def test_the_header_is_known_before_the_mail_is_read(user):
    user.deliver(mail(1, b"x" * 3_000_000))
    user.deliver(b"Subject: long\r\n" + b"X-Line: xxxxxxxx\r\n" * 10_000 + b"\r\nbody\r\n")
    with opened(user) as mailbox:
        first, second = mailbox.mails(mailbox.keys())
        assert first.head == b"From: ada@example.com\r\nSubject: 1\r\n\r\n"
        assert len(second.head) == 65536
    deadline = time.monotonic() + 5
    while not (said := re.findall(rf"imap\({user.name}\).* body_count=(\d+)", user.server.log)):
        assert time.monotonic() < deadline
    assert said == ["0"]


@pytest.mark.parametrize(
    "content",
    [
        b"\r\n",
        b"x",
        b"Subject: =?utf-8?q?=C3=A9?=\r\n\r\n\xff\xfe\x80 8-bit\r\n",
        b"Subject: x\r\n\r\n) OK FETCH done\r\nA1 OK done\r\n* 1 FETCH (UID 9 BODY[] {3}\r\n",
        b"Subject: x\r\n\r\n" + b"y" * 998 + b"\r\n" + b"long line " * 20_000,
        b"Subject: x\r\n\r\n.\r\n..\r\n" + b"line\r\n" * 500_000,
        b"Subject: x\r\n\r\n" + b"x" * ((1 << 20) - 16),
        b"Subject: x\r\n\r\n" + b"x" * ((2 << 20) - 15),
    ],
    ids=[
        "empty",
        "one octet",
        "8-bit",
        "like an answer",
        "long lines",
        "many lines",
        "one chunk",
        "two chunks and one octet",
    ],
)
def test_any_octets_arrive_whole(user, content):
    user.deliver(content)
    assert process(opened(user)) == [content]


def test_many_mails(user):
    for number in range(90):  # more than are asked for their headers at once
        user.deliver(mail(number))
    assert process(opened(user)) == [mail(number) for number in range(90)]
    assert len(user.mails("Processed")) == 90


def test_keys_hold_across_connections(user):
    user.deliver(mail(0))
    user.deliver(mail(1))
    with opened(user) as mailbox:
        first, second = mailbox.keys()
        [each] = mailbox.mails([first])
        each.done()
    with opened(user) as mailbox:
        assert mailbox.keys() == [second]
        assert [each.open().read() for each in mailbox.mails([first, second, "7.9", "x"])] == [
            mail(1)
        ]


# --- What becomes of it -------------------------------------------------------------------------


def test_mark_seen_looks_at_unread_mail_only(user):
    user.deliver(mail(0))
    user.deliver(mail(1), flags="S")
    user.deliver(mail(2), flags="F")
    assert process(opened(user, MARK_SEEN)) == [mail(0), mail(2)]
    assert [each.flags for each in user.mails()] == ["S", "S", "FS"]
    assert process(opened(user, MARK_SEEN)) == []
    assert not user.folder("Processed").exists()


def test_delete_expunges_nobody_elses_mail(user):
    user.deliver(mail(0))
    user.deliver(mail(1), flags="T")  # a person has marked it as deleted, and may undo that
    user.deliver(mail(2))
    assert process(opened(user, DELETE)) == [mail(0), mail(2)]
    assert contents(user) == [stored(1)]
    assert not user.folder("Processed").exists()


@pytest.mark.parametrize("configuration", [WITHOUT_MOVE, WITHOUT_UIDPLUS])
def test_servers_that_cannot_move(make_dovecot, configuration):
    user = make_dovecot(configuration).add_user()
    user.deliver(mail(0))
    user.deliver(mail(1), flags="T")
    user.deliver(mail(2))
    assert process(opened(user)) == [mail(0), mail(2)]
    assert contents(user, "Processed") == [stored(0), stored(2)]
    if configuration == WITHOUT_UIDPLUS:  # marked, so that nobody else's mail is expunged
        assert [each.flags for each in user.mails()] == ["ST", "T", "ST"]
    else:
        assert contents(user) == [stored(1)]
    assert process(opened(user)) == []


@pytest.mark.parametrize(
    ("configuration", "source", "target"),
    [
        ("", "INBOX", "Processed"),
        ("", "Support", "Processed"),
        ("", "Support/Chat", "Support/Processed"),
        (WITH_PREFIX, "INBOX", "Processed"),
        (WITH_PREFIX, "INBOX.Support", "Processed"),
        (WITH_PREFIX, "INBOX.Support.Chat", "Support/Processed"),
    ],
)
def test_what_is_done_goes_beside_the_folder_it_was_in(make_dovecot, configuration, source, target):
    user = make_dovecot(configuration).add_user()
    user.deliver(mail(0), source.removeprefix("INBOX.").replace(".", "/"))
    assert process(opened(user, url=user.url(folder=source))) == [mail(0)]
    assert contents(user, target) == [stored(0)]


@pytest.mark.parametrize(
    ("name", "on_disk"),
    [
        ("Chat & mail", "Chat &- mail"),
        ("Erledigt – früher", "Erledigt &IBM- fr&APw-her"),
        ('say "hi" \\o/ there', 'say "hi" \\o/ there'),
        ("完了", "&W4xOhg-"),
    ],
)
def test_names_of_folders(user, name, on_disk):
    user.deliver(mail(0))
    assert process(opened(user, Disposal("move", name))) == [mail(0)]
    assert contents(user, on_disk) == [stored(0)]
    # And back again, out of a folder of that name.
    assert process(opened(user, Disposal("move", "INBOX"), url=user.url(folder=name))) == [mail(0)]
    assert contents(user) == [stored(0)]


def test_a_folder_that_was_made_is_shown_by_mail_readers(user):
    user.deliver(mail(0))
    process(opened(user))
    client = other(user)
    assert b"Processed" in b"".join(client.lsub()[1])
    client.logout()


# --- At the same time as others -----------------------------------------------------------------


@pytest.mark.parametrize("disposal", [MOVE, MARK_SEEN, DELETE])
def test_a_mail_that_vanishes_meanwhile(user, disposal):
    for number in range(3):
        user.deliver(mail(number))
    with opened(user, disposal) as mailbox:
        first, second, third = mailbox.mails(mailbox.keys())
        assert first.open().read() == mail(0)
        client = other(user)
        client.store("1:2", "+FLAGS", r"(\Deleted)")
        client.expunge()
        client.logout()
        first.done()
        with pytest.raises(MailVanished, match=r"mail 2 is no longer in INBOX"):
            second.open().read()
        assert third.open().read() == mail(2)
        third.done()
    if disposal is MARK_SEEN:
        assert [(each.content, each.flags) for each in user.mails()] == [(stored(2), "S")]
    else:
        assert user.mails() == []


def test_two_at_once_lose_nothing_and_keep_one_of_each(user):
    for number in range(10):
        user.deliver(mail(number))
    with opened(user) as one, opened(user) as two:
        for mine, yours in zip(one.mails(one.keys()), two.mails(two.keys()), strict=True):
            assert mine.open().read() == yours.open().read()
            mine.done()
            yours.done()
    assert contents(user, "Processed") == [stored(number) for number in range(10)]
    assert user.mails() == []


def test_a_connection_that_is_lost(make_dovecot):
    server = make_dovecot("# of its own, as it is stopped")
    user = server.add_user()
    user.deliver(mail(0))
    user.deliver(mail(1))
    with opened(user) as mailbox:
        first, second = mailbox.mails(mailbox.keys())
        first.open().read()
        first.done()
        server.stop()
        with pytest.raises(MailboxUnavailable, match=r"(?i)FETCH: .*(EOF|reset|pipe)"):
            second.open().read()
        with pytest.raises(MailboxUnavailable, match="not connected"):
            second.done()
        with pytest.raises(MailboxUnavailable, match="not connected"):
            mailbox.keys()
    server.start()
    assert contents(user) == [stored(1)]
    assert contents(user, "Processed") == [stored(0)]
    assert process(opened(user)) == [mail(1)]


@pytest.fixture
def ruled(make_dovecot):
    """Makes a mailbox with a mail in it, of which the rules say what may be done."""

    def make(rules):
        server = make_dovecot(WITH_RULES)
        file = server.directory / "rules"
        file.write_text(rules)
        file.chmod(0o644)
        user = server.add_user()
        user.deliver(mail(0))
        return user

    return make


def test_a_folder_that_may_not_be_moved_to(ruled):
    user = ruled("INBOX owner lrwstipekxa\n* owner lr\n")
    for _ in range(2):
        with opened(user) as mailbox:
            [each] = mailbox.mails(mailbox.keys())
            each.open().read()
            with pytest.raises(MailStays, match=r"^MOVE: \["):
                each.done()
            # The connection is as good as before.
            assert each.open().read() == mail(0)
    assert contents(user) == [stored(0)]


def test_a_folder_that_is_read_only(ruled):
    user = ruled("INBOX owner lr\n* owner lr\n")
    with pytest.raises(Misconfigured, match="'INBOX' on localhost is read-only"):
        opened(user).__enter__()
    assert contents(user) == [stored(0)]
    assert user.mails()[0].flags == ""


# --- Configuration ------------------------------------------------------------------------------


def test_a_folder_that_does_not_exist(user):
    user.deliver(mail(0), "Support")
    with pytest.raises(Misconfigured) as caught:
        opened(user, url=user.url(folder="Suport")).__enter__()
    assert str(caught.value) == (
        "there is no folder 'Suport' on localhost; there are: INBOX, Support"
    )


@pytest.mark.parametrize("scheme", ["imaps", "imap+starttls"])
def test_login_refused(user, scheme):
    wrong = {"CONTINUATION_IMAP_PASSWORD": "hunter22"}
    with pytest.raises(MailboxUnavailable, match=r"(?i)login: .*authentication") as caught:
        opened(user, url=user.url(scheme), **wrong).__enter__()
    assert "hunter22" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["imaps", "imap+starttls"])
def test_certificates_are_verified(user, scheme, tmp_path):
    import trustme

    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
    for ca_file in ("", str(tmp_path / "other.pem")):
        mailbox = opened(user, url=user.url(scheme), CONTINUATION_IMAP_CAFILE=ca_file)
        with pytest.raises(MailboxUnavailable, match="certificate verify failed"):
            mailbox.__enter__()
    assert f"user=<{user.name}>" not in user.server.log


def test_move_to_where_it_is(user):
    for name in ("INBOX", "inbox"):
        with pytest.raises(Misconfigured, match="where it is already"):
            opened(user, Disposal("move", name)).__enter__()
