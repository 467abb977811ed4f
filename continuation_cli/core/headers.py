"""Header fields of a received message, read leniently and in linear time (RFC 5322, 2047, 2231).

The standard library's parser is not used for mail from outside: it raises on some input, recurses
on nesting and takes quadratic time on crafted headers.
"""

from __future__ import annotations

import binascii
import codecs
import re
from typing import TYPE_CHECKING, Literal, NamedTuple
from urllib.parse import unquote_to_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator

#: A field's value beyond this is not looked at, in characters. RFC 5322 bounds a line at 998, and a
#: folded References may have a hundred of them.
MAX_VALUE = 32_768

_FIELD = re.compile(r"([!-9;-~]{1,200})[ \t]*:")
_MESSAGE_ID = re.compile(r"<[^<>\s\ud800-\udfff]{1,900}>")
_FOLD = re.compile(r"\n[ \t]")
_ENCODED_WORD = re.compile(
    r"=\?([A-Za-z0-9_.:+-]{1,40})(?:\*[A-Za-z0-9-]{0,20})?\?([bBqQ])\?([^?\n]{0,2000})\?="
)
_PARAMETER = re.compile(r';\s*([^\s=;"]{1,80})\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)')
_CONTINUED = re.compile(r"(.+?)(?:\*(\d{1,3}))?(\*)?\Z")
_NOT_BASE64 = bytes(o for o in range(256) if not (o < 128 and chr(o).isalnum()) and o not in b"+/")

# What senders write, and what they mean by it.
_CHARSETS = {
    "iso-8859-1": "cp1252", "latin1": "cp1252", "latin-1": "cp1252", "iso-8859-9": "cp1254",
    "gb2312": "gb18030", "gbk": "gb18030", "x-gbk": "gb18030", "hz": "hz",
    "ks_c_5601-1987": "cp949", "euc-kr": "cp949", "x-sjis": "cp932", "shift_jis": "cp932",
    "iso-2022-jp": "iso2022_jp_ext", "iso-8859-8-i": "iso8859_8", "big5": "big5hkscs",
    "x-mac-roman": "mac_roman", "macintosh": "mac_roman", "unicode-1-1-utf-7": "utf-7",
    "x-unknown": "utf-8", "unknown-8bit": "utf-8", "us-ascii": "utf-8", "ascii": "utf-8",
    "ansi_x3.4-1968": "utf-8", "utf8": "utf-8",
}  # fmt: skip
# Codecs of Python's that are no charset of mail; two of them take quadratic time.
_NO_CHARSETS = frozenset({"punycode", "idna", "unicode-escape", "raw-unicode-escape", "undefined"})


class Mailbox(NamedTuple):
    """One mailbox of an address field: the display name, decoded, and the addr-spec as written."""

    name: str
    address: str


class Headers:
    """The fields of a header block, in order. Names are compared without case."""

    __slots__ = ("_mailboxes", "_values", "items")

    def __init__(self, items: list[tuple[str, str]]) -> None:
        #: Name and raw value (unfolded, not decoded) of each field, in order.
        self.items = items
        self._values: dict[str, list[str]] = {}
        self._mailboxes: dict[str, list[Mailbox]] = {}
        for name, value in items:
            self._values.setdefault(name.lower(), []).append(value)

    def raw(self, name: str) -> list[str]:
        """Every value of a field, unfolded but not decoded."""
        return self._values.get(name.lower(), [])

    def all(self, name: str) -> list[str]:
        """Every value of a field, decoded, top to bottom."""
        return [decode_words(value) for value in self.raw(name)]

    def first(self, name: str) -> str | None:
        """The topmost value of a field, decoded."""
        values = self.raw(name)
        return decode_words(values[0]) if values else None

    def mailboxes(self, name: str) -> list[Mailbox]:
        """The mailboxes of every field of that name."""
        if name not in self._mailboxes:  # From is asked for again and again
            found = [mailbox for value in self.raw(name) for mailbox in parse_mailboxes(value)]
            self._mailboxes[name] = found
        return self._mailboxes[name]

    def message_ids(self, name: str) -> list[str]:
        """The `<id>`s of a field such as References, in order, angle brackets included."""
        return [found for value in self.raw(name) for found in _MESSAGE_ID.findall(value)]


