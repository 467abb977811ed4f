"""HTML as the lines a reader sees, quoted where the markup of mail clients says so.

Neither a parser nor a sanitiser: tags are read one after another, none twice, so that any markup,
however deep or broken, takes linear time. What a tag of a client means is in the tables below.
"""

from __future__ import annotations

import re
from functools import lru_cache
from html import unescape
from typing import Final

from continuation_cli.core.extract.attribution import introduces
from continuation_cli.core.extract.lines import MOST, Line, Mark, line_of
from continuation_cli.core.marks import EMAIL_CLASS, REPLY_MARKER_CLASS

#: Tags that are looked at; what follows is text without its tags.
_MOST_TAGS: Final = 30_000
#: Characters of a tag that are looked at.
_LONGEST_TAG: Final = 1_200


_HIDDEN: Final = frozenset(
    ("style", "script", "head", "title", "template", "noscript", "select", "textarea", "svg", "xml")
)
BLOCKS: Final = frozenset(
    re.findall(
        r"\w+",
        """
    address article aside blockquote body caption center dd details dir div dl dt fieldset figure
    footer form h1 h2 h3 h4 h5 h6 header hr html li main menu nav ol p pre section summary table
    tbody tfoot thead tr ul""",
    )
)
_VOID: Final = frozenset(("br", "hr", "img", "meta", "link", "input", "base", "col", "wbr", "area"))
_SPACED: Final = frozenset(("p", "h1", "h2", "h3", "h4", "h5", "h6", "pre"))
_STYLED: Final = frozenset(
    ("div", "span", "p", "blockquote", "table", "td", "section", "body", "hr")
)

#: Classes, ids and names, lower case and without the "x_" that Outlook puts before them.
_QUOTES: Final = frozenset((EMAIL_CLASS, "quote", "gmail_quote_body", "protonmail_quote_body"))
_CUTS: Final = frozenset(
    (
        "divrplyfwdmsg", "olk_src_body_section", "mail-editor-reference-message-container",
        REPLY_MARKER_CLASS, "replysplit", "ms-outlook-mobile-reference-message",
        "isforwardcontent",
    )
)  # fmt: skip
_ATTRIBUTIONS: Final = frozenset(
    (
        "moz-cite-prefix",
        "gmail_attr",
        "moz-email-headers-table",
        "tutanota_quote_header",
        "ydp-attribution",
    )
)
#: What holds the attribution as well as the quote; answers may stand between.
_WRAPPERS: Final = frozenset(
    ("gmail_quote", "gmail_quote_container", "yahoo_quoted", "protonmail_quote", "zmail_extra",
     "isreplycontent", "ntes-mailmaster-quote", "mail_quote", "quote-container")
)  # fmt: skip
_SIGNATURES: Final = frozenset(
    (
        "gmail_signature", "gmail_signature_prefix", "moz-signature", "ms-outlook-mobile-signature",
        "mac_outlook_signature", "applemailsignature", "signature", "protonmail_signature_block",
        "yahoo-signature", "ydp-signature", "tutanota-signature", "composer_signature",
        "mail-signature", "samsung_signature", "edo-signature", "bloop_sign", "sparrow_signature",
        "acompli_signature", "foxmail_signature", "dab4fad8-2dd7-40bb-a1b8-4e2aa1f9fdf2",
    )
)  # fmt: skip

_NAMES = re.compile(
    r"""(?:class|id|name|type|data-smartmail)\s*=\s*["']?([^"'>]{1,200})""", re.IGNORECASE
)
_NO_DISPLAY = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all", re.IGNORECASE)
_BORDER = re.compile(r"border-top\s*:\s*(?:solid\s*#(?:e1e1e1|b5c4df)|#b5c4df)", re.IGNORECASE)
_NO_MARGIN = re.compile(r"margin(?:-bottom)?\s*:\s*0|msonormal", re.IGNORECASE)
_INDENTED = re.compile(
    r"margin[^;\"']{0,40}40px[^\"']{0,80}border\s*:\s*(?:none|0)|webkit-indent", re.IGNORECASE
)
_PRE_STYLE = re.compile(r"white-space\s*:\s*pre", re.IGNORECASE)
_ALT = re.compile(r"""\balt\s*=\s*["']([^"'<>]{1,12})["']""", re.IGNORECASE)
#: What begins a tag; any other "<" is text.
_TAG = re.compile(r"<[a-zA-Z/!?]")
TAGS = re.compile(r"<[^<>]{0,2000}>")
#: What an item of a list begins with.
_ITEM: Final = "- "

_Effect = str  # "quote", "bare", "hidden", "signature", "pre", "wrapper", "attribution"


def lines_of(markup: str) -> list[Line]:
    """The lines of an HTML body."""
    return [Line(line.text, line.depth, line.key, line.mark) for line in _read(markup)]


@lru_cache(maxsize=2)  # what is read for its quotes is read once more for answers in between
def _read(markup: str) -> tuple[Line, ...]:
    return tuple(_Reader().read(markup))


