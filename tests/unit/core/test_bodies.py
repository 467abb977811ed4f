"""Message bodies: each format as safe HTML and as text, and what hostile ones cost."""

from __future__ import annotations

import re
import time
from html.parser import HTMLParser

import pytest
from histories import examples
from hypothesis import given
from hypothesis import strategies as st

from continuation_cli.core import bodies
from continuation_cli.core.bodies import render


def link(url, label=None, rel=False):
    """A link: one that was markup has a `rel`, one that was a bare URL needs none."""
    attribute = ' rel="noopener"' if rel else ""
    return f'<a href="{url}"{attribute}>{label or url}</a>'


# --- Plain ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("Hello", "Hello"),
        ("", ""),
        ("a\nb\r\nc\rd", "a<br>\nb<br>\nc<br>\nd"),
        ("\n\n a \n\n", " a"),
        ("<b> & \"q\" 'a'", "&lt;b&gt; &amp; &#34;q&#34; &#39;a&#39;"),
        ("a  b   c", "a&nbsp; b&nbsp;  c"),
        ("{{ 7*7 }}{% if %}{# #}", "{{ 7*7 }}{% if %}{# #}"),
        ("a\x00\x07\x1b[0m\x7f\x9f", "a[0m"),
        ("a\u2028b\x0bc\x85d", "a<br>\nb<br>\nc<br>\nd"),
        ("\ud83d alone", "\ufffd alone"),
        ("👩‍👩‍👧 ok", "👩‍👩‍👧 ok"),
    ],
)
def test_plain(text, html):
    assert render(text).html == html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("see https://a.example.", f"see {link('https://a.example')}."),
        ("https://a.example/x?a=1&b=2", link("https://a.example/x?a=1&amp;b=2")),
        ("(https://a.example/x)", f"({link('https://a.example/x')})"),
        ("https://a.example/x_(y)", link("https://a.example/x_(y)")),
        ("(https://a.example/x_(y)).", f"({link('https://a.example/x_(y)')})."),
        ("https://a.example/),]!?", f"{link('https://a.example/')}),]!?"),
        ("HTTP://A.example", link("HTTP://A.example")),
        ("https://a.example\nhttps://b.example", f"{link('https://a.example')}<br>\n"
                                                 f"{link('https://b.example')}"),
        ("https://münchen.example/ä", link("https://münchen.example/ä")),
        ('https://a.example/"onclick="x', f"{link('https://a.example/')}&#34;onclick=&#34;x"),
        ("https://a.example/<b>", f"{link('https://a.example/')}&lt;b&gt;"),
        ("https://a.example/\u202egnp", f"{link('https://a.example/')}\u202egnp"),
        ("こちら https://a.example/。", f"こちら {link('https://a.example/')}。"),
        ("https:// http://. nothing", "https:// http://. nothing"),
        ("javascript://a ftp://b www.c.example d@e.example", None),
    ],
)  # fmt: skip
def test_only_web_addresses_become_links(text, html):
    assert render(text).html == (text if html is None else html)


@given(st.text(st.characters(codec="utf-8"), max_size=200))
def test_plain_text_stays_what_it_is(text):
    body = render(text)
    assert render(body.text).text == body.text
    wanted = re.sub("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufdd0-\ufdef\ufffe\uffff]", "", text)
    assert "".join(body.text.split()) == "".join(wanted.split())


# --- Markdown ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "html", "plain"),
    [
        ("**a** *b* `c` ~~d~~",
         '<p style="margin:0"><strong>a</strong> <em>b</em> '
         '<code style="font-size:14px;font-family:Menlo,Consolas,monospace">c</code> <s>d</s></p>',
         "a b c ~~d~~"),
        ("a*b*\nc", '<p style="margin:0">a<em>b</em><br>\nc</p>', "ab\nc"),
        ("[a](https://x.example/?a&b)",
         f'<p style="margin:0">{link("https://x.example/?a&amp;b", "a", rel=True)}</p>',
         "a (https://x.example/?a&b)"),
        ("**see** https://x.example/a_b_c.",
         f'<p style="margin:0"><strong>see</strong> {link("https://x.example/a_b_c")}.</p>',
         "see https://x.example/a_b_c."),
        ("<https://x.example/>",
         f'<p style="margin:0">{link("https://x.example/", rel=True)}</p>', "https://x.example/"),
        ("<b onclick=x>a</b>", '<p style="margin:0">&lt;b onclick=x&gt;a&lt;/b&gt;</p>',
         "<b onclick=x>a</b>"),
        ("[a](javascript:alert)", '<p style="margin:0">[a](javascript:alert)</p>',
         "[a](javascript:alert)"),
        ("![alt](https://x.example/i.png)",
         f'<p style="margin:0">{link("https://x.example/i.png", "alt", rel=True)}</p>',
         "alt (https://x.example/i.png)"),
        ("&lt;script&gt;", '<p style="margin:0">&lt;script&gt;</p>', "<script>"),
        ("{{ 7*7 }} **x**", '<p style="margin:0">{{ 7*7 }} <strong>x</strong></p>',
         "{{ 7*7 }} x"),
    ],
)  # fmt: skip
def test_markdown(text, html, plain):
    body = render(text, "markdown")
    assert (body.html, body.text) == (html, plain)


