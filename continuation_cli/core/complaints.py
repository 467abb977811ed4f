"""Reads complaints: feedback reports (RFC 5965), Hotmail's without that form, Amazon's notices."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from continuation_cli.core.bounces import Report, returned_headers
from continuation_cli.core.failure import ADDRESS, MAX_FAILURES, Failure, failure, status_in
from continuation_cli.core.headers import Headers, read_block

if TYPE_CHECKING:
    from collections.abc import Iterable

    from continuation_cli.core.received import Received

_MAX_TEXT = 262_144
_FEEDBACK = "message/feedback-report"
# RFC 5965, section 7.3, and what else providers send when a person presses "spam". `not-spam`
# takes a complaint back, `auth-failure` (RFC 6591) is about our DNS, not by a person.
_COMPLAINTS = frozenset(
    {"abuse", "fraud", "virus", "other", "opt-out", "opt-out-list", "complaint"}
)
_ADDRESS = re.compile(ADDRESS)


class Complaint(NamedTuple):
    """A complaint: the code of its form, whom it is from, the message that it is about."""

    reason: str
    failures: tuple[Failure, ...]
    original: Headers | None


def read_complaint(received: Received) -> Complaint | None:
    """The complaint that a message is, None if it is none."""
    original = returned_headers(received)
    feedback = [part.text[:_MAX_TEXT] for part in received.parts if part.content_type == _FEEDBACK]
    is_report = received.content_type == "multipart/report"
    if feedback and (is_report or _is_feedback_sender(received.headers)):
        fields, _ = read_block(feedback[0].lstrip())
        kind = (fields.first("Feedback-Type") or "abuse").strip().lower()
        if kind not in _COMPLAINTS:
            return None
        return _complaint("arf", _named(fields.all("Original-Rcpt-To")), original)
    if original is not None and _is_hotmail(received.headers, original):
        named = [*original.all("X-HmXmrOriginalRecipient"), *_complainer(received.headers)]
        return _complaint("jmrp", _named(named), original)
    return None


def _complaint(reason: str, named: list[str], original: Headers | None) -> Complaint:
    if not named and original is not None:
        boxes = original.mailboxes("To")
        named = [box.address for box in boxes if "@" in box.address] if len(boxes) == 1 else []
    message_id = next(iter(original.message_ids("Message-ID")), None) if original else None
    told = [replace(failure(address, None, "complaint", ""), message_id=message_id)
            for address in named[:MAX_FAILURES]]  # fmt: skip
    return Complaint(reason, tuple(told), original)


def _named(values: Iterable[str]) -> list[str]:
    found = (match[0] for value in values for match in _ADDRESS.finditer(value[:1000]))
    return list({address.casefold(): address for address in found}.values())


def _is_feedback_sender(headers: Headers) -> bool:
    return any(
        re.search(r"feedback|complaint|abuse|fbl|staff@hotmail", box.address, re.IGNORECASE)
        for box in headers.mailboxes("From")
    )


def _is_hotmail(headers: Headers, original: Headers) -> bool:
    """Hotmail's Junk Mail Reporting Program: a multipart/mixed with the message."""
    if original.raw("X-HmXmrOriginalRecipient"):
        return True
    subject = headers.first("Subject") or ""
    is_complaint = re.match(r"complaint about message from\b", subject, re.IGNORECASE)
    return is_complaint is not None and _is_feedback_sender(headers)


def _complainer(headers: Headers) -> list[str]:
    return headers.all("X-Complaint-Recipient")


# --- Amazon SES -----------------------------------------------------------------------------------

_BOUNCES = frozenset({"bounce", "delivery", "deliverydelay"})


def read_notification(received: Received) -> tuple[Literal["bounce", "complaint"], Report] | None:
    """A notice of Amazon SES, which SNS mails as JSON in the text, None if it is none."""
    boxes = received.headers.mailboxes("From")
    if not any(re.search(r"\bamazon(?:aws|ses)\.com\Z", box.address, re.IGNORECASE) for box in boxes):
        return None
    for part in received.parts[:3]:
        notice = _notice(part.text[:_MAX_TEXT]) if part.content_type == "text/plain" else {}
        kind = str(notice.get("notificationType") or notice.get("eventType") or "").lower()
        if kind == "complaint" or kind in _BOUNCES:
            told = _told(kind, notice.get(kind if kind != "deliverydelay" else "deliveryDelay"))
            original = _original(notice.get("mail"))
            message_id = next(iter(original.message_ids("Message-ID")), None) if original else None
            failures = tuple(replace(one, message_id=message_id) for one in told)
            return "complaint" if kind == "complaint" else "bounce", Report(failures, original)
    return None


def _notice(text: str) -> dict[str, Any]:
    """The JSON object of the text; a line that was folded in a string is joined."""
    begin, end = text.find("{"), text.rfind("}")
    for joined in (text[begin : end + 1], re.sub(r"\n ?", "", text[begin : end + 1])):
        try:
            notice = json.loads(joined)
            if isinstance(notice, dict) and isinstance(notice.get("Message"), str):
                notice = json.loads(notice["Message"])
        except (ValueError, RecursionError):
            continue
        if isinstance(notice, dict):
            return notice
    return {}


def _told(kind: str, about: object) -> list[Failure]:
    """The recipients of a notice."""
    if not isinstance(about, dict):
        return []
    action = {"bounce": "failed", "delivery": "delivered", "complaint": "complaint"}.get(
        kind, "delayed"
    )
    found: list[Failure] = []
    for name in ("bouncedRecipients", "complainedRecipients", "delayedRecipients", "recipients"):
        rows = about.get(name)
        for row in rows[:MAX_FAILURES] if isinstance(rows, list) else []:
            fields = row if isinstance(row, dict) else {"emailAddress": row}
            named = _named([str(fields.get("emailAddress", ""))])
            said = str(fields.get("diagnosticCode") or "")
            status = status_in(str(fields.get("status") or "")) or status_in(said)
            found += [failure(address, status, action, said) for address in named[:1]]
    return found


def _original(mail: object) -> Headers | None:
    rows = mail.get("headers") if isinstance(mail, dict) else None
    if not isinstance(rows, list):
        return None
    fields = [
        (str(row.get("name", "")), str(row.get("value", "")))
        for row in rows
        if isinstance(row, dict)
    ]
    return Headers(fields)
