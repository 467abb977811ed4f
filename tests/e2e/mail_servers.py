"""A real Postfix on loopback, set up as docs/postfix.md says, and the program as it is installed.

As fixtures, from any test marked `postfix`:

    @pytest.mark.postfix
    def test_x(post_office):
        ada = post_office.customer()                # a mailbox in a real Dovecot
        post_office.send(sender, recipient, mail)   # by SMTP
        post_office.data("show", "c1")              # what the program answers

The configuration is what the page shows, word for word, but for paths, user and ports; what a
Postfix has around it is here. It must be started as root. It has a queue and processes of its own:
a Postfix of the machine is not touched, and no mail leaves the machine.
"""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import re
import shutil
import smtplib
import socket
import sqlite3
import subprocess
import tempfile
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import installed
import pytest
from configuration import DOVECOT, MAIN_CF, MASTER_CF
from dovecot import SEARCH_PATH
from pages import adapted, fragment
from program import NOTHING, Ran

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from dovecot import Dovecot, User

#: The domain of the pages' examples, to which customers reply.
INBOUND = "reply.example.com"

#: The pages' examples of what is elsewhere here.
COMMAND, DATABASE = "/usr/local/bin/continuation", "/var/lib/continuation/chat.db"
RECEIVER = "/usr/local/bin/continuation-receive"

SETTINGS = {
    "from-email": "support@example.com",
    "inbound-domain": INBOUND,
    "brand-name": "Example",
    "offline-delay": "0",
}

#: Of customers and of hosted mailboxes: easy to give to mail clients.
PASSWORD = "secret"

#: Whom the mail is piped as: pipe(8) hands nothing to root.
OWNER = "nobody"

#: A hosted domain for replies: all its mail is in one mailbox.
HOSTED, HOSTED_MAILBOX = "inbox.example.com", "replies@chat.example"

#: What the tests run; each in the Debian package named.
PROGRAMS = {"postfix": "postfix", "sievec": "dovecot-sieve", "mutt": "mutt", "s-nail": "s-nail"}


