"""The words by which mail clients, in some thirty languages, introduce what they quote.

Gathered from the clients' own user interfaces: Gmail, Outlook, Apple Mail, Thunderbird, Yahoo and
others. All are lower case; a language is named where one word would not tell.
"""

from __future__ import annotations

from typing import Final, Literal

Label = Literal["from", "date", "to", "subject", "other"]

_LABELS: dict[Label, str] = {
    "from": """
        from|von|absender|de|expéditeur|remitente|da|mittente|van|afzender|från|avsändare|fra|
        afsender|avsender|lähettäjä|od|nadawca|odesílatel|odosielateľ|feladó|expeditor|de la|
        от|от кого|отправитель|від|від кого|відправник|kimden|gönderen|από|αποστολέας|från/from|
        差出人|送信者|from/差出人|发件人|發件人|寄件者|寄件人|보낸 사람|보낸사람|מאת|من|từ|dari|จาก|
        pošiljatelj|šalje|šalje|пошиљалац|подател|kas|saatja|no|nuo|frá|od koga|remetente|remitent|
        enviado por|gesendet von
        """,
    "date": """
        sent|date|gesendet|datum|gesendet am|envoyé|envoyé le|date d'envoi|enviado|enviado el|fecha|
        enviado em|enviada em|enviada|data|inviato|data invio|verzonden|verzonden op|
        skickat|datum|sendt|dato|
        sendt den|lähetetty|päivämäärä|päiväys|wysłano|wysłane|odesláno|dátum|odoslané|elküldve|
        dátum|küldve|trimis|trimis la|dată|отправлено|дата|дата отправки|надіслано|gönderildi|
        gönderilme|gönderim zamanı|tarih|ημερομηνία|στάλθηκε|εστάλη|送信日時|日付|日時|送信|
        发送时间|发送日期|日期|寄件日期|傳送時間|時間|时间|보낸 날짜|날짜|보낸날짜|נשלח|תאריך|
        בתאריך|تاريخ الإرسال|التاريخ|تم الإرسال|ngày|đã gửi|vào lúc|tanggal|dikirim|วันที่|ส่ง|
        poslano|poslato|послато|изпратено|saadetud|kuupäev|nosūtīts|išsiųsta|datums|sent date|
        enviat|data enviament|sent on|sent at|wysłany
        """,
    "to": """
        to|an|empfänger|à|destinataire|para|destinatario|a|aan|till|til|mottaker|modtager|
        vastaanottaja|do|komu|adresát|címzett|către|la|кому|получатель|до|kime|alıcı|προς|
        宛先|to/宛先|收件人|收件者|받는 사람|받는사람|אל|إلى|đến|kepada|ถึง|za|prima|за|до кого|
        adressaat|kellele|kam|kam|per|destinatari|til/to
        """,
    "subject": """
        subject|betreff|objet|sujet|asunto|oggetto|assunto|onderwerp|ämne|emne|aihe|otsikko|temat|
        předmět|predmet|věc|tárgy|subiect|тема|konu|θέμα|件名|主题|主題|主旨|標題|제목|נושא|
        الموضوع|chủ đề|tiêu đề|subjek|perihal|เรื่อง|naslov|наслов|предмет|относно|teema|temats|
        tema|assumpte|efni|re
        """,
    "other": """
        cc|bcc|copie|copie à|kopie|kopie (cc)|con copia|copia|per conoscenza|kopia|kopi|kopio|dw|
        kópia|másolatot kap|másolat|cc:|копия|копію|копія|bilgi|κοιν|κοινοποίηση|抄送|副本|참조|
        עותק|نسخة|reply-to|reply to|antwort an|responder a|répondre à|rispondi a|risposta|
        svar til|antwoord aan|ответить|importance|priority|wichtigkeit|priorität|prioriteit|
        importancia|message du|attachments|
        anlagen|anhänge|anhang|pièces jointes|datos adjuntos|adjuntos|
        allegati|bijlagen|bilagor|vedlegg|załączniki|organization|x-mailer|message-id|
    sujet du message|
        listes|tags|reply
        """,
}


