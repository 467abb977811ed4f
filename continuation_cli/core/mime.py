"""Header fields and bodies as octets: RFC 5322, RFC 2045-2047, RFC 6532.

Written by hand because composing decides the speed of a sweep (`email.message.EmailMessage` costs
ten times as much), and because the standard library encodes long identifiers as if they were text
(cpython #85725). Line ends are CRLF; no line is longer than 998 octets.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

#: RFC 5322, section 2.1.1: lines should be no longer than this, without the CRLF.
FOLD_AT: Final = 78
#: RFC 2047, section 2: an encoded word's length, and that of a line that holds one.
_ENCODED_WORD: Final = 75
#: RFC 5322, section 2.1.1, and RFC 5321, section 4.5.3.1.6: the longest line there may be.
LONGEST_LINE: Final = 998
#: As many Message-IDs at each end of a thread as References keeps (RFC 5322 sets no bound).
KEPT_REFERENCES: Final = 20

_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,250}>")

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


# --- Header fields ----------------------------------------------------------------------------


def is_message_id(text: str) -> bool:
    """Whether it is one Message-ID that needs no quoting: `<` printable ASCII `>`."""
    return _MESSAGE_ID.fullmatch(text) is not None


def text_field(name: str, value: str) -> str:
    """An unstructured field, such as Subject: ASCII as it is, anything else in encoded words."""
    _refuse_controls(name, value)
    if value.isascii() and "=?" not in value:
        return _fold(f"{name}: {value}")
    return f"{name}: {_encoded_words(value, len(name) + 2)}"


def address_field(name: str, display: str, address: str) -> str:
    """A field with one mailbox. A local part beyond ASCII stays as it is (RFC 6532)."""
    _refuse_controls(name, display)
    _refuse_controls(name, address)
    if not display:
        return f"{name}: {address}"
    if display.isascii() and "=?" not in display:
        escaped = display.replace("\\", "\\\\").replace('"', '\\"')
        return _fold(f'{name}: "{escaped}" <{address}>')
    line = f"{name}: {_encoded_words(display, len(name) + 2)}"
    fits = len(line.rpartition("\n")[2]) + len(address) + 3 <= FOLD_AT - 2
    return line + (" " if fits else "\r\n ") + f"<{address}>"


def token_field(name: str, tokens: Iterable[str]) -> str:
    """A field of unbreakable tokens (Message-IDs, URIs): folded between them, never encoded."""
    tokens = list(tokens)
    for token in tokens:
        if not token.isascii() or _CONTROL.search(token) or " " in token:
            raise ValueError(f"{token!r} cannot stand in {name}; expected one word of ASCII")
    return _fold(f"{name}: {' '.join(tokens)}")


def date_field(name: str, moment: datetime) -> str:
    """A date-time (RFC 5322, section 3.3), with the moment's own offset. Takes aware datetimes."""
    zone = moment.strftime("%z")[:5]
    return (
        f"{name}: {_DAYS[moment.weekday()]}, {moment.day:02d} {_MONTHS[moment.month - 1]} "
        f"{moment.year:04d} {moment:%H:%M:%S} {zone}"
    )


def references(ids: Sequence[str]) -> list[str]:
    """The Message-IDs for References: well-formed ones, each once, both ends of a long thread."""
    good = list(dict.fromkeys(i for i in ids if is_message_id(i)))
    if len(good) <= 2 * KEPT_REFERENCES:
        return good
    return good[:KEPT_REFERENCES] + good[-KEPT_REFERENCES:]


def _refuse_controls(name: str, value: str) -> None:
    if _CONTROL.search(value):
        raise ValueError(f"{value!r} cannot stand in {name}: it holds control characters")


def _fold(line: str) -> str:
    """Fold at single spaces so that lines stay within 78 where they can (RFC 5322, 2.2.3)."""
    if len(line) <= FOLD_AT:
        return line
    lines: list[str] = []
    while len(line) > FOLD_AT:
        # Never between the field's name and its value, nor so that a line holds nothing.
        floor = line.index(":") + 2 if not lines else 1
        space = line.rfind(" ", floor, FOLD_AT + 1)
        if space <= 0 or not line[:space].strip():
            space = line.find(" ", max(floor, FOLD_AT))
        if space < 0 or not line[space:].strip():
            break
        lines.append(line[:space])
        line = line[space:]
    return "\r\n".join([*lines, line])


_Q_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")


def _encoded_words(value: str, used: int) -> str:
    """RFC 2047: encoded words, a line each, no character split; `used` octets precede the first.

    Q or B, whichever is shorter; in Q only what may stand in a phrase (section 5, rule 3).
    """
    data = value.encode()
    plain = sum(octet in _Q_SAFE or octet == 32 for octet in data)
    as_q = len(data) + 2 * (len(data) - plain) <= len(data) * 4 // 3 + 2
    words, chunk, room = [], "", 0
    limit = min(_ENCODED_WORD, FOLD_AT - 2 - used)
    for character in value:
        octets = character.encode()
        size = sum(1 if o in _Q_SAFE or o == 32 else 3 for o in octets) if as_q else len(octets)
        room += size
        length = room if as_q else (room + 2) // 3 * 4
        if chunk and length + 12 > limit:
            words.append(chunk)
            chunk, room, limit = "", size, _ENCODED_WORD
        chunk += character
    words.append(chunk)
    return "\r\n ".join(_q_word(word) if as_q else _b_word(word) for word in words)


