"""What Postfix does with a mail when something is wrong on this side: it keeps it, and delivers it
when the cause is gone. Nothing but mail that can never be taken goes back to its sender.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import random
import shutil
import smtplib
import sqlite3
import subprocess
import time
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import make_msgid

import pytest
from mail_servers import INBOUND, OWNER
from pages import adapted

pytestmark = [pytest.mark.postfix, pytest.mark.dovecot]

UNKNOWN = f"reply+{'a' * 26}@{INBOUND}"


class Correspondence:
    """A customer who has got an email, and answers it."""

    def __init__(self, office):
        self.office = office
        self.customer = office.customer()
        office.happens(
            {"type": "conversation", "conversation": "c1", "channel": "acme", "ago": 600,
             "email": self.customer.name},
            {"type": "message", "conversation": "c1", "id": "m1", "author": "agent", "ago": 300,
             "text": "Which day suits you?"},
        )  # fmt: skip
        assert office.data("sweep")["sent"] == 1
        office.settle()
        self.reply_to = office.data("emails", "show", "1")["reply_to"]

    def written(self, text, to, size=0):
        """A mail from the customer; `size` is an attachment's, in octets."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = self.customer.name, to, "Re: chat"
        mail["Message-ID"] = make_msgid(domain="chat.example")
        mail.set_content(text)
        if size:
            mail.add_attachment(random.randbytes(size), "application", "octet-stream", filename="x")
        return mail.as_bytes(policy=SMTP)

    def answers(self, text="Monday.", to=None, size=0):
        """The customer writes."""
        to = to or self.reply_to
        self.office.send(self.customer.name, to, self.written(text, to, size))

    def posted(self):
        """The customer's messages in the chat."""
        rows = self.office.sql("SELECT text FROM messages WHERE author = 'customer' ORDER BY text")
        return [text for (text,) in rows]

    def returned(self):
        """The mails that came back to the customer as undeliverable."""
        mails = [mail.content for mail in self.customer.mails()]
        return [mail for mail in mails if b"multipart/report" in mail]

    def check_delivered(self, *texts):
        """Everything was posted once, in the end; nothing came back, nothing is left."""
        self.office.flush()
        self.office.wait(lambda: not self.office.queue())
        self.office.settle()
        assert self.posted() == sorted(texts)
        assert self.returned() == []
        assert self.office.sql("SELECT state FROM replies") == [("posted",)] * len(texts)


@pytest.fixture(scope="module")
def before(post_offices):
    """A correspondence, and the database of that moment."""
    post_offices.reset()
    correspondence = Correspondence(post_offices)
    copy = post_offices.directory / "before.db"
    return correspondence, shutil.copy2(post_offices.database, copy)


@pytest.fixture
def mail(before, post_offices):
    """A correspondence in which nothing but the email has happened."""
    correspondence, database = before
    post_offices.reset(database)
    shutil.rmtree(correspondence.customer.maildir, ignore_errors=True)
    return correspondence


@pytest.fixture
def post_office(mail):
    return mail.office


# --- Faults that people know ----------------------------------------------------------------------


