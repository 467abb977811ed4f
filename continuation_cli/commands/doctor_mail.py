"""What `doctor` looks at on the way out and the way back. Nothing is sent, nothing is written."""

from __future__ import annotations

import os
import shlex
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from continuation_cli import templates
from continuation_cli.commands import backlog
from continuation_cli.commands.doctor_database import unusable
from continuation_cli.commands.findings import Finding, Setup, ok, problem, several, warning
from continuation_cli.core import specimen
from continuation_cli.core.compose import TemplateError
from continuation_cli.mail.mailbox import Disposal, MailboxError, open_mailbox
from continuation_cli.mail.server_url import secret_files
from continuation_cli.mail.transport import Misconfigured, Undelivered, describe, open_transport
from continuation_cli.output import distance, span
from continuation_cli.store import db, metrics, settings
from continuation_cli.store.lock import SweepLock, last_fetch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from continuation_cli.core.model import Settings
    from continuation_cli.store.db import Connection

#: How long a server is given to take the connection, and for each answer, in seconds.
PATIENCE = 10.0
#: Sweeps and fetches run every minute: after this long, none runs.
LATE = timedelta(minutes=15)
#: Greylisting and full mailboxes defer some emails at all times.
_USUALLY_DEFERRED = 10
#: Providers stop a sender of more bounces or complaints than this; the figures at which Amazon SES
#: puts an account under review. Of fewer emails no share can be told.
_BOUNCES, _COMPLAINTS, _FEWEST = 0.05, 0.001, 200
_EXAMPLE_MAILBOX = "imaps://replies@mail.example.com"


# --- The way out --------------------------------------------------------------------------------


def outbound(setup: Setup, connection: Connection) -> Iterator[Finding]:
    """Templates, transport, and who may read its password."""
    yield _templates(setup)
    url = setup.transport or settings.transport(connection)
    if url is None:
        yield problem(
            "transport",
            "none is set, so that nothing can be sent",
            setup.setting("transport", "smtp://localhost:25", None),
        )
    else:
        yield _transport(setup, url)
    for path, is_open in secret_files(setup.environ):
        if is_open:
            told = f"every user of this machine may read {path}"
            yield warning("password_file", told, shlex.join(["chmod", "o=", path]))
        else:
            yield ok("password_file", f"{path}, closed to other users")


def _templates(setup: Setup) -> Finding:
    try:
        fault = specimen.fault(templates.load(setup.templates))
    except (TemplateError, OSError) as error:
        return problem("templates", str(error))
    if fault is not None:
        return problem("templates", f"no email can be made of them: {fault}")
    return ok(
        "templates", f"those in {setup.templates}" if setup.templates else "the built-in ones"
    )


def _transport(setup: Setup, url: str) -> Finding:
    """As the sweep would: with the environment of this shell, as this user."""
    is_remote = url.strip().lower().startswith("smtp")
    try:
        transport = open_transport(url, setup.environ)
        if setup.offline and is_remote:
            return ok("transport", f"{describe(url)}; not connected (--offline)")
        began = time.monotonic()
        found = transport.probe(PATIENCE)
        if is_remote:
            found += f" ({time.monotonic() - began:.1f} s)"
    except Misconfigured as error:
        return problem("transport", str(error))
    except Undelivered as error:
        return problem("transport", f"{describe(url)}: {error}", code=os.EX_TEMPFAIL)
    return ok("transport", f"{describe(url)}: {found}")


# --- Each channel -------------------------------------------------------------------------------


def channels(setup: Setup, connection: Connection) -> Iterator[Finding]:
    """The settings of each channel, or of the one that was asked for; the defaults if there is no
    channel yet."""
    reader = settings.SettingsReader(connection)
    asked: list[str | None] = [setup.channel] if setup.channel else [*metrics.channels(connection)]
    for channel in asked or [None]:
        try:
            effective = reader.of(channel or "")
        except db.SettingError as error:
            yield unusable(setup, "settings", error)._replace(channel=channel)
            continue
        yield _rules(setup, effective, channel)
        if not effective.enabled:  # the rest is of no consequence
            continue
        yield _sender(setup, effective, channel)
        yield _reopen_link(setup, connection, effective, channel)
        yield from _way_back(setup, effective, channel)