def _words(text: str) -> list[str]:
    return [word for word in (part.strip() for part in text.split("|")) if word]


def _split(text: str) -> list[str]:
    return text.split()


#: The label of a header line as clients show it above what they quote, and what it stands for.
LABELS: Final[dict[str, Label]] = {
    word: label for label, text in _LABELS.items() for word in _words(text)
}

#: Verbs of attributions ("On …, Ana wrote:"). With letters of an alphabet: whole words.
VERBS: Final = _words("""
    wrote|writes|schrieb|schrieb am|hat geschrieben|geschrieben|a écrit|à écrit|ecrit|écrivait|
    écrit|
    escribió|escribio|ha escrito|va escriure|ha escrit|ha scritto|scrisse|scriveva|escreveu|
    schreef|heeft geschreven|geschreven|skrev|skrev følgende|skreiv|kirjoitti|kirjutas|napisał|
    napisała|napisał(a)|napisali|pisze|wiadomość napisana przez|
    napsal|napsala|napsal(a)|píše|napísal|napísala|napísal(a)|
    napisao|napisala|napisao/la je|je napisao|je napisala|je napisao/la|написао|написао је|
    написал|написала|написал(а)|написали|писал|писал(а)|пишет|пише|написав|написала|написав(-ла)|
    написа|yazdı|şunu yazdı|şunları yazdı|yazmış|írta|ezt írta|a scris|scris|έγραψε|έγραψε τα εξής|
    כתב|כתבה|כתב/ה|כתב(ה)|كتب|كتبت|đã viết|menulis|เขียนว่า|เขียน|rakstīja|rašė|parašė|
    skrifaði|idatzi du|escribiu|ysgrifennodd|ipinost ni
    """)
#: Those of scripts that put no space between words.
UNSPACED_VERBS: Final = _words("""
    写道|寫道|写到|寫到|のメール|님이 작성|작성:|님이 쓴 글|書きました|のメッセージ|さんは書きました
    """)

#: First words of attributions that begin with the day, and what weekdays begin with.
LEADS: Final = frozenset(
    _split("""
    on at in am le el il em op den d. på pe la în v dne dnia w στις στο в у на от 在 于 於 vào
    pada 日 ב בתאריך ב- في بتاريخ kohteessa dana dne dňa ngày el. lúc il. de från fra
    """)
)
WEEKDAYS: Final = tuple(
    _split("""
    mon tue wed thu fri sat sun mo. di. mi. do. fr. sa. so. montag dienstag mittwoch donnerstag
    freitag samstag sonntag lun mar mer jeu ven sam dim mié jue vie sáb sab dom gio seg ter qua
    qui sex ma wo don vr za zo må tis ons tor lör sön man tir lør søn ma ti ke to pe la su pon wt
    śr czw pt sob niedz po út st čt pá so ne ut str štv pia пон вт ср чт пт сб вс вос суб пят чет
    пн нд пʼят hét ked sze csüt pén szo vas luni marți mie joi vin sâm dum δευ τρί τετ πέμ παρ
    σάβ κυρ pzt sal çar per cum cmt paz
    """)
)