class _Frame:
    """An open element that means something."""

    __slots__ = ("effect", "level", "line", "name")

    def __init__(self, name: str, level: int, effect: _Effect, line: int) -> None:
        self.name = name
        self.level = level
        self.effect = effect
        self.line = line


class _Reader:
    """Reads tags and text one after another."""

    def __init__(self) -> None:
        self._lines: list[Line] = []
        self._text: list[str] = []
        self._frames: list[_Frame] = []
        self._levels: dict[str, list[int]] = {}  # frames of each name, by their number
        self._open: dict[str, int] = {}
        self._count = dict.fromkeys(
            ("quote", "bare", "hidden", "signature", "pre", "wrapper", "attribution"), 0
        )
        self._seen: set[_Effect] = set()  # what was met anywhere
        self._blank = False
        self._tight = False  # whether the last paragraph has no margin

    def read(self, markup: str) -> list[Line]:
        at, tags, end = 0, 0, len(markup)
        while at < end:
            found = _TAG.search(markup, at)
            if found is None:
                break
            start = found.start()
            if start > at:
                self._add(markup[at:start])
            if markup.startswith("<!--", start):
                close = markup.find("-->", start + 4)
                # An unclosed comment hides nothing.
                at = close + 3 if close >= 0 else start + 4
                if close < 0:
                    return self._rest(markup[at:])
                continue
            close = _end_of_tag(markup, start)
            if close < 0:
                at = start
                break
            tags += 1
            if tags > _MOST_TAGS or len(self._lines) > MOST:
                return self._rest(markup[start:])
            if not self._tag(markup[start + 1 : min(close, start + _LONGEST_TAG)]):
                self._add(markup[start : close + 1])
            at = close + 1
        self._add(markup[at:])
        return self._finish()

    def _rest(self, markup: str) -> list[Line]:
        self._add(TAGS.sub(" ", markup))
        return self._finish()

    def _finish(self) -> list[Line]:
        self._flush()
        while self._frames:
            self._pop()
        return self._lines

    # --- Text -----------------------------------------------------------------------------------

    def _add(self, text: str) -> None:
        if self._count["hidden"] or not text:
            return
        if "&" in text:
            text = unescape(text)
        if not self._count["pre"]:
            self._text.append(text)
            return
        *whole, last = text.split("\n", max(MOST - len(self._lines), 0))
        for line in whole:
            self._text.append(line)
            self._flush(forced=True, keep=True)
        self._text.append(last)

    def _flush(self, *, forced: bool = False, keep: bool = False) -> None:
        """End the line. `forced`: even if there is nothing in it."""
        text = "".join(self._text)
        self._text.clear()
        forced = forced or "\xa0" in text  # editors keep an empty line with a no-break space
        text = text.rstrip() if keep or self._count["pre"] else " ".join(text.split())
        if not text and not forced:
            return
        if len(self._lines) > MOST and self._lines[-1].depth == 0 and not text:
            return
        count = self._count
        mark: Mark = ""
        if count["signature"]:
            mark = "signature"
        elif count["attribution"]:
            mark = "attribution"
        elif count["bare"] and not count["quote"]:
            mark = "bare"
        if self._blank or not text:
            self._blank = False
            if self._lines and (self._lines[-1].text or self._lines[-1].depth):
                self._lines.append(Line("", count["quote"] + count["bare"], ""))
        if text:
            self._lines.append(line_of(text, count["quote"] + count["bare"], mark))

    # --- Tags -----------------------------------------------------------------------------------

    def _tag(self, tag: str) -> bool:
        """Take a tag's meaning; False if it is none, as an address in angle brackets."""
        closing = tag[0] == "/"
        if tag[0] in "!?":
            return True
        name, rest = _name_of(tag[1:] if closing else tag)
        if "@" in name:
            return False
        if name == "br":
            if not self._count["hidden"]:
                self._flush(forced=True)
            return True
        if name in BLOCKS:
            self._block(name, rest, closing=closing)
        elif name in ("td", "th"):
            self._text.append(" ")
        if closing:
            self._close(name)
        elif name in _VOID:
            self._void(name, rest)
        elif not rest.endswith("/"):
            self._opened(name, rest)
            if name == "li":
                self._add(_ITEM)
        return True

    def _block(self, name: str, rest: str, *, closing: bool) -> None:
        """A block begins or ends: so does a line, and paragraphs keep their distance."""
        if not closing and self._text[:1] == [_ITEM] and not "".join(self._text[1:]).strip():
            self._tight = True  # the text of a list's item is in a block of its own
            del self._text[1:]
            return
        self._flush()
        if name == "p" and not closing:
            self._tight = _NO_MARGIN.search(rest) is not None
        if name in _SPACED and not (name == "p" and self._tight):
            self._blank = True

    def _void(self, name: str, rest: str) -> None:
        if self._count["hidden"]:
            return
        if name == "hr":
            self._lines.append(line_of("-----", self._count["quote"] + self._count["bare"]))
        elif name == "img" and "alt" in rest.lower():
            alt = _ALT.search(rest)
            if alt is not None and not unescape(alt[1]).isascii():
                self._add(alt[1])  # an emoji as a picture

    def _opened(self, name: str, rest: str) -> None:
        level = self._open.get(name, 0)
        self._open[name] = level + 1
        effect = self._effect(name, rest)
        if effect is None:
            return
        self._levels.setdefault(name, []).append(len(self._frames))
        self._frames.append(_Frame(name, level, effect, len(self._lines)))
        self._count[effect] += 1
        self._seen.add(effect)

    def _close(self, name: str) -> None:
        level = self._open.get(name, 0)
        if not level:
            return
        self._open[name] = level - 1
        numbers = self._levels.get(name)
        if not numbers or self._frames[numbers[-1]].level < level - 1:
            return
        self._flush()
        number = numbers[-1]
        while len(self._frames) > number:
            self._pop()

    def _pop(self) -> None:
        frame = self._frames.pop()
        self._levels[frame.name].pop()
        self._count[frame.effect] -= 1
        if frame.effect == "wrapper" and not self._count["wrapper"]:
            self._end_wrapper(frame.line)

    def _end_wrapper(self, start: int) -> None:
        """Within what holds attribution and quote: what is before the quote is the attribution."""
        depth = self._count["quote"] + self._count["bare"]
        inside = self._lines[start:]
        first = next((n for n, line in enumerate(inside) if line.depth > depth), None)
        if first is None:
            heading = [line for line in inside if line.key][:1]
            if heading and introduces(heading[0].key):
                self._lines.insert(start, Line("", depth, "", "cut"))
            return
        heading = [line for line in inside[:first] if line.key]
        if len(heading) <= 4 and sum(len(line.key) for line in heading) <= 300:
            for line in heading:
                line.mark = "attribution"

    def _effect(self, name: str, rest: str) -> _Effect | None:
        if name in _HIDDEN:
            return "hidden"
        if self._count["hidden"]:
            return None
        if name == "blockquote":
            # What the person set off themselves has no sign of a client, or of Gmail's menu only.
            if not rest.strip() or ('class="gmail_quote"' in rest and "wrapper" not in self._seen):
                return "bare"
            return None if _INDENTED.search(rest) else "quote"
        if name == "pre":
            return "pre"
        if not rest or name not in _STYLED:
            return None
        names, style = _signs_of(rest)
        for word in names:
            effect = self._meaning(word, name)
            if effect is not None:
                return effect
        if style == "border":
            self._cut()
            return None
        return style

    def _meaning(self, word: str, name: str) -> _Effect | None:
        if word in _QUOTES or word.endswith(EMAIL_CLASS):
            return "quote" if name == "div" else None
        if word in _SIGNATURES:
            return "signature"
        if word in _ATTRIBUTIONS:
            return "attribution"
        if word in _WRAPPERS or "yahoo_quoted" in word or word.startswith("protonmail_quote"):
            return "wrapper"
        if word in _CUTS or word.endswith(REPLY_MARKER_CLASS):
            self._cut()
        return None

    def _cut(self) -> None:
        self._flush()
        if not self._count["quote"] and not self._count["bare"]:
            self._lines.append(Line("", 0, "", "cut"))


