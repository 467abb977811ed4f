"""From a received message to a message of the chat: keep, classify, route, extract, post.

The raw octets are on the disk before anything else is done. All that follows from them in the
database is one transaction, so that a message that is handed over again (by a server that saw us
die, by a second `fetch`) is either unknown or done.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from continuation_cli.core import addresses, attachments, classify, extract, routing, settings
from continuation_cli.core.characters import clean, one_line
from continuation_cli.core.received import read
from continuation_cli.incoming import (
    BEYOND,
    Judgement,
    Mail,
    entry_of,
    identity,
    posting_of,
    recorded,
    stranger,
    understood,
    with_content,
)
from continuation_cli.mail.archive import Kept
from continuation_cli.store import db, inbox
from continuation_cli.store.settings import SettingsReader, stored

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from continuation_cli.core.model import Limits
    from continuation_cli.mail.archive import Archive
    from continuation_cli.store.db import Connection, Row
    from continuation_cli.store.inbox import Answered

#: A reply's text in the chat, in characters; the original has the rest.
_TEXT = 100_000
_PLAIN = "text/plain"
_HTML = "text/html"


class NotAcceptable(Exception):  # noqa: N818 - as the transports' errors are named
    """A reply that cannot be posted; the text says why."""


class Outcome(NamedTuple):
    """What became of a received message. `kind` is `duplicate` where it had come before: then the
    rest says what became of it that time, but that nothing was posted now."""

    id: int
    kind: str
    state: str
    conversation: str | None
    message: str | None
    reason: str | None


class Receiver:
    """Receives messages into one database. `clock` gives the present in UTC."""

    def __init__(
        self, connection: Connection, archive: Archive, clock: Callable[[], datetime]
    ) -> None:
        """Raises db.SettingError where a limit in the database has no valid value."""
        self._connection = connection
        self._archive = archive
        self._clock = clock
        self._settings = SettingsReader(connection)
        self.limits = self._read_limits()

    def _read_limits(self) -> Limits:
        try:
            return settings.limits(stored(self._connection, None))
        except settings.InvalidSettingError as error:
            raise db.SettingError(
                f"a setting in the database has no valid value: {error}"
            ) from None

    def receive(self, raw: bytes, recipients: Sequence[str] = ()) -> Outcome:
        """Keep a message, and do with it what is to be done; see `receive_kept`."""
        digest = self._archive.keep(raw, "raw")
        return self.receive_kept(Kept(digest, len(raw), raw), recipients)

    def receive_kept(self, kept: Kept, recipients: Sequence[str] = ()) -> Outcome:
        """Do with a message, which the archive keeps, what is to be done. `recipients` are those of
        its envelope, where they are known.

        Raises db.StoreError or sqlite3's errors, and OSError; then nothing has been done.
        """
        mail = understood(kept, self.limits, recipients)
        judgement = self._judge(mail)
        text = self._text(mail, judgement) if judgement.kind == "reply" else None
        found = attachments.files(mail.received) if judgement.kind == "reply" else []
        judgement = with_content(judgement, text, found, self.limits)
        files = self._keep(found) if judgement.state == "posted" else ()
        with db.writing(self._connection):
            if judgement.about is not None:  # the customer may have got another address meanwhile
                judgement = self._anew(mail, judgement, judgement.about)
            conversation = judgement.about.conversation if judgement.about else None
            known = inbox.known(
                self._connection, identity(mail, judgement), kept.digest, conversation
            )
            if known is None:
                return self._settle(mail, judgement, text, files)
            if judgement.kind == "reply" and self._was_cut_short(known, kept, text, files):
                return self._settle(mail, judgement, text, files, key=kept.digest)
            return Outcome(known["id"], "duplicate", known["state"], known["conversation"],
                           known["message"], known["reason"])  # fmt: skip

    def _was_cut_short(
        self, known: Row, kept: Kept, text: str | None, files: tuple[inbox.StoredFile, ...]
    ) -> bool:
        """Whether a message that came before was only the beginning of this one, and lacks some of
        what it says: a pipe looks the same at its end whether its writer is done or was killed."""
        rest = kept.head[known["size"] :]
        if not rest.strip():
            return False
        digests = {file.digest for file in files}
        had = {file.digest for file in inbox.files_of(self._connection, known["id"])}
        if known["text"] == text and digests == had:
            return False
        with suppress(FileNotFoundError):
            return kept.head.startswith(self._archive.read("raw", known["digest"]))
        return False

    def accept(self, reply: int, by: str) -> Outcome:
        """Post a reply that was kept out of the chat, because a person says so; under the name and
        address of who wrote it, unless that is the customer.

        Raises LookupError if there is no such reply, NotAcceptable if it cannot be posted, and
        FileNotFoundError if the archive has lost it.
        """
        row = inbox.one(self._connection, reply)
        if row is None:
            raise LookupError(reply)
        received = read(self._archive.read("raw", row["digest"]))
        found = attachments.files(received)
        files = self._keep(found)
        text = row["text"]
        if text is None:  # it was taken for no reply at all
            text = clean(extract.from_received(received))[:_TEXT]
        with db.writing(self._connection):
            row = inbox.one(self._connection, reply)
            assert row is not None
            if row["state"] == "posted" or row["kind"] not in ("reply", "auto_reply"):
                what = row["kind"].replace("_", "-")
                raise NotAcceptable(
                    f"reply {reply} ({what}) is {row['state']}: only a reply or auto-reply that "
                    "was quarantined, ignored or rejected can be accepted"
                )
            about = inbox.by_id(self._connection, row["email"])
            if about is None:
                raise NotAcceptable(f"reply {reply} belongs to no conversation that is still there")
            if not found and not text:
                raise NotAcceptable(f"reply {reply} holds no text and no file")
            now = self._clock()
            entry = recorded(row)._replace(text=text)
            inbox.accept(self._connection, reply, entry, now, by)
            posting = posting_of(entry, about, files, now)._replace(name=stranger(entry, about))
            inbox.post(self._connection, reply, about, posting, now)
        return Outcome(reply, entry.kind, "posted", about.conversation, entry.message, entry.reason)

    def _anew(self, mail: Mail, judgement: Judgement, about: Answered) -> Judgement:
        """The judgement, unless what it rests on has changed since it was made."""
        if inbox.by_id(self._connection, about.email) == about:
            return judgement
        again = self._judge(mail)
        return judgement._replace(about=again.about) if again.state == "posted" else again

    # --- Judging --------------------------------------------------------------------------------

    def _judge(self, mail: Mail) -> Judgement:
        """What a message is, which email it is about, and whether it may speak."""
        if not mail.received.is_message:
            return Judgement("unroutable", "rejected", "unparsable")
        about, role = self._about(mail)
        kind = mail.found.kind
        if kind == "reply" and role == "unsubscribe":
            kind = "unsubscribe"
        if about is None:
            if kind in ("reply", "unsubscribe"):
                reason = "unknown_token" if mail.tokens else "no_token"
                return Judgement("unroutable", "rejected", reason)
            return Judgement(kind, "ignored", "unroutable")
        if kind != "reply":
            return Judgement(kind, "ignored", mail.found.reason, about)
        return self._judge_reply(mail, about, role)

    def _about(self, mail: Mail) -> tuple[Answered | None, routing.Role | None]:
        for token in mail.tokens:
            about = inbox.by_token(self._connection, token.value)
            if about is not None:
                return about, token.role
        returned = mail.found.original
        if mail.found.kind in ("bounce", "complaint") and returned is not None:
            for token in routing.returned_tokens(returned):
                about = inbox.by_token(self._connection, token.value)
                if about is not None:
                    return about, None
            about = inbox.by_message_id(self._connection, returned.message_ids("Message-ID"))
            if about is not None:
                return about, None
        return inbox.by_message_id(self._connection, mail.references), None

    def _judge_reply(self, mail: Mail, about: Answered, role: routing.Role | None) -> Judgement:
        objection = routing.objection(
            mail.received.headers, about.customer, self._settings.of(about.channel).authserv_id
        )
        if objection is None and role == "bounce":
            # People answer to Reply-To; a responder or a bounce of unknown form comes here.
            objection = "to_bounce_address"
        if objection is None and mail.received.exceeded:
            objection = BEYOND[mail.received.exceeded[0]]
        return Judgement("reply", "quarantined" if objection else "posted", objection, about)

    def _text(self, mail: Mail, judgement: Judgement) -> str:
        """What is new in a reply. It is easier to tell where it is known what is quoted."""
        sent = None
        if judgement.about is not None:
            texts, message = inbox.sent(self._connection, judgement.about.email)
            bodies = {part.content_type: part.text for part in read(message).parts}
            sent = extract.Sent(tuple(texts), bodies.get(_PLAIN, ""), bodies.get(_HTML, ""))
        return clean(extract.from_received(mail.received, sent=sent))[:_TEXT]

    def _keep(self, found: Sequence[attachments.File]) -> tuple[inbox.StoredFile, ...]:
        return tuple(
            inbox.StoredFile(
                self._archive.keep(file.octets, "files"), file.name, file.content_type,
                len(file.octets),
            )
            for file in found
        )  # fmt: skip

    # --- Settling -------------------------------------------------------------------------------

    def _settle(
        self,
        mail: Mail,
        judgement: Judgement,
        text: str | None,
        files: tuple[inbox.StoredFile, ...],
        *,
        key: str | None = None,
    ) -> Outcome:
        """Record the message, and do what follows from it, in the transaction that is open. `key`
        is its identity where the usual one is taken."""
        now = self._clock()
        about = judgement.about
        detail = None
        if about is not None and judgement.kind in ("bounce", "complaint", "unsubscribe"):
            judgement, detail = self._act_upon(mail, judgement, about, now)
        entry = entry_of(mail, judgement, text, now)._replace(detail=detail)
        if key is not None:
            entry = entry._replace(identity=key)
        reply = inbox.record(self._connection, entry)
        if judgement.state == "posted":
            assert about is not None
            posting = posting_of(entry, about, files, now)
            inbox.post(self._connection, reply, about, posting, now)
        return Outcome(reply, entry.kind, entry.state, entry.conversation, entry.message,
                       entry.reason)  # fmt: skip

    def _act_upon(
        self, mail: Mail, judgement: Judgement, about: Answered, now: datetime
    ) -> tuple[Judgement, str | None]:
        """What a bounce, a complaint or an unsubscription changes; the reason and the detail."""
        if judgement.kind == "bounce":
            reason, detail = self._bounce(mail, about, now)
            return judgement._replace(reason=reason), detail
        reason = judgement.kind
        source = f"{reason} to email {about.email}"
        inbox.suppress(self._connection, about, reason, source, now)
        return judgement, f"{about.recipient} is not mailed any more"

    def _bounce(self, mail: Mail, about: Answered, now: datetime) -> tuple[str, str | None]:
        failure = classify.failure_of(mail.found, about.recipient)
        if failure is None:
            return "delayed", None
        why = " ".join(filter(None, (failure.status, one_line(failure.diagnostic, 200))))
        detail = f"bounced: {why or 'no reason given'}"
        inbox.fail_email(self._connection, about.email, detail, now)
        if not failure.hard:
            return "soft_bounce", detail
        if failure.address is not None and not addresses.same(failure.address, about.recipient):
            # It was forwarded, and failed further on: the customer's own mailbox may be well.
            return "bounce_of_other_address", f"{detail} ({one_line(failure.address, 100)})"
        inbox.suppress(self._connection, about, "bounce", f"bounce of email {about.email}", now)
        return "hard_bounce", detail