#: Between two runs of dashes, or alone on a line that ends in a colon (the second list).
SEPARATORS: Final = _words("""
    original message|original email|original|original appointment|forwarded message|reply message|
    forwarded by|message forwarded|
    ursprüngliche nachricht|originalnachricht|original-nachricht|antwort nachricht|
    weitergeleitete nachricht|message d'origine|message d’origine|message original|
    message transféré|mensaje original|mensaje reenviado|messaggio originale|
    messaggio inoltrato|messaggio originario|mensagem original|mensagem encaminhada|
    mensagem de origem|
    oorspronkelijk bericht|origineel bericht|doorgestuurd bericht|ursprungligt meddelande|
    originalmeddelande|vidarebefordrat meddelande|ursprungligt brev|
    oprindelig meddelelse|original meddelelse|videresendt meddelelse|videresendt besked|
    opprinnelig melding|opprinnelig beskjed|videresendt melding|
    alkuperäinen viesti|välitetty viesti|edelleenlähetetty viesti|
    wiadomość oryginalna|oryginalna wiadomość|treść oryginalnej wiadomości|
    wiadomość przekazana dalej|przekazana wiadomość|původní zpráva|původní e-mail|přeposlaná zpráva|
    pôvodná správa|preposlaná správa|eredeti üzenet|továbbított üzenet|mesaj original|
    mesajul original|
    mesaj redirecționat|исходное сообщение|оригинальное сообщение|пересылаемое сообщение|
    пересланное сообщение|исходное письмо|пересылаемое письмо|оригінальне повідомлення|
    вихідне повідомлення|переслане повідомлення|orijinal mesaj|özgün ileti|orijinal ileti|
    iletilen ileti|iletilmiş mesaj|αρχικό μήνυμα|προωθημένο μήνυμα|
    元のメッセージ|オリジナルメッセージ|転送メッセージ|原始邮件|原始郵件|邮件原件|郵件原件|原邮件|原郵件|转发邮件|
    轉寄郵件|转发的邮件|原始信息|原始訊息|원본 메시지|원본 메일|원본 이메일|전달된 메시지|
    הודעה מקורית|ההודעה המקורית|הודעה שהועברה|الرسالة الأصلية|رسالة أصلية|رسالة محولة|
    tin nhắn gốc|thư gốc|thư được chuyển tiếp|pesan asli|pesan terusan|
    originalna poruka|izvorna poruka|izvorno sporočilo|оригинална порука|оригинално съобщение|
    missatge original|mensaxe orixinal|upprunaleg skilaboð|algkiri|
    """)
FORWARDED: Final = frozenset(
    _words("""
    begin forwarded message|anfang der weitergeleiteten nachricht|début du message réexpédié|
    début du message transféré|inicio del mensaje reenviado|inizio messaggio inoltrato|
    início da mensagem reencaminhada|início da mensagem encaminhada|begin doorgestuurd bericht|
    vidarebefordrat brev|start på videresendt besked|videresendt melding|
    alkaa edelleenlähetetty viesti|
    välitetty viesti alkaa|początek przekazywanej wiadomości|začátek přeposílané zprávy|
    začiatok preposlanej správy|továbbított levél kezdete|începutul mesajului redirecționat|
    начало переадресованного сообщения|начало пересылаемого сообщения|
    початок листа, що пересилається|iletilen mesajın başlangıcı|αρχή προωθημένου μηνύματος|
    転送されたメッセージ|转发的邮件|開始轉寄郵件|下面是被转发的邮件|以下是轉寄的郵件|
    전달된 메시지의 시작|forwarded message|original message|weitergeleitete nachricht|
    ursprüngliche nachricht
    """)
)

