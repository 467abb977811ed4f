"""What the mail servers logged is shown beside a failure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    office = getattr(item, "funcargs", {}).get("post_office")
    if report.failed and office is not None:
        report.sections.append(("Postfix's log", office.log[-3000:]))
        report.sections.append(("Dovecot's log", office.dovecot.log[-1500:]))
    return report
