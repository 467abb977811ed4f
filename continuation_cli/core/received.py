"""A received message taken apart: its headers and its leaf parts. Pure, linear, never raises.

Mail from outside is read leniently, because a reply that was understood in part is better than a
reply lost; but within limits, and what exceeds them is named, so that the caller can decide.
"""

from __future__ import annotations

import binascii
import itertools
import re
from dataclasses import dataclass, field

from continuation_cli.core.headers import (
    Headers,
    decode,
    decode_base64,
    parse_parameters,
    read_block,
)
from continuation_cli.core.model import Limits

__all__ = ["Headers", "Limits", "Part", "Received", "read"]


_LF = 0x0A
_ANY_DELIMITER = re.compile(rb"^--[!-~]{1,200}[ \t]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Part:
    """One leaf of a message: a text, a file, an enclosed message."""

    headers: Headers
    content_type: str
    parameters: dict[str, str]
    disposition: str
    filename: str | None
    #: The multiparts around it, outermost first, as (number, content type).
    containers: tuple[tuple[int, str], ...]
    encoded: bytes = field(repr=False)

    @property
    def charset(self) -> str | None:
        """The charset that the part claims."""
        return self.parameters.get("charset")

    @property
    def content_id(self) -> str | None:
        """The Content-ID without its angle brackets."""
        value = self.headers.first("Content-ID")
        return value.strip().strip("<>") if value else None

    @property
    def is_body(self) -> bool:
        """Whether it is text to be read, and no file."""
        is_text = self.content_type in ("text/plain", "text/html")
        return is_text and self.disposition != "attachment" and not self.filename

    @property
    def is_tnef(self) -> bool:
        """Whether it is Outlook's `winmail.dat`, which holds parts of the message."""
        is_named = (self.filename or "").lower() == "winmail.dat"
        return is_named or self.content_type in ("application/ms-tnef", "application/vnd.ms-tnef")

    @property
    def content(self) -> bytes:
        """The part's octets, its transfer encoding undone (RFC 2045, section 6)."""
        encoding = (self.headers.first("Content-Transfer-Encoding") or "").strip().lower()
        if encoding == "base64":
            return decode_base64(self.encoded)
        if encoding == "quoted-printable":
            return binascii.a2b_qp(self.encoded)
        if encoding in ("x-uuencode", "uuencode", "x-uue"):
            return _uudecoded(self.encoded)
        return self.encoded

    @property
    def text(self) -> str:
        """The part's text, lines ended by LF."""
        text = decode(self.content, self.charset or _declared_in_html(self))
        return text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")


@dataclass(frozen=True, slots=True)
class Received:
    """A message; `exceeded` names the fields of Limits that it went beyond."""

    headers: Headers
    content_type: str
    parameters: dict[str, str]
    parts: tuple[Part, ...]
    exceeded: tuple[str, ...]

    @property
    def is_message(self) -> bool:
        """Whether there is a header field at all: without one it is no message (RFC 5322, 2.1)."""
        return bool(self.headers.items)


def read(raw: bytes, limits: Limits = Limits()) -> Received:  # noqa: B008 - a constant
    """Take a message apart. Never raises, whatever the octets are.

    Beyond a limit: of the message and of headers, what follows is not read; of parts, further ones
    are left out; of nesting, a deeper multipart is one leaf of type application/octet-stream.
    """
    reader = _Reader(_with_newlines(raw[: limits.message]), limits)
    headers, content_type, parameters = reader.read()
    if len(raw) > limits.message:
        reader.exceeded.add("message")
    parts = reader.parts
    if any(part.is_tnef for part in parts):
        from continuation_cli.core import winmail

        parts = winmail.unpacked(parts)
        if len(parts) > limits.parts:
            reader.exceeded.add("parts")
    exceeded = tuple(sorted(reader.exceeded))
    return Received(headers, content_type, parameters, tuple(parts[: limits.parts]), exceeded)


def read_headers(raw: bytes) -> Headers:
    """The header of a message, of which `raw` is the beginning."""
    return read_block(_with_newlines(raw).decode("latin-1"))[0]


def _with_newlines(raw: bytes) -> bytes:
    """Lines ended by LF. A CR alone ends a line only where a message knows no LF at all."""
    if b"\r" not in raw:
        octets = raw
    elif b"\n" in raw:
        octets = raw.replace(b"\r\n", b"\n")
    else:
        octets = raw.replace(b"\r", b"\n")
    octets = octets.lstrip(b" \t\r\n")
    if octets.startswith(b"From "):  # an mbox separator, put there by a pipe transport
        octets = octets[octets.find(b"\n") + 1 or len(octets) :]
    return octets


class _Reader:
    """Collects the leaves of one message."""

    def __init__(self, octets: bytes, limits: Limits) -> None:
        self._octets = octets
        self._limits = limits
        self._multiparts = 0
        self.parts: list[Part] = []
        self.exceeded: set[str] = set()

    def read(self) -> tuple[Headers, str, dict[str, str]]:
        return self._entity(0, len(self._octets), (), is_digest=False)

    def _entity(
        self, start: int, end: int, containers: tuple[tuple[int, str], ...], *, is_digest: bool
    ) -> tuple[Headers, str, dict[str, str]]:
        """Read the entity of these octets; its leaves are added. It recurses `limits.nesting`
        deep at most."""
        window = min(end, start + self._limits.headers)
        # Latin-1 keeps octets and characters of equal number; values are decoded when asked for.
        headers, length = read_block(self._octets[start:window].decode("latin-1"))
        if start + length >= window < end:
            self.exceeded.add("headers")
        body = min(start + length, end)
        content_type, parameters = _content_type(headers, is_digest=is_digest)
        delimiters = []
        if content_type.startswith("multipart/"):
            if len(containers) >= self._limits.nesting:
                self.exceeded.add("nesting")
                content_type = "application/octet-stream"
            else:
                delimiters = self._delimiters(parameters.get("boundary"), body, end)
                if len(delimiters) < 2:  # no part begins: what it holds is better than nothing
                    self._leaf(headers, "text/plain", {}, containers, body, end)
                    return headers, content_type, parameters
        if not delimiters:
            self._leaf(headers, content_type, parameters, containers, body, end)
            return headers, content_type, parameters
        self._multiparts += 1
        inner = (*containers, (self._multiparts, content_type))
        for (_, begin), (stop, _) in itertools.pairwise(delimiters):
            if len(self.parts) >= self._limits.parts:
                self.exceeded.add("parts")
                break
            is_message = content_type == "multipart/digest"
            self._entity(begin, stop, inner, is_digest=is_message)
        return headers, content_type, parameters

    def _delimiters(self, boundary: str | None, body: int, end: int) -> list[tuple[int, int]]:
        """Where each delimiter line (RFC 2046, section 5.1.1) begins and ends, and the end."""
        if boundary:
            marker = b"--" + boundary.rstrip().encode("latin-1", "replace")
        else:
            first = _ANY_DELIMITER.search(self._octets, body, end)
            if first is None:
                return []
            marker = first[0].rstrip()
        octets, found, at = self._octets, list[tuple[int, int]](), body
        while (start := octets.find(marker, at, end)) >= 0:
            line_end = octets.find(b"\n", start, end)
            line_end = end if line_end < 0 else line_end
            at = line_end
            if start > body and octets[start - 1] != _LF:
                continue
            rest = octets[start + len(marker) : line_end].rstrip()
            if rest not in (b"", b"--"):
                continue
            # The line end before a delimiter belongs to the delimiter.
            stop = max(found[-1][1] if found else body, start - 1)
            found.append((stop, min(line_end + 1, end)))
            if rest:
                return found
            if len(found) > self._limits.parts + 1:
                self.exceeded.add("parts")
                return found
        return [*found, (end, end)] if found else []

    def _leaf(
        self,
        headers: Headers,
        content_type: str,
        parameters: dict[str, str],
        containers: tuple[tuple[int, str], ...],
        body: int,
        end: int,
    ) -> None:
        disposition, more = parse_parameters((headers.raw("Content-Disposition") or [""])[0])
        self.parts.append(
            Part(
                headers=headers,
                content_type=content_type,
                parameters=parameters,
                disposition=disposition if disposition in ("", "inline") else "attachment",
                filename=more.get("filename") or parameters.get("name"),
                containers=containers,
                encoded=self._octets[body:end],
            )
        )


def _content_type(headers: Headers, *, is_digest: bool) -> tuple[str, dict[str, str]]:
    values = headers.raw("Content-Type")
    default = "message/rfc822" if is_digest else "text/plain"
    if not values:
        return default, {}
    content_type, parameters = parse_parameters(values[0])
    if content_type == "text":  # RFC 1049 mail and some scanners
        content_type = "text/plain"
    if not re.fullmatch(r"[a-z0-9!#$&^_.+-]{1,80}/[a-z0-9!#$&^_.+-]{1,80}", content_type):
        return default, parameters
    return content_type, parameters


def _declared_in_html(part: Part) -> str | None:
    if part.content_type != "text/html":
        return None
    match = re.search(rb"charset=[\"']?([A-Za-z0-9_.:-]{1,40})", part.content[:4096])
    return match[1].decode("ascii") if match else None


def _uudecoded(octets: bytes) -> bytes:
    out = []
    for line in octets.splitlines():
        if line.startswith((b"begin ", b"end", b"`")) or not line.strip():
            continue
        try:
            out.append(binascii.a2b_uu(line))
        except binascii.Error:
            continue
    return b"".join(out)
