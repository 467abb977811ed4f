"""Apple Mail on the Mac, and Mail on the iPhone and iPad."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from clients.footers import IPHONE
from clients.layout import disclaimed_html, disclaimed_text, rows, signed, stacked
from clients.posting import message
from clients.quoting import quoted
from clients.rewriting import apple, as_text, keep, lines_as_html, rewritten
from clients.wording import APPLE

if TYPE_CHECKING:
    from clients.sent import Reply

_META = '<meta http-equiv="content-type" content="text/html; charset={}">'
_BODY = "overflow-wrap: break-word; -webkit-nbsp-mode: space; line-break: after-white-space;"


def mac(reply: Reply) -> bytes:
    """The attribution line is part of the quote, in the text and in the HTML."""
    answer = lines_as_html(
        reply.answer,
        '<div class="">{}</div>',
        '<div class=""><br class=""></div>',
        "{}" if reply.style == "top" else "",
    )
    head = f'<div class="">{escape(reply.attribution(APPLE), quote=False)}</div>'
    head += '<br class="Apple-interchange-newline">'
    inline = {q: f'<div class="">{rows(a)}</div>' for q, a in reply.inline.items()}
    ours = rewritten(
        reply.sent.body,
        apple,
        inline,
        ("</div></blockquote>", '<blockquote type="cite" class=""><div class="">'),
    )
    tail = f'<div class=""><br class=""><div class="">{rows(signed(reply))}</div></div>'
    html = stacked(
        reply,
        answer,
        tail if signed(reply) else "",
        f'<div class=""><br class=""><blockquote type="cite" class="">{head}'
        f'<div class="">{ours}</div></blockquote></div><br class="">',
        "",
    )
    html = disclaimed_html(reply, html)
    head = _META.format(reply.charset)
    html = f'<html><head>{head}</head><body style="{_BODY}" class="">{html}</body></html>'
    return _sent(reply, html, signed(reply), "Apple Mail (2.3774.600.62)")


def iphone(reply: Reply) -> bytes:
    """Two quotes: of the attribution, and of what was written; a byte-order mark begins it."""
    answer = lines_as_html(reply.answer, '<div dir="ltr">{}</div>', '<div dir="ltr"><br></div>')
    footer = signed(reply, IPHONE[reply.language])
    inline = {q: f'<div dir="ltr">{rows(a)}</div>' for q, a in reply.inline.items()}
    ours = rewritten(
        reply.sent.body,
        keep,
        inline,
        ("</div></blockquote>", '<blockquote type="cite"><div dir="ltr">'),
    )
    tail = f'<br id="lineBreakAtBeginningOfSignature"><div dir="ltr">{rows(footer)}</div>'
    head = escape(reply.attribution(APPLE), quote=False)
    html = stacked(
        reply,
        answer,
        tail if footer else "",
        f'<div dir="ltr"><br><blockquote type="cite">{head}<br><br></blockquote></div>'
        f'<blockquote type="cite"><div dir="ltr">\ufeff{ours}</div></blockquote>',
        "",
    )
    html = disclaimed_html(reply, html)
    html = f'<html><head>{_META.format(reply.charset)}</head><body dir="auto">{html}</body></html>'
    return _sent(reply, html, footer, "iPhone Mail (21D61)", "\ufeff")


def _sent(reply: Reply, html: str, tail: str, mailer: str, mark: str = "") -> bytes:
    ours = as_text(reply.sent.body, " <{}>")
    lines = [reply.attribution(APPLE), "", mark + ours.partition("\n")[0], *ours.split("\n")[1:]]
    quote = quoted(lines, reply.between, blank="> ")
    text = stacked(reply, reply.answer, tail, quote)
    headers = {"X-Mailer": mailer, "Mime-Version": "1.0 (1.0)", "MIME-Version": ""}
    return message(reply, disclaimed_text(reply, text), html, headers)
