"""A real Dovecot on loopback, with configuration, certificate and mail in a directory of its own.

As a fixture, from any test marked `dovecot`:

    @pytest.mark.dovecot
    def test_x(dovecot):
        user = dovecot.add_user()                   # a mailbox of the test's own
        user.deliver(b"Subject: hello\r\n\r\nHi\r\n")
        ... read user.url("imaps") with user.password, certificates by dovecot.ca_file ...
        [mail] = user.mails()                       # mail.content, mail.flags, mail.is_new

Or without pytest: `with Dovecot.running(authority) as server`. Mail comes in by LMTP as well, at
`dovecot.host`:`dovecot.lmtp_port`. Settings of dovecot.conf may be added or replaced:
`make_dovecot("imap_capability = IMAP4rev1 UIDPLUS")`; %DIRECTORY% in them is the server's.

It runs as root, where mail then belongs to `nobody`, and as anybody else.
"""

from __future__ import annotations

import contextlib
import grp
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from base64 import b64encode
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import trustme

SEARCH_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"

#: With what is awkward in a quoted string, in base64 and in URLs.
PASSWORD = 'pä55 "wörd\\:%@{'

CONFIGURATION = """\
base_dir = {run}
state_dir = {run}/state
log_path = {directory}/log
listen = 127.0.0.1
protocols = imap lmtp
ssl = yes
ssl_cert = <{directory}/certificate.pem
ssl_key = <{directory}/key.pem
passdb {{
  driver = passwd-file
  args = username_format=%u {directory}/users/%u
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {directory}/users/%u
}}
mail_location = maildir:~/Maildir
mail_fsync = never
first_valid_uid = 1
first_valid_gid = 1
auth_failure_delay = 0
auth_mechanisms = plain login
mail_max_userip_connections = 100
lmtp_save_to_detail_mailbox = no
recipient_delimiter = +
namespace inbox {{
  inbox = yes
  separator = /
}}
service imap-login {{
  {no_chroot}
  inet_listener imap {{
    port = {imap_port}
  }}
  inet_listener imaps {{
    port = {imaps_port}
    ssl = yes
  }}
}}
service lmtp {{
  {no_chroot}
  inet_listener lmtp {{
    port = {lmtp_port}
  }}
}}
service anvil {{
  {no_chroot}
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
{accounts}
{more}
"""

#: Without root nothing can change its root directory or its user.
ROOTLESS = """\
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
service stats {{
  chroot =
}}
"""


@dataclass(frozen=True)
class StoredMail:
    """A mail in a Maildir: its bytes (lines end in LF), its flags such as "S", and where it is."""

    path: Path
    content: bytes

    @property
    def flags(self) -> str:
        return self.path.name.partition(":2,")[2]

    @property
    def is_new(self) -> bool:
        """Whether no IMAP client has been told of it yet."""
        return self.path.parent.name == "new"


@dataclass(frozen=True)
class User:
    """A mailbox: its address as user name, its password, and its Maildir++ on the disk."""

    server: Dovecot
    name: str
    password: str = PASSWORD

    @property
    def home(self) -> Path:
        return self.server.directory / "mail" / self.name

    @property
    def maildir(self) -> Path:
        return self.home / "Maildir"

    def folder(self, name: str = "INBOX") -> Path:
        """The directory of a folder; `name` as on the disk: ASCII, levels separated by `/`."""
        return self.maildir if name == "INBOX" else self.maildir / f".{name.replace('/', '.')}"

    def url(self, scheme: str = "imaps", folder: str = "", host: str = "localhost") -> str:
        port = self.server.imaps_port if scheme == "imaps" else self.server.imap_port
        at = f"{scheme}://{quote(self.name, safe='')}@{host}:{port}"
        return f"{at}/{quote(folder)}" if folder else at

    def deliver(self, content: bytes, folder: str = "INBOX", flags: str = "") -> Path:
        """Put a mail into a folder, as a delivery agent would; returns its file."""
        where = self.folder(folder)
        for name in (self.maildir, where, where / "tmp", where / "new", where / "cur"):
            if not name.exists():
                name.mkdir()
                self.server.give(name)
        name = f"{int(time.time())}.T{next(self.server.numbers):06}.tests"
        path = where / "tmp" / name
        path.write_bytes(content.replace(b"\r\n", b"\n"))
        self.server.give(path)
        end = where / "cur" / f"{name}:2,{flags}" if flags else where / "new" / name
        return path.rename(end)

    def mails(self, folder: str = "INBOX") -> list[StoredMail]:
        """What is in a folder, the oldest first."""
        where = self.folder(folder)
        paths = [path for name in ("new", "cur") for path in (where / name).glob("*")]
        paths.sort(key=lambda path: (path.stat().st_mtime_ns, path.name))
        return [StoredMail(path, path.read_bytes()) for path in paths]


