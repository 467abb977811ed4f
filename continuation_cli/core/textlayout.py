"""Lays out the text of an HTML body: lines, lists, quotes, empty lines between blocks."""

from __future__ import annotations

import re
from typing import Final

#: Blocks with an empty line before them, in the text as in the HTML.
SPACED: Final = frozenset(
    {"p", "ul", "ol", "dl", "blockquote", "pre", "table", "h3", "h4", "h5", "h6", "hr"}
)
BLOCKS: Final = SPACED | frozenset(
    {"div", "li", "dt", "dd", "caption", "thead", "tbody", "tfoot", "tr", "th", "td"}
)


class TextLayout:
    """Lays out text: collapsed space, lists, quotes, an empty line between blocks."""

    _MARKS: Final = {"del": "~~", "s": "~~", "hr": "---"}

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line: list[str] = []
        self._prefixes: list[str] = []
        self._lists: list[int | None] = []  # the next number, None where there are only bullets
        self._bullet = ""
        self._gap: str | None = None
        self._verbatim = 0

    def write(self, text: str) -> None:
        if self._verbatim:
            first, *others = text.split("\n")
            self._line.append(first)
            for line in others:
                self.end_line()
                self._line.append(line)
            return
        collapsed = re.sub(r"[ \t\n]+", " ", text)
        if not self._line or self._line[-1].endswith(" "):
            collapsed = collapsed.lstrip(" ")
        if collapsed:
            self._line.append(collapsed)

    def end_line(self) -> None:
        # Prefixes beyond the tenth would say nothing to anybody, and grow with each line.
        prefix = "".join(self._prefixes[:10])
        if self._gap is not None and self._lines:
            self._lines.append(self._gap.rstrip())
        if self._bullet:
            prefix = "".join(self._prefixes[:-1][:10]) + self._bullet
        self._lines.append((prefix + "".join(self._line)).rstrip())
        self._line, self._bullet, self._gap = [], "", None

    def open(self, tag: str, start: str = "") -> None:
        if tag in ("td", "th") and self._line:
            self.write(" | ")
        elif tag in BLOCKS:
            self._end_block()
            self._ask_for_gap(tag)
        if tag in ("ul", "ol"):
            self._lists.append(int(start[:9]) if start.isdecimal() else int(tag == "ol") or None)
        elif tag == "li":
            number = self._lists[-1] if self._lists else None
            self._bullet = "- " if number is None else f"{number}. "
            if number is not None:
                self._lists[-1] = number + 1
            self._prefixes.append(" " * len(self._bullet))
        elif tag == "blockquote":
            self._prefixes.append("> ")
        elif tag == "pre":
            self._verbatim += 1
        elif tag in self._MARKS:
            self._line.append(self._MARKS[tag])
            if tag == "hr":
                self._end_block()
                self._ask_for_gap(tag)

    def close(self, tag: str) -> None:
        if tag in self._MARKS:
            self._line.append(self._MARKS[tag])
        if tag not in BLOCKS or tag in ("td", "th"):
            return
        self._end_block()
        if tag in ("ul", "ol") and self._lists:
            self._lists.pop()
        elif tag in ("li", "blockquote") and self._prefixes:
            self._prefixes.pop()
        elif tag == "pre":
            self._verbatim -= 1
        self._ask_for_gap(tag)

    def result(self) -> str:
        self._end_block()
        return "\n".join(self._lines).strip("\n")

    def _end_block(self) -> None:
        if "".join(self._line).strip():
            self.end_line()
        self._line = []

    def _ask_for_gap(self, tag: str) -> None:
        """An empty line before the next one; not within a list, nor after a bullet."""
        if tag in SPACED and not self._bullet and not (tag in ("ul", "ol") and self._prefixes):
            prefix = "".join(self._prefixes[:10])
            self._gap = prefix if self._gap is None else min(self._gap, prefix, key=len)
