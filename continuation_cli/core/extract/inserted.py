"""Answers within our email where nothing tells what is quoted: Outlook's "see below".

They can be told only from what we sent, line by line.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from continuation_cli.core.extract import html, ours

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from continuation_cli.core.extract.lines import Line

#: Lines of ours that must be there, and what part of all, before others are taken for answers.
_FEWEST: Final = 5
_PART: Final = 2 / 3


def answers(markup: str, sent: str) -> list[Line]:
    """What stands between the lines of our email (`sent`, its HTML) below its marker, with the
    line that is answered before it as a quoted one; nothing if the two are not much alike.
    """
    lines = html.lines_of(markup)
    marker = next((n for n, line in enumerate(lines) if ours.is_marker(line.key)), None)
    if marker is None:
        return []
    own = frozenset(ours.fold(line.key) for line in html.lines_of(sent) if line.key)
    below = [line for line in lines[marker + 1 :] if line.key]
    is_own = [_is_own(line.key, own) for line in below]
    count = sum(is_own)
    if count < _FEWEST or count < _PART * len(below):
        return []
    last = len(below) - 1 - is_own[::-1].index(True)
    return list(_between(below[:last], is_own))


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
