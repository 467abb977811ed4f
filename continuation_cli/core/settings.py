"""The settings: what each means, how it is typed, checked and shown.

Stored values are the text that a person typed, once it has passed its check, so that what `list`
shows is what was set.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from continuation_cli.core import addresses, durations
from continuation_cli.core.model import Limits, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Spec:
    """One setting. `default` is typed text, or None for unset; `read` raises ValueError."""

    key: str
    help: str
    example: str
    read: Callable[[str], Any]
    default: str | None = None


class InvalidSettingError(ValueError):
    """A setting's name or value is not acceptable; the text says what would be."""


def _yes_or_no(text: str) -> bool:
    words = {"on": True, "yes": True, "true": True, "1": True}
    words |= {"off": False, "no": False, "false": False, "0": False}
    try:
        return words[text.strip().lower()]
    except KeyError:
        raise ValueError(f"{text!r} is neither on nor off") from None


def _choice(*options: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        word = text.strip().lower()
        if word not in options:
            raise ValueError(f"{text!r} is not one of {', '.join(options)}")
        return word

    return read


def _count(highest: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not re.fullmatch(r"\d{1,6}", text.strip(), re.ASCII) or int(text) > highest:
            raise ValueError(f"{text!r} is not a whole number from 0 to {highest}")
        return int(text)

    return read


def _size(text: str) -> int:
    """Octets: `512K`, `25M`, or a plain number."""
    match = re.fullmatch(r"(\d{1,10})\s*([KM]?)(?:i?B)?", text.strip(), re.ASCII | re.IGNORECASE)
    octets = int(match[1]) << {"": 0, "K": 10, "M": 20}[match[2].upper()] if match else 0
    if not 1024 <= octets <= 1 << 30:
        raise ValueError(f"{text!r} is not a size from 1K to 1024M")
    return octets


def _line(text: str) -> str:
    """One line of text, for a header or a heading."""
    line = text.strip()
    if not line or not line.isprintable() or len(line) > 200:
        raise ValueError(f"{text!r} is not one line of at most 200 printable characters")
    return line


def _server_name(text: str) -> str:
    """What a mail server calls itself in Authentication-Results (RFC 8601, section 2.5)."""
    name = _line(text)
    if any(character.isspace() for character in name):
        raise ValueError(f"{text!r} is not the name of one mail server")
    return name


def _address(text: str) -> str:
    if not addresses.is_valid(text.strip()):
        raise ValueError(f"{text!r} is not an email address")
    return text.strip()


def _domain(text: str) -> str:
    domain = text.strip().lower().removesuffix(".")
    if not addresses.is_valid(f"x@{domain}"):
        raise ValueError(f"{text!r} is not a domain name")
    return domain


def _url(text: str) -> str:
    """An http or https URL that a link can be made of."""
    from continuation_cli.core import links

    links.reopen_url(text, "c", "t")
    return text.strip()


def _color(text: str) -> str:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text.strip()):
        raise ValueError(f"{text!r} is not a colour")
    return text.strip().lower()


def _locale(text: str) -> str:
    tag = text.strip().replace("_", "-")
    if not re.fullmatch(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}", tag):
        raise ValueError(f"{text!r} is not a language tag (BCP 47)")
    return tag


def _timezone(text: str) -> str:
    from zoneinfo import ZoneInfo

    name = text.strip()
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        raise ValueError(f"{text!r} is not a time zone of the IANA database") from None
    return name


def _span(text: str) -> timedelta:
    """A duration that must not be 0."""
    span = durations.parse(text)
    if not span:
        raise ValueError(f"{text!r} would be no time at all")
    return span


def _expiry(text: str) -> timedelta:
    span = durations.parse(text, longest=timedelta(days=3650))
    if not span:
        raise ValueError(f"{text!r} would make links that have already expired")
    return span


def _transport(text: str) -> str:
    """Checked in full by the transport itself; a password must never get this far."""
    url = text.strip()
    scheme, separator, rest = url.partition(":")
    userinfo = rest.removeprefix("//").rpartition("@")[0]
    if ":" in userinfo and scheme.lower() not in ("sendmail", "maildir"):
        raise ValueError(
            "the URL holds a password; put it in CONTINUATION_SMTP_PASSWORD or the file that "
            "CONTINUATION_SMTP_PASSWORD_FILE names"
        )
    if not separator or not rest or not re.fullmatch(r"[a-z][a-z+]*", scheme):
        raise ValueError(f"{text!r} is not a transport URL")
    return url


def _limit(key: str, meaning: str, value: str, read: Callable[[str], int]) -> Spec:
    """A limit of received mail; `value` is that of `Limits`."""
    return Spec(key, meaning, value, read, value)


SPECS: Mapping[str, Spec] = {
    spec.key: spec
    for spec in (
        Spec("enabled", "send emails for this channel", "on", _yes_or_no, "on"),
        Spec(
            "offline_delay",
            "wait after the customer went offline",
            "5m",
            durations.parse_delay,
            "1m",
        ),
        Spec(
            "unseen_delay",
            "wait while a page is open but the message unseen",
            "15m",
            durations.parse_delay,
            "15m",
        ),
        Spec(
            "reply_url",
            'where "Reply in widget" leads; unset: the customer\'s last page',
            "https://www.example.com/support",
            _url,
        ),
        Spec(
            "from_email",
            "the address emails come from; needed to send",
            "support@example.com",
            _address,
        ),
        Spec(
            "from_name",
            "the sender's name beside the agent's; unset: the brand name",
            "Acme Support",
            _line,
        ),
        Spec(
            "inbound_domain",
            "the domain that replies go to; unset: replying is not offered",
            "reply.example.com",
            _domain,
        ),
        Spec(
            "authserv_id",
            "whose Authentication-Results to believe on replies",
            "mx.example.com",
            _server_name,
        ),
        Spec("brand_name", "the name customers know; unset: the channel's name", "Acme", _line),
        Spec(
            "brand_logo_url",
            "a logo for the top of the HTML part",
            "https://www.example.com/logo.png",
            _url,
        ),
        Spec("brand_color", "the button's colour", "#1f5fbf", _color, "#1f5fbf"),
        Spec(
            "locale",
            "language and date format where the customer's is unknown",
            "en-GB",
            _locale,
            "en",
        ),
        Spec("timezone", "the zone in which times are shown", "Europe/Berlin", _timezone, "UTC"),
        Spec("presence_timeout", "a page silent for this long counts as closed", "2m", _span, "2m"),
        Spec("max_age", "messages older than this start no email", "3d", _span, "3d"),
        Spec("link_expiry", "how long a reopen link works", "30d", _expiry, "30d"),
        Spec("recap", "how many earlier messages to repeat", "5", _count(50), "5"),
        Spec(
            "bot_messages",
            "a bot's unseen messages: include, trigger or omit",
            "include",
            _choice("include", "trigger", "omit"),
            "include",
        ),
        Spec(
            "daily_cap",
            "at most this many emails per conversation in 24 hours",
            "20",
            _count(1000),
            "20",
        ),
        Spec(
            "on_unknown",
            "an email that may or may not have been sent: resend or hold",
            "resend",
            _choice("resend", "hold"),
            "resend",
        ),
        Spec(
            "transport",
            "how mail is sent; one for the whole database",
            "smtp+starttls://mailer@mail.example.com:587",
            _transport,
        ),
        _limit("max_message_size", "a received message beyond this is quarantined", "25M", _size),
        _limit("max_header_size", "the same for the header of a message", "256K", _size),
        _limit("max_parts", "the same for the number of its MIME parts", "200", _count(10_000)),
        _limit("max_nesting", "the same for multiparts within multiparts", "20", _count(100)),
        _limit("max_attachments", "the same for the number of its attachments", "20", _count(1000)),
        _limit("max_attachment_size", "the same for each attachment", "20M", _size),
    )
}

#: What bounds a received message; the fields of `received.Limits` in the same order.
LIMIT_KEYS = (
    "max_message_size", "max_header_size", "max_parts", "max_nesting", "max_attachments",
    "max_attachment_size",
)  # fmt: skip

#: Settings that exist once, not per channel: a message is read before its channel is known.
GLOBAL_KEYS = frozenset({"transport", *LIMIT_KEYS})


def canonical_key(name: str) -> str:
    """The key that a person means: dashes and underscores both work.

    Raises InvalidSettingError with the nearest known name.
    """
    key = name.strip().lower().replace("-", "_")
    if key in SPECS:
        return key
    import difflib

    near = difflib.get_close_matches(key, SPECS, n=1)
    hint = f"did you mean {near[0]}?" if near else "see `continuation settings list`"
    raise InvalidSettingError(f"there is no setting {name!r}; {hint}")


def check(key: str, text: str, *, channel: str | None = None) -> str:
    """The text to store for a value that a person typed.

    Raises InvalidSettingError, which names the value, what was expected and an example.
    """
    spec = SPECS[key]
    if channel is not None and key in GLOBAL_KEYS:
        raise InvalidSettingError(f"{key} is one for the whole database: leave out --channel")
    try:
        value = spec.read(text)
    except ValueError as error:
        told = str(error).partition(" (example:")[0]
        raise InvalidSettingError(
            f"{key}: {told} (example: {key.replace('_', '-')} {spec.example})"
        ) from None
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, str):
        return value
    return text.strip().upper() if spec.read is _size else text.strip().lower()


