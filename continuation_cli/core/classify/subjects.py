"""How the subjects of bounces and of automatic replies begin, by language, as regular expressions
in which `…` stands for up to 60 characters. A subject alone proves nothing (`core.classify`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# What MTAs, gateways and Exchange in its languages write above a report of delivery.
BOUNCES: Mapping[str, tuple[str, ...]] = {
    "en": (
        "undeliverable", "undelivered", "undeliver", "unable to deliver", "returned mail",
        "returned message", "returned e-?mail", "returned to sender", "return to sender",
        "delivery status", "delivery report", "delivery fail", "delivery failure",
        "delivery notification", "delivery error", "delivery delay", "delivery problem",
        "delivery incomplete", "delivery has", "delivery to … (?:failed|delayed)",
        "delivery unsuccessful", "delivery warning", "delivery notice", "delivery final",
        "(?:permanent|temporary|transient) (?:delivery )?(?:failure|error|delay)",
        "(?:permanent|temporary) … failure", "(?:mail|message|e-?mail) delivery ",
        "(?:mail|message|e-?mail) (?:system )?(?:error|failure)", "mailsystem", "mail … rejected",
        "(?:your )?(?:mail|message|e-?mail)\\b…(?:could not|couldn't|cannot|can't|can not) be",
        "(?:your )?(?:mail|message|e-?mail)\\b…(?:was|is|has) not(?: been)? (?:deliver|sent)",
        "(?:your )?(?:mail|message|e-?mail)\\b…not delivered",
        "(?:your )?(?:mail|message|e-?mail)\\b…(?:undeliver|delivery fail|delayed|bounced)",
        "(?:your )?(?:mail|message|e-?mail)\\b…(?:rejected|returned)", "failure notice",
        "failure delivery", "failure notification", "failure report", "failure to deliver",
        "failed (?:mail|delivery|message|recipient)", "non-? ?deliver", "non-?receipt", "ndn\\b",
        "ndr\\b", "dsn\\b", "user (?:unknown|not found|not listed)", "unknown (?:user|recipient)",
        "(?:warning|notice|error|alert):? …(?:deliver|delay|queue|return|could not send)",
        "delayed (?:mail|message)", "rejected (?:mail|message)", "automatically rejected mail",
        "auto(?:matic(?:ally)?)?[ -]reject", "bounced? (?:mail|message|e-?mail)",
        "(?:error|problem)s? (?:sending|delivering) ",
        "(?:could not|cannot|can't) (?:deliver|send)",
        "sorry, your message could not", "postmaster notify", "mailbox (?:is )?full",
        "mailbox (?:unavailable|not found|does not)", "over quota", "wrong address", "bad address",
        "address (?:not found|unknown|rejected)", "no such user", "message status",
    ),
    "de": (
        "unzustellbar", "nicht zustellbar", "nachricht (?:nicht|konnte)", "zustell(?:ung|fehler)",
        "zustellbericht", "e-?mail … (?:nicht zugestellt|unzustellbar)",
        "fehler bei der zustellung",
    ),
    "fr": (
        "non remis", "non distribu", "non délivr", "message non (?:remis|délivré|distribué)",
        "échec (?:de|d'envoi)", "notification d'état", "avis de non[ -]remise",
        "retour à l'expéditeur", "courrier non", "remise différée", "notification d'échec",
    ),
    "es": (
        "no se (?:puede|pudo|ha podido) entregar", "no entregado", "error (?:de|en la) entrega",
        "(?:correo|mensaje) no entreg", "fallo (?:en|de) (?:la )?entrega", "correo devuelto",
        "notificación de estado", "no se ha entregado", "entrega retrasada",
    ),
    "pt": (
        "não entregue", "(?:mensagem|e-?mail) não (?:entreg|enviad)", "falha (?:na|de|ao) ",
        "não é possível entregar", "notificação (?:de|do) status", "devolvido",
    ),
    "it": (
        "non recapitabile", "impossibile (?:recapitare|consegnare)",
        "mancata (?:consegna|recapito)",
        "messaggio non (?:consegnato|recapitato)", "mancato recapito", "notifica di stato",
    ),
    "nl": ("onbestelbaar", "niet (?:bezorgd|afgeleverd|besteld)", "niet-bezorgd", "onbezorgbaar"),
    "sv": ("olevererbar", "kan inte leverera", "kunde inte levereras", "går inte att leverera",
           "ej levererat", "det gick inte att leverera"),
    "da-no": ("kan ikke leveres", "ikke levert", "uleveret", "ikke leveret", "kunne ikke leveres",
              "ikke leverbar"),
    "fi": ("toimitus epäonnistui", "viesti(?:ä|n)? ei ", "perille toimittam", "ei voi toimittaa"),
    "pl": ("niedostarcz", "nie można dostarczyć", "nie dostarczono", "zwrot ", "brak możliwości"),
    "cs-sk": ("nedoruč", "nelze doručit", "nedá sa doručiť", "zpráva nebyla"),
    "hu": ("kézbesíthetetlen", "nem kézbesíthető", "sikertelen kézbesítés"),
    "ro": ("nelivrabil", "nu (?:poate|a putut) fi livrat", "imposibil de livrat"),
    "tr": ("teslim edileme", "iletilemedi", "gönderilemedi"),
    "el": ("μη παραδοτέ", "δεν (?:είναι|ήταν) δυνατή η παράδοση", "αποτυχία παράδοσης"),
    "ru-uk-bg": (
        "недоставлен", "не ?доставлен", "(?:ваше )?сообщение (?:не|возвращен)",
        "(?:ваше )?письмо не", "невозможно доставить", "не удается доставить",
        "отч[её]т о (?:не)?доставк", "уведомление о (?:не)?(?:доставк|состоянии)",
        "не вдалося доставити", "недоставимо", "неуспешна доставка", "ошибка доставки",
    ),
    "he-ar-fa": ("לא ניתן למסור", "לא נמסר", "תעודת אי מסירה",
                 "تعذر ?(?:ال)?تسليم", "لم يتم تسليم"),
    "th-vi-id": ("ไม่สามารถส่ง", "không thể (?:gửi|chuyển)", "không gửi được", "tidak terkirim"),
    "ja": (
        "配信(?:不能|でき|エラー|に失敗|不可)", "配送(?:不能|でき|エラー|に失敗)",
        "配達(?:不能|でき)",
        "(?:電子)?メール(?:が|を)?(?:配信|配送|送信)(?:でき|エラー)", "メールエラー",
        "エラーメール", "送信(?:エラー|失敗|でき)", "宛先不明", "未配信", "返送",
    ),
    "zh": (
        "系统退信", "系統退信", "退信", "邮件(?:投递|传输|发送|无法|传送)",
        "郵件(?:投遞|傳送|無法)",
        "未送达", "未送達", "無法(?:傳遞|投遞|寄送|送達)", "无法(?:传递|投递|送达|发送)", "未傳遞",
        "未传递", "寄送失敗", "投递失败", "来自 … 的退信",
    ),
    "ko": ("배달(?:되지|할 수| ?실패| ?못|불가)", "(?:메일|메시지)…(?:반송|실패|배달)", "반송",
           "전송 ?실패"),
}  # fmt: skip

# What vacation programs and mail servers in their languages write above a note.
REPLIES: Mapping[str, tuple[str, ...]] = {
    "en": (
        "auto(?:mat(?:ic|ed))?[ -_]?(?:reply|response|responder|answer)\\b", "autoreply",
        "autoresponse", "out[ -]of[ -](?:the[ -])?office", "ooo\\b", "oof\\b",
        "away from (?:my|the) (?:mail|office|desk|e-?mail)", "\\[?boxbe\\]?", "auto:",
    ),
    "de": (
        "auto(?:matische)?[ -]?(?:antwort|rückmeldung|eingangsbest)", "autom\\. antwort",
        "abwesenheits", "nicht im (?:büro|haus)", "außer haus", "ausser haus",
    ),
    "fr": ("r[ée]ponse auto", "message (?:automatique|d'absence)", "absence du bureau",
           "notification d'absence"),
    "es": ("respuesta auto", "contestación auto", "fuera de (?:la )?oficina"),
    "pt": ("resposta auto", "mensagem automática", "fora do escritório"),
    "it": ("risposta auto", "messaggio automatico", "fuori (?:ufficio|sede)"),
    "nl": ("automatisch(?:e)? (?:antwoord|beantwoording|bericht|reactie)", "niet op kantoor"),
    "sv": ("auto(?:matiskt )?svar", "frånvaro"),
    "da-no": ("auto(?:matisk )?svar", "fravær", "ikke på kontoret"),
    "fi": ("automaattinen vastaus", "poissaoloilmoitus"),
    "pl": ("odpowiedź auto", "autoodpowiedź", "automatyczna odpowiedź", "poza biurem"),
    "cs-sk": ("automatick[áý] odpov[ěe][ďd]", "mimo kancelář"),
    "hu": ("automatikus válasz", "házon kívül", "irodán kívül"),
    "ro-hr-sl": ("răspuns automat", "în afara biroului", "automatski odgovor", "samodejni odgovor",
                 "izvan ureda"),
    "tr": ("otomatik (?:yanıt|cevap)", "ofis dışı"),
    "el": ("αυτόματη απάντηση", "εκτός γραφείου"),
    "ru-uk-bg": ("авто(?:ответ|матическ|матичн|відповідь)", "автоматичен отговор", "вне офиса",
                 "поза офісом", "извън офиса"),
    "he-ar-fa": ("מענה אוטומטי", "תשובה אוטומטית", "מחוץ למשרד", "رد تلقائي", "خارج المكتب",
                 "پاسخ خودکار"),
    "th-vi-id": ("ตอบกลับอัตโนมัติ", "trả lời tự động", "balasan otomatis", "jawaban otomatis"),
    "ja": ("自動(?:返信|応答|送信|配信)", "不在(?:通知|応答)", "【自動"),
    "zh": ("自动(?:回复|答复|应答)", "自動(?:回覆|回复|答覆)", "不在办公室"),
    "ko": ("자동 ?(?:회신|응답|답장)", "부재 ?중"),
}  # fmt: skip

# What a person may write as well, and what help desks and requests to confirm begin with.
NOTES: Mapping[str, tuple[str, ...]] = {
    "en": (
        "away (?:message|notice)", "(?:i am|i'm) (?:away|out of|on (?:vacation|holiday|leave))",
        "vacation\\b", "(?:on|annual|sick|maternity|paternity|parental) (?:vacation|holiday|leave)",
        "not in the office", "currently (?:out|away|unavailable)", "we(?:'ve| have) received",
        "(?:we(?:'ve| have) )?received your", "(?:thank you|thanks) for (?:your|contacting)",
        "(?:message|mail|e-?mail|request|ticket) (?:received|acknowledg)", "acknowledge?ment",
        "your (?:mail|e-?mail|message) (?:to|has been received)", "delivery confirmation",
        "automat(?:ic|ed) (?:message|e-?mail)", "please (?:confirm|verify) your",
        "confirm your (?:mail|message|e-?mail)",
    ),
    "de": (
        "abwesen", "im urlaub", "urlaub",
        "ich bin (?:im|nicht|abwesend|außer|bis|derzeit|zur zeit)",
        "eingangsbestätigung", "vielen dank für ihre", "ihre (?:e-?mail|nachricht|anfrage) ",
        "automatische e-?mail",
    ),
    "fr": ("absen(?:t|ce)\\b", "je suis (?:absent|en congé|en vacances|actuellement)", "en congés?",
           "accusé de réception", "merci (?:de|pour) votre"),
    "es": ("ausen(?:te|cia)", "estoy (?:fuera|de vacaciones|ausente)", "de vacaciones",
           "gracias por (?:su|tu|contactar)"),
    "pt": ("aus[êe]n(?:cia|te)", "estou (?:fora|ausente|de férias)", "de férias",
           "obrigado (?:pelo|por)"),
    "it": ("assen(?:te|za)", "in ferie", "sono (?:fuori|assente|in ferie)"),
    "nl": ("afwezig", "niet aanwezig", "ik ben (?:afwezig|niet|met vakantie)", "vakantie"),
    "sv": ("frånvar", "jag är (?:inte|borta|på|ledig|tjänst)", "semester"),
    "da-no": ("på ferie", "ferie\\b", "ikke til stede", "jeg er (?:på|ikke|fraværende)"),
    "fi": ("poissa", "lomalla", "olen (?:lomalla|poissa)"),
    "pl": ("nieobecn", "urlop"),
    "cs-sk": ("nepřítomn", "neprítomn", "dovolen"),
    "hu": ("távollét", "szabadság"),
    "ro-hr-sl": ("odsut", "odsotn"),
    "tr": ("izindeyim",),
    "el": ("απουσ",),
    "ru-uk-bg": ("(?:я )?в отпуске", "отсутств", "відсутн", "отпуск"),
    "th-vi-id": ("ไม่อยู่", "vắng mặt"),
    "ja": ("不在(?:の|です|につき)", "外出(?:中|の)", "休暇(?:中|の|で)"),
    "zh": ("外出", "休假", "出差", "假期"),
    "ko": ("휴가",),
}  # fmt: skip
