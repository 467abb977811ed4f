"""Gmail: its web page, and its app for Android, which quote alike."""

from __future__ import annotations

import re
from dataclasses import replace
from html import escape
from typing import TYPE_CHECKING

from clients.layout import disclaimed_html, disclaimed_text, rows, signed, stacked
from clients.posting import message
from clients.quoting import quoted, wrapped
from clients.rewriting import as_text, lines_as_html, list_as_html, renamed, rewritten
from clients.sent import ADDRESS, CUSTOMER
from clients.wording import GMAIL

if TYPE_CHECKING:
    from clients.sent import Reply

_BAR = "margin:0px 0px 0px 0.8ex;border-left:1px solid rgb(204,204,204);padding-left:1ex"
_OPEN = f'<blockquote class="gmail_quote" style="{_BAR}">'


def web(reply: Reply) -> bytes:
    """The text is made of the HTML: bold between stars, links in angle brackets."""
    return _sent(reply, '<div dir="ltr">{}</div>', "<div>{}</div>", "<div><br></div>")


def android(reply: Reply) -> bytes:
    return _sent(
        reply, '<div dir="auto">{}</div>', '<div dir="auto">{}</div>', '<div dir="auto"><br></div>'
    )


def plain_mode(reply: Reply) -> bytes:
    """Gmail with «plain text mode»: our text part, quoted."""
    lines = wrapped(reply.sent.composed.text.rstrip("\n"), 76)
    quote = f"{_attribution(reply)}\n\n{quoted(lines, reply.between)}"
    text = stacked(reply, reply.answer, signed(reply), quote)
    return message(reply, disclaimed_text(reply, text), None, {})


def follow_up(reply: Reply) -> bytes:
    """An answer to the customer's own answer, below which our email is quoted once more."""
    earlier = "I forgot to say:"
    inner = _html(replace(reply, answer=earlier), '<div dir="ltr">{}</div>', "{}", "<br>")
    attribution = f"On Mon, Mar 2, 2026 at 11:02\u202fAM {CUSTOMER} <{ADDRESS}> wrote:"
    html = (
        f'<div dir="ltr">{_answer(reply, "<div>{}</div>", "<div><br></div>")}</div><br>'
        f'<div class="gmail_quote"><div dir="ltr" class="gmail_attr">{rows(attribution)}<br></div>'
        f"{_OPEN}{inner}</blockquote></div>"
    )
    lines = wrapped(as_text(reply.sent.body, " <{}>", stars=True), 76)
    below = [earlier, "", *_attribution(reply).split("\n"), "", *quoted(lines).split("\n")]
    text = f"{reply.answer}\n\n{attribution}\n\n{quoted(below)}\n"
    return message(reply, text, html, {})


def quoteless(reply: Reply) -> bytes:
    """Somebody who deletes what is quoted, as one can on a phone."""
    html = _answer(reply, "<div>{}</div>", "<div><br></div>") + _tail(reply)
    text = "\n\n".join(part for part in (reply.answer, signed(reply)) if part)
    return message(reply, f"{text}\n", f'<div dir="ltr">{html}</div>\r\n', {})


def _sent(reply: Reply, whole: str, line: str, blank: str) -> bytes:
    html = _html(reply, whole, line, blank)
    text = as_text(reply.body, " <{}>", stars=True)
    lines = wrapped(text.replace(" <http", "\n<http"), 76)
    quote = f"{_attribution(reply)}\n\n{quoted(lines, {} if reply.within else reply.between)}"
    text = stacked(reply, reply.answer, signed(reply), quote)
    return message(reply, disclaimed_text(reply, text) + "\n", disclaimed_html(reply, html), {})


def _attribution(reply: Reply) -> str:
    """Broken before the address where it is too long for a line, as Gmail does."""
    line = reply.attribution(GMAIL)
    return re.sub("<(?!\u202a)", "<\n", line, count=1) if len(line) > 76 else line


def _html(reply: Reply, whole: str, line: str, blank: str) -> str:
    split = {} if reply.within else reply.inline
    ours = rewritten(
        reply.body,
        renamed("m_-8372659372650010402"),
        inline={q: f"<div><br></div><div>{rows(a)}</div>" for q, a in split.items()},
        split=("</blockquote>", f"<div><br></div>{_OPEN}"),
        links=' target="_blank"',
    )
    attribution = escape(reply.attribution(GMAIL), quote=False)
    address = f'&lt;<a href="mailto:{reply.sent.email}">{reply.sent.email}</a>&gt;'
    attribution = attribution.replace(f"&lt;{reply.sent.email}&gt;", address)
    answer, tail = _answer(reply, line, blank), _tail(reply)
    quote = (
        f'<div dir="ltr" class="gmail_attr">{attribution}<br></div>'
        f"{_OPEN}<u></u>\n\n  \n\n\n<div>\n{ours}</div>\n\n</blockquote>"
    )
    container = '<div class="gmail_quote gmail_quote_container">'
    if reply.style == "top":
        return f"{whole.format(answer + tail)}<br>{container}{quote}</div>\r\n"
    below = f"<div><br></div>{answer}{tail}" if reply.answer else tail
    above = reply.opening or "<br>"
    return f'<div dir="ltr">{above}</div><br>{container}{quote}{below}</div>\r\n'


def _answer(reply: Reply, line: str, blank: str) -> str:
    listed = list_as_html(reply.answer) if reply.rich else None
    first = "{}" if reply.style == "top" else line
    return listed or lines_as_html(reply.answer, line, blank, first)


def _tail(reply: Reply) -> str:
    if not reply.signature:
        return ""
    return (
        '<div><br></div><span class="gmail_signature_prefix">-- </span><br>'
        '<div dir="ltr" class="gmail_signature" data-smartmail="gmail_signature">'
        f'<div dir="ltr">{rows(reply.signature)}</div></div>'
    )
