"""Reads reports of failed delivery: delivery status notifications and the many that are only prose.
Pure, linear, never raises.

Prose is not read engine by engine: they all name the recipient at the beginning of a line or after
a word such as `RCPT TO`, say why beside it, and put a copy of the message below a line that says
so.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from continuation_cli.core.classify.delivery_status import read_status
from continuation_cli.core.classify.failure import (
    ADDRESS,
    MAX_DIAGNOSTIC,
    MAX_FAILURES,
    Failure,
    failure,
    status_in,
)
from continuation_cli.core.classify.markup import plain
from continuation_cli.core.classify.permanence import says_why
from continuation_cli.core.headers import Headers, read_block
from continuation_cli.core.received import Received, read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from continuation_cli.core.received import Part

# How much of a report is read, in characters.
_MAX_TEXT = 32_768
_MAX_RETURNED = 262_144

RETURNED_TYPES = frozenset({
    "message/rfc822", "message/global", "text/rfc822-headers", "message/rfc822-headers",
    "message/global-headers", "text/rfc822",
})  # fmt: skip
STATUS_TYPES = frozenset({"message/delivery-status", "message/global-delivery-status"})


class Report(NamedTuple):
    """The recipients that a report tells of, and the headers of the message that it returns."""

    failures: tuple[Failure, ...]
    returned: Headers | None


def read_report(received: Received) -> Report:
    """What a message that is a bounce says. Whether it is one, `core.classify` decides."""
    received = unwrapped(received)
    report, copy = report_text(received)
    returned = returned_headers(received) or _block(copy)
    failures = _of_status(received, report) or _of_prose(received, report, returned)
    message_id = next(iter(returned.message_ids("Message-ID")), None) if returned else None
    return Report(tuple(replace(told, message_id=message_id) for told in failures), returned)


def unwrapped(received: Received) -> Received:
    """The report itself where a gateway has put it into another message."""
    if received.parts and received.parts[0].content_type == "message/rfc822":
        inner = read(received.parts[0].content)
        if inner.content_type == "multipart/report":
            return inner
    return received


# --- The message that is returned -----------------------------------------------------------------


def returned_headers(received: Received) -> Headers | None:
    """The headers of the message that is enclosed, None if there are none."""
    for part in received.parts:
        if part.content_type in RETURNED_TYPES:
            headers = _block(part.content[:_MAX_RETURNED].decode("latin-1"))
            if headers is not None:
                return headers
    return None


def _block(text: str) -> Headers | None:
    """A header block as headers, if it looks like those of a message."""
    text = text[:_MAX_RETURNED].lstrip()
    headers, _ = read_block("\n".join(line.rstrip(" \r") for line in text.split("\n")))
    is_message = any(headers.raw(name) for name in ("Received", "From", "Message-ID", "Subject"))
    return headers if is_message else None


# --- The text of a report -------------------------------------------------------------------------

_SEPARATOR = re.compile(
    r"""^(?:[ \t]{0,40}(?:
        (?:[-*=_>\#~]\ ?){2,200}[^\n]{0,30}?(?:copy\ of|original\ (?:message|mail)|unsent\ message|
          returned\ (?:message|mail)|undelivered\ message|
          message\ (?:header|text|body|content|follows)|header\ of|below\ this\ line|
          mensaje\ original|mensagem\ original|nachricht|message\ d'origine|messaggio\ originale)
      | (?:the\ )?original\ message\ (?:follows|is\ attached|headers?)
      | message\ headers?\ follow | below\ is\ a\ copy | included\ is\ a\ copy
      | a\ (?:copy|summary)\ of\ (?:the|your)\b
      )[^\n]*$
    | (?=[ \t]{0,4}(?:Received|Return-Path|DKIM-Signature|X-Received|Message-ID):))""",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)


def report_text(received: Received) -> tuple[str, str]:
    """What a report says in prose, and the copy of the message that follows it in the same part."""
    text = _first_text(received.parts)
    separator = _SEPARATOR.search(text)
    if separator is None:
        return text, ""
    return text[: separator.start()], text[separator.end() :]


def _first_text(parts: Iterable[Part]) -> str:
    markup = ""
    for part in parts:
        if part.content_type in RETURNED_TYPES:
            break
        if part.content_type == "text/html":
            markup = markup or part.text[:_MAX_TEXT]
        elif part.content_type.startswith("text/") and part.disposition != "attachment":
            text = part.text[:_MAX_TEXT]
            if text.strip():
                return text
    return plain(markup)


# --- Recipients -----------------------------------------------------------------------------------

# A line that begins with an address: qmail, Postfix, Exim, Gmail, Yahoo, Exchange, …
_LEADING = re.compile(
    rf"^[ \t>*•·-]{{0,16}}[<'\"(\[]?(?:mailto:)?({ADDRESS})[>'\")\]]{{0,2}}(?=[\s:;,.(\[]|$)",
    re.MULTILINE,
)
# An address after what precedes a recipient: SMTP32, DragonFly, Sendmail, InterScan, …
_NAMED = re.compile(
    r"(?:\b(?:rcpt to|to|for|user(?:id)?|recipients?|mailbox|address(?:es)?|attempts|full|failed|"
    r"account|deliver|55\d|5\.\d\.\d{1,3})|宛先|先)[ \t]?[:：]?\s{0,8}[<'\"(\[]?(?:mailto:)?"
    rf"({ADDRESS})",
    re.IGNORECASE,
)
# Before what is said of an address.
_OPENING = re.compile(r"\A[\s<>()\[\]'\":;,.*-]{1,80}")
_ANY = re.compile(rf"({ADDRESS})")
_STATUS_FIELD = re.compile(
    r"^[ \t>]{0,4}(?:Final|Original)-Recipient:", re.IGNORECASE | re.MULTILINE
)
_DELAY = re.compile(
    r"\bdelay(?:ed)?\b|\bnot\s+yet\s+been\s+delivered\b|\bstill being retried\b"
    r"|\bwarning message only\b|\btemporary failure report\b|\bwill be retried\b"
    r"|\bwill (?:continue to|keep|be) (?:try|attempt|retr)\w*",
    re.IGNORECASE,
)
_GIVEN_UP = re.compile(r"\bpermanent|\bgiv(?:en|ing) up\b|\bfatal\b", re.IGNORECASE)


def _of_status(received: Received, report: str) -> list[Failure]:
    """The failures of delivery-status fields, also of ones that stand in prose."""
    texts = [part.text for part in received.parts if part.content_type in STATUS_TYPES]
    if not texts:
        whole = _first_text(received.parts)
        texts = [whole] if _STATUS_FIELD.search(whole) else []
    is_delay = _is_delay(received, report)
    found = [told for text in texts for told in read_status(text, is_delay=is_delay)]
    return [told if _has_words(told.diagnostic) else _with_prose(told, report) for told in found]


def _has_words(diagnostic: str | None) -> bool:
    return diagnostic is not None and re.search(r"[^\W\d]{2}", diagnostic) is not None


def _with_prose(told: Failure, report: str) -> Failure:
    """A recipient for which the fields give no diagnostic: the text may."""
    assert told.address is not None
    at = report.casefold().find(told.address.casefold())
    said = _OPENING.sub("", report[at + len(told.address) :] if at >= 0 else report, count=1)
    status = told.status
    if status is None or status.endswith(".0.0"):
        status = status_in(said) or status
    return failure(told.address, status, told.action, said, final=told.final)


def _of_prose(received: Received, report: str, returned: Headers | None) -> list[Failure]:
    action = "delayed" if _is_delay(received, report) else "failed"
    found = list(_recipients(received, report, returned))[:MAX_FAILURES]
    if not found:
        return [failure(None, status_in(report), action, report)]
    return [failure(address, status_in(said), action, said) for address, said in found]


def _is_delay(received: Received, report: str) -> bool:
    if _DELAY.search((received.headers.first("Subject") or "")[:1000]):
        return True
    return bool(_DELAY.search(report)) and not _GIVEN_UP.search(report)


def _recipients(
    received: Received, report: str, returned: Headers | None
) -> Iterator[tuple[str, str]]:
    """The addresses that failed, each with what is said of it.

    X-Failed-Recipients (Exim, Gmail) is authoritative where it is given.
    """
    headers = received.headers
    ours = _addresses(headers, "To", "From") | _addresses(
        returned, "From", "Reply-To", "Return-Path"
    )
    declared = {
        box.address.casefold(): box.address for box in headers.mailboxes("X-Failed-Recipients")
    }
    found: dict[str, tuple[str, str]] = {}
    for pattern in (_LEADING, _NAMED, _ANY):
        found = _blocks(report, [m for m in pattern.finditer(report) if _may_fail(m[1], ours)])
        if found:
            break
    if not found and not declared:
        declared = _sole_recipient(returned)
    for key, (address, said) in found.items():
        if not declared or key in declared:
            is_alone = len(found) == 1 and not says_why(said)
            yield address, report if is_alone else said
    for key, address in declared.items():
        if key not in found:
            yield address, report


def _addresses(headers: Headers | None, *names: str) -> set[str]:
    boxes = [box for name in names for box in headers.mailboxes(name)] if headers else []
    return {box.address.casefold() for box in boxes}


def _blocks(report: str, matches: list[re.Match[str]]) -> dict[str, tuple[str, str]]:
    """Each address, as written first, with the text from its line on up to that of another."""
    found: dict[str, tuple[str, str]] = {}
    starts: list[tuple[int, str]] = []
    for match in matches:
        if not starts or starts[-1][1].casefold() != match[1].casefold():
            starts.append((report.rfind("\n", 0, match.start(1)) + 1, match[1]))
    ends = [*(start for start, _ in starts), len(report)][1:]
    for (start, address), end in zip(starts, ends, strict=True):
        said = report[start : max(end, start + len(address) + 2)][: 2 * MAX_DIAGNOSTIC]
        said = _OPENING.sub("", said.replace(address, "", 1), count=1)
        first, before = found.get(address.casefold(), (address, ""))
        found[address.casefold()] = first, f"{before} {said}"[: 2 * MAX_DIAGNOSTIC].strip()
    return found


def _sole_recipient(returned: Headers | None) -> dict[str, str]:
    """To whom the returned message went, if that was one: a report may name nobody."""
    boxes = returned.mailboxes("To") if returned is not None else []
    return {box.address.casefold(): box.address for box in boxes} if len(boxes) == 1 else {}


def _may_fail(address: str, ours: set[str]) -> bool:
    local, _, domain = address.casefold().rpartition("@")
    return "." in domain and local != "mailer-daemon" and address.casefold() not in ours
