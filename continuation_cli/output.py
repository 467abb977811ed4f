"""Answers for three kinds of reader: people (rich, on a terminal), pipes (TSV), programs (JSON)."""

from __future__ import annotations

import json
import os
import re
import secrets
import stat
import sys
import unicodedata
from typing import TYPE_CHECKING, Any, BinaryIO

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime, timedelta

    from rich.console import Console

#: The version of the JSON envelope and of every answer in it (docs/json.md).
JSON_VERSION = 1


def is_terminal() -> bool:
    """Whether a person reads stdout."""
    return sys.stdout.isatty()


def emit_json(command: str, data: Any) -> None:
    """Print the JSON envelope; in UTF-8, whatever the locale (RFC 8259, section 8.1)."""
    envelope = {"version": JSON_VERSION, "command": command, "data": data}
    text = json.dumps(envelope, ensure_ascii=False, indent=2 if is_terminal() else None)
    click.echo(text.encode("utf-8", "backslashreplace"))


def note(text: str) -> None:
    """Say something that is not the answer: to stderr."""
    click.echo(printable(text), err=True)


def console(*, stderr: bool = False) -> Console:
    """A rich console; it honours NO_COLOR and the terminal's width."""
    from rich.console import Console

    return Console(stderr=stderr, highlight=False, soft_wrap=False)


def table(
    rows: Iterable[Mapping[str, Any]],
    columns: Mapping[str, str],
    *,
    styles: Mapping[str, str] | None = None,
    empty: str = "",
) -> None:
    """Print rows: a table for a person, TSV with a header line for a pipe.

    `columns` maps each key to its heading. On a terminal cells are fitted to its width; in a pipe
    they are never cut. `empty` is told to a person when there are no rows.
    """
    if is_terminal():
        _rich_table(list(rows), columns, styles or {}, empty)
        return
    click.echo("\t".join(columns))
    for row in rows:
        click.echo("\t".join(cell(row[key]) for key in columns))


def cell(value: Any) -> str:
    """A value for TSV: whole, but nothing in it ends a cell or a line or acts on a terminal."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        value = ",".join(str(entry) for entry in value)
    text = str(value).replace("\\", "\\\\")
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text
    )


def one_line(text: str) -> str:
    """Text from a stranger as one line on a terminal: it must not pass for lines of ours."""
    return "".join(c if c.isprintable() else _harmless(c) for c in text)


def printable(text: str) -> str:
    """Text from a stranger, fit for a terminal: no escape sequences, no controls but line ends."""
    return "".join(c if c.isprintable() or c == "\n" else _harmless(c) for c in text.expandtabs())


#: They join, or keep apart, the characters of one emoji or word; text is misspelt without them.
_JOINERS = "\u200c\u200d"
#: Soft hyphen, zero-width space, direction marks, word joiner, byte order mark: common, invisible.
_INVISIBLE = "\u00ad\u200b\u200e\u200f\u2060\ufeff"


def _harmless(unprintable: str) -> str:
    """What a terminal is given for a character that `str.isprintable` is wary of."""
    if unprintable in _JOINERS:
        return unprintable
    if unprintable in _INVISIBLE:
        return ""
    # French and many numbers are written with no-break spaces.
    return " " if unicodedata.category(unprintable) == "Zs" else "�"


def _rich_table(
    rows: list[Mapping[str, Any]],
    columns: Mapping[str, str],
    styles: Mapping[str, str],
    empty: str,
) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    if not rows:
        if empty:
            console().print(empty, markup=False)
        return
    least = {key: _least_width(rows, key, heading) for key, heading in columns.items()}
    is_narrow = sum(least.values()) + len(least) + _SLACK > console().width
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for key, heading in columns.items():
        # A time may be folded between date and clock, if it must.
        is_time = least[key] == _TIME_WIDTH
        width = least[key] if not is_time else len("2026-03-01")
        shown.add_column(
            heading, overflow="fold", min_width=width, no_wrap=is_time and not is_narrow
        )
    for row in rows:
        cells = []
        for key in columns:
            value = brief_time(row[key])
            if isinstance(value, list | tuple):
                value = ", ".join(str(entry) for entry in value)
            text = "" if value is None else printable(str(value))
            cells.append(Text(text, style=styles.get(f"{key}={value}", styles.get(key, ""))))
        shown.add_row(*cells)
    console().print(shown)


_TIME_WIDTH = len("2026-03-01 09:00:00")
#: What the columns of a table need beside what should not be folded, to be readable.
_SLACK = 30


def _least_width(rows: list[Mapping[str, Any]], key: str, heading: str) -> int:
    """Of a column: that of its heading's longest word, a time, the longest state or setting."""
    if any(brief_time(row[key]) != row[key] for row in rows):
        return _TIME_WIDTH
    words = [len(str(row[key])) for row in rows] if key in ("state", "key") else []
    return max(*map(len, heading.split()), *words, 0)


