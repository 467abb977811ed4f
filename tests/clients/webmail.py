"""Webmail: Yahoo, AOL, Proton, Fastmail, GMX and web.de; and Samsung's app."""

from __future__ import annotations

from html import escape

from clients import footers
from clients.layout import disclaimed_html, disclaimed_text, rows, signed, stacked
from clients.posting import message
from clients.quoting import quoted
from clients.rewriting import as_text, bare, keep, lines_as_html, renamed, rewritten
from clients.sent import ADDRESS, CUSTOMER, Reply
from clients.wording import FASTMAIL, PROTON, SAMSUNG, UNITED_INTERNET, YAHOO


def _body(reply: Reply, html: str, head: str = "") -> str:
    return f"<html><head>{head}</head><body>{disclaimed_html(reply, html)}</body></html>"


def yahoo(reply: Reply) -> bytes:
    """Class names get a prefix; nothing has one in the text, which is indented."""
    line = '<div dir="ltr" data-setdir="false">{}</div>'
    answer = lines_as_html(reply.answer, line, line.format("<br>"))
    attribution = reply.attribution(YAHOO)
    ours = rewritten(reply.body, renamed("yiv3306508764"))
    html = _body(
        reply,
        '<div class="ydp4ec1323dyahoo-style-wrap" style="font-family:Helvetica Neue, Helvetica, '
        f'Arial, sans-serif;font-size:16px;"><div></div>\n        {answer}<div><br></div>'
        "<div><br></div>\n        \n        </div>"
        '<div id="yahoo_quoted_2158811873" class="yahoo_quoted">\n'
        "            <div style=\"font-family:'Helvetica Neue', Helvetica, Arial, sans-serif;"
        'font-size:13px;color:#26282a;">\n                \n                <div>\n'
        f"                    {escape(attribution, quote=False)}\n                </div>\n"
        "                <div><br></div>\n                <div><br></div>\n"
        f'                <div><div id="yiv3306508764"><div>{ours}</div></div></div>\n'
        "            </div>\n        </div>",
    )
    ours = as_text(reply.body, cell=" ").replace("\n", "\n ")
    text = f" {reply.answer}\n\n    {attribution}  \n \n {ours}  "
    headers = {"X-Mailer": "WebService/1.1.22356 YMailNorrin"}
    return message(reply, disclaimed_text(reply, text), html, headers)


def yahoo_phone(reply: Reply) -> bytes:
    """The app: a signature that it comes with, and a quote of its own form."""
    words = footers.YAHOO.get(reply.language, footers.YAHOO["en"]) if reply.footer else ""
    attribution = reply.attribution(YAHOO)
    ours = rewritten(reply.body, renamed("yiv3306508764"))
    answer = lines_as_html(reply.answer)
    link = f'<a href="https://mail.onelink.me/107872968?pid=nativeplacement">{words}</a>'
    tail = f'<br><div id="ymail_android_signature">{link if words else ""}</div><br>'
    html = _body(
        reply,
        f'{answer}{tail}<blockquote style="margin: 0 0 20px 0;"><div style="font-family:Roboto, '
        f'sans-serif; color:#6D00F6;"><div>{escape(attribution, quote=False)}</div></div>'
        f'<div style="padding: 10px 0 0 20px; margin: 10px 0 0 0; border-left: 1px solid #6D00F6;">'
        f'<div id="yiv3306508764">{ours}</div></div></blockquote>',
    )
    ours = as_text(reply.body, " ({})")
    text = f"{reply.answer}\n\n{words} \n \n  {attribution}   {ours}\n"
    headers = {"X-Mailer": "WebService/1.1.22356 YMailNodin"}
    return message(reply, disclaimed_text(reply, text), html, headers)


def aol(reply: Reply) -> bytes:
    block = (
        "-----Original Message-----",
        f"From: {reply.sent.name} <{reply.sent.email}>",
        f"To: {ADDRESS}",
        "Sent: Mon, Mar 2, 2026 10:15 am",
        f"Subject: {reply.sent.subject}",
    )
    answer = lines_as_html(reply.answer)
    ours = rewritten(reply.body, renamed("aolmail_"))
    html = _body(
        reply,
        f'<div style="color:black;font: 10pt arial;">{answer}<div><br></div>'
        '<div style="font-family:arial,helvetica;font-size:10pt;color:black">'
        f'{rows(chr(10).join(block))}<br><br><div id="yiv5828060424">{ours}</div></div></div>',
    )
    ours = as_text(reply.body)
    text = f"{reply.answer}\n\n" + "\n".join(block) + f"\n\n{ours}\n"
    return message(
        reply, disclaimed_text(reply, text), html, {"X-Mailer": "WebService AolMailNorrin"}
    )


