"""Which mail `fetch` has left in its mailbox, so that it need not look at it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable


def passed_over(connection: sqlite3.Connection, mailbox: str) -> set[str]:
    """The keys of the mails that were left in a mailbox."""
    rows = connection.execute("SELECT mail FROM passed_over WHERE mailbox = ?", (mailbox,))
    return {row["mail"] for row in rows}


def pass_over(connection: sqlite3.Connection, mailbox: str, mail: str) -> None:
    """Note that a mail was left in a mailbox."""
    connection.execute(
        "INSERT INTO passed_over (mailbox, mail) VALUES (?, ?) ON CONFLICT DO NOTHING",
        (mailbox, mail),
    )


def forget(connection: sqlite3.Connection, mailbox: str, mails: Iterable[str]) -> None:
    """Note that mails are no longer there."""
    connection.executemany(
        "DELETE FROM passed_over WHERE mailbox = ? AND mail = ?", ((mailbox, m) for m in mails)
    )