def _sender(setup: Setup, effective: Settings, channel: str | None) -> Finding:
    if effective.from_email is None:
        remedy = setup.setting("from-email", "support@example.com", channel)
        return problem("sender", "from_email is not set, so that nothing is sent", remedy, channel)
    return ok("sender", effective.from_email, channel)


def _rules(setup: Setup, effective: Settings, channel: str | None) -> Finding:
    if not effective.enabled:
        remedy = setup.setting("enabled", "on", channel)
        return warning("rules", "enabled is off: no emails", remedy, channel)
    delays = {"offline": effective.offline_delay, "unseen": effective.unseen_delay}
    told = ", ".join(f"{rule} after {span(d)}" for rule, d in delays.items() if d is not None)
    off = [rule for rule, delay in delays.items() if delay is None]
    if len(off) == 2:
        remedy = setup.setting("offline-delay", "5m", channel)
        return warning("rules", "both delays are never: no emails", remedy, channel)
    if effective.daily_cap == 0:
        remedy = setup.setting("daily-cap", "20", channel)
        return warning("rules", "daily_cap is 0: no emails", remedy, channel)
    for rule, delay in delays.items():
        if delay is not None and delay >= effective.max_age:
            remedy = setup.setting("max-age", "3d", channel)
            late = f"what has waited for that long is too old (max_age {span(effective.max_age)})"
            told = f"{rule} after {span(delay)}: {late}"
            return warning("rules", told, remedy, channel)
    return ok("rules", told + "".join(f"; {rule} is off" for rule in off), channel)


def _reopen_link(
    setup: Setup, connection: Connection, effective: Settings, channel: str | None
) -> Finding:
    if effective.reply_url is not None:
        return ok("reopen_link", effective.reply_url, channel)
    lacking = channel is not None and not metrics.has_pages(connection, channel)
    if lacking and channel and metrics.has_conversations(connection, channel):
        remedy = setup.setting("reply-url", "https://www.example.com/support", channel)
        told = "reply_url is not set, and no page is on record: emails have no link"
        return warning("reopen_link", told, remedy, channel)
    return ok("reopen_link", "leads to the customer's last page", channel)


def _way_back(setup: Setup, effective: Settings, channel: str | None) -> Iterator[Finding]:
    if effective.inbound_domain is None:
        remedy = setup.setting("inbound-domain", "reply.example.com", channel)
        told = "inbound_domain is not set: replying by email is not offered"
        yield warning("replies", told, remedy, channel)
        return
    yield ok("replies", f"come to {effective.inbound_domain}", channel)
    if effective.authserv_id is None:
        remedy = setup.setting("authserv-id", "mx.example.com", channel)
        told = "authserv_id is not set: that a reply is forged shows by its token and From only"
        yield warning("authentication", told, remedy, channel)
    else:
        yield ok("authentication", f"judged by {effective.authserv_id}", channel)


# --- What has come of it ------------------------------------------------------------------------


def outcomes(setup: Setup, connection: Connection) -> Iterator[Finding]:
    """Whether sweeps run, and what waits for a person."""
    yield _sweep(setup, connection)
    emails = metrics.emails(connection)
    yield from _outbox(setup, emails)
    yield _suppressions(setup, connection, emails)
    replies = metrics.replies(connection)
    if replies.quarantined:
        told = f"{several(replies.quarantined, 'reply')} that may be another's: wait for a decision"
        remedy = setup.command("replies", "list", "--state", "quarantined")
        yield warning("quarantine", told, remedy)
    else:
        yield ok("quarantine", "no reply waits for a decision")
    yield from _incoming(setup, connection, replies)
    for url in setup.mailboxes:
        yield _mailbox(setup, url)


