"""Mail that waits on an IMAP server (RFC 3501 and 9051), read without a trace until it is done.

imap-tools opens the connection, logs in and writes folder names. Its `move`, `delete` and `flag`
are not used: where they do not find MOVE they expunge whatever anybody has marked as deleted, and
they look for MOVE in what the server offered before the login.
"""

from __future__ import annotations

import contextlib
import imaplib
import io
import re
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, Literal, Self

from imap_tools.errors import ImapToolsError, MailboxFolderSelectError
from imap_tools.utils import encode_folder

from continuation_cli.mail.imap_client import CHUNK, Connection, Encrypted, Plain, texts_in
from continuation_cli.mail.mailbox import (
    HEAD,
    PROCESSED,
    Disposal,
    MailboxUnavailable,
    MailStays,
    MailVanished,
)
from continuation_cli.mail.transport import Misconfigured, one_line, reason

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Iterator, Sequence
    from types import TracebackType

#: User name, secret, and what the secret is.
Login = tuple[str, str, Literal["password", "token"]]

#: For each answer, in seconds, and for the connection.
TIMEOUT = 60.0
#: How many mails are asked for their headers at once.
_BATCH = 20

_NAMESPACE = re.compile(rb'\(\("((?:[^"\\]|\\.)*)" (?:"(\\?.)"|NIL)')

#: All that imaplib and imap-tools are seen to raise when a server talks nonsense.
_FAULTS = (
    imaplib.IMAP4.error,
    ImapToolsError,
    OSError,
    ValueError,
    LookupError,
    TypeError,
)


