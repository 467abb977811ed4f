"""The lines by which clients introduce a quote: attributions, header blocks, separators.

All patterns look at one line, or at a few joined, of bounded length (`lines.LONGEST`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from continuation_cli.core.extract import words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from continuation_cli.core.extract.lines import Line

#: Longest attribution, in characters, its lines joined.
_LONGEST = 400
#: Most lines that one is wrapped over, blank ones not counted.
_MOST_LINES = 5

#: To be searched in small letters: ignoring case would cost ten times as much.
_VERB = re.compile(
    r"(?:(?<![^\W\d_])(?:"
    + "|".join(re.escape(verb) for verb in sorted(words.VERBS, key=len, reverse=True))
    + r")(?![^\W\d_])|"
    + "|".join(map(re.escape, words.UNSPACED_VERBS))
    + ")"
)
#: A person who tells what they wrote themselves is no client.
_PRONOUN = re.compile(
    r"(?<!\w)(?:i|we|ich|wir|je|j'ai|nous|yo|io|eu|ik|wij|we|jag|jeg|vi|ja|minä|я|мы|ми|ben|私|我)$",
    re.IGNORECASE,
)
_SELF_AFTER = re.compile(r"\s(?:ich|wir|ik|wij|jag|jeg|vi)(?!\w)", re.IGNORECASE)
_DATE = re.compile(
    r"(?<!\d)(?:(?:19|20)\d\d(?!\d)|\d{1,2}[:.h]\d\d(?!\d)|\d{1,4}[./-]\d{1,2}[./-]\d{1,4}"
    r"|\d{1,2}\s?月|\d{4}\s?年|\d\s?시)"
)
_DIGIT = re.compile(r"\d")
_NUMERIC_START = re.compile(r"(?:\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|\d{4}\s?[年년]|\d{1,2}:\d\d)")
_ANGLE_END = re.compile(r"@[^<>]{1,200}>?\)?>\s?[:：]?$")
#: An attribution in the line that the person wrote in: the client put no line end before it.
_MIDLINE = re.compile(
    r"(?:(?<=\s)|(?<=--)|(?<=[.!?]))-*\s?"
    r"(?=(?:On|Am|Le|El|Il|Em|Op|Den|W dniu|Dnia)\s+"
    r"(?:(?i:mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|fr|sa|so|lun|mar|mer|jeu|ven|sam|dim|mié|jue|vie"
    r"|sáb|dom|gio|seg|ter|qua|qui|sex|ma|wo|vr|za|zo|jan|feb|apr|may|jun|jul|aug|sep|oct|nov|dec)"
    r"[\w.]{0,9},?\s|\d))"
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ENDS: Final = ":：>-—*_)"
_TRIM = " \t*_-–—|"
#: The rest of an attribution that a relay broke after the "<" of the address.
_REST = re.compile(r"\s{0,3}>\s?(?:[^\s<>]{1,24}\s?){0,3}[:：]\s*$")


def is_attribution(text: str, *, before_quote: bool) -> bool:
    """Whether the text says that somebody wrote what follows. `before_quote`: a quote follows."""
    text = text.strip(_TRIM).lower()
    if not 6 < len(text) <= _LONGEST:
        return False
    has_colon = text[-1] in ":："
    verb = _last_verb(text)
    has_email = "@" in text
    date = _DATE.search(text)
    if verb is None:
        if not has_email and not (has_colon and before_quote and date):
            return False
        if has_colon or before_quote:
            if date and _ANGLE_END.search(text) and (has_colon or begins(text)):
                return True
            # In a language whose verb is not known: the quote below tells.
            return has_colon and before_quote and len(text) > 16 and bool(date or has_email)
        return False
    rest = text[verb.end() :].strip(" \t:：*>)]\xa0-_—.")
    last = not rest
    if not (has_colon or last):
        return False
    before = text[: verb.start()].rstrip()
    if _PRONOUN.search(before[-12:]) or _SELF_AFTER.match(text[verb.end() : verb.end() + 6]):
        return False
    if date and has_email:
        return True
    if has_email:
        return has_colon and (last or before_quote)
    if date:
        return begins(text) or before_quote or (has_colon and len(text) <= 100)
    return has_colon and before_quote and len(text) <= 120


def _last_verb(text: str) -> re.Match[str] | None:
    found = None
    for match in _VERB.finditer(text):
        found = match
    return found


def begins(text: str) -> bool:
    """Whether the text begins as an attribution that begins with its day does."""
    text = text.lstrip(_TRIM + "(\"'")
    word = text[:24].partition(" ")[0].lower()
    if word in words.LEADS or word.rstrip(",") in words.LEADS:
        return True
    return (
        bool(_NUMERIC_START.match(text))
        or (word.startswith(words.WEEKDAYS + _MONTHS) and bool(re.search(r"\d", text[:40])))
        or (text[:1].isdigit() and bool(_DATE.search(text[:40])))
    )


def may_end(key: str) -> bool:
    """Whether an attribution may end with this line; a cheap question first."""
    if not key:
        return False
    if key[-1] in _ENDS:
        return True
    tail = key[-24:].lower()
    match = _last_verb(tail)
    return match is not None and not tail[match.end() :].strip(" *_.")


def start_of(lines: Sequence[Line], end: int, floor: int, *, before_quote: bool) -> int | None:
    """Where the attribution that ends with line `end` starts; None if there is none.

    It does not start before line `floor`.
    """
    if not before_quote and not any(
        "@" in line.key or _DIGIT.search(line.key) for line in lines[max(end - 6, floor) : end + 1]
    ):
        return None
    joined, best = "", None
    start, taken, blanks = end, 0, 0
    while start >= floor and taken < _MOST_LINES and len(joined) <= _LONGEST:
        line = lines[start]
        if not line.key:
            blanks += 1
            # Some clients put the name and the address between blank lines.
            if blanks > 2 or best is not None:
                break
            start -= 1
            continue
        if start < end and line.depth and not lines[end].depth:
            break
        taken += 1
        lacks_day, lacks_address = _DATE.search(joined) is None, "@" not in joined
        key = f"> {line.key}" if line.depth else line.key
        joined = f"{key} {joined}".rstrip()
        if best is None:
            if is_attribution(joined, before_quote=before_quote) and not _is_fragment(lines, start):
                best = start
        elif (
            (lacks_day and _has_day(line.key)) or (lacks_address and _has_address(line.key))
        ) and is_attribution(joined, before_quote=True):
            best = start
        elif start < best - 1:
            break
        start -= 1
    return best


def _has_day(key: str) -> bool:
    """Whether an attribution may begin with this line, the day in it."""
    return len(key) < 120 and key[-1] not in ".!?" and _DATE.search(key) is not None


def _has_address(key: str) -> bool:
    return len(key) < 160 and "<" in key and "@" in key and key[-1] not in ".!?"


def _is_fragment(lines: Sequence[Line], at: int) -> bool:
    """Whether the line begins in the midst of an address."""
    key = lines[at].key if at < len(lines) else ""
    if key.startswith(("<", ">", "mailto:")) or lines[at].depth > 0:
        return True
    return at > 0 and lines[at - 1].key.endswith("<")


def split_midline(key: str) -> str | None:
    """What stands before an attribution within the line; None if it begins the line."""
    found = None
    for found in _MIDLINE.finditer(key[:_LONGEST]):
        if found.end() > 2:
            break
    if found is None or found.end() <= 2:
        return None
    before = key[: found.start()].rstrip(" -")
    if before.lower() in words.LEADS or (_DATE.search(before) and begins(before)):
        return None  # "On Mon, Mar 2 at 10:15 AM Jan wrote:" has begun already
    return before or None


def opens_quote(key: str) -> bool:
    """Whether the line holds an attribution and the first words of the quote behind it."""
    at = key.find("@", 0, _LONGEST)
    if at < 0 or not begins(key):
        return False
    colon = key.find(":", at, _LONGEST)
    return (
        colon > 0
        and bool(key[colon + 1 :].strip(_TRIM))
        and is_attribution(key[: colon + 1], before_quote=False)
    )


def introduces(key: str) -> bool:
    """Whether a line that is the first of what a client quotes may be more than quoted words."""
    return key[-1:] in (":", "：") or "@" in key or is_separator(key) or label_of(key) is not None


def is_rest(line: Line) -> bool:
    """Whether a line that seems quoted is "> wrote:", the ">" being that of an address."""
    return (
        line.depth == 1
        and len(line.key) < 40
        and bool(line.key[-1:] in (":", "：") and _REST.match(f"> {line.key}"))
        and (line.key[:-1].strip() == "" or bool(_VERB.search(line.key.lower())))
    )


# --- Separators --------------------------------------------------------------------------------


def _lower(text: str) -> str:
    return text.lower().replace("\u0307", "")  # the Turkish capital İ leaves a dot


def is_titled_rule(key: str) -> bool:
    """Whether it is a few words between dashes, in whatever language."""
    return len(key) < 160 and key[:3] in ("---", "___", "===") and bool(_RULED.fullmatch(key))


_RULED = re.compile(r"[\s*_>|]*[-–—_=*]{2,}[\s*]*([^-–—_=*].{0,60}?)[\s*:]*[-–—_=*]{2,}[\s*]*")
_SEPARATORS = frozenset(words.SEPARATORS)


def is_separator(key: str) -> bool:
    """Whether it is a line as "-----Original Message-----" or "Begin forwarded message:"."""
    if len(key) > 160:
        return False
    if key[0] in "-–—_=*" and key[-1] in "-–—_=*":
        match = _RULED.fullmatch(key)
        if match is not None:
            name = match[1].lower().replace("i\u0307", "i").strip(" .:")
            return name in _SEPARATORS or name.startswith(("forwarded by ", "original message"))
    return key[-1] in ":：" and _lower(key).strip(" *_-:：") in words.FORWARDED


_RULE = re.compile(r"[-–—_=*\s]{3,}|[*_]{2,}")


def is_rule(key: str) -> bool:
    """Whether the line is nothing but dashes, underscores and the like."""
    return bool(key) and key[0] in "-–—_=*" and len(key) >= 3 and _RULE.fullmatch(key) is not None


# --- Header blocks -----------------------------------------------------------------------------


def label_of(key: str) -> tuple[words.Label, str] | None:
    """The label that the line begins with, and what follows its colon."""
    colon = key.find(":", 1, 36)
    if colon < 0:
        colon = key.find("：", 1, 36)
        if colon < 0:
            return None
    label = words.LABELS.get(key[:colon].strip(" \t*_-#|>").lower())
    if label is None:
        return None
    return label, key[colon + 1 :].strip(" *_")


def header_block(lines: Sequence[Line], start: int, *, ruled: bool) -> int | None:
    """Where the header block that starts with the line `start` ends (its last line).

    It has the sender and one more of date, recipients and subject. As people write "From: London",
    it needs a sign more: an address, a subject, or a rule above (`ruled`).
    """
    first = label_of(lines[start].key)
    if first is None or not (ruled or first[0] != "other"):
        return None
    found: dict[str, str] = {}
    last, at = start, start
    spaced = False  # whether blank lines are between its lines
    while at < len(lines) and at < start + 40:
        line = lines[at]
        if line.depth != lines[start].depth and line.key:
            break
        labelled = label_of(line.key)
        if labelled is not None:
            if labelled[0] in found and labelled[0] != "other":
                break
            found.setdefault(labelled[0], labelled[1])
            _add_others(found, labelled[1])
            spaced = spaced or at > last + 1
            last = at
        elif not line.key:
            if at > last + 2 or (len(found) > 1 and not spaced):
                break
        elif not _goes_on(lines[at - 1], line):
            break
        at += 1
    if spaced and not ruled and first[0] not in ("from", "date"):
        return None  # somebody's own line above those of a client
    return last if _is_header(found, ruled=ruled) else None


def _add_others(found: dict[str, str], value: str) -> None:
    """The fields that follow in the same line, which was several before something joined them."""
    if ":" in value and "@" in value:
        for match in _FIELD.finditer(value[:_LONGEST]):
            label = words.LABELS.get(match[1].lower())
            if label is not None:
                found.setdefault(label, value[match.end() :])


_FIELD = re.compile(r"(?:^|\s)\*?([^\s:：*]{1,20})\*?\s?[:：]\*?\s")


def _goes_on(before: Line, line: Line) -> bool:
    """Whether a line without a label is the rest of a field that was too long for one."""
    return "@" in line.key or before.key[-1:] in (",", ";") or line.text[:1] in (" ", "\t")


def _is_header(found: dict[str, str], *, ruled: bool) -> bool:
    kinds = found.keys() - {"other"}
    if len(kinds) < 2:
        return False
    if ruled or len(kinds) == 4:
        return True
    if "from" not in kinds:
        return False
    if "@" in found["from"] or "@" in found.get("to", ""):
        return "date" in kinds or "subject" in kinds
    return "date" in kinds and "subject" in kinds
