"""TNEF, the `winmail.dat` of Outlook and Exchange ([MS-OXTNEF]): the text and the files in it.
Pure, linear, never raises: what is broken is left out, what is cut short is taken as far as it
goes. Checksums are not looked at: there are programs that write wrong ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from continuation_cli.core import rtf
from continuation_cli.core.headers import decode

if TYPE_CHECKING:
    from collections.abc import Iterator

_SIGNATURE = (0x223E9F78).to_bytes(4, "little")

# Attributes (section 2.1.3.1): the identifier with its type.
_OEM_CODE_PAGE = 0x00069007
_SUBJECT = 0x00018004
_BODY = 0x0002800C
_MESSAGE_PROPERTIES = 0x00069003
_ATTACH_TITLE = 0x00018010
_ATTACH_DATA = 0x0006800F
_ATTACH_TRANSPORT_NAME = 0x00069001
_ATTACH_RENDERING = 0x00069002
_ATTACHMENT = 0x00069005

# Properties ([MS-OXPROPS]): identifiers without their type.
_PR_SUBJECT = 0x0037
_PR_BODY = 0x1000
_PR_RTF = 0x1009
_PR_HTML = 0x1013
_PR_INTERNET_CODE_PAGE = 0x3FDE
_PR_MESSAGE_CODE_PAGE = 0x3FFD
_PR_DISPLAY_NAME = 0x3001
_PR_ATTACH_DATA = 0x3701
_PR_ATTACH_NAME = 0x3704
_PR_ATTACH_METHOD = 0x3705
_PR_ATTACH_LONG_NAME = 0x3707
_PR_ATTACH_TYPE = 0x370E
_PR_ATTACH_CONTENT_ID = 0x3712

# Types of properties ([MS-OXCDATA], section 2.11.1).
_INTEGER, _OBJECT, _STRING8, _UNICODE, _BINARY = 0x0003, 0x000D, 0x001E, 0x001F, 0x0102
_MULTIPLE = 0x1000
_VARIABLE = frozenset({_OBJECT, _STRING8, _UNICODE, _BINARY})
#: Octets of a value; those of 2 take 4 (section 2.1.3.4).
_FIXED = {
    0x0002: 4, _INTEGER: 4, 0x0004: 4, 0x0005: 8, 0x0006: 8, 0x0007: 8, 0x000A: 4, 0x000B: 4,
    0x0014: 8, 0x0040: 8, 0x0048: 16,
}  # fmt: skip

_EMBEDDED_MESSAGE = 5
_INTERFACE = 16
_DEFAULT_CODE_PAGE = 1252


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file in the TNEF; its name and type are what the sender says. An enclosed message is TNEF
    once more."""

    name: str
    content_type: str
    content: bytes = field(repr=False)
    content_id: str | None = None


class Value(NamedTuple):
    """A property's value as it is stored."""

    kind: int
    octets: bytes


@dataclass(frozen=True)
class Tnef:
    """What a TNEF stream holds."""

    properties: dict[int, Value] = field(repr=False)
    code_page: int
    attachments: tuple[Attachment, ...]
    _subject: bytes | None = field(default=None, repr=False)
    _body: bytes | None = field(default=None, repr=False)

    @property
    def subject(self) -> str | None:
        """The message's subject."""
        return self._text(_PR_SUBJECT, self._subject)

    @cached_property
    def text(self) -> str | None:
        """The message as text, lines ended by LF; None if it holds none but HTML."""
        text = self._text(_PR_BODY, self._body)
        if text and text.strip():
            return _lines(text)
        return _lines(self._rtf.text) if self._rtf and self._rtf.kind == "text" else None

    @cached_property
    def html(self) -> str | None:
        """The message as HTML; None if it has none."""
        value = self.properties.get(_PR_HTML)
        if value is not None and value.octets.strip(b"\0\r\n\t "):
            if value.kind == _BINARY:
                page = self._integer(_PR_INTERNET_CODE_PAGE) or self.code_page
                return _lines(decode(value.octets, rtf.charset_of(page)))
            return _lines(_string(value, self.code_page))
        return _lines(self._rtf.text) if self._rtf and self._rtf.kind == "html" else None

    @cached_property
    def _rtf(self) -> rtf.Content | None:
        value = self.properties.get(_PR_RTF)
        return rtf.read(rtf.decompress(value.octets)) if value and value.kind == _BINARY else None

    def _text(self, identifier: int, attribute: bytes | None) -> str | None:
        value = self.properties.get(identifier)
        if value is not None and value.kind in (_STRING8, _UNICODE):
            return _string(value, self.code_page)
        if attribute is not None:
            return _string(Value(_STRING8, attribute), self.code_page)
        return None

    def _integer(self, identifier: int) -> int:
        return _integer(self.properties, identifier)


