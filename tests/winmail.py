"""Makes TNEF streams ([MS-OXTNEF]) as Outlook sends them, compressed RTF ([MS-OXRTFCP]) in them.

raw = tnef({BODY: text("Hello")}, [attachment("a.pdf", b"…")])
"""

from __future__ import annotations

import struct
import zlib
from typing import Any

SUBJECT, BODY, RTF, HTML = 0x0037, 0x1000, 0x1009, 0x1013
INTERNET_CODE_PAGE = 0x3FDE
ATTACH_DATA, ATTACH_NAME, ATTACH_METHOD, ATTACH_LONG_NAME = 0x3701, 0x3704, 0x3705, 0x3707
ATTACH_TYPE, ATTACH_CONTENT_ID = 0x370E, 0x3712

LONG, BOOLEAN, OBJECT, STRING8, UNICODE, TIME, BINARY = 3, 11, 13, 0x1E, 0x1F, 0x40, 0x102
MULTIPLE = 0x1000

#: A property: its type and its value, or its values.
Property = tuple[int, Any]

RTF_INITIAL = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern "
    b"\\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0"
    b"\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)


def text(value: str) -> Property:
    return UNICODE, value


def tnef(
    properties: dict[int | tuple[bytes, int | str], Property],
    attachments: list[bytes] | None = None,
    *,
    code_page: int = 1252,
    more: bytes = b"",
) -> bytes:
    """A whole stream. A property's key is its identifier, or a GUID and a name."""
    return b"".join(
        [
            struct.pack("<IH", 0x223E9F78, 1),
            attribute(1, 0x00089006, struct.pack("<I", 0x00010000)),
            attribute(1, 0x00069007, struct.pack("<II", code_page, 0)),
            attribute(1, 0x00078008, b"IPM.Microsoft Mail.Note\0"),
            more,
            attribute(1, 0x00069003, property_list(properties)),
            *(attachments or []),
        ]
    )


def attribute(level: int, identifier: int, data: bytes) -> bytes:
    head = struct.pack("<BII", level, identifier, len(data))
    return head + data + struct.pack("<H", sum(data) & 0xFFFF)


def attachment(
    name: str,
    data: bytes | None,
    properties: dict[Any, Property] | None = None,
    *,
    title: bytes | None = None,
) -> bytes:
    """The attributes of one attachment; `data` None leaves it to the properties."""
    rendering = struct.pack("<HIHHI", 1, 0xFFFFFFFF, 32, 32, 0)
    known = {ATTACH_LONG_NAME: text(name)} if name else {}
    return b"".join(
        [
            attribute(2, 0x00069002, rendering),
            attribute(
                2, 0x00018010, (name.encode("ascii", "replace") if title is None else title) + b"\0"
            ),
            attribute(2, 0x0006800F, data) if data is not None else b"",
            attribute(2, 0x00069005, property_list({**known, **(properties or {})})),
        ]
    )


def property_list(properties: dict[Any, Property]) -> bytes:
    out = [struct.pack("<I", len(properties))]
    for number, (key, (kind, value)) in enumerate(properties.items()):
        if isinstance(key, tuple):
            guid, name = key
            out.append(struct.pack("<HH", kind, 0x8000 + number) + guid)
            if isinstance(name, int):
                out.append(struct.pack("<II", 0, name))
            else:
                encoded = f"{name}\0".encode("utf-16-le")
                out.append(struct.pack("<II", 1, len(encoded)) + padded(encoded))
        else:
            out.append(struct.pack("<HH", kind, key))
        out.append(encoded_value(kind, value))
    return b"".join(out)


def encoded_value(kind: int, value: Any) -> bytes:
    base, values = kind & ~MULTIPLE, value if kind & MULTIPLE else [value]
    count = struct.pack("<I", len(values))
    if base in (STRING8, UNICODE, BINARY, OBJECT):
        out = [count]
        for each in values:
            if base == UNICODE:
                each = f"{each}\0".encode("utf-16-le", "surrogatepass")
            out.append(struct.pack("<I", len(each)) + padded(each))
        return b"".join(out)
    layout = {LONG: "<I", BOOLEAN: "<I", TIME: "<Q"}[base]
    packed = b"".join(struct.pack(layout, each) for each in values)
    return (count if kind & MULTIPLE else b"") + packed


def padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 4)


def compressed(rtf: bytes, *, compress: bool = True) -> bytes:
    """PidTagRtfCompressed; with references into the dictionary wherever two octets are in it."""
    if not compress:
        return struct.pack("<II4sI", len(rtf) + 12, len(rtf), b"MELA", 0) + rtf
    tokens: list[bytes | int] = []
    seen = RTF_INITIAL + rtf
    position = len(RTF_INITIAL)
    while position < len(seen):
        window = max(0, position - 4080)
        length, found = 1, -1
        while length < 17 and position + length < len(seen):
            at = seen.find(seen[position : position + length + 1], window, position + length)
            if at < 0 or at >= position:
                break
            length, found = length + 1, at
        if found >= 0:
            tokens.append((found % 4096) << 4 | (length - 2))
            position += length
        else:
            tokens.append(seen[position : position + 1])
            position += 1
    tokens.append((position % 4096) << 4)  # a reference to itself is the end
    out = bytearray()
    for start in range(0, len(tokens), 8):
        run = tokens[start : start + 8]
        out.append(sum(1 << bit for bit, token in enumerate(run) if isinstance(token, int)))
        out += b"".join(t.to_bytes(2, "big") if isinstance(t, int) else t for t in run)
    crc = zlib.crc32(bytes(out), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return struct.pack("<II4sI", len(out) + 12, len(rtf), b"LZFu", crc) + bytes(out)


def from_html(body: str) -> bytes:
    """RTF that encapsulates HTML, as Outlook makes it: tags in groups of their own, and between
    \\htmlrtf and \\htmlrtf0 what RTF readers are to see in their place."""
    out = [
        "{\\rtf1\\ansi\\ansicpg1252\\fromhtml1 \\fbidis \\deff0{\\fonttbl\r\n"
        "{\\f0\\fswiss Arial;}\r\n{\\f1\\fmodern Courier New;}\r\n"
        "{\\f2\\fnil\\fcharset204 Calibri;}}\r\n"
        "{\\colortbl\\red0\\green0\\blue0;\\red5\\green99\\blue193;}\r\n"
        "{\\*\\generator Riched20;}\\uc1\\pard\\plain\\deftab360 \\f0\\fs24\r\n"
    ]
    for piece in body.replace("<", "\1<").replace(">", ">\1").split("\1"):
        if piece.startswith("<"):
            out.append(f"{{\\*\\htmltag64 {escaped(piece)}}}")
            if piece in ("<br>", "</p>"):
                out.append("\\htmlrtf \\par\r\n\\htmlrtf0 ")
            if piece == "<b>":
                out.append("\\htmlrtf {\\b \\htmlrtf0 ")
            if piece == "</b>":
                out.append("\\htmlrtf }\\htmlrtf0 ")
        else:
            out.append(escaped(piece))
    return ("".join(out) + "}").encode("ascii")


def escaped(value: str) -> str:
    out = []
    for character in value:
        if character in "\\{}":
            out.append(f"\\{character}")
        elif character == "\n":
            out.append("\r\n\\par ")
        elif character == "\xa0":
            out.append("\\~")
        elif ord(character) < 128:
            out.append(character)
        elif ord(character) < 256:
            out.append(f"\\'{ord(character):02x}")
        else:
            units = character.encode("utf-16-be")
            out.extend(f"\\u{u}?" for u in struct.unpack(f">{len(units) // 2}h", units))
    return "".join(out)
