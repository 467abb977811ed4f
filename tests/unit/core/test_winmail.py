"""Replies that come as Outlook's winmail.dat."""

from __future__ import annotations

from base64 import encodebytes

import pytest
import winmail
from hypothesis import given
from hypothesis import strategies as st
from winmail import BINARY, BODY, RTF, attachment, compressed, from_html, text, tnef

from continuation_cli.core import attachments
from continuation_cli.core.extract import from_message
from continuation_cli.core.received import Limits, read

HEADER = "From: ada@example.com\r\nTo: reply@example.com\r\nMIME-Version: 1.0\r\n"
REPLY = (
    "<html><body><div>Yes, please.</div><div><br></div>"
    "<div style='border:none;border-top:solid #E1E1E1 1.0pt'><p><b>From:</b> Ana<br><b>Sent:</b> "
    "Monday, March 2, 2026 10:00<br><b>To:</b> Ada<br><b>Subject:</b> Bill</p></div>"
    "<div>Shall I send it again?</div></body></html>"
)
FILES = [
    attachment("Rechnung für März.pdf", b"%PDF", {winmail.ATTACH_TYPE: text("application/pdf")}),
    attachment("image001.png", b"PNG", {winmail.ATTACH_CONTENT_ID: text("image001.png@01D9")}),
]


def part(raw, content_type="application/ms-tnef", name="winmail.dat"):
    encoded = encodebytes(raw).decode().replace("\n", "\r\n")
    return (
        f'Content-Type: {content_type}; name="{name}"\r\n'
        f"Content-Transfer-Encoding: base64\r\n\r\n{encoded}"
    )


def mixed(*parts):
    body = "".join(f"--B\r\n{each}\r\n" for each in parts)
    return f"{HEADER}Content-Type: multipart/mixed; boundary=B\r\n\r\n{body}--B--\r\n".encode()


def plain(body):
    return f"Content-Type: text/plain; charset=utf-8\r\n\r\n{body}\r\n"


def names(raw):
    return [(f.name, f.content_type, f.octets) for f in attachments.files(read(raw))]


RICH = tnef({RTF: (BINARY, compressed(from_html(REPLY)))}, FILES)
IN_TEXT = tnef({BODY: text("Yes, please.\r\n\r\nOn Monday Ana wrote:\r\n> Again?\r\n")}, FILES)


@pytest.mark.parametrize("packed", [RICH, IN_TEXT])
@pytest.mark.parametrize(
    "around",
    [
        lambda raw: (HEADER + part(raw)).encode(),
        lambda raw: mixed(part(raw)),
        lambda raw: mixed(plain(" \r\n"), part(raw)),
        lambda raw: mixed(plain(""), part(raw, "application/octet-stream", "WINMAIL.DAT")),
        lambda raw: mixed(plain(""), part(raw, "application/vnd.ms-tnef", "x")),
    ],
)
def test_the_text_is_in_it(packed, around):
    raw = around(packed)
    assert from_message(raw) == "Yes, please."
    assert names(raw) == [
        ("Rechnung für März.pdf", "application/pdf", b"%PDF"),
        ("image001.png", "application/octet-stream", b"PNG"),
    ]


def test_the_text_beside_it_comes_first():
    raw = mixed(plain("Yes, please!"), part(RICH))
    assert from_message(raw) == "Yes, please!"
    assert [name for name, _, _ in names(raw)] == ["Rechnung für März.pdf", "image001.png"]


def test_html_and_text_are_one_body():
    both = tnef({BODY: text("Yes, please."), RTF: (BINARY, compressed(from_html(REPLY)))})
    assert from_message(mixed(part(both))) == "Yes, please."


def test_what_cannot_be_read_stays_a_file():
    raw = mixed(plain("See there."), part(b"\x78\x9f\x3e"))
    assert from_message(raw) == "See there."
    assert names(raw) == [("winmail.dat", "application/ms-tnef", b"\x78\x9f\x3e")]


def test_an_enclosed_message_is_a_file():
    inner = tnef({BODY: text("not this")})
    enclosed = attachment(
        "Re: Bill", None,
        {winmail.ATTACH_METHOD: (winmail.LONG, 5),
         winmail.ATTACH_DATA: (winmail.OBJECT, b"I" * 16 + inner)},
    )  # fmt: skip
    raw = mixed(plain(""), part(tnef({BODY: text("Look.")}, [enclosed])))
    assert from_message(raw) == "Look."
    assert names(raw) == [("Re: Bill", "application/ms-tnef", inner)]


def test_its_parts_count():
    many = tnef({BODY: text("x")}, [attachment(f"{n}.txt", b"x") for n in range(300)])
    received = read(mixed(part(many)), Limits(parts=50))
    assert (len(received.parts), received.exceeded) == (50, ("parts",))


@given(st.binary(max_size=200))
def test_never_raises(data):
    raw = mixed(part(b"\x78\x9f\x3e\x22\1\0" + data))
    from_message(raw)
    names(raw)
