"""The parts of a message that are packed into TNEF, `winmail.dat`. Pure, linear, never raises.

Exchange sends its own form to whom it takes for one of its own; then the text and the files of a
reply are in there, and beside it stands a plain text that is whole, or empty, or missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from continuation_cli.core import tnef
from continuation_cli.core.headers import Headers
from continuation_cli.core.received import Part

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def unpacked(parts: Sequence[Part]) -> list[Part]:
    """The parts of a message with those in TNEF in its place: the files always, the bodies if there
    is no other text. A TNEF part that cannot be read stays a file."""
    has_text = any(part.is_body and part.text.strip() for part in parts)
    found: list[Part] = []
    for number, part in enumerate(parts):
        inside = tnef.read(part.content) if part.is_tnef else None
        if inside is None:
            found.append(part)
            continue
        if not has_text:
            # Numbered so that no multipart of the message has the same number.
            alternatives = (*part.containers, (-number, "multipart/alternative"))
            found.extend(_bodies(inside, alternatives))
        found.extend(_file(file, part.containers) for file in inside.attachments)
    return found


def _bodies(inside: tnef.Tnef, containers: tuple[tuple[int, str], ...]) -> Iterator[Part]:
    for content_type, text in (("text/plain", inside.text), ("text/html", inside.html)):
        if text:
            octets = text.encode("utf-8", "replace")
            yield Part(
                Headers([]), content_type, {"charset": "utf-8"}, "", None, containers, octets
            )


def _file(file: tnef.Attachment, containers: tuple[tuple[int, str], ...]) -> Part:
    headers = Headers([("Content-ID", f"<{file.content_id}>")] if file.content_id else [])
    return Part(
        headers, file.content_type, {}, "attachment", file.name, containers, file.content
    )  # fmt: skip
