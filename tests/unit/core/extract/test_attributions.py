"""The line above a quote, as clients write it by language: it goes, and the quote with it."""

from __future__ import annotations

import pytest

from continuation_cli.core import extract

GMAIL = {
    "en": "On Mon, Mar 2, 2026 at 10:15 AM Ana Lopez <ana@acme.example> wrote:",
    "en-GB": "On Mon, 2 Mar 2026 at 10:15, Ana Lopez <ana@acme.example> wrote:",
    "de": "Am Mo., 2. März 2026 um 10:15 Uhr schrieb Ana Lopez <ana@acme.example>:",
    "fr": "Le lun. 2 mars 2026 à 10:15, Ana Lopez <ana@acme.example> a écrit :",
    "es": "El lun, 2 mar 2026 a las 10:15, Ana Lopez (<ana@acme.example>) escribió:",
    "it": "Il giorno lun 2 mar 2026 alle ore 10:15 Ana Lopez <ana@acme.example> ha scritto:",
    "pt": "Em seg., 2 de mar. de 2026 às 10:15, Ana Lopez <ana@acme.example> escreveu:",
    "nl": "Op ma 2 mrt 2026 om 10:15 schreef Ana Lopez <ana@acme.example>:",
    "sv": "Den mån 2 mars 2026 kl 10:15 skrev Ana Lopez <ana@acme.example>:",
    "da": "Den man. 2. mar. 2026 kl. 10.15 skrev Ana Lopez <ana@acme.example>:",
    "nb": "man. 2. mars 2026 kl. 10:15 skrev Ana Lopez <ana@acme.example>:",
    "fi": "ma 2. maalisk. 2026 klo 10.15 Ana Lopez (ana@acme.example) kirjoitti:",
    "pl": "pon., 2 mar 2026 o 10:15 Ana Lopez <ana@acme.example> napisał(a):",
    "cs": "po 2. 3. 2026 v 10:15 odesílatel Ana Lopez <ana@acme.example> napsal:",
    "sk": "po 2. 3. 2026 o 10:15 Ana Lopez <ana@acme.example> napísal(a):",
    "hu": "Ana Lopez <ana@acme.example> ezt írta (időpont: 2026. márc. 2., H, 10:15):",
    "ro": "În lun., 2 mar. 2026 la 10:15, Ana Lopez <ana@acme.example> a scris:",
    "ru": "пн, 2 мар. 2026 г. в 10:15, Ana Lopez <ana@acme.example>:",
    "uk": "пн, 2 бер. 2026 р. о 10:15 Ana Lopez <ana@acme.example> пише:",
    "bg": "На пн, 2.03.2026 г. в 10:15 Ana Lopez <ana@acme.example> написа:",
    "sr": "пон, 2. мар 2026. у 10:15 Ana Lopez <ana@acme.example> је написао/ла:",
    "hr": "pon, 2. ožu 2026. u 10:15 Ana Lopez <ana@acme.example> napisao je:",
    "sl": "V V pon., 2. mar. 2026 ob 10:15 je oseba Ana Lopez <ana@acme.example> napisala:",
    "el": "Στις Δευ 2 Μαρ 2026 στις 10:15 π.μ., ο χρήστης Ana Lopez <ana@acme.example> έγραψε:",
    "tr": "Ana Lopez <ana@acme.example>, 2 Mar 2026 Pzt, 10:15 tarihinde şunu yazdı:",
    "he": "\u202bבתאריך יום ב׳, 2 במרץ 2026 ב-10:15 מאת \u202aAna Lopez\u202c\u200f "
    "<\u202aana@acme.example\u202c\u200f>:\u202c",
    "ar": "في الاثنين، 2 مارس 2026 في 10:15 ص تمت كتابة ما يلي بواسطة "
    "Ana Lopez <ana@acme.example>:",
    "ja": "2026年3月2日(月) 10:15 Ana Lopez <ana@acme.example>:",
    "zh-CN": "Ana Lopez <ana@acme.example> 于2026年3月2日周一 10:15写道：",
    "zh-TW": "Ana Lopez <ana@acme.example> 於 2026年3月2日 週一 上午10:15寫道：",
    "ko": "2026년 3월 2일 (월) 오전 10:15, Ana Lopez <ana@acme.example>님이 작성:",
    "vi": "Vào Th 2, 2 thg 3, 2026 vào lúc 10:15 Ana Lopez <ana@acme.example> đã viết:",
    "id": "Pada tanggal Sen, 2 Mar 2026 pukul 10.15 Ana Lopez <ana@acme.example> menulis:",
    "th": "ในวันที่ จ. 2 มี.ค. 2026 เวลา 10:15 Ana Lopez <ana@acme.example> เขียนว่า:",
    "ca": "El dl., 2 de març 2026, 10:15, Ana Lopez <ana@acme.example> va escriure:",
    "et": "Kuupäev E, 2. märts 2026 kell 10:15 kirjutas Ana Lopez <ana@acme.example>:",
    "lt": "2026-03-02, pr, 10:15 Ana Lopez <ana@acme.example> rašė:",
    "lv": "pirmd., 2026. g. 2. marts, plkst. 10:15 — lietotājs "
    "Ana Lopez (<ana@acme.example>) rakstīja:",
    "is": "mán., 2. mar. 2026 kl. 10:15 skrifaði Ana Lopez <ana@acme.example>:",
}
APPLE = {
    "en": "On 2 Mar 2026, at 10:15, Ana Lopez <ana@acme.example> wrote:",
    "en-US": "On Mar 2, 2026, at 10:15 AM, Ana Lopez <ana@acme.example> wrote:",
    "de": "Am 02.03.2026 um 10:15 schrieb Ana Lopez <ana@acme.example>:",
    "fr": "Le 2 mars 2026 à 10:15, Ana Lopez <ana@acme.example> a écrit :",
    "es": "El 2 mar 2026, a las 10:15, Ana Lopez <ana@acme.example> escribió:",
    "it": "Il giorno 2 mar 2026, alle ore 10:15, Ana Lopez <ana@acme.example> ha scritto:",
    "pt": "No dia 2 de mar. de 2026, às 10:15, Ana Lopez <ana@acme.example> escreveu:",
    "nl": "Op 2 mrt 2026, om 10:15 heeft Ana Lopez <ana@acme.example> het volgende geschreven:",
    "sv": "2 mars 2026 kl. 10:15 skrev Ana Lopez <ana@acme.example>:",
    "da": "Den 2. mar. 2026 kl. 10.15 skrev Ana Lopez <ana@acme.example>:",
    "nb": "2. mars 2026 kl. 10:15 skrev Ana Lopez <ana@acme.example>:",
    "fi": "Ana Lopez <ana@acme.example> kirjoitti 2.3.2026 kello 10.15:",
    "pl": "Wiadomość napisana przez Ana Lopez <ana@acme.example> w dniu 2 mar 2026, o godz. 10:15:",
    "cs": "2. 3. 2026 v 10:15, Ana Lopez <ana@acme.example>:",
    "hu": "2026. márc. 2. dátummal, 10:15 időpontban Ana Lopez <ana@acme.example> írta:",
    "ru": "2 марта 2026 г., в 10:15, Ana Lopez <ana@acme.example> написал(а):",
    "uk": "2 бер. 2026 р. о 10:15 Ana Lopez <ana@acme.example> пише:",
    "tr": "Ana Lopez <ana@acme.example> şunları yazdı (2 Mar 2026 10:15):",
    "el": "Στις 2 Μαρ 2026, στις 10:15, ο/η Ana Lopez <ana@acme.example> έγραψε:",
    "ja": "2026/03/02 10:15、Ana Lopez <ana@acme.example>のメール:",
    "zh": "2026年3月2日 10:15，Ana Lopez <ana@acme.example> 写道：",
    "ko": "2026. 3. 2. 오전 10:15, Ana Lopez <ana@acme.example> 작성:",
}
OTHERS = {
    "thunderbird en": "On 02/03/2026 10:15, Ana Lopez wrote:",
    "thunderbird de": "Am 02.03.26 um 10:15 schrieb Ana Lopez:",
    "thunderbird fr": "Le 02/03/2026 à 10:15, Ana Lopez a écrit :",
    "thunderbird ja": "On 2026/03/02 10:15, Ana Lopez wrote:",
    "thunderbird cs": "Dne 02. 03. 26 v 10:15 Ana Lopez napsal(a):",
    "thunderbird pl": "W dniu 02.03.2026 o 10:15, Ana Lopez pisze:",
    "thunderbird ru": "02.03.2026 10:15, Ana Lopez пишет:",
    "thunderbird nl": "Op 02-03-2026 om 10:15 schreef Ana Lopez:",
    "yahoo": "On Monday, March 2, 2026, 10:15:00 AM GMT+1, Ana Lopez <ana@acme.example> wrote:",
    "yahoo de": "Am Montag, 2. März 2026 um 10:15:00 MEZ hat Ana Lopez "
    "<ana@acme.example> Folgendes geschrieben:",
    "yahoo fr": "Le lundi 2 mars 2026 à 10:15:00 UTC+1, Ana Lopez <ana@acme.example> a écrit :",
    "proton": "On Monday, March 2nd, 2026 at 10:15 AM, Ana Lopez <ana@acme.example> wrote:",
    "proton old": "------- Original Message -------",
    "fastmail": "On Mon, 2 Mar 2026, at 10:15 AM, Ana Lopez wrote:",
    "zoho": "---- On Mon, 02 Mar 2026 10:15:00 +0100 Ana Lopez <ana@acme.example> wrote ----",
    "mutt": "On Mon, Mar 02, 2026 at 10:15:00AM +0100, Ana Lopez wrote:",
    "pine": "On Mon, 2 Mar 2026, Ana Lopez wrote:",
    "gnus": "Ana Lopez <ana@acme.example> writes:",
    "news": "In article <abc@acme.example>, Ana Lopez wrote:",
    "mail.ru": "Понедельник, 2 марта 2026, 10:15 +03:00 от Ana Lopez <ana@acme.example>:",
    "yandex": '02.03.2026, 10:15, "Ana Lopez" <ana@acme.example>:',
    "netease": 'At 2026-03-02 10:15:00, "Ana Lopez" <ana@acme.example> wrote:',
    "netease zh": "在 2026-03-02 10:15:00，\"Ana Lopez\" <ana@acme.example> 写道：",
    "wp.pl": "Dnia 2 marca 2026 10:15 Ana Lopez <ana@acme.example> napisał(a):",
    "seznam": "---------- Původní e-mail ----------",
    "libero": "Il 02/03/2026 10:15 Ana Lopez <ana@acme.example> ha scritto:",
    "sent in german order": "Ana Lopez schrieb am 02.03.2026 um 10:15:",
    "iso": "2026-03-02 10:15 GMT+01:00 Ana Lopez <ana@acme.example>:",
    "no colon": "On Mon, Mar 2, 2026 at 10:15 AM Ana Lopez <ana@acme.example> wrote",
    "bare address": "On Mon, Mar 2, 2026 at 10:15 AM <ana@acme.example> wrote:",
    "mailto": "On Mon, Mar 2, 2026 at 10:15 AM Ana Lopez <ana@acme.example"
    "<mailto:ana@acme.example>> wrote:",
    "bold": "*On Mon, Mar 2, 2026 at 10:15 AM Ana Lopez <ana@acme.example> wrote:*",
}  # fmt: skip
LINES = {
    f"{client} {name}": line
    for client, lines in (("gmail", GMAIL), ("apple", APPLE), ("", OTHERS))
    for name, line in lines.items()
}
lines = pytest.mark.parametrize("line", LINES.values(), ids=LINES)


