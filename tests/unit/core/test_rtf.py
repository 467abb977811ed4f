"""Compressed RTF, and what HTML or text it was made from."""

from __future__ import annotations

import time

import pytest
import winmail
from hypothesis import given
from hypothesis import strategies as st

from continuation_cli.core import rtf

# The examples of [MS-OXRTFCP], sections 4.1.1 and 4.1.2.
SIMPLE = bytes.fromhex(
    "2d0000002b0000004c5a4675f1c5c7a703000a00726370673132354232"
    "0af32068656c090020627705b06c647d0a800fa0"
)
CROSSING_WRITE = bytes.fromhex("1a0000001c0000004c5a4675e2d44b51410004205758595a0d6e7d010eb0")


def test_the_examples_of_the_specification():
    expected = b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"
    assert rtf.decompress(SIMPLE) == expected
    assert rtf.decompress(CROSSING_WRITE) == b"{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}"


@given(st.binary(max_size=300), st.integers(1, 40), st.booleans())
def test_what_is_compressed_comes_out(piece, times, compress):
    data = piece * times
    assert rtf.decompress(winmail.compressed(data, compress=compress)) == data


def test_references_reach_back_through_the_whole_window():
    data = bytes(range(256)) * 40 + b"end"
    assert rtf.decompress(winmail.compressed(data)) == data


@pytest.mark.parametrize("cut", [0, 5, 12, 16, 17, 30, 48])
def test_what_is_cut_short_is_read_as_far_as_it_goes(cut):
    whole = rtf.decompress(SIMPLE)
    assert whole.startswith(rtf.decompress(SIMPLE[:cut]))
    assert len(rtf.decompress(SIMPLE[:30])) > 15


def test_no_more_than_is_declared_or_bearable():
    small = SIMPLE[:4] + (10).to_bytes(4, "little") + SIMPLE[8:]
    assert rtf.decompress(small) == b"{\\rtf1\\ans"
    bomb = (
        b"\0" * 4 + b"\xff" * 4 + b"LZFu" + b"\0" * 4 + b"\x00abcdefgh" + b"\xff" + b"\x0d\xaf" * 8
    )
    bomb += (b"\xff" + b"\x0d\xef" * 8) * 100_000
    assert len(rtf.decompress(bomb)) <= rtf.LONGEST
    assert rtf.decompress(b"\xff" * 8 + b"ZIP!" + b"\0" * 100) == b""


def read(body, head="\\ansi\\ansicpg1252"):
    content = rtf.read(f"{{\\rtf1{head} {body}}}".encode("latin-1"))
    assert content is not None
    return content.text


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("Hello\\par World", "Hello\nWorld"),
        ("one\r\ntwo\\line three\\\nfour", "onetwo\nthree\nfour"),
        ("a\\tab b\\~c\\_d\\-e", "a\tb\xa0c‑de"),
        ("\\{x\\}\\\\y", "{x}\\y"),
        ("caf\\'e9 \\'80 \\'93x\\'94", "café € “x”"),
        ("\\ldblquote x\\rdblquote  \\emdash\\bullet", "“x” —•"),
        ("\\b bold\\b0  \\i0 \\cf1\\fs20 plain", "bold plain"),
        ("\\u8364?5 \\u-10179?\\u-8704?", "€5 😀"),
        ("\\uc2\\u8364\\'80\\'80x {\\uc0\\u8364}\\u8364ab!", "€x €€!"),
        ("{\\*\\generator Riched20;}x{\\info{\\author Ada}}y{\\pict 00ff}z", "xyz"),
        ("{\\colortbl;\\red0;}{\\stylesheet{Normal;}}x", "x"),
        ("{\\field{\\*\\fldinst HYPERLINK \"u\"}{\\fldrslt a link}}", "a link"),
        ("x\\bin5 }}}}}y", "xy"),
        ("{\\pntext\\bullet\\tab}item", "•\titem"),
        ("\\'", ""),
        ("a{b{c}d}}}}e", "abcde"),
    ],
)  # fmt: skip
def test_text(body, expected):
    assert read(body) == expected