#: What mail apps write below a message: the line begins so, and says little more.
FOOTERS: Final = _words("""
    sent from my |sent from a |sent from mail for|sent from outlook|sent from yahoo|
    sent from samsung|
    sent from proton|sent from gmail|sent from aol|sent from fastmail|sent from the |sent from hey|
    sent from blue|sent from tutanota|sent from tuta|sent from windows|sent from spark|
    sent from surface|sent from canary|sent from airmail|sent from android|sent from iphone|
    sent from ipad|sent from ios|sent from myMail|sent from zoho|sent from polymail|
    sent from em client|sent from mobile|sent from smartphone|sent from your|sent from telstra|
    sent from xfinity|sent from frontier|sent from verizon|sent from at&t|sent from t-mobile|
    sent from vodafone|sent from nine|sent from typeapp|sent from bluemail|sent from edison|
    sent from workspace|sent from apple|
    sent from front|sent from shortwave|sent from superhuman|sent from missive|
    sent by outlook|sent on the go|sendt frå |sent frá |get outlook |
    téléchargez outlook|获取适用于|發自 |下載 ios|下載 android|下载 ios|下载 android|
    取得 ios|取得 android|пошта надіслана з |
    sent via |sent with |sent using |sent by my |get outlook for|get bluemail for|get typeapp for|
    download outlook for|this message was sent from my |excuse my brevity|please excuse my brevity|
    please excuse brevity|please excuse typos|composed on |typed on my |secured with proton|
    sent securely|
    gesendet von |gesendet mit |gesendet über |gesendet aus |von meinem |von unterwegs gesendet|
    diese nachricht wurde von meinem |diese nachricht wurde gesendet|outlook für |
    holen sie sich outlook|
    laden sie outlook|hol dir outlook|verschickt mit |verfasst mit |
    envoyé de mon |envoyé depuis |envoyé à partir |envoyé avec |envoyé par mon |envoyé via |
    envoyé d'un |télécharger outlook|obtenez outlook|obtenir outlook|provenance : |
    enviado desde |enviado con |enviado de |enviado do |enviado a partir |enviado via |enviado por |
    enviado pelo |enviado com |obtener outlook|obtén outlook|descargar outlook|descarga outlook|
    baixe o outlook|obter o outlook|obtenha o outlook|
    enviat des |
    inviato da |inviato dal |inviato con |inviato tramite |scarica outlook|ottieni outlook|
    verzonden vanaf |verstuurd vanaf |verzonden met |verstuurd met |verzonden via |verstuurd via |
    verstuurd van|verzonden vanuit|outlook voor |outlook downloaden|download outlook voor|
    skickat från |skickades från|skickat med |hämta outlook|skaffa outlook|
    sendt fra |sendt med |sendt via |hent outlook|få outlook|
    lähetetty |hanki outlook|lataa outlook|
    wysłane z |wysłano z |wysłane przez|pobierz outlook|pobierz program outlook|
    odesláno z |odesláno ze |odoslané z |odoslané zo |odeslané z|
    získejte outlook|získat outlook|stáhnout outlook|
    stáhněte si outlook|získať outlook|získajte outlook|poslano z |
    az iphone-omról|iphone-omról küldve|iphone készülékemről küldve|az outlook letöltése|küldve |
    elküldve |
    trimis de pe |trimis din |descărcați outlook|obțineți outlook|
    отправлено с |отправлено из |отправлено от |отправлено через|скачать outlook|получить outlook|
    надіслано з |відправлено з |отримати outlook|завантажити outlook|изпратено от |
    послато са |poslato sa |
    στάλθηκε από |εστάλη από |λήψη του outlook|αποκτήστε το outlook|
    iphone'umdan gönderildi|iphone’umdan gönderildi|ipad'imden gönderildi|ipad’imden gönderildi|
    outlook'u edinin|android için outlook|ios için outlook|
    iphoneから送信|ipadから送信|iphone から送信|ipad から送信|androidから送信|my iphoneから送信|
    私のiphone|
    androidスマートフォンから|outlook for ios を入手|outlook for android を入手|yahoo!メール|
    galaxyから送信|スマートフォンから送信|
    发自我的|發自我的|来自我的|从我的|從我的|获取 outlook|下載 outlook|取得 outlook|发自 |发送自|
    傳送自我的|
    從 iphone|从 iphone|寄自我的|
    나의 iphone에서 보냄|나의 ipad에서 보냄|내 iphone에서 보냄|iphone에서 보냄|삼성 갤럭시|
    갤럭시에서 보냄|
    outlook 다운로드|my iphone에서 보냄|
    נשלח מה|נשלח מ|קבל את outlook|أرسلت من|أُرسلت من|مرسل من|تم الإرسال من|الحصول على outlook|
    đã gửi từ |gửi từ |nhận outlook|dikirim dari |terkirim dari |dapatkan outlook|ส่งจาก|
    รับ outlook|
    poslano s |poslano iz |saadetud minu |nosūtīts no |išsiųsta iš |sent fra|dapat outlook|
    virus-free. www.avast|virus-free.www.avast|virenfrei. www.avast|virenfrei.www.avast|
    libre de virus. www.avast|libre de virus.www.avast|garanti sans virus|mail priva di virus|
    livre de vírus
    """)