@dataclass
class PostOffice:
    """A Postfix that runs, beside a Dovecot with the customers' mailboxes."""

    directory: Path
    dovecot: Dovecot
    smtp_port: int
    hosted: User
    # Where the log of the test that runs begins.
    _log_start: int = 0

    # --- The program ---------------------------------------------------------------------------

    @property
    def command(self) -> Path:
        """The program."""
        return self.directory / "opt" / "bin" / "continuation"

    @property
    def library(self) -> Path:
        """The program's modules and those it needs."""
        return self.directory / "opt" / "lib"

    @property
    def receiver(self) -> Path:
        """What Postfix pipes mail to: the page's script."""
        return self.directory / "opt" / "bin" / "continuation-receive"

    @property
    def database(self) -> Path:
        return self.directory / "var" / "chat.db"

    @property
    def smtp_url(self) -> str:
        return f"smtp://127.0.0.1:{self.smtp_port}"

    def run(
        self,
        *arguments: object,
        stdin: bytes = b"",
        env: Mapping[str, str] = NOTHING,
        program: Path | None = None,
    ) -> Ran:
        """Run the program (or another) as the user that owns the database."""
        words = [] if program else ["--db", str(self.database)]
        done = subprocess.run(
            [program or self.command, *words, *map(str, arguments)],
            input=stdin,
            capture_output=True,
            env=dict(env),
            cwd="/",
            timeout=60,
            **as_owner(),
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def ok(self, *arguments: object, **more: Any) -> Ran:
        """Run the program, which must end well and say nothing on stderr."""
        ran = self.run(*arguments, **more)
        assert (ran.code, ran.err) == (0, ""), ran.err
        return ran

    def data(self, *arguments: object) -> Any:
        """What the program answers as JSON."""
        return self.ok(*arguments, "--json").data

    def happens(self, *events: Mapping[str, object]) -> None:
        """The chat tells what happened; `ago` is in seconds, if not now."""
        now, lines = datetime.now(UTC), []
        for event in events:
            ago = timedelta(seconds=float(str(event.get("ago", 0))))
            lines.append(json.dumps({**event, "at": (now - ago).isoformat()}))
        self.ok("import", "-", "--quiet", stdin="\n".join(lines).encode())

    def show(self, conversation: str = "c1") -> Any:
        return self.data("show", conversation)

    def sql(self, query: str) -> list[Any]:
        """Rows of the database, where starting the program for them would take too long."""
        with contextlib.closing(sqlite3.connect(self.database)) as connection:
            return connection.execute(query).fetchall()

    # --- Mail ----------------------------------------------------------------------------------

    def send(self, sender: str, recipients: str | list[str], mail: bytes) -> None:
        """Hand a mail to Postfix by SMTP."""
        with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=20) as client:
            assert client.sendmail(sender, recipients, mail) == {}

    def customer(self) -> User:
        """A customer with a mailbox that is empty."""
        return self.dovecot.add_user(password=PASSWORD)

    def filter(self, user: User, script: str) -> None:
        """Have what comes to a mailbox filtered by a Sieve script (RFC 5228)."""
        file = user.home / "filter.sieve"
        file.write_text(script)
        self.dovecot.give(file)

    def postfix(self, program: str, *arguments: str) -> str:
        """Run one of Postfix's programs on this instance."""
        path = shutil.which(program, path=SEARCH_PATH)
        assert path is not None
        command = [path, "-c", str(self.directory / "etc"), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr + self.log
        return done.stdout

    @property
    def log(self) -> str:
        """What Postfix has logged since `reset`."""
        log = self.directory / "log"
        return log.read_bytes()[self._log_start :].decode(errors="replace") if log.exists() else ""

    def queue(self) -> list[dict[str, Any]]:
        """The mails that Postfix has not delivered yet; see postqueue(1), -j."""
        return [json.loads(line) for line in self.postfix("postqueue", "-j").splitlines()]

    def deferred(self) -> list[str]:
        """Why each mail in the queue could not be delivered at the last attempt."""
        return [
            recipient["delay_reason"]
            for mail in self.queue()
            for recipient in mail["recipients"]
            if mail["queue_name"] == "deferred"
        ]

    def flush(self) -> None:
        """Have Postfix try at once what it has deferred."""
        self.postfix("postqueue", "-f")

    def wait(self, condition: Callable[[], Any], seconds: float = 20) -> Any:
        """What `condition` returns as soon as that is true."""
        deadline = time.monotonic() + seconds
        while not (answer := condition()):
            assert time.monotonic() < deadline, self.log[-4000:]
            time.sleep(0.05)
        return answer

    def settle(self) -> None:
        """Wait until every mail, and every mail that came of it, has been delivered."""
        self.wait(self._is_empty)

    def _is_empty(self) -> bool:
        deferred = self.deferred()
        assert not deferred, deferred
        # A mail on its way from one of Postfix's directories to another is in none: look twice,
        # and into the log, which tells of each mail when it came and when it was removed.
        log = self.log
        came = set(re.findall(r"cleanup\[\d+\]: (\w+): message-id=", log))
        gone = set(re.findall(r"\]: (\w+): removed", log))
        return not self.queue() and came <= gone and not self.queue()

    # --- Life ----------------------------------------------------------------------------------

    def configure(self) -> None:
        """Install the program, and write the configuration: what the page shows, and its basis."""
        for name in ("etc", "queue", "data", "var"):
            (self.directory / name).mkdir()
        shutil.chown(self.directory / "data", "postfix")
        installed.install(self.directory / "opt")
        patience = self.library / "continuation_cli" / "store" / "db.py"
        patience.write_text(
            adapted(patience.read_text(), {"BUSY_TIMEOUT = 10.0": "BUSY_TIMEOUT = 1.0"})
        )
        etc = self.directory / "etc"
        values = {
            "directory": self.directory,
            "lmtp_port": self.dovecot.lmtp_port,
            "smtp_port": self.smtp_port,
            "hosted": HOSTED,
        }
        recipients = etc / "continuation-recipients"
        recipients.write_text(fragment("postfix.md", "/etc/postfix/continuation-recipients"))
        main = adapted(
            fragment("postfix.md", "/etc/postfix/main.cf"),
            {"/etc/postfix/continuation-recipients": str(recipients)},
        )
        (etc / "main.cf").write_text(MAIN_CF.format(**values) + main)
        master = adapted(
            fragment("postfix.md", "/etc/postfix/master.cf"),
            {"user=chat": f"user={OWNER}", RECEIVER: str(self.receiver)},
        )
        (etc / "master.cf").write_text(MASTER_CF.format(**values) + master)
        (etc / "aliases").write_text(f"@{HOSTED} {HOSTED_MAILBOX}\n")
        self.set_receiver()

    def set_receiver(self, script: str | None = None) -> None:
        """Have mail piped to a script; by default to the page's."""
        if script is None:
            script = adapted(
                fragment("postfix.md", RECEIVER),
                {DATABASE: str(self.database), f"{COMMAND} ": f"{self.command} "},
            )
        fresh = self.receiver.with_suffix(".fresh")
        fresh.write_text(script)
        fresh.chmod(0o755)
        fresh.replace(self.receiver)

    def reset(self, database: Path | None = None) -> None:
        """An empty queue, and a database that can send and receive: a copy of this one, or new."""
        self.set_receiver()
        self.postfix("postsuper", "-d", "ALL")
        self._log_start = (self.directory / "log").stat().st_size
        shutil.rmtree(self.hosted.maildir, ignore_errors=True)
        folder = self.database.parent
        shutil.rmtree(folder)
        folder.mkdir(0o700)
        shutil.chown(folder, OWNER)
        shutil.copy2(database or self._new_database(), self.database)
        shutil.chown(self.database, OWNER)

    def _new_database(self) -> Path:
        new = self.directory / "new.db"
        if not new.exists():
            assert self.run("init").code == 0
            for key, value in (*SETTINGS.items(), ("transport", self.smtp_url)):
                assert self.run("settings", "set", key, value).code == 0
            self.database.rename(new)
        return new


def as_owner() -> dict[str, Any]:
    """Arguments for subprocess to run something as the user that owns the database."""
    owner = pwd.getpwnam(OWNER)
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": ()}


@contextlib.contextmanager
def running(make_dovecot: Callable[[str], Dovecot]) -> Iterator[PostOffice]:
    """A Postfix that runs until the end of the block."""
    directory = Path(tempfile.mkdtemp(prefix="postfix-"))
    directory.chmod(0o755)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    dovecot = make_dovecot(DOVECOT.format(smtp_port=port))
    office = PostOffice(directory, dovecot, port, dovecot.add_user(HOSTED_MAILBOX, PASSWORD))
    try:
        office.configure()
        office.postfix("postfix", "start")
        yield office
    finally:
        with contextlib.suppress(AssertionError):
            office.postfix("postfix", "stop")
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def post_offices(make_dovecot: Callable[..., Dovecot]) -> Iterator[PostOffice]:
    """One Postfix for all tests: it takes two seconds to start."""
    for program, package in PROGRAMS.items():
        if shutil.which(program, path=SEARCH_PATH) is None:
            pytest.skip(f"{program} is needed (Debian: {package})")
    if os.geteuid() != 0:
        pytest.skip("Postfix must be started as root")
    with running(make_dovecot) as office:
        yield office


@pytest.fixture
def post_office(post_offices: PostOffice) -> PostOffice:
    """Postfix with an empty queue, and an empty database that its mail goes into."""
    post_offices.reset()
    return post_offices
