"""Hostile values for every stored field; which fields there are is read from the schema itself, so
that a column which is added one day is attacked without anybody having remembered it.
"""

from __future__ import annotations

import re
import sqlite3
from base64 import b64encode
from email import message_from_bytes, policy
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from email.message import Message

    from program import Chat

#: What ends a line somewhere: in SMTP, in Python, in Unicode, in C.
LINE_ENDS = ("\r\n", "\n", "\r", "\r\n\r\n", "\n\n", "\n\r", "\x0b", "\x0c", "\x1c", "\x85",
             "\u2028", "\u2029", "\0")  # fmt: skip
_FORGED = "Bcc: mallory@evil.example"
_HEADER_FIRST = f"x\r\n{_FORGED}".encode()
_PART = (
    '\r\nContent-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\n'
    "Content-Type: text/html\r\n\r\n<script>\r\n--x--\r\n"
)
_SECOND_MAIL = (
    "MAIL FROM:<mallory@evil.example>", "RCPT TO:<mallory@evil.example>", "DATA",
    "Subject: smuggled", "", "smuggled", ".",
)  # fmt: skip

#: Values that try to be a header, a part, a command or another mail. Each is one text.
HEADERS: Mapping[str, str] = {
    **{f"line end {end!r}": f"Ada{end}{_FORGED}{end} folded{end}" for end in LINE_ENDS},
    "header first": f"\r\n{_FORGED}",
    "parts": _PART,
    "header and parts": f"x\r\n{_FORGED}{_PART}",
    "encoded line end, Q": "=?utf-8?q?Ada=0D=0ABcc:_mallory=40evil.example?=",
    "encoded line end, B": f"=?utf-8?b?{b64encode(_HEADER_FIRST).decode()}?=",
    "encoded word that has no end": "=?utf-8?b?" + "A" * 100,
    "encoded address": "=?utf-8?q?=22=3Cmallory=40evil=2Eexample=3E?= <mallory@evil.example>",
    "a second mailbox": 'Ada" <mallory@evil.example>, "Bob',
    "a list": "Ada, mallory@evil.example; bob@evil.example",
    "a group": "undisclosed: mallory@evil.example;",
    "a comment": "Ada (mallory@evil.example",
    "a backslash at the end": "Ada\\",
    "angles": "<mallory@evil.example> <<<>>>",
    "a parameter": 'x"; boundary="=_0"; charset="utf-7',
    "percent": "%0d%0aBcc:%20mallory@evil.example",
    "character references": "&#13;&#10;Bcc: mallory@evil.example&NewLine;x",
    **{
        f"smuggled {name}": end + f"{end}.{end}".join(("", end.join(_SECOND_MAIL), ""))
        for name, end in (("CRLF", "\r\n"), ("LF", "\n"), ("CR", "\r"))
    },
    "smuggled LF dot CRLF": "x\n.\r\n" + "\r\n".join(_SECOND_MAIL),
    "smuggled CR dot CRLF": "x\r.\r\n" + "\r\n".join(_SECOND_MAIL),
    "dots": ".\n..\n...\n.\r\n..x\n",
    "mbox": "From mallory\nFrom mallory@evil.example Mon Mar  2 09:00:00 2026\n>From x",
    "100 kB": "x" * 100_000,
    "100 kB beyond ASCII": "\u65e5" * 33_000,
    "20 kB of line ends and quotes": "\r\n\"\\" * 5_000,
    "bidirectional": "\u202egnp.exe\u202c \u2066x\u2069 \u200e\u200f\u061c",
    "invisible": "\u00ad\u200b\u200c\u200d\u2060\ufeff\U000e0041\U000e007f",
    "combining": "a" + "\u0301" * 1000,
    "noncharacters": "\ufffe\uffff\ufdd0\U0001ffff",
    "controls": "".join(map(chr, (*range(1, 32), *range(127, 160)))),
    "a terminal's": "\x1b[2J\x1b]0;owned\x07\x9b31m\x1b]8;;https://evil.example\x1b\\x\x1b]8;;\x1b\\",
    "a surrogate": "Ada \ud800 \udfff",
    "template": "{{ 7*7 }}{% for x in range(9) %}x{% endfor %}{# x #}{{ ''.__class__.__mro__ }}",
    "format": "{0} {agent} {agent.__class__} %s %(x)s %n $HOME `id`",
    "empty": "",
    "space": " \t\u00a0\u3000 ",
}  # fmt: skip


def octets(text: str) -> bytes:
    """UTF-8, in which half a surrogate pair is what sloppy programs make of it (WTF-8)."""
    return text.encode("utf-8", "surrogatepass")


# --- Rows -----------------------------------------------------------------------------------------

