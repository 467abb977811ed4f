"""A received message taken apart: as the standard library does where it is well formed, and with
nothing lost, raised or slow where it is not.
"""

from __future__ import annotations

import string
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from growth import is_linear
from hypothesis import example, given, settings
from hypothesis import strategies as st

from continuation_cli.core.model import Limits
from continuation_cli.core.received import read

MIXED = "Content-Type: multipart/mixed; boundary=b\n\n"


def parts(text: str, limits: Limits = Limits()) -> list[tuple[str, str]]:  # noqa: B008
    return [(part.content_type, part.text) for part in read(text.encode(), limits).parts]


# --- Structure ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A: 1\n\nHello", [("text/plain", "Hello")]),
        ("A: 1\n\n", [("text/plain", "")]),
        ("Content-Type: text\n\nx", [("text/plain", "x")]),
        ("Content-Type: TEXT/HTML\n\nx", [("text/html", "x")]),
        ("Content-Type: nonsense\n\nx", [("text/plain", "x")]),
        ("Content-Type: a/b/c\n\nx", [("text/plain", "x")]),
        (MIXED + "--b\n\none\n--b\n\ntwo\n--b--\n", [("text/plain", "one"), ("text/plain", "two")]),
        (MIXED + "before\n--b\n\none\n--b--\nafter", [("text/plain", "one")]),
        (MIXED + "--b\n\nnot closed\n", [("text/plain", "not closed\n")]),
        (MIXED + "--b  \n\none\n--bb\n--b--", [("text/plain", "one\n--bb")]),
        (MIXED + "--b\n\n--b--\n", [("text/plain", "")]),
        (MIXED + "--b\none without a header\n--b--", [("text/plain", "one without a header")]),
        # A boundary that is missing, wrong, or only closed: what is there is kept.
        ("Content-Type: multipart/mixed\n\n--x\n\none\n--x--", [("text/plain", "one")]),
        ("Content-Type: multipart/mixed\n\nHello", [("text/plain", "Hello")]),
        (MIXED + "Hello\n--c\n", [("text/plain", "Hello\n--c\n")]),
        (MIXED + "Hello\n--b--\n", [("text/plain", "Hello\n--b--\n")]),
        (
            MIXED + "--b\n" + MIXED.replace("=b", "=c") + "Hello\n--c--\n--b--",
            [("text/plain", "Hello\n--c--")],
        ),
        (
            "Content-Type: multipart/digest; boundary=b\n\n--b\n\nA: 1\n--b--",
            [("message/rfc822", "A: 1")],
        ),
        ("Content-Type: message/rfc822\n\nA: 1\n\nx", [("message/rfc822", "A: 1\n\nx")]),
    ],
)
def test_leaves(text, expected):
    assert parts(text) == expected
    assert parts(text.replace("\n", "\r\n")) == expected
    if "\n\n" in text:
        assert parts(text.replace("\n", "\r")) == expected


@pytest.mark.parametrize(
    "before", ["\n", "\r\n\r\n", " \t\n", "From ada Sat Mar  1 10:00:00 2026\n"]
)
def test_what_a_pipe_puts_before_the_header(before):
    assert read(before.encode() + b"Subject: x\n\nbody").headers.first("Subject") == "x"


def test_bare_cr_is_no_line_end_where_lines_end_otherwise():
    """SMTP smuggling: nobody gets to write another field or another part with it."""
    received = read(b"Subject: a\rFrom: eve@evil.example\r\nTo: x\r\n\r\none\r.\rtwo\r\n")
    assert [name for name, _ in received.headers.items] == ["Subject", "To"]
    mixed = read(
        MIXED.encode().replace(b"\n", b"\r\n") + b"--b\r\n\r\none\r--b--\rtwo\r\n--b--\r\n"
    )
    assert [part.text for part in mixed.parts] == ["one\n--b--\ntwo"]


@pytest.mark.parametrize(
    "raw", [b"", b"\n\n", b"no header", b"\x00\x01", b": x\n\n", b"\xff: x\n\n"]
)
def test_what_is_no_message(raw):
    assert not read(raw).is_message


def test_containers_tell_siblings_from_strangers():
    inner = "--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\n\na\n--c\n\nb\n--c--\n"
    received = read((MIXED + inner + inner + "--b--\n").encode())
    assert [part.containers for part in received.parts] == [
        ((1, "multipart/mixed"), (2, "multipart/alternative")),
        ((1, "multipart/mixed"), (2, "multipart/alternative")),
        ((1, "multipart/mixed"), (3, "multipart/alternative")),
        ((1, "multipart/mixed"), (3, "multipart/alternative")),
    ]


# --- Parts ----------------------------------------------------------------------------------------


def part(header: str, body: bytes = b""):
    return read(header.encode() + b"\n\n" + body).parts[0]


