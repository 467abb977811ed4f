"""How thorough the fault tests are: short in every test run, in full with FAULTS=full."""

from __future__ import annotations

import os

FULL = os.environ.get("FAULTS") == "full"


def scale(short: int, full: int) -> int:
    """A number of rounds, of emails, of seconds."""
    return full if FULL else short
