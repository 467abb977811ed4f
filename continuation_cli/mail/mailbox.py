"""Mail that waits in a mailbox: what every kind of mailbox promises, and the choice by URL.

A mail is left exactly where and as it is, unread included, until `done` is called on it.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Literal, Protocol, Self

from continuation_cli.mail.transport import Misconfigured, describe, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from types import TracebackType

IMAP_EXAMPLE = "imaps://support@mail.example.com/INBOX"
MAILDIR_EXAMPLE = "maildir:/var/mail/support"
_EXAMPLES = f"{IMAP_EXAMPLE}, imap+starttls://support@mail.example.com or {MAILDIR_EXAMPLE}"

#: Where mail that is done goes, beside the folder it was in.
PROCESSED = "Processed"
#: How much of a mail's header is looked at before the mail itself is read, in octets.
HEAD = 65536


@dataclass(frozen=True, slots=True)
class Disposal:
    """What becomes of a mail that is done.

    `move` puts it into `folder`, or if that is None into PROCESSED beside the folder it is in;
    `mark_seen` leaves it there as read, and only what is unread is looked at; `delete` destroys it.
    """

    how: Literal["move", "mark_seen", "delete"] = "move"
    folder: str | None = None


class MailboxError(Exception):
    """Something about a mailbox; the text is one printable, bounded line, free of secrets."""

    def __init__(self, text: str) -> None:
        super().__init__(one_line(text))


class MailboxUnavailable(MailboxError):  # noqa: N818 (each is an outcome, named for what it means)
    """The mailbox as a whole cannot be used now: no connection, login refused, connection lost,
    disk full. Stop; what was not done is where it was, and can be tried again."""


class MailStays(MailboxError):  # noqa: N818
    """This mail cannot be read or put away now; it stays where it was. Others may do better."""


class MailVanished(MailboxError):  # noqa: N818
    """This mail is no longer there: a person or another program was faster."""


class Mail(Protocol):
    """One mail in a mailbox."""

    @property
    def key(self) -> str:
        """Names this mail, and never another one, as long as it is in this mailbox."""

    @property
    def head(self) -> bytes:
        """Its header, or as much of it as HEAD octets hold; some of the body may follow it."""

    def open(self) -> BinaryIO:
        """The whole mail as a stream, which is to be closed; nothing in the mailbox changes.

        Reading it may raise MailStays, MailVanished and MailboxUnavailable, and so may opening it.
        """

    def done(self) -> None:
        """Put it away, as the mailbox was told when it was opened; nothing if it has vanished.

        Raises MailStays, MailboxUnavailable.
        """


class Mailbox(Protocol):
    """A mailbox, used as a context: entering it connects, leaving it disconnects.

    Entering raises Misconfigured if there is no such folder or if it is read-only, and
    MailboxUnavailable.
    """

    @property
    def name(self) -> str:
        """Names this mailbox, and no other one, whatever becomes of its mail."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def keys(self) -> list[str]:
        """The mails that there are to look at, the oldest first. Raises MailboxUnavailable."""

    def mails(self, keys: Iterable[str]) -> Iterator[Mail]:
        """Those of these mails that are still there, one at a time. Raises MailboxUnavailable."""


def open_mailbox(url: str, disposal: Disposal, environ: Mapping[str, str]) -> Mailbox:
    """The mailbox that a URL names; made, but not connected yet.

    `environ` is where secrets come from. Raises Misconfigured.
    """
    text = url.strip()
    scheme, _, rest = text.partition(":")
    match scheme.lower():
        case "imap" | "imap+starttls" | "imaps":
            from continuation_cli.mail.imap_url import from_url

            return from_url(text, disposal, environ)
        case "maildir":
            from continuation_cli.mail.maildir_mailbox import MaildirMailbox

            path = rest[2:] if rest.startswith("///") else rest
            if not path or path.startswith("//") or "\0" in path:
                raise Misconfigured(
                    f"{describe(text)!r} names no path; expected one like {MAILDIR_EXAMPLE}"
                )
            return MaildirMailbox(os.path.expanduser(path), disposal)  # noqa: PTH111 (never raises)
    raise Misconfigured(f"{describe(text)!r} is not a mailbox; expected one like {_EXAMPLES}")


def check_folder(name: str) -> str:
    """The name of a folder, as given. Raises Misconfigured for what no folder is called."""
    if not name or not name.isprintable():
        raise Misconfigured(f"{name!r} is not the name of a folder; expected one like {PROCESSED}")
    return name
