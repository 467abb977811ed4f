"""claim -> … -> record: what a sweep writes of an email before it is sent, and after. All of it
is part of a transaction that the caller holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from continuation_cli import outcomes
from continuation_cli.core import delivery, durations, schedule
from continuation_cli.ledger import SET_ASIDE
from continuation_cli.mail.transport import Refused
from continuation_cli.outcomes import Result
from continuation_cli.planning import CONFIGURATION, Planned
from continuation_cli.sending import Abandoned, Job
from continuation_cli.store import activity, db, outbox, queue, retries, suppressions

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta

    from continuation_cli.core.model import Conversation, Settings
    from continuation_cli.drafts import Prepared
    from continuation_cli.ledger import Ledger
    from continuation_cli.planning import Planner, Work
    from continuation_cli.sending import Done
    from continuation_cli.store.outbox import Claimed
    from continuation_cli.store.retries import Retry

TOGETHER = "composed anew, together with later messages"


class Claims:
    """Gives the right to send an email, and records what came of it."""

    def __init__(self, ledger: Ledger, planner: Planner, clock: Callable[[], datetime]) -> None:
        self._ledger = ledger
        self._connection = ledger.connection
        self._drafter = ledger.drafter
        self._planner = planner
        self._clock = clock

    # --- After a sweep that died, or a clock that was ahead ---------------------------------------

    def recover(self) -> None:
        """Whoever holds the sweep's lock knows that what is still being sent are orphans."""
        now = self._clock()
        for orphan in retries.orphans(self._connection):
            try:
                settings = self._drafter.settings.of(orphan.channel)
            except db.SettingError as error:  # its fate is decided once that is mended
                self._ledger.report.not_configured.add(str(error))
                continue
            again = None
            if settings.on_unknown == "resend":
                again = self._resend_at(orphan, settings, now)
            retries.adopt(self._connection, orphan, now, again)
            if again is None:
                why = "the last sweep ended while sending it"
                result = Result(orphan.id, orphan.conversation, "unknown", why, held=True)
                self._ledger.note(result)
        retries.pull_back(self._connection, now, now + delivery.BACKOFF[-1])
        if queue.clock_went_back(self._connection, now):
            queue.wake_set_aside(self._connection, now, now + SET_ASIDE)
            queue.wake_expired(self._connection, now)

    def _resend_at(self, email: Claimed, settings: Settings, now: datetime) -> datetime | None:
        """When an email goes out again whose sweep or sending process was killed."""
        doubts = retries.doubts(self._connection, email.id) + 1
        return delivery.resend_at(doubts, email.envelope.created_at, settings.max_age, now)

    # --- The claim ----------------------------------------------------------------------------

    def claim(self, work: Work) -> Job | None:
        """Decide once more, now that nobody else can write, and record the email as being sent.

        What goes wrong here must not take the outcomes in the same transaction with it.
        """
        now = self._clock()
        try:
            with self._ledger.part():
                if isinstance(work, Planned):
                    return self._claim_planned(work, now)
                return self._claim_retry(work, now)
        except CONFIGURATION as error:
            self._ledger.report.not_configured.add(str(error))
        except outbox.TakenError:
            pass  # this run has sent them meanwhile, in another email
        except Exception as error:
            if isinstance(work, Planned):
                self._ledger.set_aside(work.prepared.facts.conversation.id, error, now)
            else:
                self._put_off(work, error, now)
        return None

    def _put_off(self, retry: Retry, error: Exception, now: datetime) -> None:
        if self._ledger.is_to_blame(error):
            raise error
        why = f"cannot be tried again: {type(error).__name__}: {error}"[:500]
        retries.put_off(self._connection, retry.id, now + SET_ASIDE, why)
        self._ledger.note(Result(retry.id, retry.conversation, "set_aside", why))

    def _claim_planned(self, planned: Planned, now: datetime) -> Job | None:
        prepared: Prepared | None = planned.prepared
        conversation = planned.prepared.facts.conversation
        replaced = retries.replaceable(self._connection, conversation.id)
        is_changed = db.data_version(self._connection) != planned.version
        if is_changed or replaced != planned.prepared.facts.replaced:
            self._ledger.refresh()
            current = self._drafter.conversation(conversation.id, now)
            known = planned.prepared
            prepared = self._planner.prepare(current, now, known) if current else None
        return self._record_new(prepared, now) if prepared else None

    def _record_new(self, prepared: Prepared, now: datetime, why: str = TOGETHER) -> Job:
        """From here on its messages are in this email, and in no other."""
        conversation = prepared.facts.conversation
        for email in prepared.facts.replaced:
            self._cancel(email, conversation.id, why, now)
        claimed = outbox.claim(
            self._connection,
            prepared.composed,
            prepared.facts.unseen,
            conversation=conversation.id,
            channel=conversation.channel,
            rule=prepared.rule,
            token=prepared.token,
            reopen_url=prepared.reopen_url,
            now=now,
        )
        if conversation.set_aside_until is not None:
            activity.forget_set_aside(self._connection, conversation.id)
        return Job(claimed, prepared.facts.settings, now)

    def _cancel(self, email: int, conversation: str, why: str, now: datetime) -> None:
        outbox.cancel(self._connection, email, now, why)
        self._ledger.note(Result(email, conversation, "cancelled", why))

    # --- Another attempt ----------------------------------------------------------------------

    def _claim_retry(self, found: Retry, now: datetime) -> Job | None:
        retry = retries.one(self._connection, found.id, now)
        if retry is None:
            return None
        self._ledger.refresh()
        objection = outbox.objection(self._connection, retry.id)
        if not retry.in_doubt:
            return self._claim_deferred(retry, objection, now)
        if objection is not None:
            self._cancel(retry.id, retry.conversation, objection, now)
            return None
        return self._claim_as_it_was(retry, self._drafter.settings.of(retry.channel), now)

    def _claim_deferred(self, retry: Retry, objection: str | None, now: datetime) -> Job | None:
        """It has certainly not left, so that all is decided anew, as if it had never been
        recorded: when, and what is in it.
        """
        freed = retries.replaceable(self._connection, retry.conversation)
        current = self._drafter.conversation(retry.conversation, now, freed=freed)
        if current is None:
            self._cancel(retry.id, retry.conversation, "the conversation was removed", now)
            return None
        settings = self._drafter.settings.of(current.channel)
        withheld = delivery.withheld(current, settings, now)
        if withheld is not None:
            self._cancel(retry.id, retry.conversation, objection or withheld, now)
            return None
        if objection is not None:
            return self._claim_anew(current, settings, objection, now)
        if self._has_grown(retry, current, settings, now):
            try:
                with self._ledger.part():
                    return self._claim_anew(current, settings, TOGETHER, now)
            except CONFIGURATION:
                raise
            except Exception as error:  # what is composed already may leave
                self._ledger.set_aside(retry.conversation, error, now)
        return self._claim_as_it_was(retry, settings, now)

    def _has_grown(
        self, retry: Retry, current: Conversation, settings: Settings, now: datetime
    ) -> bool:
        """Whether an email of now would hold other messages, and can be composed."""
        if current.set_aside_until is not None and now < current.set_aside_until:
            return False
        wanted = [message.id for message in schedule.for_email(current.unseen, settings)]
        return wanted != outbox.messages_of(self._connection, retry.id)

    def _claim_anew(
        self, current: Conversation, settings: Settings, why: str, now: datetime
    ) -> Job:
        """One email in place of all that have not left."""
        rule = schedule.clock(current, settings, now).rule
        prepared = self._drafter.prepare(self._drafter.facts(current), rule, now)
        return self._record_new(prepared, now, why)

    def _claim_as_it_was(self, retry: Retry, settings: Settings, now: datetime) -> Job | None:
        if delivery.is_too_old(retry.created_at, retry.due_at, settings.max_age, now):
            self._give_up(retry, settings.max_age, now)
            return None
        return Job(retries.start(self._connection, retry.id, now), settings, retry.due_at)

    def _give_up(self, retry: Retry, max_age: timedelta, now: datetime) -> None:
        state = "unknown" if retry.in_doubt else "failed"
        why = f"gave up: it is older than max_age ({durations.show(max_age)})"
        if retry.in_doubt:
            why += "; an earlier attempt may have been accepted"
        retries.give_up(self._connection, retry.id, state, now, why)
        result = Result(retry.id, retry.conversation, state, why, held=retry.in_doubt)
        self._ledger.note(result)

    # --- The outcome --------------------------------------------------------------------------

    def record(self, done: Done) -> None:
        """Record what came of an attempt. It needs nothing that could be unreadable by now."""
        now = self._clock()
        email, settings = done.job.email, done.job.settings
        if outcomes.is_servers_fault(done.outcome):
            outbox.take_back_attempt(self._connection, email.id, done.job.due_at)
            return
        if isinstance(done.outcome, Abandoned):
            again = self._resend_at(email, settings, now)
        else:
            created_at = email.envelope.created_at
            again = delivery.next_attempt(email.attempts, created_at, settings.max_age, now)
        state, detail = outcomes.verdict(done.outcome, again, email.in_doubt)
        if state == "cancelled":
            detail = done.objection or detail
        held = state == "unknown" and (again is None or settings.on_unknown == "hold")
        if held or state not in ("deferred", "unknown"):
            again = None
        outbox.close_attempt(
            self._connection, email, now, state, *outcomes.attempt_record(done.outcome)
        )
        if state == "cancelled":
            outbox.cancel(self._connection, email.id, now, detail)
        else:
            outbox.finish(self._connection, email.id, state, now, detail, again)
        if again is not None:
            queue.record_parking(self._connection, now)
        if isinstance(done.outcome, Refused) and done.outcome.recipient:
            source = f"email {email.id}: {detail}"
            suppressions.add(self._connection, email.envelope.recipient, "bounce", source, now)
        self._ledger.note(Result(email.id, email.conversation, state, detail, held))
