"""The whole email: golden files, header fields byte for byte, and what must hold for any values."""

from __future__ import annotations

import email
import email.policy
import re
import time
from dataclasses import replace
from datetime import UTC, timedelta
from email.errors import NonASCIILocalPartDefect
from html.parser import HTMLParser

import pytest
from builders import DAY, at
from emails import (
    CASES,
    GOLDEN,
    MESSAGE_ID,
    RECAP,
    REOPEN,
    TEMPLATES,
    TOKEN,
    draft,
    hostile,
    said,
    sources,
)
from histories import examples
from hypothesis import given
from hypothesis import strategies as st

from continuation_cli.core import compose as module
from continuation_cli.core.compose import ComposeError, TemplateError, Templates, compose
from continuation_cli.core.model import Attachment, Message
from continuation_cli.core.phrases import REPLY_MARKERS

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


# --- Golden files -----------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
def test_octets_are_those_looked_at_before(case, update_golden):
    message = compose(CASES[case], TEMPLATES).message
    file = GOLDEN / f"{case}.eml"
    if update_golden:
        file.write_bytes(message)
    assert message == file.read_bytes(), "if this is meant: pytest tests/unit/core --update-golden"


def test_there_is_no_golden_file_without_a_case():
    assert {file.stem for file in GOLDEN.glob("*.eml")} == set(CASES)


@pytest.mark.parametrize("case", CASES)
def test_a_strict_parser_finds_what_was_composed(case):
    composed = compose(CASES[case], TEMPLATES)
    assert parts(composed) == (composed.text, composed.html)
    message = parsed(composed)
    assert message["Subject"] == composed.subject
    assert message["Message-ID"] == composed.message_id == MESSAGE_ID
    [to] = message["To"].addresses
    assert to.addr_spec == composed.recipient
    [sender] = message["From"].addresses
    assert f'"{sender.display_name}" <{sender.addr_spec}>' == composed.from_header


@pytest.mark.parametrize("case", CASES)
def test_html_is_balanced_and_says_its_language(case):
    page = Page(compose(CASES[case], TEMPLATES).html)
    assert page.unbalanced == []
    assert page.open == []
    [(_, html)] = [element for element in page.elements if element[0] == "html"]
    assert html["dir"] == ("rtl" if case in ("hebrew", "arabic") else "ltr")
    assert html["lang"][:2] == {"hebrew": "he", "arabic": "ar", "japanese": "ja",
                                "attachments": "de"}.get(case, "en")  # fmt: skip


# --- Header fields ----------------------------------------------------------------------------


def test_fields_of_a_first_email():
    assert fields(compose(draft(), TEMPLATES)) == {
        "From": '"Ana at Acme" <support@acme.example>',
        "To": '"Ada" <ada@example.com>',
        "Reply-To": f"reply+{TOKEN}@reply.acme.example",
        "Subject": "Ana replied to your chat with Acme",
        "Date": "Sun, 01 Mar 2026 10:05:00 +0000",
        "Message-ID": MESSAGE_ID,
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "List-Unsubscribe": f"<mailto:unsubscribe+{TOKEN}@reply.acme.example>",
        "Content-Language": "en",
        "MIME-Version": "1.0",
        "Content-Type": 'multipart/alternative; boundary="=_c67ce90757a7c8f33778f392bcb1"',
    }


def test_envelope():
    composed = compose(draft(), TEMPLATES)
    assert composed.sender == f"bounce+{TOKEN}@reply.acme.example"
    assert composed.recipient == "ada@example.com"
    assert composed.reply_to == f"reply+{TOKEN}@reply.acme.example"
    silent = compose(draft(settings={"inbound_domain": None}), TEMPLATES)
    assert (silent.sender, silent.reply_to) == ("support@acme.example", None)


def test_nothing_speaks_of_replying_where_mail_cannot_come_in():
    composed = compose(draft(settings={"inbound_domain": None}), TEMPLATES)
    assert not fields(composed).keys() & set(WITH_INBOUND)
    for part in parts(composed):
        assert TOKEN not in part
        assert "reply to this email" not in part
        assert not any(marker in part for marker in REPLY_MARKERS)
    assert module.REPLY_MARKER_CLASS not in composed.html
    assert module.EMAIL_CLASS in composed.html


def test_thread_fields_are_never_encoded_and_folded_between_the_ids():
    ids = tuple(f"<{n}.{'x' * 60}@mail.example.com>" for n in range(3))
    got = fields(compose(draft(references=ids), TEMPLATES))
    assert got["In-Reply-To"] == ids[-1]
    assert got["References"] == "\r\n ".join(ids)