@lru_cache(maxsize=1024)  # an email has few kinds of tags, and many of each
def _signs_of(rest: str) -> tuple[tuple[str, ...], str | None]:
    """What the attributes of a tag tell: its classes, ids and names; what its style does."""
    names = (word for match in _NAMES.finditer(rest) for word in match[1].split())
    return tuple(map(_plain_name, names)), _style_of(rest)


def _style_of(rest: str) -> str | None:
    if _NO_DISPLAY.search(rest):
        return "hidden"
    if _BORDER.search(rest):
        return "border"
    return "pre" if _PRE_STYLE.search(rest) else None


def _plain_name(word: str) -> str:
    """A class or id without the prefix that Outlook and Yahoo give those of a quoted email."""
    word = word.lower()
    while word.startswith("x_"):
        word = word[2:]
    if word.startswith("yiv"):
        word = word[3:].lstrip("0123456789")
    return word


_NAME = re.compile(r"[^\s/]{1,60}")


def _name_of(tag: str) -> tuple[str, str]:
    """A tag's name, in lower case, and the rest of it."""
    match = _NAME.match(tag)
    if match is None:
        return "", tag
    return match[0].lower(), tag[match.end() :]


def _end_of_tag(markup: str, start: int) -> int:
    """Where the tag that starts here ends; -1 if nowhere. A ">" within quotes ends no tag."""
    end = markup.find(">", start)
    for quote in "\"'":
        if end < 0:
            return -1
        if markup.count(quote, start, end) % 2:
            other = markup.find(quote, end, end + 4_096)
            longer = markup.find(">", other, other + 4_096) if other >= 0 else -1
            if longer >= 0 and markup.count(quote, start, longer) % 2 == 0:
                end = longer
    return end
