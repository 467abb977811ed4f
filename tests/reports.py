"""Reports of delivery as mail software writes them, for tests: one per form, in our own words."""

from __future__ import annotations

from typing import NamedTuple

ORIGINAL = """\
From: Ana at Acme <support@acme.example>
To: Ann <ann@example.org>
Reply-To: reply+abcdefghijklmnopqrstuvwx23@in.acme.example
Message-ID: <out-1@acme.example>
Subject: Your question

Good morning.
"""
FAILED = "ann@example.org"


class Told(NamedTuple):
    """What is expected of one report."""

    status: str | None
    action: str
    hard: bool
    address: str | None = FAILED


def mail(head: str, body: str) -> bytes:
    """A message from a header block and a body."""
    return f"{head.strip()}\n\n{body}".encode()


def report(
    fields: str, prose: str = "Delivery failed.", *, head: str = "", kind: str = "delivery-status"
) -> bytes:
    """A multipart/report (RFC 6522) with the message that it returns."""
    return mail(
        head
        or "From: MAILER-DAEMON@mx.example.net\nReturn-Path: <>\nSubject: Undelivered Mail"
        "\nTo: bounce+abcdefghijklmnopqrstuvwx23@in.acme.example"
        f"\nMIME-Version: 1.0\nContent-Type: multipart/report; report-type={kind}; boundary=b",
        f"--b\n\n{prose}\n--b\nContent-Type: message/{kind}\n\n{fields}\n"
        f"--b\nContent-Type: message/rfc822\n\n{ORIGINAL}\n--b--\n",
    )


def recipient(address: str, action: str, status: str, said: str) -> str:
    """The fields of RFC 3464."""
    return (
        "Reporting-MTA: dns; mx.example.net\n\n"
        f"Final-Recipient: rfc822; {address}\nAction: {action}\nStatus: {status}\n"
        f"Diagnostic-Code: smtp; {said}\n"
    )


def _prose(head: str, body: str) -> bytes:
    return mail(f"To: support@acme.example\n{head}", body)


def _with_original(head: str, body: str) -> bytes:
    return _prose(
        f"{head}\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b",
        f"--b\n\n{body}\n--b\nContent-Type: message/rfc822\n\n{ORIGINAL}\n--b--\n",
    )