def test_the_code_page_of_the_font():
    fonts = (
        "{\\fonttbl{\\f0\\fnil Arial;}{\\f1\\fnil\\fcharset204 Arial;}"
        "{\\f2\\fnil\\fcharset128{\\*\\falt Gothic}MS Gothic;}{\\f3\\fcharset134 SimSun;}}"
    )
    body = (
        "\\f1 \\'cf\\'f0\\'e8\\'e2\\'e5\\'f2\\f0  \\'e9 {\\f2 \\'93\\'fa\\'83A\\'96{\\'7b}} "
        "\\f3\\'c4\\'e3"
    )
    assert read(fonts + body) == "Привет é 日ア本 你"
    assert read("\\'cf\\'f0", "\\ansi\\ansicpg1251") == "Пр"
    assert read("\\'cf", "\\ansi\\ansicpg4711") == "Ï"


HTML = (
    "<html><body>\n<p>Hello <b>Ada</b>,</p><br>\n"
    "<p>50&nbsp;% of {this} costs 5 € – д 😀 &amp; \\n é</p></body></html>"
)


def test_html():
    content = rtf.read(winmail.from_html(HTML))
    assert content == ("html", HTML)


def test_html_leaves_out_what_rtf_readers_are_to_see():
    body = (
        "{\\*\\htmltag84 <p>}\\htmlrtf {\\b hidden \\htmlrtf0 Shown"
        "{\\*\\mhtmltag84 <p class=other>}\\htmlrtf }\\htmlrtf0 "
        "{\\pntext\\'b7\\tab}{\\*\\unknown {\\*\\htmltag1 no}}{\\*\\htmltag92 </p>}"
    )
    assert read(body, "\\ansi\\fromhtml1") == "<p>Shown</p>"


def test_text_made_from_text():
    assert read("Hi,\\par\r\n\\par\r\nyes {\\*\\htmltag x}", "\\ansi\\fromtext") == "Hi,\n\nyes "


@pytest.mark.parametrize("octets", [b"", b"hello", b"{\\html", b"<html>"])
def test_what_is_no_rtf(octets):
    assert rtf.read(octets) is None


PIECES = [
    b"{", b"}", b"\\", b"\\'", b"\\'e", b"\\u", b"\\u-1?", b"\\u99999999", b"\\uc-5", b"\\uc999999",
    b"\\bin", b"\\bin-3 ", b"\\bin999999999 ", b"\\*", b"\\f1", b"\\f-1", b"\\fcharset128",
    b"\\fonttbl", b"\\htmlrtf", b"\\htmlrtf0", b"\\*\\htmltag", b"\\ansicpg1200", b"\\ansicpg65000",
    b"\\ansicpg0", b"\\par", b"\xff", b"\0", b"x", b"+AGE-", b"\\fcharset999",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=8)), st.booleans())
def test_never_raises(pieces, is_html):
    head = b"{\\rtf1\\ansi\\fromhtml1 " if is_html else b"{\\rtf1\\ansi "
    content = rtf.read(head + b"".join(pieces))
    assert content is not None
    content.text.encode()  # no lone surrogates
    rtf.decompress(b"".join(pieces))


@given(st.binary())
def test_decompressing_never_raises(data):
    rtf.decompress(data)
    rtf.decompress(b"\0\0\0\0\xff\xff\0\0LZFu\0\0\0\0" + data)


@pytest.mark.parametrize("unit", [*PIECES, b"{}", b"{\\*\\htmltag <p>}", b"\\f1 a\\f2 b", b"\\'e9"])
def test_linear(unit):
    data = b"{\\rtf1\\fromhtml1 {\\fonttbl{\\f1\\fcharset204 a;}}" + unit * (1_000_000 // len(unit))
    began = time.process_time()
    rtf.read(data)
    assert time.process_time() - began < 3  # 0.1 to 0.8 s on an idle machine