def brief_time(value: Any) -> Any:
    """A stored time as people read it, to the second; anything else as it is."""
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z", value):
        return f"{value[:10]} {value[11:19]}"
    return value


#: Colours of the states, wherever they stand.
STATE_STYLES = {
    "state=due": "bold green",
    "state=waiting": "yellow",
    "state=skipped": "dim",
    "state=sent": "green",
    "state=deferred": "yellow",
    "state=failed": "bold red",
    "state=unknown": "bold magenta",
    "state=cancelled": "dim",
    "state=posted": "green",
    "state=quarantined": "yellow",
    "state=ignored": "dim",
    "state=rejected": "dim",
}


def span(length: timedelta) -> str:
    """A length of time in its two largest units, for a person: `3m 20s`, `2d 4h`."""
    seconds = int(abs(length.total_seconds()))
    units = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
    parts: list[str] = []
    for unit, size in units:
        number, seconds = divmod(seconds, size)
        if number or (parts and len(parts) < 2):
            parts.append(f"{number}{unit}")
        if len(parts) == 2:
            break
    return " ".join(part for part in parts if not part.startswith("0")) or "0s"


def moment(at: datetime, now: datetime) -> str:
    """A time for a person: `2026-03-01 09:00:00 (3m ago)`; UTC."""
    return f"{at:%Y-%m-%d %H:%M:%S} ({distance(at, now)})"


def distance(at: datetime, now: datetime) -> str:
    """How far off a time is, for a person: `in 3m`, `2h 5m ago`."""
    return f"in {span(at - now)}" if at > now else f"{span(now - at)} ago"


def write_file(path: str, content: bytes) -> None:
    """Write an answer to a file, readable by its owner: emails are private."""
    with private_file(path) as stream:
        stream.write(content)


def private_file(path: str, *, follow: bool = True) -> BinaryIO:
    """A file to write, emptied, readable by its owner only. `follow`: also through a symbolic link,
    as a person may mean who named it. Raises OSError."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    file = os.open(path, flags, 0o600)
    try:
        if stat.S_ISREG(os.fstat(file).st_mode):  # one that was there may be open to others
            os.fchmod(file, 0o600)
    except BaseException:
        os.close(file)
        raise
    return os.fdopen(file, "wb")


def replace_file(path: str, content: bytes, mode: int) -> None:
    """Put a whole file in the place of another in one step: who reads it meanwhile gets the old one
    or the new one, and after a failure, a sudden end included, the old one is there. Raises
    OSError."""
    folder, name = os.path.split(path)
    # Hidden, and with an ending of its own, so that nobody takes it for the file.
    unfinished = os.path.join(folder, f".{name}.{secrets.token_hex(4)}.tmp")  # noqa: PTH118
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    file = os.open(unfinished, flags, 0o600)
    try:
        with os.fdopen(file, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fchmod(file, mode)  # the umask does not count
            os.fsync(file)
        os.replace(unfinished, path)  # noqa: PTH105
    except BaseException:
        os.unlink(unfinished)  # noqa: PTH108
        raise
