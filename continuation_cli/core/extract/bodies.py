"""Which of a message's bodies are read, and how what they say is put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from continuation_cli.core.extract import clearsigned, flowed, html, inserted, lines, ours, quoting

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from continuation_cli.core.received import Part, Received


def of_text(
    text: str, known: frozenset[str] = frozenset(), *, goes_on: bool = False
) -> quoting.Found:
    """What is new in a plain text."""
    return quoting.new_text(lines.split(clearsigned.opened(text)), known, goes_on=goes_on)


def of_html(
    markup: str, known: frozenset[str] = frozenset(), *, goes_on: bool = False
) -> quoting.Found:
    """What is new in an HTML body."""
    return quoting.new_text(html.lines_of(markup), known, goes_on=goes_on)


def whole_of_text(text: str) -> str:
    """All of a plain text."""
    return lines.shown(lines.split(clearsigned.opened(text)))


def whole_of_html(markup: str) -> str:
    """All that an HTML body shows."""
    return lines.shown(html.lines_of(markup))


def of_message(received: Received, known: frozenset[str], sent: str = "") -> str:
    """What is new in a message; all of it if nothing is, unless there is a file with it.

    `sent`: the HTML of the email that is answered.
    """
    bodies = list(_bodies(received.parts))
    has_files = any(not part.is_body for part in received.parts)
    # With a file a footer need not be what was meant; nor below what Apple Mail puts a picture in.
    texts = [_best(group, known, goes_on=has_files or n > 0) for n, group in enumerate(bodies)]
    if sent:
        texts = [_with_inserted(text, body, sent) for text, body in zip(texts, bodies, strict=True)]
    new = "\n\n".join(text for text in texts if text)
    if new or has_files:
        return new
    return "\n\n".join(filter(None, map(_whole, bodies)))


def _bodies(parts: Sequence[Part]) -> Iterable[list[Part]]:
    """The bodies in order, alternatives of one another together (RFC 2046, section 5.1.4)."""
    groups: dict[int, list[Part]] = {}
    for number, part in enumerate(parts):
        if part.is_body:
            within = [node for node, kind in part.containers if kind == "multipart/alternative"]
            groups.setdefault(within[-1] if within else -1 - number, []).append(part)
    return groups.values()


def _text_of(part: Part) -> str:
    text = part.text
    if part.parameters.get("format", "").lower() == "flowed":
        return flowed.unflowed(text, delsp=part.parameters.get("delsp", "").lower() == "yes")
    return text


def _best(group: list[Part], known: frozenset[str], *, goes_on: bool) -> str:
    """What is new in one body, by its text and its HTML.

    The markup tells more surely what is quoted, and its paragraphs are whole; but a part that found
    nothing to cut, or less, gives way to the other.
    """
    plain = [part for part in group if part.content_type == "text/plain"]
    marked = [part for part in group if part.content_type == "text/html"]
    by_text = [of_text(_text_of(part), known, goes_on=goes_on) for part in plain]
    by_html = [of_html(part.text, known, goes_on=goes_on) for part in marked]
    text = _together(by_text)
    html_ = _together(by_html)
    if not by_html or not html_.text:
        return text.text
    if not by_text or not text.text:
        return html_.text
    if text.cut != html_.cut:
        return text.text if text.cut else html_.text
    folded_text, folded_html = _folded(text.text), _folded(html_.text)
    if folded_html != folded_text and folded_html.startswith(folded_text):
        return text.text
    return html_.text


def _with_inserted(text: str, group: list[Part], sent: str) -> str:
    """The text, and what was written between the lines of ours but does not show as such."""
    for part in group:
        if part.content_type == "text/html":
            found = inserted.answers(part.text, sent)
            if found and not any(line.text in text for line in found if not line.depth):
                return "\n\n".join(filter(None, (text, lines.shown(found))))
    return text


def _together(found: list[quoting.Found]) -> quoting.Found:
    text = "\n\n".join(one.text for one in found if one.text)
    return quoting.Found(text, any(one.cut for one in found))


def _folded(text: str) -> str:
    return "".join(character for character in text if character.isalnum())


def _whole(group: list[Part]) -> str:
    for part in group:
        if part.content_type == "text/plain" and (text := whole_of_text(_text_of(part))):
            return text
    for part in group:
        if part.content_type == "text/html" and (text := whole_of_html(part.text)):
            return text
    return ""


def known_of(sent: ours.Sent | None) -> frozenset[str]:
    """The lines that are ours."""
    return ours.known_lines(sent)