#: What people end a letter with.
SIGN_OFFS: Final = _words("""
    best regards|kind regards|warm regards|regards|many regards|with regards|with kind regards|
    with best regards|best wishes|all the best|yours sincerely|sincerely|yours faithfully|
    yours truly|cheers|respectfully|mit freundlichen grü|mit freundlichem gru|freundliche grü|
    viele grü|beste grü|liebe grü|herzliche grü|schöne grü|mit besten grü|mfg|lg|vg|
    cordialement|bien cordialement|bien à vous|sincères salutations|meilleures salutations|
    salutations|saludos|un saludo|atentamente|cordialmente|cordiali saluti|distinti saluti|
    saluti|un cordiale saluto|atenciosamente|com os melhores cumprimentos|cumprimentos|
    melhores cumprimentos|abraços|met vriendelijke groet|vriendelijke groet|groeten|mvg|
    med vänlig|vänliga hälsningar|vänligen|hälsningar|mvh|med venlig hilsen|venlig hilsen|
    hilsen|bedste hilsner|kh|med vennlig hilsen|vennlig hilsen|ystävällisin terveisin|terveisin|
    pozdrawiam|z poważaniem|z wyrazami szacunku|s pozdravem|s úctou|üdvözlettel|tisztelettel|
    cu stimă|cu respect|с уважением|с наилучшими пожеланиями|з повагою|saygılarımla|
    iyi çalışmalar|με εκτίμηση|φιλικά|με φιλικούς χαιρετισμούς|よろしくお願い|敬具|此致|祝好|
    감사합니다|בברכה|مع أطيب التحيات|مع خالص التحية
    """)
#: Parts of words that notices of confidentiality have, and what else they speak of.
CONFIDENTIAL: Final = _words("""
    confiden|privileged|vertraulich|riservat|vertrouwelijk|förtrolig|sekretess|dôvern|保密|비밀|סודי|
    konfident|fortrolig|luottamuks|poufn|důvěrn|bizalmas|конфиденци|конфіденц|
    gizli|εμπιστευτικ|機密|机密|機密|기밀|חסוי|سري
    """)
NOTICES: Final = _words("""
    intended (?:solely|only|for)|recipient|addressee|in error|disclos|adressat|empfänger|
    irrtümlich|unbefugt|destinataire|par erreur|destinatari|por error|por engano|por erro|
    destinatár|per errore|geadresseerde|per vergissing|ten onrechte|uitsluitend bestemd|
    mottagare|av misstag|mottaker|modtager|ved en fejl|vastaanottaj|adresat|omyłk|pomyłk|adresát|
    omyl|címzett|destinatar|адресат|получател|ошибк|одержувач|помилк|alıcı|παραλήπτη|宛先|受信者|
    收件人|收件者|수신인|수신자|נמען|المرسل إليه
    """)
#: Those that are longer, or have a comma, and that nobody would begin a sentence with.
SURE_FOOTERS: Final = _words("""
    sent via the samsung galaxy|sent on the new sprint|yahoo mail: search, organi|
    diese nachricht wurde von meinem|powered by cricket wireless|sent from yahoo mail|
    sent from the all new aol|sent from the all-new aol
    """)
#: Lines that end so are footers too.
FOOTER_ENDS: Final = (
    "tarafından gönderildi",
    "'dan gönderildi",
    "gönderildi.",
    "umdan gönderildi",
    "ımdan gönderildi",
    "imden gönderildi",
    "から送信",
    "から送信されました",
    "에서 보냄",
    "에서 보냈습니다",
    "を入手",
    "を入手する",
    "다운로드하세요",
    " gesendet von meinem iphone",
    "다운로드",
    "-ról küldve",
    "-omról küldve",
    "telefonomról küldve",
    "készülékemről küldve",
)
