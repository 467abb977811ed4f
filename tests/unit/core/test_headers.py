"""Header fields of mail from outside: who wrote it cannot be faked by how From is written, and no
input raises or takes more than linear time.
"""

from __future__ import annotations

import string
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8

import pytest
from growth import is_linear
from hypothesis import example, given
from hypothesis import strategies as st

from continuation_cli.core import headers
from continuation_cli.core.headers import Headers, Mailbox, parse_mailboxes, read_block
from continuation_cli.core.model import Limits

ADA = "ada@example.org"


def block(text: str) -> Headers:
    return read_block(text)[0]


def raw(text: str) -> str:
    """Text as UTF-8, each octet a character: as the header block of a message is read."""
    return text.encode().decode("latin-1")


# --- Fields ---------------------------------------------------------------------------------------


def test_fields_in_order_by_any_case_unfolded():
    found, length = read_block("To: a\nSUBJECT:  Hello\n\tthere \nto: b\n\nTo: body\n")
    assert found.items == [("To", "a"), ("SUBJECT", "Hello there"), ("to", "b")]
    assert found.all("TO") == ["a", "b"]
    assert found.first("subject") == "Hello there"
    assert found.first("Cc") is None
    assert length == len("To: a\nSUBJECT:  Hello\n\tthere \nto: b\n\n")


@pytest.mark.parametrize(
    ("text", "items", "body"),
    [
        ("", [], ""),
        ("\nbody", [], "body"),
        ("no header at all\n", [], "no header at all\n"),
        ("A: 1", [("A", "1")], ""),
        ("A: 1\nbody without a line before\n", [("A", "1")], "body without a line before\n"),
        ("A: 1\n>From ada Sat Mar  1\nB: 2\n\nx", [("A", "1"), ("B", "2")], "x"),
        ("A : 1\nB:\n\n", [("A", "1"), ("B", "")], ""),
        ("A:\n 1\n\n", [("A", "1")], ""),
        (": x\n", [], ": x\n"),
        ("Ä: x\n", [], "Ä: x\n"),
        ("A: x\rB: y\n\n", [("A", "x B: y")], ""),
        ("A: x\x00y\n\n", [("A", "x\x00y")], ""),
    ],
)  # fmt: skip
def test_where_the_header_ends(text, items, body):
    found, length = read_block(text)
    assert found.items == items
    assert text[length:] == body


def test_a_value_has_an_end():
    found, _ = read_block("A: " + "x" * 100_000 + "\nB: 1\n\nbody")
    assert len(found.raw("A")[0]) <= headers.MAX_VALUE
    assert found.first("B") == "1"


# --- Encoded words --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "plain"),
        ("=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("=?UTF-8?B?R3LDvMOfZQ==?=", "Grüße"),
        ("=?utf-8?B?R3LDvMOfZQ?=", "Grüße"),
        ("=?iso-8859-1?Q?Gr=FC=DFe_an_alle?= !", "Grüße an alle !"),
        ("=?utf-8*de?q?Gr=C3=BC?=", "Grü"),
        ("=?utf-8?q?a?= =?utf-8?q?b?=", "ab"),
        ("=?utf-8?q?a?= x =?utf-8?q?b?=", "a x b"),
        ("=?utf-8?b?w?= =?utf-8?b?!?=", ""),
        ("=?utf-8?q?=C3?=\n =?utf-8?q?=BC?=", "ü"),
        ("=?iso-2022-jp?B?GyRCJDMkcyRLJEEkTxsoQg==?=", "こんにちは"),
        ("=?gb2312?B?xOO6ww==?=", "你好"),
        ("=?no-such-charset?q?caf=E9?=", "café"),
        ("=?utf-8?q?unclosed", "=?utf-8?q?unclosed"),
        ("=?utf-8?x?a?=", "=?utf-8?x?a?="),
        ("=?idna?q?a?= =?hex?q?41?= =?undefined?q?a?=", "a41a"),
        ("=?utf-7?q?+2AA-x?=", "?x"),
        (raw("Grüße"), "Grüße"),
        ("Gr\xfc\xdfe", "Grüße"),
    ],
)  # fmt: skip
def test_encoded_words(value, text):
    assert headers.decode_words(value) == text