@contextlib.contextmanager
def locked(office):
    """Somebody holds the database for writing."""
    with contextlib.closing(sqlite3.connect(office.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield "locked"
        other.execute("ROLLBACK")


@contextlib.contextmanager
def moved(path):
    aside = path.with_name(f"{path.name}.aside")
    path.rename(aside)
    try:
        yield
    finally:
        aside.replace(path)


@contextlib.contextmanager
def missing(office):
    """The database is not there: a volume that is not mounted."""
    with moved(office.database):
        yield "there is no database"
        assert not office.database.exists()  # a mistyped path must not make an empty one


@contextlib.contextmanager
def no_database(office):
    """Something else is in its place."""
    with moved(office.database):
        office.database.write_text("This is no database, whatever its name says.\n" * 100)
        office.dovecot.give(office.database)
        yield "not a database"


@contextlib.contextmanager
def other_schema(office):
    """A newer version has been here, or this one was installed and `db migrate` forgotten."""
    with contextlib.closing(sqlite3.connect(office.database)) as other:
        [version] = other.execute("PRAGMA user_version").fetchone()
        other.execute(f"PRAGMA user_version = {version + 1}")
    yield "schema"
    with contextlib.closing(sqlite3.connect(office.database)) as other:
        other.execute(f"PRAGMA user_version = {version}")


@contextlib.contextmanager
def unreadable(office):
    """Root restored a backup, and it is root's."""
    shutil.chown(office.database, "root")
    office.database.chmod(0o600)
    yield str(office.database)
    shutil.chown(office.database, OWNER)


@contextlib.contextmanager
def unwritable_archive(office):
    """The folder of received mail is somebody else's."""
    folder = office.database.with_name("chat.db.mail")
    folder.mkdir()
    folder.chmod(0o700)
    yield str(folder)
    folder.rmdir()


@contextlib.contextmanager
def exception(office):
    """A fault of the program itself."""
    module = office.library / "continuation_cli" / "receive.py"
    with moved(module):
        module.write_text("raise RuntimeError('a fault of the program')\n")
        module.chmod(0o644)
        yield "a fault of the program"


@contextlib.contextmanager
def half_upgraded(office):
    """A library that the program needs is being replaced."""
    with moved(office.library / "click"):
        yield "No module named 'click'"


@contextlib.contextmanager
def uninstalled(office):
    """The program itself is being replaced."""
    with moved(office.library / "continuation_cli"):
        yield "No module named 'continuation_cli'"


@contextlib.contextmanager
def no_program(office):
    with moved(office.command):
        yield "not found"


@contextlib.contextmanager
def script_with(office, wrong, right, told):
    """A mistake in the page's script."""
    script = office.receiver.read_text()
    office.set_receiver(adapted(script, {right: wrong}))
    yield told
    office.set_receiver(script)


def mistyped_option(office):
    return script_with(office, "--recipent", "--recipient", "No such option")


def mistyped_command(office):
    return script_with(office, " recieve ", " receive ", "there is no command 'recieve'")


def no_database_named(office):
    return script_with(office, "", f"--db {office.database} ", "which database?")


@contextlib.contextmanager
def no_script(office):
    """The page's script is gone: exec(2) fails, which Postfix itself takes for a passing fault."""
    with moved(office.receiver):
        yield "No such file"


FAULTS = [locked, missing, no_database, other_schema, unreadable, unwritable_archive, exception,
          half_upgraded, uninstalled, no_program, mistyped_option, mistyped_command,
          no_database_named, no_script]  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_fault_of_this_side_keeps_the_mail_in_the_queue(post_office, mail, fault):
    with fault(post_office) as reason:
        mail.answers("Monday.")
        [told] = post_office.wait(post_office.deferred)
        assert reason in told, told
        assert mail.returned() == []
    mail.check_delivered("Monday.")


# --- A full disk ----------------------------------------------------------------------------------


@contextlib.contextmanager
def small_disk(office):
    """The database's folder is on a disk of 1 MB. Yields a function that fills it but for so many
    octets, and returns one that makes room again. Where nothing may be mounted, as in many
    containers, a limit for the size of each file stands for the end of the disk.
    """
    folder = office.database.parent
    command = [
        "mount",
        "-t",
        "tmpfs",
        "-o",
        f"size=1m,uid={pwd.getpwnam(OWNER).pw_uid},mode=700",
        "tmpfs",
        folder,
    ]
    copy = shutil.copy2(office.database, office.directory / "copy.db")
    if subprocess.run(command, capture_output=True).returncode != 0:
        yield lambda free: limited(office, free)
        return
    try:
        shutil.copy2(copy, office.database)
        shutil.chown(office.database, OWNER)
        yield lambda free: filled(folder, free)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
        shutil.copy2(copy, office.database)


def filled(folder, free):
    filler = folder / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)
    os.truncate(filler, filler.stat().st_size - free)
    return filler.unlink


def limited(office, free):
    script = office.receiver.read_text()
    office.set_receiver(adapted(script, {"#!/bin/sh": f"#!/bin/sh\nulimit -f {free // 4 // 512}"}))
    return lambda: office.set_receiver(script)


@pytest.mark.parametrize("free", [0, 16_384, 131_072, 196_608])
def test_a_full_disk_keeps_the_mail_in_the_queue(post_office, mail, free):
    """Wherever the room ends: at once, in the message, its attachment or the database."""
    with small_disk(post_office) as fill:
        make_room = fill(free)
        mail.answers("Monday.", size=75_000)
        [told] = post_office.wait(post_office.deferred)
        assert "temporary failure" in told
        make_room()
        assert mail.posted() == []
        mail.check_delivered("Monday.")
        assert post_office.run("db", "check").code == 0
        [file] = post_office.show()["messages"][-1]["attachments"]
        assert file["size"] == 75_000


# --- kill -9 --------------------------------------------------------------------------------------


def test_mail_is_posted_once_however_often_the_program_is_killed(post_office, mail):
    """At random moments of its life, most of them in the later half, where it writes."""
    began = time.monotonic()
    assert post_office.run("receive", stdin=mail.written("0", mail.reply_to)).code == 0
    lifetime = time.monotonic() - began
    script = post_office.receiver.read_text()
    milliseconds = f"shuf -n 1 -i {int(lifetime * 300)}-{int(lifetime * 1200)}"
    own = f"\n{post_office.command} "
    killed = f"\ntimeout -s KILL $({milliseconds})e-3 {own.strip()} "
    post_office.set_receiver(adapted(script, {own: killed}))
    texts = [str(number) for number in range(8)]
    for text in texts[1:]:
        mail.answers(text)
    deadline = time.monotonic() + 4
    while time.monotonic() < deadline and post_office.queue():
        post_office.flush()
        time.sleep(0.3)
    assert "status=deferred" in post_office.log
    post_office.set_receiver(script)
    mail.check_delivered(*texts)
    assert post_office.run("db", "check").code == 0


def test_mail_is_posted_once_if_its_end_is_not_heard_of(post_office, mail):
    """Killed when all is done, but before Postfix knows."""
    script = post_office.receiver.read_text()
    post_office.set_receiver(adapted(script, {"  0) exit 0 ;;": "  0) kill -9 $$ ;;"}))
    mail.answers("Monday.")
    post_office.wait(post_office.deferred)
    assert mail.posted() == ["Monday."]
    post_office.set_receiver(script)
    mail.check_delivered("Monday.")


# --- What does go back ----------------------------------------------------------------------------


def test_mail_to_nobody_is_returned(post_office, mail):
    mail.answers("Monday.", to=UNKNOWN)
    post_office.settle()
    [report] = mail.returned()
    assert b"Status: 5.1.1" in report
    assert b"belongs to no conversation any more" in b" ".join(report.split())
    assert mail.posted() == []
    [received] = post_office.data("replies", "list")
    assert (received["kind"], received["state"]) == ("unroutable", "rejected")


def test_what_is_no_mail_is_returned(post_office, mail):
    """Postfix adds a header to whatever it takes, so it can only come by another way."""
    script = post_office.receiver.read_text()
    post_office.set_receiver(adapted(script, {'receive --recipient "$1"': "receive /dev/null"}))
    mail.answers("Monday.")
    post_office.settle()
    [report] = mail.returned()
    assert b"Status: 5.6.0" in report
    assert b"this is no email message" in b" ".join(report.split())


def test_an_address_of_another_form_is_refused_at_the_door(post_office, mail):
    for local_part in (
        "info",
        "reply",
        f"reply+{'a' * 25}",
        f"reply+{'1' * 26}",
        f"xreply+{'a' * 26}",
    ):
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            mail.answers(to=f"{local_part}@{INBOUND}")


@pytest.mark.parametrize("change", ["upper case", "+ replaced", "SRS", "BATV"])
def test_an_address_that_a_relay_has_rewritten_arrives(post_office, mail, change):
    address = mail.reply_to
    local_part = address.partition("@")[0]
    rewritten = {
        "upper case": address.upper(),
        "+ replaced": address.replace("+", "="),
        "SRS": f"SRS0=HHH=TT=relay.example={local_part}@{INBOUND}",
        "BATV": f"prvs=0123456789={address}",
    }[change]
    mail.answers("Monday.", to=rewritten)
    mail.check_delivered("Monday.")
