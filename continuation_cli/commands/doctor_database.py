"""What `doctor` looks at in and around the database file. It writes nothing."""

from __future__ import annotations

import os
import pwd
import shlex
import shutil
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from continuation_cli.commands.findings import Finding, Setup, ok, problem, warning
from continuation_cli.output import distance
from continuation_cli.store import check, db, metrics, settings
from continuation_cli.store.lock import SweepLock

if TYPE_CHECKING:
    from collections.abc import Iterator

    from continuation_cli.store.db import Connection

#: What SQLite and received mail need to go on, and what gives time to act; in octets.
_LEAST, _COMFORTABLE = 64 << 20, 1 << 30
#: Clocks of machines that are kept in step differ by less.
_TOLERATED = timedelta(minutes=1)
#: For how long the file is read through, in seconds: a large one takes minutes.
PATIENCE = 5.0

_CODES: dict[type[db.StoreError], int] = {
    db.MissingError: os.EX_NOINPUT,
    db.NotADatabaseError: os.EX_DATAERR,
    db.BusyError: os.EX_TEMPFAIL,
}


def unusable(setup: Setup, name: str, error: db.StoreError) -> Finding:
    """Why the database cannot be read: nothing else can be told then."""
    code = _CODES.get(type(error), os.EX_CONFIG)
    detail, _, remedy = str(error).partition("; make one with: ")
    if isinstance(error, db.SchemaError):
        detail, _, remedy = str(error).partition("; run: ")
    if isinstance(error, db.SettingError):
        detail, _, remedy = str(error).partition("; set it anew, for example: ")
    if remedy.startswith("continuation "):
        # Whole: a path may need quoting, which an error's text does without.
        words = remedy.removeprefix("continuation ").removeprefix(f"--db {setup.database} ")
        remedy = setup.command(*words.split(" "))
    return problem(name, detail, remedy or None, code=code)


def examine(setup: Setup, connection: Connection) -> Iterator[Finding]:
    """All checks of this module."""
    yield ok("database", f"{setup.database}, {_size(metrics.size(connection))}")
    yield _schema(setup, connection)
    yield _integrity(setup, connection)
    yield from _permissions(setup)
    yield _disk(setup)
    yield _clock(setup, connection)
    if settings.signing_key(connection) is None:
        yield problem(
            "signing_key",
            "there is none, so that no reopen link can be made",
            setup.command("url", "keys", "rotate"),
        )
    else:
        yield ok("signing_key", "there is one")


def _schema(setup: Setup, connection: Connection) -> Finding:
    """The version was compared as the database was opened."""
    faults = list(check.schema_faults(connection))
    if faults:
        more = f", and {len(faults) - 1} more" if len(faults) > 1 else ""
        return problem(
            "schema",
            f"{faults[0]}{more}: it was not made by init, or was changed; restore a backup",
            setup.command("db", "check"),
            code=os.EX_DATAERR,
        )
    return ok("schema", "current, nothing is missing from it")


def _integrity(setup: Setup, connection: Connection) -> Finding:
    fault, is_whole = metrics.fault(connection, PATIENCE)
    if fault is not None:
        return problem(
            "integrity",
            f"the file is damaged: {fault}; restore a backup",
            setup.command("db", "check"),
            code=os.EX_DATAERR,
        )
    if not is_whole:
        told = f"no fault within {PATIENCE:g} s of reading; db check reads the whole file"
        return ok("integrity", told)
    return ok("integrity", "no fault in the file")


def _permissions(setup: Setup) -> Iterator[Finding]:
    real = os.path.realpath(setup.database)
    open_to_all = []
    for suffix in ("", "-wal", "-shm", ".lock", ".mail"):
        path = Path(real + suffix)
        if path.exists() and path.stat().st_mode & (stat.S_IRWXO):
            open_to_all.append(str(path))
    if open_to_all:
        yield warning(
            "permissions",
            f"open to every user of this machine: {', '.join(open_to_all)}",
            f"chmod o= {shlex.join(open_to_all)}",
        )
    owner, user = Path(real).stat().st_uid, os.geteuid()
    others = f"sudo -u {shlex.quote(_name(owner))} {setup.command('doctor')}"
    if not all(os.access(path, os.W_OK) for path in (real, Path(real).parent)):
        yield warning(
            "permissions",
            f"{_name(user)} may not write the database or its folder, as "
            f"the sweep must; the database belongs to {_name(owner)}",
            others,
        )
    elif user == 0 and owner != 0:
        yield warning(
            "permissions",
            f"root asks, but the database belongs to {_name(owner)}, as "
            "whom the sweep runs: files may be closed to that user",
            others,
        )
    elif not open_to_all:
        yield ok("permissions", f"of {_name(owner)}, closed to other users")


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _disk(setup: Setup) -> Finding:
    folder = Path(os.path.realpath(setup.database)).parent
    free = shutil.disk_usage(folder).free
    told, remedy = f"{_size(free)} free in {folder}", f"df -h {shlex.quote(str(folder))}"
    if free < _LEAST:
        return problem("disk_space", told, remedy, code=os.EX_TEMPFAIL)
    return warning("disk_space", told, remedy) if free < _COMFORTABLE else ok("disk_space", told)


def _clock(setup: Setup, connection: Connection) -> Finding:
    """What this program has written cannot be of the future, unless a clock was or is wrong."""
    known = metrics.latest(connection)
    taken = SweepLock(setup.database).last_taken()
    if taken is not None:
        known["start of a sweep"] = datetime.fromtimestamp(taken, UTC)
    if not known:
        return ok("clock", f"{setup.now:%Y-%m-%d %H:%M:%S} UTC")
    what, at = max(known.items(), key=lambda item: item[1])
    if at > setup.now + _TOLERATED:
        return warning(
            "clock",
            f"the last {what} was at {at:%Y-%m-%d %H:%M:%S} UTC, "
            f"{distance(at, setup.now)}: the clock was ahead then, or is behind now; "
            "delays are off by as much",
            "timedatectl status",
        )
    return ok("clock", f"{setup.now:%Y-%m-%d %H:%M:%S} UTC, nothing of ours is of the future")


def _size(octets: int) -> str:
    """Octets for a person: `12.3 MB`."""
    size, units = float(octets), ["B", "kB", "MB", "GB", "TB"]
    while size >= 1000 and len(units) > 1:
        size, units = size / 1000, units[1:]
    return f"{size:.0f} {units[0]}" if units[0] == "B" else f"{size:.1f} {units[0]}"
