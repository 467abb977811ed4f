"""Replies that are odd in one way: where they are written, who they answer, what was set."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from clients import apple, eastern, gmail, mozilla, outlook, unusual, webmail, wording
from clients.sent import Reply, sent

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Whose quotes can be written into.
WITH_PREFIX = (
    gmail.web, gmail.plain_mode, apple.mac, mozilla.thunderbird, mozilla.thunderbird_plain,
    mozilla.mutt, mozilla.tight, webmail.proton, webmail.fastmail, webmail.gmx_plain,
    eastern.yandex, eastern.mail_ru,
)  # fmt: skip
WITH_HTML = (
    gmail.web, gmail.android, apple.mac, apple.iphone, outlook.web, outlook.new, outlook.mobile,
    outlook.mac, mozilla.thunderbird, webmail.yahoo, webmail.yahoo_phone, webmail.aol,
    webmail.proton, webmail.fastmail, webmail.gmx, webmail.gmx_phone, webmail.samsung,
    eastern.yandex, eastern.mail_ru, eastern.qq, eastern.netease,
)  # fmt: skip

#: Names that agents and companies have.
NAMES = (
    '"Acme, Inc."',
    "Ana (Acme)",
    "A:Z Shop",
    "Jan Mar at Acme",
    "Am Rhein GmbH",
    "Ana | Acme 24/7",
    "Acme",
    "support@acme.example",
    "Müller & Söhne",
    "李雷 (Acme)",
    "On the Wall Ltd",
)
LONG = (
    "Blue please.\nIt fits the room.\n\nWith the white shade.",
    "Monday is fine:\n- before ten\n- or after six",
)

Variant = tuple["Callable[[Reply], bytes]", Reply, str]


def variants() -> Iterator[list[Variant]]:
    for group in (_inline, _lines, _names, _naked, _blocks, _again, _unusual):
        yield from group()


def _parts(client: Callable[[Reply], bytes], reply: Reply, note: str) -> list[Variant]:
    return [(client, replace(reply, parts=parts), note) for parts in ("plain", "html", "both")]


def _inline() -> Iterator[list[Variant]]:
    """Answers of several lines, to one question only, below a word of greeting."""
    opening = "Hello Ana, my answers are below."
    for client in WITH_PREFIX:
        reply = Reply(sent("en"), "", "ru" if client is eastern.mail_ru else "en", "inline")
        yield _parts(client, replace(reply, answers=LONG), "of-lines")
        yield _parts(client, replace(reply, answers=("Blue",)), "first-only")
        yield _parts(client, replace(reply, tight=True, answers=("Blue", "see the other")), "tight")
        yield _parts(client, replace(reply, opening=opening), "opening")
        yield _parts(client, replace(reply, opening=opening, answers=("Blue",)), "opening-first")


def _lines() -> Iterator[list[Variant]]:
    for number, line in enumerate(wording.OTHERS + wording.SET):
        for client, style in (
            (gmail.plain_mode, "bottom"),
            (gmail.web, "top"),
            (apple.iphone, "bottom"),
            (mozilla.mutt, "top"),
        ):
            reply = Reply(sent("en"), "Yes, please.", style=style, line=line)
            yield _parts(client, reply, f"line{number}")
        if line in wording.OTHERS:
            reply = Reply(sent("en"), "Yes, please.", line=line)
            yield _parts(webmail.yahoo, reply, f"line{number}")


def _names() -> Iterator[list[Variant]]:
    for number, name in enumerate(NAMES):
        email = replace(sent("en"), name=name)
        clients = [*WITH_HTML, gmail.plain_mode, mozilla.mutt, webmail.gmx_plain]
        clients += [outlook.windows, outlook.windows_plain]
        for client in clients[number % 2 :: 2]:
            language = "ru" if client is eastern.mail_ru else "en"
            yield _parts(client, Reply(email, "Yes, please.", language), f"name{number}")


def _naked() -> Iterator[list[Variant]]:
    """Nothing is left of our markup but the names of the tags, and what is hidden is seen."""
    for client in WITH_HTML:
        email = sent("en", "naked")
        yield _parts(client, Reply(email, "Yes, please.\n\nMonday."), "naked")
        if client in WITH_PREFIX:
            yield _parts(client, Reply(email, "Yes, please.", style="bottom"), "naked")
            yield _parts(client, Reply(email, "", style="inline"), "naked")


def _blocks() -> Iterator[list[Variant]]:
    """Outlook in languages that our emails are not in."""
    for language in ("hu", "ro", "el", "uk", "nb", "vi", "th", "tw", "sk", "hr", "bg", "ca", "id"):
        for client in (outlook.windows, outlook.web, outlook.mac):
            yield _parts(client, Reply(sent("en"), "Yes, please.", language), "block")


def _again() -> Iterator[list[Variant]]:
    for answer in ("It must be the small one.", "Blue.\n\nOn Monday.", "👍"):
        for client in (gmail.follow_up, mozilla.follow_up):
            yield _parts(client, Reply(sent("en"), answer), f"again{len(answer)}")


def _unusual() -> Iterator[list[Variant]]:
    """Signed, with a photograph, past a virus scanner; a question quoted by hand."""
    for client in (unusual.clearsigned, unusual.signed, unusual.photograph, unusual.scanned):
        for answer in ("Yes, please.\n\nOn Monday.", "👍", "- one\n- two\n-- three"):
            for style in ("top", "bottom"):
                if style == "top" or client in (unusual.clearsigned, unusual.signed):
                    reply = Reply(sent("en"), answer, style=style)
                    yield [(client, reply, f"answer{len(answer)}")]
    for client in (apple.iphone, outlook.mobile, webmail.samsung, webmail.yahoo_phone):
        reply = Reply(sent("en"), "", footer=True, attachment=True)
        yield _parts(client, reply, "footer-only")
    yield [(unusual.photograph, Reply(sent("en"), ""), "only")]
    for answer in ("> Shall we ship it on Monday?\nYes.", "You ask:\n> in blue?\nBlue."):
        yield _parts(gmail.quoteless, Reply(sent("en"), answer), f"by-hand{len(answer)}")


def within() -> Iterator[Variant]:
    """«See below»: answers between the lines of our email, where nothing marks what is quoted or
    all of it is marked alike. Only who knows what was sent can tell them.
    """
    clients = (
        outlook.windows, outlook.web, outlook.new, outlook.mobile, outlook.mac, outlook.exchange,
        outlook.windows_mail, webmail.samsung, webmail.yahoo, webmail.gmx, gmail.web, gmail.android,
    )  # fmt: skip
    for client in clients:
        for language in ("en", "de", "fr", "es"):
            for parts in ("both", "html"):
                for answer in ("Hello, see below.", ""):
                    reply = Reply(sent(language), answer, language, parts=parts, within=True)
                    yield client, reply, f"within{len(answer)}"
