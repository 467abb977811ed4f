"""Which parts of a reply are files, and what they are called: names are data, never paths."""

from __future__ import annotations

import unicodedata
from email.message import EmailMessage

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from continuation_cli.core import attachments
from continuation_cli.core.model import Limits
from continuation_cli.core.received import read


def files(*parts: str) -> list[tuple[str, str, bytes]]:
    body = "".join(f"--b\n{part}\n" for part in parts)
    raw = f"Content-Type: multipart/mixed; boundary=b\n\n{body}--b--\n"
    return [tuple(file) for file in attachments.files(read(raw.encode()))]


def named(name: str) -> str:
    """What a file of that name is called."""
    made = EmailMessage()
    made.set_content("x")
    made.add_attachment(b"x", maintype="application", subtype="pdf", filename=name)
    [file] = attachments.files(read(made.as_bytes()))
    return file.name


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("Content-Type: text/plain\n\nbody", None),
        ("Content-Type: text/html\n\n<p>body", None),
        ("Content-Type: application/pgp-signature; name=signature.asc\n\nx", None),
        ("Content-Type: application/pkcs7-signature; name=smime.p7s\n\nx", None),
        ("Content-Type: message/delivery-status\n\nx", None),
        ("Content-Type: application/pdf\n\n", None),
        ("Content-Type: application/pdf; name=a.pdf\n\n", ("a.pdf", "application/pdf", b"")),
        ("Content-Type: application/pdf\n\nx", ("attachment-1.pdf", "application/pdf", b"x")),
        ("Content-Type: image/svg+xml\n\nx", ("attachment-1.bin", "image/svg+xml", b"x")),
        (
            "Content-Type: image/png\nContent-ID: <i@x>\n\nx",
            ("attachment-1.png", "image/png", b"x"),
        ),
        (
            "Content-Type: text/plain\nContent-Disposition: attachment; filename=log.txt\n\nx",
            ("log.txt", "text/plain", b"x"),
        ),
        ("Content-Type: text/calendar\n\nx", ("attachment-1.calendar", "text/calendar", b"x")),
        (
            "Content-Type: message/rfc822\n\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n\nx",
            ("Grüße.eml", "message/rfc822", b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\n\nx"),
        ),
        ("Content-Type: message/rfc822\n\nx", ("message.eml", "message/rfc822", b"x")),
        (
            "Content-Type: application/zip; name=z\nContent-Transfer-Encoding: base64\n\nUEsDBA==",
            ("z", "application/zip", b"PK\x03\x04"),
        ),
    ],
)
def test_which_parts_are_files(part, expected):
    assert files(part) == ([expected] if expected else [])


def test_files_keep_their_order_and_numbers():
    pdf = "Content-Type: application/pdf\n\nx"
    found = files(pdf, "Content-Type: text/plain\n\nbody", pdf)
    assert [name for name, *_ in found] == ["attachment-1.pdf", "attachment-2.pdf"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("invoice.pdf", "invoice.pdf"),
        ("Rechnung März 2026.pdf", "Rechnung März 2026.pdf"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("C:\\Users\\ada\\a.txt", "a.txt"),
        ("/etc/passwd", "passwd"),
        ("a/../b", "b"),
        ("..", "attachment-1.pdf"),
        ("a/", "attachment-1.pdf"),
        (" . ", "attachment-1.pdf"),
        (".htaccess", "htaccess"),
        ("evil\u202egnp.exe", "evilgnp.exe"),
        ("a\u2028b.pdf", "a b.pdf"),
    ],
)
def test_names(name, expected):
    assert named(name) == expected


def test_a_name_of_any_length_is_short():
    [(name, *_)] = files(f'Content-Type: x/y; name="{"x" * 5000}"\n\nx')
    assert len(name) <= 200


RAW_NAMES = st.text(st.characters(codec="latin-1", exclude_characters="\n\r")) | st.lists(
    st.sampled_from(
        ["/", "\\", "..", "\x00", "%00", "%2f", "=?utf-8?q?=2F..=2F?=", '"', "a", ".", "~"]
    )
).map("".join)


@given(RAW_NAMES, st.sampled_from(['name="{}"', "name*=utf-8''{}", "name={}", 'name*0*="{}"']))
@example("+2AA-", "name*=utf-7''{}")
@example("%2f..%2f", "name*=utf-8''{}")
@example("=?utf-8?b?Li4vLi4veA==?=", 'name="{}"')
def test_no_name_is_a_path_or_acts_on_a_terminal(name, form):
    raw = b"Content-Type: x/y; " + form.format(name).encode("latin-1") + b"\n\nx"
    [file] = attachments.files(read(raw))
    assert file.name
    assert file.name not in (".", "..")
    assert len(file.name) <= 200
    assert not set(file.name) & set("/\\\x00\n\r")
    assert not file.name.startswith(".")
    assert not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in file.name)
    file.name.encode()


def test_limits():
    limits = Limits(attachments=2, attachment=10)
    file = attachments.File("a", "x/y", b"x" * 10)
    assert attachments.exceeded([file] * 2, limits) is None
    assert attachments.exceeded([file] * 3, limits) == "attachments"
    assert attachments.exceeded([file._replace(octets=b"x" * 11)], limits) == "attachment"
