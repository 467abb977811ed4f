"""TNEF, Outlook's winmail.dat."""

from __future__ import annotations

import struct
import time

import pytest
import winmail
from hypothesis import given
from hypothesis import strategies as st
from winmail import BINARY, BODY, HTML, LONG, RTF, STRING8, UNICODE, attachment, text, tnef

from continuation_cli.core.tnef import Attachment, read

GUID = bytes(range(16))


def parsed(properties, attachments=None, **more):
    found = read(tnef(properties, attachments, **more))
    assert found is not None
    return found


def test_text_in_unicode():
    found = parsed(
        {BODY: text("Hello,\r\nthat is 5 € – д 😀\r\n"), winmail.SUBJECT: text("Re: Bill")}
    )
    assert found.text == "Hello,\nthat is 5 € – д 😀\n"
    assert found.html is None
    assert found.subject == "Re: Bill"
    assert found.attachments == ()


@pytest.mark.parametrize(
    ("code_page", "octets", "expected"),
    [
        (1252, b"caf\xe9 \x80", "café €"),
        (1251, b"\xcf\xf0\xe8\xe2\xe5\xf2", "Привет"),
        (932, b"\x93\xfa\x96{", "日本"),
        (936, b"\xc4\xe3", "你"),
        (65001, "д".encode(), "д"),
        (28605, b"\xa4", "€"),
        (4711, b"\xe9", "é"),
        (0, b"\xe9", "é"),
    ],
)
def test_text_in_a_code_page(code_page, octets, expected):
    assert parsed({BODY: (STRING8, octets + b"\0")}, code_page=code_page).text == expected
    body = winmail.attribute(1, 0x0002800C, octets + b"\0")
    subject = winmail.attribute(1, 0x00018004, octets + b"\0")
    found = parsed({}, code_page=code_page, more=body + subject)
    assert (found.text, found.subject) == (expected, expected)


def test_html():
    html = "<p>caf\xe9</p>\r\n"
    page = {winmail.INTERNET_CODE_PAGE: (LONG, 65001)}
    for properties in (
        {HTML: (BINARY, html.encode()), **page},
        {HTML: (BINARY, html.encode("cp1252"))},
        {HTML: (UNICODE, html)},
        {HTML: (STRING8, html.encode("cp1252"))},
        {RTF: (BINARY, winmail.compressed(winmail.from_html("<p>café</p>\n")))},
    ):
        assert parsed({BODY: text(" \r\n"), **properties}).html == "<p>café</p>\n"
        assert parsed(properties).text is None


def test_rich_text():
    rtf = b"{\\rtf1\\ansi\\deff0{\\fonttbl{\\f0 Arial;}}Hello\\par\r\n{\\b Ada}\\par\r\n}"
    for compress in (True, False):
        found = parsed({RTF: (BINARY, winmail.compressed(rtf, compress=compress))})
        assert (found.text, found.html) == ("Hello\nAda\n", None)
    found = parsed({RTF: (BINARY, winmail.compressed(rtf)), BODY: text("Hello as text")})
    assert found.text == "Hello as text"


def test_properties_of_every_form_are_stepped_over():
    found = parsed(
        {
            0x0E08: (LONG, 5), 0x0E1B: (winmail.BOOLEAN, 1), 0x3007: (winmail.TIME, 1),
            0x0070: text("Bill"), 0x1035: (STRING8, b"<a@b>\0"),
            (GUID, 0x8506): (winmail.BOOLEAN, 0), (GUID, "Keywörds"): text("red"),
            (GUID, "many"): (UNICODE | winmail.MULTIPLE, ["a", "bcd", ""]),
            0x66A1: (LONG | winmail.MULTIPLE, [1, 2, 3]),
            0x66A2: (BINARY | winmail.MULTIPLE, [b"x", b"yyyyy"]),
            0x3FFA: (winmail.OBJECT, b"\1" * 21),
            BODY: text("at the end"),
        }
    )  # fmt: skip
    assert found.text == "at the end"


# --- Attachments --------------------------------------------------------------------------------


def test_attachments_in_order():
    typed = {winmail.ATTACH_TYPE: text("Application/PDF")}
    inline = {
        winmail.ATTACH_CONTENT_ID: text("<image001.png@01D9>"),
        winmail.ATTACH_TYPE: text("image/png"),
    }
    found = parsed(
        {BODY: text("see these")},
        [
            attachment("Rechnung für März.pdf", b"%PDF-1.4\0\1\2", typed, title=b"RECHNU~1.PDF"),
            attachment("", b"", title=b"empty.txt"),
            attachment("image001.png", b"\x89PNG", inline),
        ],
    )
    assert found.attachments == (
        Attachment("Rechnung für März.pdf", "application/pdf", b"%PDF-1.4\0\1\2"),
        Attachment("empty.txt", "application/octet-stream", b""),
        Attachment("image001.png", "image/png", b"\x89PNG", "image001.png@01D9"),
    )


