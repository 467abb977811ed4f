"""Authentication-Results (RFC 8601): what the receiving server found out about a message's From."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple

from continuation_cli.core import addresses

if TYPE_CHECKING:
    from continuation_cli.core.headers import Headers

Verdict = Literal["pass", "none", "fail", "missing"]

_LEXEME = re.compile(r'"((?:[^"\\]|\\.)*)"|\\.|[^"\\();]+|.', re.DOTALL)
_METHOD = re.compile(r"([a-z][a-z0-9-]*)(?:/\d+)?=([a-z]+)")
_PROPERTY = re.compile(r"([a-z]+\.[a-z0-9_-]+)=(.+)")


class Result(NamedTuple):
    """One method's result: `dkim`, `pass`, `{"header.d": "example.com"}`, in lower case."""

    method: str
    result: str
    properties: dict[str, str]


def results(headers: Headers, authserv_id: str) -> list[Result] | None:
    """What the server of that name says; None if it says nothing, or nothing that is clear.

    Only the topmost field counts, where the last server puts its own (RFC 8601, section 4.1): one
    further down may have come with the message, and its sender may have written it.
    """
    values = headers.raw("Authentication-Results")
    parts = _parts(values[0]) if values else None
    if parts is None or parts[0].split()[:1] != [authserv_id.lower()]:
        return None
    return [found for part in parts[1:] if (found := _result(part)) is not None]


def _parts(value: str) -> list[str] | None:
    """What stands between the semicolons, in lower case, without comments; None if it is malformed.

    The sender chooses part of it: the local part of an envelope's sender may be quoted and hold
    semicolons, spaces and parentheses, and servers put it into values and comments as it is. So
    what is quoted is kept as one word, and a quotation mark in a comment makes all of it unclear.
    """
    parts: list[list[str]] = [[]]
    depth = 0
    for match in _LEXEME.finditer(value):
        text = match[0]
        if text == "(":
            depth += 1
        elif depth:
            if '"' in text:
                return None
            depth -= text == ")"
        elif match[1] is not None:
            parts[-1].append(re.sub(r"[^A-Za-z0-9.@+_-]", "_", match[1]))
        elif text == ";":
            parts.append([])
        elif text in ('"', ")"):
            return None
        else:
            parts[-1].append(text)
    return None if depth else ["".join(part).lower() for part in parts]


def _result(part: str) -> Result | None:
    text = " ".join(part.split()).replace(" =", "=").replace("= ", "=")
    first, *others = text.split() or [""]
    method = _METHOD.fullmatch(first)
    if method is None:
        return None
    properties: dict[str, str] = {}
    for word in others:
        found = _PROPERTY.fullmatch(word)
        if found is not None:
            properties.setdefault(found[1], found[2])
    return Result(method[1], method[2], properties)


def verdict(headers: Headers, authserv_id: str, author: str) -> Verdict:
    """Whether the From address is authentic, as far as the named server says.

    DMARC's word counts (RFC 7489). Without one, SPF or DKIM for the author's own domain; a failure
    of either, with no success of the other, is a failure. `none`: the server looked, and nothing
    speaks for the author. `missing`: the server was not asked.
    """
    found = results(headers, authserv_id)
    if found is None:
        return "missing"
    if any(each.method == "dmarc" and each.result == "fail" for each in found):
        return "fail"
    if any(_speaks_for(each, author) for each in found):
        return "pass"
    failures = {"fail", "softfail", "policy"}
    failed = any(e.method in ("spf", "dkim") and e.result in failures for e in found)
    return "fail" if failed else "none"


def _speaks_for(result: Result, author: str) -> bool:
    """Whether a success is one of the author's domain (alignment, relaxed: RFC 7489, 3.1)."""
    if result.result != "pass":
        return False
    domain = addresses.normalise(author).rpartition("@")[2]
    if result.method == "dmarc":  # not all servers say for which From
        return result.properties.get("header.from", domain).rpartition("@")[2] == domain
    # Some servers name the signer's identity only.
    names = {"dkim": ("header.d", "header.i"), "spf": ("smtp.mailfrom",)}.get(result.method, ())
    claimed = next((result.properties[i] for i in names if i in result.properties), "")
    signer = claimed.rpartition("@")[2].strip("<>")
    return "." in signer and (
        domain == signer or domain.endswith(f".{signer}") or signer.endswith(f".{domain}")
    )
