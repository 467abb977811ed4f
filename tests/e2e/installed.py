"""The program as an admin installs it: in a place of its own, where another user can run it.

The tests' own interpreter and virtual environment may be in root's home, closed to whom a mail
server runs the program as; so what the program needs is copied.
"""

from __future__ import annotations

import os
import shutil
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).parents[2]

LAUNCHER = """\
#!/bin/sh
LD_LIBRARY_PATH={python}/lib exec {python}/bin/{name} -I -S {start} "$@"
"""
START = """\
import sys
sys.path.insert(0, {library!r})
from continuation_cli.__main__ import main
main()
"""


def install(place: Path) -> Path:
    """Install the program, of this checkout, into `place`. Returns the command."""
    library = place / "lib"
    package = library / "continuation_cli"
    shutil.copytree(ROOT / "continuation_cli", package)
    shutil.copytree(ROOT / "templates", package / "templates")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    required = [*project["dependencies"], *project["optional-dependencies"]["imap"]]
    for name in sorted(_closure(required)):
        _copy(metadata.distribution(name), library)
    start = place / "start" / "continuation"
    start.parent.mkdir()
    start.write_text(START.format(library=str(library)))
    command = place / "bin" / "continuation"
    command.parent.mkdir()
    name = f"python3.{sys.version_info.minor}"
    command.write_text(LAUNCHER.format(python=_python(place, name), name=name, start=start))
    command.chmod(0o755)
    return command


def _closure(requirements: Iterable[str], extras: Iterable[str] = ()) -> set[str]:
    """The distributions that are required, and those that they require."""
    environments = [{"extra": extra} for extra in ("", *extras)]
    found: set[str] = set()
    for needed in map(Requirement, requirements):
        if needed.marker is None or any(map(needed.marker.evaluate, environments)):
            more = metadata.requires(needed.name) or ()
            found |= {needed.name} | _closure(more, needed.extras)
    return found


def _copy(distribution: metadata.Distribution, library: Path) -> None:
    """Copy a distribution's modules and metadata, not its scripts."""
    for file in distribution.files or ():
        if ".." not in file.parts:
            target = library / file
            target.parent.mkdir(parents=True, exist_ok=True)
            _link(str(file.locate()), target)


def _link(source: str | Path, target: str | Path) -> None:
    """Copy a file that nobody will change, without copying it where that can be."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _python(place: Path, name: str) -> Path:
    """The prefix of an interpreter that anybody may run: the tests' own, or a copy of it."""
    own = Path(sys.base_prefix).resolve()
    if all(folder.stat().st_mode & 0o001 for folder in (own, *own.parents)):
        return own
    copy = place / "python"
    (copy / "bin").mkdir(parents=True)
    _link(own / "bin" / name, copy / "bin" / name)
    unneeded = shutil.ignore_patterns(
        "site-packages", "test", "tests", "idlelib", "config-*", "lib2to3"
    )
    shutil.copytree(own / "lib" / name, copy / "lib" / name, ignore=unneeded, copy_function=_link)
    for shared in (own / "lib").glob("libpython*.so*"):
        _link(shared, copy / "lib" / shared.name)
    return copy