@pytest.mark.parametrize(
    ("encoding", "body", "content"),
    [
        ("7bit", b"a=41", b"a=41"),
        ("quoted-printable", b"=41=\nB =", b"AB "),
        ("Quoted-Printable ", b"=ZZ", b"=ZZ"),
        ("base64", b"QUJD\nREVG", b"ABCDEF"),
        ("BASE64", b"QUJ*DR-EVGQ", b"ABCDEF"),
        ("base64", b"", b""),
        ("base64", b"A", b""),
        ("x-uuencode", b"begin 644 x\n#04)#\n`\nend\n", b"ABC"),
        ("nonsense", b"as it is", b"as it is"),
    ],
)
def test_transfer_encodings(encoding, body, content):
    assert part(f"Content-Transfer-Encoding: {encoding}", body).content == content


@pytest.mark.parametrize(
    ("header", "body", "text"),
    [
        ("Content-Type: text/plain; charset=utf-8", "Grüße".encode(), "Grüße"),
        ("Content-Type: text/plain; charset=us-ascii", "Grüße".encode(), "Grüße"),
        ("Content-Type: text/plain", "Grüße".encode("cp1252"), "Grüße"),
        ("Content-Type: text/plain; charset=iso-8859-1", "“Grüße”".encode("cp1252"), "“Grüße”"),
        ('Content-Type: text/plain; charset="GBK"', "你好".encode("gbk"), "你好"),
        (
            "Content-Type: text/plain; charset=iso-2022-jp",
            "こんにちは".encode("iso-2022-jp"),
            "こんにちは",
        ),
        ("Content-Type: text/plain; charset=utf-16", "é".encode("utf-16"), "é"),
        ("Content-Type: text/plain; charset=no-such", "é".encode(), "é"),
        ('Content-Type: text/plain; charset="utf-8\'"', "é".encode(), "é"),
        ("Content-Type: text/plain; charset=base64", b"eA==", "eA=="),
        ("Content-Type: text/plain; charset=utf-7", b"+2AA-x", "?x"),
        ("Content-Type: text/html", b'<meta charset="koi8-r">\xc1', '<meta charset="koi8-r">а'),
        ("Content-Type: text/plain; charset=utf-8", b"\xef\xbb\xbfa\r\nb\rc", "a\nb\nc"),
    ],
)
def test_charsets(header, body, text):
    assert part(header, body).text == text


@pytest.mark.parametrize(
    ("header", "filename", "disposition", "is_body"),
    [
        ("Content-Type: text/plain", None, "", True),
        ("Content-Disposition: inline", None, "inline", True),
        ("Content-Disposition: attachment", None, "attachment", False),
        ("Content-Disposition: inline; filename=a.txt", "a.txt", "inline", False),
        ("Content-Disposition: x-strange", None, "attachment", False),
        ("Content-Type: text/plain; name=a.txt", "a.txt", "", False),
        ("Content-Type: image/png", None, "", False),
        (
            "Content-Disposition: attachment; filename*=utf-8''%C3%BC.txt",
            "ü.txt",
            "attachment",
            False,
        ),
    ],
)
def test_what_is_text_to_read_and_what_a_file(header, filename, disposition, is_body):
    found = part(header)
    assert (found.filename, found.disposition, found.is_body) == (filename, disposition, is_body)


def test_content_ids():
    assert part("Content-ID: <a@b>").content_id == "a@b"
    assert part("A: b").content_id is None


# --- Agreement with the standard library ---------------------------------------------------------

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=60)
FILES = st.tuples(
    st.binary(max_size=60),
    st.sampled_from(["application/pdf", "image/png", "application/octet-stream"]),
    st.text(string.ascii_letters + "äßжの .-", min_size=1, max_size=20).map(str.strip).filter(bool),
)


@st.composite
def messages(draw):
    made = EmailMessage(policy=policy.SMTP)
    made["Subject"] = "x"
    cte = st.sampled_from(["base64", "quoted-printable", "8bit"])
    made.set_content(draw(TEXTS), cte=draw(cte))
    if draw(st.booleans()):
        made.add_alternative(f"<p>{draw(TEXTS)}</p>", subtype="html", cte=draw(cte))
    for octets, kind, name in draw(st.lists(FILES, max_size=3)):
        main, _, sub = kind.partition("/")
        made.add_attachment(octets, maintype=main, subtype=sub, filename=name)
    return made


@settings(max_examples=50)
@given(messages())
def test_agreement_with_the_standard_library(made):
    raw = made.as_bytes()
    theirs = [
        p for p in message_from_bytes(raw, policy=policy.default).walk() if not p.is_multipart()
    ]
    ours = read(raw).parts
    assert [p.content_type for p in ours] == [p.get_content_type() for p in theirs]
    assert [p.filename for p in ours] == [p.get_filename() for p in theirs]
    assert [p.disposition for p in ours] == [p.get_content_disposition() or "" for p in theirs]
    for our, their in zip(ours, theirs, strict=True):
        if our.is_body:
            assert our.text == their.get_content().replace("\r\n", "\n")
        else:
            assert our.content == their.get_payload(decode=True)


