"""How mail clients quote text: prefixes, line lengths, and what becomes of long lines."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def wrapped(text: str, width: int = 76) -> list[str]:
    """Lines no longer than `width`, words kept whole; white space and blank lines stay."""
    lines: list[str] = []
    for line in text.split("\n"):
        lines += textwrap.wrap(
            line, width, break_long_words=False, break_on_hyphens=False, drop_whitespace=True
        ) or [""]
    return lines


def quoted(
    lines: Sequence[str],
    inline: Mapping[str, str] | None = None,
    prefix: str = "> ",
    blank: str | None = None,
) -> str:
    """The lines with their prefix; below a line that is answered, the answer."""
    found = dict(inline or {})
    out: list[str] = []
    for line in lines:
        out.append(prefix + line if line else (prefix.rstrip() if blank is None else blank))
        answer = found.pop(line.strip(), None)
        if answer is not None:
            out.append(answer)
    assert not found, f"these lines are not in what is quoted: {list(found)}"
    return "\n".join(out)


def broken(text: str, width: int = 74) -> str:
    """What servers do that wrap what is too long: the rest of a line loses its prefix."""
    lines: list[str] = []
    for line in text.split("\n"):
        lines += textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False) or [
            line
        ]
    return "\n".join(lines)


def flowed(text: str, width: int = 72) -> str:
    """The text as format=flowed, RFC 3676: soft breaks end in a space, quotes are stuffed."""
    out: list[str] = []
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        mark, content = line[:depth], line[depth:]
        content = content.removeprefix(" ") if depth else content
        if line == "-- ":
            out.append(line)
            continue
        if not depth and content.startswith((" ", "From ")):
            content = f" {content}"
        pieces = textwrap.wrap(
            content.rstrip(), width - depth, break_long_words=False, break_on_hyphens=False
        ) or [""]
        space = " " if depth and content else ""
        out += [f"{mark}{space}{piece} " for piece in pieces[:-1]]
        out.append(f"{mark}{space}{pieces[-1]}")
    return "\n".join(out)
