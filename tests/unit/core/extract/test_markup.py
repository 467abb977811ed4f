"""HTML of mail clients: what its structure says is quoted, and how it reads as text."""

from __future__ import annotations

import pytest

from continuation_cli.core import extract

# In languages that no table has, so that only the structure can tell.
WROTE = "Ana babek 2 kolo 10.15 tarek"
FIELDS = "<b>Zuk:</b> Ana<br><b>Lor:</b> 2 kolo<br><b>Mek:</b> Ada<br><b>Pil:</b> lamp"

QUOTES = {
    "gmail": f'<div dir="ltr">Blue.</div><br><div class="gmail_quote"><div dir="ltr" '
    f'class="gmail_attr">{WROTE}<br></div><blockquote class="gmail_quote">Which?</blockquote>'
    "</div>",
    "gmail old": '<div dir="ltr">Blue.<div class="gmail_extra"><br><div class="gmail_quote">'
    f'{WROTE}<br><blockquote class="gmail_quote">Which?</blockquote></div></div></div>',
    "gmail container": '<div>Blue.</div><div class="gmail_quote gmail_quote_container">'
    f'<div class="gmail_attr">{WROTE}</div>'
    '<blockquote class="gmail_quote">Which?</blockquote></div>',
    "apple": f'<div>Blue.</div><div><br><blockquote type="cite"><div>{WROTE}</div><br>'
    "<div>Which?</div></blockquote></div>",
    "thunderbird": f'<p>Blue.</p><div class="moz-cite-prefix">{WROTE}<br></div>'
    '<blockquote type="cite" cite="mid:1@x"><p>Which?</p></blockquote>',
    "outlook web": '<div>Blue.</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg">'
    f"{FIELDS}</div><div>Which?</div>",
    "outlook web quoted": '<div>Blue.</div><div id="x_appendonsend"></div><hr>'
    f'<div id="x_divRplyFwdMsg">{FIELDS}</div><div>Which?</div>',
    "outlook windows": "<p class=MsoNormal>Blue.</p><div style='border:none;border-top:solid "
    f"#E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'><p class=MsoNormal>{FIELDS}</p></div><p>Which?</p>",
    "outlook 2010": "<p class=MsoNormal>Blue.</p><div style='border:none;border-top:solid "
    f"#B5C4DF 1.0pt;padding:3.0pt 0cm 0cm 0cm'><p class=MsoNormal>{FIELDS}</p></div><p>Which?</p>",
    "outlook mac": '<div>Blue.</div><span id="OLK_SRC_BODY_SECTION"><div>'
    f"{FIELDS}</div><div>Which?</div></span>",
    "outlook phone": '<div>Blue.</div><div id="mail-editor-reference-message-container">'
    f"<div>{FIELDS}</div><div>Which?</div></div>",
    "yahoo": '<div>Blue.</div><div id="ydp1yahoo_quoted_2" class="ydp1yahoo_quoted"><div>'
    f"{WROTE}:</div><div>Which?</div></div>",
    "proton": f'<div>Blue.</div><div class="protonmail_quote">{WROTE}<br>'
    '<blockquote class="protonmail_quote" type="cite">Which?</blockquote></div>',
    "gmx": '<div>Blue.</div><div name="quote" style="margin:10px"><div>'
    f'{FIELDS}</div><div name="quoted-content">Which?</div></div>',
    "zoho": f'<div>Blue.</div><div class="zmail_extra"><div>{WROTE}</div>'
    '<blockquote style="border-left: 1px solid">Which?</blockquote></div>',
    "ours": '<div>Blue.</div><div class="x_continuation-email"><div>Which?</div></div>',
    "ours at yahoo": '<div>Blue.</div><div class="yiv123continuation-email"><p>Which?</p></div>',
    "our marker": '<div>Blue.</div><div class="continuation-reply-marker">-- x --</div>Which?',
}


@pytest.mark.parametrize("markup", QUOTES.values(), ids=QUOTES)
def test_structure_tells_in_any_language(markup: str) -> None:
    assert extract.from_html(markup) == "Blue."
    assert extract.from_html(
        f"<html><head><title>x</title></head><body>{markup}</body></html>"
    ) == ("Blue.")


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("<p style='margin:0'>One</p><p style='margin:0'>Two</p>", "One\nTwo"),
        ("<p class=MsoNormal>One</p><p class=MsoNormal>Two</p>", "One\nTwo"),
        ("<div>One</div><div>Two</div>", "One\nTwo"),
        ("<div>One</div><div><br></div><div>Two</div>", "One\n\nTwo"),
        ("One<br>Two<br/><br />Three", "One\nTwo\n\nThree"),
        ("One\n  line", "One line"),
        ("<ul><li>One</li><li>Two</li></ul>", "- One\n- Two"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("<pre>One\n  two</pre>", "One\n  two"),
        ("<b>bo</b>ld &amp; &lt;plain&gt; &#128077;", "bold & <plain> 👍"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("write to <ana@acme.example> now", "write to <ana@acme.example> now"),
        ("a<!-- hidden -->b<!--[if mso]>no<![endif]-->c", "abc"),
        ("<style>p{}</style><script>x()</script>said", "said"),
        ("<div style='display:none'>hidden</div>shown", "shown"),
        ('<img alt="👍" src="x">', "👍"),
        ('<img alt="logo.png" src="x">said', "said"),
        ('<a href="https://x.example/?a=1>2">link</a>', "link"),
        ("<blockquote style='margin:0 0 0 40px;border:none;padding:0px'>indented</blockquote>",
         "indented"),
        ("unclosed <!-- comment", "unclosed comment"),
        ("unclosed <b", "unclosed <b"),
        ("</div></p>said", "said"),
    ],
)  # fmt: skip
def test_reading(markup: str, text: str) -> None:
    assert extract.from_html(markup) == text


def test_a_line_of_signs_only_markup_has_is_none() -> None:
    assert extract.from_html("<div>Blue.</div><hr>") == "Blue."


def test_what_the_person_set_off_is_text_of_theirs() -> None:
    markup = (
        "You said <blockquote>it ships on Monday</blockquote>Did it?<br>"
        '<div class="gmail_quote"><div class="gmail_attr">x</div>'
        '<blockquote class="gmail_quote">Which?</blockquote></div>'
    )
    assert extract.from_html(markup) == "You said\nit ships on Monday\nDid it?"
