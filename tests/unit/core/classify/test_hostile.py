"""Whatever the octets are: a classification, and soon."""

from __future__ import annotations

import time
from itertools import product

import pytest
import reports
from hypothesis import given, settings
from hypothesis import strategies as st

from continuation_cli.core.classify import classify

KINDS = {"reply", "auto_reply", "bounce", "complaint", "unsubscribe"}
_SAMPLES = [
    *(raw for raw, _ in reports.PROSE.values()),
    reports.report(reports.recipient("ann@example.org", "failed", "5.1.1", "unknown")),
    reports.report("Feedback-Type: abuse\n", kind="feedback-report"),
    reports.mail("From: a@sns.amazonaws.com\n", '{"notificationType":"Bounce","bounce":{}}'),
]


@given(st.binary(max_size=2000))
def test_never_raises(raw: bytes) -> None:
    assert classify(raw).kind in KINDS


@settings(max_examples=300)
@given(
    st.sampled_from(_SAMPLES),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 40), st.binary(max_size=12)), max_size=6),
)
def test_never_raises_on_what_was_a_report(
    raw: bytes, edits: list[tuple[float, int, bytes]]
) -> None:
    for place, length, octets in edits:
        at = int(place * len(raw))
        raw = raw[:at] + octets + raw[at + length :]
    found = classify(raw)
    assert found.kind in KINDS
    for failure in found.failures:
        assert failure.hard <= (failure.action == "failed" and failure.address is not None)
        assert "\n" not in (failure.diagnostic or "")


@given(
    st.sampled_from(["Bounce", "Complaint", "Delivery", "DeliveryDelay"]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from([
                    "bouncedRecipients", "complainedRecipients", "delayedRecipients",
                    "recipients", "emailAddress", "status", "headers", "name", "value",
                ]),
                inner, max_size=4,
            )
        ),
        max_leaves=12,
    ),
)  # fmt: skip
def test_never_raises_on_any_json(kind: str, value: object) -> None:
    import json

    key = kind[0].lower() + kind[1:]
    notice = {"notificationType": kind, key: value, "mail": value}
    raw = reports.mail("From: a@sns.amazonaws.com\n", json.dumps(notice))
    assert classify(raw).kind == ("complaint" if kind == "Complaint" else "bounce")


UNITS = ["a", "@", "a@", "a@b.c ", "a@b.c\n", " ", "\n", "- ", ">", "<", '"', "rcpt to: ", "5.1.1 ",
         "1.", "user ", "not ", "<script>", "&amp;", "{", "[", "邮件 ", "Received: x\n", "a:", ";",
         "\\x{41}", "Final-Recipient: rfc822; a@b.c\n", "=?utf-8?q?a?= ", "("]  # fmt: skip
_HEAD = "From: MAILER-DAEMON@x.example\nReturn-Path: <>\n"
_REPORT = f"{_HEAD}Content-Type: multipart/report; boundary=b\n\n--b\n\nfailed\n--b\n"
PLACES = {
    "text": _HEAD + "\n{}",
    "html": _HEAD + "Content-Type: text/html\n\n{}",
    "status": _REPORT + "Content-Type: message/delivery-status\n\n{}\n--b--",
    "returned": _REPORT + "Content-Type: message/rfc822\n\n{}\n--b--",
    "feedback": _REPORT + "Content-Type: message/feedback-report\n\nOriginal-Rcpt-To: {}",
    "subject": "From: ann@example.org\nSubject: {}\n\nHello",
    "unknown sender": "From: ann@example.org\nSubject: Undeliverable\n\n{}",
    "from": "Subject: Hello\nFrom: {}\n\nHello",
    "failed": "Subject: Hello\nX-Failed-Recipients: {}\n\nHello",
    "notice": 'From: a@sns.amazonaws.com\n\n{{"a":"{}}}',
}


@pytest.mark.parametrize("place", PLACES)
def test_a_megabyte_of_anything_takes_less_than_a_second(place: str) -> None:
    for unit in UNITS:
        filling = unit * (1_000_000 // len(unit.encode()))
        if place in ("subject", "from", "failed"):
            filling = filling.replace("\n", "\n ")
        raw = PLACES[place].format(filling).encode()
        began = time.process_time()
        classify(raw)
        assert time.process_time() - began < 1, unit


def test_many_recipients_are_cut_off() -> None:
    fields = "".join(
        reports.recipient(f"a{number}@example.org", "failed", "5.1.1", "unknown")
        for number in range(5000)
    )
    began = time.process_time()
    found = classify(reports.report(fields))
    assert len(found.failures) == 200
    assert time.process_time() - began < 1


def test_signs_of_all_kinds_together_are_decided() -> None:
    """No combination of fields is an error, and none of a human's is a suppression."""
    fields = [
        "Auto-Submitted: ",
        "Precedence: list",
        "Return-Path: ",
        "Content-Type: multipart/report",
    ]
    for chosen in product([True, False], repeat=len(fields)):
        head = "\n".join(field for field, is_there in zip(fields, chosen, strict=True) if is_there)
        found = classify(reports.mail(f"From: Ann <ann@example.org>\n{head}", "Hello"))
        assert found.failures == ()
        assert found.kind in ("reply", "auto_reply")
