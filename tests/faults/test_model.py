"""A reference model of the rules and the program get the same random histories of cron minutes, and
agree on every conversation and every email after each sweep.

A history that fails tells its seed and how to run it again, shortened to the steps that matter:

    FAULTS_SEED=SEED:MINUTES:CONVERSATIONS python -m pytest tests/faults/test_model.py

FAULTS=full runs 100,000 histories; FAULTS_FROM is the first seed, FAULTS_MINUTES ends the run
earlier.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest
import stored
from faults.compared import Run
from faults.minutes import Hours
from faults.scale import scale

if TYPE_CHECKING:
    from faults.minutes import Step

#: (minutes, conversations, how many in a thousand): eight hours are rare, and slow.
SIZES = ((4, 1, 500), (6, 2, 350), (12, 3, 129), (60, 4, 20), (480, 5, 1))
HISTORIES = scale(1_000, 100_000)
FIRST = int(os.environ.get("FAULTS_FROM", "0"))
#: How long a failing history is shortened, in seconds.
PATIENCE = 60.0


def size_of(seed: int) -> tuple[int, int]:
    place = seed % 1000
    for minutes, conversations, share in SIZES:
        if place < share:
            return minutes, conversations
        place -= share
    raise ValueError("the shares make a thousand")


def problem_of(steps: list[Step], counts: Counter[str] | None = None) -> Exception | None:
    """What the program and the model disagree on, if they do; `counts` is added to."""
    with stored.store() as chat:
        told = Run(chat)
        try:
            told.tell(steps)
        except Exception as error:
            return error
        if counts is not None:
            counts.update(told.counts())
    return None


def shortened(steps: list[Step], problem: Exception) -> tuple[list[Step], Exception]:
    """Leave out what is not needed to fail: half, a quarter, ... down to single steps."""
    until = time.monotonic() + PATIENCE
    size = len(steps) // 2
    while size:
        start = 0
        while start < len(steps) and time.monotonic() < until:
            fewer = steps[:start] + steps[start + size :]
            found = problem_of(fewer)
            if found is not None and type(found) is type(problem):
                steps, problem = fewer, found
            else:
                start += size
        size //= 2
    return steps, problem


def run(seed: int, minutes: int, conversations: int) -> Counter[str]:
    """Fails with the seed and the steps that matter; else tells what happened."""
    steps, counts = list(Hours(seed, minutes, conversations)), Counter[str]()
    problem = problem_of(steps, counts)
    if problem is None:
        return counts
    fewer, problem = shortened(steps, problem)
    told = "\n".join(map(repr, fewer))
    again = f"FAULTS_SEED={seed}:{minutes}:{conversations} python -m pytest {__file__}"
    pytest.fail(
        f"{type(problem).__name__}: {problem}\n\nafter these {len(fewer)} of {len(steps)} steps:"
        f"\n{told}\n\nAgain: {again}"
    )


def test_the_program_does_what_the_rules_say_through_all_hours(figures):
    if "FAULTS_SEED" in os.environ:
        run(*map(int, os.environ["FAULTS_SEED"].split(":")))
        return
    until = time.monotonic() + 60 * float(os.environ.get("FAULTS_MINUTES", "inf"))
    seen: Counter[str] = Counter()
    for seed in range(FIRST, FIRST + HISTORIES):
        if time.monotonic() > until:
            break
        minutes, conversations = size_of(seed)
        counts = run(seed, minutes, conversations)
        figures("histories", f"{minutes} minutes, {conversations} conversations", **counts)
        seen += counts
    # Rare things happen often enough to be looked at.
    missing = {"sent", "failed", "cancelled", "in_doubt", "resent", "replies", "bounces"} - {*seen}
    assert seen["sweeps"] < 1000 or not missing