Source = Literal["built in", "default", "channel"]


@cache
def _read(key: str, text: str) -> Any:
    return SPECS[key].read(text)


def effective(
    defaults: Mapping[str, str], channel: Mapping[str, str], overrides: Mapping[str, str] = {}
) -> Settings:
    """The settings in force: what-if overrides, else the channel's, else the database's defaults,
    else what is built in. All values are texts that passed `check`.
    """
    values: dict[str, Any] = {}
    for key, spec in SPECS.items():
        if key in GLOBAL_KEYS:
            continue
        text = overrides.get(key, channel.get(key, defaults.get(key, spec.default)))
        try:
            values[key] = None if text is None else _read(key, text)
        except ValueError as error:
            raise InvalidSettingError(f"{key}: {error}") from None
    return Settings(**values)


def limits(defaults: Mapping[str, str]) -> Limits:
    """The limits in force for received mail. Raises InvalidSettingError."""
    values = []
    for key, builtin in zip(LIMIT_KEYS, Limits(), strict=True):
        text = defaults.get(key)
        try:
            values.append(builtin if text is None else _read(key, text))
        except ValueError as error:
            raise InvalidSettingError(f"{key}: {error}") from None
    return Limits(*values)


def source_of(
    key: str, defaults: Mapping[str, str], channel: Mapping[str, str]
) -> tuple[str | None, Source]:
    """The text in force for one setting, and where it was set."""
    if key in channel:
        return channel[key], "channel"
    if key in defaults:
        return defaults[key], "default"
    return SPECS[key].default, "built in"
