"""`python -m benchmarks.classify FILE [--half dev|held]`: what kind of mail a message is.

FILE is JSON Lines with `id` (`source/name`), `expected` (`bounce`, `auto` or `human`) and
`raw_base64`. Prints, per source and in all, how many are right for the project, for flufl.bounce
and for header rules alone, and how often the addresses of bounces agree. `dev` is the half, by the
hash of the id, that was looked at when the rules were written; `held` the one that was only scored.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from email import message_from_bytes
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from benchmarks.measure import ROOT
from continuation_cli.core.classify import Classification, classify

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

REQUIREMENTS = ("flufl.bounce==6.0.0",)
#: A kind of the project's, as the data calls it; a complaint comes as a report, too.
NAMES = {
    "reply": "human",
    "auto_reply": "auto",
    "bounce": "bounce",
    "complaint": "bounce",
    "unsubscribe": "auto",
}


class Case(NamedTuple):
    """A message, and what the data says of it."""

    name: str
    expected: str
    raw: bytes

    @property
    def source(self) -> str:
        return self.name.partition("/")[0]

    @property
    def half(self) -> str:
        return "held" if hashlib.sha256(self.name.encode()).digest()[0] % 2 else "dev"


def cases(file: Path) -> list[Case]:
    """The messages of a file."""
    rows = map(json.loads, file.read_text().splitlines())
    return [Case(row["id"], row["expected"], base64.b64decode(row["raw_base64"])) for row in rows]


def by_headers(raw: bytes) -> str:
    """The rules that most receivers use: the header alone, one field after another."""
    message = message_from_bytes(raw)
    sender = str(message.get("From", "")).lower()
    is_report = message.get_content_type() == "multipart/report"
    if is_report or "mailer-daemon" in sender or message.get("X-Failed-Recipients"):
        return "bounce"
    if str(message.get("Return-Path", "-")).strip() in ("<>", ""):
        return "bounce"
    if str(message.get("Auto-Submitted", "no")).lower() != "no" or message.get("X-Autoreply"):
        return "auto"
    if "postmaster" in sender:
        return "bounce"
    precedence = str(message.get("Precedence", "")).lower()
    return "auto" if precedence in ("bulk", "junk", "auto_reply") else "human"


def by_flufl(found: Sequence[Case], home: Path) -> list[tuple[list[str], list[str]]] | str:
    """What flufl.bounce finds, from an environment of its own; why not, if it cannot be had."""
    python = home / "bin" / "python"
    for command in (
        [sys.executable, "-m", "venv", str(home)],
        [str(python), "-m", "pip", "install", "--quiet", *REQUIREMENTS],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return done.stderr.strip()[-300:] or f"{command[-1]} failed"
    lines = "".join(base64.b64encode(case.raw).decode() + "\n" for case in found)
    scan = [str(python), "-m", "benchmarks.reference.scan_bounces"]
    output = subprocess.run(scan, input=lines, cwd=ROOT, capture_output=True, text=True, check=True)
    return [
        (permanent, temporary)
        for permanent, temporary in map(json.loads, output.stdout.split("\n")[:-1])
    ]


class Tally(NamedTuple):
    """One classifier's answers, beside the cases."""

    name: str
    answers: Sequence[str]


def rows(found: Sequence[Case], tallies: Iterable[Tally]) -> Iterable[tuple[str, ...]]:
    """A row for each source and classifier: right, machine mail known as such, humans lost."""
    groups = {"all": list(range(len(found)))}
    for number, case in enumerate(found):
        groups.setdefault(case.source, []).append(number)
    for source, numbers in sorted(groups.items()):
        for tally in tallies:
            counts = Counter((found[n].expected, tally.answers[n]) for n in numbers)
            machine = sum(count for (truth, _), count in counts.items() if truth != "human")
            known = sum(
                count for (truth, answer), count in counts.items()
                if truth != "human" and answer != "human"
            )  # fmt: skip
            lost = sum(c for (truth, answer), c in counts.items() if truth == "human" != answer)
            right = sum(count for (truth, answer), count in counts.items() if truth == answer)
            people = len(numbers) - machine
            yield (
                source, tally.name, _share(right, len(numbers)), _share(known, machine),
                f"{lost} of {people}",
            )  # fmt: skip


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole}, {part / whole:.1%}" if whole else "-"


