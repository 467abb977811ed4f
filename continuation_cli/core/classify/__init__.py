"""What kind of mail came in: a human's reply, or what software sent. Pure, linear, never raises.

A human's reply that is taken for software's is lost to the agent; an automatic mail that is taken
for a reply is one odd message in a chat. So it takes a structure that only software makes, a field
that only software sets, or two signs that agree; else it is a `reply`. Alone, these prove nothing:
X-Auto-Response-Suppress (Exchange sets it on ordinary mail), any List-* field, Precedence: bulk, a
null reverse-path (a gateway may have lost the real one), a subject, a text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from continuation_cli.core import addresses, routing
from continuation_cli.core.classify import bounces, complaints, signs
from continuation_cli.core.classify.failure import Failure
from continuation_cli.core.received import Received, read

if TYPE_CHECKING:
    from continuation_cli.core.headers import Headers

__all__ = ["Classification", "Failure", "Kind", "classify", "failure_of", "of"]

Kind = Literal["reply", "auto_reply", "bounce", "complaint", "unsubscribe"]


@dataclass(frozen=True, slots=True)
class Classification:
    """What a message is, and the code of the sign that decided.

    A `bounce` is any report about a delivery: only those of its failures whose action is `failed`
    are failures (`failure_of`); others say that it is late, or that it arrived.
    """

    kind: Kind
    #: `human` of a reply; else such as `dsn`, `arf`, `auto_submitted`, `role_sender+subject+text`.
    reason: str
    #: Of a bounce or a complaint: the recipients that it tells of.
    failures: tuple[Failure, ...] = ()
    #: The headers of the message that a bounce or a complaint returns, if it does.
    original: Headers | None = None


def classify(raw: bytes) -> Classification:
    """Classify a message as it was received."""
    return of(read(raw))


def of(received: Received) -> Classification:
    """Classify a message that has been read."""
    reason = _unsubscription(received.headers)
    if reason is not None:
        return Classification("unsubscribe", reason)
    feedback = complaints.read_feedback(received) or complaints.read_notification(received)
    if feedback is not None:
        return Classification(*feedback)
    reason = _bounce(received)
    if reason is not None:
        return Classification("bounce", reason, *bounces.read_report(received))
    reason = _auto_reply(received)
    if reason is not None:
        return Classification("auto_reply", reason)
    return Classification("reply", "human")


def failure_of(found: Classification, recipient: str) -> Failure | None:
    """What a bounce says of `recipient`: its failure if it is told, else the first one; None if
    nothing has failed, as in a notice of delay."""
    failed = [failure for failure in found.failures if failure.action == "failed"]
    for failure in failed:
        named = (failure.address, failure.final)
        if any(name is not None and addresses.same(name, recipient) for name in named):
            return failure
    return failed[0] if failed else None


def _unsubscription(headers: Headers) -> str | None:
    """To the address of our List-Unsubscribe, by a person or by their mail client for them; and
    not to that for replies as well."""
    roles = {token.role for token in routing.tokens(headers)}
    if "reply" in roles or signs.is_daemon(headers):
        return None
    if "unsubscribe" in roles:
        return "unsubscribe_address"
    is_apple = (headers.first("X-Apple-Unsubscribe") or "").strip().lower() == "true"
    return "x_apple_unsubscribe" if is_apple else None


# --- Bounces --------------------------------------------------------------------------------------


def _bounce(received: Received) -> str | None:
    """The code of the signs that make a message a bounce, None if it is none."""
    headers = received.headers
    if _is_delivery_report(received):
        return "dsn"
    if signs.is_daemon(headers):
        return "mailer_daemon"
    if headers.raw("X-Failed-Recipients"):
        return "failed_recipients"
    if received.content_type == "multipart/report" and _has_part(received, _DISPOSITION):
        return "mdn_rejected" if _is_rejection(received) else None
    return _bounce_by_words(received)


def _is_delivery_report(received: Received) -> bool:
    """RFC 3464, as a whole or with what a gateway or a list put around it.

    A status part in other mail is a bounce that a human forwards, unless software sent it.
    """
    if received.content_type == "multipart/report":
        kind = received.parameters.get("report-type", "").lower()
        return "delivery-status" in kind or _has_part(received, bounces.STATUS_TYPES)
    if received.content_type in bounces.STATUS_TYPES:
        return True
    if _has_part(received, bounces.STATUS_TYPES):
        return _is_from_software(received.headers)
    return False


def _is_from_software(headers: Headers) -> bool:
    return (
        signs.is_daemon(headers)
        or signs.is_role(headers)
        or signs.is_null_sender(headers)
        or signs.auto_submitted(headers) is not None
    )


# Any of these tells of software.
_BY_SOFTWARE = ({"bounce_address"}, {"auto_submitted"}, {"null_sender", "role_sender"})


def _bounce_by_words(received: Received) -> str | None:
    """A postmaster's address with a telling subject; or three signs that agree, one of which tells
    of software: who sent it, the subject, what it says (counted twice if it begins like that), the
    message that it returns. A human who asks about a bounce answers to something, or begins in
    words of their own.
    """
    headers = received.headers
    subject = headers.first("Subject") or ""
    has_subject = signs.has_bounce_subject(subject)
    returns = _has_part(received, bounces.RETURNED_TYPES)
    found = [code for code in signs.software_signs(headers) if code != "precedence"]
    if (has_subject or returns) and signs.auto_submitted(headers) is not None:
        found.append("auto_submitted")
    if not (found or has_subject) or signs.reply_subject(subject) is not None:
        return None
    if _is_answer(headers) and not {"null_sender", "role_sender"} <= set(found):
        return None
    is_postmaster = signs.is_postmaster(headers)
    is_by_software = is_postmaster or any(codes <= set(found) for codes in _BY_SOFTWARE)
    found += ["subject"] * has_subject
    if has_subject and is_postmaster:
        return "+".join(found)
    found += ["returned"] * returns
    text = bounces.report_text(bounces.unwrapped(received))[0]
    if signs.says_report(text):
        opens = signs.opens_report(text)
        found += ["text"] + ["opening"] * opens
        is_by_software = is_by_software or opens
    return "+".join(found) if is_by_software and len(found) >= 3 else None


def _is_answer(headers: Headers) -> bool:
    return bool(headers.raw("In-Reply-To") or headers.raw("References"))


_DISPOSITION = frozenset(
    {"message/disposition-notification", "message/global-disposition-notification"}
)


def _is_rejection(received: Received) -> bool:
    """A notice of disposition by which Sieve refuses a message (RFC 5429, section 2.1.2): it says
    so, where Exchange, which sends the same of a mail deleted unread, does not."""
    if "rejected" in (received.headers.first("Auto-Submitted") or ""):
        return True
    fields = next(part.text for part in received.parts if part.content_type in _DISPOSITION)
    is_refused = re.search(
        r"^Disposition:\s*automatic-action\b.{0,80}\b(?:deleted|denied|failed|error)\b",
        fields[:4096], re.IGNORECASE | re.MULTILINE,
    )  # fmt: skip
    return is_refused is not None and signs.says_report(bounces.report_text(received)[0])


# --- Automatic replies ----------------------------------------------------------------------------


def _auto_reply(received: Received) -> str | None:
    """The code of the sign that makes a message an automatic one, None if it is none."""
    headers = received.headers
    if received.content_type == "multipart/report":
        return "mdn" if _has_part(received, _DISPOSITION) else "report"
    if signs.auto_submitted(headers) is not None:
        return "auto_submitted"
    field = signs.responder_field(headers)
    if field is not None:
        return field
    if _is_calendar_answer(received):
        return "calendar"
    return _reply_by_words(headers)


def _reply_by_words(headers: Headers) -> str | None:
    """Without a sender to the address for our bounces: what answers to an envelope sender is
    software (RFC 3834, section 4). Or a telling subject with other signs: any for a prefix, one of
    software for words that only responders use, two for words that a person may write."""
    found = signs.software_signs(headers)
    if {"null_sender", "bounce_address"} <= set(found):
        return "+".join(found)
    form = signs.reply_subject(headers.first("Subject") or "")
    if form is None:
        return None
    is_by_software = bool(found)
    found += signs.exchange_signs(headers)
    enough = {"prefix": bool(found), "subject": is_by_software, "note": len(found) > 1}
    return "+".join(["subject", *found]) if enough[form] else None


def _is_calendar_answer(received: Received) -> bool:
    """An invitation answered by a click (RFC 5546, section 3.2.3), with no word added."""
    is_answer = any(
        part.content_type == "text/calendar"
        and part.parameters.get("method", "").lower() == "reply"
        for part in received.parts
    )
    others = [part for part in received.parts if part.content_type == "text/plain"]
    return is_answer and not any(part.text.strip() for part in others)


def _has_part(received: Received, types: frozenset[str]) -> bool:
    return any(part.content_type in types for part in received.parts)