def test_a_very_long_thread_keeps_its_beginning_and_end():
    got = fields(compose(CASES["thread"], TEMPLATES))["References"].split()
    numbers = [int(reference[1:4]) for reference in got]
    assert numbers == [*range(20), *range(30, 50)]


def test_the_subject_of_a_thread_stays():
    given_subject = "Ana a répondu – où ça ?"
    composed = compose(draft(subject=given_subject, conversation={"locale": "de"}), TEMPLATES)
    assert composed.subject == given_subject
    assert compose(draft(subject=composed.subject), TEMPLATES).subject == given_subject
    assert compose(draft(subject="a\r\nBcc: b@example.com"), TEMPLATES).subject == (
        "a Bcc: b@example.com"
    )


@pytest.mark.parametrize(
    ("unseen", "settings", "sender"),
    [
        ([("agent", "Ana")], {}, "Ana at Acme"),
        ([("agent", "Ana"), ("agent", "Ana"), ("bot", "Acme Bot")], {}, "Ana at Acme"),
        ([("agent", "Ana"), ("agent", "Bob")], {}, "Acme"),
        ([("agent", None)], {}, "Acme"),
        ([("agent", None)], {"from_name": "Acme Support"}, "Acme Support"),
        ([("agent", "Ana")], {"from_name": "Acme Support"}, "Ana at Acme Support"),
        ([("bot", "Acme Bot")], {}, "Acme"),
        ([("agent", "Acme")], {}, "Acme"),
        ([("agent", "Ana")], {"brand_name": None}, "Ana at acme"),
    ],
)
def test_who_it_is_from(unseen, settings, sender):
    messages = [said(f"10:{n:02}", author, "Hi", name) for n, (author, name) in enumerate(unseen)]
    composed = compose(draft(*messages, settings=settings), TEMPLATES)
    assert composed.from_header == f'"{sender}" <support@acme.example>'
    assert parsed(composed)["From"].addresses[0].display_name == sender


@pytest.mark.parametrize(
    ("address", "recipient"),
    [
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ada@BÜCHER.example", "ada@xn--bcher-kva.example"),
        ("花子@例え.テスト", "花子@xn--r8jz45g.xn--zckzah"),
        ("Ada+chat@Example.com", "Ada+chat@Example.com"),
        ("root@localhost", "root@localhost"),
    ],
)
def test_international_addresses(address, recipient):
    composed = compose(draft(conversation={"email": address}), TEMPLATES)
    assert composed.recipient == recipient
    assert fields(composed)["To"] == f'"Ada" <{recipient}>'


@pytest.mark.parametrize(
    "address",
    [
        None, "", "ada", "a@example.com, b@example.com", "a@example.com b@example.com",
        "a@example.com\r\nBcc: b@example.com", "<a@example.com>", "Ada <a@example.com>",
        "a@example.com;b@example.com", "a@b@example.com", "a@example.com>", "a@-bad.example",
        "a@exämple\u3002com@b.example", '"a b"@example.com',
    ],
)  # fmt: skip
def test_what_is_not_one_address_composes_nothing(address):
    with pytest.raises(ComposeError, match="customer's address"):
        compose(draft(conversation={"email": address}), TEMPLATES)


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"settings": {"from_email": ""}}, "from-email is not set"),
        ({"settings": {"inbound_domain": "bad domain"}}, "inbound-domain"),
        ({"token": "short"}, "'short' is not 26"),
        ({"token": "a" * 25 + "\n"}, "is not 26"),
        ({"message_id": "<a@b>\r\nBcc: x"}, "not a Message-ID"),
        ({"message_id": "no@brackets"}, "'no@brackets' is not a Message-ID"),
    ],
)
def test_errors_name_the_value(changes, complaint):
    base = draft()
    values = changes.pop("settings", {})
    broken = replace(base, settings=replace(base.settings, **values), **changes)
    with pytest.raises(ComposeError, match=re.escape(complaint)):
        compose(broken, TEMPLATES)


# --- What it says -----------------------------------------------------------------------------


def test_consecutive_messages_of_one_author_are_dated_once():
    text = compose(CASES["several-agents"], TEMPLATES).text
    assert re.findall(r"(?m)^(?:Ana|Bob|Acme Bot|You), .*$", text) == [
        "Ana, 1 March 2026, 11:00 CET",
        "Ana, 11:01",
        "Acme Bot, 1 March 2026, 11:02 CET",
        "Bob, 1 March 2026, 11:03 CET",
        "Bob, 2 March 2026, 09:00 CET",
        "You, 1 March 2026, 10:00 CET",
        "Acme Bot, 1 March 2026, 10:01 CET",
        "Ana, 1 March 2026, 10:02 CET",
        "You, 1 March 2026, 10:03 CET",
        "You, 10:04",
    ]