def _q_word(text: str) -> str:
    encoded = "".join(
        chr(o) if o in _Q_SAFE else "_" if o == 32 else f"={o:02X}" for o in text.encode()
    )
    return f"=?utf-8?q?{encoded}?="


def _b_word(text: str) -> str:
    return f"=?utf-8?b?{binascii.b2a_base64(text.encode(), newline=False).decode()}?="


# --- Bodies -----------------------------------------------------------------------------------

_BEYOND_ASCII = bytes(range(128, 256))
#: What quoted-printable leaves alone, line ends and the signs of its own encoding included.
_AS_IT_IS = bytes([*b"\t\n", *range(32, 127)])
_EQUALS = ord("=")


def text_part(subtype: str, text: str) -> bytes:
    """One part, its header fields included: as it is if it can be, else the smaller encoding.

    Lines of `text` end in a newline, the last one too.
    """
    data = text.encode()
    if data.isascii() and not _mangled(data) and _longest(data) <= LONGEST_LINE:
        encoding, body = b"7bit", data.replace(b"\n", b"\r\n")
    else:
        beyond = len(data) - len(data.translate(None, delete=_BEYOND_ASCII))
        # Quoted-printable makes 3 octets of 1, for "=" too; base64 makes 78 of each 57.
        if 2 * (beyond + data.count(b"=")) > len(data) * 0.37:
            encoding, body = b"base64", _base64(data)
        else:
            encoding, body = b"quoted-printable", _quoted_printable(data)
    return b"Content-Type: text/%s; charset=utf-8\r\nContent-Transfer-Encoding: %s\r\n\r\n%s" % (
        subtype.encode(),
        encoding,
        body,
    )


# One search for a newline and what surrounds it takes a third of the time of two with `in`.
_MANGLED = re.compile(rb"\n(?:From |\.\n)")
_SPACE_AT_END = re.compile(rb"\n(?<=[ \t]\n)")


def _mangled(data: bytes) -> bool:
    """Whether a line begins with "From ", which mbox files change, or is a lone dot, which ends
    the message where a relay forgets to double it (`sendmail` without -i).
    """
    return data.startswith((b"From ", b".\n")) or _MANGLED.search(data) is not None


def _longest(data: bytes) -> int:
    return max(map(len, data.split(b"\n")))


def _base64(data: bytes) -> bytes:
    """Base64 in lines of 76; the line ends within are CRLF (RFC 2046, section 4.1.1)."""
    encoded = binascii.b2a_base64(data.replace(b"\n", b"\r\n"), newline=False)
    return b"\r\n".join(encoded[i : i + 76] for i in range(0, len(encoded), 76)) + b"\r\n"


def _quoted_printable(data: bytes) -> bytes:
    """RFC 2045, section 6.7, folded where `binascii.b2a_qp` folds, in half its time. That one is
    wrong about white space that ends a line, and does not know of "From ".
    """
    encoded = data.replace(b"=", b"=3D")
    for octet in set(encoded.translate(None, delete=_AS_IT_IS)):
        encoded = encoded.replace(bytes((octet,)), b"=%02X" % octet)
    if _SPACE_AT_END.search(encoded):
        encoded = encoded.replace(b" \n", b"=20\n").replace(b"\t\n", b"=09\n")
    encoded = _soft_broken(encoded)
    if _mangled(encoded):
        # The soft line break keeps the line within its 76.
        encoded = re.sub(rb"(?m)^From(?= )", b"=46rom=\n", encoded)
        encoded = re.sub(rb"(?m)^\.$", b"=2E", encoded)
    return encoded.replace(b"\n", b"\r\n")


def _soft_broken(encoded: bytes) -> bytes:
    """Lines of at most 76 octets; no octet that is encoded as three is split."""
    pieces = []
    for line in encoded.split(b"\n"):
        while len(line) > 75:
            if line[74] == _EQUALS:
                cut = 74
            elif line[73] == _EQUALS:
                cut = 73
            elif len(line) == 76:
                break
            else:
                cut = 75
            pieces.append(line[:cut] + b"=")
            line = line[cut:]
        pieces.append(line)
    return b"\n".join(pieces)


def alternative(fields: Iterable[str], message_id: str, parts: Sequence[bytes]) -> bytes:
    """The whole message: header fields, then the parts as `multipart/alternative`.

    The same input gives the same octets: the boundary comes from the Message-ID.
    """
    boundary = _boundary(message_id, parts)
    head = "\r\n".join(
        [
            *fields,
            "MIME-Version: 1.0",
            f'Content-Type: multipart/alternative; boundary="{boundary}"',
            "",
            "",
        ]
    )
    delimiter = b"--" + boundary.encode()
    body = b"".join(delimiter + b"\r\n" + part + b"\r\n" for part in parts)
    return b"%s%s%s--\r\n" % (head.encode(), body, delimiter)


def _boundary(message_id: str, parts: Sequence[bytes]) -> str:
    """One that occurs in no part. `=_` cannot occur in quoted-printable or base64 at all."""
    seed = message_id
    while True:
        boundary = "=_" + hashlib.sha256(seed.encode()).hexdigest()[:28]
        if not any(boundary.encode() in part for part in parts):
            return boundary
        seed += "+"
