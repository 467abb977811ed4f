"""Answers above, below and between what they answer; what marks it as quoted; what stays."""

from __future__ import annotations

import pytest

from continuation_cli.core import extract
from continuation_cli.core.extract import Sent

ABOVE = "On Mon, Mar 2, 2026 at 10:15 AM Ana <ana@acme.example> wrote:"

INLINE = f"""\
See below.

{ABOVE}

> Blue or green?
Blue.

> On Monday?
> Before noon?

Yes,
please.

> Bye
> Ana
"""


def test_between_the_lines() -> None:
    assert extract.from_text(INLINE) == (
        "See below.\n\n> Blue or green?\nBlue.\n\n> On Monday?\n> Before noon?\n\nYes,\nplease."
    )


def test_between_the_lines_in_html() -> None:
    markup = (
        "<div>See below.<br><br><blockquote type='cite'><div>On 2 Mar 2026, at 10:15, Ana "
        "&lt;ana@acme.example&gt; wrote:</div><br><div>Blue or green?</div></blockquote>"
        "<div>Blue.</div><blockquote type='cite'><div>On Monday?</div></blockquote>"
        "<div>Yes.</div><blockquote type='cite'><div>Ana</div></blockquote></div>"
    )
    assert extract.from_html(markup).endswith("> Blue or green?\nBlue.\n> On Monday?\nYes.")


def test_of_our_own_email_only_the_line_that_is_answered() -> None:
    text = (
        f"{ABOVE}\n> -- Reply above this line --\n>\n> Ana replied to your chat\n>\n> Ana, 10:15\n"
        "> Blue or green?\n\nBlue.\n\n> On Monday?\n\nYes.\n\n> Unsubscribe: mailto:x\n"
    )
    assert extract.from_text(text) == "> Blue or green?\n\nBlue.\n\n> On Monday?\n\nYes."


def test_quotes_without_an_attribution_are_the_persons_own() -> None:
    text = "You said:\n\n> it ships on Monday\n\nDid it?"
    assert extract.from_text(text) == text


@pytest.mark.parametrize("prefix", ["> ", ">", ">> ", "  > ", "| ", "AL> ", "＞ "])
def test_prefixes(prefix: str) -> None:
    quoted = "\n".join(prefix + line for line in ("Blue?", "", "Ana"))
    assert extract.from_text(f"Blue.\n\n{ABOVE}\n\n{quoted}\n") == "Blue."


@pytest.mark.parametrize(
    "said",
    [
        ">:(", ">_< really", "a > b", "-> left", "x <- y", "- one\n- two", "* one\n* two",
        "1) a\n2) b", "--", "👍", "?", "From: here", "ok -- fine", "__init__", "-5",
        "```\n> $ ls\n--\nx\n```",
    ],
)  # fmt: skip
def test_what_looks_like_something_else(said: str) -> None:
    text = f"{said}\n\n{ABOVE}\n> Which one?\n" if said != "--" else said
    assert extract.from_text(text) == said