def test_names_are_looked_for_in_turn():
    short = {winmail.ATTACH_NAME: (STRING8, b"SHORT~1.TXT\0")}
    found = parsed(
        {},
        [
            attachment("", b"x", short, title=b"title.txt"),
            attachment("", b"x", title="später.txt".encode("cp1252")),
            attachment("", b"x", title=b""),
            attachment("a\0.exe", b"x"),
        ],
    )
    names = [each.name for each in found.attachments]
    assert names == ["SHORT~1.TXT", "später.txt", "attachment-3", "a"]


def test_content_in_the_properties():
    inner = tnef({BODY: text("I am enclosed")})
    enclosed_message = {
        winmail.ATTACH_METHOD: (LONG, 5),
        winmail.ATTACH_DATA: (winmail.OBJECT, b"I" * 16 + inner),
    }
    found = parsed(
        {},
        [
            attachment("a.txt", None, {winmail.ATTACH_DATA: (BINARY, b"binary")}),
            attachment("Re: Bill", None, enclosed_message),
            attachment("Re: Bill", b"a picture of it", enclosed_message),
            attachment("nothing", None),
        ],
    )
    first, second, third = found.attachments
    assert third == second
    assert first == Attachment("a.txt", "application/octet-stream", b"binary")
    assert (second.name, second.content_type) == ("Re: Bill", "application/ms-tnef")
    enclosed = read(second.content)
    assert enclosed is not None
    assert enclosed.text == "I am enclosed"


# --- Hostile and broken -------------------------------------------------------------------------

WHOLE = tnef(
    {BODY: text("Hello"), (GUID, "x"): text("y"), RTF: (BINARY, winmail.compressed(b"{\\rtf1 x}"))},
    [attachment("a.txt", b"content " * 5)],
)


@pytest.mark.parametrize("raw", [b"", b"x", WHOLE[1:], b"\0" * 100, b"PK\3\4" + b"\0" * 100])
def test_what_is_no_tnef(raw):
    assert read(raw) is None


def test_a_stream_that_is_cut_short():
    for cut in range(4, len(WHOLE)):
        found = read(WHOLE[:cut])
        assert found is not None
        assert found.text in (None, "Hello", "Hell", "Hel", "He", "H", "", "x")
        for each in found.attachments:
            assert (b"content " * 5).startswith(each.content)
    cut = WHOLE.index(b"content ") + 20
    assert read(WHOLE[:cut]).attachments[0].content == (b"content " * 5)[:20]


def test_wrong_checksums_are_let_pass():
    assert read(tnef({BODY: text("Hello")})[:-2] + b"\xaa\xaa").text == "Hello"


def touched(found):
    """All that there is to be read of it."""
    if found is not None:
        assert isinstance(found.attachments, tuple)
        for value in (found.text, found.html, found.subject):
            assert value is None or value.encode() is not None


@given(st.binary())
def test_never_raises(data):
    touched(read(b"\x78\x9f\x3e\x22\1\0" + data))


@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), max_size=20))
def test_never_raises_on_damage(changes):
    raw = bytearray(WHOLE)
    for place, octet in changes:
        raw[place] = octet
    touched(read(bytes(raw)))


@given(
    st.binary(), st.sampled_from([3, 0xD, 0x1E, 0x1F, 0x102, 0x1003, 0x101F, 0x1102, 0, 1, 0x1001])
)
def test_never_raises_on_properties(data, kind):
    head = struct.pack("<IHH", 0xFFFFFFFF, kind, BODY)
    attribute = winmail.attribute(1, 0x00069003, head + data)
    touched(read(b"\x78\x9f\x3e\x22\1\0" + attribute))
    attribute = winmail.attribute(2, 0x00069005, head + data)
    touched(read(b"\x78\x9f\x3e\x22\1\0" + attribute))


@pytest.mark.parametrize(
    "properties",
    [
        b"\xff\xff\xff\xff" + struct.pack("<HH", 3, 1) * 250_000,
        b"\xff\xff\xff\xff" + struct.pack("<HHI", 3, 1, 0) * 125_000,
        b"\xff\xff\xff\xff" + struct.pack("<HHI", 0x1102, 1, 0xFFFFFFFF) + b"\0" * 1_000_000,
        b"\xff\xff\xff\xff" + struct.pack("<HHI", 0x1003, 1, 0xFFFFFFFF),
        b"\xff\xff\xff\xff" + struct.pack("<HHI", 0x1001, 1, 0xFFFFFFFF),
        b"\xff\xff\xff\xff" + struct.pack("<HHII", 0x1F, BODY, 1, 0xFFFFFFFF) + b"a\0" * 500_000,
    ],
)
def test_linear_in_properties(properties):
    began = time.process_time()
    touched(read(b"\x78\x9f\x3e\x22\1\0" + winmail.attribute(1, 0x00069003, properties)))
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    "unit",
    [
        b"\0" * 11, winmail.attribute(2, 0x00069002, b""), winmail.attribute(2, 0x0006800F, b"x"),
        winmail.attribute(2, 0x00069002, b"") + winmail.attribute(2, 0x0006800F, b"x"),
    ],
)  # fmt: skip
def test_linear_in_attributes(unit):
    began = time.process_time()
    touched(read(b"\x78\x9f\x3e\x22\1\0" + unit * (1_000_000 // len(unit))))
    assert time.process_time() - began < 2
