"""How mail clients change our HTML when they quote it, and make text of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from html.parser import HTMLParser

VOID = frozenset({"meta", "img", "br", "hr", "input", "link"})
BLOCKS = frozenset({"div", "p", "table", "tr", "td", "h1", "h2", "h3", "ul", "ol", "li", "pre"})
BLOCKS |= {"blockquote", "tbody", "center", "body"}

Attributes = dict[str, str]
Rewrite = Callable[[str, Attributes], Attributes]


def keep(tag: str, attributes: Attributes) -> Attributes:
    """Quotes as it came: Samsung, QQ, new Apple Mail."""
    return attributes


@lru_cache
def renamed(prefix: str = "", suffix: str = "") -> Rewrite:
    """Gives class names and ids a prefix or suffix, so that styles do not meet the page's own."""

    def rename(tag: str, attributes: Attributes) -> Attributes:
        return {
            name: " ".join(f"{prefix}{word}{suffix}" for word in value.split())
            if name in ("class", "id")
            else value
            for name, value in attributes.items()
        }

    return rename


def bare(tag: str, attributes: Attributes) -> Attributes:
    """Drops the class names, and what tells people with a screen reader what is what."""
    dropped = ("class", "id", "role", "lang", "aria-hidden")
    return {name: value for name, value in attributes.items() if name not in dropped}


def apple(tag: str, attributes: Attributes) -> Attributes:
    """Apple Mail gives every element a class."""
    return {"class": "", **attributes}


def naked(tag: str, attributes: Attributes) -> Attributes:
    """Drops every attribute but where links lead."""
    return {name: value for name, value in attributes.items() if name in ("href", "src")}


@dataclass(eq=False)
class _Quote(HTMLParser):
    """Rewrites the HTML of an email."""

    rewrite: Rewrite
    inline: dict[str, str]
    split: tuple[str, str] | None
    links: str

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.out: list[str] = []
        self.open: list[tuple[str, str]] = []

    def of(self, html: str) -> str:
        self.feed(html)
        self.close()
        return "".join(self.out)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = self.rewrite(tag, {name: value or "" for name, value in attrs})
        written = "".join(f' {name}="{escape(value)}"' for name, value in attributes.items())
        if tag == "a":
            written += self.links
        start = f"<{tag}{written}>"
        self.out.append(start)
        if tag not in VOID:
            self.open.append((tag, start))

    def handle_endtag(self, tag: str) -> None:
        self.out.append(f"</{tag}>")
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.out.append(data)
        answer = self.inline.get(data.strip())
        if answer is None:
            return
        if self.split is None:
            self.out.append(answer)
            return
        ends = "".join(f"</{tag}>" for tag, _ in reversed(self.open))
        starts = "".join(start for _, start in self.open)
        self.out.append(f"{ends}{self.split[0]}{answer}{self.split[1]}{starts}")

    def handle_entityref(self, name: str) -> None:
        self.out.append(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.out.append(f"&#{name};")


class _Text(HTMLParser):
    """Makes text of HTML."""

    def __init__(self, link: str, stars: bool, cell: str) -> None:
        super().__init__()
        self.link, self.star, self.cell = link, "*" if stars else "", cell
        self.text = ""
        self.links: list[tuple[str, int]] = []

    def of(self, html: str) -> str:
        self.feed(html)
        self.close()
        text = re.sub(" *\n *", "\n", self.text)
        return re.sub("\n{3,}", "\n\n", text).strip()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "br":
            self.text += "\n"
        elif tag == "hr":
            self.text += f"\n{'_' * 32}\n"
        elif tag == "img":
            self.text += f"[image: {values['alt']}]" if values.get("alt") and self.star else ""
        elif tag == "li":
            self.text += "\n   - " if self.star else "\n* "
        elif tag in ("b", "strong"):
            self.text += self.star
        elif tag == "a":
            self.links.append((values.get("href") or "", len(self.text)))
        elif tag == "td":
            self._break(self.cell)
        elif tag in BLOCKS:
            self._break("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("b", "strong"):
            self.text += self.star
        elif tag == "a":
            href, start = self.links.pop()
            if href and self.link and self.text[start:] != href:
                self.text += self.link.format(href)
        elif tag == "p":
            self.text += "\n\n"
        elif tag in BLOCKS - {"td"}:
            self._break("\n")

    def handle_data(self, data: str) -> None:
        data = re.sub(r"[ \t\r\n]+", " ", data)
        if self.text.endswith(("\n", " ")):
            data = data.lstrip(" ")
        self.text += data

    def _break(self, what: str) -> None:
        if not self.text.endswith("\n"):
            self.text += what


def rewritten(
    html: str,
    rewrite: Rewrite = keep,
    inline: dict[str, str] | None = None,
    split: tuple[str, str] | None = None,
    links: str = "",
) -> str:
    """Our HTML as a client quotes it. `inline` gives what is written below a line of it; `split`
    closes all open elements before that and opens them again afterwards, as editors do that take
    a quote apart; `links` are attributes that every link gets.
    """
    return _rewritten(html, rewrite, tuple((inline or {}).items()), split, links)


@lru_cache
def _rewritten(
    html: str,
    rewrite: Rewrite,
    inline: tuple[tuple[str, str], ...],
    split: tuple[str, str] | None,
    links: str,
) -> str:
    return _Quote(rewrite, dict(inline), split, links).of(html)


@lru_cache
def as_text(html: str, link: str = "", *, stars: bool = False, cell: str = "\n") -> str:
    """The text that a client makes of HTML: `link` is how it shows where a link leads, `stars`
    are around what is bold, and `cell` is before each cell of a table.
    """
    return _Text(link, stars, cell).of(html)


def lines_as_html(
    text: str, line: str = "<div>{}</div>", blank: str = "<div><br></div>", first: str = ""
) -> str:
    """What was typed, as editors keep it: an element for each line, the first perhaps bare."""
    forms = [first or line, *[line] * text.count("\n")]
    return "".join(
        form.format(linked(escape(typed, quote=False))) if typed.strip() else blank
        for form, typed in zip(forms, text.split("\n"), strict=True)
    )


def linked(html: str) -> str:
    """URLs become links while one types."""
    return re.sub(r"https?://[^\s<>]+[\w/]", r'<a href="\g<0>">\g<0></a>', html)


def list_as_html(text: str, form: str = "{}") -> str | None:
    """Lines with dashes as the list that editors make of them; None if there are none."""
    lines = text.split("\n")
    items = [line for line in lines if line.startswith("- ")]
    if not items:
        return None
    first = lines.index(items[0])
    listed = "".join(f"<li>{form.format(escape(item[2:]))}</li>" for item in items)
    before, after = lines[:first], lines[first + len(items) :]
    return (
        lines_as_html("\n".join(before))
        + f"<ul>{listed}</ul>"
        + (lines_as_html("\n".join(after)) if after else "")
    )
