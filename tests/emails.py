"""Drafts of emails, and the cases whose composed octets are kept in tests/golden/."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from builders import at, settings

from continuation_cli.core.compose import Draft, Templates
from continuation_cli.core.model import Attachment, Conversation, Message

ROOT = Path(__file__).parents[1]
GOLDEN = ROOT / "tests" / "golden"
TOKEN = "k5tq2w7zj3m4x6ypab2cdefgha"
MESSAGE_ID = "<q7w2k5tq2w7zj3m4x6ypab2cde@reply.acme.example>"
REOPEN = "https://www.acme.example/pricing?plan=pro&continue_chat=c42&continue_token=eyJh.eyJz.c2ln"

ACME = {
    "from_email": "support@acme.example",
    "inbound_domain": "reply.acme.example",
    "brand_name": "Acme",
    "timezone": "Europe/Berlin",
}
NAMES = ("subject.txt", "body.txt", "body.html")


def sources() -> dict[str, str]:
    return {name: (ROOT / "templates" / name).read_text(encoding="utf-8") for name in NAMES}


TEMPLATES = Templates(sources())


def said(time: str, author: str, text: str, name: str | None = None, **fields: Any) -> Message:
    return Message(f"m{time}", author, text, at(time), name, **fields)  # type: ignore[arg-type]


def draft(*unseen: Message, recap: tuple[Message, ...] = (), **changes: Any) -> Draft:
    """A draft about Ada's conversation with Acme. Settings, then the conversation's fields, then
    the draft's own, by name.
    """
    chosen = ACME | changes.pop("settings", {})
    person: dict[str, Any] = {"email": "ada@example.com", "name": "Ada"}
    person |= changes.pop("conversation", {})
    fields: dict[str, Any] = {
        "conversation": Conversation("c42", "acme", at("8:00"), **person),
        "settings": settings(**{key: value for key, value in chosen.items() if value is not None}),
        "channel_name": "acme",
        "unseen": unseen or (said("10:00", "agent", "Yes, we ship to Norway.", "Ana"),),
        "recap": recap,
        "reopen_url": REOPEN,
        "token": TOKEN,
        "message_id": MESSAGE_ID,
        "composed_at": at("10:05"),
    }
    return Draft(**fields | changes)


RECAP = (
    said("9:00", "customer", "Hi! Do you ship to Norway?"),
    said("9:01", "bot", "Thanks! A colleague will be with you shortly.", "Acme Bot"),
    said("9:02", "agent", "Hello Ada, let me look that up for you.", "Ana"),
    said("9:03", "customer", "Great, thank you"),
    said("9:04", "customer", "I would need it before Friday."),
)

MARKDOWN = """\
# Your order
Hello **Ada**, see <https://acme.example/orders/1> and [our terms](https://acme.example/terms).

- *Norway*: 3 to 5 days
- Sweden
  1. Malmö: 2 days
  2. Kiruna: 4 days

> I would need it before Friday.