def test_markdown_text_is_laid_out():
    text = "# T\nintro\n\n- a\n- b\n  1. c\n  2. d\n\n> q\n> r\n>\n> > s\n\n"
    text += "```\n  x\n   y\n```\n***\nend"
    assert render(text, "markdown").text == (
        "T\n\nintro\n\n- a\n- b\n  1. c\n  2. d\n\n> q\n> r\n>\n> > s\n\n  x\n   y\n\n---\n\nend"
    )


@examples(100)
@given(st.text(st.sampled_from("ab .,!?()\n:;/'\"12@%$é"), max_size=60))
def test_markdown_without_markup_is_shown_as_plain(text):
    """What takes the short way says the same as what the parser would make of it."""
    if bodies._needs_markdown(text):
        return
    long_way = bodies._finish(bodies._markdown()(text)).text
    assert render(text, "markdown").text.split() == long_way.split()


# --- HTML -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "html", "plain"),
    [
        ("<p>a<p>b", '<p style="margin:0">a</p><p style="margin:10px 0 0">b</p>', "a\n\nb"),
        ("a<br>b", "a<br>b", "a\nb"),
        ("<div>a</div><div>b</div>", "<div>a</div><div>b</div>", "a\nb"),
        ("<p onclick=x style='color:red' class=a id=b>a", '<p style="margin:0">a</p>', "a"),
        ("a<script>x</script><style>y</style><title>z</title>b", "ab", "ab"),
        ("<iframe src=https://x.example></iframe><object>o</object>", "o", "o"),
        ("<font color=red>a</font> <span>b</span>", "a b", "a b"),
        ("<a href='javascript:x'>a</a> <a href='/r'>b</a> <a>c</a>", "a b c", "a b c"),
        ("<a href='mailto:a@b.example'>a@b.example</a>",
         link("mailto:a@b.example", "a@b.example", rel=True), "a@b.example"),
        ("<a href='mailto:a@b.example'>us</a>",
         link("mailto:a@b.example", "us", rel=True), "us (a@b.example)"),
        ("<a href='https://x.example/a b'><b>l</b></a>",
         link("https://x.example/a%20b", "<b>l</b>", rel=True), "l (https://x.example/a%20b)"),
        ("<a href='https://x.example'><img src='https://i.example/i.png' alt=Logo></a>",
         link("https://x.example", "Logo", rel=True), "Logo (https://x.example)"),
        ("<img src='https://i.example/a/i.png?x=1'>",
         link("https://i.example/a/i.png?x=1", "i.png", rel=True),
         "i.png (https://i.example/a/i.png?x=1)"),
        ("<img src='https://i.example/i.gif' width=1><img src='data:image/png,x' alt=data>",
         "data", "data"),
        ("<a href='https://x.example'>https://x.example</a> https://y.example",
         link("https://x.example", rel=True) + " " + link("https://y.example"),
         "https://x.example https://y.example"),
        ("<b>a <i>b</b> c</i>", "<b>a <i>b</i></b><i> c</i>", "a b c"),
        ("</div></td></table></body></html>a<!-- x -->", "a", "a"),
        ("a &lt;b&gt; &amp;lt; &nbsp;c &#1; &#13;d", "a &lt;b&gt; &amp;lt; &nbsp;c  \nd",
         "a <b> &lt; \xa0c d"),
        ("<pre>a\n  b</pre>c", '<pre style="margin:0;white-space:pre-wrap;font-size:14px;'
         'font-family:Menlo,Consolas,monospace">a\n  b</pre>c', "a\n  b\n\nc"),
        ("<ol start=7><li>a<li>b</ol><ul><li>c</ul>", None, "7. a\n8. b\n\n- c"),
        ("<ol start=x><li>a</ol>", None, "1. a"),
        ("<table><tr><th>a<th>b<tr><td>1<td>2</table>", None, "a | b\n1 | 2"),
        ("<blockquote><p>a<blockquote>b</blockquote></blockquote>c", None, "> a\n>\n> > b\n\nc"),
        ("<li>a<li>b", None, "- a\n- b"),
        ("<dl><dt>a<dd>b</dl>", None, "a\nb"),
        ("a<hr>b", None, "a\n\n---\n\nb"),
        ("<p> a \n b </p> \n <p></p> <p>c</p>", None, "a b\n\nc"),
    ],
)  # fmt: skip
def test_html(text, html, plain):
    body = render(text, "html")
    assert body.text == plain
    if html is not None:
        assert body.html == html


