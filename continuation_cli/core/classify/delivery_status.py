"""The fields of a delivery status notification (RFC 3464; RFC 6533 for addresses beyond ASCII)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from continuation_cli.core.classify.failure import (
    ADDRESS,
    MAX_FAILURES,
    Failure,
    failure,
    status_in,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAX_STATUS = 262_144

_FIELD = re.compile(r"([A-Za-z][A-Za-z-]{0,60})[ \t]*:[ \t]*(.*)")
_ADDRESS = re.compile(ADDRESS)
_RECIPIENTS = ("original-recipient", "final-recipient", "x-actual-recipient")
_ACTIONS = {
    "failed": "failed", "failure": "failed", "fail": "failed", "error": "failed",
    "expired": "failed", "rejected": "failed", "undeliverable": "failed", "denied": "failed",
    "delayed": "delayed", "delay": "delayed", "deferred": "delayed", "warning": "delayed",
    "delivered": "delivered", "deliverable": "delivered", "success": "delivered",
    "relayed": "relayed", "expanded": "expanded",
}  # fmt: skip


def read_status(text: str, *, is_delay: bool) -> list[Failure]:
    """The recipients that the fields tell of, each address once.

    `is_delay` says what a recipient without an Action and with a transient status means. Groups of
    fields are told apart by what they hold rather than by empty lines, which software puts where
    it likes.
    """
    found: dict[str | None, Failure] = {}
    for fields in _recipients(text[:_MAX_STATUS]):
        failed = _failure(fields, is_delay=is_delay)
        if failed.address is not None:
            found.setdefault(failed.address.casefold(), failed)
        if len(found) >= MAX_FAILURES:
            break
    return list(found.values())


def _recipients(text: str) -> Iterator[dict[str, str]]:
    """The fields of each recipient."""
    current: dict[str, str] = {}
    for group in _groups(text):
        is_new = any(name in group for name in _RECIPIENTS)
        if is_new and any(name in current for name in _RECIPIENTS):
            yield current
            current = {}
        if is_new or not {"action", "status"} <= current.keys():
            current = {**group, **current}
    if any(name in current for name in _RECIPIENTS):
        yield current


def _groups(text: str) -> Iterator[dict[str, str]]:
    """The fields between empty lines; a field that comes twice begins a new group."""
    group: dict[str, str] = {}
    name = ""
    for line in text.split("\n"):
        if line[:1] in (" ", "\t") and line.strip() and name:
            group[name] = f"{group[name]} {line.strip()}"[:4096]
            continue
        match = _FIELD.match(line)
        if match is None:
            name = ""
            if group and not line.strip():
                yield group
                group = {}
            continue
        name = match[1].lower()
        if name in group and name in _RECIPIENTS:
            yield group
            group = {}
        group[name] = match[2].strip()[:4096]
    if group:
        yield group


def _failure(fields: dict[str, str], *, is_delay: bool) -> Failure:
    final = _address(fields.get("final-recipient")) or _address(fields.get("x-actual-recipient"))
    address = _address(fields.get("original-recipient")) or final
    said = re.sub(r"\A[\w-]{1,20}\s*;\s*", "", fields.get("diagnostic-code", ""))
    status = _status(fields.get("status", ""), said)
    return failure(address, status, _action(fields, status, is_delay=is_delay), said, final=final)


def _status(field: str, said: str) -> str | None:
    """The Status, or the code in the diagnostic where Status says no more than x.0.0."""
    status = status_in(field)
    if status is None or status.endswith(".0.0"):
        told = status_in(said)
        if told is not None and (status is None or told[0] >= status[0]):
            return told
    return status


def _action(fields: dict[str, str], status: str | None, *, is_delay: bool) -> str:
    words = re.findall(r"[a-z]+", fields.get("action", "").lower()[:80])
    for word in words[:1]:
        if word in _ACTIONS:
            return _ACTIONS[word]
    if status is not None and status.startswith("2."):
        return "delivered"
    return "delayed" if is_delay and not (status or "").startswith("5.") else "failed"


def _address(field: str | None) -> str | None:
    """The address of `rfc822; ann@example.com` and what stands for it in the wild."""
    if not field:
        return None
    kind, separator, value = field.partition(";")
    value = value if separator else kind
    if separator and kind.strip().lower() in ("x400", "x.400", "x-unix", "x500"):
        return None
    value = re.sub(r"\\x\{([0-9A-Fa-f]{1,6})\}", _character, value)
    match = _ADDRESS.search(value)
    if match is None:
        return None
    # xtext (RFC 3461, section 4) that was not undone: only `+` and `=` of an address need it.
    return re.sub(r"\+(2B|3D)", lambda hexa: chr(int(hexa[1], 16)), match[0])


def _character(match: re.Match[str]) -> str:
    """RFC 6533, section 3: utf-8-addr-xtext and utf-8-addr-unitext."""
    number = int(match[1], 16)
    is_character = number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF
    return chr(number) if is_character else ""