def _sweep(setup: Setup, connection: Connection) -> Finding:
    """The lock's file tells when the last sweep began, an idle one included."""
    waits = backlog.look(connection, setup.now, setup.channel)
    first = waits.first_due_at
    due = (
        f"{waits.due.total():,} due"
        if waits.due.total() < backlog.LOOKED_AT
        else "1,000 or more due"
    )
    if first is not None:
        due += f", the first for {span(setup.now - first)}"
    lock = SweepLock(setup.database)
    taken = lock.last_taken()
    if taken is not None and lock.is_held():
        since = timedelta(seconds=lock.held_for())
        told = f"one has been running for {span(since)}; {due}"
        return (
            warning("sweep", told, f"fuser -v {lock.path}") if since > LATE else ok("sweep", told)
        )
    # One may have begun since this program did.
    last = min(datetime.fromtimestamp(taken, UTC), setup.now) if taken is not None else None
    if last is None or setup.now - last > LATE:
        what = f"the last began {distance(last, setup.now)}" if last else "none has run yet"
        found = problem if first is not None and setup.now - first > LATE else warning
        return found("sweep", f"{what}; {due}", setup.crontab())
    told = f"the last began {distance(last, setup.now)}; {due}"
    if first is not None and setup.now - first > LATE:
        return warning("sweep", told, setup.command("sweep", "--verbose"))
    return ok("sweep", told)


def _outbox(setup: Setup, emails: metrics.Emails) -> Iterator[Finding]:
    if emails.held:
        told = (
            f"{several(emails.held, 'email')} that may or may not have arrived: wait for a decision"
        )
        remedy = setup.command("emails", "list", "--state", "unknown")
        yield warning("held_emails", told, remedy)
    else:
        yield ok("held_emails", "no email waits for a decision")
    deferred, recent = emails.states.get("deferred", 0), emails.attempts
    told = f"{several(deferred, 'email') if deferred else 'none'} to be tried again"
    if recent:
        told += (
            f"; {recent.get('sent', 0):,} of the last {sum(recent.values()):,} attempts succeeded"
        )
    if deferred > _USUALLY_DEFERRED:
        yield warning(
            "deferred_emails", told, setup.command("emails", "list", "--state", "deferred")
        )
    else:
        yield ok("deferred_emails", told)


def _suppressions(setup: Setup, connection: Connection, emails: metrics.Emails) -> Finding:
    reasons = metrics.suppressions(connection)
    told = ", ".join(f"{number:,} by {reason}" for reason, number in reasons.items()) or "none"
    if emails.recorded >= _FEWEST:
        bounces, complaints = (
            reasons.get(reason, 0) / emails.recorded for reason in ("bounce", "complaint")
        )
        if bounces > _BOUNCES or complaints > _COMPLAINTS:
            told += f", of {several(emails.recorded, 'email')}: more than providers put up with"
            return warning("suppressions", told, setup.command("suppressions", "list"))
    return ok("suppressions", told)


def _incoming(setup: Setup, connection: Connection, replies: metrics.Replies) -> Iterator[Finding]:
    """Whether anything brings replies; of a mail server's pipe nothing tells but what came."""
    if not _expects_replies(setup, connection):
        return
    taken = last_fetch(setup.database)
    fetched = min(datetime.fromtimestamp(taken, UTC), setup.now) if taken is not None else None
    told = "nothing has been received yet"
    if replies.last_at is not None:
        told = f"the last email was received {distance(replies.last_at, setup.now)}"
    if fetched is not None:
        told += f", the last fetch began {distance(fetched, setup.now)}"
    if fetched is None and replies.last_at is None:
        remedy = setup.crontab("--fetch", _EXAMPLE_MAILBOX)
        yield warning("incoming", f"{told}, and no mailbox is fetched", remedy)
    elif fetched is not None and setup.now - fetched > LATE:
        yield warning("incoming", told, setup.crontab("--fetch", _EXAMPLE_MAILBOX))
    else:
        yield ok("incoming", told)


def _expects_replies(setup: Setup, connection: Connection) -> bool:
    reader = settings.SettingsReader(connection)
    for channel in [setup.channel] if setup.channel else metrics.channels(connection):
        try:
            if reader.of(channel).inbound_domain is not None:
                return True
        except db.SettingError:
            continue
    return False


def _mailbox(setup: Setup, url: str) -> Finding:
    """As `fetch` would, but no mail is asked for, and none would be moved."""
    try:
        mailbox = open_mailbox(url, Disposal("mark_seen"), setup.environ)
        if setup.offline and url.strip().lower().startswith("imap"):
            return ok("mailbox", f"{describe(url)}; not connected (--offline)")
        with mailbox:
            return ok("mailbox", f"{describe(url)}: opened, can be read and written")
    except Misconfigured as error:
        return problem("mailbox", str(error))
    except MailboxError as error:
        return problem("mailbox", f"{describe(url)}: {error}", code=os.EX_TEMPFAIL)
