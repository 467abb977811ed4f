"""Header fields and parts as octets, each held against the standard library's own reading."""

from __future__ import annotations

import binascii
import email
import email.policy
import quopri
import re
from datetime import UTC, datetime, timedelta, timezone
from email.header import decode_header, make_header

import pytest
from histories import examples
from hypothesis import assume, given
from hypothesis import strategies as st

from continuation_cli.core import mime

STRICT = email.policy.SMTP.clone(raise_on_defect=True)
#: What one_line leaves: printable, single spaces within.
lines = st.lists(
    st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=30), max_size=12
).map(" ".join)
some_lines = lines.filter(bool)


def read(field):
    """The field's value as a strict parser reads it."""
    message = email.message_from_bytes(field.encode() + b"\r\n\r\n", policy=STRICT)
    [(_, value)] = message.items()
    assert not value.defects
    return value


def check_lines(field):
    for number, line in enumerate(field.split("\r\n")):
        assert len(line.encode()) <= 998
        assert line.strip()
        assert number == 0 or line[0] == " "
        if "=?" in line:  # RFC 2047, section 2
            assert len(line) <= 76
        for word in re.findall(r"=\?utf-8\?[bq]\?[^?\s]*\?=", line):
            assert len(word) <= 75
            decode_header(word)[0][0].decode()  # no character is split


# --- Text fields ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ("Hello", "Subject: Hello"),
        ("", "Subject: "),
        ("Schöne Grüße", "Subject: =?utf-8?b?U2Now7ZuZSBHcsO8w59l?="),
        ("Schöne Tage noch", "Subject: =?utf-8?q?Sch=C3=B6ne_Tage_noch?="),
        ("a b é_?=", "Subject: =?utf-8?b?YSBiIMOpXz89?="),
        ("新着", "Subject: =?utf-8?b?5paw552A?="),
        ("=?utf-8?q?not?=", "Subject: =?utf-8?b?PT91dGYtOD9xP25vdD89?="),
        ("a: b; c, <d>", "Subject: a: b; c, <d>"),
        ("x" * 65 + " " + "y" * 10, "Subject: " + "x" * 65 + "\r\n " + "y" * 10),
        ("x" * 100, "Subject: " + "x" * 100),
    ],
)
def test_text_field(value, field):
    assert mime.text_field("Subject", value) == field
    assert read(field) == value


@examples(200)
@given(lines)
def test_any_line_survives_as_a_subject(value):
    field = mime.text_field("Subject", value)
    check_lines(field)
    assert field.isascii()
    unfolded = field.removeprefix("Subject: ").replace("\r\n", "")
    assert str(make_header(decode_header(unfolded))) == value


@examples(100)
@given(st.lists(st.text(st.sampled_from('ab,;"\\'), min_size=1, max_size=40), max_size=30))
def test_ascii_lines_are_folded_where_they_can_be(words):
    value = " ".join(words)
    field = mime.text_field("Subject", value)
    for line in field.split("\r\n"):
        assert len(line) <= 78 or " " not in line.strip().removeprefix("Subject: ")
    assert field.replace("\r\n", "") == f"Subject: {value}"


@pytest.mark.parametrize("value", ["a\r\nBcc: x", "a\nb", "a\x00", "a\x85b", "a\u2028b", "\ud800"])
@pytest.mark.parametrize(
    "field",
    [
        mime.text_field,
        lambda name, value: mime.address_field(name, value, "a@example.com"),
        lambda name, value: mime.address_field(name, "", value),
        lambda name, value: mime.token_field(name, [value]),
    ],
)
def test_control_characters_are_refused(value, field):
    with pytest.raises(ValueError, match="cannot stand in X"):
        field("X", value)


# --- Addresses --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("", "From: a@example.com"),
        ("Ana at Acme", 'From: "Ana at Acme" <a@example.com>'),
        ('Ana "A" \\ Co., Ltd. <x@y>', 'From: "Ana \\"A\\" \\\\ Co., Ltd. <x@y>" <a@example.com>'),
        ("André", "From: =?utf-8?q?Andr=C3=A9?= <a@example.com>"),
        ("=?utf-8?q?x?=", "From: =?utf-8?b?PT91dGYtOD9xP3g/PQ==?= <a@example.com>"),
        ("n" * 70, 'From: "' + "n" * 70 + '"\r\n <a@example.com>'),
    ],
)
def test_address_field(name, field):
    assert mime.address_field("From", name, "a@example.com") == field
    [address] = read(field).addresses
    assert (address.display_name, address.addr_spec) == (name, "a@example.com")