class Outline(HTMLParser):
    """The elements of an HTML fragment, and how deep they nest."""

    def __init__(self, html):
        super().__init__()
        self.elements, self.stack, self.deepest = [], [], 0
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, attributes))
        if tag not in ("br", "hr"):
            self.stack.append(tag)
            self.deepest = max(self.deepest, len(self.stack))

    def handle_endtag(self, tag):
        assert self.stack.pop() == tag


def check_safe(html):
    outline = Outline(html)
    assert outline.stack == []
    assert outline.deepest <= bodies.DEEPEST + 1
    for tag, attributes in outline.elements:
        assert tag in bodies._INLINE | bodies.BLOCKS | {"br"}
        for name, value in attributes:
            assert name in ("href", "rel", "style", "start", "colspan", "rowspan")
            if name == "href":
                assert re.match("https?://|mailto:", value, re.IGNORECASE)
            elif name == "style":
                assert "url" not in value
                assert "expression" not in value
                assert "position" not in value
            elif name != "rel":
                assert value.isdecimal()


_TAGS = ["p", "div", "b", "i", "a href='https://x.example'", "a href=javascript:x", "table", "tr",
         "td", "ul", "ol start=3", "li", "blockquote", "pre", "code", "br", "hr", "h1", "script",
         "style", "svg", "math", "img src=https://x.example/i onerror=x", "img alt='\"><script>'",
         "textarea", "title", "select", "template", "noscript", "b onclick=x style=position:fixed",
         "td colspan=2", "td colspan='2\" onclick=\"x'", "plaintext", "xmp", "form",
         "iframe"]  # fmt: skip
markup = st.lists(
    st.sampled_from([f"<{tag}>" for tag in _TAGS])
    | st.sampled_from([f"</{tag.split()[0]}>" for tag in _TAGS])
    | st.sampled_from(["<!--", "-->", "<![CDATA[", "]]>", "<!doctype>", "<", ">", "&", "&lt;",
                       "&#0;", "&#x202e;", '"', "'", "\x00", "text ", "https://y.example/ "])
    | st.text(max_size=5),
    max_size=40,
).map("".join)  # fmt: skip


@examples(300)
@given(markup, st.sampled_from(["html", "markdown"]))
def test_any_markup_becomes_safe(text, form):
    body = render(text, form)
    check_safe(body.html)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]", body.html + body.text)


@examples(150)
@given(st.text(st.sampled_from('*_`[]()<>#-+=~!|&\\ \n\t1.ab:/h"'), max_size=80))
def test_any_markdown_becomes_safe(text):
    check_safe(render(text, "markdown").html)


@pytest.mark.parametrize(
    "text",
    [
        "<div>" * 20_000,
        "<blockquote>x" * 7_000,
        "<ul><li>x" * 7_000,
        "<b><i>" * 16_000,
        "<p>" + "".join(f"<b a={n}>" for n in range(4_000)) + "</p>" + "<p>x" * 4_000,
        "<p>" + "".join(f"<b a='>{n}'>" for n in range(4_000)) + "</p>" + "<p>x" * 4_000,
        "<p>" + "".join(f"<font\n{n}>" for n in range(4_000)) + "</p>" + "<p>x" * 4_000,
        "<a href=https://x.example>" * 4_000,
        "<table>" * 14_000,
        "<!--" * 25_000,
        "<" * 100_000,
        "&" * 100_000,
        "<![CDATA[" * 11_000,
        "<svg><a>" * 12_000,
        "<p " + "a=1 " * 25_000,
        "<pre>" + "\n" * 100_000,
        " " * 100_000 + "x",
        "https://" * 12_000,
        "https://a.example/" + ")" * 100_000,
        "https://a.example/" + "(" * 50_000 + ")" * 50_000,
        "https://a.example/" + "." * 100_000,
        "[" * 100_000,
        "![" * 50_000,
        "[a](" * 25_000,
        "*a **b " * 14_000,
        "`" * 50_000 + " " + "`" * 49_999,
        "> " * 50_000 + "a",
        "- " * 50_000 + "a",
        "a\n" * 50_000,
        "1. a\n" * 20_000,
        "[a]: x\n" * 14_000,
        "~~a" * 33_000,
    ],
    ids=lambda text: repr(text[:12]),
)
@pytest.mark.parametrize("form", ["plain", "markdown", "html"])
def test_a_hostile_100_kb_costs_little(text, form):
    before = time.process_time()
    body = render(text, form)
    assert time.process_time() - before < 10
    assert len(body.html) < 60 * len(text)
    assert len(body.text) < 40 * len(text)
    Outline(body.html)


def test_html_with_too_many_tags_is_shown_as_text():
    text = "<p>word &amp; <b>bold</b></p>" * 3_000
    body = render(text, "html")
    assert body.text.split()[:3] == ["word", "&", "bold"]
    assert "<" not in body.html


def test_very_long_markup_is_shown_as_it_is():
    text = "**a** " * 50_000
    assert render(text, "markdown").text == text.strip()
