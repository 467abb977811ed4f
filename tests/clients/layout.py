"""Where things stand in a reply: what was written, what it is signed with, and what is quoted."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from clients.sent import Reply


def stacked(reply: Reply, answer: str, tail: str, quote: str, gap: str = "\n\n") -> str:
    """Top, bottom or inline: the parts that are not empty, with `gap` between them.

    Inline answers are within the quote already; a disclaimer, which a mail server adds, comes
    last of all.
    """
    if reply.style == "top":
        order = [answer, tail, quote]
    elif reply.style == "bottom":
        order = [quote, answer, tail]
    else:
        opening = reply.opening
        if opening and quote.lstrip().startswith("<"):
            opening = f"<div>{opening}</div>"
        order = [opening, quote, answer if reply.answer else "", tail]
    return gap.join(part for part in order if part)


def disclaimed_text(reply: Reply, text: str) -> str:
    """The text below which a company's mail server put its disclaimer."""
    return f"{text}\n\n{reply.disclaimer}\n" if reply.disclaimer else text


def disclaimed_html(reply: Reply, html: str) -> str:
    if not reply.disclaimer:
        return html
    said = escape(reply.disclaimer).replace("\n", "<br>")
    return f'{html}<br><hr><font face="Arial" color="Gray" size="1">{said}</font>'


def signed(reply: Reply, footer: str = "") -> str:
    """The customer's signature below its delimiter (RFC 3676, 4.3), or the app's footer."""
    if reply.signature:
        return f"-- \n{reply.signature}"
    return footer if reply.footer else ""


def rows(text: str) -> str:
    """Lines as HTML, with breaks."""
    return escape(text, quote=False).replace("\n", "<br>")
