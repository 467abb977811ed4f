"""From what is stored to the email as it would leave: shared by `sweep`, `preview` and `pending`.

Reads only. Two values of `Facts` are equal exactly if nothing changed that the email depends on.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from continuation_cli.core import addresses, links, schedule
from continuation_cli.core.compose import Composed, Draft, Templates, compose
from continuation_cli.store import activity, outbox
from continuation_cli.store.settings import SettingsReader, keys

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from continuation_cli.core.model import Conversation, Message, Settings
    from continuation_cli.store.db import Connection


class NotConfiguredError(Exception):
    """Something that sending needs is not set; the text says how to set it."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that an email about a conversation depends on, but for the moment and the tokens."""

    conversation: Conversation
    settings: Settings
    channel_name: str
    unseen: tuple[Message, ...]
    recap: tuple[Message, ...]
    thread: outbox.Thread
    generation: int


@dataclass(frozen=True, slots=True)
class Prepared:
    """An email ready to be recorded and sent."""

    facts: Facts
    rule: str
    token: str
    reopen_url: str | None
    no_link: str | None
    composed: Composed


class Drafter:
    """Gathers facts and composes emails for one run; settings and keys are read once."""

    def __init__(
        self,
        connection: Connection,
        templates: Templates,
        *,
        overrides: Mapping[str, str] | None = None,
        random: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._connection = connection
        self._templates = templates
        self._overrides = overrides
        self._random = random
        self.refresh()

    def refresh(self) -> None:
        """Read settings, channel names and keys anew: somebody may have changed them."""
        self.settings = SettingsReader(self._connection, self._overrides)
        self._names: dict[str, str] = {}
        newest = next(iter(keys(self._connection)), None)
        self._key = links.SigningKey(newest["kid"], newest["secret"]) if newest else None

    def conversation(self, conversation_id: str, now: datetime) -> Conversation | None:
        """What `decide` needs to know, or None if there is no such conversation."""
        return activity.conversation(self._connection, conversation_id, now)

    def facts(self, conversation: Conversation) -> Facts:
        """What an email about the conversation would be made of. It has an unseen message."""
        settings = self.settings.of(conversation.channel)
        unseen = schedule.for_email(conversation.unseen, settings)
        row = activity.details(self._connection, conversation.id)
        return Facts(
            conversation=conversation,
            settings=settings,
            channel_name=self._channel_name(conversation.channel),
            unseen=unseen,
            recap=tuple(
                activity.recap(self._connection, conversation.id, unseen[0], settings.recap)
            ),
            thread=outbox.thread(self._connection, conversation.id),
            generation=row["link_generation"] if row else 0,
        )

    def _channel_name(self, channel: str) -> str:
        if channel not in self._names:
            self._names[channel] = activity.channel_name(self._connection, channel) or channel
        return self._names[channel]

    def link(self, facts: Facts, now: datetime) -> tuple[str | None, str | None]:
        """The reopen link; or None, and why there is none."""
        page = schedule.last_page(facts.conversation.pages)
        base = facts.settings.reply_url or (page.url if page else None)
        if base is None:
            return None, "no page on record and no reply_url set"
        if self._key is None:
            return None, "there is no signing key; make one with: continuation url keys rotate"
        token = links.sign(
            facts.conversation.id,
            facts.conversation.channel,
            facts.generation,
            self._key,
            issued_at=now,
            expires_at=now + facts.settings.link_expiry,
        )
        try:
            return links.reopen_url(base, facts.conversation.id, token), None
        except links.UnusableUrlError as error:
            return None, str(error)

    def prepare(self, facts: Facts, rule: str, now: datetime) -> Prepared:
        """Compose the email. Raises NotConfiguredError, or ComposeError where it cannot be."""
        if facts.settings.from_email is None:
            raise NotConfiguredError(
                f"channel {facts.conversation.channel} has no from_email; set one with: "
                "continuation settings set from-email support@example.com "
                f"--channel {facts.conversation.channel}"
            )
        token = links.new_token(self._random(16))
        reopen_url, no_link = self.link(facts, now)
        domain = facts.settings.inbound_domain or facts.settings.from_email.rpartition("@")[2]
        domain = addresses.to_ascii(f"x@{domain}")[2:]
        composed = compose(
            Draft(
                conversation=facts.conversation,
                settings=facts.settings,
                channel_name=facts.channel_name,
                unseen=facts.unseen,
                recap=facts.recap,
                reopen_url=reopen_url,
                token=token,
                message_id=f"<{links.new_token(self._random(16))}@{domain}>",
                references=facts.thread.references,
                subject=facts.thread.subject,
                composed_at=now,
            ),
            self._templates,
        )
        return Prepared(facts, rule, token, reopen_url, no_link, composed)