@lines
def test_with_the_quote_marked(line: str) -> None:
    assert extract.from_text(f"Blue, please.\n\n{line}\n\n> Which one?\n>\n> Ana\n") == (
        "Blue, please."
    )


@lines
def test_with_no_blank_line_before(line: str) -> None:
    assert extract.from_text(f"Blue, please.\n{line}\n> Which one?\n") == "Blue, please."


@lines
def test_with_the_quote_unmarked(line: str) -> None:
    assert extract.from_text(f"Blue, please.\n\n{line}\n\nWhich one?\n\nAna\n") == "Blue, please."


@lines
def test_below_the_quote(line: str) -> None:
    assert extract.from_text(f"{line}\n> Which one?\n> Ana\n\nBlue, please.\n") == "Blue, please."


@lines
@pytest.mark.parametrize("width", [72, 50])
def test_wrapped(line: str, width: int) -> None:
    import textwrap

    wrapped = "\n".join(textwrap.wrap(line, width, break_long_words=False, break_on_hyphens=False))
    assert extract.from_text(f"Blue, please.\n\n{wrapped}\n\n> Which one?\n") == "Blue, please."


@lines
def test_itself_marked(line: str) -> None:
    assert extract.from_text(f"Blue, please.\n\n> {line}\n>\n> Which one?\n") == "Blue, please."


