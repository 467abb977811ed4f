"""How an email leaves: what every transport promises, what can go wrong, and the choice by URL.

Light on purpose: a sweep that has nothing to send loads this module, and nothing heavier.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from continuation_cli.core.model import Envelope

#: Where a delivery stood when it failed: the SMTP command, or what sendmail and Maildir do.
Stage = Literal[
    "connect",
    "ehlo",
    "starttls",
    "auth",
    "mail",
    "rcpt",
    "data",
    "dot",
    "quit",
    "exec",
    "write",
]

#: No text of a server is kept beyond this many characters.
LONGEST_TEXT = 500

SMTP_EXAMPLE = "smtp+starttls://mailer@mail.example.com:587"
SENDMAIL_EXAMPLE = "sendmail:/usr/sbin/sendmail"
MAILDIR_EXAMPLE = "maildir:/var/tmp/outgoing"
_EXAMPLES = f"smtp://localhost:25, {SMTP_EXAMPLE}, {SENDMAIL_EXAMPLE} or {MAILDIR_EXAMPLE}"


@dataclass(frozen=True, slots=True)
class Receipt:
    """The delivery was accepted. `text` is the last word on it, such as the server's queue id;
    `code` the SMTP reply code, or None where no SMTP was spoken."""

    code: int | None
    text: str


class Undelivered(Exception):  # noqa: N818 (each is an outcome, named for what it means)
    """A delivery that did not end with a receipt.

    `code` is the SMTP reply code (or sendmail's exit status), `status` the enhanced status code
    (RFC 3463), both None where there is none. `text` is one printable, bounded line, free of
    secrets: what the server said, or the reason.
    """

    def __init__(
        self, stage: Stage, text: str, *, code: int | None = None, status: str | None = None
    ) -> None:
        self.stage: Stage = stage
        self.text = one_line(text)
        self.code = code
        self.status = status
        super().__init__(f"{stage}: {'' if code is None else f'{code} '}{self.text}")

    def __reduce__(self) -> tuple[object, ...]:
        """Pickled as it is: by default, Python would call `__init__` with the text alone."""
        return _restored, (type(self), self.args), self.__dict__


def _restored(kind: type[Undelivered], arguments: tuple[object, ...]) -> Undelivered:
    return kind.__new__(kind, *arguments)


class Unavailable(Undelivered):
    """The transport as a whole does not work: no connection, TLS or login refused, no such
    program, disk full. No message is to blame and none was handed over: stop the run."""


class Refused(Undelivered):
    """This message was refused, for good (`permanent`) or for now; it was not accepted.

    `recipient`: the refusal is permanent and says that the recipient's address is no good.
    """

    def __init__(
        self,
        stage: Stage,
        text: str,
        *,
        permanent: bool,
        recipient: bool = False,
        code: int | None = None,
        status: str | None = None,
    ) -> None:
        super().__init__(stage, text, code=code, status=status)
        self.permanent = permanent
        self.recipient = permanent and recipient


class NotSent(Undelivered):
    """The connection was lost, timed out or talked nonsense before the message had been handed
    over whole: certainly not accepted; it may be tried again."""


class InDoubt(Undelivered):
    """The message was handed over whole and the answer never came: it may have been accepted,
    and nobody can tell (RFC 1047)."""


class Withdrawn(Undelivered):
    """The last look said no; nothing was handed over."""


class Misconfigured(ValueError):  # noqa: N818 (as above)
    """A transport URL or a setting of the environment is unusable; the text says what would be."""


class Transport(Protocol):
    """One way out, used by one thread at a time; it may hold one connection."""

    @property
    def is_open(self) -> bool:
        """Whether the next `send` needs no new connection."""

    def open(self) -> None:
        """Connect, secure and log in; no effect while open. Raises Unavailable."""

    def probe(self, timeout: float) -> str:
        """Find out whether mail could be handed over now: go as far as can be without a message,
        and change nothing. What was found, in words that follow the URL. `timeout`, in seconds, is
        for the connection and for each answer. The transport is closed afterwards; not to be used
        while it is open. Raises Unavailable."""

    def send(self, envelope: Envelope, last_look: Callable[[], bool]) -> Receipt:
        """Deliver one message; opens the transport if need be.

        `last_look` is called at most once, at the last moment at which the message can still be
        held back, and always before it leaves. If it returns False nothing leaves: Withdrawn. What
        it raises is passed on, and nothing leaves either.
        Raises one of the kinds of Undelivered. After Refused and Withdrawn the transport stays
        open if the server lets it; after NotSent and InDoubt it is closed.
        """

    def close(self) -> None:
        """Say good-bye. Never raises; no effect while closed."""


def check_addresses(envelope: Envelope, stage: Stage) -> None:
    """Raise Refused for an address that would not stay what it is in a command or a header.

    The sender may be empty: the null reverse-path.
    """
    for address in (envelope.sender or "null", envelope.recipient):
        if not 0 < len(address) <= 320 or any(
            c.isspace() or not c.isprintable() or c in "<>" for c in address
        ):
            text = f"{address[:80]!r} is not an address; expected one like ada@example.com"
            raise Refused(stage, text, permanent=True, status="5.1.3")


def one_line(text: str) -> str:
    """Text from elsewhere as one printable line of at most LONGEST_TEXT characters."""
    printable = "".join(c if c.isprintable() else " " for c in text[: 4 * LONGEST_TEXT])
    line = " ".join(printable.split())
    return line if len(line) <= LONGEST_TEXT else line[: LONGEST_TEXT - 1] + "…"


def reason(error: OSError) -> str:
    """What went wrong, in words, without Python's decoration."""
    if isinstance(error, TimeoutError) and not error.strerror:
        return "timed out"
    verify = getattr(error, "verify_message", None)
    if verify:
        return f"certificate verify failed: {verify}"
    text = error.strerror or str(error) or type(error).__name__
    return text.partition(" (_ssl.c")[0]


def describe(url: str) -> str:
    """The URL for a message to a person, without what might be a password."""
    scheme, separator, rest = url.strip().partition(":")
    name = scheme.lower()
    if name in ("sendmail", "maildir"):
        return one_line(f"{name}:{rest}")
    userinfo, at, host = rest.removeprefix("//").rpartition("@")
    if name in ("smtp", "smtp+starttls", "smtps", "imap", "imap+starttls", "imaps"):
        slashes = "//" if rest.startswith("//") else ""
        return one_line(f"{name}:{slashes}{userinfo.partition(':')[0]}{at}{host}")
    return one_line(f"…@{host}" if at else f"{scheme}{separator}{rest}")


def open_transport(url: str, environ: Mapping[str, str]) -> Transport:
    """The transport that a URL names; made, but not connected yet.

    `environ` is where secrets come from. Raises Misconfigured.
    """
    text = url.strip()
    scheme, _, rest = text.partition(":")
    match scheme.lower():
        case "smtp" | "smtp+starttls" | "smtps":
            from continuation_cli.mail.smtp_url import from_url

            return from_url(text, environ)
        case "sendmail":
            from continuation_cli.mail.sendmail import SendmailTransport

            return SendmailTransport(_path(rest, text), environ)
        case "maildir":
            from continuation_cli.mail.maildir import MaildirTransport

            return MaildirTransport(_path(rest, text))
    raise Misconfigured(f"{describe(text)!r} is not a transport URL; expected one like {_EXAMPLES}")


def _path(rest: str, url: str) -> str:
    """The path of `scheme:/path`, or of `scheme:///path`, which people also write."""
    path = rest[2:] if rest.startswith("///") else rest
    if not path or path.startswith("//") or "\0" in path:
        raise Misconfigured(f"{describe(url)!r} names no path; expected one like {_EXAMPLES}")
    return path
