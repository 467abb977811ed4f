"""`import`: chat events as JSON Lines into the database."""

from __future__ import annotations

import os
import sys
from typing import IO, TYPE_CHECKING, Any

import click

from continuation_cli.commands.context import Context, Failure, data_error
from continuation_cli.core import events
from continuation_cli.output import emit_json, is_terminal, note, private_file
from continuation_cli.store import db
from continuation_cli.store.events import EventWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from continuation_cli.store.db import Connection

#: Events in one transaction: enough that the commit is cheap, few enough to let others write.
BATCH = 2_000

#: No event is longer than this, in octets; a longer line is set aside without being kept in memory.
LONGEST_LINE = 16 * 1024 * 1024

#: After so many complaints on the terminal only their number is told.
MOST_COMPLAINTS = 20


class Importer:
    """Counts, and sets broken lines aside."""

    def __init__(
        self, connection: Connection, rejects: str | None, *, strict: bool = False
    ) -> None:
        self._connection = connection
        self._strict = strict
        self._writer = EventWriter(connection)
        self._rejects = rejects
        self._set_aside: IO[bytes] | None = None
        self.counts = {"read": 0, "changed": 0, "rejected": 0}
        self.errors: list[dict[str, Any]] = []

    def run(self, source: IO[bytes], progress: Callable[[int], None]) -> None:
        """Import all; if strict, raise _RolledBack at the first broken line, nothing written."""
        lines = _lines(source)
        if self._strict:
            with db.writing(self._connection):
                while self._batch(lines, progress):
                    pass
            return
        more = True
        while more:
            with db.writing(self._connection):
                more = self._batch(lines, progress)
            # Between two batches others may have written.
            self._writer.forget()

    def _batch(self, lines: Iterator[tuple[int, bytes]], progress: Callable[[int], None]) -> bool:
        octets = 0
        for _ in range(BATCH):
            entry = next(lines, None)
            if entry is None:
                progress(octets)
                return False
            octets += len(entry[1])
            self._line(*entry)
        progress(octets)
        return True

    def _line(self, number: int, line: bytes) -> None:
        if not line.strip():
            return
        self.counts["read"] += 1
        try:
            if len(line) > LONGEST_LINE:
                raise events.EventError(f"longer than {LONGEST_LINE} octets")
            self.counts["changed"] += self._writer.apply(events.parse(line))
        except events.EventError as error:
            self.counts["rejected"] += 1
            if len(self.errors) < MOST_COMPLAINTS:
                self.errors.append({"line": number, "error": str(error)})
                note(f"line {number}: {error}")
            if self._rejects is not None:
                self._reject(line if line.endswith(b"\n") else line + b"\n")
            if self._strict:
                raise _RolledBack from None

    def _reject(self, line: bytes) -> None:
        """Keep a line that was set aside; the file is made when there is one."""
        if self._set_aside is None:
            path = str(self._rejects)
            self._set_aside = sys.stdout.buffer if path == "-" else private_file(path)
        self._set_aside.write(line)

    def close(self) -> None:
        """Nothing more is set aside."""
        if self._set_aside is not None:
            self._set_aside.flush()
            if self._rejects != "-":
                self._set_aside.close()


class _RolledBack(Exception):  # noqa: N818 - not an error: it carries the decision to the top
    pass


def _lines(source: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Numbered lines, none held longer than LONGEST_LINE and a little."""
    number = 0
    while line := source.readline(LONGEST_LINE + 1):
        number += 1
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        yield number, line
        while not line.endswith(b"\n") and len(line) > LONGEST_LINE:
            line = source.readline(LONGEST_LINE + 1)


@click.command("import")
@click.argument("file", type=click.File("rb"))
@click.option("--strict", is_flag=True, help="Stop at the first broken line and write nothing.")
@click.option("--rejects", metavar="FILE", help="Write the lines set aside to this file.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON (docs/json.md).")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing unless a line is set aside.")
@click.pass_obj
def import_(
    context: Context,
    file: IO[bytes],
    strict: bool,
    rejects: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Import chat events, one JSON object a line; - reads stdin.

    The events are described in docs/events.md.
    Importing the same events again, or in another order, gives the same result. A broken line is
    reported with its number and set aside, the rest is imported, and the exit code is 65.
    """
    connection = context.write()
    importer = Importer(connection, rejects, strict=strict)
    stopped = False
    try:
        with _progress(file, quiet or as_json) as progress:
            importer.run(file, progress)
    except _RolledBack:
        stopped = True
        importer.counts["changed"] = 0
    finally:
        importer.close()
        connection.close()
    counts = importer.counts
    hidden = counts["rejected"] - len(importer.errors)
    if hidden:
        note(f"and {hidden} more lines set aside")
    if as_json:
        emit_json("import", {**counts, "errors": importer.errors})
    if stopped:
        data_error("nothing was written, because of --strict")
    if not (quiet or as_json):
        same = counts["read"] - counts["changed"] - counts["rejected"]
        note(
            f"{counts['read']} events read: {counts['changed']} brought something new, {same} were "
            f"known already, {counts['rejected']} set aside."
        )
    if counts["rejected"]:
        raise Failure(f"{counts['rejected']} of {counts['read']} lines set aside", os.EX_DATAERR)


class _progress:  # noqa: N801 - used as a function
    """A progress bar for a person who waits for a file; nothing otherwise."""

    def __init__(self, file: IO[bytes], quiet: bool) -> None:
        self._bar: Any = None
        try:
            size = os.fstat(file.fileno()).st_size
        except (OSError, ValueError):
            size = 0
        if not quiet and is_terminal() and size > 1_000_000:
            self._bar = click.progressbar(length=size, label="Importing", width=0)

    def __enter__(self) -> Callable[[int], None]:
        if self._bar is None:
            return lambda _octets: None
        bar = self._bar.__enter__()
        update: Callable[[int], None] = bar.update
        return update

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.__exit__(*error)
