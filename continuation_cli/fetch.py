"""Emptying a mailbox: each mail that concerns a conversation is received, and then put away.

What has nothing to do with any conversation stays in the mailbox as it was, is not recorded, and is
remembered by its key only: the mailbox may be one in which people get their mail, too.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from continuation_cli.core import classify, routing
from continuation_cli.core.classify import signs
from continuation_cli.core.received import read, read_headers
from continuation_cli.mail.mailbox import HEAD, MailboxUnavailable, MailStays, MailVanished
from continuation_cli.store import db, inbox, mailboxes

if TYPE_CHECKING:
    from collections.abc import Callable

    from continuation_cli.core.received import Received
    from continuation_cli.mail.archive import Archive
    from continuation_cli.mail.mailbox import Mail, Mailbox
    from continuation_cli.receive import Outcome, Receiver
    from continuation_cli.store.db import Connection

#: A report about an email of ours is smaller than this, in octets, and holds its header.
_REPORT = 1 << 20
_REPORT_TYPES = ("multipart/report", "message/delivery-status", "message/global-delivery-status")


class Result(NamedTuple):
    """What became of one mail. `outcome` is None if it does not concern us; `problem` says why it
    is still where it was, though it does."""

    mail: str
    outcome: Outcome | None = None
    problem: str | None = None


class Fetch:
    """One run over one mailbox. `on_result` is told of each mail as its fate is sealed."""

    def __init__(
        self,
        connection: Connection,
        archive: Archive,
        receiver: Receiver,
        mailbox: Mailbox,
        *,
        limit: int | None = None,
        again: bool = False,
        on_result: Callable[[Result], None],
    ) -> None:
        """`again`: look also at what an earlier run has left in the mailbox."""
        self._connection = connection
        self._archive = archive
        self._receiver = receiver
        self._mailbox = mailbox
        self._limit = limit
        self._again = again
        self._on_result = on_result
        self.stopped: str | None = None

    def stop(self, why: str) -> None:
        """End after the mail that is in hand."""
        self.stopped = why

    def run(self) -> Counter[str]:
        """Look at every mail once. How many were put away (`done`), left because they do not
        concern us (`left`), and kept back by a problem (`problem`).

        Raises MailboxUnavailable, Misconfigured, and what `Receiver.receive` raises if the database
        or the disk is at fault; nothing is lost then, and the next run goes on.
        """
        counts: Counter[str] = Counter()
        with self._mailbox as mailbox:
            for mail in mailbox.mails(self._fresh()):
                if self.stopped:
                    break
                counts[self._take(mail)] += 1
        return counts

    def _fresh(self) -> list[str]:
        name, keys = self._mailbox.name, self._mailbox.keys()
        passed = mailboxes.passed_over(self._connection, name)
        gone = passed.difference(keys)
        if gone:
            with db.writing(self._connection):
                mailboxes.forget(self._connection, name, gone)
        return [key for key in keys if self._again or key not in passed][: self._limit]

    def _take(self, mail: Mail) -> str:
        outcome: Outcome | None = None
        try:
            outcome = self._receive(mail)
            if outcome is None or outcome.conversation is None:
                with db.writing(self._connection):
                    mailboxes.pass_over(self._connection, self._mailbox.name, mail.key)
                self._on_result(Result(mail.key, outcome))
                return "left"
            mail.done()
        except MailVanished:
            return "vanished"
        except (MailboxUnavailable, db.StoreError, db.OperationalError, OSError):
            if outcome is not None:  # received, though not put away
                self._on_result(Result(mail.key, outcome))
            raise
        except Exception as error:
            # A mail that cannot be dealt with must not hold up those behind it.
            what = (
                str(error) if isinstance(error, MailStays) else f"{type(error).__name__}: {error}"
            )
            self._on_result(Result(mail.key, outcome, what))
            return "problem"
        self._on_result(Result(mail.key, outcome))
        return "done"

    # --- Whom a mail concerns -------------------------------------------------------------------

    def _receive(self, mail: Mail) -> Outcome | None:
        """Receive a mail if it concerns a conversation, or might have."""
        if self._is_for_us(mail.head):
            with mail.open() as stream:
                kept = self._archive.keep_stream(stream, "raw", self._receiver.limits.message + 1)
            return self._receiver.receive_kept(kept)
        if _may_report(read(mail.head)):
            with mail.open() as stream:
                raw = stream.read(_REPORT + 1)
            if len(raw) <= _REPORT and self._reports_on_us(raw):
                return self._receiver.receive(raw)
        return None

    def _is_for_us(self, head: bytes) -> bool:
        """By its address or by what it answers; or if its header is too long, or too broken, to
        tell."""
        ended = b"\n\n" in head or b"\n\r\n" in head
        headers = read_headers(head)
        if (len(head) >= HEAD and not ended) or not headers.items:
            return True
        if routing.tokens(headers):
            return True
        referenced = routing.referenced(headers)
        return inbox.by_message_id(self._connection, referenced) is not None

    def _reports_on_us(self, raw: bytes) -> bool:
        """Whether a bounce or a complaint returns an email of ours."""
        original = classify.classify(raw).original
        if original is None:
            return False
        message_ids = original.message_ids("Message-ID")
        return bool(
            routing.returned_tokens(original)
            or inbox.by_message_id(self._connection, message_ids) is not None
        )


def _may_report(received: Received) -> bool:
    """Whether a mail may be a bounce or a complaint, as far as its header tells: then it is worth
    reading. People's own mail is not read."""
    headers = received.headers
    return (
        received.content_type in _REPORT_TYPES
        or classify.of(received).kind in ("bounce", "complaint")
        or signs.is_role(headers)
        or signs.is_null_sender(headers)
        or signs.auto_submitted(headers) is not None
        or signs.has_bounce_subject(headers.first("Subject") or "")
    )
