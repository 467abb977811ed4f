"""What Postfix does with a mail when something is wrong on this side: it keeps it, and delivers it
when the cause is gone. Nothing but mail that can never be taken goes back to its sender.
"""

from __future__ import annotations

import contextlib
import random
import shutil
import sqlite3
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from mail_servers import OWNER

pytestmark = [pytest.mark.postfix, pytest.mark.dovecot]

UNKNOWN = "a" * 26


class Correspondence:
    """A customer who has got an email and answers it."""

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
        [sent] = office.data("emails", "list")
        self.reply_to = office.data("emails", "show", sent["id"])["reply_to"]

    def answers(self, text="Monday.", to=None, size=0):
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = self.customer.name, self.reply_to, "Re: chat"
        mail["Message-ID"] = f"<{random.getrandbits(64):x}@chat.example>"
        mail.set_content(text)
        if size:
            mail.add_attachment(random.randbytes(size), "application", "octet-stream", filename="x")
        self.office.send(self.customer.name, to or self.reply_to, mail.as_bytes(policy=SMTP))

    def posted(self):
        """The customer's messages in the chat."""
        messages = self.office.show()["messages"]
        return [message["text"] for message in messages if message["author"] == "customer"]

    def returned(self):
        """The mails that came back to the customer as undeliverable."""
        mails = [mail.content for mail in self.customer.mails()]
        return [mail for mail in mails if b"multipart/report" in mail]

    def check_delivered(self, *texts):
        """Everything was posted once, in the end; nothing came back, nothing is left."""
        self.office.flush()
        self.office.wait(lambda: not self.office.queue())
        self.office.settle()
        assert sorted(self.posted()) == sorted(texts)
        assert self.returned() == []
        states = [reply["state"] for reply in self.office.data("replies", "list")]
        assert states == ["posted"] * len(texts)
        assert self.office.ok("db", "check", "--json").data["problems"] == []


@pytest.fixture
def mail(post_office):
    return Correspondence(post_office)


# --- Faults that people know ----------------------------------------------------------------------


@contextlib.contextmanager
def locked(office):
    """Somebody holds the database for writing."""
    with contextlib.closing(sqlite3.connect(office.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield "locked"
        other.execute("ROLLBACK")


@contextlib.contextmanager
def moved(path, aside=None):
    aside = aside or path.with_name(f"{path.name}.aside")
    path.rename(aside)
    yield
    if path.is_dir():
        shutil.rmtree(path)
    aside.replace(path)


@contextlib.contextmanager
def missing(office):
    """The database is not there: a volume that is not mounted."""
    with moved(office.database):
        yield "there is no database"
        assert not office.database.exists()  # a mistyped path must not make an empty one


@contextlib.contextmanager
def missing_folder(office):
    with moved(office.database.parent):
        yield "there is no database"
        assert not office.database.parent.exists()


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
def usage(office, wrong, right):
    script = office.receiver.read_text()
    assert right in script
    office.set_receiver(script.replace(right, wrong))
    yield "Error:"
    office.set_receiver(script)


def mistyped_option(office):
    return usage(office, "--recipent", "--recipient")


def mistyped_command(office):
    return usage(office, " recieve ", " receive ")


def surplus_argument(office):
    return usage(office, '"$1" - -', '"$1"')


def no_database_named(office):
    return usage(
        office, f"{office.command} receive", f"{office.command} --db {office.database} receive"
    )


@contextlib.contextmanager
def no_script(office):
    """The page's script is gone: exec(2) fails, which Postfix itself takes for a passing fault."""
    with moved(office.receiver):
        yield "No such file"


FAULTS = [locked, missing, missing_folder, no_database, other_schema, unreadable,
          unwritable_archive, exception, half_upgraded, uninstalled, no_program, mistyped_option,
          mistyped_command, surplus_argument, no_database_named, no_script]  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_fault_of_this_side_keeps_the_mail_in_the_queue(post_office, mail, fault):
    with fault(post_office) as reason:
        mail.answers("Monday.")
        [told] = post_office.wait(post_office.deferred)
        assert reason in told, told
        assert mail.returned() == []
    mail.check_delivered("Monday.")
