"""Answers within our email where nothing tells what is quoted: Outlook's "see below".

They can be told only from what we sent, line by line.
"""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from typing import TYPE_CHECKING, Final

from continuation_cli.core.extract import html, ours
from continuation_cli.core.extract.lines import key_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from continuation_cli.core.extract.lines import Line

#: Lines of ours that must be there, and what part of all, before others are taken for answers.
_FEWEST: Final = 5
_PART: Final = 2 / 3
_BREAKS = re.compile(
    rf"</?(?:br|{'|'.join(sorted(html.BLOCKS))})(?:[\s/][^<>]{{0,2000}})?>", re.IGNORECASE
)


def answers(markup: str, sent: str) -> list[Line]:
    """What stands between the lines of our email (`sent`, its HTML) below its marker, with the
    line that is answered before it as a quoted one; nothing if the two are not much alike.
    """
    lines = html.lines_of(markup)
    marker = next((n for n, line in enumerate(lines) if ours.is_marker(line.key)), None)
    if marker is None:
        return []
    below = [line for line in lines[marker + 1 :] if line.key]
    blocks = frozenset(ours.fold(key_of(text)) for text in texts_of(sent))
    if all(_is_own(line.key, blocks) for line in below):
        return []
    own = frozenset(ours.fold(line.key) for line in html.lines_of(sent) if line.key)
    is_own = [_is_own(line.key, own) for line in below]
    count = sum(is_own)
    if count < _FEWEST or count < _PART * len(below):
        return []
    last = len(below) - 1 - is_own[::-1].index(True)
    return list(_between(below[:last], is_own))


def texts_of(markup: str) -> list[str]:
    """The texts of an email's blocks, hidden ones too, ten times as quick as to read its lines."""
    body = markup[max(markup.find("<body"), 0) :]
    return [unescape(html.TAGS.sub("", t)) for t in _BREAKS.split(body) if not t.isspace()]


def _is_own(key: str, own: frozenset[str]) -> bool:
    folded = ours.fold(key)
    return not folded or folded in own or ours.is_ending(key)


def _between(lines: Sequence[Line], is_own: Sequence[bool]) -> Iterator[Line]:
    answered: Line | None = None
    for line, own in zip(lines, is_own, strict=False):
        if own:
            answered = line
            continue
        if answered is not None:
            yield replace(answered, depth=1, mark="")
            answered = None
        yield replace(line, depth=0, mark="")