@examples(200)
@given(some_lines)
def test_any_name_survives(name):
    field = mime.address_field("From", name, "a@example.com")
    check_lines(field)
    [address] = read(field).addresses
    assert address.addr_spec == "a@example.com"
    phrase = field.removeprefix("From: ").removesuffix("<a@example.com>")
    if "=?" not in phrase or name.isascii():
        # The library reads white space between encoded words in a phrase differently by version.
        assert address.display_name == name
    else:
        decoded = str(make_header(decode_header(phrase.replace("\r\n", "").strip())))
        assert decoded == name


def test_a_local_part_beyond_ascii_stays_as_it_is():
    assert mime.address_field("To", "", "花子@example.com") == "To: 花子@example.com"


# --- Identifiers and dates --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("<a@b>", True),
        ("<%s@b>" % ("a" * 248), True),
        ("<%s@b>" % ("a" * 249), False),
        ("<>", False),
        ("a@b", False),
        ("<a@b> ", False),
        ("<a@b><c@d>", False),
        ("<a b@c>", False),
        ("<é@b>", False),
        ("<a@b>\n", False),
    ],
)
def test_message_ids(text, valid):
    assert mime.is_message_id(text) is valid


def test_references_are_each_there_once_and_bounded():
    ids = [f"<{n}@x>" for n in range(60)]
    assert mime.references(["<a@b>", "broken", "<c@d>", "<a@b>"]) == ["<a@b>", "<c@d>"]
    assert mime.references(ids[:40]) == ids[:40]
    assert mime.references(ids) == ids[:20] + ids[-20:]
    assert mime.references([]) == []


@given(st.lists(st.text(st.sampled_from("abc-+@."), min_size=1, max_size=240), min_size=1))
def test_tokens_are_folded_but_never_changed(tokens):
    tokens = [f"<{token}>" for token in tokens]
    field = mime.token_field("References", tokens)
    assert field.removeprefix("References: ").split() == tokens
    assert not any(len(line) > 78 and " " in line.strip().removeprefix("References: ")
                   for line in field.split("\r\n"))  # fmt: skip


@given(
    st.datetimes(datetime(1900, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.integers(-14 * 60, 14 * 60),
)
def test_dates_are_as_the_library_writes_them(moment, minutes):
    try:
        moment = moment.astimezone(timezone(timedelta(minutes=minutes)))
    except OverflowError:
        return
    assert mime.date_field("Date", moment) == f"Date: {email.utils.format_datetime(moment)}"


# --- Parts ------------------------------------------------------------------------------------


def decoded(part):
    """A part's text and encoding, read by RFC 2045 and 2046 alone."""
    head, _, body = part.partition(b"\r\n\r\n")
    encoding = re.search(rb"Content-Transfer-Encoding: (\S+)", head).group(1).decode()
    if encoding == "base64":
        body = binascii.a2b_base64(body)
    elif encoding == "quoted-printable":
        body = quopri.decodestring(body)
    assert b"\n" not in body.replace(b"\r\n", b"")
    return body.replace(b"\r\n", b"\n").decode(), encoding


def check_part(text):
    part = mime.text_part("plain", text)
    assert part.isascii()
    got, encoding = decoded(part)
    assert got == text
    body = part.partition(b"\r\n\r\n")[2]
    for line in body.split(b"\r\n"):
        assert len(line) <= (998 if encoding == "7bit" else 76)
        assert b"\r" not in line
        assert b"\n" not in line
        assert not line.startswith(b"From ")
        assert line != b"."
        if encoding == "quoted-printable":
            assert not line.endswith((b" ", b"\t"))
    return encoding


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("\n", "7bit"),
        ("Hello\n", "7bit"),
        ("x" * 998 + "\n", "7bit"),
        ("x" * 999 + "\n", "quoted-printable"),
        (".\n", "quoted-printable"),
        ("a\n.\nb\n", "quoted-printable"),
        (".a\n..\n", "7bit"),
        ("From here\n", "quoted-printable"),
        ("a\nFrom \n", "quoted-printable"),
        (" From here\n", "7bit"),
        ("From From From é\n", "quoted-printable"),
        ("é" + "x" * 74 + "From here\n", "quoted-printable"),
        ("é" + "x" * 69 + ".\n", "quoted-printable"),
        ("From " + "é" * 20 + "x" * 300 + "\n", "quoted-printable"),
        ("é\n" + "x" * 75 + " \n", "quoted-printable"),
        ("é\n" + "x" * 74 + "\t\n", "quoted-printable"),
        ("é trailing \t\n \n\t\n", "quoted-printable"),
        ("=" * 20 + "é" + "x" * 300 + "\n", "quoted-printable"),
        ("日本語のメッセージ\n", "base64"),
        ("é\n", "base64"),
        ("🎉" * 100 + "\n", "base64"),
        ("\n" * 50 + "é" + "x" * 60 + "\n", "quoted-printable"),
    ],
)
def test_encodings(text, encoding):
    assert check_part(text) == encoding


