"""What is said, in each language: what our agent asked, and what the customer answers.

The customer's mail client speaks their language. Our email does too where we have its phrases,
else it is in English around the agent's own words.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Talk:
    """Two questions of the agent's message, one a line, and an answer to each of them."""

    agent: str
    questions: tuple[str, str]
    answers: tuple[str, str]
    sign_off: str
    disclaimer: str = ""


TALKS: dict[str, Talk] = {
    "en": Talk(
        "Ana",
        ("Do you want it in blue or in green?", "Shall we ship it on Monday?"),
        (
            "Blue please, it fits the room better.",
            "Monday is fine. The bell is broken, please knock.",
        ),
        "Best regards",
        "This message and any attachments are confidential and intended solely for the\n"
        "addressee. If you have received it in error, please delete it.",
    ),
    "de": Talk(
        "Jürgen",
        ("Möchten Sie ihn in Blau oder in Grün?", "Sollen wir am Montag liefern?"),
        (
            "In Blau bitte, das passt besser.",
            "Montag passt. Die Klingel ist kaputt, bitte klopfen.",
        ),
        "Mit freundlichen Grüßen",
        "Diese E-Mail enthält vertrauliche Informationen. Wenn Sie nicht der richtige Adressat\n"
        "sind, informieren Sie bitte den Absender und vernichten Sie diese Mail.",
    ),
    "fr": Talk(
        "Zoé",
        ("Le préférez-vous en bleu ou en vert ?", "Pouvons-nous livrer lundi ?"),
        ("En bleu s’il vous plaît, c’est plus joli.", "Lundi me va. La sonnette est cassée."),
        "Cordialement",
        "Ce message et ses pièces jointes sont confidentiels et destinés exclusivement à leur\n"
        "destinataire. Si vous l'avez reçu par erreur, merci de le supprimer.",
    ),
    "es": Talk(
        "Begoña",
        ("¿Lo quiere en azul o en verde?", "¿Lo enviamos el lunes?"),
        ("En azul, por favor, queda mejor.", "El lunes está bien. El timbre no funciona."),
        "Un saludo",
    ),
    "pt": Talk(
        "Inês",
        ("Prefere em azul ou em verde?", "Podemos enviar na segunda-feira?"),
        ("Em azul, por favor, combina melhor.", "Segunda está ótimo. A campainha não funciona."),
        "Atenciosamente",
    ),
    "it": Talk(
        "Niccolò",
        ("Lo preferisce blu o verde?", "Possiamo spedire lunedì?"),
        ("Blu per favore, sta meglio.", "Lunedì va bene. Il campanello è rotto, bussate."),
        "Cordiali saluti",
    ),
    "nl": Talk(
        "Anneloes",
        ("Wilt u hem in het blauw of in het groen?", "Zullen we maandag leveren?"),
        ("Blauw graag, dat past beter.", "Maandag is goed. De bel is kapot, graag kloppen."),
        "Met vriendelijke groet",
    ),
    "pl": Talk(
        "Łucja",
        ("Czy ma być niebieski, czy zielony?", "Czy możemy wysłać w poniedziałek?"),
        ("Niebieski poproszę, lepiej pasuje.", "Poniedziałek jest w porządku. Proszę zapukać."),
        "Pozdrawiam",
    ),
    "sv": Talk(
        "Åsa",
        ("Vill du ha den i blått eller grönt?", "Ska vi skicka den på måndag?"),
        ("Blått tack, det passar bättre.", "Måndag går bra. Ringklockan är trasig."),
        "Med vänliga hälsningar",
    ),
    "ar": Talk(
        "ليلى",
        ("هل تريده باللون الأزرق أم الأخضر؟", "هل نشحنه يوم الاثنين؟"),
        ("الأزرق من فضلك، فهو أنسب.", "الاثنين مناسب. الجرس معطل، اطرقوا الباب."),
        "مع أطيب التحيات",
    ),
    "he": Talk(
        "נועה",
        ("בכחול או בירוק?", "לשלוח ביום שני?"),
        ("בכחול בבקשה, זה מתאים יותר.", "יום שני מצוין. הפעמון מקולקל, נא לדפוק."),
        "בברכה",
    ),
    "ja": Talk(
        "佐藤",
        ("青と緑のどちらがよろしいですか？", "月曜日に発送してもよろしいですか？"),
        ("青でお願いします。部屋に合いますので。", "月曜日で大丈夫です。呼び鈴が壊れています。"),
        "よろしくお願いいたします",
    ),
    "ru": Talk(
        "Юлия",
        ("Вам синий или зелёный?", "Отправить в понедельник?"),
        ("Синий, пожалуйста, он лучше подходит.", "Понедельник подойдёт. Звонок не работает."),
        "С уважением",
    ),
    "zh": Talk(
        "小丽",
        ("您想要蓝色的还是绿色的？", "我们周一发货可以吗？"),
        ("请给我蓝色的，更适合房间。", "周一可以。门铃坏了，请敲门。"),
        "此致",
    ),
    "tr": Talk(
        "Ayşe",
        ("Mavi mi yoksa yeşil mi istersiniz?", "Pazartesi gönderelim mi?"),
        (
            "Mavi lütfen, odaya daha çok yakışıyor.",
            "Pazartesi uygun. Zil bozuk, lütfen kapıyı çalın.",
        ),
        "Saygılarımla",
    ),
    "cs": Talk(
        "Jiřina",
        ("Chcete ho v modré, nebo zelené?", "Můžeme ho poslat v pondělí?"),
        ("Modrý prosím, hodí se líp.", "Pondělí mi vyhovuje. Zvonek nefunguje, zaklepejte."),
        "S pozdravem",
    ),
    "da": Talk(
        "Søren",
        ("Vil du have den i blå eller grøn?", "Skal vi sende den på mandag?"),
        ("Blå tak, den passer bedre.", "Mandag er fint. Dørklokken er i stykker."),
        "Med venlig hilsen",
    ),
    "ko": Talk(
        "지민",
        ("파란색과 초록색 중 어느 것을 원하세요?", "월요일에 보내 드릴까요?"),
        ("파란색으로 부탁드립니다.", "월요일 괜찮습니다. 초인종이 고장 났어요."),
        "감사합니다",
    ),
    "fi": Talk(
        "Päivi",
        ("Haluatko sen sinisenä vai vihreänä?", "Lähetämmekö sen maanantaina?"),
        ("Sinisenä kiitos, se sopii paremmin.", "Maanantai sopii. Ovikello on rikki."),
        "Ystävällisin terveisin",
    ),
}

LANGUAGES = tuple(TALKS)
