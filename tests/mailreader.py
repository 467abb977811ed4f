"""Reads composed emails as a strict parser, a mail client and a browser would."""

from __future__ import annotations

import email
import email.policy
import re
from email.errors import NonASCIILocalPartDefect
from html.parser import HTMLParser

STRICT = email.policy.SMTPUTF8.clone(raise_on_defect=True)
ALWAYS = [
    "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "X-Auto-Response-Suppress",
    "Content-Language", "MIME-Version", "Content-Type",
]  # fmt: skip
WITH_INBOUND = ["Reply-To", "List-Unsubscribe"]
WITH_THREAD = ["In-Reply-To", "References"]


def parsed(composed):
    """The message as a strict parser reads it, every field and part looked at."""
    if composed.recipient.isascii():
        message = email.message_from_bytes(composed.message, policy=STRICT)
    else:  # of octets the library makes surrogates, even where RFC 6532 allows them
        message = email.message_from_string(composed.message.decode(), policy=STRICT)
    for part in message.walk():
        assert not part.defects
        for value in part.values():
            # RFC 6532 again: it is none, the library knows only RFC 5322.
            assert not [d for d in value.defects if not isinstance(d, NonASCIILocalPartDefect)]
    return message


def parts(composed):
    """The text and the HTML as a mail client decodes them."""
    message = parsed(composed)
    assert message.get_content_type() == "multipart/alternative"
    text, html = message.iter_parts()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    return tuple(part.get_content().replace("\r\n", "\n") for part in (text, html))


def fields(composed):
    """The header section as octets, unfolded lines kept as they are: name -> raw value."""
    head = composed.message.partition(b"\r\n\r\n")[0].decode()
    return dict(re.findall(r"(\S+): ((?:[^\r]|\r\n )*)\r\n", head + "\r\n"))


class Page(HTMLParser):
    """Every element and attribute of an HTML page, its text, and whether its tags balance."""

    VOID = frozenset({"meta", "img", "br", "hr"})

    def __init__(self, html):
        super().__init__()
        self.elements, self.text, self.open, self.unbalanced = [], "", [], []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.unbalanced.append(tag)

    def handle_data(self, data):
        self.text += data

    def links(self):
        return [attributes["href"] for tag, attributes in self.elements if tag == "a"]


def harmless(html):
    """No element, attribute or link that could act or fetch; `style` only as templates have it."""
    page = Page(html)
    for tag, attributes in page.elements:
        assert tag not in {"script", "img", "iframe", "svg", "form", "input", "link", "object"}
        assert not [name for name in attributes if name.startswith("on") or name == "src"]
        assert "url(" not in attributes.get("style", "")
        assert "fixed" not in attributes.get("style", "").replace("table-layout:fixed", "")
    for href in page.links():
        assert re.match(r"https?://|mailto:", href), href
    assert page.unbalanced == []
    assert page.open == []