awkward = st.lists(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=20)
    | st.sampled_from(["From ", "\n", ".\n", "\n.", " \n", "\t\n", "=", "x" * 75, "é", "日本",
                       "x" * 1000, "abc " * 20]),
    max_size=40,
)  # fmt: skip


@examples(400)
@given(awkward)
def test_any_text_comes_back_as_it_was(pieces):
    check_part("".join(pieces) + "\n")


@examples(200)
@given(awkward)
def test_any_mostly_ascii_text_comes_back_as_it_was(pieces):
    check_part("é" + "".join(piece for piece in pieces if piece.isascii()) + "x" * 50 + "\n")


@examples(400)
@given(st.lists(st.text("a =.é\x01\x7f\n", max_size=9) | st.just("x" * 70), max_size=40))
def test_quoted_printable_is_what_the_standard_library_makes_of_it(pieces):
    text = "é" + re.sub(" +\n", "\n", "".join(pieces)) + "x" * 200 + "\n"
    assume(mime.text_part("plain", text).find(b"base64") < 0)
    encoded = mime.text_part("plain", text).partition(b"\r\n\r\n")[2]
    assert encoded == binascii.b2a_qp(text.encode()).replace(b"\n", b"\r\n")


def test_the_smaller_encoding_is_chosen():
    for text in ("é" * 10 + "x" * 90, "日本語" * 50, "x=" * 300 + "é", "é" * 300):
        part = mime.text_part("plain", text + "\n").partition(b"\r\n\r\n")[2]
        other = len(text.encode()) * 78 // 57
        as_qp = len(binascii.b2a_qp(text.encode()))
        assert len(part) <= min(other, as_qp) * 1.06 + 8


def test_alternative():
    parts = [mime.text_part("plain", "a\n"), mime.text_part("html", "<p>b</p>\n")]
    octets = mime.alternative(["Subject: x"], "<a@b>", parts)
    message = email.message_from_bytes(octets, policy=STRICT)
    assert message["Subject"] == "x"
    assert [part.get_content() for part in message.iter_parts()] == ["a\r\n", "<p>b</p>\r\n"]
    assert octets.endswith(b"--\r\n")
    assert octets == mime.alternative(["Subject: x"], "<a@b>", parts)


def test_the_boundary_is_in_no_part():
    part = mime.text_part("plain", "a\n")
    first = email.message_from_bytes(mime.alternative([], "<a@b>", [part])).get_boundary()
    forged = mime.text_part("plain", f"--{first}\n--{first}--\n")
    message = email.message_from_bytes(mime.alternative([], "<a@b>", [forged]), policy=STRICT)
    assert message.get_boundary() != first
    assert [p.get_content() for p in message.iter_parts()] == [f"--{first}\r\n--{first}--\r\n"]


def test_each_message_has_its_own_boundary():
    part = mime.text_part("plain", "a\n")
    boundaries = {
        email.message_from_bytes(mime.alternative([], f"<{n}@b>", [part])).get_boundary()
        for n in range(20)
    }
    assert len(boundaries) == 20