def read_block(block: str) -> tuple[Headers, int]:
    """The fields at the beginning of `block`, and where the body begins.

    Lines end in LF. A line that is no field and does not continue one ends the header, as in a
    message whose empty line was lost.
    """
    items: list[tuple[str, str]] = []
    at = 0
    while at < len(block):
        if block[at] == "\n":
            return Headers(items), at + 1
        end = _end_of_field(block, at)
        match = _FIELD.match(block, at, end)
        if match is not None:
            value = block[match.end() : min(end, match.end() + MAX_VALUE)]
            items.append((match[1], _FOLD.sub(" ", value).strip().replace("\r", " ")))
        elif not block.startswith((">From ", "From "), at):
            return Headers(items), at
        at = end + 1
    return Headers(items), len(block)


def _end_of_field(block: str, at: int) -> int:
    """Where the line that begins at `at`, with those that continue it, ends."""
    while True:
        end = block.find("\n", at)
        if end < 0:
            return len(block)
        if block[end + 1 : end + 2] not in (" ", "\t"):
            return end
        at = end + 1


# --- Encoded words and charsets -----------------------------------------------------------------


def decode(octets: bytes, charset: str | None) -> str:
    """Text in a charset that may be wrong, unknown or missing. Never raises.

    What claims ASCII or nothing and is well-formed UTF-8 is UTF-8; else it is Windows-1252, as
    browsers take it (https://encoding.spec.whatwg.org).
    """
    codec = _codec(charset)
    if codec in ("utf-8", None):
        try:
            return octets.decode("utf-8")
        except UnicodeDecodeError:
            claimed = (charset or "").lower().strip("\"' ")
            return octets.decode("utf-8" if claimed.startswith("utf") else "cp1252", "replace")
    try:
        text = octets.decode(codec, "replace")
    except ValueError:
        return octets.decode("cp1252", "replace")
    # Of UTF-7 come surrogates, which nothing can encode again.
    return text.encode("utf-8", "replace").decode() if codec == "utf-7" else text


def _codec(charset: str | None) -> str | None:
    name = (charset or "").lower().strip("\"' ")
    name = _CHARSETS.get(name, name)
    if not re.fullmatch(r"[a-z0-9_.:-]{1,40}", name):
        return None
    try:
        found = codecs.lookup(name)
    except (LookupError, ValueError):
        return None
    is_text = getattr(found, "_is_text_encoding", True)
    return found.name if is_text and found.name not in _NO_CHARSETS else None


def decode_words(value: str) -> str:
    """A field's value with its encoded words (RFC 2047) decoded; octets beyond ASCII as UTF-8.

    Adjacent words of one charset are joined before they are decoded: some senders cut a
    character in two.
    """
    value = _as_utf8(value)
    if "=?" not in value:
        return value
    out: list[str] = []
    pending, pending_charset, at = b"", "", 0
    for match in _ENCODED_WORD.finditer(value):
        between = value[at : match.start()]
        charset, octets = match[1].lower(), _word_octets(match[2], match[3])
        is_adjacent = bool(pending_charset) and not between.strip()
        if not is_adjacent or charset != pending_charset:
            out.append(decode(pending, pending_charset))
            pending = b""
        if not is_adjacent:
            out.append(between)
        pending, pending_charset, at = pending + octets, charset, match.end()
    return "".join([*out, decode(pending, pending_charset), value[at:]])


def _as_utf8(value: str) -> str:
    """A raw value, each octet a character, as the text that it stands for (RFC 6532)."""
    if value.isascii():
        return value
    try:
        octets = value.encode("latin-1")
    except UnicodeEncodeError:  # it is text already
        return value
    return decode(octets, None)


def _word_octets(encoding: str, encoded: str) -> bytes:
    octets = encoded.encode("utf-8", "replace")
    if encoding in "bB":
        return decode_base64(octets)
    return binascii.a2b_qp(octets, header=True)


def decode_base64(octets: bytes) -> bytes:
    """Base64 (RFC 2045, section 6.8) as far as it can be read: no other octets count."""
    digits = octets.translate(None, _NOT_BASE64)
    if len(digits) % 4 == 1:  # six bits are no octet
        digits = digits[:-1]
    return binascii.a2b_base64(digits + b"=" * (-len(digits) % 4))


# --- Structured values ----------------------------------------------------------------------------


def parse_parameters(value: str) -> tuple[str, dict[str, str]]:
    """`text/plain; charset=utf-8` as the lower-case first part and the parameters, decoded
    (RFC 2045, RFC 2231; encoded words in quotes, which no RFC allows and many send)."""
    head, _, _ = value.partition(";")
    pieces: dict[str, dict[int, tuple[str, bool]]] = {}
    for match in _PARAMETER.finditer(value[:MAX_VALUE], len(head)):
        name = _CONTINUED.match(match[1].lower())
        if name is None:
            continue
        text = match[2].strip()
        if text.startswith('"'):
            text = re.sub(r"\\(.)", r"\1", text.strip('"'))
        pieces.setdefault(name[1], {}).setdefault(int(name[2] or 0), (text, bool(name[3])))
    return head.strip().lower(), {name: _joined(found) for name, found in pieces.items()}


