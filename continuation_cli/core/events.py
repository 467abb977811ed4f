"""Chat events, one JSON object a line: reading and checking them. See docs/events.md."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from continuation_cli.core import times

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST_ID = 200

#: A time in the form in which it is stored, but for days that do not exist.
_STORED = re.compile(
    r"(?:19[7-9]|[2-8]\d\d)\d-\d\d-\d\dT(?:[01]\d|2[0-3]):\d\d:\d\d\.\d{3}Z", re.ASCII
)

#: `json.loads` would first guess the encoding of each line; JSON Lines is UTF-8.
_decode = json.JSONDecoder().decode


class EventError(ValueError):
    """A line is not an event; the text names the field, its value and a good example."""


class Event(NamedTuple):
    """A checked event. `at` has the stored form; `fields` holds what its type needs, checked."""

    type: str
    conversation: str
    channel: str | None
    at: str
    fields: dict[str, Any]


def _clean(text: str) -> str:
    """Text that can be stored: half a surrogate pair, which JSON can hold, is no character."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def _shown(value: object) -> str:
    text = _clean(json.dumps(value, ensure_ascii=False))
    return text if len(text) <= 60 else text[:57] + "..."


def _id(data: dict[str, Any], field: str, example: str) -> str:
    value = data.get(field)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    # SQLite takes a NUL for the end of a text.
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_ID or "\0" in value:
        told = "is missing" if value is None else f"is {_shown(value)}"
        raise EventError(
            f'"{field}" {told}; expected text of 1 to {LONGEST_ID} characters, like "{example}"'
        )
    return _clean(value)


def _text(data: dict[str, Any], field: str) -> str | None:
    value = data.get(field)
    if value is None:
        return None
    if not isinstance(value, str):
        raise EventError(f'"{field}" is {_shown(value)}; expected text')
    return _clean(value)


def _choice(data: dict[str, Any], field: str, options: tuple[str, ...]) -> str:
    value = data.get(field, options[0])
    if value not in options:
        raise EventError(f'"{field}" is {_shown(value)}; expected one of {", ".join(options)}')
    return str(value)


def _attachments(data: dict[str, Any]) -> str | None:
    """The attachments as JSON text to store, or None for none."""
    value = data.get("attachments")
    if not value and value in (None, []):
        return None
    if not isinstance(value, list) or not all(
        isinstance(entry, dict) and isinstance(entry.get("name"), str) for entry in value
    ):
        raise EventError(
            f'"attachments" is {_shown(value)}; expected a list like '
            '[{"name": "invoice.pdf", "url": "https://…", "size": 48213}]'
        )
    return json.dumps([_file(entry) for entry in value])


def _file(entry: dict[str, Any]) -> dict[str, Any]:
    """What is kept of one attachment."""
    kept = {"name": _clean(entry["name"])}
    for field in ("url", "content_type"):
        if isinstance(entry.get(field), str):
            kept[field] = _clean(entry[field])
    size = entry.get("size")
    return kept | ({"size": size} if isinstance(size, int) and 0 <= size < 2**63 else {})


def _body(data: dict[str, Any], attachments: str | None) -> str:
    text = _text(data, "text")
    if text is None and attachments is None:
        raise EventError('"text" is missing; expected the text of the message')
    return text or ""


def _moment(text: str) -> str:
    """The stored form of a time. One that has it already, as most have, is only checked."""
    if _STORED.fullmatch(text):
        try:
            datetime.fromisoformat(text)
        except ValueError:  # no such day: `times.parse` says so
            pass
        else:
            return text
    return times.to_text(times.parse(text))


def _read_conversation(data: dict[str, Any]) -> dict[str, Any]:
    return {field: _text(data, field) for field in ("email", "name", "locale")}


def _read_page(data: dict[str, Any]) -> dict[str, Any]:
    return {"page": _id(data, "page", "p1"), "url": _text(data, "url")}


def _read_message(data: dict[str, Any]) -> dict[str, Any]:
    if "author" not in data:
        raise EventError('"author" is missing; expected agent, bot, customer, note or system')
    attachments = _attachments(data)
    return {
        "id": _id(data, "id", "m7"),
        "author": _choice(data, "author", ("agent", "bot", "customer", "note", "system")),
        "via": _choice(data, "via", ("chat", "email")),
        "name": _text(data, "name"),
        "text": _body(data, attachments),
        "format": _choice(data, "format", ("plain", "markdown", "html")),
        "attachments": attachments,
    }


def _read_edit(data: dict[str, Any]) -> dict[str, Any]:
    attachments = _attachments(data)
    return {
        "id": _id(data, "id", "m7"),
        "text": _body(data, attachments),
        "format": _choice(data, "format", ("plain", "markdown", "html"))
        if "format" in data
        else None,
        "attachments": attachments,
    }


def _read_deletion(data: dict[str, Any]) -> dict[str, Any]:
    return {"id": _id(data, "id", "m7")}


def _read_seen(data: dict[str, Any]) -> dict[str, Any]:
    return {"through": _id(data, "through", "m7")}


def _read_customer(data: dict[str, Any]) -> dict[str, Any]:
    if "email" not in data:
        raise EventError('"email" is missing; expected an address like "ada@example.com"')
    return {"email": _text(data, "email")}


def _read_nothing(_data: dict[str, Any]) -> dict[str, Any]:
    return {}


_READERS: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "conversation": _read_conversation,
    "page_opened": _read_page,
    "page_hidden": _read_page,
    "page_visible": _read_page,
    "page_active": _read_page,
    "page_closed": _read_page,
    "message": _read_message,
    "message_edited": _read_edit,
    "message_deleted": _read_deletion,
    "seen": _read_seen,
    "customer": _read_customer,
    "conversation_closed": _read_nothing,
    "conversation_opened": _read_nothing,
}

TYPES = tuple(_READERS)


def parse(line: str | bytes) -> Event:
    """Read one line. Unknown fields are ignored; anything else amiss raises EventError."""
    try:
        return _read(line if isinstance(line, str) else line.decode("utf-8", "surrogatepass"))
    except EventError:
        raise
    except UnicodeDecodeError as error:
        raise EventError(f"not JSON: {error}") from None
    except RecursionError:
        # Also where it can be read, but is too deep to be written into a complaint.
        raise EventError("nested too deeply") from None


def _read(line: str) -> Event:
    try:
        data = _decode(line)
    except ValueError as error:
        raise EventError(f"not JSON: {error}") from None
    if not isinstance(data, dict):
        raise EventError(f'{_shown(data)} is not an event; expected {{"type": …}}')
    kind = data.get("type")
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    if not isinstance(kind, str) or reader is None:
        raise EventError(f'"type" is {_shown(kind)}; expected one of {", ".join(TYPES)}')
    at = data.get("at")
    if not isinstance(at, str):
        told = "is missing" if at is None else f"is {_shown(at)}"
        raise EventError(f'"at" {told}; expected a time like "{times.EXAMPLE}"')
    try:
        moment = _moment(at)
    except ValueError as error:
        raise EventError(f'"at": {error}') from None
    channel = None if data.get("channel") is None else _id(data, "channel", "acme")
    conversation = _id(data, "conversation", "c42")
    return Event(kind, conversation, channel, moment, reader(data))
