"""Finding the templates: the packaged ones, each replaced by a file of the same name in DIR."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from continuation_cli.core.compose import Templates

NAMES = ("subject.txt", "body.txt", "body.html")


def packaged_folder(name: str) -> Path:
    """A folder that the wheel carries inside the package and a checkout keeps beside it."""
    inside = Path(str(resources.files("continuation_cli"))) / name
    return inside if inside.is_dir() else inside.parent.parent / name


def load(directory: str | None) -> Templates:
    """Read the templates. Raises core.compose.TemplateError for one that cannot be used, and
    OSError if `directory` is not there.
    """
    default, own = packaged_folder("templates"), Path(directory) if directory else None
    if own is not None and not own.is_dir():
        raise NotADirectoryError(f"there is no directory {directory}")
    sources = {}
    for name in NAMES:
        file = own / name if own is not None and (own / name).exists() else default / name
        sources[name] = file.read_text(encoding="utf-8")
    return Templates(sources)
