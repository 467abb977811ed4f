"""Rich Text Format as Outlook sends it: decompressed ([MS-OXRTFCP]) and turned back into the HTML
or the text that it was made from ([MS-OXRTFEX]). Pure, linear, never raises.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from continuation_cli.core.headers import decode

#: No more than this is decompressed or read, in octets: a reply's text is far shorter.
LONGEST = 1 << 19
#: Groups within groups that are told apart.
_DEEPEST = 1000

# --- Compression ----------------------------------------------------------------------------------

_COMPRESSED, _UNCOMPRESSED = b"LZFu", b"MELA"
_WINDOW = 4096
#: What the dictionary holds from the start (section 2.1.2.1).
_INITIAL = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript "
    rb"\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    b"\r\n" + rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)


def decompress(data: bytes) -> bytes:
    """The RTF of a PidTagRtfCompressed, or as much of it as there is; empty if it is none."""
    kind, content = data[8:12], data[16:]
    size = min(int.from_bytes(data[4:8], "little"), LONGEST)
    if kind == _UNCOMPRESSED:
        return content[:size]
    if kind != _COMPRESSED:
        return b""
    # The output is its own dictionary: position 0 of the window is where the output has a length
    # that is a multiple of the window's.
    out = bytearray(_WINDOW) + _INITIAL
    start = len(out)
    position, end = 0, start + size
    while position < len(content) and len(out) < end:
        control = content[position]
        position += 1
        for bit in range(8):
            if not control >> bit & 1:
                out += content[position : position + 1]
                position += 1
                continue
            token = int.from_bytes(content[position : position + 2], "big")
            position += 2
            distance = (len(out) - (token >> 4)) % _WINDOW
            if distance == 0 or position > len(content):  # a reference to itself is the end
                return bytes(out[start:end])
            length = (token & 15) + 2
            run = out[-distance:][:length]
            out += (run * (length // len(run) + 1))[:length]
    return bytes(out[start:end])


# --- Reading --------------------------------------------------------------------------------------

_TOKEN = re.compile(
    rb"\\'([0-9A-Fa-f]{2})"  # an octet
    rb"|\\([A-Za-z]{1,32})(-?[0-9]{1,9})? ?"  # a control word and its parameter
    rb"|\\(.)"  # a control symbol
    rb"|([{}])"
    rb"|([^\\{}\r\n]+)"
    rb"|[\r\n\\]",
    re.DOTALL,
)
_SYMBOLS = {
    b"\\": "\\", b"{": "{", b"}": "}", b"~": "\xa0", b"_": "‑", b"-": "", b"\n": "\n", b"\r": "\n",
}  # fmt: skip
_CHARACTERS = {
    b"par": "\n", b"line": "\n", b"sect": "\n", b"page": "\n", b"row": "\n", b"tab": "\t",
    b"cell": "\t", b"emdash": "—", b"endash": "–", b"bullet": "•", b"lquote": "‘", b"rquote": "’",
    b"ldblquote": "“", b"rdblquote": "”", b"emspace": "\u2003", b"enspace": "\u2002",
    b"zwj": "\u200d", b"zwnj": "\u200c", b"ltrmark": "\u200e", b"rtlmark": "\u200f",
}  # fmt: skip
#: Groups that hold no text of the message.
_DESTINATIONS = frozenset(
    b"author buptim category colortbl comment company creatim doccomm fldinst fonttbl footer "
    b"footerf footerl footerr footnote ftncn ftnsep ftnsepc header headerf headerl headerr info "
    b"keywords listtable listoverridetable nonshppict objclass objdata object operator pict pntxta "
    b"pntxtb printim private revtim rxe stylesheet subject tc themedata title txe xe".split()
)
#: Windows charsets of fonts, and their code pages.
_FONT_CHARSETS = {
    77: 10000, 128: 932, 129: 949, 130: 1361, 134: 936, 136: 950, 161: 1253, 162: 1254, 163: 1258,
    177: 1255, 178: 1256, 186: 1257, 204: 1251, 222: 874, 238: 1250, 255: 437,
}  # fmt: skip
_CODE_PAGES = {
    936: "gbk", 1200: "utf-16-le", 10000: "mac-roman", 20127: "ascii", 20866: "koi8-r",
    20932: "euc-jp", 21866: "koi8-u", 50220: "iso-2022-jp", 50221: "iso-2022-jp",
    50222: "iso-2022-jp", 50225: "iso-2022-kr", 51932: "euc-jp", 51936: "gb2312", 51949: "euc-kr",
    52936: "hz", 54936: "gb18030", 65000: "utf-7", 65001: "utf-8", 1361: "johab",
}  # fmt: skip


class Content(NamedTuple):
    """What the RTF holds: the HTML that it was made from, or text."""

    kind: Literal["html", "text"]
    text: str


def charset_of(code_page: int) -> str:
    """The name of a Windows code page as a charset."""
    if 28591 <= code_page <= 28605:
        return f"iso-8859-{code_page - 28590}"
    return _CODE_PAGES.get(code_page, f"cp{code_page}")


def read(rtf: bytes) -> Content | None:
    """What an RTF document holds; None if it is none."""
    rtf = rtf[:LONGEST]
    if not rtf.lstrip().startswith(b"{\\rtf"):
        return None
    # Both are said in the first line (section 2.1.2), where Word never says them of its own.
    is_html = b"\\fromhtml" in rtf[:4096]
    return Content("html" if is_html else "text", _Reader(rtf, is_html=is_html).read())


@dataclass(slots=True)
class _Group:
    """What holds until the group ends."""

    #: "body" is read; "tag" holds HTML; "fonts" the table of fonts; "skipped" is not read.
    place: Literal["body", "tag", "fonts", "skipped"] = "body"
    #: Between \htmlrtf and \htmlrtf0: what only RTF readers are to see.
    only_rtf: bool = False
    code_page: int = 0
    #: How many characters after \u stand for it in programs that know no Unicode.
    fallback: int = 1


@dataclass(slots=True)
class _Reader:
    rtf: bytes
    is_html: bool
    group: _Group = field(default_factory=_Group)
    stack: list[_Group] = field(default_factory=list)
    too_deep: int = 0
    out: list[str] = field(default_factory=list)
    #: Octets in one code page, which may hold characters of several octets.
    octets: bytearray = field(default_factory=bytearray)
    octets_page: int = 0
    #: Of the document, \ansicpg.
    code_page: int = 1252
    fonts: dict[int, int] = field(default_factory=dict)
    font: int = 0
    #: How many characters are still to be passed over, after \u.
    passing: int = 0
    #: A group has just begun: what comes next may say that it is a destination.
    is_first: bool = False
    is_optional: bool = False

    def read(self) -> str:
        position = 0
        while match := _TOKEN.match(self.rtf, position):
            position = match.end()
            octet, word, parameter, symbol, brace, text = match.groups()
            if brace:
                self._brace(brace)
            elif word:
                number = int(parameter) if parameter else None
                if word == b"bin" and number:
                    position += max(number, 0)
                else:
                    self._word(word, number)
            elif symbol == b"*":
                self.is_optional = self.is_first
            else:
                self.is_first = False
                if octet:
                    self._octets(bytes.fromhex(octet.decode()))
                elif symbol:
                    self._character(_SYMBOLS.get(symbol, ""))
                elif text:
                    self._octets(text)
        self._flush()
        # \u names the halves of a surrogate pair one by one.
        joined = "".join(self.out).encode("utf-16-le", "surrogatepass")
        return joined.decode("utf-16-le", "replace").replace("\0", "")

    def _brace(self, brace: bytes) -> None:
        self.passing = 0
        self.is_first = brace == b"{"
        self.is_optional = False
        if brace == b"{":
            if len(self.stack) >= _DEEPEST:  # a group in there is a part of the one around it
                self.too_deep += 1
                return
            group = self.group
            self.stack.append(group)
            self.group = _Group(group.place, group.only_rtf, group.code_page, group.fallback)
        elif self.too_deep:
            self.too_deep -= 1
        elif self.stack:
            self.group = self.stack.pop()

    def _word(self, word: bytes, number: int | None) -> None:
        is_first, self.is_first = self.is_first, False
        is_optional, self.is_optional = self.is_optional, False
        if is_first and self._destination(word, is_optional=is_optional):
            return
        match word:
            case b"u" if number is not None:
                self._character(chr(number & 0xFFFF))
                self.passing = self.group.fallback
            case b"uc" if number is not None:
                self.group.fallback = min(max(number, 0), 16)
            case b"ansicpg" if number:
                self.code_page = number
            case b"f" if number is not None:
                self.font = number
                self.group.code_page = self.fonts.get(number, 0)
            case b"fcharset" if number is not None and self.group.place == "fonts":
                self.fonts[self.font] = _FONT_CHARSETS.get(number, 0)
            case b"plain":
                self.group.code_page = 0
            case b"htmlrtf":
                self.group.only_rtf = number != 0
            case _ if word in _CHARACTERS:
                self._character(_CHARACTERS[word])

    def _destination(self, word: bytes, *, is_optional: bool) -> bool:
        """Whether a group's first word says what it is for."""
        if self.group.place == "skipped":
            return True
        if word == b"htmltag" and self.is_html:
            self.group.place = "tag"
            self.group.code_page = 0
        elif word == b"fonttbl":
            self.group.place = "fonts"
        elif (
            word in _DESTINATIONS
            or (is_optional and self.group.place != "fonts")
            or (word == b"pntext" and self.is_html)  # a list's bullet, which the HTML makes
        ):
            self.group.place = "skipped"
        else:
            return False
        return True

    @property
    def _is_read(self) -> bool:
        place = self.group.place
        return place == "tag" or (place == "body" and not (self.is_html and self.group.only_rtf))

    def _octets(self, octets: bytes) -> None:
        if self.passing:
            passed = min(self.passing, len(octets))
            self.passing -= passed
            octets = octets[passed:]
        if not octets or not self._is_read:
            return
        page = self.group.code_page or self.code_page
        if page != self.octets_page:
            self._flush()
            self.octets_page = page
        self.octets += octets

    def _character(self, character: str) -> None:
        if self.passing:
            self.passing -= 1
        elif self._is_read:
            self._flush()
            self.out.append(character)

    def _flush(self) -> None:
        if self.octets:
            self.out.append(decode(bytes(self.octets), charset_of(self.octets_page)))
            self.octets.clear()