@dataclass
class Dovecot:
    """A server; `running` makes one that runs."""

    directory: Path
    more: str = ""
    host: str = "127.0.0.1"
    imap_port: int = 0
    imaps_port: int = 0
    lmtp_port: int = 0
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    process: subprocess.Popen[bytes] | None = None

    @classmethod
    @contextlib.contextmanager
    def running(cls, authority: trustme.CA, more: str = "") -> Iterator[Dovecot]:
        """A server that runs until the end of the block; `more` is put under its configuration."""
        # Not in tmp_path: its parents are closed to others than its owner, and the names of
        # sockets in it would be too long.
        directory = Path(tempfile.mkdtemp(prefix="dovecot-"))
        directory.chmod(0o755)
        server = cls(directory, more)
        try:
            server.configure(authority)
            server.start()
            yield server
        finally:
            server.stop()
            shutil.rmtree(directory, ignore_errors=True)

    @property
    def ca_file(self) -> Path:
        return self.directory / "authority.pem"

    @property
    def log(self) -> str:
        return (self.directory / "log").read_text()

    @property
    def owner(self) -> pwd.struct_passwd:
        """Whose the mail is: Dovecot hands none to root."""
        return pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())

    def give(self, path: Path) -> None:
        """Let Dovecot have a file that a test has made."""
        if os.geteuid() == 0:
            os.chown(path, self.owner.pw_uid, self.owner.pw_gid)

    def add_user(self, name: str | None = None, password: str = PASSWORD) -> User:
        """A new, empty mailbox; known to IMAP and LMTP at once."""
        user = User(self, name or f"user{next(self.numbers)}@chat.example", password)
        user.home.mkdir(parents=True)
        self.give(user.home)
        secret = b64encode(password.encode()).decode()
        owner = f"{self.owner.pw_uid}:{self.owner.pw_gid}"
        line = f"{user.name}:{{PLAIN.b64}}{secret}:{owner}::{user.home}::\n"
        # A file for each: in one for all Dovecot looks for changes once a second.
        account = self.directory / "users" / user.name
        account.write_text(line)
        account.chmod(0o644)
        return user

    def configure(self, authority: trustme.CA) -> None:
        """Write the certificate and dovecot.conf, with ports that are free now."""
        certificate = authority.issue_cert("localhost", "127.0.0.1")
        authority.cert_pem.write_to_path(str(self.ca_file))
        chain = b"".join(blob.bytes() for blob in certificate.cert_chain_pems)
        (self.directory / "certificate.pem").write_bytes(chain)
        certificate.private_key_pem.write_to_path(str(self.directory / "key.pem"))
        (self.directory / "users").mkdir(0o755)
        (self.directory / "mail").mkdir(0o755)
        self.imap_port, self.imaps_port, self.lmtp_port = _free_ports(3)
        rootless = os.geteuid() != 0
        account = {"user": self.owner.pw_name, "group": grp.getgrgid(self.owner.pw_gid).gr_name}
        text = CONFIGURATION.format(
            directory=self.directory,
            run=self.directory / "run",
            imap_port=self.imap_port,
            imaps_port=self.imaps_port,
            lmtp_port=self.lmtp_port,
            no_chroot="chroot =" if rootless else "",
            accounts=ROOTLESS.format(**account) if rootless else "",
            more=self.more.replace("%DIRECTORY%", str(self.directory)),
        )
        (self.directory / "dovecot.conf").write_text(text)

    def start(self) -> None:
        """Start it, and wait until it takes connections."""
        program = shutil.which("dovecot", path=SEARCH_PATH)
        assert program is not None
        command = [program, "-F", "-c", str(self.directory / "dovecot.conf")]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True)
        deadline = time.monotonic() + 20
        for port in (self.imap_port, self.imaps_port, self.lmtp_port):
            while not _answers(self.host, port):
                if self.process.poll() is not None or time.monotonic() > deadline:
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(self.process.pid, signal.SIGKILL)
                    said = self.process.communicate()[1].decode()
                    log = self.directory / "log"
                    raise RuntimeError(said + (log.read_text() if log.exists() else ""))
                time.sleep(0.02)

    def stop(self) -> None:
        """End it and all its processes at once; the mail stays until the block of `running` ends.
        (Asked politely, it takes a second, or ten while a client is connected.)"""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.communicate()
            self.process = None


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as held:
        probes = [held.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [probe.getsockname()[1] for probe in probes]


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


@pytest.fixture(scope="session")
def make_dovecot(authority: trustme.CA) -> Iterator[Callable[..., Dovecot]]:
    """Makes servers that run to the end of the session: one for each configuration."""
    program = shutil.which("dovecot", path=SEARCH_PATH)
    if program is None:
        pytest.skip("Dovecot is needed (Debian: dovecot-imapd, dovecot-lmtpd)")
    version = subprocess.run([program, "--version"], capture_output=True, text=True).stdout
    if not version.startswith("2.3."):
        pytest.skip(f"Dovecot 2.3 is needed, whose settings these are; this is {version.strip()}")
    servers: dict[str, Dovecot] = {}
    with contextlib.ExitStack() as running:

        def make(more: str = "") -> Dovecot:
            if more not in servers:
                servers[more] = running.enter_context(Dovecot.running(authority, more))
            return servers[more]

        yield make


@pytest.fixture
def dovecot(make_dovecot: Callable[..., Dovecot]) -> Dovecot:
    """The server as it is by default."""
    return make_dovecot()
