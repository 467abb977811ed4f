"""Outlook for Windows, on the web, on phones and on the Mac, and Mail for Windows."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from html import escape
from html.parser import HTMLParser

from clients.footers import OUTLOOK as GET_OUTLOOK
from clients.footers import WINDOWS
from clients.layout import disclaimed_html, disclaimed_text, rows
from clients.posting import PDF, message, winmail
from clients.quoting import wrapped
from clients.rewriting import BLOCKS, as_text, keep, lines_as_html, list_as_html, renamed, rewritten
from clients.sent import ADDRESS, CUSTOMER, Reply
from clients.wording import OUTLOOK, OUTLOOK_ORIGINAL

_RULE = "_" * 32
_PREFIX = {"de": "AW: ", "fr": "RE: ", "sv": "SV: ", "da": "SV: ", "pl": "ODP: ", "pt": "RES: "}
_PREFIX |= {
    "fi": "VS: ",
    "tr": "YNT: ",
    "zh": "回复: ",
    "nl": "Antw: ",
    "it": "R: ",
    "he": "תשובה: ",
}
_SPAN = "style='font-size:11.0pt;font-family:\"Calibri\",sans-serif;mso-fareast-language:EN-US'"
_HEAD = """\
<html xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" \
xmlns:w="urn:schemas-microsoft-com:office:word" xmlns="http://www.w3.org/TR/REC-html40"><head>\
<meta http-equiv=Content-Type content="text/html; charset={}">\
<meta name=Generator content="Microsoft Word 15 (filtered medium)"><!--[if !mso]><style>v\\:* \
{{behavior:url(#default#VML);}}</style><![endif]--><style><!--
/* Style Definitions */
p.MsoNormal, li.MsoNormal, div.MsoNormal
	{{margin:0cm;
	font-size:11.0pt;
	font-family:"Calibri",sans-serif;}}
@page WordSection1
	{{size:612.0pt 792.0pt;
	margin:70.85pt 70.85pt 2.0cm 70.85pt;}}
--></style><!--[if gte mso 9]><xml>
<o:shapedefaults v:ext="edit" spidmax="1026" />
</xml><![endif]--></head><body lang=EN-US link="#0563C1" vlink="#954F72" \
style='word-wrap:break-word'><div class=WordSection1>"""


class _Word(HTMLParser):
    """Our HTML after Word has read it: no class of ours is left, every line is a paragraph."""

    def __init__(self) -> None:
        super().__init__()
        self.out: list[str] = []
        self.paragraph = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag in BLOCKS:
            self._end()
        if tag == "table":
            self.out.append("<table class=MsoNormalTable border=0 cellspacing=0 cellpadding=0>")
        elif tag == "td":
            self.out.append("<td style='padding:0cm 0cm 0cm 0cm'>")
        elif tag in ("tr", "ul", "ol", "li", "div"):
            self.out.append(f"<{tag}>")
        elif tag == "a":
            self._begin()
            self.out.append(f'<a href="{escape(values.get("href") or "")}">')
        elif tag in ("b", "br", "strong"):
            self._begin()
            self.out.append(f"<{tag}>")
        elif tag == "img":
            self._begin()
            self.out.append(f'<img border=0 id="_x0000_i1025" src="{values["src"]}" alt="Acme">')

    def handle_endtag(self, tag: str) -> None:
        if tag in BLOCKS:
            self._end()
        if tag in ("a", "b", "strong", "table", "td", "tr", "ul", "ol", "li", "div"):
            self.out.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if data.strip():
            self._begin()
            self.out.append(escape(data, quote=False))

    def _begin(self) -> None:
        if not self.paragraph:
            self.out.append("<p class=MsoNormal><span style='color:#1C2126'>")
            self.paragraph = True

    def _end(self) -> None:
        if self.paragraph:
            self.out.append("<o:p></o:p></span></p>")
            self.paragraph = False


@lru_cache
def _word(html: str) -> str:
    reader = _Word()
    reader.feed(html)
    reader.close()
    return re.sub(r"(?m)(.{70}\S*) ", r"\1\n", "".join(reader.out))


def _block(reply: Reply, sender: str = "{} <{}>") -> list[tuple[str, str]]:
    """The four fields, label and value."""
    labels, date = OUTLOOK[reply.language]
    name = sender.format(reply.sent.name, reply.sent.email)
    return list(
        zip(labels, (name, date, f"{CUSTOMER} <{ADDRESS}>", reply.sent.subject), strict=True)
    )


def _fields(block: list[tuple[str, str]]) -> str:
    return "<br>".join(f"<b>{label}</b> {escape(value, quote=False)}" for label, value in block)


def _lines(block: list[tuple[str, str]]) -> str:
    return "\n".join(f"{label} {value}" for label, value in block)


def _sent(reply: Reply, text: str, html: str, headers: dict[str, str]) -> bytes:
    prefix = _PREFIX.get(reply.language, "RE: ")
    return message(reply, disclaimed_text(reply, text), html, headers, prefix=prefix)


def windows(reply: Reply) -> bytes:
    """A line above the four fields; our email as Word makes it."""
    ours = as_text(reply.body, " <{}> ").replace("\n\n", "\n \n")
    typed = reply.answer.replace("\n\n", "\n \n")
    text = f"{typed}\n \n{_lines(_block(reply))}\n \n{ours}\n"
    headers = {"X-Mailer": "Microsoft Outlook 16.0", "Thread-Index": "AQHbi"}
    return _sent(reply, text, _word_document(reply), headers)


def _word_document(reply: Reply) -> str:
    line = f"<p class=MsoNormal><span lang=EN-US {_SPAN}>{{}}<o:p></o:p></span></p>"
    blank = line.format("<o:p>&nbsp;</o:p>").replace("<o:p></o:p>", "")
    answer = lines_as_html(reply.answer, line, blank)
    html = disclaimed_html(
        reply,
        f"{answer}{blank}<div style='border:none;border-top:solid #E1E1E1 1.0pt;"
        f"padding:3.0pt 0cm 0cm 0cm'><p class=MsoNormal>{_fields(_block(reply))}<o:p></o:p></p>"
        f"</div><p class=MsoNormal><o:p>&nbsp;</o:p></p>{_word(reply.body)}",
    )
    return f"{_HEAD.format(reply.charset)}{html}</div></body></html>"


def windows_plain(reply: Reply) -> bytes:
    """A plain reply: nothing has a prefix below «Original Message»."""
    return message(
        reply,
        disclaimed_text(reply, _unprefixed(reply)),
        None,
        {"X-Mailer": "Microsoft Outlook 16.0"},
    )


def windows_tnef(reply: Reply) -> bytes:
    """Rich text: the text is a part, and what was attached travels in a winmail.dat."""
    return _tnef(reply, disclaimed_text(reply, _unprefixed(reply)), "")


def exchange(reply: Reply) -> bytes:
    """Rich text of which nothing is outside the winmail.dat."""
    return _tnef(reply, None, _word_document(replace(reply, charset="utf-8")))


def _tnef(reply: Reply, text: str | None, html: str) -> bytes:
    files = {"Maße 2.pdf": PDF} if reply.attachment else {}
    attached = ("application/ms-tnef", "winmail.dat", winmail(reply.sent.subject, html, files))
    headers = {"X-Mailer": "Microsoft Outlook 16.0", "X-MS-TNEF-Correlator": "<1@example.com>"}
    return message(reply, text, None, headers, attached=attached)


def _unprefixed(reply: Reply) -> str:
    ours = "\n".join(wrapped(reply.sent.composed.text.rstrip("\n"), 74))
    above = OUTLOOK_ORIGINAL[reply.language]
    return f"{reply.answer}\n\n{above}\n{_lines(_block(reply))} \n\n{ours}\n"


def web(reply: Reply) -> bytes:
    """outlook.com and Microsoft 365: our class names get a prefix."""
    return _divided(reply, '<hr tabindex="-1" style="display:inline-block; width:98%">', "", "")


def new(reply: Reply) -> bytes:
    """The new Outlook for Windows, with the signature in its own element."""
    tail = ""
    if reply.signature:
        tail = f'<div id="Signature" class="elementToProof"><p>{rows(reply.signature)}</p></div>'
    rule = '<hr style="display: inline-block; width: 98%;">'
    return _divided(reply, rule, tail, reply.signature)


def mobile(reply: Reply) -> bytes:
    """Outlook for iOS and Android."""
    html, text = "", ""
    if reply.footer:
        words = GET_OUTLOOK[reply.language]
        html = (
            '<div dir="ltr"><br></div><div id="ms-outlook-mobile-signature">'
            f'<div style="direction:ltr"><a href="https://aka.ms/o0ukef">{words}</a></div></div>'
        )
        text = f"{words}<https://aka.ms/o0ukef>"
    rule = (
        '<div id="mail-editor-reference-message-container" '
        'class="ms-outlook-mobile-reference-message">'
        '<hr style="display:inline-block;width:98%" tabindex="-1">'
    )
    return _divided(reply, rule, html, text, "</div>")


def _divided(reply: Reply, rule: str, tail: str, tail_text: str, end: str = "") -> bytes:
    font = (
        "font-family: Aptos, Calibri, Helvetica, sans-serif; font-size: 12pt; color: rgb(0, 0, 0);"
    )
    answer = lines_as_html(
        reply.answer,
        f'<div class="elementToProof" style="{font}">{{}}</div>',
        f'<div class="elementToProof" style="{font}"><br></div>',
    )
    if reply.rich:
        answer = list_as_html(reply.answer, '<div class="elementToProof">{}</div>') or answer
    ours = rewritten(reply.body, renamed("x_"))
    body = (
        f'{answer}{tail}<div id="appendonsend"></div>{rule}<div id="divRplyFwdMsg" dir="ltr">'
        f'<font face="Calibri, sans-serif" style="font-size:11pt" color="#000000">'
        f"{_fields(_block(reply))}</font><div>&nbsp;</div></div>"
        f'<div class="x_bg" style="margin:0; padding:0; background:#f3f4f6">{ours}</div>{end}'
    )
    html = (
        '<html><head>\n<meta http-equiv="Content-Type" content="text/html; charset='
        f'{reply.charset}"><style type="text/css" style="display:none;"> P {{margin-top:0;'
        f'margin-bottom:0;}} </style></head><body dir="ltr">'
        f"{disclaimed_html(reply, body)}</body></html>"
    )
    quoted = as_text(reply.body, "<{}>")
    above = f"{reply.answer}\n\n{tail_text}" if tail_text else reply.answer
    text = f"{above}\n{_RULE}\n{_lines(_block(reply))}\n\n{quoted}\n"
    headers = {"Thread-Topic": "", "X-MS-Has-Attach": "", "Accept-Language": "en-US"}
    headers["X-MS-Exchange-MessageSentRepresentingType"] = "1"
    return _sent(reply, text, html, headers)


def mac(reply: Reply) -> bytes:
    """Outlook for the Mac: «Date» where others say «Sent», all below one border."""
    labels = _block(reply)
    answer = lines_as_html(reply.answer, "<div>{}</div>", "<div><br></div>")
    border = "BORDER-BOTTOM: medium none; BORDER-TOP: #b5c4df 1pt solid; PADDING-TOP: 3pt"
    head = "<br>".join(
        f'<span style="font-weight:bold">{label} </span> {escape(value, quote=False)}'
        for label, value in labels
    )
    ours = rewritten(reply.body, keep)
    html = disclaimed_html(
        reply,
        f'{answer}<div><br></div><span id="OLK_SRC_BODY_SECTION"><div style="font-family:Calibri; '
        f'font-size:12pt; text-align:left; color:black; {border}">{head}<br></div><div><br></div>'
        f"<div>{ours}</div></span>",
    )
    html = f'<html><head></head><body style="font-size: 14px;">{html}</body></html>'
    ours = as_text(reply.body, cell="\t")
    block = "\n".join(f"{label}  {value}" for label, value in labels)
    agent = {"User-Agent": "Microsoft-MacOutlook/16.89.24090815"}
    return _sent(reply, f"{reply.answer}\n\n\n{block}\n\n{ours}\n", html, agent)


def windows_mail(reply: Reply) -> bytes:
    """Mail, which came with Windows 10 and 11."""
    line = "<p class=MsoNormal>{}</p>"
    blank = "<p class=MsoNormal><o:p>&nbsp;</o:p></p>"
    words = WINDOWS.get(reply.language, WINDOWS["en"])
    footer = line.format(f'<a href="https://go.microsoft.com/fwlink/?LinkId=550986">{words}</a>')
    answer = lines_as_html(reply.answer, line, blank)
    block = _fields(_block(reply, "{}"))
    html = (
        f"{_HEAD.format(reply.charset)}{answer}{blank}{footer if reply.footer else ''}{blank}"
        "<div style='mso-element:para-border-div;border:none;border-top:solid #E1E1E1 1.0pt;"
        "padding:3.0pt 0cm 0cm 0cm'><p class=MsoNormal style='border:none;padding:0cm'>"
        f"{block}</p></div>{blank}{_word(reply.body)}</div></body></html>"
    )
    tail = f"{words}\n\n" if reply.footer else ""
    ours = as_text(reply.body, " <{}>")
    text = f"{reply.answer}\n\n{tail}{_lines(_block(reply, '{}'))}\n\n{ours}\n"
    return _sent(reply, text, html, {"X-Mailer": ""})