def proton(reply: Reply) -> bytes:
    words = footers.PROTON.get(reply.language, footers.PROTON["en"]) if reply.footer else ""
    font = 'style="font-family: Arial, sans-serif; font-size: 14px;"'
    answer = lines_as_html(reply.answer, f"<div {font}>{{}}</div>", f"<div {font}><br></div>")
    open_ = '<blockquote class="protonmail_quote" type="cite">'
    inline = {q: f"<div {font}>{rows(a)}</div>" for q, a in reply.inline.items()}
    ours = rewritten(reply.body, keep, inline, ("</blockquote>", open_))
    tail = ""
    if words or reply.signature:
        user = rows(reply.signature) or "<br>"
        tail = (
            f'<div {font}><br></div><div class="protonmail_signature_block" {font}>'
            f'<div class="protonmail_signature_block-user">{user}</div>'
            f'<div class="protonmail_signature_block-proton">{words}</div></div>'
        )
    attribution = reply.attribution(PROTON)
    quote = (
        f'<div class="protonmail_quote">\n        {escape(attribution, quote=False)}<br>\n        '
        f"{open_}\n{ours}\n        </blockquote><br>\n    </div>"
    )
    html = disclaimed_html(reply, stacked(reply, answer, tail, quote, ""))
    lines = [*as_text(reply.body, " ({})").split("\n")]
    quote = f"{attribution}\n\n{quoted(lines, reply.between, blank='>')}"
    below = "\n\n".join(part for part in (reply.signature, words) if part)
    below = below.replace("Proton Mail", "[Proton Mail](https://proton.me/mail/home)", 1)
    text = stacked(reply, reply.answer, below, quote)
    return message(reply, disclaimed_text(reply, text), html, {"X-Pm-Message-ID": "0f1e2d"})


def fastmail(reply: Reply) -> bytes:
    attribution = reply.attribution(FASTMAIL)
    answer = lines_as_html(reply.answer, "<div>{}<br></div>", "<div><br></div>")
    open_ = '<blockquote type="cite" id="qt" style="">'
    inline = {q: f"<div>{rows(a)}<br></div>" for q, a in reply.inline.items()}
    ours = rewritten(reply.body, renamed("qt-"), inline, ("</blockquote>", open_))
    tail = f'<div id="sig123">{rows(reply.signature)}</div>' if reply.signature else ""
    quote = f"<div>{escape(attribution, quote=False)}<br></div>{open_}{ours}</blockquote>"
    html = stacked(
        reply, answer, tail and f"<div>--&nbsp;<br></div>{tail}", quote, "<div><br></div>"
    )
    style = "<title></title><style>p.MsoNormal,p.MsoNoSpacing{margin:0}</style>"
    lines = as_text(reply.body, " <{}>").split("\n")
    text = stacked(
        reply,
        reply.answer,
        signed(reply),
        f"{attribution}\n{quoted(lines, reply.between, blank='> ')}",
    )
    html = f"<!DOCTYPE html>{_body(reply, html, style)}"
    return message(
        reply, disclaimed_text(reply, text), html, {"User-Agent": "Cyrus-JMAP/3.11.0-alpha0-153"}
    )


def _united_internet(reply: Reply) -> list[str]:
    labels, date = UNITED_INTERNET.get(reply.language, UNITED_INTERNET["en"])
    values = (date, f'"{reply.sent.name}" <{reply.sent.email}>', ADDRESS, reply.sent.subject)
    return [f"{label} {value}" for label, value in zip(labels, values, strict=True)]


