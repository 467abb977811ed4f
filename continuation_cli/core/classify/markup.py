"""HTML as the lines that a reader would see, without a parser: enough to look for words in."""

from __future__ import annotations

import html
import re

_BREAKS = re.compile(r"<(?:br|/?p|/?div|/?tr|/?li|/?h[1-6]|/?table|/?pre)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"<[/!?a-zA-Z][^<>@]*>")
_HIDDEN = re.compile(r"<(/?)(?:style|script|title)\b", re.IGNORECASE)


def plain(markup: str) -> str:
    """The text of HTML. An address in angle brackets that were not escaped stays."""
    shown = html.unescape(_TAG.sub("", _BREAKS.sub("\n", _without_hidden(markup))))
    return shown.replace("\xa0", " ")


def _without_hidden(markup: str) -> str:
    """Without style sheets, scripts and the title. Each tag is looked at once: linear."""
    shown: list[str] = []
    at, is_hidden = 0, False
    for match in _HIDDEN.finditer(markup):
        if not is_hidden:
            shown.append(markup[at : match.start()])
        at, is_hidden = match.start(), not match[1]
    return "".join(shown) if is_hidden else "".join([*shown, markup[at:]])
