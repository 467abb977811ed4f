"""`pytest tests/unit/core --update-golden` writes tests/golden/ anew; look at the difference."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write tests/golden/ anew")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    # Where pytest starts above this folder, it finds this file too late for the option.
    return bool(request.config.getoption("--update-golden", default=False))
