"""The replies that are tried: client by language, style, parts, charset and what was answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from clients import apple, eastern, gmail, mozilla, outlook, webmail, wording
from clients.languages import LANGUAGES, TALKS
from clients.sent import Reply, sent
from clients.variants import variants, within
from emails import TOKEN

Client = Callable[[Reply], bytes]

#: The charsets of clients that are not set to UTF-8, with how they send them.
CHARSETS = {
    "en": (("us-ascii", "7bit"), ("iso-8859-1", "quoted-printable")),
    "de": (("windows-1252", "quoted-printable"), ("iso-8859-15", "8bit")),
    "fr": (("windows-1252", "8bit"), ("iso-8859-1", "quoted-printable")),
    "es": (("iso-8859-1", "base64"), ("windows-1252", "quoted-printable")),
    "pt": (("iso-8859-1", "8bit"),),
    "it": (("windows-1252", "base64"),),
    "nl": (("iso-8859-1", "quoted-printable"),),
    "pl": (("iso-8859-2", "quoted-printable"), ("windows-1250", "8bit")),
    "sv": (("iso-8859-1", "quoted-printable"),),
    "da": (("windows-1252", "quoted-printable"),),
    "fi": (("iso-8859-15", "quoted-printable"),),
    "cs": (("windows-1250", "quoted-printable"), ("iso-8859-2", "8bit")),
    "ru": (("koi8-r", "8bit"), ("windows-1251", "base64")),
    "tr": (("windows-1254", "quoted-printable"), ("iso-8859-9", "8bit")),
    "he": (("windows-1255", "base64"), ("iso-8859-8-i", "8bit")),
    "ar": (("windows-1256", "base64"),),
    "ja": (("iso-2022-jp", "7bit"), ("shift_jis", "base64"), ("euc-jp", "8bit")),
    "zh": (("gbk", "base64"), ("gb18030", "base64"), ("gb2312", "8bit")),
    "ko": (("euc-kr", "base64"), ("ks_c_5601-1987", "8bit")),
}

ALL = ("top", "bottom", "inline")
EUROPEAN = ("en", "de", "fr", "es", "it", "nl")

#: Each client, the languages it is tried in, and where its users write.
CLIENTS: tuple[tuple[Client, tuple[str, ...], tuple[str, ...]], ...] = (
    (gmail.web, LANGUAGES, ALL),
    (gmail.android, LANGUAGES, ("top", "inline")),
    (gmail.plain_mode, LANGUAGES, ALL),
    (apple.mac, LANGUAGES, ALL),
    (apple.iphone, LANGUAGES, ("top", "bottom")),
    (outlook.windows, LANGUAGES, ("top",)),
    (outlook.windows_plain, tuple(wording.OUTLOOK_ORIGINAL), ("top",)),
    (outlook.windows_tnef, tuple(wording.OUTLOOK_ORIGINAL), ("top",)),
    (outlook.exchange, LANGUAGES, ("top",)),
    (outlook.web, LANGUAGES, ("top",)),
    (outlook.new, LANGUAGES, ("top",)),
    (outlook.mobile, LANGUAGES, ("top",)),
    (outlook.mac, LANGUAGES, ("top",)),
    (outlook.windows_mail, LANGUAGES, ("top",)),
    (mozilla.thunderbird, tuple(wording.THUNDERBIRD), ALL),
    (mozilla.thunderbird_plain, tuple(wording.THUNDERBIRD), ALL),
    (mozilla.mutt, ("en", "de", "fr", "es", "ja", "ru"), ALL),
    (mozilla.rewrapped, ("en", "de", "fr", "pl"), ("top",)),
    (mozilla.tight, ("en", "de", "ru", "nl"), ALL),
    (webmail.yahoo, tuple(wording.YAHOO), ("top",)),
    (webmail.yahoo_phone, ("en", "de", "fr", "es", "it"), ("top",)),
    (webmail.aol, ("en", "de"), ("top",)),
    (webmail.proton, EUROPEAN, ALL),
    (webmail.fastmail, ("en", "de", "nl"), ALL),
    (webmail.gmx, ("en", "de", "fr", "es"), ("top",)),
    (webmail.gmx_plain, ("en", "de", "fr", "es"), ALL),
    (webmail.gmx_phone, ("en", "de"), ("top",)),
    (webmail.samsung, tuple(wording.SAMSUNG), ("top",)),
    (eastern.yandex, ("ru", "en"), ALL),
    (eastern.yandex_new, ("ru",), ("top",)),
    (eastern.mail_ru, ("ru", "en"), ALL),
    (eastern.qq, ("zh", "en"), ("top",)),
    (eastern.netease, ("zh", "en"), ("top",)),
)

#: Answers that look like something else, or like nothing at all.
ANSWERS = {
    "word": "Yes",
    "emoji": "👍",
    "thanks": "Thanks!",
    "paragraphs": "Hello Ana,\n\nthe blue one please.\nTo my new address.\n\nIs that possible?",
    "list": "Here is what I need:\n- one in blue\n- two in green\nAll of it by Monday.",
    "numbers": "1. Blue\n2. On Monday\n3. By courier",
    "url": "I mean this one: https://shop.example/lamps/8?colour=blue&size=2 in blue.",
    "angles": "The weight is > 5 kg and < 10 kg.\nSo 7 -> fine.",
    "wrote": "On Monday you wrote that it ships today. Did it?",
    "wrote_colon": "On Monday you wrote: we ship today.\nWhat about that?",
    "wrote_date": "On 2 March 2026 Bob wrote:\nwe ship tomorrow.\nIs that so?",
    "schrieb": "Am 2. März um 10:15 schrieb mir Ihr Kollege:\nmorgen kommt es.\nStimmt das?",
    "day_first": "Am Montag, 2. März, um 10:15 Uhr passt es:\nbitte klopfen.",
    "verbatim": "Do you want it in blue or in green?\n"
    "Blue! And you ask: Shall we ship it on Monday? Yes.",
    "labels": "From: Berlin\nTo: Oslo\nIs that possible?",
    "sent_from": "Sent from my office it takes two days.\nSo Monday is fine.",
    "markup": "Is it <b>blue</b> & green? I have 3 * 4 of them, _really_.",
    "html_words": "Please reply above this line of mine -- or do you not?",
    "question": "?",
    "long": "I have been thinking about this for a while, and although the green one looks nice in "
    "the picture on your page, the blue one goes so much better with the chairs that we bought "
    "last year, so please send me that, if at all possible with the same courier as the last time.",
    "sign_off": "Monday please.\nThank you for your help\nAda",
}

SIGNATURE = "Ada Lovelace\nAnalytical Engines Ltd.\n12 St James's Square, London\n+44 20 7946 0018"


@dataclass(frozen=True)
class Case:
    """One reply, as the client sends it."""

    client: Client
    reply: Reply
    note: str = ""

    @property
    def name(self) -> str:
        reply = self.reply
        module = self.client.__module__.rpartition(".")[2]
        fields = [f"{module}.{self.client.__name__}", reply.language, reply.style, reply.parts]
        if (reply.charset, reply.encoding) != ("utf-8", "quoted-printable"):
            fields += [reply.charset, reply.encoding]
        return "-".join([*fields, self.note] if self.note else fields)

    @property
    def raw(self) -> bytes:
        return self.client(self.reply)


#: What these send has one part.
ONE_PART = (gmail.plain_mode, outlook.windows_plain, outlook.windows_tnef, outlook.exchange)
ONE_PART += (
    mozilla.mutt,
    mozilla.thunderbird_plain,
    mozilla.rewrapped,
    mozilla.tight,
    webmail.gmx_plain,
)
ONE_PART += (eastern.yandex, eastern.yandex_new)
#: What these sign with unless told otherwise.
WITH_FOOTER = (apple.iphone, outlook.mobile, outlook.windows_mail, webmail.yahoo_phone)
WITH_FOOTER += (webmail.proton, webmail.gmx_phone, webmail.samsung)
WITH_FOOTER += (eastern.yandex, eastern.yandex_new, eastern.mail_ru)
#: Whose signatures have no delimiter in the text.
UNDELIMITED = (outlook.new, webmail.proton)
PARTS = ("both", "plain", "html")


def cases(thorough: bool = False) -> Iterator[Case]:
    """Those of the test; `thorough`: every combination, where they are else taken in turn."""
    groups = (_languages(), _charsets(), _answers(), _around(), _elsewhere(), _variants())
    for group in groups:
        for turn, choice in enumerate(group):
            if thorough:
                yield from choice
            elif choice:
                yield choice[turn % len(choice)]


def _in_parts(client: Client, reply: Reply, note: str = "") -> list[Case]:
    """The reply with text and HTML, and with one of them."""
    parts = ("both",) if client in ONE_PART else PARTS
    return [Case(client, replace(reply, parts=some), note) for some in parts]


def _languages() -> Iterator[list[Case]]:
    """Every client in every language it has, in every style."""
    for client, languages, styles in CLIENTS:
        for language in languages:
            answer = "\n\n".join(TALKS[language].answers)
            for style in styles:
                reply = Reply(sent(language), answer, language, style)
                if language in ("en", "de"):
                    yield from ([case] for case in _in_parts(client, reply))
                else:
                    yield _in_parts(client, reply)


def _charsets() -> Iterator[list[Case]]:
    for client in (
        outlook.windows,
        outlook.web,
        apple.mac,
        mozilla.thunderbird,
        mozilla.mutt,
        eastern.qq,
        gmail.plain_mode,
    ):
        languages = next(known for other, known, _ in CLIENTS if other is client)
        for language in languages:
            answer = "\n\n".join(TALKS[language].answers)
            reply = Reply(sent(language), answer, language)
            for charset, encoding in CHARSETS[language]:
                yield [Case(client, replace(reply, charset=charset, encoding=encoding))]


def _answers() -> Iterator[list[Case]]:
    for client, languages, styles in CLIENTS:
        language = "en" if "en" in languages else languages[0]
        email = sent("en")
        for style in styles:
            if style != "inline":
                for number, (name, answer) in enumerate(ANSWERS.items()):
                    reply = Reply(email, answer, language, style, attachment=number % 3 == 0)
                    yield _in_parts(client, reply, name)
        yield _in_parts(client, Reply(email, "", language, attachment=True), "attachment-only")


def _around() -> Iterator[list[Case]]:
    """Footers, signatures, disclaimers, attachments; our longer emails."""
    for client, languages, styles in CLIENTS:
        for language in languages:
            email, answer = sent(language), TALKS[language].answers[0]
            reply = Reply(email, answer, language)
            if client in WITH_FOOTER:
                yield _in_parts(client, replace(reply, footer=True), "footer")
            if language in ("en", "de", "fr"):
                said = TALKS[language].disclaimer
                yield _in_parts(client, replace(reply, disclaimer=said), "disclaimer")
                for style in styles:
                    signed = Reply(email, answer, language, style, signature=SIGNATURE)
                    choice = _in_parts(client, signed, "signature")
                    # Where the text has no delimiter, only the markup tells a signature.
                    yield choice[::2] if client in UNDELIMITED else choice
            if language in ("en", "de", "ja", "ru"):
                for form in ("markup", "long") if language == languages[0] else ("markup",):
                    email = sent(language, form)
                    for style in styles:
                        reply = Reply(email, answer, language, style, attachment=True)
                        yield _in_parts(client, reply, f"{form}-attachment")


def _elsewhere() -> Iterator[list[Case]]:
    """A client in another language than the email; one that shows the address that we gave for
    replies, which is long; one that makes lists; one that quotes nothing.
    """
    for client, languages, styles in CLIENTS:
        for language in [known for known in ("de", "en", "ja", "ru") if known in languages]:
            other = "en" if language != "en" else "fr"
            answer = TALKS[language].answers[1]
            for style in styles:
                yield _in_parts(client, Reply(sent(other), answer, language, style), "abroad")
                if style == "inline":
                    reply = Reply(sent(language), answer, language, style, closing=True)
                    yield _in_parts(client, reply, "closing")
            email = replace(sent(language), email=f"reply+{TOKEN}@reply.acme.example")
            yield _in_parts(client, Reply(email, answer, language), "reply-address")
    reply = Reply(sent("en"), ANSWERS["list"], rich=True)
    for client in (gmail.web, outlook.web, outlook.mobile):
        yield from ([case] for case in _in_parts(client, reply, "rich"))
    for parts in PARTS:
        for answer in ("list", "paragraphs", "emoji"):
            yield [Case(gmail.quoteless, Reply(sent("en"), ANSWERS[answer], parts=parts), answer)]
        reply = Reply(sent("en"), ANSWERS["url"], parts=parts, signature=SIGNATURE)
        yield [Case(gmail.quoteless, reply, "signature")]


def _variants() -> Iterator[list[Case]]:
    for found in variants():
        some = found if found[0][0] not in ONE_PART else found[:1]
        yield [Case(client, reply, note) for client, reply, note in some]


def written_within() -> list[Case]:
    """Those that are told only by what was sent."""
    return [Case(client, reply, note) for client, reply, note in within()]
