"""What the pages of docs/ show, as it stands there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

DOCS = Path(__file__).parents[2] / "docs"


def fragment(page: str, title: str) -> str:
    """The fenced block of a page of docs/ with this comment, as a rule the path of a file."""
    text = (DOCS / page).read_text(encoding="utf-8")
    blocks = re.findall(r"^```\w*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    [block] = [block for block in blocks if f"# {title}\n" in block]
    return str(block)


def adapted(text: str, changes: Mapping[str, str]) -> str:
    """A fragment with this machine's names for the examples'; each must be there."""
    for example, own in changes.items():
        assert example in text, f"{example!r} is not in {text!r}"
        text = text.replace(example, own)
    return text