BLOCKS = {
    "outlook": "From: Ana <ana@acme.example>\nSent: Monday, March 2, 2026\nTo: Ada\nSubject: x",
    "bold": "*From:* Ana <ana@acme.example>\n*Sent:* Monday\n*To:* Ada\n*Subject:* x",
    "markdown": "**From:** Ana <ana@acme.example>\n**Date:** Monday\n**To:** Ada\n**Subject:** x",
    "no address": "From: Ana\nSent: Monday, March 2, 2026 10:15\nTo: Ada\nSubject: x",
    "no recipients": "From: Ana <ana@acme.example>\nSent: Monday",
    "spaced": "From: Ana <ana@acme.example>\n\nSent: Monday\n\nTo: Ada\n\nSubject: x",
    "many": "From: Ana <ana@acme.example>\nSent: Monday\nTo: Ada <a@b.c>;\n Bob <b@b.c>;"
    "\n Cy <c@b.c>\nCc: Dan <d@b.c>\nSubject: x\nImportance: High",
    "date first": "Date: Mon, 2 Mar 2026 10:15:00\nFrom: ana@acme.example\nTo: a@b.c\nSubject: x",
    "ruled": "________________________________\nFrom: Ana\nTo: Ada",
    "dashed": "------------------------------\n*From:* Ana\n*Subject:* x",
    "separator": "-----Original Message-----\nFrom: Ana\nSubject: x",
    "separator alone": "-----Original Message-----",
    "separator unknown": "----- Raskuba babek -----\nFrom: Ana <ana@acme.example>\nSubject: x",
    "de": "Von: Ana <ana@acme.example>\nGesendet: Montag\nAn: Ada\nBetreff: x",
    "fr": "De : Ana <ana@acme.example>\nEnvoyé : lundi 2 mars 2026 10:15\nÀ : Ada\nObjet : x",
    "es": "De: Ana <ana@acme.example>\nEnviado el: lunes\nPara: Ada\nAsunto: x",
    "pt": "De: Ana <ana@acme.example>\nEnviada em: segunda-feira\nPara: Ada\nAssunto: x",
    "it": "Da: Ana <ana@acme.example>\nInviato: lunedì\nA: Ada\nOggetto: x",
    "nl": "Van: Ana <ana@acme.example>\nVerzonden: maandag\nAan: Ada\nOnderwerp: x",
    "sv": "Från: Ana <ana@acme.example>\nSkickat: den 2 mars\nTill: Ada\nÄmne: x",
    "da": "Fra: Ana <ana@acme.example>\nSendt: 2. marts\nTil: Ada\nEmne: x",
    "fi": "Lähettäjä: Ana <ana@acme.example>\nLähetetty: maanantai\nVastaanottaja: Ada\nAihe: x",
    "pl": "Od: Ana <ana@acme.example>\nWysłano: poniedziałek\nDo: Ada\nTemat: x",
    "cs": "Od: Ana <ana@acme.example>\nOdesláno: pondělí\nKomu: Ada\nPředmět: x",
    "hu": "Feladó: Ana <ana@acme.example>\nElküldve: hétfő\nCímzett: Ada\nTárgy: x",
    "ro": "De la: Ana <ana@acme.example>\nTrimis: luni\nCătre: Ada\nSubiect: x",
    "ru": "От: Ana <ana@acme.example>\nОтправлено: 2 марта\nКому: Ada\nТема: x",
    "uk": "Від: Ana <ana@acme.example>\nНадіслано: 2 березня\nКому: Ada\nТема: x",
    "tr": "Kimden: Ana <ana@acme.example>\nGönderildi: 2 Mart\nKime: Ada\nKonu: x",
    "el": "Από: Ana <ana@acme.example>\nΣτάλθηκε: Δευτέρα\nΠρος: Ada\nΘέμα: x",
    "ja": "差出人: Ana <ana@acme.example>\n送信日時: 2026年3月2日\n宛先: Ada\n件名: x",
    "zh": "发件人： Ana <ana@acme.example>\n发送时间： 2026年3月2日\n收件人： Ada\n主题： x",
    "ko": "보낸 사람: Ana <ana@acme.example>\n보낸 날짜: 월요일\n받는 사람: Ada\n제목: x",
    "he": "מאת: Ana <ana@acme.example>\nנשלח: יום שני\nאל: Ada\nנושא: x",
}  # fmt: skip


@pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS)
def test_header_blocks(block: str) -> None:
    assert extract.from_text(f"Blue.\n\n{block}\n\nWhich one?\n\nAna\n") == "Blue."
    assert extract.from_text(f"Blue.\n{block}\n> Which one?\n> Ana\n") == "Blue."


def test_a_wrapped_line_that_lost_its_mark_is_quoted() -> None:
    text = (
        f"Blue.\n\n{ABOVE}\n> This line is so long that the server which passed it on wrapped it\n"
        "behind\n> the end\n"
    )
    assert extract.from_text(text) == "Blue."


# --- What we know of our own emails ------------------------------------------------------------


def test_our_marker_in_any_language_ends_the_text() -> None:
    for marker in ("-- Reply above this line --", "-- Répondez au-dessus de cette ligne --"):
        assert (
            extract.from_text(f"Blue.\n\nAna ci 2.3.2026 10:15:\n{marker}\n\nWhich?\n") == "Blue."
        )


def test_what_we_sent_is_known_without_any_mark() -> None:
    sent = Sent(("Do you want it in blue or in green?\nShall we ship it on Monday?",))
    text = "Blue.\n\nDo you want it in blue or in green?\nShall we ship it on Monday?\n"
    assert extract.from_text(text) == text.strip()
    assert extract.from_text(text, sent=sent) == "Blue."


def test_a_line_of_ours_that_is_repeated_stays() -> None:
    sent = Sent(("Do you want it in blue or in green?\nShall we ship it on Monday?",))
    text = "Do you want it in blue or in green?\nBlue, and with the other lamp please."
    assert extract.from_text(text, sent=sent) == text


def test_links_and_addresses_of_ours_go() -> None:
    text = (
        "I opened https://acme.example/p?a=1&continue_chat=c&continue_token=a.b.c and wrote to "
        "<reply+abcdefghijklmnopqrstuvwxyz234567ab@in.acme.example>, "
        "reply+abcdefghijklmnopqrstuvwxyz@in.acme.example."
    )
    found = extract.from_text(text)
    assert "continue_token" not in found
    assert "abcdefghijklmnopqrstuvwxyz@" not in found
    assert found.startswith("I opened  and wrote to")