#: name: (the message, what it tells)
PROSE: dict[str, tuple[bytes, Told]] = {
    "qmail": (
        _prose(
            "From: MAILER-DAEMON@mx.example.net\nSubject: failure notice",
            "Hi. This is the qmail-send program at mx.example.net.\n"
            "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
            "This is a permanent error; I've given up. Sorry it didn't work out.\n\n"
            "<ann@example.org>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n"
            f"--- Below this line is a copy of the message.\n\n{ORIGINAL}",
        ),
        Told("5.1.1", "failed", True),
    ),
    "exim": (
        _prose(
            "From: Mail Delivery System <Mailer-Daemon@mx.example.net>\n"
            "X-Failed-Recipients: ann@example.org\nAuto-Submitted: auto-replied\n"
            "Subject: Mail delivery failed: returning message to sender",
            "This message was created automatically by mail delivery software.\n\n"
            "A message that you sent could not be delivered to one or more of its\n"
            "recipients. This is a permanent error. The following address(es) failed:\n\n"
            "  ann@example.org\n    host mx.example.org [192.0.2.1]\n"
            "    SMTP error from remote mail server after RCPT TO:<ann@example.org>:\n"
            "    550 No such user here\n\n"
            "------ This is a copy of the message, including all the headers. ------\n\n"
            f"{ORIGINAL}",
        ),
        Told(None, "failed", True),
    ),
    "exim, late": (
        _prose(
            "From: Mail Delivery System <Mailer-Daemon@mx.example.net>\nReturn-Path: <>\n"
            "Subject: Warning: message 1abcde-000000-00 delayed 24 hours",
            "A message that you sent has not yet been delivered to one or more of its\n"
            "recipients after more than 24 hours on the queue on mx.example.net.\n\n"
            "The address to which the message has not yet been delivered is:\n\n"
            "  ann@example.org\n    Delay reason: 450 4.2.0 greylisted\n",
        ),
        Told("4.2.0", "delayed", False),
    ),
    "Postfix of old": (
        _with_original(
            "From: MAILER-DAEMON@mx.example.net (Mail Delivery System)\n"
            "Subject: Undelivered Mail Returned to Sender",
            "This is the Postfix program at host mx.example.net.\n\n"
            "I'm sorry to have to inform you that the message returned\n"
            "below could not be delivered to one or more destinations.\n\n"
            "For further assistance, please contact <postmaster@mx.example.net>\n\n"
            "<ann@example.org>: host mx.example.org[192.0.2.1] said: 550 User\n    unknown\n",
        ),
        Told(None, "failed", True),
    ),
    "Sendmail of old": (
        _prose(
            "From: Mail Delivery Subsystem <MAILER-DAEMON@mx.example.net>\n"
            "Subject: Returned mail: User unknown",
            "   ----- Transcript of session follows -----\nWhile talking to mx.example.org:\n"
            ">>> RCPT To:<ann@example.org>\n<<< 550 <ann@example.org>... User unknown\n"
            "550 <ann@example.org>... User unknown\n\n"
            f"   ----- Unsent message follows -----\nReceived: by mx.example.net\n{ORIGINAL}",
        ),
        Told(None, "failed", True),
    ),
    "Exchange 5.5": (
        _prose(
            "From: System Administrator <postmaster@example.org>\n"
            "Subject: Undeliverable: Your question\nX-Mailer: Internet Mail Service (5.5.2653.19)",
            "Your message\n\n  To:      ann@example.org\n  Subject: Your question\n"
            "  Sent:    Thu, 5 Mar 2026 10:00:00 +0100\n\n"
            "did not reach the following recipient(s):\n\n"
            "ann@example.org on Thu, 5 Mar 2026 10:00:01 +0100\n"
            "    The recipient name is not recognized\n"
            "    MSEXCH:IMS:Example:SITE:MAIN 0 (000C05A6) Unknown Recipient\n",
        ),
        Told(None, "failed", True),
    ),
    "Gmail of old": (
        _prose(
            "From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\nReturn-Path: <>\n"
            "X-Failed-Recipients: ann@example.org\n"
            "Subject: Delivery Status Notification (Failure)",
            "Delivery to the following recipient failed permanently:\n\n     ann@example.org\n\n"
            "Technical details of permanent failure:\n"
            "Google tried to deliver your message, but it was rejected by the server.\n\n"
            "The error that the other server returned was:\n"
            "552 5.2.2 <ann@example.org>... Mailbox Full\n\n"
            f"----- Original message -----\n\n{ORIGINAL}",
        ),
        Told("5.2.2", "failed", False),
    ),
    "Yahoo": (
        _prose(
            "From: MAILER-DAEMON@yahoo.example\nSubject: Failure Notice",
            "Sorry, we were unable to deliver your message to the following address.\n\n"
            "<ann@example.org>:\nThis user doesn't have a yahoo.example account "
            "(ann@example.org) [0]\n\n--- Below this line is a copy of the message.\n\n"
            f"{ORIGINAL}",
        ),
        Told(None, "failed", True),
    ),
    "SMTP32": (
        _prose(
            'From: "Postmaster" <postmaster@example.net>\nSubject: Undeliverable Mail\n'
            "X-Mailer: <SMTP32 v8.15>",
            "Unknown user: ann@example.org\n\nRCPT TO generated following response:\n"
            "553 5.3.0 <ann@example.org>... Addressee unknown\n\n"
            f"Original message follows.\n\n{ORIGINAL}",
        ),
        Told("5.3.0", "failed", True),
    ),
    "Lotus Notes": (
        _prose(
            "From: postmaster@example.net\nReturn-Path: <>\nSubject: Undeliverable message",
            "------- Failure Reasons  --------\n\n"
            "User ann not listed in public Name & Address Book\nann@example.org\n\n"
            f"------- Returned Message --------\n{ORIGINAL}",
        ),
        Told(None, "failed", True),
    ),
    "MDaemon": (
        _with_original(
            "From: MDaemon@mx.example.net\nSubject: Permanent Delivery Failure",
            "The attached message had PERMANENT fatal delivery errors!\n\n"
            "The following addresses did NOT receive a copy of your message:\n\n"
            "> ann@example.org\n\n--- Session Transcript ---\n RCPT To:<ann@example.org>\n"
            " 552 Message for <ann@example.org> would exceed mailbox quota\n",
        ),
        Told(None, "failed", False),
    ),
    "MailEnable": (
        _prose(
            "From: Postmaster <POSTMASTER@mx.example.net>\nSubject: Message Delivery Failure",
            "MailEnable: Message Delivery Failure.\n\nThe following recipient(s) could not be "
            "reached:\n\n    Recipient: [SMTP:ann@example.org]\n"
            "    Reason: The mailbox does not exist.\n",
        ),
        Told(None, "failed", True),
    ),
    "Courier": (
        _prose(
            "From: MAILER-DAEMON <>\nSubject: NOTICE: mail delivery status.",
            "This is a delivery status notification from mx.example.net,\n"
            "running the Courier mail server, version 1.0.\n\n"
            "           UNDELIVERABLE MAIL\n\nYour message to the following recipients cannot be "
            "delivered:\n\n<ann@example.org>:\n    mx.example.org [192.0.2.1]:\n"
            "    >>> RCPT TO:<ann@example.org>\n    <<< 550 5.1.1 User unknown\n",
        ),
        Told("5.1.1", "failed", True),
    ),
    "DragonFly": (
        _prose(
            "From: MAILER-DAEMON <>\nSubject: Mail delivery failed",
            "This is the DragonFly Mail Agent v0.13 at mx.example.net.\n\n"
            "There was an error delivering your mail to <ann@example.org>.\n\n"
            "mx.example.org [192.0.2.1] did not like our RCPT TO:\n"
            "550 5.7.1 <ann@example.org>: Recipient address rejected: blocked\n\n"
            f"Message headers follow.\n\n{ORIGINAL}",
        ),
        Told("5.7.1", "failed", False),
    ),
    "InterScan": (
        _with_original(
            "From: imss@gateway.example\nSubject: Mail could not be delivered",
            "****** Message from InterScan Messaging Security Suite ******\n\n"
            "Sent <<< RCPT TO:<ann@example.org>\nReceived >>> 550 5.1.1 unknown user.\n\n"
            "Unable to deliver message to <ann@example.org>.\n",
        ),
        Told("5.1.1", "failed", True),
    ),
    "an operator's, in Japanese": (
        _with_original(
            "From: no-reply@mx.example.jp\nSubject: =?utf-8?B?44Oh44O844Or44Ko44Op44O86YCa55+l?=",
            "Your mail sent on: Thu, 5 Mar 2026 10:00:00 +0900\n"
            "     Could not be delivered to: <ann@example.org>\n     As their mailbox is full.\n",
        ),
        Told(None, "failed", False),
    ),
    "HTML alone": (
        _prose(
            "From: MAILER-DAEMON@mx.example.cn\nSubject: failure notice\nContent-Type: text/html",
            "<style>p{color:red}</style><p>Hi. This is the deliver program.</p>"
            "<p>ann@example.org<br></p><p>No such&nbsp;user</p>",
        ),
        Told(None, "failed", True),
    ),
    "fields in prose": (
        _with_original(
            "From: MAILER-DAEMON@mx.example.net\nReturn-Path: <>\nSubject: Delivery Status",
            "An error occurred while trying to deliver the mail.\n\nTechnical report:\n\n"
            "Action: failed\nFinal-Recipient: rfc822; ann@example.org\n"
            "Diagnostic-Code: smtp; 554 4.4.7 Message expired\nStatus: 4.4.7\n",
        ),
        Told("4.4.7", "failed", False),
    ),
    "a reason before the address": (
        _prose(
            'From: postmaster@mx.example.net\nSubject: Undeliverable Mail: "Your question"',
            "Your message could not be delivered because of\n\n550 5.1.1 User unknown\n\n"
            "The following recipients were affected:\n    ann@example.org\n",
        ),
        Told("5.1.1", "failed", True),
    ),
    "nobody named": (
        _with_original(
            "From: MAILER-DAEMON@mx.example.net\nSubject: Undelivered Mail Returned to Sender",
            "This is the mail system.\n\n--- Delivery report unavailable ---\n",
        ),
        Told(None, "failed", False),
    ),
}
