"""Reads complaints: feedback reports (RFC 5965), Hotmail's without that form, Amazon's notices."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from continuation_cli.core.classify.bounces import RETURNED_TYPES, returned_headers
from continuation_cli.core.classify.failure import (
    ADDRESS,
    MAX_FAILURES,
    Failure,
    failure,
    status_in,
)
from continuation_cli.core.headers import Headers, read_block

if TYPE_CHECKING:
    from collections.abc import Iterable

    from continuation_cli.core.received import Received

_MAX_TEXT = 262_144
_FEEDBACK = "message/feedback-report"
# RFC 5965, section 7.3, and what else providers send when a person presses "spam". `not-spam`
# takes a complaint back; `auth-failure` (RFC 6591) is about our DNS, and no person sent it.
_COMPLAINTS = frozenset(
    {"abuse", "fraud", "virus", "other", "opt-out", "opt-out-list", "complaint"}
)
_ADDRESS = re.compile(ADDRESS)


class Feedback(NamedTuple):
    """What a provider reports of a message of ours: a person's complaint, or its delivery."""

    kind: Literal["bounce", "complaint"]
    reason: str
    failures: tuple[Failure, ...]
    original: Headers | None


def read_feedback(received: Received) -> Feedback | None:
    """The feedback report that a message is, None if it is none."""
    reports = [part.text[:_MAX_TEXT] for part in received.parts if part.content_type == _FEEDBACK]
    is_report = received.content_type == "multipart/report"
    if reports and (is_report or _is_feedback_sender(received.headers)):
        fields, _ = read_block(reports[0].lstrip())
        return _of_report(fields, returned_headers(received))
    if any(part.content_type in RETURNED_TYPES for part in received.parts):
        original = returned_headers(received)
        if original is not None and _is_hotmail(received.headers, original):
            named = _named(original.all("X-HmXmrOriginalRecipient"))
            return _feedback("complaint", "jmrp", named, original, "complaint")
    return None


def _of_report(fields: Headers, original: Headers | None) -> Feedback | None:
    kind = (fields.first("Feedback-Type") or "abuse").strip().lower()
    named = _named(fields.all("Original-Rcpt-To"))
    if kind == "auth-failure":
        result = (fields.first("Delivery-Result") or "").strip().lower()
        action = "failed" if result == "reject" else "delivered"
        return _feedback("bounce", "arf_auth_failure", named, original, action)
    if kind in _COMPLAINTS:
        return _feedback("complaint", "arf", named, original, "complaint")
    return None


def _feedback(
    kind: Literal["bounce", "complaint"],
    reason: str,
    named: list[str],
    original: Headers | None,
    action: str,
) -> Feedback:
    if not named and original is not None:
        boxes = original.mailboxes("To")
        named = [box.address for box in boxes if "@" in box.address] if len(boxes) == 1 else []
    told = [failure(address, None, action, "") for address in named[:MAX_FAILURES]]
    return Feedback(kind, reason, _about(told, original), original)


def _about(told: list[Failure], original: Headers | None) -> tuple[Failure, ...]:
    message_id = next(iter(original.message_ids("Message-ID")), None) if original else None
    return tuple(replace(one, message_id=message_id) for one in told)


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


# --- Amazon SES -----------------------------------------------------------------------------------

_BOUNCES = frozenset({"bounce", "delivery", "deliverydelay"})


def read_notification(received: Received) -> Feedback | None:
    """A notice of Amazon SES, which SNS mails as JSON in the text, None if it is none."""
    boxes = received.headers.mailboxes("From")
    if not any(
        re.search(r"\bamazon(?:aws|ses)\.com\Z", box.address, re.IGNORECASE) for box in boxes
    ):
        return None
    for part in received.parts[:3]:
        notice = _notice(part.text[:_MAX_TEXT]) if part.content_type == "text/plain" else {}
        kind = str(notice.get("notificationType") or notice.get("eventType") or "").lower()
        if kind == "complaint" or kind in _BOUNCES:
            told = _told(kind, notice.get(kind if kind != "deliverydelay" else "deliveryDelay"))
            original = _original(notice.get("mail"))
            failures = _about(told, original)
            is_complaint = kind == "complaint"
            return Feedback(
                "complaint" if is_complaint else "bounce", "ses_notification", failures, original
            )
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