def read(raw: bytes) -> Tnef | None:
    """Read a TNEF stream; None if it is none."""
    if not raw.startswith(_SIGNATURE):
        return None
    message: dict[int, bytes] = {}
    files: list[dict[int, bytes]] = []
    for identifier, data in _attributes(raw):
        if identifier == _ATTACH_RENDERING:
            files.append({})
        elif identifier in (_ATTACH_TITLE, _ATTACH_DATA, _ATTACH_TRANSPORT_NAME, _ATTACHMENT):
            if not files:  # it ought to begin with the rendering
                files.append({})
            files[-1].setdefault(identifier, data)
        else:
            message.setdefault(identifier, data)
    properties = dict(_properties(message.get(_MESSAGE_PROPERTIES, b"")))
    page = (
        int.from_bytes(message.get(_OEM_CODE_PAGE, b"")[:4], "little")
        or _integer(properties, _PR_MESSAGE_CODE_PAGE)
        or _DEFAULT_CODE_PAGE
    )
    attachments = (_attachment(file, page, number) for number, file in enumerate(files, 1))
    return Tnef(
        properties,
        page,
        tuple(file for file in attachments if file is not None),
        message.get(_SUBJECT),
        message.get(_BODY),
    )


# --- Attributes -----------------------------------------------------------------------------------


def _attributes(raw: bytes) -> Iterator[tuple[int, bytes]]:
    """Each is: level (1 octet), identifier (4), length (4), data, checksum (2); section 2.1.2."""
    position = len(_SIGNATURE) + 2
    while position + 9 <= len(raw):
        identifier = int.from_bytes(raw[position + 1 : position + 5], "little")
        length = int.from_bytes(raw[position + 5 : position + 9], "little")
        start = position + 9
        yield identifier, raw[start : start + length]
        position = start + length + 2


def _attachment(file: dict[int, bytes], page: int, number: int) -> Attachment | None:
    properties = dict(_properties(file.get(_ATTACHMENT, b"")))
    content_type = _stripped(properties, _PR_ATTACH_TYPE, page).lower()
    content = file.get(_ATTACH_DATA)
    value = properties.get(_PR_ATTACH_DATA)
    is_message = _integer(properties, _PR_ATTACH_METHOD) == _EMBEDDED_MESSAGE
    if value is not None and (content is None or is_message):
        content = value.octets[_INTERFACE:] if value.kind == _OBJECT else value.octets
        if is_message:
            content_type = "application/ms-tnef"
    if content is None:
        return None
    named = (_stripped(properties, key, page) for key in (_PR_ATTACH_LONG_NAME, _PR_ATTACH_NAME))
    titles = (
        _string(Value(_STRING8, file.get(key, b"")), page)
        for key in (_ATTACH_TRANSPORT_NAME, _ATTACH_TITLE)
    )
    names = (*named, *titles, _stripped(properties, _PR_DISPLAY_NAME, page))
    return Attachment(
        next((name for name in names if name.strip()), f"attachment-{number}"),
        content_type if content_type.count("/") == 1 else "application/octet-stream",
        content,
        _stripped(properties, _PR_ATTACH_CONTENT_ID, page).strip("<>") or None,
    )


# --- Properties -----------------------------------------------------------------------------------


def _properties(data: bytes) -> Iterator[tuple[int, Value]]:
    """The first value of each property. What comes after one of unknown form cannot be read."""
    count = int.from_bytes(data[:4], "little")
    position = 4
    while count > 0 and position + 4 <= len(data):
        count -= 1
        kind = int.from_bytes(data[position : position + 2], "little")
        identifier = int.from_bytes(data[position + 2 : position + 4], "little")
        position += 4
        if identifier >= 0x8000:  # a named property: its name stands here, and it is not ours
            position = _after_name(data, position)
        found = _value(data, position, kind)
        if found is None:
            return
        value, position = found
        if identifier < 0x8000:
            yield identifier, value


def _after_name(data: bytes, position: int) -> int:
    """A GUID (16 octets), what kind of name it is (4), and a number (4) or a string."""
    is_string = int.from_bytes(data[position + 16 : position + 20], "little") == 1
    position += 20
    if not is_string:
        return position + 4
    length = int.from_bytes(data[position : position + 4], "little")
    return position + 4 + _padded(length)


def _value(data: bytes, position: int, kind: int) -> tuple[Value, int] | None:
    """The first value at a position, and where the next property begins."""
    base, is_multiple = kind & ~_MULTIPLE, bool(kind & _MULTIPLE)
    count = 1
    if is_multiple or base in _VARIABLE:
        count = int.from_bytes(data[position : position + 4], "little")
        position += 4
    if base in _FIXED:
        size = _FIXED[base]
        return Value(base, data[position : position + size]), position + count * size
    if base not in _VARIABLE:
        return None
    first = b""
    for number in range(count):
        if position + 4 > len(data):
            return (Value(base, first), len(data)) if number else None
        length = int.from_bytes(data[position : position + 4], "little")
        if number == 0:
            first = data[position + 4 : position + 4 + length]
        position += 4 + _padded(length)
    return Value(base, first), position


def _padded(length: int) -> int:
    return length + -length % 4


def _integer(properties: dict[int, Value], identifier: int) -> int:
    value = properties.get(identifier)
    return int.from_bytes(value.octets, "little") if value and value.kind == _INTEGER else 0


def _stripped(properties: dict[int, Value], identifier: int, page: int) -> str:
    value = properties.get(identifier)
    if value is None or value.kind not in (_STRING8, _UNICODE):
        return ""
    return _string(value, page).strip()


def _string(value: Value, page: int) -> str:
    octets, charset = value.octets, rtf.charset_of(page)
    if value.kind == _UNICODE:
        octets, charset = octets[: len(octets) & ~1], "utf-16-le"
    return decode(octets, charset).partition("\0")[0]


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
