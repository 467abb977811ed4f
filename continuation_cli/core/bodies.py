"""Message bodies, made safe to mail.

A body comes out twice, as HTML that a mail client may show and as text, and both say the same.
Everything here takes hostile input: the cost is linear in its length, the output is bounded, and
nothing in it is markup unless this module put it there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from html import unescape
from typing import TYPE_CHECKING, Any, Final, cast

from markupsafe import Markup, escape

from continuation_cli.core.characters import clean, safe_url, shorten
from continuation_cli.core.textlayout import BLOCKS, SPACED, TextLayout

if TYPE_CHECKING:
    from collections.abc import Callable

    from continuation_cli.core.model import BodyFormat

#: Larger bodies are shown as the plain text that they are: a parser has nothing to gain on them.
LONGEST_MARKUP: Final = 250_000
#: HTML with more tags than this loses them all. Tree building is quadratic in the nesting.
MOST_TAGS: Final = 8_000
#: Markup nested deeper than this is flattened; mail clients give up at depths of this order.
DEEPEST: Final = 60


@dataclass(slots=True)
class Body:
    """A message body: safe HTML (no block around it for plain text) and the same as text."""

    html: Markup
    text: str


# --- Links ------------------------------------------------------------------------------------

_LINK = re.compile(
    r"""https?://[^\s<>"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+""", re.IGNORECASE
)
_TRAILING = ".,;:!?'*_~…。、，）」』】"
_CLOSERS = {")": "(", "]": "[", "}": "{"}


def _without_punctuation(url: str) -> str:
    """Leave the punctuation after a URL out of it, a closing bracket only if it has no partner."""
    end = len(url)
    balance = {closer: url.count(opener) - url.count(closer) for closer, opener in _CLOSERS.items()}
    while end:
        last = url[end - 1]
        if last in _CLOSERS and balance[last] < 0:
            balance[last] += 1
        elif last not in _TRAILING:
            break
        end -= 1
    return url[:end]


def _linkify(text: str) -> str:
    """Escape text; make its http and https URLs links."""
    if "://" not in text:
        return str(escape(text))
    pieces, done = [], 0
    for found in _LINK.finditer(text):
        url = _without_punctuation(found.group())
        if url.endswith("//"):
            continue
        pieces.append(escape(text[done : found.start()]))
        pieces.append(Markup('<a href="{0}">{0}</a>').format(url))
        done = found.start() + len(url)
    pieces.append(escape(text[done:]))
    return "".join(pieces)


# --- The three formats ------------------------------------------------------------------------


def render(text: str, form: BodyFormat = "plain", limit: int | None = None) -> Body:
    """Render a message body; with `limit` as plain text that is shortened to so many characters.
    Never raises, whatever the text.
    """
    text = clean(text)
    is_markup = form == "html" or (form == "markdown" and _needs_markdown(text))
    if not is_markup or len(text) > LONGEST_MARKUP:
        return plain(text, limit)
    body = _from_html(text) if form == "html" else _finish(_markdown()(text))
    return body if limit is None else plain(body.text, limit)


def plain(text: str, limit: int | None = None) -> Body:
    """A clean plain text as it stands: its lines, its spaces, its URLs as links."""
    text = text.strip("\n").rstrip()
    if limit is not None:
        text = shorten(text, limit)
    html = _linkify(text)
    if "  " in html:
        html = html.replace("  ", "&nbsp; ")
    return Body(Markup(html.replace("\n", "<br>\n")), text)  # noqa: S704 - escaped above


_MARKDOWN_SIGNS = re.compile(
    r"[\\`*_\[<#~&]|^[ ]{0,3}(?:[-+>=]|\d+[.)])|^(?:[ ]{4}|[ ]{0,3}\t)|[ ]{2}$", re.MULTILINE
)


def _needs_markdown(text: str) -> bool:
    """Whether Markdown could read the text as anything but paragraphs: most chat lines are not."""
    return _MARKDOWN_SIGNS.search(text) is not None


@cache
def _markdown() -> Callable[[str], str]:
    from markdown_it import MarkdownIt

    # Raw HTML stays text. A single newline breaks the line, as chat widgets have it. No tables:
    # they do not fit a phone, and their cells multiply (a header of n, n rows).
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True}).enable("strikethrough")
    return lambda text: str(parser.render(text))


# HTML's formatting elements are opened again in each block that follows until they are closed:
# 27 kB of `<b a=1><b a=2>…<p>…<p>` build a tree of 1 GB. At most three alike are (HTML standard,
# "Noah's Ark clause"), so without their attributes, which nobody needs, the tree stays small.
_FORMATTING = re.compile(
    r"<(b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)[\s/][^>]*>", re.IGNORECASE
)


def _from_html(text: str) -> Body:
    if text.count("<") > MOST_TAGS:
        return plain(clean(unescape(re.sub(r"<[^<>]*>", " ", text))))
    return _finish(_FORMATTING.sub(r"<\1>", text))


# --- Safe HTML, and its text ------------------------------------------------------------------