# --- Who wrote it ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (ADA, [("", ADA)]),
        (f"<{ADA}>", [("", ADA)]),
        (f"Ada Lovelace <{ADA}>", [("Ada Lovelace", ADA)]),
        (f'"Lovelace, Ada" <{ADA}>', [("Lovelace, Ada", ADA)]),
        (f'"Ada \\"Countess\\"" <{ADA}>', [('Ada "Countess"', ADA)]),
        (f"=?utf-8?q?Ad=C3=A0?= <{ADA}>", [("Adà", ADA)]),
        (raw(f"Adà <{ADA}>"), [("Adà", ADA)]),
        (f"{ADA} (Ada)", [("", ADA)]),
        (f"(Ada (Countess)) {ADA}", [("", ADA)]),
        (f"ada@bob.example <{ADA}>", [("ada@bob.example", ADA)]),
        ("ada (x) @ (y) example . org", [("", ADA)]),
        ("< ada@example.org >", [("", ADA)]),
        ("<@a.example,@b.example:ada@example.org>", [("", ADA)]),
        (f"Friends: {ADA}, <bob@b.example>;", [("", ADA), ("", "bob@b.example")]),
        ("undisclosed-recipients:;", []),
        (f"{ADA}, bob@b.example", [("", ADA), ("", "bob@b.example")]),
        (f"{ADA}; bob@b.example", [("", ADA), ("", "bob@b.example")]),
        (raw("jürgen@bücher.example"), [("", "jürgen@bücher.example")]),
        ("", []),
        ("Ada Lovelace", []),
        ("<>", [("", "")]),
    ],
)
def test_mailboxes(value, expected):
    assert parse_mailboxes(value) == [Mailbox(*pair) for pair in expected]


@pytest.mark.parametrize(
    "value",
    [
        f'"{ADA}" <eve@evil.example>',
        f"{ADA} <eve@evil.example>",
        f"=?utf-8?q?{ADA.replace('@', '=40')}?= <eve@evil.example>",
        f"=?utf-8?q?=3C{ADA.replace('@', '=40')}=3E?= <eve@evil.example>",
        "=?utf-8?b?PGFkYUBleGFtcGxlLm9yZz4=?= <eve@evil.example>",
        f"(<{ADA}>) eve@evil.example",
        f"({ADA}) <eve@evil.example>",
        f'"\\"<{ADA}>" <eve@evil.example>',
        f'"{ADA}"',
        f'"{ADA}" (eve@evil.example)',
        f'"<{ADA}>"',
        f"=?utf-8?q?{ADA}?=",
        f"=?utf-8?q?{ADA.replace('@', '=40')}?=",
        f"(x) ({ADA})",
        f"({ADA}",
        f"<{ADA}> <eve@evil.example>",
        f"<{ADA}> eve@evil.example",
        f"<{ADA}>, eve@evil.example",
        f"eve@evil.example, <{ADA}>",
        f"{ADA} eve@evil.example",
        f"{ADA}@evil.example",
        "ada@example .org.evil.example",
        "a da@example.org",
        "a(x)da@example.org",
        '"a da"@example.org',
        "<a da@example.org>",
        "ada@example.org\x00@evil.example",
        "ada\x00@example.org",
        "ada@example.org.",
        f"Friends: eve@evil.example; {ADA}",
        raw("\u017fam@example.org, ") + ADA,
    ],
)
def test_nothing_but_an_address_makes_the_author(value):
    assert [found.address for found in parse_mailboxes(value)] != [ADA]


def test_several_from_fields_are_several_authors():
    found = block(f"From: {ADA}\nFrom: eve@evil.example\n\n")
    assert len(found.mailboxes("From")) == 2


NAMES = st.text(
    st.characters(exclude_categories=["C", "Z"], exclude_characters="\u0085"), max_size=12
)
PHRASES = st.lists(NAMES.filter(bool), max_size=4).map(" ".join)
ATOMS = st.text(string.ascii_letters + string.digits + "+_-=", min_size=1, max_size=12)
ADDRESSES = st.builds("{}@{}.example".format, ATOMS, st.text(string.ascii_lowercase, min_size=1))


PEOPLE = st.lists(st.tuples(PHRASES, ADDRESSES), min_size=1, max_size=4)
# Between encoded words the library loses spaces, and between people it encodes the comma.
ASCII_PEOPLE = PEOPLE.filter(lambda people: all(name.isascii() for name, _ in people))


@given(st.tuples(PEOPLE, st.just(SMTPUTF8)) | st.tuples(ASCII_PEOPLE, st.just(SMTP)))
def test_what_the_standard_library_writes_is_understood_in_full(written):
    people, policy = written
    made = EmailMessage(policy=policy)
    made["From"] = [Address(name, addr_spec=address) for name, address in people]
    read = block(made.as_bytes().replace(b"\r\n", b"\n").decode("latin-1"))
    assert read.mailboxes("From") == people


