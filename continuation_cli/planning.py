"""find -> decide -> compose: what there is to send, one after the other. Nothing is recorded here
but when to look again.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from continuation_cli.core import schedule
from continuation_cli.core.compose import TemplateFaultError
from continuation_cli.drafts import NotConfiguredError
from continuation_cli.store import db, queue, retries

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from continuation_cli.core.model import Conversation, Rule
    from continuation_cli.drafts import Prepared
    from continuation_cli.ledger import Ledger

#: How many candidates are decided upon at a time; the write lock is held for one such batch.
BATCH = 100

#: Not a conversation's fault but a person's to mend; nothing is used up until then.
CONFIGURATION = (NotConfiguredError, db.SettingError, TemplateFaultError)


class Planned(NamedTuple):
    """A composed email, and the database's version when its facts were read."""

    version: int
    prepared: Prepared


Work = Planned | retries.Retry


class _Found(NamedTuple):
    """A conversation that was due when the database had that version."""

    version: int
    conversation: Conversation
    rule: Rule


@dataclass(frozen=True, slots=True)
class Scope:
    """Which conversations a run is for, and how many emails it may send."""

    channel: str | None = None
    conversation: str | None = None
    limit: int | None = None

    def covers(self, conversation: str, channel: str) -> bool:
        """Whether a conversation is meant."""
        return self.conversation in (None, conversation) and self.channel in (None, channel)


class Planner:
    """Finds what is due within a scope and composes it, ahead of its claim."""

    def __init__(self, ledger: Ledger, scope: Scope) -> None:
        self._ledger = ledger
        self._drafter = ledger.drafter
        self._scope = scope

    def work(self, now: datetime) -> Iterator[Work]:
        """Second attempts first, then what is due, the longest waiting first."""
        last = 0
        while batch := retries.due(self._ledger.connection, now, after=last):
            last = batch[-1].id
            yield from (r for r in batch if self._scope.covers(r.conversation, r.channel))
        for found in self._due(now):
            planned = self._plan(found, now)
            if planned is not None:
                yield planned

    def _due(self, now: datetime) -> Iterator[_Found]:
        if self._scope.conversation is not None:
            yield from self._sift([self._scope.conversation], now)
            return
        last = queue.START
        while batch := queue.find(
            self._ledger.connection, now, after=last, limit=BATCH, channel=self._scope.channel
        ):
            last = batch[-1]
            yield from self._sift([candidate.conversation for candidate in batch], now)

    def _sift(self, candidates: list[str], now: datetime) -> list[_Found]:
        """Those that are due, by which rule; the others are put off to when they may be."""
        self._ledger.refresh()
        version = self._ledger.version
        due: list[_Found] = []
        other: list[Conversation] = []
        for conversation_id in candidates:
            with self._guarding(conversation_id, now):
                conversation = self._drafter.conversation(conversation_id, now)
                if conversation is None or not self._scope.covers(
                    conversation.id, conversation.channel
                ):
                    continue
                decision = self.decide(conversation, now)
                if isinstance(decision, schedule.Due):
                    due.append(_Found(version, conversation, decision.rule))
                else:
                    other.append(conversation)
        if other:
            with self._ledger.writing():
                self._put_off(other, now)
        return due

    def _put_off(self, conversations: list[Conversation], now: datetime) -> None:
        changed = self._ledger.refresh()
        for conversation in conversations:
            with self._guarding(conversation.id, now):
                current: Conversation | None = conversation
                if changed:
                    current = self._drafter.conversation(conversation.id, now)
                if current is not None:
                    self._put_one_off(current, now)
        queue.record_parking(self._ledger.connection, now)

    def _put_one_off(self, conversation: Conversation, now: datetime) -> None:
        decision = self.decide(conversation, now)
        if isinstance(decision, schedule.Due):
            return
        settings = self._drafter.settings.of(conversation.channel)
        look = schedule.next_look(conversation, settings, now)
        reason = "waiting"
        if isinstance(decision, schedule.Skipped):
            reason = decision.reason
            self._ledger.report.skipped[reason] += 1
        queue.postpone(self._ledger.connection, conversation.id, look, reason)

    def _plan(self, found: _Found, now: datetime) -> Planned | None:
        """Compose; a conversation that breaks is recorded and set aside, and the rest goes on."""
        with self._guarding(found.conversation.id, now):
            self._ledger.refresh()
            version = self._ledger.version
            if version == found.version:
                facts = self._drafter.facts(found.conversation)
                return Planned(version, self._drafter.prepare(facts, found.rule, now))
            current = self._drafter.conversation(found.conversation.id, now)
            prepared = self.prepare(current, now) if current else None
            return Planned(version, prepared) if prepared else None
        return None

    @contextmanager
    def _guarding(self, conversation_id: str, now: datetime) -> Iterator[None]:
        """What is wrong with one conversation, or with its channel, concerns nobody else."""
        ledger = self._ledger
        try:
            yield
        except CONFIGURATION as error:
            ledger.report.not_configured.add(str(error))
        except db.OperationalError:
            raise
        except Exception as error:
            if ledger.connection.in_transaction:
                ledger.set_aside(conversation_id, error, now)
            else:
                with ledger.writing():
                    ledger.set_aside(conversation_id, error, now)

    # --- Also for the claim -------------------------------------------------------------------

    def decide(self, conversation: Conversation, now: datetime) -> schedule.Decision:
        """The decision by the channel's settings. Raises SettingError."""
        return schedule.decide(conversation, self._drafter.settings.of(conversation.channel), now)

    def prepare(
        self, conversation: Conversation, now: datetime, known: Prepared | None = None
    ) -> Prepared | None:
        """The email if it is due at `now`: `known`, if it would be the same. Raises what composing
        raises.
        """
        decision = self.decide(conversation, now)
        if not isinstance(decision, schedule.Due):
            return None
        facts = self._drafter.facts(conversation)
        if known and facts == known.facts and decision.rule == known.rule:
            return known
        return self._drafter.prepare(facts, decision.rule, now)
