"""django-post_office in an environment of its own: https://github.com/ui/django-post_office."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

from benchmarks.measure import ENVIRONMENT, run

if TYPE_CHECKING:
    from pathlib import Path

REQUIREMENTS = ("django", "django-post_office")


class PostOffice:
    """Sends the emails of a database of the project once more."""

    def __init__(self, directory: Path, port: int, batch: int) -> None:
        self.name = "django-post_office"
        self._home = directory / "post_office"
        self._python = self._home / "bin" / "python"
        self._queue = directory / "post_office.db"
        self._sending = directory / "post_office-sending.db"
        self._lock = directory / "post_office.lock"
        self._batch = batch
        self._port = port

    def install(self) -> str | None:
        """Make its environment, unless it is there; why that cannot be done, or None."""
        if not self._python.exists():
            made = subprocess.run([sys.executable, "-m", "venv", str(self._home)], check=False)
            if made.returncode:
                return "no virtual environment could be made"
        pip = [str(self._python), "-m", "pip", "install", "--quiet", *REQUIREMENTS]
        done = subprocess.run(pip, capture_output=True, text=True, check=False)
        if done.returncode:
            return done.stderr.strip()[-300:] or "pip failed"
        versions = (
            "from importlib.metadata import version; "
            "print(version('django'), version('django-post-office'))"
        )
        asked = [str(self._python), "-c", versions]
        shown = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.split()
        if len(shown) == 2:
            self.name = f"post_office {shown[1]}, Django {shown[0]}"
        return None

    def _environment(self, database: Path, threads: int) -> dict[str, str]:
        return {
            **ENVIRONMENT,
            "DJANGO_SETTINGS_MODULE": "benchmarks.reference.settings",
            "BENCH_DATABASE": str(database),
            "BENCH_PORT": str(self._port),
            "BENCH_BATCH": str(self._batch),
            "BENCH_THREADS": str(threads),
        }

    def enqueue(self, database: Path) -> None:
        """Queue what the project has sent from `database`."""
        run(
            [str(self._python), "-m", "benchmarks.reference.enqueue", str(database)],
            environment=self._environment(self._queue, 1),
        )
        connection = sqlite3.connect(self._queue, isolation_level=None)
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.close()

    def send(self, processes: int, threads: int) -> float:
        """Send the whole queue; how long that took, in seconds."""
        for leftover in self._sending.parent.glob(f"{self._sending.name}*"):
            leftover.unlink()
        self._sending.write_bytes(self._queue.read_bytes())
        took = run(
            [str(self._python), "-m", "django", "send_queued_mail", "--processes", str(processes),
             "--lockfile", str(self._lock), "--log-level", "1"],
            environment=self._environment(self._sending, threads),
        )  # fmt: skip
        connection = sqlite3.connect(self._sending)
        count = "SELECT count(*), sum(status = 0) FROM post_office_email"
        queued, sent = connection.execute(count).fetchone()
        connection.close()
        if queued != sent:
            raise RuntimeError(f"the reference sent {sent} of {queued} emails")
        return took.seconds
