"""`continuation`, which is killed at a commit: python doomed.py before|after NUMBER ARGUMENT …

NUMBER counts the program's write transactions, from 1.
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


def doom(when: str, number: int) -> None:
    usual, left = db.writing, [number]

    def step(now: str) -> None:
        if left[0] == 0 and now == when:
            os.kill(os.getpid(), signal.SIGKILL)

    @contextmanager
    def writing(connection: sqlite3.Connection, *, patient: bool = False) -> Iterator[None]:
        with usual(connection, patient=patient):
            yield
            left[0] -= 1
            step("before")
        step("after")

    db.writing = writing


if __name__ == "__main__":
    doom(sys.argv[1], int(sys.argv[2]))
    sys.argv[1:] = sys.argv[3:]
    __main__.main()
