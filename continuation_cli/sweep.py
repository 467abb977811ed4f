"""find -> decide -> compose -> claim -> send -> record. See docs/outbox.md for the protocol."""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from continuation_cli import outcomes, sending
from continuation_cli.core import schedule
from continuation_cli.core.delivery import next_attempt
from continuation_cli.drafts import Drafter, NotConfiguredError, Prepared
from continuation_cli.mail.transport import Refused
from continuation_cli.outcomes import Report, Result
from continuation_cli.store import activity, db, outbox, queue, suppressions

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from continuation_cli.core.model import Conversation
    from continuation_cli.store.db import Connection

#: How many candidates are decided upon at a time; the write lock is held for one such batch.
BATCH = 100

#: For how long a conversation whose email cannot be composed is left alone.
SET_ASIDE = timedelta(hours=1)


class Planned(NamedTuple):
    """A composed email, and the database's version when its facts were read."""

    version: int
    prepared: Prepared


Work = Planned | outbox.Retry


@dataclass(frozen=True, slots=True)
class Scope:
    """Which conversations a run is for, and how many emails it may send."""

    channel: str | None = None
    conversation: str | None = None
    limit: int | None = None

    def covers(self, conversation: str, channel: str) -> bool:
        """Whether a conversation is meant."""
        return self.conversation in (None, conversation) and self.channel in (None, channel)


