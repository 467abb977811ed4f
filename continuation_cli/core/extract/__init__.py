"""What a person wrote in a reply, without what their mail client quoted and signed below it.

Pure; each function takes time linear in the length of what it is given and raises nothing. In doubt
text stays, and where nothing would be left all of it is given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from continuation_cli.core.extract import bodies, ours
from continuation_cli.core.extract.ours import Sent
from continuation_cli.core.received import read

if TYPE_CHECKING:
    from continuation_cli.core.received import Received

__all__ = ["Sent", "from_html", "from_message", "from_received", "from_text"]


def from_text(text: str, *, sent: Sent | None = None) -> str:
    """The new text of a plain body. `sent`: what the email held that is answered."""
    found = bodies.of_text(text, ours.known_lines(sent))
    return ours.without_secrets(found.text or bodies.whole_of_text(text)).strip()


def from_html(markup: str, *, sent: Sent | None = None) -> str:
    """The new text of an HTML body, as plain text."""
    found = bodies.of_html(markup, ours.known_lines(sent))
    return ours.without_secrets(found.text or bodies.whole_of_html(markup)).strip()


def from_message(raw: bytes, *, sent: Sent | None = None) -> str:
    """The new text of a message (RFC 5322); "" if there is a file in it and nothing else."""
    return from_received(read(raw), sent=sent)


def from_received(received: Received, *, sent: Sent | None = None) -> str:
    """The new text of a message that has been taken apart already."""
    html = sent.html_part if sent else ""
    return ours.without_secrets(bodies.of_message(received, ours.known_lines(sent), html)).strip()
