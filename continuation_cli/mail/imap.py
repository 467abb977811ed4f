"""Mail that waits on an IMAP server (RFC 3501 and 9051), read without a trace until it is done.

imap-tools opens the connection, logs in and writes folder names. Its `move`, `delete` and `flag`
are not used: where they do not find MOVE they expunge whatever anybody has marked as deleted, and
they look for MOVE in what the server offered before the login.
"""

from __future__ import annotations

import contextlib
import imaplib
import re
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Self

import imap_tools
from imap_tools.errors import ImapToolsError, MailboxFolderSelectError
from imap_tools.utils import encode_folder

from continuation_cli.mail.mailbox import (
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
#: How many mails are asked for their size at once.
_CHUNK = 200
#: A mail may be larger than its announced size: that of some servers is an estimate.
_SLACK = 65536

_UID = re.compile(rb"\bUID (\d+)")
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)")
_BODY_LITERAL = re.compile(rb"\d+ \((.*)BODY\[\] \{(\d+)\}", re.DOTALL | re.IGNORECASE)
_BODY_QUOTED = re.compile(rb'\d+ \(.*BODY\[\] (?:NIL|"((?:[^"\\]|\\.)*)")', re.IGNORECASE)
#: All that may follow a body: anything else is more of it, and its length was wrong.
_AFTER_BODY = re.compile(
    rb"(?: (?:UID \d+|FLAGS \([^()]*\)|RFC822\.SIZE \d+|MODSEQ \(\d+\)))*\)", re.IGNORECASE
)
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


class _Bounded:
    """What comes in one piece is bounded before it is waited for."""

    largest = _SLACK

    def read(self, size: int) -> bytes:
        if size > self.largest:
            raise imaplib.IMAP4.abort(f"{size} octets in one piece, where {self.largest} would do")
        octets: bytes = super().read(size)  # type: ignore[misc]  # of IMAP4, which comes next
        return octets


class _Plain(_Bounded, imaplib.IMAP4):
    pass


class _Encrypted(_Bounded, imaplib.IMAP4_SSL):
    pass


class _Connection(imap_tools.BaseMailBox):
    """imap-tools on a client of ours."""

    client: _Plain | _Encrypted

    def __init__(self, client: _Plain | _Encrypted) -> None:
        self._made = client
        super().__init__()

    def _get_mailbox_client(self) -> imaplib.IMAP4:
        return self._made


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
        self._connection: _Connection | None = None
        self._offers: frozenset[str] = frozenset()
        self._uidvalidity = ""
        self._target: bytes | None = None

    def __repr__(self) -> str:
        return f"ImapMailbox({self._host!r}, {self._port}, {self._folder!r})"

    # --- Opening and closing ------------------------------------------------------------------

    def __enter__(self) -> Self:
        try:
            with self._talking(f"{self._host}:{self._port}"):
                self._connection = _Connection(self._connect())
            with self._talking("login"):
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

    def _connect(self) -> _Plain | _Encrypted:
        if self._implicit_tls:
            return _Encrypted(
                self._host, self._port, ssl_context=self._tls_context, timeout=self._timeout
            )
        client = _Plain(self._host, self._port, timeout=self._timeout)
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
        for start in range(0, len(uids), _CHUNK):
            chunk = uids[start : start + _CHUNK]
            sizes = self._sizes(chunk)
            for uid in chunk:
                if uid in sizes:
                    yield ImapMail(self, f"{prefix}{uid}", sizes[uid], uid)

    def _sizes(self, uids: Sequence[str]) -> dict[str, int]:
        with self._talking("FETCH"):
            self._open.client.largest = _SLACK
            data = self._uid_command("FETCH", ",".join(uids), "(UID RFC822.SIZE)")
        sizes = {}
        for line in data:
            if isinstance(line, bytes):
                uid, size = _UID.search(line), _SIZE.search(line)
                if uid and size:
                    sizes[uid[1].decode()] = int(size[1])
        return sizes

    def read(self, uid: str, size: int) -> bytes:
        """For ImapMail."""
        with self._talking("FETCH"):
            self._open.client.largest = 2 * size + _SLACK
            data = self._uid_command("FETCH", uid, "(UID BODY.PEEK[])")
            content = _content(data, uid)
        if content is None:
            raise MailVanished(f"mail {uid} is no longer in {self._folder}")
        return content

    # --- Putting away -------------------------------------------------------------------------

    def put_away(self, uid: str) -> None:
        """For ImapMail. Of a mail that is gone, all of this is a success to the server."""
        match self._disposal.how:
            case "mark_seen":
                self._store(uid, r"(\Seen)")
            case "delete":
                self._expunge(uid)
            case "move":
                # Read, as it has been read; a mail that then cannot be moved has been, too.
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
    def _open(self) -> _Connection:
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
    size: int
    uid: str

    def read(self) -> bytes:
        return self.mailbox.read(self.uid, self.size)

    def done(self) -> None:
        self.mailbox.put_away(self.uid)


def _content(data: Sequence[Any], uid: str) -> bytes | None:
    """The mail in the answer to a FETCH; None if there is none. Raises IMAP4.abort if the answer
    does not add up: a mail must not be taken for a part of itself."""
    for place, item in enumerate(data):
        if isinstance(item, bytes):
            quoted = _BODY_QUOTED.match(item)
            if quoted and _is_of(uid, item):
                return re.sub(rb"\\(.)", rb"\1", quoted[1] or b"")
            continue
        if not isinstance(item, tuple):
            continue
        head, content = item
        match = _BODY_LITERAL.fullmatch(head)
        tail = data[place + 1] if place + 1 < len(data) else None
        if match is None or not isinstance(tail, bytes) or not _is_of(uid, head + tail):
            continue
        if int(match[2]) != len(content) or not _AFTER_BODY.fullmatch(tail):
            raise imaplib.IMAP4.abort(f"mail {uid} is not as long as the server says it is")
        return bytes(content)
    return None


def _is_of(uid: str, answer: bytes) -> bool:
    found = _UID.search(answer)
    return found is not None and found[1].decode() == uid


def _encoded(folder: str) -> bytes:
    """A folder's name as it is sent: modified UTF-7 (RFC 3501, section 5.1.3), quoted."""
    encoded: bytes = encode_folder(folder)
    return encoded