def test_the_zone_is_said_again_when_the_clocks_change():
    # In Berlin the clocks go from 02:00 to 03:00 on 29 March 2026.
    night = DAY + timedelta(days=28)
    messages = [
        Message(str(n), "agent", "Hi", night + timedelta(minutes=n), "Ana") for n in (58, 62)
    ]
    text = compose(draft(*messages), TEMPLATES).text
    assert "Ana, March 29, 2026, 1:58 AM CET" in text
    assert "Ana, March 29, 2026, 3:02 AM CEST" in text


@pytest.mark.parametrize("case", [case for case in CASES if case not in ("hostile", "markup")])
def test_text_and_html_say_the_same(case):
    """Every line of the text is in the HTML too, in order."""
    composed = compose(CASES[case], TEMPLATES)
    body = composed.html[composed.html.index("<body") :]
    shown = " ".join(Page(re.sub(r"<br>|&middot;", " ", body)).text.split())
    position = 0
    text = composed.text.replace("--------------------", "")
    link = case != "no-inbound-no-button"
    if link:  # the button comes first in the HTML, the URL at the end
        assert REOPEN in shown
        text = text.replace(REOPEN, "")
    for word in re.findall(r"\w{2,}", re.sub(r"https?://\S+|mailto:\S+", "", text)):
        found = shown.find(word, position) if word in shown[position:] else shown.find(word)
        assert found >= 0, word
        position = max(position, found) if found >= position else position


def test_button_and_plain_url():
    composed = compose(draft(), TEMPLATES)
    assert Page(composed.html).links().count(REOPEN) == 2
    assert f"Reply in widget:\n{REOPEN}\n" in composed.text
    assert REOPEN.replace("&", "&amp;") in composed.html


@pytest.mark.parametrize(
    "url", [None, "", "javascript:alert(1)", "data:text/html,x", "/pricing", "https://a b/",
            "https://acme.example/\n", "ftp://acme.example/", "https://acme.example/\u202e"]
)  # fmt: skip
def test_without_a_usable_link_the_email_still_goes(url):
    composed = compose(draft(reopen_url=url), TEMPLATES)
    for part in parts(composed):
        assert "Reply in widget" not in part
        assert "Just reply to this email." in part


def test_recap_is_set_apart_and_short():
    long = said("9:05", "agent", "word " * 1000, "Ana")
    composed = compose(draft(recap=(*RECAP, long)), TEMPLATES)
    new, earlier = composed.text.split("Earlier in this conversation")
    assert "Great, thank you" in earlier
    assert "Great, thank you" not in new
    assert earlier.count("word") == 100
    assert "word…" in earlier


def test_logo_has_a_name_and_only_the_web_is_asked_for_it():
    logo = "https://www.acme.example/logo.png?a=1&b=2"
    page = Page(compose(draft(settings={"brand_logo_url": logo}), TEMPLATES).html)
    [image] = [attributes for tag, attributes in page.elements if tag == "img"]
    assert (image["src"], image["alt"]) == (logo, "Acme")
    base = draft()
    bad = replace(base, settings=replace(base.settings, brand_logo_url="javascript:alert(1)"))
    assert "<img" not in compose(bad, TEMPLATES).html


@pytest.mark.parametrize(
    ("color", "text", "link"),
    [
        ("#1f5fbf", "#ffffff", "#1f5fbf"),
        ("#ffcc00", "#111111", "#1f5fbf"),
        ("#ffffff", "#111111", "#1f5fbf"),
        ("#000000", "#ffffff", "#000000"),
        ("#777777", "#ffffff", "#1f5fbf"),
    ],
)
def test_button_text_can_be_read(color, text, link):
    html = compose(draft(settings={"brand_color": color}), TEMPLATES).html
    assert f"background:{color}" in html
    assert f"color:{text}!important" in html
    assert f"a{{color:{link}}}" in html


def test_a_colour_that_is_none_gets_nowhere():
    base = draft()
    evil = replace(base, settings=replace(base.settings, brand_color="red;}</style><script>"))
    assert "<script" not in compose(evil, TEMPLATES).html


def test_preheader_is_the_beginning_of_what_is_new():
    page = Page(compose(draft(), TEMPLATES).html)
    assert "Ana: Yes, we ship to Norway." in page.text


