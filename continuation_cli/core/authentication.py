"""Authentication-Results (RFC 8601): what the receiving server found out about a message's From."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from continuation_cli.core.headers import Headers

Verdict = Literal["pass", "none", "fail", "missing"]

_COMMENT = re.compile(r"\((?:[^()\\]|\\.)*\)")
_METHOD = re.compile(r"\s*([a-z][a-z0-9-]*)(?:/\d+)?\s*=\s*([a-z]+)", re.IGNORECASE)
_PROPERTY = re.compile(r"\b([a-z]+)\.([a-z0-9-]+)\s*=\s*\"?([^\s;\"]+)", re.IGNORECASE)


class Result(NamedTuple):
    """One method's result: `dkim`, `pass`, `{"header.d": "example.com"}`."""

    method: str
    result: str
    properties: dict[str, str]


def results(headers: Headers, authserv_id: str) -> list[Result] | None:
    """What the server of that name says; None if it says nothing.

    Only fields at the very top count, where each server puts its own (section 4): one further down
    came with the message, and its sender may have written it.
    """
    found: list[Result] = []
    own_words = False
    for value in headers.raw("Authentication-Results"):
        text = _without_comments(value)
        name, _, rest = text.partition(";")
        if [word.lower() for word in name.split()[:1]] != [authserv_id.lower()]:
            break
        own_words = True
        found += _read(rest)
    return found if own_words else None


def _without_comments(value: str) -> str:
    """Comments nest; three deep is deeper than anybody writes."""
    for _ in range(3):
        value = _COMMENT.sub(" ", value)
    return value


def _read(text: str) -> list[Result]:
    found = []
    for part in text.split(";"):
        method = _METHOD.match(part)
        if method is not None:
            properties = {
                f"{kind}.{name}".lower(): value for kind, name, value in _PROPERTY.findall(part)
            }
            found.append(Result(method[1].lower(), method[2].lower(), properties))
    return found


def verdict(headers: Headers, authserv_id: str, author: str) -> Verdict:
    """Whether the From address is authentic, as far as the named server says.

    DMARC's word counts (RFC 7489). Without one, SPF or DKIM for the author's own domain; a failure
    of either, with no success of the other, is a failure. `missing`: the server was not asked.
    """
    found = results(headers, authserv_id)
    if found is None:
        return "missing"
    dmarc = {each.result for each in found if each.method == "dmarc"}
    if "fail" in dmarc:
        return "fail"
    if "pass" in dmarc or any(_speaks_for(each, author) for each in found):
        return "pass"
    failures = {"fail", "softfail", "policy"}
    failed = any(e.method in ("spf", "dkim") and e.result in failures for e in found)
    return "fail" if failed else "none"


def _speaks_for(result: Result, author: str) -> bool:
    """Whether a success is one of the author's domain (alignment, relaxed: RFC 7489, 3.1)."""
    if result.result != "pass":
        return False
    # Some servers name the signer's identity only.
    names = {"dkim": ("header.d", "header.i"), "spf": ("smtp.mailfrom",)}.get(result.method, ())
    domain = author.rpartition("@")[2].lower()
    claimed = next((result.properties[i] for i in names if i in result.properties), "")
    signer = claimed.rpartition("@")[2].lower()
    return "." in signer and (
        domain == signer or domain.endswith(f".{signer}") or signer.endswith(f".{domain}")
    )