class ImapMailbox:
    """A folder on a server. Nobody else's mail is expunged, and nothing is read that need not be.

    One connection; when it is lost, the mailbox is unavailable, and the next run makes a new one:
    then the folder's UIDs may be other ones (UIDVALIDITY), which makes other keys.
    """

    def __init__(
        self,
        host: str,
        port: int,
        login: Login,
        folder: str,
        disposal: Disposal,
        *,
        tls_context: ssl.SSLContext | None,
        implicit_tls: bool,
        timeout: float = TIMEOUT,
    ) -> None:
        """`tls_context` is None for none; without `implicit_tls` it takes STARTTLS."""
        self._host = host
        self._port = port
        self._login = login
        self._folder = folder
        self._disposal = disposal
        self._tls_context = tls_context
        self._implicit_tls = implicit_tls
        self._timeout = timeout
        self._connection: Connection | None = None
        self._offers: frozenset[str] = frozenset()
        self._uidvalidity = ""
        self._target: bytes | None = None

    def __repr__(self) -> str:
        return f"ImapMailbox({self._host!r}, {self._port}, {self._folder!r})"

    @property
    def name(self) -> str:
        """See `Mailbox.name`."""
        return f"imap:{self._login[0]}@{self._host}:{self._port}/{self._folder}"

    # --- Opening and closing ------------------------------------------------------------------

    def __enter__(self) -> Self:
        try:
            with self._talking(f"{self._host}:{self._port}"):
                self._connection = Connection(self._connect())
            with self._talking(f"{self._login[0]} at {self._host}:{self._port}: login"):
                self._log_in()
            with self._talking(self._folder):
                self._select()
                self._choose_target()
        except BaseException:
            self._drop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._connection is not None and kind is None:
            # All that was to be done is done; a server that hangs up first is welcome to.
            with contextlib.suppress(*_FAULTS):
                self._connection.client.sock.settimeout(min(5.0, self._timeout))
                self._connection.client.logout()
        self._drop()

    def _drop(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(*_FAULTS):
                self._connection.client.shutdown()
            self._connection = None

    def _connect(self) -> Plain | Encrypted:
        if self._implicit_tls:
            return Encrypted(
                self._host, self._port, ssl_context=self._tls_context, timeout=self._timeout
            )
        client = Plain(self._host, self._port, timeout=self._timeout)
        if self._tls_context is not None:
            try:
                client.starttls(self._tls_context)
            except BaseException:
                with contextlib.suppress(*_FAULTS):
                    client.shutdown()
                raise
        return client

    def _log_in(self) -> None:
        username, secret, what = self._login
        connection = self._open
        if what == "token":
            connection.xoauth2(username, secret, initial_folder=None)
        elif "AUTH=PLAIN" in connection.client.capabilities:
            connection.login_utf8(username, secret, initial_folder=None)
        else:
            connection.login(username, secret, initial_folder=None)
        # What is offered before the login is less than what is offered after it.
        _, data = connection.client.capability()
        self._offers = frozenset(b" ".join(filter(None, data)).decode().upper().split())

    def _select(self) -> None:
        try:
            self._open.folder.set(self._folder)
        except MailboxFolderSelectError as error:
            names = [folder.name for folder in self._open.folder.list()]
            if self._folder in names:
                raise MailboxUnavailable(
                    f"{self._folder}: {self._said(error.command_result[1])}"
                ) from None
            known = ", ".join(sorted(names)[:20])
            raise Misconfigured(
                one_line(f"there is no folder {self._folder!r} on {self._host}; there are: {known}")
            ) from None
        except imaplib.IMAP4.readonly:
            raise Misconfigured(
                one_line(
                    f"the folder {self._folder!r} on {self._host} is read-only for "
                    f"{self._login[0]}, so that mail in it can never be done; give that user the "
                    "right to change it"
                )
            ) from None
        numbered = self._open.client.response("UIDVALIDITY")[1][0]
        self._uidvalidity = numbered.decode() if isinstance(numbered, bytes) else ""
        if not self._uidvalidity.isdigit():
            raise imaplib.IMAP4.abort("the server does not tell the folder's UIDVALIDITY")

    def _choose_target(self) -> None:
        """The folder for what is done: a sibling, named as this server names folders."""
        if self._disposal.how != "move":
            return
        name = self._disposal.folder or self._beside(PROCESSED)
        if name == self._folder or (name.upper() == self._folder.upper() == "INBOX"):
            raise Misconfigured(
                f"mail that is done cannot be moved to {name!r}, where it is already; expected "
                f"another folder, such as {PROCESSED}"
            )
        self._target = _encoded(name)

    def _beside(self, name: str) -> str:
        """RFC 2342: some servers allow folders of one's own under a prefix only, `INBOX.`."""
        prefix, delimiter = "", ""
        if "NAMESPACE" in self._offers:
            _, data = self._open.client.namespace()
            found = _NAMESPACE.match(data[0] or b"")
            if found:
                prefix = found[1].decode("ascii", "replace")
                delimiter = (found[2] or b"").decode("ascii", "replace")[-1:]
        else:
            listed = self._open.folder.list("", "")
            delimiter = listed[0].delim if listed else ""
        parent, found_delimiter, _ = self._folder.rpartition(delimiter) if delimiter else ("",) * 3
        return f"{parent}{found_delimiter}{name}" if found_delimiter else f"{prefix}{name}"

    # --- Reading ------------------------------------------------------------------------------

    def keys(self) -> list[str]:
        """See `Mailbox.keys`; what is marked as deleted is as good as gone."""
        unread = ("UNSEEN",) if self._disposal.how == "mark_seen" else ()
        with self._talking("SEARCH"):
            data = self._uid_command("SEARCH", "UNDELETED", *unread)
            uids = sorted({int(uid) for line in data if line for uid in line.split()})
        return [f"{self._uidvalidity}.{uid}" for uid in uids]

    def mails(self, keys: Iterable[str]) -> Iterator[ImapMail]:
        """See `Mailbox.mails`."""
        prefix = f"{self._uidvalidity}."
        uids = [key.removeprefix(prefix) for key in keys if key.startswith(prefix)]
        for start in range(0, len(uids), _BATCH):
            batch = uids[start : start + _BATCH]
            with self._talking("FETCH"):
                wanted = f"(UID RFC822.SIZE BODY.PEEK[HEADER]<0.{HEAD}>)"
                answers = texts_in(self._uid_command("FETCH", ",".join(batch), wanted))
            for uid in batch:
                if uid in answers:
                    head = answers[uid]
                    yield ImapMail(self, f"{prefix}{uid}", head.text, uid, head.size)

    def chunk(self, uid: str, offset: int) -> bytes:
        """For ImapMail: the next part of a mail; empty at its end."""
        with self._talking("FETCH"):
            wanted = f"(UID BODY.PEEK[]<{offset}.{CHUNK}>)"
            answers = texts_in(self._uid_command("FETCH", uid, wanted))
            if uid not in answers:
                raise MailVanished(f"mail {uid} is no longer in {self._folder}")
            answer = answers[uid]
            if answer.origin != offset:
                raise imaplib.IMAP4.abort(f"mail {uid} was asked for from octet {offset} on")
        return answer.text

    # --- Putting away -------------------------------------------------------------------------

    def put_away(self, uid: str) -> None:
        """For ImapMail. Of a mail that is gone, all of this is a success to the server."""
        match self._disposal.how:
            case "mark_seen":
                self._store(uid, r"(\Seen)")
            case "delete":
                self._expunge(uid)
            case "move":
                # So that Processed does not fill with unread mail; who may move mail in a shared
                # folder need not be one who may mark it.
                with contextlib.suppress(MailStays):
                    self._store(uid, r"(\Seen)")
                if "MOVE" in self._offers:
                    self._into_target("MOVE", uid)
                else:
                    self._into_target("COPY", uid)
                    self._expunge(uid)

    def _store(self, uid: str, flags: str) -> None:
        with self._talking("STORE"):
            self._uid_command("STORE", uid, "+FLAGS.SILENT", flags)

    def _expunge(self, uid: str) -> None:
        """Without UIDPLUS (RFC 4315) nobody can expunge this mail alone: then it stays marked as
        deleted, which mail readers hide and the next one to tidy up removes."""
        self._store(uid, r"(\Deleted)")
        if "UIDPLUS" in self._offers:
            with self._talking("EXPUNGE"):
                self._uid_command("EXPUNGE", uid)

    def _into_target(self, command: Literal["MOVE", "COPY"], uid: str) -> None:
        assert self._target is not None
        with self._talking(command):
            try:
                self._uid_command(command, uid, self._target)
            except MailStays:
                # The folder may be missing; if it is there, this changes nothing. (Not all servers
                # say TRYCREATE, which would tell.)
                with contextlib.suppress(ImapToolsError):
                    self._open.folder.create(self._target)
                    self._open.folder.subscribe(self._target, True)
                self._uid_command(command, uid, self._target)

    # --- Commands and answers -----------------------------------------------------------------

    @property
    def _open(self) -> Connection:
        if self._connection is None:
            raise MailboxUnavailable(f"{self._host}:{self._port}: not connected")
        return self._connection

    def _uid_command(self, command: str, *arguments: Any) -> list[Any]:
        """The answer to a UID command; raises MailStays if it is NO."""
        client = self._open.client
        status, data = client.uid(command, *arguments)
        renumbered = client.untagged_responses.get("UIDVALIDITY")
        if renumbered and renumbered[-1] != self._uidvalidity.encode():
            raise imaplib.IMAP4.abort("the server has renumbered the folder meanwhile")
        if status != "OK":
            raise MailStays(f"{command}: {self._said(data)}")
        return list(data)

    @contextlib.contextmanager
    def _talking(self, about: str) -> Iterator[None]:
        """What goes wrong on the connection makes the mailbox unavailable, and ends it."""
        try:
            yield
        except _FAULTS as error:
            if isinstance(error, Misconfigured):
                raise
            self._drop()
            text = reason(error) if isinstance(error, OSError) else str(error)
            # `from None`: what imaplib knows holds the password.
            raise MailboxUnavailable(f"{about}: {self._censored(text)}") from None

    def _said(self, data: Sequence[Any]) -> str:
        texts = (part.decode("utf-8", "replace") for part in data if isinstance(part, bytes))
        return self._censored(" ".join(texts) or "refused")

    def _censored(self, text: str) -> str:
        username, secret, _ = self._login
        plain = b64encode(f"\0{username}\0{secret}".encode()).decode()
        bearer = b64encode(f"user={username}\1auth=Bearer {secret}\1\1".encode()).decode()
        for hidden in (plain, bearer, secret):
            text = text.replace(hidden, "***")
        return text


@dataclass(frozen=True, slots=True)
class ImapMail:
    """One mail; see `Mail`."""

    mailbox: ImapMailbox
    key: str
    head: bytes
    uid: str
    size: int

    def open(self) -> BinaryIO:
        return io.BufferedReader(_Stream(self), CHUNK)

    def done(self) -> None:
        self.mailbox.put_away(self.uid)


class _Stream(io.RawIOBase):
    """A mail that is fetched as it is read, so that it never is in memory as a whole."""

    def __init__(self, mail: ImapMail) -> None:
        self._mail = mail
        self._offset = 0
        self._left = b""
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._left and not self._ended:
            self._left = self._mail.mailbox.chunk(self._mail.uid, self._offset)
            self._offset += len(self._left)
            # The size that some servers tell is an estimate: only both together are the end.
            short = len(self._left) < CHUNK
            self._ended = not self._left or (short and self._offset == self._mail.size)
        given = self._left[: len(buffer)]
        buffer[: len(given)] = given
        self._left = self._left[len(given) :]
        return len(given)


def _encoded(folder: str) -> bytes:
    """A folder's name as it is sent: modified UTF-7 (RFC 3501, section 5.1.3), quoted."""
    encoded: bytes = encode_folder(folder)
    return encoded