def test_an_unknown_language_gets_the_channels():
    composed = compose(draft(conversation={"locale": "fi"}, settings={"locale": "nl"}), TEMPLATES)
    assert composed.subject == "Ana heeft geantwoord in je chat met Acme"


def test_an_unknown_zone_is_utc_and_says_so():
    base = draft()
    odd = replace(base, settings=replace(base.settings, timezone="Mars/Olympus"))
    assert "10:00 AM UTC" in compose(odd, TEMPLATES).text


def test_the_end_of_the_calendar():
    late = Message("m", "agent", "Hi", at("0:00").replace(year=9999, month=12, day=31, hour=23))
    assert "December 31, 9999, 11:00 PM UTC" in compose(draft(late), TEMPLATES).text


# --- What must never get in -------------------------------------------------------------------


def test_only_what_a_customer_may_see():
    private = [
        said("10:01", "note", "PRIVATE", "Ana"),
        said("10:02", "system", "PRIVATE"),
        said("10:03", "agent", "PRIVATE", "Ana", deleted_at=at("10:04")),
        said("10:04", "some new kind", "PRIVATE", "Ana"),
    ]
    composed = compose(
        draft(said("10:00", "agent", "Hello", "Ana"), *private, recap=tuple(private)), TEMPLATES
    )
    assert "PRIVATE" not in composed.text + composed.html
    assert "Earlier in this conversation" not in composed.text
    assert composed.subject == "Ana replied to your chat with Acme"
    with pytest.raises(ComposeError, match="no message in it"):
        compose(draft(*private), TEMPLATES)


def test_hostile_values_are_inert():
    composed = compose(hostile(), TEMPLATES)
    assert list(fields(composed)) == [
        "From", "To", "Reply-To", "Subject", "Date", "Message-ID", "In-Reply-To", "References",
        *ALWAYS[5:7], "List-Unsubscribe", *ALWAYS[7:],
    ]  # fmt: skip
    assert fields(composed)["References"] == "<ok@example.com>"
    text, html = parts(composed)
    assert "{{ 7*7 }}" in text
    assert "49" not in text
    assert "PRIVATE" not in text + html
    harmless(html)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f]", text + html)


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


# --- For any values ---------------------------------------------------------------------------

_ODD = st.sampled_from(["\r\n", "\n.\n", "From ", "=?utf-8?q?x?=", "\u202e", "{{", "{%", "<b>", '"',
                        "\\", "--=_", "\x00", "\ud800", "\u2028", "\x85", "é", "日本", "🎉", "  ",
                        "</div>", "javascript:", "https://a.example/", "[x](", "**", "&#10;", "=",
                        "<script>", "on=", " " * 80, "x" * 120])  # fmt: skip
anything = st.lists(st.text(st.characters(codec=None), max_size=12) | _ODD, max_size=12).map(
    "".join
)
maybe = st.none() | anything
moments = st.datetimes(
    DAY.replace(tzinfo=None, year=1970), DAY.replace(tzinfo=None, year=9999), timezones=st.just(UTC)
)


@st.composite
def messages(draw, kinds):
    author = draw(st.sampled_from(kinds))
    text = draw(anything)
    if author in ("note", "system"):
        text = f"PRIVATE {text} PRIVATE"
    files = draw(st.lists(st.builds(Attachment, anything, maybe, st.none() | st.integers()),
                          max_size=2))  # fmt: skip
    return Message(
        "m", author, text, draw(moments), draw(maybe), draw(st.sampled_from(["plain", "markdown",
        "html"])), attachments=tuple(files),
    )  # fmt: skip


KINDS = ["agent", "bot", "customer", "note", "system"]


@st.composite
def drafts(draw):
    unseen = draw(st.lists(messages(KINDS), max_size=4))
    base = draft(
        draw(messages(["agent", "bot"])), *unseen,
        recap=tuple(draw(st.lists(messages(KINDS), max_size=3))),
        conversation={"name": draw(maybe), "locale": draw(maybe | st.sampled_from(["he", "ja"]))},
        channel_name=draw(anything),
        reopen_url=draw(maybe | st.just(REOPEN)),
        references=tuple(draw(st.lists(anything | st.just("<a@b>"), max_size=3))),
        subject=draw(maybe),
        composed_at=draw(moments),
        message_id=draw(st.just(MESSAGE_ID)),
    )  # fmt: skip
    values = {key: draw(maybe) for key in ("from_name", "brand_name", "brand_logo_url")} | {
        key: draw(anything) for key in ("brand_color", "locale", "timezone")
    }
    if draw(st.booleans()):
        values["inbound_domain"] = None
    return replace(base, settings=replace(base.settings, **values))


