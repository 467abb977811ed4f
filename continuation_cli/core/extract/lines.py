"""A body as lines that know how deeply they are quoted. Linear in the length of the text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

Mark = Literal["", "attribution", "cut", "signature", "bare"]

#: Lines longer than this, in characters, are text: no pattern looks at the rest of them.
LONGEST: Final = 1_000
#: Quotes within quotes are not told apart beyond this depth.
_DEEPEST: Final = 20
#: Lines beyond are not looked at one by one: they stay together as they are.
MOST: Final = 10_000

_BREAKS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_BLANKS = re.compile(r"\n(?:[ \t\xa0]*\n){2,}")
_PREFIX = re.compile(r"[ \t\xa0]{0,8}(?:[>＞›][ \t\xa0]?)+")
#: ">:(" and the like are said, not quoted.
_EMOTICON = re.compile(r">[:;.=_xX][-'_]?[()|/\\\[\]<>DOPdop3](?:\s|$)")
_INITIALS = re.compile(r"[ \t]{0,2}([A-Za-z]{1,4})>(?:[ \t]|$)")
#: What has no width and would hide a word from a pattern: zero-width and bidirectional controls.
_INVISIBLE = dict.fromkeys(
    [*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF, 0xAD], ""
) | {0xA0: " ", 0x202F: " ", 0x3000: " "}


@dataclass(slots=True)
class Line:
    """One line. `text` is without the prefix of a quote, `key` is what patterns look at."""

    text: str
    depth: int
    key: str
    mark: Mark = ""

    @property
    def is_blank(self) -> bool:
        """Whether nothing can be seen in it; a mark of the markup's structure is no blank."""
        return not self.key and self.mark in ("", "signature", "bare")


def key_of(text: str) -> str:
    """The text as patterns look at it: cut to LONGEST, nothing invisible, no outer white space."""
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]}…"
    if not text.isascii():
        text = text.translate(_INVISIBLE)
    if "&nbsp;" in text:  # QQ's text parts are not quite free of markup
        text = text.replace("&nbsp;", " ")
    return text.strip()


def line_of(text: str, depth: int = 0, mark: Mark = "") -> Line:
    """A line; prefixes within its text add to the depth."""
    match = _PREFIX.match(text) if ">" in text or "＞" in text or "›" in text else None
    if match is not None and not _EMOTICON.match(text):
        prefix = match[0]
        depth += prefix.count(">") + prefix.count("＞") + prefix.count("›")
        text = text[match.end() :]
    return Line(text, min(depth, _DEEPEST), key_of(text), mark)


def split(text: str) -> list[Line]:
    """The lines of a text. Of several blank lines one stays."""
    text = _BLANKS.sub("\n\n", _BREAKS.sub("\n", text))
    parts = text.split("\n", MOST)
    lines = [line_of(part.rstrip()) for part in parts]
    if "```" in text:
        _keep_code(parts, lines)
    _quoted_by_initials(lines)
    return lines


def _keep_code(parts: list[str], lines: list[Line]) -> None:
    """What stands between fences (as in Markdown) is nobody's quote or signature."""
    fences = [number for number, part in enumerate(parts) if part.startswith("```")]
    for first, last in zip(fences[::2], fences[1::2], strict=False):
        for number in range(first, last + 1):
            lines[number] = Line(parts[number].rstrip(), 0, "`")


def _quoted_by_initials(lines: list[Line]) -> None:
    """Two lines and more that begin with the same initials and ">" ("AL> text") are quoted."""
    run: list[tuple[Line, int]] = []
    initials = ""
    for line in [*lines, Line("", 0, "")]:
        match = None
        if line.depth == 0 and ">" in line.key[:6]:
            match = _INITIALS.match(line.text)
        if match is not None and (not run or match[1] == initials):
            initials = match[1]
            run.append((line, match.end()))
            continue
        if len(run) > 1:
            for quoted, end in run:
                quoted.depth = 1
                quoted.text = quoted.text[end:]
                quoted.key = key_of(quoted.text)
        run = []


def shown(lines: Iterable[Line]) -> str:
    """The lines as text, quoted ones marked, without blank lines at either end."""
    out: list[str] = []
    for line in lines:
        if line.mark == "cut":
            continue
        text = line.text.rstrip()
        if line.depth:
            text = f"{'>' * line.depth} {text}".rstrip()
        if text or (out and out[-1]):
            out.append(text)
    return "\n".join(out).strip("\n").rstrip()
