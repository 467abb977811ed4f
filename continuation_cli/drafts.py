"""From what is stored to the email as it would leave: shared by `sweep`, `preview` and `pending`.

Reads only. Two values of `Facts` are equal exactly if nothing changed that the email depends on.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from continuation_cli.core import addresses, schedule, tokens
from continuation_cli.core.compose import (
    Composed,
    ComposeError,
    Draft,
    TemplateFaultError,
    Templates,
    compose,
)
from continuation_cli.core.reopen import NoLinkError, reopen_link
from continuation_cli.store import activity, retries, threads
from continuation_cli.store.settings import SettingsReader, signing_key

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import datetime

    from continuation_cli.core.model import Conversation, Message, Settings
    from continuation_cli.store.db import Connection


class NotConfiguredError(Exception):
    """Something that sending needs is not set; the text says how to set it."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that an email about a conversation depends on, but for the moment and the tokens.

    `replaced` are the emails that have not left and whose messages it takes over.
    """

    conversation: Conversation
    settings: Settings
    channel_name: str
    unseen: tuple[Message, ...]
    recap: tuple[Message, ...]
    thread: threads.Thread
    replaced: tuple[int, ...]


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
        self._key = signing_key(self._connection)

    def conversation(
        self, conversation_id: str, now: datetime, *, freed: Collection[int] = ()
    ) -> Conversation | None:
        """What `decide` needs to know, or None if there is no such conversation. As if the emails
        `freed` had been cancelled.
        """
        return activity.conversation(self._connection, conversation_id, now, freed=freed)

    def facts(self, conversation: Conversation) -> Facts:
        """What an email about the conversation would be made of. It has an unseen message.

        What is deferred is told together with what came since: one email, not two.
        """
        settings = self.settings.of(conversation.channel)
        replaced = retries.replaceable(self._connection, conversation.id)
        unseen = conversation.unseen
        if replaced:
            unseen = tuple(activity.unseen(self._connection, conversation.id, replaced))
        unseen = schedule.for_email(unseen, settings)
        return Facts(
            conversation=conversation,
            settings=settings,
            channel_name=self._channel_name(conversation.channel),
            unseen=unseen,
            recap=tuple(
                activity.recap(self._connection, conversation.id, unseen[0], settings.recap)
            ),
            thread=threads.thread(self._connection, conversation.id),
            replaced=replaced,
        )

    def _channel_name(self, channel: str) -> str:
        if channel not in self._names:
            self._names[channel] = activity.channel_name(self._connection, channel) or channel
        return self._names[channel]

    def prepare(self, facts: Facts, rule: str, now: datetime) -> Prepared:
        """Compose the email. Raises NotConfiguredError, TemplateFaultError where a template is to
        blame, or ComposeError where it cannot be composed for another reason.
        """
        if facts.settings.from_email is None:
            raise NotConfiguredError(
                f"channel {facts.conversation.channel} has no from_email; set one with: "
                "continuation settings set from-email support@example.com "
                f"--channel {facts.conversation.channel}"
            )
        token = tokens.new_token(self._random(16))
        reopen_url, no_link = None, None
        try:
            reopen_url = reopen_link(facts.conversation, facts.settings, self._key, now)
        except NoLinkError as error:
            no_link = str(error)
        domain = facts.settings.inbound_domain or facts.settings.from_email.rpartition("@")[2]
        domain = addresses.to_ascii(f"x@{domain}")[2:]
        draft = Draft(
            conversation=facts.conversation,
            settings=facts.settings,
            channel_name=facts.channel_name,
            unseen=facts.unseen,
            recap=facts.recap,
            reopen_url=reopen_url,
            token=token,
            message_id=f"<{tokens.new_token(self._random(16))}@{domain}>",
            references=facts.thread.references,
            subject=facts.thread.subject,
            composed_at=now,
        )
        return Prepared(facts, rule, token, reopen_url, no_link, self._compose(draft))

    def _compose(self, draft: Draft) -> Composed:
        """Tell a template that is wrong for every email from data that break a good one."""
        try:
            return compose(draft, self._templates)
        except TemplateFaultError:
            raise
        except ComposeError as error:
            from continuation_cli.core import specimen

            fault = specimen.fault(self._templates)
            if fault is not None:
                raise TemplateFaultError(str(fault)) from error
            raise
