"""The figures of the fault tests, as tables at the end of the run (docs/reliability.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from faults.scale import FULL

if TYPE_CHECKING:
    from collections.abc import Callable

_tables: dict[str, dict[str, dict[str, int]]] = {}


def _add(table: str, row: str, **figures: int) -> None:
    """Add to the row's figures; those named `most_…` keep the greatest."""
    sums = _tables.setdefault(table, {}).setdefault(row, {"runs": 0})
    sums["runs"] += 1
    for name, figure in figures.items():
        if name.startswith("most_"):
            sums[name] = max(sums.get(name, 0), figure)
        else:
            sums[name] = sums.get(name, 0) + figure


@pytest.fixture
def figures() -> Callable[..., None]:
    """figures("kill", "after MAIL", emails=500, twice=1): one line a row, summed over the runs."""
    return _add


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not FULL:
        return
    for table, rows in _tables.items():
        names = list(dict.fromkeys(name for sums in rows.values() for name in sums))
        heads = [name.replace("_", " ") for name in names]
        terminalreporter.write_sep("-", table)
        terminalreporter.write_line(f"| {' | '.join([table, *heads])} |")
        terminalreporter.write_line(f"|---{'|--:' * len(names)}|")
        for row, sums in rows.items():
            cells = [str(sums.get(name, "")) for name in names]
            terminalreporter.write_line(f"| {' | '.join([row, *cells])} |")
