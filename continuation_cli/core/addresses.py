"""Email addresses: which can be mailed, and when two are the same."""

from __future__ import annotations

import re

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_PLAIN = re.compile(
    rf"(?=.{{3,254}}\Z)(?=[^@]{{1,64}}@){_ATOM}(?:\.{_ATOM})*@(?:{_LABEL}\.)+{_LABEL}"
)
#: It has no place in an address, but parsers decode it there (RFC 2047, section 5, rule 3).
_ENCODED_WORD = re.compile(r"=\?[^?]+\?[bq]\?", re.IGNORECASE)


def is_valid(address: str) -> bool:
    """Whether mail can be addressed to it: one addr-spec of RFC 5321 or RFC 6531, unquoted.

    The everyday form is recognised at once; anything else is left to email-validator, which is
    slow to load. A name without a dot is a mailbox only on `localhost`.
    """
    if _ENCODED_WORD.search(address):  # where one is decoded, it is another's address
        return False
    if _PLAIN.fullmatch(address):
        return not address[-1].isdigit()
    if len(address) > 320 or any(c.isspace() or not c.isprintable() for c in address):
        return False
    if address.endswith("@localhost"):
        return re.fullmatch(rf"{_ATOM}(?:\.{_ATOM})*", address[:-10]) is not None
    if address.isascii():
        return False
    from email_validator import EmailNotValidError, validate_email

    try:
        validate_email(address, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return False
    return True


def normalise(address: str) -> str:
    """The form under which an address is suppressed: the domain as A-labels, folded case, no
    surrounding space.

    RFC 5321, section 2.4, lets local parts differ by case; in practice they never do, and a
    suppressed address must not slip through in capitals.
    """
    address = address.strip()
    try:
        return to_ascii(address).casefold()
    except ValueError:
        return address.casefold()


def to_ascii(address: str) -> str:
    """The address with an internationalised domain as A-labels (RFC 5891), which every server
    understands; a local part beyond ASCII stays, and needs SMTPUTF8 (RFC 6531).

    Raises ValueError if the domain cannot be encoded.
    """
    if address.isascii():
        return address
    import idna

    local, _, domain = address.rpartition("@")
    return f"{local}@{idna.encode(domain, uts46=True).decode('ascii')}"


def same(one: str, other: str) -> bool:
    """Whether two spellings name the same mailbox.

    Folding turns some letters into ASCII (the Kelvin sign, the long s): where a server allows them
    in a local part, that is another person's mailbox.
    """
    local, other_local = (address.rpartition("@")[0].strip() for address in (one, other))
    return local.isascii() == other_local.isascii() and normalise(one) == normalise(other)
