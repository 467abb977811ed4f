"""Thunderbird, and the clients of a terminal, mutt first."""

from __future__ import annotations

from html import escape

from clients.layout import disclaimed_html, disclaimed_text, rows, signed, stacked
from clients.posting import message
from clients.quoting import broken, flowed, quoted, wrapped
from clients.rewriting import as_text, keep, linked, rewritten
from clients.sent import CUSTOMER, MESSAGE_ID, Reply
from clients.wording import MUTT, THUNDERBIRD

_AGENT = {"User-Agent": "Mozilla Thunderbird"}


def thunderbird(reply: Reply) -> bytes:
    """Writes HTML, in paragraphs; the text part is format=flowed."""
    paragraphs = [rows(part) for part in reply.answer.split("\n\n")] if reply.answer else []
    answer = "".join(f"<p>{linked(part)}</p>\n    " for part in paragraphs)
    cite = f'<blockquote type="cite" cite="mid:{MESSAGE_ID[1:-1]}">'
    ours = rewritten(
        reply.sent.body,
        keep,
        {q: f"<p>{rows(a)}</p>" for q, a in reply.inline.items()},
        ("</blockquote>", cite),
        ' class="moz-txt-link-freetext" moz-do-not-send="true"',
    )
    attribution = escape(reply.attribution(THUNDERBIRD), quote=False)
    quote = f'<div class="moz-cite-prefix">{attribution}<br>\n    </div>\n    '
    quote += f"{cite}\n{ours}</blockquote>"
    tail = ""
    if reply.signature:
        tail = f'<div class="moz-signature">-- <br>\n{rows(reply.signature)}</div>'
    body = stacked(reply, answer, tail, quote, "\n    ")
    html = (
        '<!DOCTYPE html>\n<html>\n  <head>\n    <meta http-equiv="Content-Type" '
        f'content="text/html; charset={reply.charset}">\n  </head>\n  <body>\n    '
        f"{disclaimed_html(reply, body)}\n  </body>\n</html>\n"
    )
    lines = as_text(reply.sent.body, " <{}>").split("\n")
    return _flowed(reply, lines, html)


def thunderbird_plain(reply: Reply) -> bytes:
    """Writes plain text: our text part quoted, format=flowed."""
    return _flowed(reply, reply.sent.composed.text.rstrip("\n").split("\n"), None)


def _flowed(reply: Reply, lines: list[str], html: str | None) -> bytes:
    quote = f"{reply.attribution(THUNDERBIRD)}\n{quoted(lines, reply.between)}"
    text = flowed(stacked(reply, reply.answer, signed(reply), quote))
    text = disclaimed_text(reply, text) + "\n"
    return message(reply, text, html, _AGENT, parameters="; format=flowed")


def mutt(reply: Reply) -> bytes:
    """Our text part, with the prefix also on blank lines."""
    lines = reply.sent.composed.text.rstrip("\n").split("\n")
    quote = f"{reply.attribution(MUTT)}\n{quoted(lines, reply.between, blank='> ')}"
    text = stacked(reply, reply.answer, signed(reply), quote)
    return message(
        reply, disclaimed_text(reply, text) + "\n", None, {"User-Agent": "Mutt/2.2.12 (2023-09-09)"}
    )


def follow_up(reply: Reply) -> bytes:
    """An answer to the customer's own answer, below which our email is quoted once more."""
    ours = reply.sent.composed.text.rstrip("\n").split("\n")
    below = ["I forgot to say:", "", reply.attribution(MUTT), *quoted(ours).split("\n")]
    own = f"On Mon, Mar 02, 2026 at 11:02:41AM +0100, {CUSTOMER} wrote:"
    text = stacked(reply, reply.answer, signed(reply), f"{own}\n{quoted(below, None)}")
    return message(reply, f"{text}\n", None, {"User-Agent": "NeoMutt/20231103"})


def rewrapped(reply: Reply) -> bytes:
    """A client that quoted well, and a server that wrapped the lines after that."""
    lines = wrapped(reply.sent.composed.text.rstrip("\n"), 76)
    quote = f"{reply.attribution(MUTT)}\n{quoted(lines, reply.between, blank='>')}"
    text = broken(stacked(reply, reply.answer, signed(reply), quote), 74)
    return message(reply, disclaimed_text(reply, text), None, {"X-Mailer": "Microsoft CDO"})


def tight(reply: Reply) -> bytes:
    """Prefixes without a space, as of old news readers and K-9."""
    lines = wrapped(reply.sent.composed.text.rstrip("\n"), 72)
    quote = f"{reply.attribution(THUNDERBIRD)}\n{quoted(lines, reply.between, '>', '>')}"
    text = stacked(reply, reply.answer, signed(reply), quote)
    return message(
        reply, disclaimed_text(reply, text), None, {"User-Agent": "K-9 Mail for Android"}
    )
