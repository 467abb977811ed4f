"""Bounces: the address, the status, whether it is dead, the message that came back."""

from __future__ import annotations

import pytest
import reports

from continuation_cli.core.classify import classify, failure_of
from continuation_cli.core.classify.delivery_status import read_status


@pytest.mark.parametrize("name", reports.PROSE)
def test_reads_prose(name: str) -> None:
    raw, told = reports.PROSE[name]
    found = classify(raw)
    assert found.kind == "bounce"
    assert [(f.status, f.action, f.hard, f.address) for f in found.failures] == [told]


@pytest.mark.parametrize(
    ("action", "status", "said", "expected"),
    [
        ("failed", "5.1.1", "550 5.1.1 User unknown", ("5.1.1", "failed", True)),
        ("Failed (unrecoverable)", "5.0.0", "550 5.1.1 no such user", ("5.1.1", "failed", True)),
        ("failed", "5.2.2", "552 5.2.2 Over quota", ("5.2.2", "failed", False)),
        ("delayed", "4.4.1", "connection timed out", ("4.4.1", "delayed", False)),
        ("failed", "4.4.7", "550 5.1.1 User unknown", ("4.4.7", "failed", False)),
        ("delivered", "2.1.5", "250 Ok", ("2.1.5", "delivered", False)),
        ("relayed", "2.1.9", "250 Ok", ("2.1.9", "relayed", False)),
        ("failure", "553 too large", "553 message too large", (None, "failed", False)),
        ("", "2.0.0", "", ("2.0.0", "delivered", False)),
    ],
)
def test_reads_fields(
    action: str, status: str, said: str, expected: tuple[str | None, str, bool]
) -> None:
    found = classify(reports.report(reports.recipient("ann@example.org", action, status, said)))
    assert (found.kind, found.reason) == ("bounce", "dsn")
    (failure,) = found.failures
    assert (failure.status, failure.action, failure.hard) == expected
    assert failure.address == "ann@example.org"
    assert failure.message_id == "<out-1@acme.example>"


@pytest.mark.parametrize(
    ("fields", "address", "final"),
    [
        ("Final-Recipient: rfc822; Ann@Example.org", "Ann@Example.org", "Ann@Example.org"),
        ("Final-Recipient: RFC822;<ann@example.org>", "ann@example.org", "ann@example.org"),
        ("Final-Recipient: ann@example.org", "ann@example.org", "ann@example.org"),
        (
            "Original-Recipient: rfc822;ann@example.org\nFinal-Recipient: rfc822;x@forward.example",
            "ann@example.org", "x@forward.example",
        ),
        ("Original-Recipient: rfc822;a+2Bb+3Dc@example.org", "a+b=c@example.org",
         "a+b=c@example.org"),
        ("Final-Recipient: utf-8; \\x{5BFF}@example.jp", "寿@example.jp", "寿@example.jp"),
        ("Final-Recipient: utf-8; jürgen@bücher.example", "jürgen@bücher.example",
         "jürgen@bücher.example"),
        (
            "Final-Recipient: X-UNIX; |/bin/deliver\nX-Actual-Recipient: rfc822; ann@example.org",
            "ann@example.org", "ann@example.org",
        ),
        (
            "Original-Recipient: rfc822;ann@example.org\nFinal-Recipient: x400; /S=ann/C=gb/",
            "ann@example.org", "ann@example.org",
        ),
    ],
)  # fmt: skip
def test_reads_addresses(fields: str, address: str, final: str) -> None:
    (failure,) = read_status(f"{fields}\nAction: failed\nStatus: 5.1.1\n", is_delay=False)
    assert (failure.address, failure.final) == (address, final)


def test_groups_of_fields_that_empty_lines_cut() -> None:
    text = (
        "Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822; a@example.org\n\n"
        "Action: failed\nStatus: 5.1.1\n\nAction: failed\nStatus: 5.2.2\n"
        "Final-Recipient: rfc822; b@example.org\nFinal-Recipient: rfc822; c@example.org\n"
        "Action: delayed\nDiagnostic-Code: smtp;\n 450 try\n later\n"
    )
    found = read_status(text, is_delay=False)
    assert [(f.address, f.status, f.action) for f in found] == [
        ("a@example.org", "5.1.1", "failed"),
        ("b@example.org", "5.2.2", "failed"),
        ("c@example.org", None, "delayed"),
    ]
    assert found[2].diagnostic == "450 try later"


def test_an_address_is_told_once() -> None:
    fields = reports.recipient("ann@example.org", "failed", "5.1.1", "no such user") * 3
    assert len(classify(reports.report(fields)).failures) == 1