class Sweep:
    """One run over the database; the caller holds the sweep's lock."""

    def __init__(
        self,
        connection: Connection,
        drafter: Drafter,
        pool: sending.Pool,
        *,
        clock: Callable[[], datetime],
        scope: Scope,
        on_result: Callable[[Result], None],
    ) -> None:
        self._connection = connection
        self._drafter = drafter
        self._pool = pool
        self._clock = clock
        self._scope = scope
        self._on_result = on_result
        self._version = self._data_version()
        self._claimed = 0
        self._in_flight: dict[int, outbox.Claimed] = {}
        self._opening = 0
        self._idle: list[int] = []
        self.report = Report()

    def stop(self, why: str, cause: Exception | None = None) -> None:
        """Send nothing more; what is being sent is still recorded."""
        if self.report.stopped is None:
            self.report.stopped, self.report.cause = why, cause

    # --- The loop -----------------------------------------------------------------------------

    def run(self) -> Report:
        """Send everything that is due within the scope."""
        now = self._clock()
        self._recover(now)
        work = self._work(now)
        ahead: deque[Work] = deque()
        while True:
            self._look_ahead(work, ahead)
            self._start_workers(ahead)
            can_send = bool(ahead) and self.report.stopped is None
            if not self._in_flight and not (can_send and (self._idle or self._opening)):
                return self.report
            events = self._pool.events(wait=not (can_send and self._idle))
            self._settle(events, ahead)

    def _look_ahead(self, work: Iterator[Work], ahead: deque[Work]) -> None:
        """Compose while the workers wait for their servers."""
        wanted = max(1, len(self._in_flight) + len(self._idle))
        while len(ahead) < wanted and not self._is_full(len(ahead)) and not self.report.stopped:
            found = next(work, None)
            if found is None:
                return
            ahead.append(found)

    def _is_full(self, ahead: int) -> bool:
        return self._scope.limit is not None and self._claimed + ahead >= self._scope.limit

    def _start_workers(self, ahead: deque[Work]) -> None:
        spare = len(ahead) - len(self._idle) - self._opening
        if spare > 0 and self._pool.can_grow and not self.report.stopped:
            self._pool.start_worker()
            self._opening += 1

    def _settle(self, events: list[sending.Event], ahead: deque[Work]) -> None:
        """Record what was done and claim what is sent next, in one commit; then send it.

        A worker gets its next email only after the commit that holds the fate of its last one, so
        that at most one email a connection is ever in doubt.
        """
        done = [event for event in events if isinstance(event, sending.Done)]
        for event in events:
            self._keep_count(event)
        jobs: list[tuple[int, sending.Job]] = []
        if done or (ahead and self._idle):
            with db.writing(self._connection, patient=bool(done)):
                for event in done:
                    self._record(event)
                while self._idle and ahead and self.report.stopped is None:
                    job = self._claim(ahead.popleft())
                    if job is not None:
                        jobs.append((self._idle.pop(), job))
        for worker, job in jobs:
            self._pool.give(worker, job)

    def _keep_count(self, event: sending.Event) -> None:
        """Who is idle, who is opening a connection, and whether anybody is left."""
        if isinstance(event, sending.Done):
            if outcomes.is_servers_fault(event.outcome):
                self.stop(str(event.outcome))
            if event.ready:
                self._idle.append(event.worker)
            else:
                self._opening += 1
            return
        self._opening -= 1
        if isinstance(event, sending.Ready):
            self._idle.append(event.worker)
        elif not self._idle and len(self._in_flight) == 0 and not self._opening:
            # Some servers allow fewer connections than we ask for: as long as one is left, go on.
            self.stop(str(event.error), event.error)

    # --- What there is to do ------------------------------------------------------------------

    def _recover(self, now: datetime) -> None:
        with db.writing(self._connection):
            for orphan in outbox.adopt_orphans(self._connection, now):
                if self._drafter.settings.of(orphan.channel).on_unknown == "resend":
                    outbox.schedule_resend(self._connection, orphan.id, now)
                else:
                    why = "the last sweep ended while sending it"
                    self._note(Result(orphan.id, orphan.conversation, "unknown", why, held=True))
            if queue.clock_went_back(self._connection, now):
                queue.wake_expired(self._connection, now)

    def _work(self, now: datetime) -> Iterator[Work]:
        """Second attempts first, then what is due, the longest waiting first."""
        last = 0
        while batch := outbox.retries(self._connection, now, after=last):
            last = batch[-1].id
            yield from (r for r in batch if self._scope.covers(r.conversation, r.channel))
        for conversation in self._due(now):
            planned = self._prepare(conversation, now)
            if planned is not None:
                yield planned

    def _due(self, now: datetime) -> Iterator[Conversation]:
        if self._scope.conversation is not None:
            yield from self._sift([self._scope.conversation], now)
            return
        last = queue.START
        while batch := queue.find(
            self._connection, now, after=last, limit=BATCH, channel=self._scope.channel
        ):
            last = batch[-1]
            yield from self._sift([candidate.conversation for candidate in batch], now)

    def _sift(self, candidates: list[str], now: datetime) -> list[Conversation]:
        """Those that are due; the others are put off to when they may be."""
        self._refresh()
        due: list[Conversation] = []
        other: list[Conversation] = []
        for conversation_id in candidates:
            try:
                conversation = self._drafter.conversation(conversation_id, now)
                decision = self._decide(conversation, now) if conversation else None
            except db.SettingError as error:
                self.report.not_configured.add(str(error))
                continue
            except Exception as error:
                with db.writing(self._connection, patient=bool(self._in_flight)):
                    self._set_aside(conversation_id, error, now)
                continue
            if conversation is not None:
                (due if isinstance(decision, schedule.Due) else other).append(conversation)
        if other:
            with db.writing(self._connection, patient=bool(self._in_flight)):
                self._put_off(other, now)
        return due

    def _put_off(self, conversations: list[Conversation], now: datetime) -> None:
        changed = self._refresh()
        for conversation in conversations:
            current: Conversation | None = conversation
            if changed:
                current = self._drafter.conversation(conversation.id, now)
            decision = self._decide(current, now) if current else None
            if current is None or decision is None or isinstance(decision, schedule.Due):
                continue
            reason = decision.reason if isinstance(decision, schedule.Skipped) else "waiting"
            if isinstance(decision, schedule.Skipped):
                self.report.skipped[reason] += 1
            settings = self._drafter.settings.of(current.channel)
            look = schedule.next_look(current, settings, now)
            queue.postpone(self._connection, current.id, look, reason)
        queue.record_parking(self._connection, now)

    def _decide(self, conversation: Conversation, now: datetime) -> schedule.Decision:
        return schedule.decide(conversation, self._drafter.settings.of(conversation.channel), now)

    def _prepare(self, conversation: Conversation, now: datetime) -> Planned | None:
        """Compose; a conversation that breaks is recorded and set aside, and the rest goes on."""
        current: Conversation | None = conversation
        if self._supersede(conversation.id, now) | self._refresh():
            current = self._drafter.conversation(conversation.id, now)
        version = self._version
        decision = self._decide(current, now) if current else None
        if current is None or not isinstance(decision, schedule.Due):
            return None
        try:
            facts = self._drafter.facts(current)
            return Planned(version, self._drafter.prepare(facts, decision.rule, now))
        except NotConfiguredError as error:
            self.report.not_configured.add(str(error))
        except Exception as error:
            with db.writing(self._connection, patient=bool(self._in_flight)):
                self._set_aside(current.id, error, now)
        return None

    def _set_aside(self, conversation_id: str, error: Exception, now: datetime) -> None:
        """A poisoned conversation is recorded and left alone for a while; the rest goes on."""
        if isinstance(error, db.OperationalError):
            raise error  # not the conversation's fault: the disk, or another writer
        why = f"cannot be composed: {type(error).__name__}: {error}"[:500]
        activity.set_aside(self._connection, conversation_id, now + SET_ASIDE, why)
        queue.postpone(self._connection, conversation_id, now + SET_ASIDE, "set_aside")
        self._note(Result(None, conversation_id, "set_aside", why))

    def _supersede(self, conversation_id: str, now: datetime) -> bool:
        """One email, not two: what has not left is told together with what came since."""
        why = "composed anew, together with later messages"
        deferred = outbox.deferred_of(self._connection, conversation_id)
        for email in deferred:
            with db.writing(self._connection, patient=bool(self._in_flight)):
                outbox.cancel(self._connection, email, now, why)
            self._note(Result(email, conversation_id, "cancelled", why))
        return bool(deferred)

    # --- Claim and record: within the caller's transaction ----------------------------------------

    def _claim(self, item: Work) -> sending.Job | None:
        """Decide once more, now that nobody else can write, and record the email as being sent.

        What goes wrong here must not take the outcomes in the same transaction with it.
        """
        now = self._clock()
        if isinstance(item, outbox.Retry):
            return self._claim_retry(item, now)
        try:
            with db.savepoint(self._connection):
                return self._claim_new(item, now)
        except NotConfiguredError as error:
            self.report.not_configured.add(str(error))
            return None
        except Exception as error:
            self._set_aside(item.prepared.facts.conversation.id, error, now)
            return None

    def _claim_new(self, item: Planned, now: datetime) -> sending.Job | None:
        prepared = item.prepared
        if self._data_version() != item.version:
            newer = self._prepare_again(prepared, now)
            if newer is None:
                return None
            prepared = newer
        conversation = prepared.facts.conversation
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
        return self._job(claimed)

    def _job(self, claimed: outbox.Claimed) -> sending.Job:
        self._claimed += 1
        self._in_flight[claimed.id] = claimed
        return sending.Job(claimed.id, claimed.envelope)

    def _prepare_again(self, prepared: Prepared, now: datetime) -> Prepared | None:
        """The email as it should be now; None if it should not be."""
        self._refresh()
        current = self._drafter.conversation(prepared.facts.conversation.id, now)
        decision = self._decide(current, now) if current else None
        if current is None or not isinstance(decision, schedule.Due):
            return None
        facts = self._drafter.facts(current)
        if facts == prepared.facts and decision.rule == prepared.rule:
            return prepared
        return self._drafter.prepare(facts, decision.rule, now)

    def _claim_retry(self, retry: outbox.Retry, now: datetime) -> sending.Job | None:
        if not outbox.is_due(self._connection, retry.id, now):
            return None
        objection = outbox.objection(self._connection, retry.id)
        if objection is not None:
            outbox.cancel(self._connection, retry.id, now, objection)
            self._note(Result(retry.id, retry.conversation, "cancelled", objection))
            return None
        return self._job(outbox.start_retry(self._connection, retry.id, now))

    def _record(self, done: sending.Done) -> None:
        now = self._clock()
        email = self._in_flight.pop(done.job.email)
        if outcomes.is_servers_fault(done.outcome):
            outbox.take_back_attempt(self._connection, email.id, now)
            return
        settings = self._drafter.settings.of(email.channel)
        again = next_attempt(email.attempts, email.envelope.created_at, settings.max_age, now)
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
        if isinstance(done.outcome, Refused) and done.outcome.recipient:
            source = f"email {email.id}: {detail}"
            suppressions.add(self._connection, email.envelope.recipient, "bounce", source, now)
        self._note(Result(email.id, email.conversation, state, detail, held))

    # --- Small things -------------------------------------------------------------------------

    def _note(self, result: Result) -> None:
        self.report.counts[result.state] += 1
        with suppress(OSError):  # nobody listens any more; what is recorded must not be undone
            self._on_result(result)

    def _data_version(self) -> int:
        return db.data_version(self._connection)

    def _refresh(self) -> bool:
        """Read settings anew if another connection has written since; whether one has."""
        version = self._data_version()
        if version == self._version:
            return False
        self._version = version
        self._drafter.refresh()
        return True