@lines
def test_in_html(line: str) -> None:
    import html

    markup = (
        f"<div>Blue, please.</div><div><br></div><div>{html.escape(line)}</div>"
        '<blockquote type="cite"><div>Which one?</div></blockquote>'
    )
    assert extract.from_html(markup) == "Blue, please."


@pytest.mark.parametrize(
    "prose",
    [
        "On Monday I wrote to you:",
        "On Monday I wrote to you: nobody answered.",
        "On 2 March 2026 I wrote:",
        "Am Montag schrieb ich Ihnen:",
        "Am 2. März 2026 um 10:15 schrieb ich Ihnen:",
        "As Ana wrote:",
        "You wrote:",
        "Please call me at 10:15 or write to ada@example.com:",
        "The address that I wrote down is ada@example.com.",
        "He wrote that it would come on 2 March 2026 at 10:15.",
        "It came on 2026-03-02 10:15",
        "This is what it says:",
        "From: Berlin\nTo: Oslo",
        "From: Berlin\nTo: Oslo\nDate: 2 March",
        "From: 12 May\nTo: 15 May\nSubject: holiday",
        "From: ada@example.com\nTo: bob@example.com",
        "Subject: which one?",
        "Von: Berlin\nAn: Oslo",
        "-- first point\n-- second point",
        "5 > 3, and 3 < 5 -> fine",
        "I wrote this on 2 March",
        "Sent from my desk, it takes two days.",
        "The notification was sent from my iPhone app to all users.",
        "## Key points\n----\nall of it",
        "Regards to Ana: she wrote so nicely.",
    ],
)
def test_prose_stays(prose: str) -> None:
    text = f"Hello Ana,\n\n{prose}\n\nthe lamp is broken.\nWhat now?"
    assert extract.from_text(text) == text
    quoted = f"{text}\n\nOn Mon, Mar 2, 2026 at 10:15 AM Ana <ana@acme.example> wrote:\n> Hi\n"
    assert extract.from_text(quoted) == text
