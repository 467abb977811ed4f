"""`continuation`, which is killed at a commit: python doomed.py before|after KIND NUMBER ARGUMENT …

KIND is what the transaction holds: `claim`, `outcome`, `combined` (both), `recover` (what a sweep
that was killed had left). NUMBER counts those of that kind, from 1.
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from continuation_cli import __main__
from continuation_cli.store import db

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

RECOVERS = "SELECT id FROM emails WHERE state = 'sending'"
CLAIMS = "INSERT INTO attempts"
RECORDS = "UPDATE attempts SET finished_at"


def kind_of(statements: list[str]) -> str | None:
    def holds(mark: str) -> bool:
        return any(statement.startswith(mark) for statement in statements)

    if holds(RECOVERS):
        return "recover"
    if holds(CLAIMS):
        return "combined" if holds(RECORDS) else "claim"
    return "outcome" if holds(RECORDS) else None


def doom(when: str, kind: str, number: int) -> None:
    usual, left = db.writing, [number]

    def step(now: str) -> None:
        if left[0] == 0 and now == when:
            os.kill(os.getpid(), signal.SIGKILL)

    @contextmanager
    def writing(connection: sqlite3.Connection, *, patient: bool = False) -> Iterator[None]:
        statements: list[str] = []
        with usual(connection, patient=patient):
            connection.set_trace_callback(statements.append)
            try:
                yield
            finally:
                connection.set_trace_callback(None)
            left[0] -= kind_of(statements) == kind
            step("before")
        step("after")

    db.writing = writing


if __name__ == "__main__":
    doom(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    sys.argv[1:] = sys.argv[4:]
    __main__.main()