#: What the chat backend writes (docs/schema.md), in the order in which the rows need each other.
BACKEND = ("channels", "conversations", "pages", "messages")


def columns(chat: Chat, table: str) -> list[str]:
    """Every column of a table but those that refer to another table's."""
    references = {row["from"] for row in chat.sql(f"PRAGMA foreign_key_list({table})")}
    names = [row["name"] for row in chat.sql(f"PRAGMA table_info({table})")]
    return [name for name in names if name not in references]


def insert(chat: Chat, table: str, row: Mapping[str, Any]) -> None:
    """One row, its texts octet for octet, well-formed or not. Raises sqlite3.Error if refused."""
    marks = ", ".join("CAST(? AS TEXT)" if isinstance(v, str) else "?" for v in row.values())
    values = [octets(v) if isinstance(v, str) else v for v in row.values()]
    chat.sql(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", *values)


def write_due(
    chat: Chat, number: int, changes: Mapping[str, Mapping[str, Any]] = MappingProxyType({})
) -> None:
    """A conversation that is due, in a channel of its own, its customer `c{number}@example.com`;
    `changes` are those of its row in each table. Raises sqlite3.Error if they are refused.
    """
    rows: dict[str, dict[str, Any]] = {
        "channels": {"id": f"channel{number}", "name": "Acme"},
        "conversations": {"id": f"c{number}", "email": f"c{number}@example.com", "name": "Ada",
                          "locale": "en", "began_at": chat.ago(60)},
        "pages": {"id": "p1", "url": "https://acme.example/pricing", "opened_at": chat.ago(60),
                  "closed_at": chat.ago(30)},
        "messages": {"id": "m2", "author": "agent", "name": "Ana", "text": "Hello",
                     "sent_at": chat.ago(10)},
    }  # fmt: skip
    for table in rows:
        rows[table] |= changes.get(table, {})
    rows["conversations"]["channel"] = rows["channels"]["id"]
    rows["pages"]["conversation"] = rows["messages"]["conversation"] = rows["conversations"]["id"]
    # The same once more for the recap: what the customer wrote by email.
    said = {"id": "said", "author": "customer", "via": "email", "sent_at": chat.ago(40)}
    chat.sql("SAVEPOINT due")
    try:
        for name, row in rows.items():
            insert(chat, name, row)
        insert(chat, "messages", rows["messages"] | said)
    except sqlite3.Error:
        chat.sql("ROLLBACK TO due")
        raise
    finally:
        chat.sql("RELEASE due")


def accepted(chat: Chat, table: str, value: str) -> dict[str, str]:
    """The columns of a table in which the schema lets this value stand, with it."""
    found = {}
    for column in columns(chat, table):
        chat.sql("SAVEPOINT trial")
        try:
            write_due(chat, 0, {table: {column: value}})
            found[column] = value
        except sqlite3.Error:
            pass
        chat.sql("ROLLBACK TO trial")
        chat.sql("RELEASE trial")
    return found


# --- What may come of it --------------------------------------------------------------------------


def header_names(message: bytes) -> list[str]:
    """The names of a message's header fields, in order, once its lines have been found in order:
    CRLF and nothing like it, no NUL, none longer than 998 octets (RFC 5322, section 2.1.1).
    """
    lines = message.split(b"\r\n")
    assert lines.pop() == b""
    assert max(map(len, lines)) <= 998
    assert not re.search(rb"[\r\n\0]", b"".join(lines))
    head = lines[: lines.index(b"")]
    assert all(line.strip() for line in head)
    return [line.partition(b":")[0].decode("ascii") for line in head if line[:1] not in b" \t"]


def check_letter(message: bytes, customer: str, names: Sequence[str]) -> Message:
    """Look a message over: its header fields are these and no others, each names whom it should and
    nobody else, and its parts are the two. The message, parsed.
    """
    assert header_names(message) == list(names)
    read = message_from_bytes(message)
    assert mailboxes(read["To"]) == [customer]
    assert mailboxes(read["From"]) == ["support@acme.example"]
    parts = read.get_payload()
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"]
    for part in parts:
        assert sorted(part.keys()) == ["Content-Transfer-Encoding", "Content-Type"]
        assert not part.is_multipart()
        assert not part.defects
    assert not read.defects
    assert not read.preamble
    assert not read.epilogue
    return read


_HEADER = policy.SMTP.header_factory


def mailboxes(value: str) -> list[str]:
    """The addresses of an address field, as a strict parser reads it."""
    header = _HEADER("To", re.sub(r"\r\n(?=[ \t])", "", value))
    assert not header.defects
    return [address.addr_spec for address in header.addresses]