@given(st.lists(st.tuples(PHRASES, ADDRESSES), max_size=3), st.text(max_size=60))
def test_subjects_and_other_fields_agree_with_the_standard_library(people, subject):
    made = EmailMessage(policy=SMTP)
    made["To"] = [Address(name, addr_spec=address) for name, address in people]
    made["Subject"] = " ".join(c for c in subject.split() if c.isprintable())
    made["Message-ID"] = "<x@example.org>"
    made["References"] = "<a@example.org> <b@example.org>"
    read = block(made.as_bytes().replace(b"\r\n", b"\n").decode("latin-1"))
    assert " ".join((read.first("Subject") or "").split()) == " ".join(made["Subject"].split())
    assert read.message_ids("Message-ID") == ["<x@example.org>"]
    assert read.message_ids("References") == ["<a@example.org>", "<b@example.org>"]


SPECIALS = st.lists(
    st.sampled_from([*'"\\()<>,;:@ \tx', ADA, "eve@evil.example", "=?utf-8?q?a=40b.example?="]),
    max_size=25,
).map("".join)  # fmt: skip


@given(SPECIALS)
@example('"\\')
@example("<")
def test_two_mailboxes_never_become_one(value):
    """Whatever else stands there: outside of quotes and comments, and not as the name before the
    angle brackets, each address is a mailbox."""
    first = [found.address for found in parse_mailboxes(f"{ADA}, {value}")]
    assert first[0] == ADA
    assert first[1:] == [found.address for found in parse_mailboxes(value)]
    angles = [found.address for found in parse_mailboxes(f"<{ADA}>{value}")]
    assert angles[0] == ADA


ANYTHING = st.text(st.characters(codec="latin-1")) | st.text() | SPECIALS


@given(ANYTHING)
@example("\\\n")
@example('"a\\\nb"')
@example("<a\ud800@b>")
def test_no_text_raises(text):
    found, length = read_block(text)
    assert 0 <= length <= len(text)
    for name, _ in found.items:
        found.first(name)
        found.mailboxes(name)
        for each in found.message_ids(name):
            each.encode()
    for mailbox in parse_mailboxes(text):
        mailbox.name.isprintable()
    headers.parse_parameters(text)
    headers.decode_words(text)


@given(st.binary(), st.none() | st.text(max_size=45) | st.sampled_from(sorted(headers._CHARSETS)))
@example(b"+2AA-", "utf-7")
@example(b"\\ud800", "unicode_escape")
@example(b"\x00\xd8", "utf-16")
@example(b"x", "encodings.aliases")
@example(b"x", "..")
def test_any_octets_in_any_charset_are_text_that_can_be_stored(octets, charset):
    headers.decode(octets, charset).encode()


@given(st.binary())
def test_base64_never_raises(octets):
    headers.decode_base64(octets)


# --- Parameters -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("text/plain", ("text/plain", {})),
        ("TEXT/Plain; Charset=UTF-8", ("text/plain", {"charset": "UTF-8"})),
        ('x/y; name="a; b\\"c.pdf"', ("x/y", {"name": 'a; b"c.pdf'})),
        ("x/y; name*=utf-8''Gr%C3%BC%C3%9Fe.pdf", ("x/y", {"name": "Grüße.pdf"})),
        ("x/y; name*0*=utf-8''Gr%C3%BC; name*1=sse.pdf", ("x/y", {"name": "Grüsse.pdf"})),
        ('x/y; name*1="b.pdf"; name*0="a"', ("x/y", {"name": "ab.pdf"})),
        ("x/y; name==?utf-8?q?=C3=BC?=", ("x/y", {"name": "ü"})),
        ('x/y; name="=?utf-8?q?=C3=BC?="', ("x/y", {"name": "ü"})),
        ("x/y; name*=no-such''%E9", ("x/y", {"name": "é"})),
        ("x/y; name*=''", ("x/y", {"name": ""})),
        ('x/y; name="open', ("x/y", {"name": "open"})),
        ("x/y;;; ;a=", ("x/y", {"a": ""})),
    ],
)
def test_parameters(value, expected):
    assert headers.parse_parameters(value) == expected


# --- Time -----------------------------------------------------------------------------------------

UNITS = ['"', '"\\', "\\", "(", ")", "((", "(\\", "<", '<"', "<>", ",", ":", ";", "a:", " ", "\n ",
         "\n", "=?", "=?a?q?", "=?a?b?=", "=?utf-8?q?x?= ", "=?utf-8?b?+?=\n ", ";a=", ';a="', "; ",
         ';a="\\', ";a*0*=", "a: \n", "a:\n ", "@", " @", ". ", "é"]  # fmt: skip


@pytest.mark.parametrize("unit", UNITS)
def test_crafted_headers_take_linear_time(unit):
    def work(size):
        text = unit * (size // len(unit))
        found, _ = read_block("From: " + text)
        for name, _ in found.items[:20]:
            found.mailboxes(name)
        headers.decode_words(text)
        headers.parse_parameters(text)
        list(headers._lexemes(text))
        headers._addr_spec(text)

    assert is_linear(work, Limits().headers)
