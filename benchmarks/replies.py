"""`python -m benchmarks.replies FILE [--half dev|held]`: how well the new text of replies is found.

FILE is JSON Lines with `id` (`source/name`), `kind` (`text-body`, `html-body` or `eml`),
`raw_base64`, and either `expected`, the text, or `constraints`: what the text must have (`has`) and
must not (`hasnot`), and how it `starts` and `ends`. White space is folded away. Prints, per source
and in all, for the project, mail-parser-reply and email-reply-parser:

- right: the very text, or one from which only lines of a sign-off at its end differ;
- LOST: what was expected is missing in part;
- LEAK: all of it is there, and more.

`dev` is the half, by the hash of the id, that was looked at when the rules were written; `held` the
one that was only scored.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import html
import json
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from email import message_from_bytes, policy
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.measure import ROOT
from continuation_cli.core import extract

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from email.message import EmailMessage

REQUIREMENTS = ("mail-parser-reply==1.36", "email-reply-parser==0.5.12")
AIMS = "aims: right >= 93 %, LOST <= 1.5 %, LEAK <= 5 %"
#: Lines of a sign-off at the end, and how long each may be.
_SIGN_OFF_LINES = 4
_SIGN_OFF_LENGTH = 40


class Case(NamedTuple):
    """A reply, and what the data says of its text."""

    name: str
    kind: str
    raw: bytes
    expected: str | None
    constraints: dict[str, Any]

    @property
    def source(self) -> str:
        return self.name.partition("/")[0]

    @property
    def half(self) -> str:
        return "held" if hashlib.sha256(self.name.encode()).digest()[0] % 2 else "dev"

    @property
    def text(self) -> str:
        """The text for a parser that takes nothing else."""
        if self.kind == "eml":
            message: EmailMessage = message_from_bytes(self.raw, policy=policy.default)  # type: ignore[arg-type, assignment]
            body = message.get_body(("plain", "html"))
            try:
                text = body.get_content() if body is not None else ""
            except (LookupError, KeyError):
                text = ""
            is_html = body is not None and body.get_content_subtype() == "html"
            return plain(text) if is_html else text
        text = self.raw.decode("utf-8", "replace")
        return plain(text) if self.kind == "html-body" else text


def plain(markup: str) -> str:
    """HTML as text, for parsers that take no HTML."""
    markup = re.sub(r"(?s)<(style|script|head)\b.*?</\1>", "", markup)
    lines = re.sub(r"(?i)<(?:br|hr|/?p|/?div|/?tr|/?li|/?blockquote)\b[^>]*>", "\n", markup)
    return html.unescape(re.sub(r"<[^>]*>", "", lines))


def cases(file: Path) -> list[Case]:
    """The replies of a file."""
    rows = map(json.loads, file.read_text().splitlines())
    return [
        Case(
            row["id"], row["kind"], base64.b64decode(row["raw_base64"]),
            row.get("expected"), row.get("constraints", {}),
        )
        for row in rows
    ]  # fmt: skip


def of_project(case: Case) -> str:
    """What the project finds."""
    if case.kind == "eml":
        return extract.from_message(case.raw)
    text = case.raw.decode("utf-8", "replace")
    return extract.from_html(text) if case.kind == "html-body" else extract.from_text(text)


def judge(case: Case, found: str) -> str:
    """`right`, `LOST` or `LEAK`."""
    if case.expected is None:
        return _judge_constraints(case.constraints, "".join(found.split()))
    expected = ["".join(line.split()) for line in case.expected.splitlines() if line.strip()]
    actual = ["".join(line.split()) for line in found.splitlines() if line.strip()]
    wanted, given = "".join(expected), "".join(actual)
    if wanted == given or _only_sign_offs_differ(expected, actual):
        return "right"
    return "LEAK" if wanted in given else "LOST"


def _only_sign_offs_differ(expected: list[str], actual: list[str]) -> bool:
    same = 0
    while same < min(len(expected), len(actual)) and expected[same] == actual[same]:
        same += 1
    more = expected[same:] or actual[same:]
    return (
        same > 0
        and not (expected[same:] and actual[same:])
        and len(more) <= _SIGN_OFF_LINES
        and all(len(line) <= _SIGN_OFF_LENGTH for line in more)
    )


def _judge_constraints(constraints: dict[str, Any], found: str) -> str:
    def folded(text: str | None) -> str:
        return "".join((text or "").split())

    starts, ends = folded(constraints.get("starts")), folded(constraints.get("ends"))
    has = [folded(text) for text in constraints.get("has", ())]
    if not all(text in found for text in has) or not found.startswith(starts):
        return "LOST"
    unwanted = any(folded(text) in found for text in constraints.get("hasnot", ()))
    return "LEAK" if unwanted or not found.endswith(ends) else "right"


def of_references(found: Sequence[Case], home: Path) -> dict[str, list[str]] | str:
    """What the other packages find, from an environment of their own; why not, if so."""
    python = home / "bin" / "python"
    for command in (
        [sys.executable, "-m", "venv", str(home)],
        [str(python), "-m", "pip", "install", "--quiet", *REQUIREMENTS],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return done.stderr.strip()[-300:] or f"{command[-1]} failed"
    texts = "\n".join(json.dumps(case.text) for case in found)
    script = ROOT / "benchmarks" / "reference" / "parse_bodies.py"
    done = subprocess.run(
        [str(python), str(script)], input=texts, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        return done.stderr.strip()[-300:]
    answers: dict[str, list[str]] = json.loads(done.stdout)
    return answers


def table(found: Sequence[Case], answers: dict[str, list[str]]) -> Iterable[str]:
    """A line per source and parser, and one for all sources."""
    scores: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for parser, texts in answers.items():
        for case, text in zip(found, texts, strict=True):
            verdict = judge(case, text)
            for source in (case.source, "all"):
                scores[source][parser][verdict] += 1
    yield f"{'source':20} {'parser':20} {'replies':>7} {'right':>7} {'LOST':>7} {'LEAK':>7}"
    for source in sorted(scores, key=lambda name: (name == "all", name)):
        for parser, counts in scores[source].items():
            total = counts.total()
            shares = " ".join(f"{counts[v] / total:7.1%}" for v in ("right", "LOST", "LEAK"))
            yield f"{source:20} {parser:20} {total:7} {shares}"


def main(words: Sequence[str] | None = None) -> int:
    """Score, and print a table; 1 if an aim was missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.replies", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--half", choices=("dev", "held"))
    arguments = parser.parse_args(words)
    found = [case for case in cases(arguments.file) if arguments.half in (None, case.half)]
    began = time.perf_counter()
    answers = {"continuation": [of_project(case) for case in found]}
    seconds = time.perf_counter() - began
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as scratch:
        references = of_references(found, Path(scratch) / "python")
    if isinstance(references, str):
        print(f"no reference: {references}", file=sys.stderr)
    else:
        answers |= references
    print("\n".join(table(found, answers)))
    print(f"{AIMS}; {seconds / max(len(found), 1) * 1000:.2f} ms a reply")
    counts = Counter(map(judge, found, answers["continuation"]))
    shares = {verdict: count / len(found) for verdict, count in counts.items()}
    met = shares.get("right", 0) >= 0.93 and shares.get("LOST", 0) <= 0.015
    return 0 if met and shares.get("LEAK", 0) <= 0.05 else 1


if __name__ == "__main__":
    sys.exit(main())
