"""Writing chat events into the tables: in any order, as often as one likes, to the same end.

Every time a page or a conversation knows is the latest (or the earliest) of its kind, so that no
event can undo what a later one said.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from continuation_cli.core.schedule import UNKNOWN_OPENING
from continuation_cli.core.times import to_text

if TYPE_CHECKING:
    import sqlite3

    from continuation_cli.core.events import Event

#: The channel of a conversation that no event has given one.
DEFAULT_CHANNEL = "default"

#: How many conversations are remembered as known; past it they are looked up again.
_REMEMBERED = 20_000

_UNOPENED = to_text(UNKNOWN_OPENING)

_PAGE_TIMES = {
    "page_hidden": "hidden_at",
    "page_visible": "visible_at",
    "page_active": "last_active_at",
    "page_closed": "closed_at",
}

#: What an edit may change, each by itself, and the column that says since when it is so.
_CHANGES = {"text": "edited_at", "format": "format_at", "attachments": "attachments_at"}


class EventWriter:
    """Applies events within transactions that the caller holds."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._began: dict[str, str] = {}
        self._channels: set[str] = set()
        self._early: bool | None = None
        self._appliers = {
            "conversation": self._describe,
            "page_opened": self._open_page,
            **dict.fromkeys(_PAGE_TIMES, self._move_page),
            "message": self._add_message,
            "message_edited": self._change_message,
            "message_deleted": self._change_message,
            "seen": self._read_through,
            "customer": self._describe,
            "conversation_closed": self._close_or_open,
            "conversation_opened": self._close_or_open,
        }

    def apply(self, event: Event) -> bool:
        """Write one event; whether it changed anything."""
        before = self._connection.total_changes
        began = self._began.get(event.conversation)
        if began is None or event.at < began or event.channel is not None:
            self._ensure_conversation(event)
        self._appliers[event.type](event)
        return self._connection.total_changes != before

    def forget(self) -> None:
        """Forget what is known of the tables: after a rollback, or when others may have written."""
        self._began.clear()
        self._channels.clear()
        self._early = None

    def _has_early_changes(self) -> bool:
        """Whether any message was changed before it came; asked within the transaction, as others
        may have written until then."""
        if self._early is None:
            query = "SELECT EXISTS (SELECT 1 FROM early_changes)"
            self._early = bool(self._connection.execute(query).fetchone()[0])
        return self._early

    def _ensure_conversation(self, event: Event) -> None:
        known = self._connection.execute(
            "SELECT began_at FROM conversations WHERE id = ?", (event.conversation,)
        ).fetchone()
        if known is None or event.channel is not None:
            self._ensure_channel(event.channel or DEFAULT_CHANNEL, event.at)
        if known is None:
            self._connection.execute(
                "INSERT INTO conversations (id, channel, began_at, channel_at) VALUES (?, ?, ?, ?)",
                (
                    event.conversation, event.channel or DEFAULT_CHANNEL, event.at,
                    event.at if event.channel else None,
                ),
            )  # fmt: skip
        elif event.at < known[0]:
            self._connection.execute(
                "UPDATE conversations SET began_at = ? WHERE id = ?", (event.at, event.conversation)
            )
        if len(self._began) >= _REMEMBERED:
            self._began.clear()
        self._began[event.conversation] = min(event.at, known[0]) if known else event.at
        if known is not None and event.channel is not None:
            self._set_latest(event, "channel", event.channel)

    def _ensure_channel(self, channel: str, at: str) -> None:
        if channel not in self._channels:
            self._connection.execute(
                "INSERT INTO channels (id, created_at) VALUES (?, ?) ON CONFLICT DO NOTHING",
                (channel, at),
            )
            self._channels.add(channel)

    def _set_latest(self, event: Event, column: str, value: str | None) -> None:
        self._connection.execute(
            f"UPDATE conversations SET {column} = ?1, {column}_at = ?2 WHERE id = ?3 AND "
            f"(?2, ifnull(?1, '')) > (ifnull({column}_at, ''), ifnull({column}, ''))",
            (value, event.at, event.conversation),
        )

    def _describe(self, event: Event) -> None:
        for column, value in event.fields.items():
            if value is not None or event.type == "customer":
                self._set_latest(event, column, value or None)

    def _open_page(self, event: Event) -> None:
        self._connection.execute(
            "INSERT INTO pages (conversation, id, opened_at) VALUES (?, ?, ?) "
            "ON CONFLICT (conversation, id) DO UPDATE SET opened_at = excluded.opened_at "
            "WHERE excluded.opened_at > opened_at",
            (event.conversation, event.fields["page"], event.at),
        )
        self._locate_page(event)

    def _move_page(self, event: Event) -> None:
        column = _PAGE_TIMES[event.type]
        self._connection.execute(
            f"INSERT INTO pages (conversation, id, opened_at, {column}) VALUES (?, ?, ?, ?) "
            f"ON CONFLICT (conversation, id) DO UPDATE SET {column} = excluded.{column} "
            f"WHERE excluded.{column} > ifnull({column}, '')",
            (event.conversation, event.fields["page"], _UNOPENED, event.at),
        )
        self._locate_page(event)

    def _locate_page(self, event: Event) -> None:
        """Any event of a page may say where the page is: a single-page application moves."""
        url = event.fields["url"]
        if url is not None:
            self._connection.execute(
                "UPDATE pages SET url = ?1, url_at = ?2 WHERE conversation = ?3 AND id = ?4 "
                "AND (url_at IS NULL OR (?2, ?1) > (url_at, url))",
                (url, event.at, event.conversation, event.fields["page"]),
            )

    def _add_message(self, event: Event) -> None:
        fields = event.fields
        added = self._connection.execute(
            "INSERT INTO messages (conversation, id, author, via, name, text, format, attachments, "
            "sent_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (
                event.conversation, fields["id"], fields["author"], fields["via"], fields["name"],
                fields["text"], fields["format"], fields["attachments"], event.at,
            ),
        )  # fmt: skip
        if added.rowcount == 1 and self._has_early_changes():
            self._apply_early_changes(event.conversation, fields["id"])

    def _change_message(self, event: Event) -> None:
        message = event.fields["id"]
        changes = {key: event.fields[key] for key in _CHANGES if event.fields.get(key) is not None}
        if event.type == "message_deleted":
            changes = {"deletion": ""}
        known = self._connection.execute(
            "SELECT 1 FROM messages WHERE conversation = ? AND id = ?",
            (event.conversation, message),
        ).fetchone()
        for change, value in changes.items():
            if known is not None:
                self._change(change, event.conversation, message, event.at, value)
            else:
                self._change_early(change, event.conversation, message, event.at, value)

    def _change_early(
        self, change: str, conversation: str, message: str, at: str, value: str
    ) -> None:
        self._early = True
        newer = "<" if change == "deletion" else ">"
        self._connection.execute(
            "INSERT INTO early_changes (conversation, message, change, at, value) "
            "VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET at = excluded.at, "
            f"value = excluded.value WHERE (excluded.at, excluded.value) {newer} (at, value)",
            (conversation, message, change, at, value),
        )

    def _apply_early_changes(self, conversation: str, message: str) -> None:
        found = self._connection.execute(
            "SELECT change, at, value FROM early_changes WHERE conversation = ? AND message = ?",
            (conversation, message),
        ).fetchall()
        for change, at, value in found:
            self._change(change, conversation, message, at, value)
        self._connection.execute(
            "DELETE FROM early_changes WHERE conversation = ? AND message = ?",
            (conversation, message),
        )

    def _change(self, change: str, conversation: str, message: str, at: str, value: str) -> None:
        if change == "deletion":
            self._connection.execute(
                "UPDATE messages SET deleted_at = ?1 WHERE conversation = ?2 AND id = ?3 "
                "AND (deleted_at IS NULL OR deleted_at > ?1)",
                (at, conversation, message),
            )
            return
        since = _CHANGES[change]
        self._connection.execute(
            f"UPDATE messages SET {change} = ?1, {since} = ?2 WHERE conversation = ?3 AND id = ?4 "
            f"AND ({since} IS NULL OR (?2, ?1) > ({since}, {change}))",
            (value, at, conversation, message),
        )

    def _read_through(self, event: Event) -> None:
        self._connection.execute(
            "INSERT INTO reads (conversation, through, at) VALUES (?, ?, ?) "
            "ON CONFLICT DO UPDATE SET at = excluded.at WHERE excluded.at < at",
            (event.conversation, event.fields["through"], event.at),
        )

    def _close_or_open(self, event: Event) -> None:
        column = "closed_at" if event.type == "conversation_closed" else "reopened_at"
        self._connection.execute(
            f"UPDATE conversations SET {column} = ?1 WHERE id = ?2 AND ifnull({column}, '') < ?1",
            (event.at, event.conversation),
        )
