"""A store for each test; see tests/stored.py."""

from __future__ import annotations

import pytest
import stored


@pytest.fixture
def chat(tmp_path):
    with stored.Store(tmp_path / "chat.db") as made:
        yield made