# --- Limits ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "limits", "exceeded"),
    [
        ("A: 1\n\n" + "x" * 100, {"message": 106}, ()),
        ("A: 1\n\n" + "x" * 101, {"message": 106}, ("message",)),
        ("A: " + "x" * 90 + "\n\nx", {"headers": 100}, ()),
        ("A: " + "x" * 100 + "\n\nx", {"headers": 100}, ("headers",)),
        (MIXED + "--b\n\nx\n" * 5 + "--b--", {"parts": 5}, ()),
        (MIXED + "--b\n\nx\n" * 6 + "--b--", {"parts": 5}, ("parts",)),
        (MIXED + "--b\n\nx\n" * 600 + "--b--", {"parts": 5}, ("parts",)),
        (
            MIXED + "--b\n" + MIXED.replace("=b", "=c") + "--c\n\nx\n--c--\n--b--",
            {"nesting": 2},
            (),
        ),
        (
            MIXED + "--b\n" + MIXED.replace("=b", "=c") + "--c\n\nx\n--c--\n--b--",
            {"nesting": 1},
            ("nesting",),
        ),
    ],
)
def test_limits(text, limits, exceeded):
    limit = Limits(**limits)
    received = read(text.encode(), limit)
    assert received.exceeded == exceeded
    assert len(received.parts) <= limit.parts


def test_thousands_of_multiparts_within_each_other():
    nested = "".join(
        f"Content-Type: multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(5000)
    )
    received = read(nested.encode())
    assert "nesting" in received.exceeded
    assert len(received.parts) == 1


# --- Any octets -----------------------------------------------------------------------------------

PIECES = st.lists(
    st.sampled_from(
        [
            b"\n",
            b"\r\n",
            b"\r",
            b"\n\n",
            b" ",
            b"--b\n",
            b"--b--\n",
            b"--",
            b"From ",
            b":",
            b"\x00",
            b"\xff",
            b"Content-Type: multipart/mixed; boundary=b\n",
            b'Content-Type: multipart/digest; boundary="b\n',
            b"Content-Type: text/html; charset=utf-7\n",
            b"Content-Transfer-Encoding: base64\n",
            b"Content-Transfer-Encoding: quoted-printable\n",
            b"Content-Transfer-Encoding: uuencode\n",
            b"Content-Disposition: attachment; filename*=utf-8''%ff\n",
            b"QUJD",
            b"=41",
            b"#04)#",
            b"begin ",
            b"+2AA-",
            b"Content-ID: <",
            b"multipart/",
            b"boundary=",
            b"\xc3\xbc",
            b"<meta charset=hex>",
        ]
    )
    | st.binary(max_size=8),
    max_size=40,
).map(b"".join)


@given(st.binary() | PIECES, st.sampled_from([Limits(), Limits(30, 20, 2, 1, 1, 5)]))
@example(b"Content-Type: multipart/mixed; boundary==?utf-7?q?+2AA-?=\n\n--x\n", Limits())
def test_no_octets_raise_and_all_text_can_be_stored(raw, limits):
    received = read(raw, limits)
    assert len(received.parts) <= limits.parts
    for each in received.parts:
        each.text.encode()
        (each.filename or "").encode()
        assert each.content is not None
        assert len(each.containers) <= limits.nesting


@given(st.text(string.ascii_letters + "\n", max_size=200), PIECES)
def test_text_is_not_lost_in_broken_structure(text, noise):
    """A message whose multipart never begins is text."""
    raw = b"Content-Type: multipart/mixed; boundary=never\n\n" + text.encode()
    assert "".join(p.text for p in read(raw).parts).strip() == text.strip()


B = "Content-Type: multipart/mixed; boundary=b\n"
UNITS = [
    "--b\n",
    "--b",
    "--b--\n",
    "--b\n" + B + "\n",
    B + "\n--b\n",
    "--",
    "-",
    "\n",
    "\r",
    "\r\n",
    " ",
    " \n",
    "a",
    "A:b\n",
    "A:b\n\n",
    "--b\nA: b\n\nx\n",
    "=",
    "=\n",
    "=4",
    "\x00",
    "--b   ",
    "--x\n",
    "From \n",
    "--b\nContent-Type: multipart/mixed\n\n--b\n",
    "M" * 60 + "\n",
]


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable", "x-uuencode"])
@pytest.mark.parametrize("unit", UNITS)
def test_crafted_messages_take_linear_time(unit, encoding):
    head = f"Content-Transfer-Encoding: {encoding}\n{B}\n--b\n"
    plain = f"Content-Transfer-Encoding: {encoding}\n\n"

    def work(size):
        body = unit * (size // len(unit))
        for part in read((head + body).encode()).parts:
            assert part.text is not None
        assert read((plain + body).encode()).parts[0].text is not None

    assert is_linear(work)
