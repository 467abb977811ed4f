"""A reply through a real Exim, set up as docs/exim.md says.

Exim and Postfix exclude each other as Debian packages, so EXIM names a program that was unpacked
from its package. It wants a user of its own; where there is none, it is given one in a mount
namespace.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import make_msgid
from pathlib import Path
from types import SimpleNamespace

import pytest
from dovecot import SEARCH_PATH
from mail_servers import COMMAND, DATABASE, INBOUND, OWNER, RECEIVER
from pages import adapted, fragment
from story import ANSWER, check_posted, conversation
from test_pipe_exit_codes import missing, no_script, uninstalled

CUSTOMER = SimpleNamespace(name="ada@chat.example")
EXIM = os.environ.get("EXIM") or shutil.which("exim4", path=SEARCH_PATH)
USER = "Debian-exim"

pytestmark = [
    pytest.mark.exim,
    pytest.mark.skipif(EXIM is None, reason="EXIM must name Exim's program"),
]

CONFIGURATION = """\
exim_path = {exim}
exim_user = {user}
exim_group = {user}
spool_directory = {directory}/spool
log_file_path = {directory}/spool/%slog
primary_hostname = mx.example.com
domainlist local_domains = reply.example.com
never_users = root
keep_environment =
begin routers
{routers}
all_others:
  driver = accept
  transport = file
begin transports
{transports}
file:
  driver = appendfile
  file = {directory}/spool/returned
  user = {user}
begin retry
* * F,4d,1m
"""

#: Where Exim's package was only unpacked, its user is known in a mount namespace, and nowhere else.
ENTRIES = {
    "passwd": "{0}:x:64999:64999::/nonexistent:/usr/sbin/nologin\n",
    "group": "{0}:x:64999:\n",
}
NAMESPACE = """\
mount --bind "$0/passwd" /etc/passwd && mount --bind "$0/group" /etc/group && exec "$@"
"""


class Exim:
    """An Exim without a daemon: mail is queued, and the queue is run, when a test says so."""

    def __init__(self, directory, office):
        self.directory = directory
        self.spool = directory / "spool"
        self.spool.mkdir(mode=0o777)
        self.spool.chmod(0o777)
        self.prefix = []
        if not any(user.pw_name == USER for user in pwd.getpwall()):
            self.prefix = ["unshare", "-m", "sh", "-ec", NAMESPACE, str(directory)]
            for name, entry in ENTRIES.items():
                own = Path("/etc", name).read_text() + entry.format(USER)
                (directory / name).write_text(own)
        transport = adapted(
            fragment("exim.md", "/etc/exim4/conf.d/transport/30_continuation"),
            {RECEIVER: str(office.receiver), "user = chat": f"user = {OWNER}\n  group = nogroup"},
        )
        (directory / "exim.conf").write_text(
            CONFIGURATION.format(
                exim=EXIM,
                user=USER,
                directory=directory,
                routers=fragment("exim.md", "/etc/exim4/conf.d/router/150_continuation"),
                transports=transport,
            )
        )

    def run(self, *arguments, stdin=b""):
        command = [*self.prefix, EXIM, "-C", str(self.directory / "exim.conf"), *arguments]
        return subprocess.run(command, input=stdin, capture_output=True, timeout=30)

    def receives(self, sender, recipient, mail):
        """Take a mail into the queue, and try to deliver it."""
        done = self.run("-odq", "-i", "-f", sender, recipient, stdin=mail)
        assert done.returncode == 0, done.stderr
        return self.runs_its_queue()

    def runs_its_queue(self):
        """Try to deliver all that is in the queue; what the log says of it."""
        log = self.spool / "mainlog"
        before = log.stat().st_size if log.exists() else 0
        self.run("-qff")
        return log.read_text()[before:]

    def queue(self):
        return self.run("-bp").stdout.decode()

    def returned(self):
        file = self.spool / "returned"
        return file.read_text() if file.exists() else ""


@pytest.fixture
def exim(post_office):
    post_office.set_receiver(
        adapted(
            fragment("exim.md", RECEIVER),
            {DATABASE: str(post_office.database), f"{COMMAND} ": f"{post_office.command} "},
        )
    )
    with tempfile.TemporaryDirectory(prefix="exim-") as name:
        directory = Path(name)
        directory.chmod(0o755)
        exim = Exim(directory, post_office)
        if exim.run("-bV").returncode != 0:
            pytest.skip("Exim needs its user, or the right to mount one over /etc/passwd")
        yield exim


@pytest.fixture
def reply_to(post_office):
    """Where the customer of an email answers to."""
    post_office.happens(*conversation(CUSTOMER))
    assert (
        post_office.data("sweep", "--transport", f"maildir:{post_office.database}.out")["sent"] == 1
    )
    return post_office.data("emails", "show", "1")["reply_to"]


def reply(to, text=ANSWER):
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = CUSTOMER.name, "somebody@example.com", "Re: chat"
    mail["Message-ID"] = make_msgid(domain="chat.example")
    mail.set_content(text)
    return CUSTOMER.name, to, mail.as_bytes(policy=SMTP)


def test_a_reply_is_posted(post_office, exim, reply_to):
    """By its envelope: To names somebody else."""
    log = exim.receives(*reply(reply_to.upper()))
    assert "=> reply+" in log, log
    check_posted(post_office)
    assert (exim.queue(), exim.returned()) == ("", "")


@pytest.mark.parametrize("fault", [missing, uninstalled, no_script],
                         ids=lambda fault: fault.__name__)  # fmt: skip
def test_a_fault_of_this_side_keeps_the_mail_in_the_queue(post_office, exim, reply_to, fault):
    with fault(post_office):
        log = exim.receives(*reply(reply_to))
        assert " == reply+" in log, log
        assert reply_to in exim.queue()
    log = exim.runs_its_queue()
    assert "=> reply+" in log, log
    check_posted(post_office)
    assert (exim.queue(), exim.returned()) == ("", "")


def test_a_script_that_is_killed_keeps_the_mail_in_the_queue(post_office, exim, reply_to):
    script = post_office.receiver.read_text()
    post_office.set_receiver(adapted(script, {"  0) exit 0 ;;": "  0) kill -9 $$ ;;"}))
    exim.receives(*reply(reply_to))
    assert "frozen" in exim.queue()
    post_office.set_receiver(script)
    assert "=> reply+" in exim.runs_its_queue()
    check_posted(post_office)
    assert (exim.queue(), exim.returned()) == ("", "")


def test_mail_to_nobody_is_returned(post_office, exim, reply_to):
    exim.receives(*reply(f"reply+{'a' * 26}@{INBOUND}"))
    exim.runs_its_queue()
    assert "belongs to no conversation any more" in exim.returned()
    assert exim.queue() == ""


@pytest.mark.parametrize("local_part", ["info", "reply", f"xreply+{'a' * 26}", f"reply+{'a' * 25}"])
def test_an_address_of_another_form_is_refused_at_the_door(exim, local_part):
    assert b"no such address" in exim.run("-bv", f"{local_part}@{INBOUND}").stdout
