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
#: As many mails are received before they are put away. Only then do they have to be on the disk,
#: and waiting for that takes longer than all the rest.
_GROUP = 20
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
        self._taken: list[tuple[Mail, Outcome | None]] = []

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
        with self._mailbox as mailbox, db.durable_later(self._connection):
            try:
                for mail in mailbox.mails(self._fresh()):
                    if self.stopped:
                        break
                    self._take(mail, counts)
                    if len(self._taken) >= _GROUP:
                        self._put_away(counts)
                self._put_away(counts)
            except MailboxUnavailable:
                raise
            except Exception:
                self._put_away(counts)
                raise
            finally:
                for mail, outcome in self._taken:  # received, though not put away
                    self._on_result(Result(mail.key, outcome))
        return counts

    def _fresh(self) -> list[str]:
        name, keys = self._mailbox.name, self._mailbox.keys()
        passed = mailboxes.passed_over(self._connection, name)
        gone = passed.difference(keys)
        if gone:
            with db.writing(self._connection):
                mailboxes.forget(self._connection, name, gone)
        return [key for key in keys if self._again or key not in passed][: self._limit]

    def _take(self, mail: Mail, counts: Counter[str]) -> None:
        """Receive a mail, or leave it."""
        try:
            outcome = self._receive(mail)
            if outcome is None or outcome.conversation is None:
                with db.writing(self._connection):
                    mailboxes.pass_over(self._connection, self._mailbox.name, mail.key)
        except MailVanished:
            return
        except (MailboxUnavailable, db.StoreError, db.OperationalError, OSError):
            raise
        except Exception as error:
            # A mail that cannot be dealt with must not hold up those behind it.
            self._on_result(Result(mail.key, None, _told(error)))
            counts["problem"] += 1
        else:
            self._taken.append((mail, outcome))

    def _put_away(self, counts: Counter[str]) -> None:
        """Put away what has been received, once all that follows from it is on the disk."""
        if any(outcome is not None for _, outcome in self._taken):
            self._archive.sync()
            db.sync(self._connection)
        while self._taken:
            mail, outcome = self._taken[0]
            fate, problem = "left", None
            if outcome is not None and outcome.conversation is not None:
                try:
                    mail.done()
                    fate = "done"
                except MailStays as error:
                    fate, problem = "problem", _told(error)
            self._taken.pop(0)
            self._on_result(Result(mail.key, outcome, problem))
            counts[fate] += 1

    # --- Whom a mail concerns -------------------------------------------------------------------

    def _receive(self, mail: Mail) -> Outcome | None:
        """Receive a mail if it concerns a conversation, or might have."""
        if self._is_for_us(mail.head):
            with mail.open() as stream:
                kept = self._archive.keep_stream(
                    stream, "raw", self._receiver.limits.message + 1, durable=False
                )
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


def _told(error: Exception) -> str:
    return str(error) if isinstance(error, MailStays) else f"{type(error).__name__}: {error}"


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
