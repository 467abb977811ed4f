"""Puts the reply of a client together: header, parts, charsets and encodings."""

from __future__ import annotations

import base64
import quopri
import struct
from email.header import Header
from email.utils import formataddr

from clients.sent import ADDRESS, CUSTOMER, MESSAGE_ID, Reply

PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


def message(
    reply: Reply,
    text: str | None,
    html: str | None,
    headers: dict[str, str],
    *,
    parameters: str = "",
    attached: tuple[str, str, bytes] | None = None,
    prefix: str = "Re: ",
) -> bytes:
    """The message, as octets. `parameters` are further ones of the text part's type; a client
    without an HTML (or text) part gives None, and `reply.parts` leaves one of both out.
    """
    parts: list[bytes] = []
    if text is not None and (reply.parts != "html" or html is None):
        parts.append(_part(reply, "text/plain", text, parameters))
    if html is not None and (reply.parts != "plain" or text is None):
        parts.append(_part(reply, "text/html", html))
    body = _multipart("alternative", parts) if len(parts) > 1 else b"".join(parts)
    if reply.attachment and attached is None:
        attached = ("application/pdf", "Maße 2.pdf", PDF)
    if attached:
        body = _multipart("mixed", [*([body] if body else []), _attachment(*attached)])
    reference = MESSAGE_ID
    fields = {
        "Return-Path": f"<{ADDRESS}>",
        "Date": "Mon, 02 Mar 2026 11:02:41 +0100",
        "From": formataddr((CUSTOMER, ADDRESS)),
        "To": f"{_word(reply.sent.name)} <{reply.sent.composed.reply_to}>",
        "Subject": _word(f"{prefix}{reply.sent.subject}"),
        "Message-ID": "<CAF8b7y0000000000000000001@mail.example.com>",
        "In-Reply-To": reference,
        "References": reference,
        "MIME-Version": "1.0",
        **headers,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
    return head.encode() + body


def _word(text: str) -> str:
    return text if text.isascii() else Header(text, "utf-8").encode(linesep="\r\n")


def _part(reply: Reply, kind: str, text: str, parameters: str = "") -> bytes:
    text = text.replace("\n", "\r\n")
    charset, encoding = reply.charset, reply.encoding
    codec = charset.removesuffix("-i")
    if kind == "text/html":
        octets = text.encode(codec, errors="xmlcharrefreplace")
    else:
        octets = _encoded(text, codec)
        if octets is None:
            charset, octets = "utf-8", text.encode()
    if encoding in ("7bit", "8bit") and charset.lower().startswith("iso-2022"):
        encoding = "7bit"
    if encoding == "7bit" and not charset.lower().startswith("iso-2022"):
        encoding = "7bit" if octets.isascii() else "8bit"
    if encoding == "base64":
        octets = base64.encodebytes(octets).replace(b"\n", b"\r\n")
    elif encoding == "quoted-printable":
        octets = quopri.encodestring(octets.replace(b"\r\n", b"\n")).replace(b"\n", b"\r\n")
    head = (
        f'Content-Type: {kind}; charset="{charset}"{parameters}\r\n'
        f"Content-Transfer-Encoding: {encoding}\r\n\r\n"
    )
    return head.encode() + octets + b"\r\n"


def _encoded(text: str, charset: str) -> bytes | None:
    """None where a client that writes in that charset would go over to UTF-8."""
    try:
        return text.encode(charset)
    except UnicodeEncodeError:
        return None


def _attachment(kind: str, name: str, content: bytes) -> bytes:
    head = (
        f'Content-Type: {kind}; name="{_word(name)}"\r\n'
        f'Content-Disposition: attachment; filename="{_word(name)}"\r\n'
        "Content-Transfer-Encoding: base64\r\n\r\n"
    )
    return head.encode() + base64.encodebytes(content).replace(b"\n", b"\r\n")


def _multipart(kind: str, parts: list[bytes]) -> bytes:
    boundary = f"=_{kind}_000000000000e1f2a3064b5c6d7e"
    head = f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n'.encode()
    mark = f"--{boundary}".encode()
    return head + b"".join(mark + b"\r\n" + part + b"\r\n" for part in parts) + mark + b"--\r\n"


def winmail(subject: str, html: str = "", files: dict[str, bytes] | None = None) -> bytes:
    """A TNEF stream ([MS-OXTNEF]): version, code page, message class, subject; the body as HTML in
    a property ([MS-OXPROPS], 2.765), and files.
    """
    attributes = [
        (1, 0x00089006, struct.pack("<I", 0x00010000)),
        (1, 0x00069007, struct.pack("<II", 1252, 0)),
        (1, 0x00078008, b"IPM.Microsoft Mail.Note\0"),
        (1, 0x00018004, subject.encode("cp1252", "replace") + b"\0"),
    ]
    if html:
        octets = html.encode()
        body = struct.pack("<HHII", 0x0102, 0x1013, 1, len(octets)) + octets
        page = struct.pack("<HHI", 0x0003, 0x3FDE, 65001)
        padding = b"\0" * (-len(octets) % 4)
        attributes.append((1, 0x00069003, struct.pack("<I", 2) + body + padding + page))
    for name, content in (files or {}).items():
        attributes.append((2, 0x00069002, struct.pack("<HIHHII", 1, 0xFFFFFFFF, 0, 0, 0, 0)))
        attributes.append((2, 0x00018010, name.encode("cp1252", "replace") + b"\0"))
        attributes.append((2, 0x0006800F, content))
    stream = struct.pack("<IH", 0x223E9F78, 1)
    for level, name, value in attributes:
        stream += struct.pack("<BII", level, name, len(value)) + value
        stream += struct.pack("<H", sum(value) & 0xFFFF)
    return stream
