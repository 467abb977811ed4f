"""What must never get into an email, and what must hold for any values; size and speed."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from datetime import UTC

import pytest
from builders import DAY, at
from emails import (
    CASES,
    MESSAGE_ID,
    REOPEN,
    TEMPLATES,
    draft,
    hostile,
    said,
)
from histories import examples
from hypothesis import given
from hypothesis import strategies as st
from mailreader import (
    ALWAYS,
    WITH_INBOUND,
    WITH_THREAD,
    fields,
    harmless,
    parsed,
    parts,
)

from continuation_cli.core.compose import ComposeError, compose
from continuation_cli.core.model import Attachment, Message

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
