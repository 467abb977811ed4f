"""Running and timing programs, and the line of the table that comes of it."""

from __future__ import annotations

import os
import select
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

#: The folder that holds the packages to measure and these benchmarks.
ROOT = Path(__file__).resolve().parent.parent

#: The project as cron calls it.
CONTINUATION = (sys.executable, "-m", "continuation_cli")

#: What cron gives a program, and nothing else: PYTHON* variables of whoever measures (no byte
#: code, say) would change the figures.
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "PYTHONPATH": str(ROOT)}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table. `met` is None where there is nothing to meet."""

    what: str
    reference: str
    project: str
    ratio: float | None
    aim: str
    met: bool | None


@dataclass(frozen=True, slots=True)
class Bench:
    """What a benchmark is told: where it may write, how big to be, what to keep."""

    directory: Path
    quick: bool
    keep: bool

    def say(self, text: str) -> None:
        """Tell the person who waits."""
        print(f"  {text}", file=sys.stderr, flush=True)


@dataclass(frozen=True, slots=True)
class Run:
    """A program's time in seconds and the most memory it had, with its own processes', in MiB."""

    seconds: float
    peak: float


def run(
    command: Sequence[str],
    *,
    environment: Mapping[str, str] = ENVIRONMENT,
    codes: Sequence[int] = (0,),
) -> Run:
    """Run a program to its end. Raises RuntimeError with what it said if it fails.

    The peak is VmHWM as read every 50 ms: `ru_maxrss` would count the parent's memory too, which
    the child shared before it became another program.
    """
    with tempfile.TemporaryFile() as said:
        began = time.perf_counter()
        child = subprocess.Popen(command, cwd="/", env=environment, stdout=said, stderr=said)
        waiter = select.poll()
        handle = os.pidfd_open(child.pid)
        try:
            waiter.register(handle, select.POLLIN)
            peak = 0
            while not waiter.poll(50):
                processes = [child.pid, *_children(child.pid)]
                peak = max(peak, sum(map(_high_water, processes)))
            seconds = time.perf_counter() - began
        finally:
            os.close(handle)
        if child.wait() not in codes:
            said.seek(0)
            output = said.read().decode(errors="replace")[-4000:]
            raise RuntimeError(f"{' '.join(command)} ended with {child.returncode}:\n{output}")
    return Run(seconds, peak / 1024)


def _children(pid: int) -> list[int]:
    """The processes that a process of one thread has started."""
    try:
        words = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [int(word) for word in words]


def _high_water(pid: int) -> int:
    """The most memory a process has had, in KiB; 0 once it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (OSError, UnicodeDecodeError):
        return 0
    lines = (line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(next(lines, "VmHWM: 0 kB").split()[1])


def seconds_of(command: Sequence[str], environment: Mapping[str, str] = ENVIRONMENT) -> float:
    """The time of a program that is over in no time, its start included."""
    began = time.perf_counter()
    subprocess.run(command, cwd="/", env=environment, check=True)
    return time.perf_counter() - began


def timed(task: Callable[[], object]) -> float:
    """How long a call takes, in seconds."""
    began = time.perf_counter()
    task()
    return time.perf_counter() - began


def interleaved(times: int, *tasks: Callable[[], float]) -> list[list[float]]:
    """Each task's figures, one round after another, so that what slows the machine slows all."""
    figures: list[list[float]] = [[] for _ in tasks]
    for _ in range(times):
        for task, its in zip(tasks, figures, strict=True):
            its.append(task())
    return figures


def paired_ratio(of: Sequence[float], to: Sequence[float]) -> float:
    """The median over the rounds of one figure divided by the other of the same round."""
    return statistics.median(a / b for a, b in zip(of, to, strict=True))


def copy_database(source: Path, target: Path) -> None:
    """A copy of a database that nobody has open; what an earlier copy left is removed."""
    for suffix in ("-wal", "-shm", ".lock"):
        target.with_name(target.name + suffix).unlink(missing_ok=True)
    shutil.copyfile(source, target)


def continuation(database: Path, *words: str) -> None:
    """Run a command of the project on a database."""
    run([*CONTINUATION, "--db", str(database), *words])