@examples(100)
@given(drafts())
def test_whatever_the_values(given_draft):
    composed = compose(given_draft, TEMPLATES)
    assert compose(given_draft, TEMPLATES) == composed

    assert parts(composed) == (composed.text, composed.html)
    for line in composed.message.split(b"\r\n"):
        assert b"\r" not in line
        assert b"\n" not in line
        assert len(line) <= 998
    expected = set(ALWAYS)
    if given_draft.settings.inbound_domain:
        expected |= set(WITH_INBOUND)
    if any(re.fullmatch("<[!-;=?-~]{1,250}>", one) for one in given_draft.references):
        expected |= set(WITH_THREAD)
    names = parsed(composed).keys()
    assert sorted(names) == sorted(expected)

    assert "PRIVATE" not in composed.text + composed.html
    assert 0 < len(composed.subject) <= 100
    assert not re.search(
        "[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]", composed.subject
    )
    for message in given_draft.unseen:
        if message.author in ("agent", "bot", "customer") and message.format == "plain":
            for word in re.findall("[0-9A-Za-z]+", message.text):
                assert word in composed.text
    logo = given_draft.settings.brand_logo_url
    harmless(re.sub(r"<img [^>]*>", "", composed.html) if logo else composed.html)


# --- Size and speed ---------------------------------------------------------------------------


def test_a_short_email_is_small():
    """Gmail cuts off HTML beyond 102 kB; what is not message must stay far below that."""
    assert len(compose(draft(), TEMPLATES).html) < 6_000
    assert len(compose(CASES["several-agents"], TEMPLATES).html) < 8_500


@pytest.mark.parametrize("form", ["plain", "markdown", "html"])
def test_a_message_of_100_kb(form):
    text = "A line of **text** with https://example.com/x?a=1 and é.\n\n" * 1700
    before = time.process_time()
    composed = compose(draft(said("10:00", "agent", text, "Ana", format=form)), TEMPLATES)
    assert time.process_time() - before < 10
    assert parts(composed)[0].count("https://example.com/x?a=1") == 1700


def test_500_messages():
    many = [said("10:00", "agent", f"message-{n}", f"Agent {n % 3}") for n in range(500)]
    before = time.process_time()
    composed = compose(draft(*many), TEMPLATES)
    assert time.process_time() - before < 10
    for part in parts(composed):
        assert re.findall(r"message-\d+\b", part)[-500:] == [f"message-{n}" for n in range(500)]
    assert len(composed.html) < 500 * 1100


# --- Templates --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["subject.txt", "body.txt", "body.html"])
def test_a_syntax_error_names_file_and_line(name):
    broken = sources() | {name: "one\ntwo\n{% if %}\n"}
    with pytest.raises(TemplateError, match=rf"template {re.escape(name)}, line 3: "):
        Templates(broken)


def test_a_missing_template_is_named():
    some = sources()
    del some["body.txt"]
    with pytest.raises(TemplateError, match=r"no template body\.txt"):
        Templates(some)


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("a\n{{ customer_name }}", "line 2: 'customer_name' is undefined"),
        ("{{ groups[0].nothing }}", "has no attribute 'nothing'"),
        ("{{ groups.__class__.__mro__ }}", "line 1: "),
        ("{{ groups[0].messages.append(1) }}", "line 1: "),
        ("{% include 'etc' %}", "etc"),
        ("\n\n{{ 1/0 }}", "line 3: division by zero"),
        ("{{ '\\ud800' }}", "surrogates not allowed"),
    ],
)
def test_an_error_at_rendering_names_file_and_line(source, complaint):
    templates = Templates(sources() | {"body.txt": source})
    with pytest.raises(ComposeError, match=rf"template body\.txt.*{re.escape(complaint)}"):
        compose(draft(), templates)


def test_own_templates():
    own = Templates(
        {
            "subject.txt": "\n {{ agent }}\nfor {{ customer }} \n",
            "body.txt": "{% include 'more.txt' %}!\x07\n.\nFrom me\r\n{{ '\\r' }}end\n\n\n",
            "body.html": "<p>{{ customer }}</p>",
            "more.txt": "{% for g in groups %}{{ g.name }}: {{ g.messages[0].text }}{% endfor %}",
        }
    )
    composed = compose(draft(conversation={"name": "<Ada> & co"}), own)
    assert composed.subject == "Ana for <Ada> & co"
    assert composed.html == "<p>&lt;Ada&gt; &amp; co</p>\n"
    text, _ = parts(composed)
    assert text == "Ana: Yes, we ship to Norway.!\n.\nFrom me\n\nend\n" == composed.text
