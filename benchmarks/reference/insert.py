"""What importing is measured against: every line through json.loads, and the messages alone
written with executemany, nothing checked.

Run as `python -m benchmarks.reference.insert DATABASE EVENTS`; the database has no triggers.
"""

import json
import sqlite3
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

BATCH = 2_000
_INSERT = (
    "INSERT INTO messages (conversation, id, author, name, text, sent_at) VALUES (?, ?, ?, ?, ?, ?)"
)

Row = tuple[str, str, str, str | None, str, str]


def messages(events: Path) -> Iterator[Row]:
    """The values of each message in a file of events."""
    with events.open("rb") as lines:
        for line in lines:
            event = json.loads(line)
            if event["type"] == "message":
                yield (
                    event["conversation"], event["id"], event["author"], event.get("name"),
                    event["text"], event["at"],
                )  # fmt: skip


def main() -> None:
    """Write them, 2,000 in a transaction, with nothing but the messages' own constraints."""
    connection = sqlite3.connect(sys.argv[1], isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    rows = messages(Path(sys.argv[2]))
    while batch := list(islice(rows, BATCH)):
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(_INSERT, batch)
        connection.execute("COMMIT")
    connection.close()


if __name__ == "__main__":
    main()
