"""What the templates see: messages in groups, named, dated and made safe."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from continuation_cli.core import bodies, locales
from continuation_cli.core.characters import one_line, safe_url
from continuation_cli.core.model import CUSTOMER_VISIBLE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime, tzinfo

    from markupsafe import Markup

    from continuation_cli.core.model import Attachment, Message

#: A recap reminds of a message, it does not repeat it: at most so many characters of each.
RECAP_LENGTH: Final = 500
_FILE_NAME_LENGTH: Final = 100


# These views are made by the dozen for each email; frozen, they would take three times as long.
# Templates cannot change them: Jinja has no way to set an attribute of what is not a namespace.


@dataclass(slots=True)
class FileView:
    """An attachment. `size` may be "", `url` None."""

    name: str
    size: str
    url: str | None


@dataclass(slots=True)
class MessageView:
    """One message. `when` is date, time and zone; `time` the time alone."""

    html: Markup
    text: str
    when: str
    files: Sequence[FileView]


@dataclass(slots=True)
class GroupView:
    """Messages by one author in a row. `initial` is the letter for the author's badge, or ""."""

    author: str
    name: str
    initial: str
    messages: Sequence[MessageView]


@dataclass(frozen=True, slots=True)
class Naming:
    """What authors without a name are called; so is a customer, who is addressed. Somebody else who
    answered an email in the customer's place is named."""

    agent: str
    bot: str
    customer: str
    length: int

    def of(self, message: Message) -> str:
        if message.author == "customer":
            other = message.name if message.via == "email" else None
            return one_line(other, self.length) or self.customer
        fallback = self.bot if message.author == "bot" else self.agent
        return one_line(message.name, self.length) or fallback


def visible(messages: Iterable[Message]) -> list[Message]:
    """The messages that a customer may be shown: an allow-list of kinds, nothing deleted."""
    return [m for m in messages if m.author in CUSTOMER_VISIBLE and m.deleted_at is None]


def groups(
    messages: Sequence[Message],
    naming: Naming,
    locale: locales.Locale,
    zone: tzinfo,
    *,
    brief: bool = False,
) -> list[GroupView]:
    """The messages, with those that one author sent in a row put together.

    A group's first message has the date and zone; so have others where the day or the zone's
    offset changes. `brief` shortens each message and shows it as plain text.
    """
    result: list[GroupView] = []
    group: list[MessageView] = []
    before: tuple[str, str] | None = None
    last: datetime | None = None
    for message in messages:
        author = (message.author, naming.of(message))
        local = locales.local(message.sent_at, zone)
        same = author == before
        if not same:
            group = []
            result.append(GroupView(message.author, author[1], _initial(author[1]), group))
            before = author
        dated = not (
            same and last and last.date() == local.date() and last.utcoffset() == local.utcoffset()
        )
        when = locale.stamp(local) if dated else locale.time(local)
        body = bodies.render(message.text, message.format, RECAP_LENGTH if brief else None)
        files = [_file(a, locale) for a in message.attachments]
        group.append(MessageView(body.html, body.text, when, files))
        last = local
    return result


def _file(attachment: Attachment, locale: locales.Locale) -> FileView:
    name = one_line(attachment.name, _FILE_NAME_LENGTH) or locale.phrases.attachment
    return FileView(name, locale.size(attachment.size), safe_url(attachment.url))


def _initial(name: str) -> str:
    return next((c.upper()[:1] for c in name if c.isalnum()), "")


def preheader(groups: Sequence[GroupView], limit: int) -> str:
    """What inboxes show beside the subject: who wrote first, and the beginning of it."""
    first = groups[0]
    text = next((m.text for g in groups for m in g.messages if m.text.strip()), "")
    return one_line(f"{first.name}: {text}" if text else first.name, limit)


# --- Colours ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Colors:
    """Colours that go together: the button's ground and text; the links' on white."""

    button: str
    button_text: str
    link: str


_FALLBACK: Final = "#1f5fbf"


@lru_cache(maxsize=64)
def colors(brand: str) -> Colors:
    """Black or white on the brand's colour, whichever contrasts more (WCAG 2.2, 1.4.3)."""
    try:
        light = _luminance(brand)
    except ValueError:
        brand, light = _FALLBACK, _luminance(_FALLBACK)
    on_white, on_black = 1.05 / (light + 0.05), (light + 0.05) / (_luminance("#111111") + 0.05)
    return Colors(
        button=brand,
        button_text="#ffffff" if on_white >= min(on_black, 4.5) else "#111111",
        link=brand if on_white >= 4.5 else _FALLBACK,
    )


def _luminance(color: str) -> float:
    """Relative luminance of `#rrggbb`, 0 to 1 (WCAG 2.2). Raises ValueError for anything else."""
    if not re.fullmatch("#[0-9a-fA-F]{6}", color):
        raise ValueError(f"{color!r} is not a colour like {_FALLBACK}")
    channels = [channel / 255 for channel in bytes.fromhex(color[1:])]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
