"""Text that is signed in the clear (OpenPGP, RFC 9580, section 7)."""

from __future__ import annotations

import re

_BEGIN = "-----BEGIN PGP SIGNED MESSAGE-----"
_SIGNATURE = "-----BEGIN PGP SIGNATURE-----"
_END = "-----END PGP SIGNATURE-----"
#: Header lines and the blank line after them.
_HEADERS = re.compile(r"[ \t]*\n(?:[A-Za-z]{1,20}: [^\n]*\n)*[ \t]*\n")


def opened(text: str) -> str:
    """The text without the armor around it and the dashes before its own; any other as it is.

    What was put outside of the armor, as mailing lists do, stays.
    """
    begin = text.find(_BEGIN)
    if begin < 0 or (begin and text[begin - 1] != "\n"):
        return text
    headers = _HEADERS.match(text, begin + len(_BEGIN))
    signature = text.find(f"\n{_SIGNATURE}", begin)
    end = text.find(_END, signature)
    if headers is None or signature < 0 or end < 0:
        return text
    signed = text[headers.end() : max(signature, headers.end())]
    lines = [
        line.removeprefix("- ") if line.startswith("- -") else line for line in signed.split("\n")
    ]
    return text[:begin] + "\n".join(lines) + text[end + len(_END) :]