def _joined(pieces: dict[int, tuple[str, bool]]) -> str:
    ordered = [pieces[number] for number in sorted(pieces)]
    if not any(is_extended for _, is_extended in ordered):
        return decode_words("".join(text for text, _ in ordered))
    text, is_extended = ordered[0]
    charset = None
    if is_extended and text.count("'") >= 2:
        charset, _, text = text.split("'", 2)
    octets = unquote_to_bytes(text) if is_extended else text.encode("utf-8", "replace")
    for text, is_extended in ordered[1:]:
        octets += unquote_to_bytes(text) if is_extended else text.encode("utf-8", "replace")
    return decode(octets, charset)


def parse_mailboxes(value: str) -> list[Mailbox]:
    """The mailboxes of an address field (RFC 5322, section 3.4).

    Read character by character, because who wrote a message is decided here: what stands in
    quotes or in a comment is no address, and two addresses are never taken for one.
    """
    found: list[Mailbox] = []
    name: list[_Lexeme] = []
    for lexeme in _lexemes(value[:MAX_VALUE]):
        if lexeme.kind == "separator":
            found += _mailboxes(name)
            name = []
        elif lexeme.kind == "group" and not any(each.kind == "angle" for each in name):
            name = []
        else:
            name.append(lexeme)
    return found + _mailboxes(name)


def _mailboxes(lexemes: list[_Lexeme]) -> list[Mailbox]:
    """The mailbox of what stands between two separators; more than one where it is malformed."""
    angles = [at for at, lexeme in enumerate(lexemes) if lexeme.kind == "angle"]
    rest = lexemes[angles[0] + 1 :] if angles else lexemes
    found = []
    if angles:
        words = (each.text for each in lexemes if each.kind in ("text", "quoted", "group"))
        display = " ".join(decode_words("".join(words)).split())
        found = [Mailbox(display, _addr_spec(lexemes[at].text)) for at in angles]
    if any(each.kind == "text" and "@" in each.text for each in rest):
        found.append(Mailbox("", _addr_spec("".join(each.written for each in rest))))
    return found


def _addr_spec(text: str) -> str:
    """An addr-spec without the white space that it may have around its parts; words that stand side
    by side are not joined to one. A source route (`@a,@b:x@y`) is dropped."""
    address = " ".join(text.split())
    for mark in "@.":
        address = address.replace(f" {mark}", mark).replace(f"{mark} ", mark)
    address = address.rpartition(":")[2] if address.startswith("@") else address
    return _as_utf8(address)


class _Lexeme(NamedTuple):
    """A piece of an address field. `text` is what it says, `written` what takes its place in an
    address."""

    kind: Literal["text", "quoted", "comment", "angle", "separator", "group"]
    text: str
    written: str


_LEXEME = re.compile(r'["(<,;:]|[^"(<,;:]+')
_QUOTED = re.compile(r'((?:[^"\\]|\\.)*)(?:"|\\?\Z)', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def _lexemes(value: str) -> Iterator[_Lexeme]:
    at = 0
    while at < len(value):
        match = _LEXEME.match(value, at)
        assert match is not None
        start, began, at = match[0], at, match.end()
        if start == '"':
            quoted = _QUOTED.match(value, at)
            assert quoted is not None
            at = quoted.end()
            yield _Lexeme("quoted", _ESCAPED.sub(r"\1", quoted[1]), value[began:at])
        elif start == "(":
            at = _comment_end(value, at)
            yield _Lexeme("comment", "", " ")
        elif start == "<":
            end = value.find(">", at)
            end = len(value) if end < 0 else end
            yield _Lexeme("angle", value[at:end], " ")
            at = end + 1
        elif start in ",;":
            yield _Lexeme("separator", start, start)
        else:
            yield _Lexeme("group" if start == ":" else "text", start, start)


def _comment_end(value: str, at: int) -> int:
    """Where a comment that began before `at` ends; comments nest."""
    depth = 1
    while at < len(value) and depth:
        character = value[at]
        if character == "\\":
            at += 1
        elif character in "()":
            depth += 1 if character == "(" else -1
        at += 1
    return at
