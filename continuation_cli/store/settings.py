"""The settings' rows, their history, and the signing keys."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from continuation_cli.core import settings, times
from continuation_cli.core.links import SigningKey
from continuation_cli.store.db import SettingError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping
    from datetime import datetime

    from continuation_cli.core.model import Settings


def stored(connection: sqlite3.Connection, channel: str | None) -> dict[str, str]:
    """What was set for one channel, or with None the database's defaults."""
    rows = connection.execute("SELECT key, value FROM settings WHERE channel = ?", (channel or "",))
    return {row["key"]: row["value"] for row in rows if row["key"] in settings.SPECS}


class SettingsReader:
    """The effective settings by channel, each read once: for one run over many conversations."""

    def __init__(
        self, connection: sqlite3.Connection, overrides: Mapping[str, str] | None = None
    ) -> None:
        self._connection = connection
        self._overrides = overrides or {}
        self._defaults = stored(connection, None)
        self._effective: dict[str, Settings] = {}

    def of(self, channel: str) -> Settings:
        """The settings in force for one channel. Raises db.SettingError for a value that was
        written past the check, with SQL.
        """
        if channel not in self._effective:
            own = stored(self._connection, channel)
            try:
                found = settings.effective(self._defaults, own, self._overrides)
            except settings.InvalidSettingError as error:
                raise SettingError(_how_to_mend(error, channel, own)) from None
            self._effective[channel] = found
        return self._effective[channel]


def _how_to_mend(error: Exception, channel: str, own: Mapping[str, str]) -> str:
    key = str(error).partition(":")[0]
    where = f" --channel {channel}" if key in own else ""
    return (
        f"a setting in the database has no valid value: {error}; set it anew, for example: "
        f"continuation settings set {key.replace('_', '-')} {settings.SPECS[key].example}{where}"
    )


def transport(connection: sqlite3.Connection) -> str | None:
    """The database's transport URL, if one is set."""
    return stored(connection, None).get("transport")


def change(
    connection: sqlite3.Connection,
    channel: str | None,
    key: str,
    value: str | None,
    *,
    by: str,
    now: datetime,
) -> str | None:
    """Set a checked value, or with None unset it, and note it in the history; the old value."""
    row = connection.execute(
        "SELECT value FROM settings WHERE channel = ? AND key = ?", (channel or "", key)
    ).fetchone()
    old: str | None = row["value"] if row else None
    if value == old:
        return old
    if value is None:
        connection.execute(
            "DELETE FROM settings WHERE channel = ? AND key = ?", (channel or "", key)
        )
    else:
        connection.execute(
            "INSERT INTO settings (channel, key, value) VALUES (?, ?, ?) "
            "ON CONFLICT (channel, key) DO UPDATE SET value = excluded.value",
            (channel or "", key, value),
        )
    connection.execute(
        "INSERT INTO settings_history (at, by, channel, key, old, new) VALUES (?, ?, ?, ?, ?, ?)",
        (times.to_text(now), by, channel or "", key, old, value),
    )
    return old


def history(
    connection: sqlite3.Connection, channel: str | None, key: str | None
) -> list[sqlite3.Row]:
    """The changes, newest first; of one channel or one setting if named."""
    return connection.execute(
        "SELECT at, by, nullif(channel, '') AS channel, key, old, new FROM settings_history "
        "WHERE (?1 IS NULL OR channel = ?1) AND (?2 IS NULL OR key = ?2) ORDER BY id DESC",
        (channel, key),
    ).fetchall()


# --- Signing keys: the newest signs, all verify ------------------------------------------------


def keys(connection: sqlite3.Connection) -> list[sqlite3.Row]:
    """All keys (kid, secret, created_at), newest first."""
    return connection.execute(
        "SELECT kid, secret, created_at FROM keys ORDER BY id DESC"
    ).fetchall()


def signing_key(connection: sqlite3.Connection) -> SigningKey | None:
    """The newest key, which signs."""
    newest = next(iter(keys(connection)), None)
    return SigningKey(newest["kid"], newest["secret"]) if newest else None


def add_key(connection: sqlite3.Connection, now: datetime) -> str:
    """Make a new signing key; its kid. Links signed with older keys stay valid."""
    kid = secrets.token_hex(4)
    connection.execute(
        "INSERT INTO keys (kid, secret, created_at) VALUES (?, ?, ?)",
        (kid, secrets.token_bytes(32), times.to_text(now)),
    )
    return kid


def remove_key(connection: sqlite3.Connection, kid: str) -> bool:
    """Remove a key, and with it all links it signed; False if there is no such key."""
    return connection.execute("DELETE FROM keys WHERE kid = ?", (kid,)).rowcount == 1
