"""Plain text whose lines may be joined again: format=flowed (RFC 3676)."""

from __future__ import annotations


def unflowed(text: str, *, delsp: bool) -> str:
    """The text with its soft line breaks removed; quote marks stay in front of each paragraph.

    `delsp`: the space before a soft break was added with it (RFC 3676, section 4.1).
    """
    out: list[str] = []
    paragraph: list[str] = []
    depth = 0

    def finish() -> None:
        if paragraph:
            mark = f"{'>' * depth} " if depth else ""
            out.append((mark + "".join(paragraph)).rstrip(" ") if depth else "".join(paragraph))
            paragraph.clear()

    for line in text.split("\n"):
        quotes = len(line) - len(line.lstrip(">"))
        content = line[quotes:].removeprefix(" ")  # space-stuffing, section 4.4
        if paragraph and quotes != depth:
            finish()
        depth = quotes
        if content in ("-- ", "--"):
            finish()
            out.append(f"{'>' * depth} --" if depth else "--")
        elif content.endswith(" "):
            paragraph.append(content[:-1] if delsp else content)
        else:
            paragraph.append(content)
            finish()
    finish()
    return "\n".join(out)
