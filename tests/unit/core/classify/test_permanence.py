"""Only clear words say that an address is dead."""

from __future__ import annotations

import pytest

from continuation_cli.core.classify.permanence import is_hard, says_why


@pytest.mark.parametrize(
    ("status", "text"),
    [
        ("5.1.1", ""),
        ("5.1.1", "550 5.1.1 RESOLVER.ADR.RecipNotFound; not found"),
        ("5.1.1", "550 5.1.1 The email account that you tried to reach does not exist."),
        ("5.1.1", "550 5.1.1 user unknown; see our spam policy"),
        ("5.1.2", "550 5.1.2 Host unknown (Name server: no such domain)"),
        ("5.1.3", "501 5.1.3 Bad recipient address syntax"),
        ("5.1.6", "Destination mailbox has moved, no forwarding address"),
        ("5.1.10", "556 5.1.10 Recipient address has null MX"),
        ("5.2.1", "550 5.2.1 The email account that you tried to reach is disabled."),
        ("5.1.351", "550 5.1.351 Remote server returned unknown recipient"),
        ("5.0.0", "550 : User unknown"),
        ("5.3.0", "553 5.3.0 Addressee unknown"),
        ("5.2.0", "550 Unknown user ann@example.org"),
        ("5.5.0", "550 5.5.0 Adresse destinataire invalide. Invalid recipient."),
        (None, "550 No such user here"),
        (None, "Sorry, no mailbox here by that name."),
        (None, "This user doesn't have a yahoo.example account"),
        (None, "The recipient name is not recognized"),
        (None, "This account has been disabled or discontinued [#102]."),
        (None, "the address couldn’t be found, or is unable to receive email"),
        (None, "Invalid final delivery userid"),
        (None, "Benutzer ist unbekannt"),
        (None, "用户不存在"),
    ],
)
def test_dead(status: str | None, text: str) -> None:
    assert is_hard(status, text)


@pytest.mark.parametrize(
    ("status", "text"),
    [
        ("5.1.1", "550 5.1.1 mailbox full"),
        ("5.1.1", "550 5.1.1 blocked using zen.spamhaus.org"),
        ("5.2.1", "550 5.2.1 The user is receiving mail at a rate that prevents delivery"),
        ("5.1.2", "Name service error, temporary failure"),
        ("5.2.2", "552 5.2.2 user unknown or over quota"),
        ("5.2.3", "Message length exceeds administrative limit"),
        ("5.3.4", "Message too big for system"),
        ("5.4.4", "Unable to route: host unknown"),
        ("5.4.1", "Recipient address rejected: Access denied"),
        ("5.4.312", "DNS query failed"),
        ("5.6.0", "Media error"),
        ("5.7.1", "550 5.7.1 user unknown to our spam filter"),
        ("5.7.13", "Disabled recipient address"),
        ("5.1.8", "553 5.1.8 Domain of sender address does not exist"),
        ("5.1.0", "550 5.1.0 <bounce@acme.example> sender rejected"),
        ("5.0.0", "550 Rejected"),
        ("5.0.0", "554 Mail from support@acme.example rejected for policy reasons."),
        ("5.0.0", "Domain does not exist"),
        ("5.0.0", "552 Too many recipients"),
        ("4.1.1", "450 4.1.1 unverified address: user unknown"),
        ("4.4.7", "Message expired; last said 550 5.1.1 no such user"),
        ("2.1.5", "250 recipient ok"),
        (None, "452 user unknown for now, try again later"),
        (None, "450 unknown user"),
        (None, "Unrouteable address"),
        (None, "The e-mail message could not be delivered because the user's mailfolder is full."),
        (None, "550 unknown sender"),
        (None, ""),
        # Words within names are no words.
        ("5.0.0", "550 <no-such-user@example.org>: rejected"),
        ("5.0.0", "550 Rejected. See https://example.org/reason/#user-unknown"),
    ],
)
def test_alive(status: str | None, text: str) -> None:
    assert not is_hard(status, text)


def test_a_reason_is_told_from_words_around_it() -> None:
    assert says_why("550 5.1.1 x")
    assert says_why("the mailbox is full")
    assert not says_why("Your message to the following address:")
