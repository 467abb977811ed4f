"""What we know of our own emails: their markers, their texts, and what must not be shown again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from continuation_cli.core.phrases import BY_LANGUAGE, REPLY_MARKERS

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Sent", "is_marker", "without_secrets"]


@dataclass(frozen=True, slots=True)
class Sent:
    """What the email held that is answered: the texts of its messages, and of its two parts."""

    texts: tuple[str, ...] = ()
    text_part: str = ""
    html_part: str = ""


def fold(text: str) -> str:
    """What lines are compared by: without white space, decoration and differences of case."""
    return "".join(text.casefold().split()).strip("-–—*_#[]").replace("\u2019", "'")


_MARKERS: Final = frozenset(fold(marker) for marker in REPLY_MARKERS)
_LONGEST_MARKER: Final = max(map(len, REPLY_MARKERS)) * 2
#: Those of other help desks, which a customer may have quoted along.
_OTHERS = re.compile(
    r"(?:please)?(?:type|write|enter)?(?:your)?repl(?:y|ies)(?:here)?above(?:this|the)?(?:dotted)?line.{0,40}"
)


@lru_cache(maxsize=4096)
def is_marker(key: str) -> bool:
    """Whether the line says that replies are to be written above it."""
    if not 8 < len(key) <= _LONGEST_MARKER:
        return False
    folded = fold(key)
    if folded in _MARKERS:
        return True
    return key[0] in "-#=*_—–[" and _OTHERS.fullmatch(folded) is not None


_ENDINGS: Final = tuple(
    fold(words) for p in BY_LANGUAGE.values() for words in (p.unsubscribe, p.reason.split("{")[0])
)


def is_ending(key: str) -> bool:
    """Whether the line is among the last of our email: why it was sent, and how to stop that."""
    folded = fold(key)
    return has_secret(key) or folded.startswith(_ENDINGS) or folded.endswith(_ENDINGS)


def known_lines(sent: Sent | None) -> frozenset[str]:
    """The lines of what we sent that are long enough to be nobody else's, folded."""
    if sent is None:
        return frozenset()
    return frozenset(
        folded
        for text in (*sent.texts, sent.text_part)
        for line in text.split("\n")
        if len(folded := fold(line)) >= 12
    )


def is_known(key: str, known: frozenset[str]) -> bool:
    """Whether the line is one of ours."""
    return bool(known) and fold(key) in known


_SECRETS: Final = ("continue_token=", "reply+", "bounce+", "unsubscribe+")
_ADDRESS = re.compile(
    r"[<(\[]?(?:mailto:)?(?:reply|bounce|unsubscribe)\+[a-z2-7]{26}@[\w.-]{1,255}[>)\]]?",
    re.IGNORECASE,
)
_BORDERS = " \t\n\r<>\"'()[]{}\xa0"


def has_secret(key: str) -> bool:
    """Whether a link or an address of ours is in it."""
    return "continue_token=" in key or ("+" in key and _ADDRESS.search(key) is not None)


def without_secrets(text: str) -> str:
    """The text without our links and the addresses that hold a token."""
    lower = text.lower()
    if not any(secret in lower for secret in _SECRETS):
        return text
    return _without_links(_ADDRESS.sub("", text))


def _without_links(text: str) -> str:
    """Without each run of characters, up to white space or a bracket, that holds a token."""
    out: list[str] = []
    at = 0
    lower = text.lower()
    if len(lower) != len(text):  # some capital letters become two small ones
        lower = text
    while (found := lower.find("continue_token", at)) >= 0:
        start = found
        while start > at and text[start - 1] not in _BORDERS:
            start -= 1
        end = found
        while end < len(text) and text[end] not in _BORDERS:
            end += 1
        if start > at and end < len(text) and text[start - 1] in "<([" and text[end] in ">)]":
            start, end = start - 1, end + 1
        out.append(text[at:start])
        at = end
    out.append(text[at:])
    return "".join(out)


def any_marker(keys: Iterable[str]) -> bool:
    """Whether one of the lines is a marker."""
    return any(is_marker(key) for key in keys)
