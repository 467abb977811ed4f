"""The whole email: golden files, header fields byte for byte, and what must hold for any values."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

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
    said,
)
from mailreader import WITH_INBOUND, Page, fields, parsed, parts

from continuation_cli.core import compose as module
from continuation_cli.core.compose import ComposeError, compose
from continuation_cli.core.model import Message
from continuation_cli.core.phrases import REPLY_MARKERS

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