```
ORDER  8837465
```
![a map](https://maps.example/norway.png) <b>not markup</b>
"""

HTML = """\
<h1>Price list</h1><p>Hi, <strong>Bob</strong> here.<br>See the
<a href="https://acme.example/p?a=1&amp;b=2">list</a>:</p>
<table width="900"><tr><th>Item</th><th>Price</th></tr><tr><td>Lamp</td><td>49&nbsp;€</td></tr>
</table><ol start="3"><li>three</li><li>four</li></ol>
<a href="https://acme.example/lamp"><img src="https://img.example/lamp.png" alt="A lamp"></a>
<img src="https://img.example/desk.png?x=1"><img src="https://pixel.example/open.gif" width="1">
"""

HOSTILE_TEXT = (
    "<script>document.title='ran'</script><img src=x onerror=\"document.title='ran'\">"
    "{{ 7*7 }}{% for x in y %}\nFrom here\n.\njavascript:alert(1) \u202egnp.exe\x00\x1b[31m\ud800"
)
HOSTILE_HTML = (
    "<p onclick=\"document.title='ran'\">Hello</p><script>document.title='ran'</script>"
    "<svg onload=\"document.title='ran'\"><style>body{background:url(https://leak.example/s)}</style>"
    '<img src="https://leak.example/i.png" onerror="document.title=\'ran\'">'
    '<iframe src="https://leak.example/f"></iframe><link rel=stylesheet href=https://leak.example/l>'
    "<a href=\"javascript:document.title='ran'\">click</a>"
    '<div style="position:fixed;width:5000px;background:url(https://leak.example/d)">fixed</div>'
    '<form action="https://leak.example/p"><input autofocus onfocus="document.title=\'ran\'">'
    "<table width=3000><tr><td nowrap>"
    + "wide" * 200
    + "</table>{{ 7*7 }}<!-- </body> --></div></table>"
)
HOSTILE_MARKDOWN = "[x](javascript:alert(1)) <b>\n![i](https://leak.example/m.png)"
HOSTILE_NAME = 'Eve"\r\nBcc: all@example.com\r\n\r\n<img src=x onerror=alert(1)> {{ 7*7 }}\u202e'


def hostile(**changes: Any) -> Draft:
    """Every value that strangers can choose is an attack."""
    return draft(
        said("10:00", "agent", HOSTILE_TEXT, HOSTILE_NAME),
        said("10:01", "bot", HOSTILE_HTML, "=?utf-8?q?Bot?=", format="html"),
        said("10:02", "agent", HOSTILE_MARKDOWN, "x" * 500, format="markdown"),
        said(
            "10:03",
            "agent",
            "https://a.example/" + "a" * 3000,
            "Ana",
            attachments=(
                Attachment('a".pdf\r\nX: y<script>', "javascript:alert(1)", -5),
                Attachment("", "https://files.example/<b>\"' x", 10**15),
                Attachment("\u202egnp.exe", 'https://files.example/1?a=1&b="2', 999),
            ),
        ),
        recap=(
            said("9:00", "customer", HOSTILE_HTML, "Mallory", format="html"),
            said("9:01", "note", "PRIVATE-NOTE", "Ana"),  # type: ignore[arg-type]
            said("9:02", "system", "PRIVATE-SYSTEM"),
            said("9:03", "agent", "PRIVATE-DELETED", "Ana", deleted_at=at("9:04")),
        ),
        conversation={"name": HOSTILE_NAME, "locale": "en\r\nX-Evil: 1"},
        references=("<a@b>\r\nX-Evil: 1", "<" + "r" * 900 + "@x>", "<ok@example.com>", "é"),
        channel_name="acme\r\n",
        **changes,
    )


CASES: dict[str, Draft] = {
    "plain": draft(),
    "several-agents": draft(
        said("10:00", "agent", "Yes, we do: 3 to 5 working days.\n\nShall I order?", "Ana"),
        said("10:01", "agent", "The parcel: https://track.acme.example/8837465?lang=en.", "Ana"),
        said("10:02", "bot", "Bob has joined the conversation.", "Acme Bot"),
        said("10:03", "agent", "Hello Ada, I can place the order for you.", "Bob"),
        said("+1 8:00", "agent", "Good morning! Still interested?", "Bob"),
        recap=RECAP,
        conversation={"locale": "en-GB"},
    ),
    "markup": draft(
        said("10:00", "agent", MARKDOWN, "Ana", format="markdown"),
        said("10:01", "agent", HTML, "Bob", format="html"),
        settings={"brand_logo_url": "https://www.acme.example/logo.png", "brand_color": "#ffcc00"},
    ),
    "hebrew": draft(
        said("10:00", "agent", "שלום עדה, ההזמנה בדרך. מספר מעקב: ABC-123.", "נועה"),
        recap=(said("9:00", "customer", "מתי מגיעה ההזמנה?"),),
        settings={"brand_name": "אקמה", "timezone": "Asia/Jerusalem"},
        conversation={"name": "עדה לאבלייס", "locale": "he-IL"},
    ),
    "arabic": draft(
        said("10:00", "agent", "مرحبًا، نعم نقوم بالشحن إلى النرويج.", "ليلى"),
        settings={"brand_name": "أكمي", "timezone": "Asia/Riyadh", "locale": "ar"},
        conversation={"name": "آدا", "email": "ada@مثال.إختبار"},
    ),
    "japanese": draft(
        said("10:00", "agent", "はい、発送しております。\n3〜5営業日でお届けします。", "佐藤"),
        settings={"brand_name": "アクメ", "timezone": "Asia/Tokyo"},
        conversation={"name": "山田花子", "locale": "ja", "email": "花子@例え.テスト"},
    ),
    "attachments": draft(
        said(
            "10:00",
            "agent",
            "Here you are.",
            "Ana",
            attachments=(
                Attachment("invoice.pdf", "https://files.acme.example/i/8837", 24_300),
                Attachment("Foto größer.jpg", None, 1_234_567),
            ),
        ),
        said("10:01", "agent", "", "Ana", attachments=(Attachment("a.txt", "http://f.example/a"),)),
        conversation={"locale": "de-AT"},
    ),
    "no-inbound-no-button": draft(
        said("10:00", "agent", "Hello there.", "Ana"),
        settings={"inbound_domain": None, "brand_name": None, "timezone": "UTC"},
        conversation={"name": None},
        channel_name="Acme Support",
        reopen_url=None,
    ),
    "thread": draft(
        said("10:00", "agent", "Anything else?"),
        subject="Ana a répondu – où ça ?",
        references=tuple(
            f"<{n:03d}.ALongIdentifierWithoutBreaks@mail.example.com>" for n in range(50)
        ),
        settings={"from_name": "Acme Supporté"},
    ),
    "hostile": hostile(),
}