_MONO = "font-family:Menlo,Consolas,monospace"
_RULE = "1px solid #9aa3ad"
_STYLES: Final = {
    "h3": "font-size:17px",
    "h4": "font-size:16px",
    "h5": "font-size:15px",
    "h6": "font-size:15px",
    "ul": "padding-inline-start:22px",
    "ol": "padding-inline-start:22px",
    "blockquote": "padding:0 12px;border-inline-start:3px solid #9aa3ad",
    "pre": f"white-space:pre-wrap;font-size:14px;{_MONO}",
    "code": f"font-size:14px;{_MONO}",
    "hr": f"border:0;border-top:{_RULE}",
    "table": "border-collapse:collapse",
    "th": f"border:{_RULE};padding:4px 8px",
    "td": f"border:{_RULE};padding:4px 8px",
}
_INLINE: Final = frozenset(
    {"a", "abbr", "b", "cite", "code", "del", "em", "i", "ins", "kbd", "mark", "s", "samp"}
    | {"small", "strong", "sub", "sup", "u"}
)
# The email has headings of its own above the messages.
_RENAMED: Final = {"h1": "h3", "h2": "h3"}
_ATTRIBUTES: Final = {
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "ol": {"start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
}
_DROPPED_WHOLE: Final = {"script", "style", "title", "template", "noscript", "iframe", "svg"}

# What nh3 writes: quoted attributes, nothing implied. What does not look so is passed over, and
# a tag is only ever written again from its parts: nothing else gets through.
_TOKEN = re.compile(r'<(/?)([a-z][a-z0-9]*)((?: [a-z-]+="[^"]*")*)>|([^<]+)')
_ATTRIBUTE = re.compile(r' ([a-z-]+)="([^"]*)"')


@cache
def _sanitise() -> Callable[[str], str]:
    import nh3

    options: dict[str, Any] = {
        "tags": set(_INLINE | BLOCKS | _RENAMED.keys() | {"br", "img"}),
        "clean_content_tags": set(_DROPPED_WHOLE),
        "attributes": {tag: set(names) for tag, names in _ATTRIBUTES.items()},
        "url_schemes": {"http", "https", "mailto"},
        "link_rel": None,
    }
    cleaner: Any = getattr(nh3, "Cleaner", None)  # since 0.3; before, options are built each time
    if cleaner is not None:
        return cast("Callable[[str], str]", cleaner(**options).clean)
    return lambda text: nh3.clean(text, **options)


def _finish(html: str) -> Body:
    """Sanitise HTML, style it for mail clients, and write the same down as text."""
    writer = _Writer()
    for found in _TOKEN.finditer(clean(_sanitise()(html))):
        closing, tag, attributes, characters = found.groups()
        if characters is not None:
            writer.characters(characters)
        elif closing:
            writer.close(tag)
        else:
            writer.open(tag, {k: unescape(v) for k, v in _ATTRIBUTE.findall(attributes)})
    return writer.body()


class _Writer:
    """Writes a sanitised body, token by token, as HTML and as text."""

    def __init__(self) -> None:
        self._html: list[str] = []
        self._text = TextLayout()
        self._open: list[tuple[str, str]] = []  # the tag as it came, and as it was written or ""
        self._begun = False  # whether the block at hand has anything in it yet
        self._href: str | None = None
        self._label: list[str] = []

    def characters(self, escaped: str) -> None:
        text = unescape(escaped) if "&" in escaped else escaped
        if not text.isspace():
            self._begun = True
        if self._href is not None:
            self._label.append(text)
        linked = self._href is None and "://" in text
        self._html.append(_linkify(text) if linked else escaped)
        self._text.write(text)

    def open(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "br":
            self._html.append("<br>")
            self._text.end_line()
        elif tag == "img":
            self._image(attributes)
        elif tag == "a":
            self._link(attributes.get("href", ""))
        else:
            self._element(tag, attributes)

    def close(self, tag: str) -> None:
        if not self._open or self._open[-1][0] != tag:
            return
        _, written = self._open.pop()
        if tag == "a":
            self._end_link()
        if tag in BLOCKS:
            self._begun = True
        self._text.close(_RENAMED.get(tag, tag))
        if written:
            self._html.append(f"</{written}>")

    def body(self) -> Body:
        while self._open:
            self.close(self._open[-1][0])
        html = Markup("".join(self._html).strip())  # noqa: S704 - written by this class alone
        return Body(html, self._text.result())

    def _element(self, tag: str, attributes: dict[str, str]) -> None:
        name = _RENAMED.get(tag, tag)
        style = _STYLES.get(name, "")
        if name in SPACED:
            style = f"margin:{'10px 0 0' if self._begun else '0'};{style}".rstrip(";")
        if name in BLOCKS:
            self._begun = False
        numbers = "".join(
            f' {key}="{value}"' for key, value in attributes.items() if value.isdecimal()
        )
        styled = f' style="{style}"' if style else ""
        self._text.open(name, attributes.get("start", ""))
        if name == "hr":
            self._html.append(f"<hr{styled}>")
            self._begun = True
            return
        written = name if len(self._open) < DEEPEST else ""
        if written:
            self._html.append(f"<{name}{numbers}{styled}>")
        self._open.append((tag, written))

    def _link(self, href: str) -> None:
        url = href if href.startswith("mailto:") else safe_url(href.strip().replace(" ", "%20"))
        if url is None or self._href is not None:
            self._open.append(("a", ""))
            return
        self._href, self._label = url, []
        self._html.append(Markup('<a href="{}" rel="noopener">').format(url))
        self._open.append(("a", "a"))

    def _end_link(self) -> None:
        if self._href is None:
            return
        label = " ".join("".join(self._label).split())
        if label and self._href not in (label, f"{label}/", f"mailto:{label}"):
            self._text.write(f" ({self._href.removeprefix('mailto:')})")
        self._href = None

    def _image(self, attributes: dict[str, str]) -> None:
        """A link in the image's place: fetching it would tell a stranger that the mail is read."""
        if {attributes.get("width"), attributes.get("height")} & {"0", "1"}:
            return  # there only to be fetched
        url = safe_url(attributes.get("src"))
        alt = " ".join(attributes.get("alt", "").split())
        label = alt or (url or "").split("?")[0].rstrip("/").rpartition("/")[2]
        if url is None or self._href is not None:
            self.characters(str(escape(label)))
            return
        self._link(url)
        self.characters(str(escape(label)))
        self.close("a")
