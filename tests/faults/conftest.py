"""The figures of the fault tests, as tables at the end of a full run (docs/reliability.md)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from faults.scale import FULL

if TYPE_CHECKING:
    from collections.abc import Callable

Tables = dict[str, dict[str, dict[str, int]]]


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Callable[..., None]:
    """figures("killed", "at MAIL", emails=500, twice=1): one line a row, summed over the runs."""

    def add(table: str, row: str, **values: int) -> None:
        request.node.user_properties.append(("figures", (table, row, {"runs": 1, **values})))

    return add


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not FULL:
        return
    tables: Tables = {}
    for report in terminalreporter.getreports("passed") + terminalreporter.getreports("failed"):
        for name, value in report.user_properties:
            if name == "figures" and report.when == "call":
                table, row, values = value
                sums = tables.setdefault(table, {}).setdefault(row, {})
                for each, figure in values.items():
                    sums[each] = sums.get(each, 0) + int(figure)
    for table, rows in tables.items():
        names = list(dict.fromkeys(name for sums in rows.values() for name in sums))
        heads = [name.replace("_", " ") for name in names]
        terminalreporter.write_sep("-", table)
        terminalreporter.write_line(f"| {' | '.join([table, *heads])} |")
        terminalreporter.write_line(f"|---{'|--:' * len(names)}|")
        for row, sums in rows.items():
            cells = [str(sums.get(name, "")) for name in names]
            terminalreporter.write_line(f"| {' | '.join([row, *cells])} |")
