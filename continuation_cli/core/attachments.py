"""The files that a reply brings: which parts they are, and what they may be called. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from continuation_cli.core.characters import one_line
from continuation_cli.core.received import Received, read

if TYPE_CHECKING:
    from continuation_cli.core.headers import Headers
    from continuation_cli.core.model import Limits
    from continuation_cli.core.received import Part

_NAME_LENGTH = 200
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,80}/[a-z0-9!#$&^_.+-]{1,80}")
#: What mail programs add to a message about the message itself.
_NOT_FILES = re.compile(
    r"application/(?:pgp-signature|(?:x-)?pkcs7-signature|applefile)"
    r"|message/(?:delivery-status|disposition-notification|feedback-report)"
)


class File(NamedTuple):
    """One file: its name is data for people and never a path."""

    name: str
    content_type: str
    octets: bytes


def files(received: Received) -> list[File]:
    """The files of a message, in order. Archives are not opened."""
    found: list[File] = []
    for part in received.parts:
        if part.is_body or _NOT_FILES.fullmatch(part.content_type):
            continue
        octets = part.content
        if octets.strip() or part.filename:
            found.append(File(_name(part, len(found) + 1), _type(part), octets))
    return found


def _type(part: Part) -> str:
    """The content type that its sender claims; in TNEF it may be any text."""
    return part.content_type if _TYPE.fullmatch(part.content_type) else "application/octet-stream"


def exceeded(found: list[File], limits: Limits) -> str | None:
    """The limit of attachments that these files go beyond."""
    if len(found) > limits.attachments:
        return "attachments"
    return "attachment" if any(len(f.octets) > limits.attachment for f in found) else None


def _name(part: Part, number: int) -> str:
    """The name as its sender gave it, without directories; made up where there is none."""
    given = re.split(r"[/\\]", part.filename or "")[-1]
    name = one_line(given, _NAME_LENGTH).strip(". ")
    if name:
        return name
    if part.content_type == "message/rfc822":
        subject = one_line(_headers_of(part).first("Subject"), _NAME_LENGTH - 4)
        return f"{subject or 'message'}.eml"
    kind = part.content_type.partition("/")[2]
    return f"attachment-{number}.{kind if kind.isalnum() else 'bin'}"


def _headers_of(part: Part) -> Headers:
    return read(part.content[:65_536]).headers
