"""Whether a function's cost grows as its input does, by doubling the input: clocks differ between
machines, a ratio does not.
"""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: Below this a measurement is noise, in seconds of processor time.
_NOISE = 0.02
#: No size is tried twice as large as one that took so long, in seconds.
_SLOW = 2.0


def is_linear(work: Callable[[int], object], size: int = 1_000_000) -> bool:
    """Whether `work(size)` takes less than three times as long as `work(size / 2)`: linear work
    doubles, quadratic work takes four times as long. What is too quick to measure is fine."""
    now = size // 32
    half, whole = _cost(work, now // 2), _cost(work, now)
    while now < size and whole < _SLOW:
        now *= 2
        half, whole = whole, _cost(work, now)
    if whole >= 3 * max(half, _NOISE):  # measured once: something else may have come in between
        half = min(_cost(work, now // 2) for _ in range(3))
        whole = min(_cost(work, now) for _ in range(3))
    return whole < 3 * max(half, _NOISE)


def _cost(work: Callable[[int], object], size: int) -> float:
    gc.disable()
    try:
        began = time.process_time()
        work(size)
        return time.process_time() - began
    finally:
        gc.enable()
