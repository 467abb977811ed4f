"""Markup from strangers in every field of an email, shown by a real browser: nothing runs, nothing
is fetched, nothing leads anywhere by itself, and no element is there that we did not write.

The emails are those that a sweep delivers. The browser shows them all at once, a frame each.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from email import message_from_bytes, policy
from html import escape
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from browser import HOST, LOGO
from hostile_markup import HTML, LEAK, MARKUP, URLS

from continuation_cli.core.settings import check

pytestmark = pytest.mark.browser

#: What is in a frame once it has been shown: as it was parsed, and as it is parsed when a mail
#: program writes it down and reads it again, which is where markup mutates.
INSPECT = """
const found = (page) => {
  const every = [...page.querySelectorAll("*")];
  const templates = every.filter((e) => e.localName === "template").length;
  return {
    tags: [...new Set(every.map((e) => e.localName))],
    attributes: [...new Set(every.flatMap((e) => e.getAttributeNames()))],
    namespaces: [...new Set(every.map((e) => e.namespaceURI))],
    styles: [...new Set(every.map((e) => e.getAttribute("style") || ""))].join(" "),
    sheets: page.querySelectorAll("style").length,
    metas: page.querySelectorAll("meta").length,
    links: [...page.querySelectorAll("a")].map((a) => a.protocol),
    sources: [...page.querySelectorAll("[src]")].map((e) => e.getAttribute("src")),
    emails: page.querySelectorAll(".continuation-email").length,
    // The last line is where it was written: nothing has ended or opened an element around it.
    end: (() => {
      let path = [], e = page.querySelector('a[href^="mailto:unsubscribe+"]');
      for (; e; e = e.parentElement) path.push(e.localName);
      return path.join(" ");
    })(),
  };
};
window.onload = () => setTimeout(() => {
  const seen = [...document.querySelectorAll("iframe")].map((frame) => {
    const page = frame.contentDocument;
    if (!page || page.location.href !== frame.src) return {name: frame.name, left: true};
    const read = (markup) => new DOMParser().parseFromString(markup, "text/html");
    const once = read(page.documentElement.outerHTML);
    const inner = document.createElement("div");
    inner.innerHTML = page.body.innerHTML;
    return {name: frame.name, title: page.title, pages: [page, once,
            read(once.documentElement.outerHTML), read(inner.outerHTML)].map(found)};
  });
  document.title = JSON.stringify(seen);
}, 1000);
"""

TAGS = {
    "html", "head", "meta", "title", "style", "body", "div", "table", "tbody", "thead", "tfoot",
    "tr", "td", "th", "caption", "span", "a", "b", "br", "h1", "h2", "h3", "h4", "h5", "h6", "p",
    "ul", "ol", "li", "dl", "dt", "dd", "blockquote", "pre", "hr", "img", "abbr", "cite", "code",
    "del", "em", "i", "ins", "kbd", "mark", "s", "samp", "small", "strong", "sub", "sup", "u",
}  # fmt: skip
ATTRIBUTES = {
    "align", "alt", "aria-hidden", "bgcolor", "border", "cellpadding", "cellspacing", "charset",
    "class", "colspan", "content", "dir", "height", "href", "lang", "name", "rel", "role",
    "rowspan", "src", "start", "style", "width",
}  # fmt: skip
END = "a div td tr tbody table div body html"


def shown(browser, pages):
    """What is found in each page, by its name, and what the pages asked for."""
    frames = []
    for name, html in pages.items():
        browser.pages[f"/{name}.html"] = (html, "text/html")
        frames.append(f'<iframe name="{name}" src="http://{HOST}/{name}.html"></iframe>')
    found = browser.show(f"<!doctype html><script>{INSPECT}</script>{''.join(frames)}")
    # Chromium asks its maker for this and that.
    own = ("google", "gstatic", "chromium")
    asked = [url for url in browser.foreign() if not any(name in url for name in own)]
    return {frame["name"]: frame for frame in found}, asked


def write(chat, number, several, url):
    """A conversation with each of these in every field of messages that is for people, and with
    some of them wherever there is one field only.
    """
    name, last = f"c{number}", several[-1]
    chat.insert("channels", id=name, name=several[0])
    chat.conversation(name, channel=name, email=f"{name}@example.com", name=last, locale=last)
    chat.page(name, url=url, closed=30)
    place = 0
    for markup in several:
        files = [{"name": markup, "url": markup, "content_type": markup},
                 {"name": "x", "url": f"https://files.example/{markup}"}]  # fmt: skip
        for form in ("html", "markdown", "plain"):
            place += 1
            chat.message(name, f"r{place}", markup, format=form, ago=50 - place / 10, name=markup,
                         author="customer", via="email")  # fmt: skip
            chat.message(name, f"m{place}", f"{markup} x", format=form, ago=20 - place / 10,
                         name=markup, attachments=json.dumps(files))  # fmt: skip
    values = {
        "reply_url": url if number % 2 else None,
        "brand_name": several[len(several) // 2],
        "from_name": last,
    }
    for key, value in values.items():
        with suppress(ValueError):
            chat.set(key, check(key, value or ""), name)


def delivered(folder):
    """The HTML parts of the emails in a Maildir, by conversation."""
    found = {}
    for file in Path(folder).glob("new/*"):
        message = message_from_bytes(file.read_bytes(), policy=policy.default)
        html = message.get_body(("html",)).get_content()
        found[message["Delivered-To"].partition("@")[0]] = html
    return found


def test_markup_from_strangers_is_inert(browser, chat, run, tmp_path):
    chat.set("inbound_domain", "reply.acme.example")
    chat.set("recap", "50")
    conversations = [MARKUP[start : start + 8] for start in range(0, len(MARKUP), 8)]
    for number, several in enumerate(conversations):
        write(chat, number, several, URLS[number % len(URLS)])
        if number % 2:
            chat.set("brand_logo_url", LOGO, f"c{number}")
    assert run("sweep").code == 0
    pages = delivered(tmp_path / "outgoing")
    assert len(pages) == len(conversations) > len(URLS)

    frames, asked = shown(browser, pages)
    assert asked == []
    for number, several in enumerate(conversations):
        frame = frames[f"c{number}"]
        assert "left" not in frame, several
        for page in frame["pages"]:
            assert set(page["tags"]) <= TAGS, several
            assert set(page["attributes"]) <= ATTRIBUTES, several
            assert page["namespaces"] == ["http://www.w3.org/1999/xhtml"]
            assert set(page["links"]) <= {"http:", "https:", "mailto:"}, several
            assert page["sources"] == ([LOGO] if number % 2 else [])
            assert not re.search(r"url\(|image-set|expression|position|content:", page["styles"])
            assert page["emails"] == 1, several
        for page in frame["pages"][:3]:
            assert (page["sheets"], page["metas"], page["end"]) == (1, 5, END), several
    assert LOGO in browser.requests


def test_the_browser_would_show_it(browser):
    """What the other test looks for happens where the same markup is not made safe."""
    pages = {f"raw{number}": markup for number, markup in enumerate(HTML[::3])}
    pages |= {f"url{number}": f'<img src="{escape(url)}">' for number, url in enumerate(URLS)}
    frames, asked = shown(browser, pages)
    assert {urlsplit(url).hostname for url in asked} >= {LEAK}
    assert len(asked) > 15
    harmful = 0
    for frame in frames.values():
        pages = frame.get("pages", [])
        if not pages or set(pages[0]["tags"]) - TAGS or set(pages[0]["attributes"]) - ATTRIBUTES:
            harmful += 1
    assert harmful > 35