def gmx(reply: Reply) -> bytes:
    """GMX and web.de on the web: one element named «quote»."""
    block = _united_internet(reply)
    head = "<br/>\n".join(
        f"<b>{escape(line.split(' ')[0])}</b>&nbsp;{escape(line.partition(' ')[2], quote=False)}"
        for line in block
    )
    answer = lines_as_html(reply.answer, "<div>{}</div>\n", "<div>&nbsp;</div>\n")
    bar = "margin:10px 5px 5px 10px; padding: 10px 0 10px 10px; border-left:2px solid #C3D9E5;"
    html = disclaimed_html(
        reply,
        '<html><head></head><body><div style="font-family: Verdana;font-size: 12.0px;">'
        f'<div>{answer}</div><div>&nbsp;\n<div name="quote" style="{bar}">\n'
        f'<div style="margin:0 0 10px 0;">{head}</div>\n<div name="quoted-content">'
        f"{rewritten(reply.body, bare)}</div>\n</div>\n</div></div></body></html>",
    )
    ours = as_text(reply.body)
    text = f"{reply.answer}\n \n\n" + "\n".join(block) + f"\n\n{ours}\n"
    return message(reply, disclaimed_text(reply, text), html, {"X-Provags-ID": "V03:K1:0f1e"})


def gmx_plain(reply: Reply) -> bytes:
    """Plain text at GMX and web.de: the fields have the prefix too."""
    lines = [*_united_internet(reply), "", *reply.sent.composed.text.rstrip("\n").split("\n")]
    quote = quoted(lines, reply.between, blank=">")
    text = stacked(reply, reply.answer, signed(reply), quote)
    return message(reply, disclaimed_text(reply, text), None, {"X-Provags-ID": "V03:K1:0f1e"})


def gmx_phone(reply: Reply) -> bytes:
    """Their app for Android, which is K-9 beneath: its footer, and a Gmail-like quote."""
    words = footers.GMX.get(reply.language, footers.GMX["en"]) if reply.footer else ""
    if reply.language == "de" and words and reply.parts == "html":
        words = footers.WEB_DE["de"]
    attribution = f"Am 02.03.26, 10:15 schrieb {reply.sent.name} <{reply.sent.email}>:"
    if reply.language != "de":
        attribution = f"On 3/2/26, 10:15 AM {reply.sent.name} <{reply.sent.email}> wrote:"
    answer = lines_as_html(reply.answer)
    tail = f"-- <br>{words}" if words else ""
    ours = rewritten(reply.body, bare)
    html = _body(
        reply,
        f'{answer}<br>{tail}<br><br><div class="gmail_quote">{escape(attribution, quote=False)}'
        '<blockquote class="gmail_quote" style="margin: 0pt 0pt 0pt 0.8ex; border-left: 1px solid '
        f'rgb(204, 204, 204); padding-left: 1ex;">\n{ours}</blockquote></div>',
    )
    quote = f"{attribution}\n{quoted(as_text(reply.body, ' <{}>').split(chr(10)))}"
    text = stacked(reply, reply.answer, f"-- \n{words}" if words else "", quote)
    return message(
        reply, disclaimed_text(reply, text), html, {"User-Agent": "K-9 Mail for Android"}
    )


def samsung(reply: Reply) -> bytes:
    """Samsung Email: the fields stand between dashes and our email, nothing has a prefix."""
    original, labels, date = SAMSUNG[reply.language]
    values = (f"{reply.sent.name} <{reply.sent.email}>", date, f"{CUSTOMER} <{ADDRESS}>")
    values += (reply.sent.subject,)
    block = [f"-------- {original} --------"]
    block += [f"{label} {value} " for label, value in zip(labels, values, strict=True)]
    words = footers.GALAXY[reply.language] if reply.footer else ""
    answer = lines_as_html(reply.answer, '<div dir="auto">{}</div>', '<div dir="auto"><br></div>')
    tail = (
        '<div dir="auto"><br></div><div dir="auto"><br></div><div id="composer_signature" '
        f'dir="auto"><div style="font-size:12px;color:#575757" dir="auto">{words}</div></div>'
    )
    head = "".join(f"<div>{escape(line, quote=False)}</div>" for line in block)
    html = _body(
        reply,
        f'{answer}{tail if words else ""}<div dir="auto"><br></div><div><br></div>'
        f'<div align="left" dir="auto" style="font-size:100%;color:#000000">{head}'
        f"<div><br></div></div>{rewritten(reply.body, keep)}",
    )
    below = f"\n\n{words}" if words else ""
    text = f"{reply.answer}{below}\n\n" + "\n".join(block) + f"\n\n{as_text(reply.body)}\n"
    return message(reply, disclaimed_text(reply, text), html, {})
