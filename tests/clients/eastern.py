"""Yandex and Mail.ru; QQ and NetEase."""

from __future__ import annotations

from html import escape

from clients import footers
from clients.layout import disclaimed_html, disclaimed_text, rows, stacked
from clients.posting import message
from clients.quoting import quoted
from clients.rewriting import as_text, lines_as_html, naked, renamed, rewritten
from clients.rewriting import keep as kept
from clients.sent import ADDRESS, CUSTOMER, Reply
from clients.wording import MAIL_RU, NETEASE, QQ, YANDEX

_YANDEX = {"X-Mailer": "Yamail [ http://yandex.ru ] 5.0"}


def yandex(reply: Reply) -> bytes:
    """Sends HTML alone; class names begin with a hash."""
    return _yandex(reply, f"<div>{escape(reply.attribution(YANDEX), quote=False)}</div>")


def yandex_new(reply: Reply) -> bytes:
    """Since 2023 with recipient and subject above the line."""
    head = f"----------------<br />Кому: {CUSTOMER} ({ADDRESS});<br />Тема: "
    head += f"{escape(reply.sent.subject)};<br />"
    return _yandex(reply, f"<div>{head}{escape(reply.attribution(YANDEX), quote=False)}</div>")


def _yandex(reply: Reply, head: str) -> bytes:
    words = footers.YANDEX["ru"] if reply.footer else ""
    answer = lines_as_html(reply.answer, "<div>{}</div>", "<div>&nbsp;</div>")
    tail = f"<div><br /></div><div>-- <br />{words}</div>" if words else ""
    inline = {q: f"<div>{rows(a)}</div>" for q, a in reply.inline.items()}
    ours = rewritten(
        reply.sent.body,
        renamed("9f86d081884c7d659a2feaa0c55ad015"),
        inline,
        ("</div></blockquote>", "<blockquote><div>"),
    )
    quote = f"<div> </div><div> </div>{head}<blockquote><div>{ours}</div></blockquote>"
    html = disclaimed_html(reply, stacked(reply, answer, tail, quote, ""))
    return message(reply, None, html, _YANDEX)


def mail_ru(reply: Reply) -> bytes:
    """Our class names get a suffix; the text has the line within the quote, without a space."""
    attribution = reply.attribution({**MAIL_RU, "en": MAIL_RU["ru"]})
    words = footers.MAIL_RU["ru"] if reply.footer else ""
    answer = lines_as_html(reply.answer)
    tail = f"<div> </div><div>--<br>{words}</div>" if words else ""
    inline = {q: f"<div>{rows(a)}</div>" for q, a in reply.inline.items()}
    bar = '<blockquote style="border-left:1px solid #0857A6;margin:10px;padding:0 0 0 10px;">'
    ours = rewritten(
        reply.sent.body, renamed(suffix="_mr_css_attr"), inline, ("</blockquote>", bar)
    )
    quote = (
        f'{bar}{escape(attribution, quote=False)}<br>&nbsp;<div id=""><div class="js-helper '
        f'js-readmsg-msg"><div><div id="style_14037768550000001020_BODY">{ours}</div></div>'
        "</div></div></blockquote>"
    )
    html = disclaimed_html(reply, stacked(reply, answer, tail, quote, "<div>&nbsp;</div>"))
    html = f"\n<HTML><BODY>{html}</BODY></HTML>\n"
    lines = [attribution, " ", *as_text(reply.sent.body).split("\n")]
    quote = quoted(lines, reply.between, ">", ">")
    text = stacked(reply, reply.answer, f"--\n{words}" if words else "", quote)
    headers = {"X-Mailer": "Mail.Ru Mailer 1.0"}
    return message(reply, f"\n{disclaimed_text(reply, text)}\n", html, headers)


def qq(reply: Reply) -> bytes:
    """The text shows `&nbsp;` in letters; GB 18030, and everything in base64."""
    original, labels, date = QQ.get(reply.language, QQ["en"])
    values = (f'"{reply.sent.name}" <{reply.sent.email}>;', date, f'"{CUSTOMER}"<{ADDRESS}>;')
    values += (f"{reply.sent.subject}",)
    line = f"------------------&nbsp;{original}&nbsp;------------------"
    fields = "".join(
        f"<div><b>{label}</b>&nbsp;{escape(value)}</div>"
        for label, value in zip(labels, values, strict=True)
    )
    answer = lines_as_html(reply.answer)
    html = disclaimed_html(
        reply,
        f'{answer}<div><br></div><div><br></div><div><div style="color:#909090;font-family:'
        f'Arial Narrow;font-size:12px">{line}</div><div style="font-size:12px;color:#000;'
        f'background:#efefef;padding:8px;">{fields}</div><div><br></div>'
        f"{rewritten(reply.sent.body, kept)}</div>"
        "<style>.qmbox style, .qmbox script, .qmbox head{display: none !important;}</style>",
    )
    block = "\n".join(f"{label}&nbsp;{value}" for label, value in zip(labels, values, strict=True))
    text = f"{reply.answer}\n\n\n\n{line}\n{block}\n\n{as_text(reply.sent.body)}"
    headers = {"X-Mailer": "QQMail 2.x", "X-QQ-MIME": "TCMime 1.0 by Tencent", "X-QQ-STYLE": "1"}
    prefix = "回复：" if reply.language == "zh" else "Re: "
    return message(reply, disclaimed_text(reply, text), html, headers, prefix=prefix)


def netease(reply: Reply) -> bytes:
    """163.com and 126.com."""
    attribution = reply.attribution(NETEASE)
    div = '<div style="margin: 0px;">{}</div>'
    answer = lines_as_html(reply.answer, div, div.format("<br>"))
    bar = "PADDING-LEFT: 1ex; MARGIN: 0px 0px 0px 0.8ex; BORDER-LEFT: #ccc 1px solid"
    html = disclaimed_html(
        reply,
        '<div style="line-height:1.7;color:#000000;font-size:14px;font-family:Arial">'
        f'{answer}<p style="margin: 0px;"><br></p><div style="position:relative;zoom:1"></div>'
        f'<div id="divNeteaseMailCard"></div><p style="margin: 0px;"><br></p>'
        f'{escape(attribution, quote=False)}<br><blockquote id="isReplyContent" style="{bar}">'
        f"{rewritten(reply.sent.body, naked)}</blockquote></div>",
    )
    lines = as_text(reply.sent.body).split("\n")
    text = f"{reply.answer}\n\n\n\n\n\n\n\n{attribution}\n{quoted(lines, None, '>', '>')}\n"
    headers = {"X-Mailer": "Coremail Webmail Server Version XT5.0.14"}
    return message(reply, disclaimed_text(reply, text), html, headers)
