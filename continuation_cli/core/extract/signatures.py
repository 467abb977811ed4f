"""What is put below a message without being written for it: signatures and footers of mail apps."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from continuation_cli.core.extract import words
from continuation_cli.core.extract.attribution import is_rule

if TYPE_CHECKING:
    from collections.abc import Sequence

    from continuation_cli.core.extract.lines import Line

#: A signature has no more lines than this that are not blank, and below a mere rule fewer.
_MOST_LINES: Final = 25
_MOST_LINES_RULED: Final = 10

_DELIMITERS: Final = frozenset(
    ("--", "—", "––", "- -", "---", "\\--", "―", "-- --", "−−", "**--**")
)
_RULE = re.compile(r"_{4,}|[-–—]{8,}|[*.·\s]{11,}|[-=~*_]{2,3}\s?_{4,}")
_STARTS = tuple(dict.fromkeys(words.FOOTERS))
_SURE = tuple(words.SURE_FOOTERS)
#: First characters of footers: most lines are told apart by these.
_FIRST = frozenset(start[0] for start in _STARTS + _SURE)
_DECORATION = " \t*_-–—[](){}<>\"'|.•"
_CONFIDENTIAL = re.compile("|".join(words.CONFIDENTIAL), re.IGNORECASE)
_NOTE = re.compile("|".join(words.NOTICES), re.IGNORECASE)
#: Characters of a notice that are looked at.
_NOTICE: Final = 1_500
_SIGN_OFFS: Final = tuple(words.SIGN_OFFS)
_LONGEST_SIGN_OFF: Final = 60
#: What lines of a business card have: numbers, addresses, kinds of companies.
_CONTACT = re.compile(
    r"\+?\d[\d ()./-]{6,30}\d|\w@\w|www\.|https?:|\b(?:tel|phone|mobile|mobil|fax|gmbh|ltd|inc"
    r"|llc|ug|sarl|b\.v|s\.a|s\.r\.l|sp\. z o\.o|aps|oy|kft|s\.r\.o)\b",
    re.IGNORECASE,
)
_LINK = re.compile(r"<https?://[^<>\s]*>|\(https?://[^()\s]*\)|\[https?://[^\[\]\s]*\]")


def is_delimiter(key: str) -> bool:
    """Whether it is the line above a signature (RFC 3676, section 4.3: "-- "), or meant so."""
    return key in _DELIMITERS


def is_footer(key: str) -> bool:
    """Whether it is a line such as "Sent from my iPhone", whole."""
    if len(key) > 200:
        return False
    text = key.lstrip(_DECORATION)
    if not text:
        return False
    lower = text.lower().replace("\u2019", "'")
    if lower[0] not in _FIRST and not lower.rstrip(_DECORATION).endswith(words.FOOTER_ENDS):
        return False
    if "http" in lower:
        lower = _LINK.sub("", lower)
    lower = lower.rstrip(_DECORATION)
    if lower.startswith(_SURE):
        return True
    if len(lower) > 90:
        return False
    starts = f"{lower} ".startswith(_STARTS)
    starts = starts or (lower.startswith("von ") and lower.endswith(" gesendet"))
    if not starts and not lower.endswith(words.FOOTER_ENDS):
        return False
    # A sentence that goes on is somebody's own.
    return len(lower.split()) <= 10 and ", " not in lower[:-1] and not lower.endswith("?")


def signature_start(lines: Sequence[Line], *, has_text_before: bool) -> int | None:
    """Where, in a run of unquoted lines up to a quote or the end, the signature starts."""
    written = has_text_before
    for at, line in enumerate(lines):
        key = line.key
        if not key:
            continue
        if key[0] in "-—–_*.\\―−":
            if is_delimiter(key) and _written_lines(lines, at) <= _MOST_LINES:
                return at
            if _RULE.fullmatch(key) and _written_lines(lines, at) <= _limit(key):
                return at
        if written and is_footer(key):
            return at
        if written and len(key) <= _LONGEST_SIGN_OFF and is_sign_off(key):
            end = _end_of_name(lines, at)
            if end is not None:
                return end
        written = True
    return None


def is_sign_off(key: str) -> bool:
    """Whether the line is a sign-off ("Best regards,"), alone or with a name."""
    return key.lower().lstrip(_DECORATION).startswith(_SIGN_OFFS)


def _end_of_name(lines: Sequence[Line], at: int) -> int | None:
    """Where, below the sign-off and the name, the lines of an address book begin; None if there
    are none, or something else is among them."""
    written = [number for number in range(at + 1, min(at + 60, len(lines))) if lines[number].key]
    if not 2 <= len(written) <= _MOST_LINES or written[-1] < len(lines) - 20:
        return None
    below = [lines[number].key for number in written[1:]]
    if any(len(key) > 90 or key[:2].lower() in ("ps", "p.") or key[-1] == "?" for key in below):
        return None
    return written[1] if any(map(_CONTACT.search, below)) else None


def without_disclaimer(lines: list[Line], *, has_text_before: bool) -> list[Line]:
    """Without the notice that a company's mail server put below: the last paragraph or two."""
    for at in range(len(lines) - 1, -1, -1):
        if not lines[at].key or (at and lines[at - 1].key and not is_rule(lines[at - 1].key)):
            continue  # not the first line of a paragraph
        if not has_text_before and not any(line.key for line in lines[:at]):
            break
        paragraph = " ".join(line.key for line in lines[at : at + 12])[:_NOTICE]
        if len(paragraph) >= 80 and _CONFIDENTIAL.search(paragraph) and _NOTE.search(paragraph):
            return lines[:at]
        if len(lines) - at > 24:
            break
    return lines


def _limit(key: str) -> int:
    """Below dashes people go on; below underscores or dots comes what a company adds."""
    return 0 if key[0] in "-–—*" and "." not in key else _MOST_LINES_RULED


def _written_lines(lines: Sequence[Line], at: int) -> int:
    """How many lines after this one are not blank; counted no further than is of interest."""
    count = 0
    for number in range(at + 1, len(lines)):
        count += bool(lines[number].key)
        if count > _MOST_LINES:
            break
    return count
