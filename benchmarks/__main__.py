"""`python -m benchmarks [NAME …] [--quick]`: measures, and prints a table."""

from __future__ import annotations

import argparse
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measure import Bench, Line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

#: Each benchmark and the module that holds it.
BENCHMARKS = {
    "idle": "idle",
    "find": "finding",
    "send": "sending",
    "load": "load",
    "triggers": "triggers",
    "import": "importing",
    "receive": "receiving",
}
HEADINGS = ("what", "reference", "project", "ratio", "aim", "met")


def _cells(line: Line) -> tuple[str, ...]:
    ratio = "" if line.ratio is None else f"{line.ratio:.2f}"
    met = {True: "yes", False: "NO", None: ""}[line.met]
    return line.what, line.reference, line.project, ratio, line.aim, met


def table(lines: Iterable[Line]) -> str:
    """The lines in columns, in Markdown."""
    rows = [HEADINGS, *map(_cells, lines)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows.insert(1, tuple("-" * width for width in widths))
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    )


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--quick", action="store_true", help="smaller, in a minute or two")
    parser.add_argument("--dir", type=Path, help="where to write; up to 10 GB, else the system's")
    parser.add_argument(
        "--keep", action="store_true", help="with --dir: keep what took long to build, and use it"
    )
    arguments = parser.parse_args(words)
    for name in arguments.names:
        if name not in BENCHMARKS:
            parser.error(f"there is no benchmark {name!r}; there are {', '.join(BENCHMARKS)}")
    if arguments.keep and arguments.dir is None:
        parser.error("--keep needs --dir, where to keep it")
    return arguments


def main(words: Sequence[str] | None = None) -> int:
    """Run the benchmarks; 1 if an aim was missed."""
    arguments = _arguments(words)
    home: Path | None = arguments.dir and arguments.dir.resolve()
    if home is not None:
        home.mkdir(parents=True, exist_ok=True)
    lines: list[Line] = []
    with tempfile.TemporaryDirectory(prefix="benchmarks-", dir=home) as scratch:
        directory = home if home is not None and arguments.keep else Path(scratch)
        bench = Bench(directory, arguments.quick, arguments.keep)
        for name in arguments.names or BENCHMARKS:
            for line in import_module(f"benchmarks.{BENCHMARKS[name]}").lines(bench):
                lines.append(line)
                print("  " + " | ".join(_cells(line)), file=sys.stderr, flush=True)
    print(table(lines))
    return 1 if any(line.met is False for line in lines) else 0


if __name__ == "__main__":
    sys.exit(main())