def test_prose_gives_what_the_fields_leave_out() -> None:
    fields = "Final-Recipient: rfc822; ann@example.org\nAction: failed\nStatus: 5.0.0\n"
    prose = "The following failed:\n\n  ann@example.org\n    550 5.1.1 No such user\n"
    (failure,) = classify(reports.report(fields, prose)).failures
    assert (failure.status, failure.hard) == ("5.1.1", True)


def test_a_report_within_a_report_of_a_gateway() -> None:
    inner = reports.report(reports.recipient("ann@example.org", "failed", "5.1.1", "unknown user"))
    raw = reports.mail(
        "From: postmaster@gateway.example\nSubject: Delivery Status Notification (Failure)\n"
        "Content-Type: multipart/mixed; boundary=outer",
        "--outer\nContent-Type: message/rfc822\n\n" + inner.decode() + "\n--outer\n\n"
        "This e-mail is confidential.\n--outer--\n",
    )
    found = classify(raw)
    assert found.kind == "bounce"
    assert [(f.address, f.hard) for f in found.failures] == [("ann@example.org", True)]
    assert found.original is not None
    assert found.original.first("Message-ID") == "<out-1@acme.example>"


@pytest.mark.parametrize("name", ["qmail", "exim", "Lotus Notes", "MDaemon", "DragonFly"])
def test_returns_the_headers_of_what_was_sent(name: str) -> None:
    found = classify(reports.PROSE[name][0])
    assert found.original is not None
    assert found.original.first("Reply-To") == "reply+abcdefghijklmnopqrstuvwx23@in.acme.example"
    assert {f.message_id for f in found.failures} == {"<out-1@acme.example>"}


def test_headers_alone_are_returned_as_text() -> None:
    raw = reports.report(reports.recipient("ann@example.org", "failed", "5.1.1", "x"))
    raw = raw.replace(b"message/rfc822", b"text/rfc822-headers")
    found = classify(raw)
    assert found.original is not None
    assert found.original.first("Subject") == "Your question"


def test_several_recipients_of_prose_each_have_their_reason() -> None:
    raw = reports.mail(
        "From: MAILER-DAEMON@mx.example.net\nSubject: failure notice",
        "I wasn't able to deliver your message to the following addresses.\n\n"
        "<ann@example.org>:\n550 5.1.1 unknown user\n\n<bob@example.org>:\n552 5.2.2 full\n",
    )
    found = classify(raw)
    assert [(f.address, f.status, f.hard) for f in found.failures] == [
        ("ann@example.org", "5.1.1", True),
        ("bob@example.org", "5.2.2", False),
    ]
    assert failure_of(found, "BOB@example.org") is found.failures[1]
    assert failure_of(found, "carl@example.org") is found.failures[0]


def test_our_own_addresses_are_no_recipients() -> None:
    raw = reports.mail(
        "From: MAILER-DAEMON@mx.example.net\nSubject: Returned mail",
        "These do not take mail from <support@acme.example>:\n\n550 ann\n\n"
        f"--- Original message follows.\n\n{reports.ORIGINAL}",
    )
    assert [failure.address for failure in classify(raw).failures] == ["ann@example.org"]


def test_nothing_has_failed_in_a_notice_of_delay() -> None:
    late = reports.report(reports.recipient("ann@example.org", "delayed", "4.4.1", "no answer"))
    assert failure_of(classify(late), "ann@example.org") is None


def test_a_forwarded_address_is_found_by_the_one_that_was_mailed() -> None:
    fields = (
        "Original-Recipient: rfc822;ann@example.org\nFinal-Recipient: rfc822;x@forward.example\n"
        "Action: failed\nStatus: 5.1.1\n"
    )
    found = classify(reports.report(fields))
    failure = failure_of(found, "ann@example.org")
    assert failure is not None
    assert failure.final == "x@forward.example"


def test_a_refusal_by_sieve() -> None:
    fields = (
        "Reporting-UA: mail; Dovecot\nFinal-Recipient: rfc822; ann@example.org\n"
        "Disposition: automatic-action/MDN-sent-automatically; deleted\n"
    )
    raw = reports.report(
        fields,
        "Your message to <ann@example.org> was automatically rejected:\nQuota exceeded",
        kind="disposition-notification",
        head="From: Mail Delivery Subsystem <root@example.org>\nSubject: Rejected: Your question\n"
        "Content-Type: multipart/report; report-type=disposition-notification; boundary=b",
    )
    found = classify(raw)
    assert (found.kind, found.reason) == ("bounce", "mdn_rejected")
    assert [(f.address, f.hard) for f in found.failures] == [("ann@example.org", False)]
