"""What of a body's lines is new: the heart of the extraction, over text and HTML alike."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

from continuation_cli.core.extract import attribution, ours, signatures
from continuation_cli.core.extract.lines import Line, key_of, line_of, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Characters from which on a quoted line may have been wrapped by what forwarded it.
_WRAPPED: Final = 60
#: Lines that clients make, at most, of the text that is hidden before our marker.
_PREHEADER: Final = 4


@dataclass(frozen=True, slots=True)
class Found:
    """What is new in a body. `cut`: something quoted was found and left out."""

    text: str
    cut: bool


class _Introduction(NamedTuple):
    """First and last line of what introduces a quote. `hard`: all that follows is quoted, whatever
    it looks like; `worded`: it is a sentence, as people could write it.
    """

    start: int
    end: int
    hard: bool = False
    worded: bool = False


@dataclass(slots=True)
class _Run:
    """Lines that belong together: quoted or not."""

    quoted: bool
    lines: list[Line]
    #: Whether an attribution stands directly before it.
    attributed: bool = False


def new_text(
    lines: list[Line], known: frozenset[str] = frozenset(), *, goes_on: bool = False
) -> Found:
    """What a person wrote, of the lines of their message. Empty if all of it is quoted.

    `goes_on`: there is something before these lines, so that they may be a mere footer.
    """
    lines = _joined(lines)
    end, attributions = _scan(lines, known)
    is_ours = any(line.depth and ours.is_marker(line.key) for line in lines)
    runs = _runs(lines[:end], attributions)
    found_quote = end < len(lines) or any(run.quoted for run in runs)
    runs = _without_signatures(runs)
    if goes_on and _is_footer(runs):
        runs = []
    kept = _kept(runs, is_ours=is_ours)
    return Found(shown(kept), found_quote or bool(attributions))


# --- Where the quoted part begins -------------------------------------------------------------


def _joined(lines: list[Line]) -> list[Line]:
    """Repairs what relays break: the rest of a wrapped line without its mark, and addresses."""
    for at in range(1, len(lines) - 1):
        line, before, after = lines[at], lines[at - 1], lines[at + 1]
        if line.depth == 0 and line.key:
            if before.depth and (
                (after.depth and _is_rest_of(before, line)) or ours.has_secret(line.key)
            ):
                line.depth = before.depth
        elif (
            line.depth == 1
            and before.depth == 0
            and "<" in before.key[-200:]
            and attribution.is_rest(line)
        ):
            line.text, line.depth = f"> {line.text}", 0
            line.key = key_of(line.text)
    return lines


def _is_rest_of(before: Line, line: Line) -> bool:
    """Whether the unquoted line is the end of the quoted one before it, wrapped on the way."""
    if before.key[-1:] in ("?", "!", "？", "！"):
        return False  # an answer
    if " " not in line.key and ("://" in line.key or "@" in line.key):
        return True
    if line.key[0] in "(<_&/=" or line.key[-1] == ">":
        return "http" in line.key or "http" in before.key
    if len(before.text) < _WRAPPED or len(line.key) >= 40:
        return False
    return line.key[0].islower() or before.key[-1:].isalpha() or before.key[-1:] == ","


def _scan(lines: list[Line], known: frozenset[str]) -> tuple[int, set[int]]:
    """Where the text ends because all that follows is quoted, and which lines are attributions."""
    attributions: set[int] = set()
    marker = next((line for line in lines if ours.is_marker(line.key)), None)
    likely: _Introduction | None = None
    at = floor = 0
    while at < len(lines):
        line = lines[at]
        if line.mark == "cut":
            return _before_rules(lines, at), attributions
        if not line.key or (line.depth and line.mark != "attribution"):
            at += 1
            continue
        span = _introduction(lines, at, floor)
        if span is None and known and _is_known_from(lines, at, known):
            return _before_introduction(lines, at), attributions
        if span is None:
            at += 1
            continue
        start, end, hard, _ = span
        start = _above_labels(lines, start)
        follows = _quote_follows(lines, end)
        if marker is not None and span.worded and not follows:
            # What is quoted is ours, and stands elsewhere: a person told who wrote something. Or
            # it follows at once; that shows at our marker.
            likely = span
            at = floor = end + 1
            continue
        if hard or not follows:
            if hard and ours.is_marker(line.key):
                start = _before_introduction(lines, start)
                if likely is not None and _is_near(lines, likely.end, at):
                    start = likely.start
            return _before_rules(lines, start), attributions
        attributions.update(range(_before_rules(lines, start), end + 1))
        at = floor = end + 1
    return len(lines), attributions


def _is_near(lines: Sequence[Line], end: int, marker: int) -> bool:
    """Whether no more than what is hidden at the beginning of our HTML is between the two."""
    return sum(1 for line in lines[end + 1 : marker] if line.key) <= _PREHEADER


def _introduction(lines: list[Line], at: int, floor: int) -> _Introduction | None:
    """What introduces a quote and ends, or begins, with this line."""
    line = lines[at]
    if line.mark == "attribution":
        return _Introduction(at, at)
    key = line.key
    if ours.is_marker(key):
        return _Introduction(at, at, hard=True)
    if attribution.is_titled_rule(key) or attribution.is_separator(key):
        block = _next_written(lines, at)
        end = attribution.header_block(lines, block, ruled=True) if block is not None else None
        if end is not None or attribution.is_separator(key):
            return _Introduction(at, at if end is None else end)
    if ":" in key[:40] or "：" in key[:40]:
        end = attribution.header_block(lines, at, ruled=_is_ruled(lines, at))
        if end is not None:
            return _Introduction(at, end)
    if attribution.opens_quote(key):
        return _Introduction(at, at, hard=True)
    if attribution.may_end(key):
        before_quote = _quote_follows(lines, at)
        start = attribution.start_of(lines, at, floor, before_quote=before_quote)
        if start is not None:
            before = attribution.split_midline(lines[start].key)
            if before is not None:
                lines.insert(start, line_of(before))
                return _Introduction(start + 1, at + 1, worded=True)
            return _Introduction(start, at, worded=True)
    return None


def _next_written(lines: Sequence[Line], at: int) -> int | None:
    """The next line after `at` that is not blank, near by."""
    for number in range(at + 1, min(at + 8, len(lines))):
        if lines[number].key:
            return number
    return None


def _quote_follows(lines: list[Line], at: int) -> bool:
    """Whether the next line that is not blank is quoted; lines after "|" become quoted ones."""
    number = at + 1
    while number < len(lines) and not lines[number].key and not lines[number].depth:
        number += 1
    if number == len(lines):
        return False
    if lines[number].key.startswith("|") and lines[number].depth == 0:
        for line in lines[number:]:
            if line.key and not line.key.startswith("|"):
                break
            line.depth, line.text = 1, line.text.lstrip()[1:]
            line.key = key_of(line.text)
    return lines[number].depth > 0


def _is_ruled(lines: Sequence[Line], at: int) -> bool:
    """Whether a rule of dashes or underscores stands directly above."""
    above = at - 1
    while above >= 0 and above >= at - 3 and not lines[above].key:
        above -= 1
    return above >= 0 and attribution.is_rule(lines[above].key)


def _above_labels(lines: Sequence[Line], at: int) -> int:
    """The rule from which on recipients and subject stand above the attribution, as Yandex has it;
    else the line `at`."""
    above = at - 1
    while above > max(at - 6, 0) and attribution.label_of(lines[above].key) is not None:
        above -= 1
    if 0 <= above < at - 1 and attribution.is_rule(lines[above].key):
        return above
    return at


def _before_rules(lines: Sequence[Line], at: int) -> int:
    """The line after which the text ends, if the quoted part begins at `at`: without rules."""
    while at > 0:
        line = lines[at - 1]
        if line.key and not (line.depth == 0 and attribution.is_rule(line.key)):
            break
        at -= 1
    return at


def _before_introduction(lines: Sequence[Line], at: int) -> int:
    """As before our own words whatever looks like an attribution is one, in any language."""
    start = _before_rules(lines, at)
    if not start or lines[start - 1].depth:
        return at
    key = lines[start - 1].key
    if attribution.may_end(key):
        found = attribution.start_of(lines, start - 1, 0, before_quote=True)
        if found is not None:
            return found
    # Yahoo's app goes on in the same line.
    return start - 1 if attribution.opens_quote(key) else at


def _is_known_from(lines: Sequence[Line], at: int, known: frozenset[str]) -> bool:
    """Whether our own text begins here without a mark: this line and most that follow are ours."""
    if not ours.is_known(lines[at].key, known):
        return False
    following = [line for line in lines[at : at + 60] if line.key]
    # People repeat a line of ours before they answer it; several are a quote.
    if not all(ours.is_known(line.key, known) for line in following[:3]):
        return False
    own = sum(1 for line in following if ours.is_known(line.key, known))
    return own * 2 > len(following)


# --- What of the rest is the person's ---------------------------------------------------------


def _runs(lines: Sequence[Line], attributions: set[int]) -> list[_Run]:
    """Quoted and unquoted lines in turn; blank lines belong to what is before them."""
    runs: list[_Run] = []
    attributed = False
    for at, line in enumerate(lines):
        if at in attributions:
            attributed = True
            continue
        if not line.key and not line.depth:
            if runs:
                runs[-1].lines.append(line)
            continue
        quoted = line.depth > 0
        if runs and runs[-1].quoted == quoted and not attributed:
            runs[-1].lines.append(line)
        else:
            runs.append(_Run(quoted, [line], attributed and quoted))
            attributed = False
    return runs


def _is_footer(runs: Sequence[_Run]) -> bool:
    """Whether nothing but footers was written."""
    written = [line.key for run in runs if not run.quoted for line in run.lines if line.key]
    return all(signatures.is_footer(key) for key in written)


def _without_signatures(runs: list[_Run]) -> list[_Run]:
    has_text = False
    kept: list[_Run] = []
    is_marked = any(
        line.key and line.mark != "signature"
        for run in runs
        if not run.quoted
        for line in run.lines
    )
    for run in runs:
        if run.quoted:
            kept.append(run)
            continue
        lines = [line for line in run.lines if not (is_marked and line.mark == "signature")]
        start = signatures.signature_start(lines, has_text_before=has_text)
        lines = lines if start is None else lines[:start]
        lines = signatures.without_disclaimer(lines, has_text_before=has_text)
        end = _before_rules(lines, len(lines))
        if start is not None or any(line.key for line in lines[end:]):
            lines = lines[:end]  # blank lines alone keep their place
        if any(line.key for line in lines):
            has_text = True
            kept.append(_Run(quoted=False, lines=lines))
    return kept


def _kept(runs: list[_Run], *, is_ours: bool) -> list[Line]:
    """Text, and of what is quoted only that which is answered line by line."""
    for run in runs[: _last_quote(runs)]:
        if run.quoted and not run.attributed and all(line.mark == "bare" for line in run.lines):
            run.quoted = False  # set off by the person, as there is another, the client's
            run.lines = [replace(line, depth=0) for line in run.lines]
    last = len(runs)
    while last and runs[last - 1].quoted:
        last -= 1
    has_more = last < len(runs) and not runs[last].attributed
    runs = runs[:last]
    quotes = sum(run.quoted for run in runs)
    kept: list[Line] = []
    for run in runs:
        if not run.quoted:
            kept += run.lines
        elif is_ours and _is_whole(run.lines):
            continue
        elif quotes > 1 or has_more or not (run.attributed or is_ours):
            kept += _answered(run.lines) if is_ours else run.lines
    return kept


def _last_quote(runs: Sequence[_Run]) -> int:
    """The number of the last quoted run."""
    return max((number for number, run in enumerate(runs) if run.quoted), default=0)


def _is_whole(lines: Sequence[Line]) -> bool:
    """Whether our email is quoted to its end: what stands below answers no line of it."""
    written = [line.key for line in lines if line.key]
    return any(ours.is_ending(key) for key in written[-2:])


def _answered(lines: Sequence[Line]) -> list[Line]:
    """Of our own text the line that is answered, wrapped lines as a whole."""
    at = len(lines)
    while at and not lines[at - 1].key:
        at -= 1
    start = at - 1
    while (
        start > 0
        and len(lines[start - 1].text) >= _WRAPPED
        and lines[start - 1].depth == lines[start].depth
    ):
        start -= 1
    return [replace(line, depth=1) for line in lines[max(start, 0) : at]] + [
        line for line in lines[at:] if not line.depth
    ]
