"""Signatures, footers of apps and notices go; a person's own words stay."""

from __future__ import annotations

import pytest

from continuation_cli.core import extract

FOOTERS = """\
Sent from my iPhone
Sent from my Samsung Galaxy S24
Sent from my Verizon Wireless BlackBerry
Sent from Yahoo Mail for iPhone
Sent from Outlook for iOS<https://aka.ms/o0ukef>
Sent from Mail<https://go.microsoft.com/fwlink/?LinkId=550986> for Windows
Sent from Proton Mail for iOS
Sent with Proton Mail secure email.
Sent using the mobile mail app
Get Outlook for Android<https://aka.ms/AAb9ysg>
[Get Outlook for iOS](https://aka.ms/o0ukef)
Von meinem iPhone gesendet
Gesendet mit der GMX Mail App
Gesendet von Outlook für Android
Envoyé de mon iPhone
Envoyé à partir de Outlook pour iOS
Enviado desde mi iPhone
Enviado do meu iPhone
Inviato da iPhone
Verstuurd vanaf mijn iPhone
Verzonden vanuit Outlook voor iOS
Skickat från min iPhone
Sendt fra min iPhone
Lähetetty iPhonesta
Wysłane z iPhone'a
Odesláno z iPhonu
Az iPhone-omról küldve
Trimis de pe iPhone-ul meu
Отправлено с iPhone
Отправлено из мобильной Почты Mail.ru
Надіслано з iPhone
iPhone'umdan gönderildi
Στάλθηκε από το iPhone μου
iPhoneから送信
发自我的iPhone
發自我的 iPhone
나의 iPhone에서 보냄
נשלח מה-iPhone שלי
أُرسلت من الـ iPhone
Đã gửi từ iPhone của tôi
Dikirim dari iPhone saya""".splitlines()


@pytest.mark.parametrize("footer", FOOTERS)
def test_footers(footer: str) -> None:
    above = "On 2 Mar 2026, at 10:15, Ana <ana@acme.example> wrote:"
    assert extract.from_text(f"Blue.\n\n{footer}\n") == "Blue."
    assert extract.from_text(f"Blue.\n\n{footer}\n\n{above}\n\n> Which?\n") == "Blue."
    assert extract.from_text(f"{above}\n\n> Which?\n\nBlue.\n\n{footer}") == "Blue."


@pytest.mark.parametrize("delimiter", ["-- ", "--", "—", "____________", "\\--"])
def test_delimiters(delimiter: str) -> None:
    assert extract.from_text(f"Blue.\n\n{delimiter}\nAda Lovelace\n+44 20 7946 0018\n") == "Blue."


def test_below_the_signature_what_is_written_between_quotes_stays() -> None:
    text = "Blue.\n-- \nAda\n\nOn 2 Mar 2026, at 10:15, Ana <a@b.example> wrote:\n> Which?\n"
    assert extract.from_text(text) == "Blue."


def test_a_long_text_below_dashes_is_no_signature() -> None:
    text = "First.\n--\n" + "\n".join(f"Line {number} of what follows" for number in range(40))
    assert extract.from_text(text) == text


@pytest.mark.parametrize(
    "written",
    ["Sent from my desk, this takes two days.", "Sent from my office it takes long, does it not?",
     "The mail was sent from my iPhone.", "## Points\n----\nall of them", "a\n====\nb"],
)  # fmt: skip
def test_no_footers(written: str) -> None:
    text = f"Hello\n\n{written}\n\nWhat now?"
    assert extract.from_text(text) == text


CARD = "Ada Lovelace\nAnalytical Engines Ltd.\n12 St James's Square\nTel. +44 20 7946 0018"


@pytest.mark.parametrize(
    "sign_off",
    ["Best regards,", "Kind regards", "Mit freundlichen Grüßen", "Cordialement,", "Saludos",
     "Cordiali saluti", "Met vriendelijke groet,", "Med vänlig hälsning", "Pozdrawiam",
     "С уважением,"],
)  # fmt: skip
def test_below_sign_off_and_name_the_business_card_goes(sign_off: str) -> None:
    assert extract.from_text(f"Blue.\n\n{sign_off}\n{CARD}\n") == (
        f"Blue.\n\n{sign_off}\nAda Lovelace"
    )


@pytest.mark.parametrize(
    "below",
    ["Ada", "Ada\n\nPS: my number is +44 20 7946 0018", "Ada\n\nCan you call +44 20 7946 0018?",
     "Ada\nand all the others"],
)  # fmt: skip
def test_below_the_sign_off_what_is_said_stays(below: str) -> None:
    text = f"Blue.\n\nBest regards,\n{below}"
    assert extract.from_text(text) == text


NOTICES = (
    "This e-mail and any attachments are confidential and intended solely for the addressee. If\n"
    "you have received it in error, please delete it.",
    "Diese E-Mail enthält vertrauliche Informationen. Wenn Sie nicht der richtige Adressat sind, "
    "informieren Sie bitte den Absender.",
    "CONFIDENTIALITY NOTICE: the information in this message is privileged. If you are not the "
    "intended recipient, you must not use it.",
)


@pytest.mark.parametrize("notice", NOTICES)
def test_notices_of_companies(notice: str) -> None:
    above = "On 2 Mar 2026, at 10:15, Ana <ana@acme.example> wrote:"
    assert extract.from_text(f"Blue.\n\n{notice}\n") == "Blue."
    assert extract.from_text(f"Blue.\n\n{above}\n> Which?\n\n-----\n{notice}\n") == "Blue."


def test_a_notice_alone_is_what_was_said() -> None:
    assert extract.from_text(NOTICES[0]) == NOTICES[0]


def test_nothing_but_a_signature_is_given_whole() -> None:
    assert extract.from_text("Sent from my iPhone") == "Sent from my iPhone"
    assert extract.from_text("-- \nAda") == "--\nAda"


@pytest.mark.parametrize(
    "element",
    ['<div class="gmail_signature">{}</div>', '<div id="Signature">{}</div>',
     '<div id="ms-outlook-mobile-signature">{}</div>', '<div class="moz-signature">-- <br>{}</div>',
     '<div id="AppleMailSignature">{}</div>', '<div class="protonmail_signature_block">{}</div>',
     '<div class="x_gmail_signature">{}</div>', '<div id="MAC_OUTLOOK_SIGNATURE">{}</div>'],
)  # fmt: skip
def test_signatures_in_markup(element: str) -> None:
    signature = element.format("Ada<br>Analytical Engines")
    quote = '<blockquote type="cite">Which?</blockquote>'
    assert extract.from_html(f"<div>Blue.</div><br>{signature}<br>{quote}") == "Blue."
    assert extract.from_html(f"<div>Blue.</div>{signature}<div>And green.</div>") == (
        "Blue.\nAnd green."
    )
