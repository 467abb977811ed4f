"""The loop once more where the replies come into a hosted mailbox, emptied by IMAP over TLS, as
docs/imap.md says.
"""

from __future__ import annotations

import random
import re
import shlex
import subprocess
import time
from types import SimpleNamespace

import mail_clients
import pytest
from mail_servers import HOSTED, PASSWORD, as_owner
from pages import adapted, fragment
from program import Ran
from story import ANSWER, check_posted, check_threads, conversation, sweep
from test_pipe_exit_codes import exception, locked, missing, no_database

pytestmark = [pytest.mark.postfix, pytest.mark.dovecot]

OTHER = b"From: news@shop.example\r\nTo: replies@chat.example\r\nSubject: Offers\r\n\r\nBuy!\r\n"


@pytest.fixture
def office(post_office):
    assert post_office.run("settings", "set", "inbound-domain", HOSTED).code == 0
    return post_office


def cron(office):
    """The environment and the command of the page's crontab, with this machine's names."""
    secret = office.database.with_name("imap-password")
    secret.write_text(f"{PASSWORD}\n")
    office.dovecot.give(secret)
    server = f"localhost:{office.dovecot.imaps_port}"
    address = f"{office.hosted.name.replace('@', '%40')}@{server}"
    crontab = adapted(
        fragment("imap.md", "The crontab of the user who owns the database"),
        {
            "/etc/continuation/imap-password": str(secret),
            "/usr/local/bin/continuation": str(office.command),
            "/var/lib/continuation/chat.db": str(office.database),
            r"replies\%40example.com@imap.example.com": address.replace("%", r"\%"),
        },
    )
    variables = dict(re.findall(r"^(\w+)=(.*)$", crontab, re.MULTILINE))
    [command] = re.findall(r"^\* \* \* \* \* (.*)$", crontab, re.MULTILINE)
    # Nobody but the tests knows the authority that vouches for this server.
    variables["CONTINUATION_IMAP_CAFILE"] = str(office.dovecot.ca_file)
    # To cron, a % that is not escaped ends the command; crontab(5).
    assert not re.search(r"(?<!\\)%", command)
    return variables, shlex.split(command.replace(r"\%", "%"))


def fetch(office, *options, before=()):
    """What cron would start, as whom it would."""
    variables, command = cron(office)
    done = subprocess.run(
        [*before, *command, *options], env=variables, cwd="/", capture_output=True, timeout=60,
        **as_owner(),
    )  # fmt: skip
    return Ran(done.returncode, done.stdout, done.stderr)


def found(office, folder="INBOX"):
    """What is in a folder of the hosted mailbox: the mails and how they are marked."""
    return [(mail.content, mail.flags) for mail in office.hosted.mails(folder)]


def replied(office, reply=mail_clients.mutt):
    """A customer has got an email and answered, into a mailbox with other mail."""
    ada = office.customer()
    office.happens(*conversation(ada))
    sweep(office)
    office.send("news@shop.example", office.hosted.name, OTHER)
    reply(office, ada, ANSWER)
    office.settle()
    assert len(found(office)) == 2
    return ada


def check_done(office):
    """The reply is in the chat, and put away; the other mail is as it was."""
    [(other, flags)] = found(office)
    assert (b"Subject: Offers" in other, flags) == (True, "")
    [(done, _)] = found(office, "Processed")
    assert b"Monday at 10" in done
    return check_posted(office)


@pytest.mark.parametrize("client", ["mutt", "gmail"])
def test_a_reply_by_mail_becomes_a_message_of_the_chat(office, client):
    ada = replied(office, getattr(mail_clients, client))

    assert fetch(office) == Ran(0, b"", b"")

    received = check_done(office)
    check_threads(office, ada, received)
    again = fetch(office, "--json")
    assert (again.code, again.data, len(found(office))) == (0, [], 1)


def test_a_bounce_is_fetched_as_well(office):
    office.happens(*conversation(SimpleNamespace(name="nobody-there@chat.example")))
    sweep(office)
    ran = fetch(office, "--json")
    assert [(mail["kind"], mail["reason"]) for mail in ran.data] == [("bounce", "hard_bounce")]
    assert [sent["state"] for sent in office.data("emails", "list")] == ["failed"]
    [suppressed] = office.data("suppressions", "list")
    assert suppressed["address"] == "nobody-there@chat.example"
    assert found(office) == []


@pytest.mark.parametrize("fault", [locked, missing, no_database, exception],
                         ids=lambda fault: fault.__name__)  # fmt: skip
def test_a_fault_of_this_side_leaves_the_mail_where_it_was(office, fault):
    replied(office)
    before = found(office)
    with fault(office) as reason:
        ran = fetch(office)
        assert ran.code != 0
        assert reason in ran.err
        assert found(office) == before
        assert found(office, "Processed") == []
    assert fetch(office) == Ran(0, b"", b"")
    check_done(office)


def test_mail_is_posted_once_however_often_fetch_is_killed(office):
    ada = replied(office, mail_clients.gmail)
    texts = [ANSWER, *(f"And {number}." for number in range(5))]
    for text in texts[1:]:
        mail_clients.gmail(office, ada, text)
    office.settle()
    began = time.monotonic()
    assert fetch(office, "--limit", "0").code == 2  # as long as it takes to start
    starting = time.monotonic() - began
    for _ in range(10):
        seconds = f"{random.uniform(starting * 0.9, starting * 2.5):.3f}"
        fetch(office, before=["/usr/bin/timeout", "-s", "KILL", seconds])
    assert fetch(office) == Ran(0, b"", b"")
    assert len(found(office)) == 1
    assert len(found(office, "Processed")) == len(texts)
    posted = office.sql("SELECT text FROM messages WHERE author = 'customer' AND via = 'email'")
    assert sorted(posted) == sorted((text,) for text in texts)
