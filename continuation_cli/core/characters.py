"""What people typed, made safe to print: no control characters, one line where one line belongs."""

from __future__ import annotations

import re

# C0 but tab and newline, DEL, C1, lone surrogates, noncharacters, line and paragraph separators.
_UNWANTED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_SURROGATES = re.compile("[\ud800-\udfff]")
# The bidirectional controls of UAX #9. They reorder what stands beside them: "moc.elpmaxe".
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def clean(text: str) -> str:
    """The text without control characters; every line ends in a single newline."""
    if _UNWANTED.search(text) is None:
        return text
    text = _SURROGATES.sub("\ufffd", _LINE_ENDS.sub("\n", text))
    return _UNWANTED.sub("", text)


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters; what is cut off is cut at a space where one is near."""
    if len(text) <= limit:
        return text
    start = text[:limit]
    space = start.rfind(" ", limit // 2)
    return start[: space if space > 0 else limit - 1].rstrip() + "…"


def one_line(text: str | None, limit: int) -> str:
    """A name, a subject, a file name: one line of at most `limit` characters, in its own order.

    Bidirectional controls go, so that a name cannot turn round the text that follows it.
    """
    if not text:
        return ""
    # A hostile name may be megabytes long; what counts is its beginning.
    text = clean(text[: limit * 20])
    if not text.isascii():
        text = _BIDI.sub("", text)
    return shorten(" ".join(text.split()), limit)


_ASCII_URL = re.compile(r"https?://[!-~]{1,8000}", re.IGNORECASE)
_ANY_URL = re.compile(r"https?://\S{1,8000}", re.IGNORECASE)


def safe_url(url: str | None) -> str | None:
    """The URL if a customer may be sent there: http or https, no spaces or control characters."""
    if not url or _ASCII_URL.fullmatch(url):
        return url or None
    if _ANY_URL.fullmatch(url) and not _UNWANTED.search(url) and not _BIDI.search(url):
        return url
    return None