def addresses(
    found: Sequence[Case],
    ours: Sequence[Classification],
    theirs: Sequence[tuple[list[str], list[str]]],
) -> Iterable[str]:
    """How many bounces give an address, and where both do, how often it is the same one."""
    bounces = [n for n, case in enumerate(found) if case.expected == "bounce"]
    named = {n: {f.address.casefold() for f in ours[n].failures if f.address} for n in bounces}
    their = {n: {a.casefold() for part in theirs[n] for a in part} for n in bounces}
    both = [n for n in bounces if named[n] and their[n]]
    for name, answers in (("project", named), ("flufl.bounce", their)):
        share = _share(sum(map(bool, answers.values())), len(bounces))
        yield f"bounces that give an address: {name} {share}"
    common = sum(bool(named[n] & their[n]) for n in both)
    yield f"  one in common where both do: {_share(common, len(both))}"
    yield f"  all the same: {_share(sum(named[n] == their[n] for n in both), len(both))}"
    hard = [n for n in bounces if any(failure.hard for failure in ours[n].failures)]
    yield f"bounces that suppress an address: {_share(len(hard), len(bounces))}"
    for n in both:
        if not named[n] & their[n]:
            yield f"  differ: {found[n].name}: {sorted(named[n])} / {sorted(their[n])}"


def speed(found: Sequence[Case]) -> Iterable[str]:
    """The time of one message, reading included, in milliseconds; the best of five."""
    for kind in ("human", "bounce"):
        times = []
        for case in found:
            if case.expected == kind:
                runs = []
                for _ in range(5):
                    began = time.perf_counter()
                    classify(case.raw)
                    runs.append(time.perf_counter() - began)
                times.append(min(runs) * 1000)
        if times:
            yield f"{kind}: median {statistics.median(times):.2f} ms, most {max(times):.2f} ms"


def main(words: Sequence[str] | None = None) -> int:
    """Score a file; 1 if a human's mail was taken for software's."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.classify", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--half", choices=("dev", "held"))
    parser.add_argument("--wrong", action="store_true", help="name the messages that are wrong")
    arguments = parser.parse_args(words)
    found = [case for case in cases(arguments.file) if arguments.half in (None, case.half)]
    ours = [classify(case.raw) for case in found]
    tallies = [
        Tally("project", [NAMES[each.kind] for each in ours]),
        Tally("header rules", [by_headers(case.raw) for case in found]),
    ]
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as scratch:
        theirs = by_flufl(found, Path(scratch) / "flufl")
    if not isinstance(theirs, str):
        tallies.insert(1, Tally("flufl.bounce", ["bounce" if any(a) else "human" for a in theirs]))
    print("| source | classifier | right | machine mail known | human mail lost |")
    print("|---|---|---|---|---|")
    for row in rows(found, tallies):
        print("| " + " | ".join(row) + " |")
    report = (
        addresses(found, ours, theirs)
        if not isinstance(theirs, str)
        else [f"flufl.bounce cannot be installed: {theirs}"]
    )
    for line in [*report, *speed(found)]:
        print(line)
    if arguments.wrong:
        for case, answer in zip(found, tallies[0].answers, strict=True):
            if case.expected != answer:
                print(f"wrong: {case.name}: {case.expected}, taken for {answer}")
    pairs = zip(found, tallies[0].answers, strict=True)
    return 1 if any(case.expected == "human" != answer for case, answer in pairs) else 0


if __name__ == "__main__":
    sys.exit(main())
