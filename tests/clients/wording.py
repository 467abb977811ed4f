"""The lines that mail clients put above what they quote, by language.

`{name}` and `{email}` are the sender's. All emails here were sent on Monday, 2 March 2026 at
10:15 local time; the date stands in each client's own form.
"""

from __future__ import annotations

GMAIL = {
    "en": "On Mon, Mar 2, 2026 at 10:15\u202fAM {name} <{email}> wrote:",
    "de": "Am Mo., 2. März 2026 um 10:15 Uhr schrieb {name} <{email}>:",
    "fr": "Le lun. 2 mars 2026 à 10:15, {name} <{email}> a écrit :",
    "es": "El lun, 2 mar 2026 a las 10:15, {name} (<{email}>) escribió:",
    "pt": "Em seg., 2 de mar. de 2026 às 10:15, {name} <{email}> escreveu:",
    "it": "Il giorno lun 2 mar 2026 alle ore 10:15 {name} <{email}> ha scritto:",
    "nl": "Op ma 2 mrt 2026 om 10:15 schreef {name} <{email}>:",
    "pl": "pon., 2 mar 2026 o 10:15 {name} <{email}> napisał(a):",
    "sv": "Den mån 2 mars 2026 kl 10:15 skrev {name} <{email}>:",
    "ar": "\u202bفي الاثنين، 2 مارس 2026 في 10:15 ص تمت كتابة ما يلي بواسطة "
    "\u202a{name}\u202c\u200f <\u202a{email}\u202c\u200f>:\u202c",
    "he": "\u202bבתאריך יום ב׳, 2 במרץ 2026 ב-10:15 מאת \u202a{name}\u202c\u200f "
    "<\u202a{email}\u202c\u200f>:\u202c",
    "ja": "2026年3月2日(月) 10:15 {name} <{email}>:",
    "ru": "пн, 2 мар. 2026 г. в 10:15, {name} <{email}>:",
    "zh": "{name} <{email}> 于2026年3月2日周一 10:15写道：",
    "tr": "{name} <{email}>, 2 Mar 2026 Pzt, 10:15 tarihinde şunu yazdı:",
    "cs": "po 2. 3. 2026 v 10:15 odesílatel {name} <{email}> napsal:",
    "da": "Den man. 2. mar. 2026 kl. 10.15 skrev {name} <{email}>:",
    "ko": "2026년 3월 2일 (월) 오전 10:15, {name} <{email}>님이 작성:",
    "fi": "ma 2. maalisk. 2026 klo 10.15 {name} ({email}) kirjoitti:",
}

APPLE = {
    "en": "On Mar 2, 2026, at 10:15\u202fAM, {name} <{email}> wrote:",
    "de": "Am 02.03.2026 um 10:15 schrieb {name} <{email}>:",
    "fr": "Le 2 mars 2026 à 10:15, {name} <{email}> a écrit\xa0:",
    "es": "El 2 mar 2026, a las 10:15, {name} <{email}> escribió:",
    "pt": "Em 2 de mar. de 2026, à(s) 10:15, {name} <{email}> escreveu:",
    "it": "Il giorno 2 mar 2026, alle ore 10:15, {name} <{email}> ha scritto:",
    "nl": "Op 2 mrt 2026, om 10:15 heeft {name} <{email}> het volgende geschreven:",
    "pl": "Wiadomość napisana przez {name} <{email}> w dniu 2 mar 2026, o godz. 10:15:",
    "sv": "2 mars 2026 kl. 10:15 skrev {name} <{email}>:",
    "ar": "في ٢ مارس ٢٠٢٦، الساعة ١٠:١٥ ص، كتب/كتبت {name} <{email}>:",
    "he": "\u200fב-2 במרץ 2026, בשעה 10:15, \u200f{name} <{email}> כתב/ה:",
    "ja": "2026/03/02 10:15、{name} <{email}>のメール:",
    "ru": "2 марта 2026\u202fг., в 10:15, {name} <{email}> написал(а):",
    "zh": "2026年3月2日 10:15，{name} <{email}> 写道：",
    "tr": "{name} <{email}> şunları yazdı (2 Mar 2026 10:15):",
    "cs": "2. 3. 2026 v 10:15, {name} <{email}>:",
    "da": "Den 2. mar. 2026 kl. 10.15 skrev {name} <{email}>:",
    "ko": "2026. 3. 2. 오전 10:15, {name} <{email}> 작성:",
    "fi": "{name} <{email}> kirjoitti 2.3.2026 kello 10.15:",
}

THUNDERBIRD = {
    "en": "On 3/2/26 10:15\u202fAM, {name} wrote:",
    "de": "Am 02.03.26 um 10:15 schrieb {name}:",
    "fr": "Le 02/03/2026 à 10:15, {name} a écrit\xa0:",
    "es": "El 2/3/26 a las 10:15, {name} escribió:",
    "pt": "Em 02/03/2026 10:15, {name} escreveu:",
    "it": "Il 02/03/26 10:15, {name} ha scritto:",
    "nl": "Op 2-3-2026 om 10:15 schreef {name}:",
    "pl": "W dniu 2.03.2026 o 10:15, {name} pisze:",
    "sv": "Den 2026-03-02 kl. 10:15, skrev {name}:",
    "he": "ב־02/03/2026 10:15, {name} כתב:",
    "ja": "On 2026/03/02 10:15, {name} wrote:",
    "ru": "02.03.2026 10:15, {name} пишет:",
    "zh": "在 2026/3/2 10:15, {name} 写道:",
    "tr": "02.03.2026 10:15 tarihinde {name} yazdı:",
    "cs": "Dne 02. 03. 26 v 10:15 {name} napsal(a):",
    "da": "Den 02.03.2026 kl. 10.15 skrev {name}:",
    "ko": "2026. 3. 2. 오전 10:15에 {name} 이(가) 쓴 글:",
    "fi": "{name} kirjoitti 2.3.2026 klo 10.15:",
}

YAHOO = {
    "en": "On Monday, March 2, 2026 at 10:15:00 AM GMT+1, {name} <{email}> wrote:",
    "de": "Am Montag, 2. März 2026 um 10:15:00 MEZ hat {name} <{email}> Folgendes geschrieben:",
    "fr": "Le lundi 2 mars 2026 à 10:15:00 UTC+1, {name} <{email}> a écrit :",
    "es": "El lunes, 2 de marzo de 2026, 10:15:00 CET, {name} <{email}> escribió:",
    "pt": "Em segunda-feira, 2 de março de 2026 às 10:15:00 BRT, {name} <{email}> escreveu:",
    "it": "Il lunedì 2 marzo 2026 alle ore 10:15:00 CET, {name} <{email}> ha scritto:",
    "nl": "Op maandag 2 maart 2026 om 10:15:00 CET schreef {name} <{email}>:",
    "pl": "W dniu poniedziałek, 2 marca 2026 10:15:00 CET użytkownik {name} <{email}> napisał:",
    "sv": "Den måndag 2 mars 2026 10:15:00 CET skrev {name} <{email}>:",
    "zh": "{name} (<{email}>) 在 2026年3月2日星期一 上午10:15:00 [GMT+8] 寫道：",
}

PROTON = {
    "en": "On Monday, March 2nd, 2026 at 10:15 AM, {name} <{email}> wrote:",
    "de": "Am Montag, 2. März 2026 um 10:15 schrieb {name} <{email}>:",
    "fr": "Le lundi 2 mars 2026 à 10:15, {name} <{email}> a écrit :",
    "es": "El lunes, 2 de marzo de 2026 a las 10:15, {name} <{email}> escribió:",
    "it": "Il lunedì 2 marzo 2026 alle 10:15, {name} <{email}> ha scritto:",
    "nl": "Op maandag 2 maart 2026 om 10:15 schreef {name} <{email}>:",
}

FASTMAIL = {"en": "On Mon, Mar 2, 2026, at 10:15 AM, {name} wrote:"}
MUTT = {
    "en": "On Mon, Mar 02, 2026 at 10:15:00AM +0100, {name} wrote:",
    "de": "Am Mo, Mär 02, 2026 at 10:15:00 +0100 schrieb {name}:",
    "fr": "Le Mon, Mar 02, 2026 at 10:15:00AM +0100, {name} a écrit :",
}
YANDEX = {
    "ru": '02.03.2026, 10:15, "{name}" <{email}>:',
    "en": '02.03.2026, 10:15, "{name}" <{email}>:',
}
MAIL_RU = {"ru": "Понедельник, 2 марта 2026, 10:15 +03:00 от {name} <{email}>:"}
NETEASE = {
    "en": 'At 2026-03-02 17:15:00, "{name}" <{email}> wrote:',
    "zh": '在 2026-03-02 17:15:00，"{name}" <{email}> 写道：',
}

#: The four labels of Outlook's header block, and how it writes the date.
OUTLOOK = {
    "en": (("From:", "Sent:", "To:", "Subject:"), "Monday, March 2, 2026 10:15 AM"),
    "de": (("Von:", "Gesendet:", "An:", "Betreff:"), "Montag, 2. März 2026 10:15"),
    "fr": (("De\xa0:", "Envoyé\xa0:", "À\xa0:", "Objet\xa0:"), "lundi 2 mars 2026 10:15"),
    "es": (("De:", "Enviado:", "Para:", "Asunto:"), "lunes, 2 de marzo de 2026 10:15"),
    "pt": (("De:", "Enviado:", "Para:", "Assunto:"), "segunda-feira, 2 de março de 2026 10:15"),
    "it": (("Da:", "Inviato:", "A:", "Oggetto:"), "lunedì 2 marzo 2026 10:15"),
    "nl": (("Van:", "Verzonden:", "Aan:", "Onderwerp:"), "maandag 2 maart 2026 10:15"),
    "pl": (("Od:", "Wysłano:", "Do:", "Temat:"), "poniedziałek, 2 marca 2026 10:15"),
    "sv": (("Från:", "Skickat:", "Till:", "Ämne:"), "den 2 mars 2026 10:15"),
    "ar": (("من:", "تم الإرسال:", "إلى:", "الموضوع:"), "الاثنين، 2 مارس 2026 10:15"),
    "he": (("מאת:", "נשלח:", "אל:", "נושא:"), "יום שני 02 מרץ 2026 10:15"),
    "ja": (("差出人:", "送信日時:", "宛先:", "件名:"), "2026年3月2日 10:15"),
    "ru": (("От:", "Отправлено:", "Кому:", "Тема:"), "2 марта 2026 г. 10:15"),
    "zh": (("发件人:", "发送时间:", "收件人:", "主题:"), "2026年3月2日 10:15"),
    "tr": (("Kimden:", "Gönderildi:", "Kime:", "Konu:"), "2 Mart 2026 Pazartesi 10:15"),
    "cs": (("Od:", "Odesláno:", "Komu:", "Předmět:"), "pondělí 2. března 2026 10:15"),
    "da": (("Fra:", "Sendt:", "Til:", "Emne:"), "2. marts 2026 10:15"),
    "ko": (("보낸 사람:", "보낸 날짜:", "받는 사람:", "제목:"), "2026년 3월 2일 월요일 오전 10:15"),
    "fi": (
        ("Lähettäjä:", "Lähetetty:", "Vastaanottaja:", "Aihe:"),
        "maanantai 2. maaliskuuta 2026 10.15",
    ),
    "hu": (("Feladó:", "Elküldve:", "Címzett:", "Tárgy:"), "2026. március 2., hétfő 10:15"),
    "ro": (("De la:", "Trimis:", "Către:", "Subiect:"), "luni, 2 martie 2026 10:15"),
    "el": (("Από:", "Στάλθηκε:", "Προς:", "Θέμα:"), "Δευτέρα, 2 Μαρτίου 2026 10:15 πμ"),
    "uk": (("Від:", "Надіслано:", "Кому:", "Тема:"), "2 березня 2026 р. 10:15"),
    "nb": (("Fra:", "Sendt:", "Til:", "Emne:"), "mandag 2. mars 2026 10:15"),
    "vi": (("Từ:", "Đã gửi:", "Đến:", "Chủ đề:"), "Thứ Hai, 2 Tháng Ba, 2026 10:15 SA"),
    "th": (("จาก:", "ส่ง:", "ถึง:", "เรื่อง:"), "วันจันทร์ที่ 2 มีนาคม 2569 10:15"),
    "tw": (("寄件者:", "寄件日期:", "收件者:", "主旨:"), "2026年3月2日 上午 10:15"),
    "sk": (("Od:", "Odoslané:", "Komu:", "Predmet:"), "pondelok 2. marca 2026 10:15"),
    "hr": (("Šalje:", "Poslano:", "Prima:", "Predmet:"), "2. ožujka 2026. 10:15"),
    "bg": (("От:", "Изпратено:", "До:", "Относно:"), "2 март 2026 г. 10:15"),
    "ca": (("De:", "Enviat:", "Per a:", "Tema:"), "dilluns, 2 de març de 2026 10:15"),
    "id": (("Dari:", "Dikirim:", "Kepada:", "Subjek:"), "Senin, 02 Maret 2026 10.15"),
}

#: Lines of Gmail, Apple Mail, Thunderbird, Yahoo, and what people set, at other times and in other
#: languages.
OTHERS = (
    "On Thu, Dec 31, 2026 at 11:59 PM {name} <{email}> wrote:",
    "On Thu, 31 Dec 2026 at 23:59, {name} <{email}> wrote:",
    "On Thu, 31 Dec 2026, 23:59 {name}, <{email}> wrote:",
    "On Dec 31, 2026, at 23:59, {name} <{email}> wrote:",
    "On 31 Dec 2026, at 11:59 pm, {name} <{email}> wrote:",
    "On 12/31/2026 11:59 PM, {name} wrote:",
    "On 31/12/2026 23:59, {name} wrote:",
    "On Thursday, December 31, 2026, {name} <{email}> wrote:",
    "On Thursday, 31 December 2026 at 23:59:59 CET, {name} <{email}> wrote:",
    "On 2026-12-31 23:59, {name} wrote:",
    "On Thu, 2026-12-31 at 23:59 +0100, {name} wrote:",
    "{name} <{email}> wrote:",
    "{name} <{email}> schrieb am Do., 31. Dez. 2026, 23:59:",
    "{name} schrieb am 31.12.26 um 23:59:",
    "Am Do., 31. Dez. 2026 um 23:59 Uhr schrieb {name} <{email}>:",
    "Am 31.12.2026 23:59 schrieb {name}:",
    "Am Donnerstag, 31. Dezember 2026, 23:59:59 MEZ schrieb {name}:",
    "Le jeu. 31 déc. 2026 à 23:59, {name} <{email}> a écrit :",
    "Le jeu. 31 déc. 2026, 23:59, {name} <{email}> a écrit :",
    "El jue, 31 dic 2026 a la(s) 11:59 p.m., {name} ({email}) escribió:",
    "El 31 dic 2026, a la(s) 11:59 p. m., {name} <{email}> escribió:",
    "{name} <{email}> escreveu (quinta, 31/12/2026 à(s) 23:59):",
    "Em qui., 31 de dez. de 2026, 23:59, {name} <{email}> escreveu:",
    "No dia 31/12/2026, às 23:59, {name} <{email}> escreveu:",
    "Il gio 31 dic 2026, 23:59 {name} <{email}> ha scritto:",
    "Op do 31 dec. 2026 om 23:59 schreef {name} <{email}>:",
    "Op 31-12-2026 23:59 schreef {name} <{email}>:",
    "czw., 31 gru 2026 o 23:59 {name} <{email}> napisał(a):",
    "W dniu 31.12.2026 o 23:59, {name} pisze:",
    "Dnia 31 grudnia 2026 23:59 {name} <{email}> napisał(a):",
    "Den tors 31 dec. 2026 kl 23:59 skrev {name} <{email}>:",
    "tors. 31. des. 2026 kl. 23:59 skrev {name} <{email}>:",
    "Den tor. 31. dec. 2026 kl. 23.59 skrev {name} <{email}>:",
    "to 31. jouluk. 2026 klo 23.59 {name} ({email}) kirjoitti:",
    "čt 31. 12. 2026 v 23:59 odesílatel {name} <{email}> napsal:",
    "št 31. 12. 2026 o 23:59 {name} <{email}> napísal(a):",
    "{name} <{email}> ezt írta (időpont: 2026. dec. 31., Cs, 23:59):",
    "În joi, 31 dec. 2026 la 23:59, {name} <{email}> a scris:",
    "Στις Πέμ 31 Δεκ 2026 στις 11:59 μ.μ., ο/η {name} <{email}> έγραψε:",
    "чт, 31 дек. 2026 г. в 23:59, {name} <{email}>:",
    "31 дек. 2026 г., в 23:59, {name} <{email}> написал(а):",
    "чт, 31 груд. 2026 р. о 23:59 {name} <{email}> пише:",
    "На чт, 31.12.2026 г. в 23:59 {name} <{email}> написа:",
    "{name} <{email}>, 31 Ara 2026 Per, 23:59 tarihinde şunu yazdı:",
    "Vào Th 5, 31 thg 12, 2026 vào lúc 23:59 {name} <{email}> đã viết:",
    "ในวันที่ พฤ. 31 ธ.ค. 2026 เวลา 23:59 {name} <{email}> เขียนว่า:",
    "Pada tanggal Kam, 31 Des 2026 pukul 23.59 {name} <{email}> menulis:",
    "2026年12月31日(木) 23:59 {name} <{email}>:",
    "2026年12月31日(木) 午後11:59 {name} <{email}>:",
    "{name} <{email}> 于2026年12月31日周四 23:59写道：",
    "{name} <{email}> 於 2026年12月31日 週四 下午11:59寫道：",
    "2026년 12월 31일 (목) 오후 11:59, {name} <{email}>님이 작성:",
    "El dj., 31 de des. 2026, a les 23:59, {name} (<{email}>) va escriure:",
)

#: Lines that people set, or their webmail has, above lines with a prefix.
SET = (
    "* {name} <{email}> [2026-12-31 23:59]:",
    "Quoting {name} <{email}>:",
    "Zitat von {name} <{email}>:",
    "{name} writes:",
)

#: The line of Outlook's plain replies above that block.
OUTLOOK_ORIGINAL = {
    "en": "-----Original Message-----",
    "de": "-----Ursprüngliche Nachricht-----",
    "fr": "-----Message d'origine-----",
    "es": "-----Mensaje original-----",
    "pt": "-----Mensagem original-----",
    "it": "-----Messaggio originale-----",
    "nl": "-----Oorspronkelijk bericht-----",
    "sv": "-----Ursprungligt meddelande-----",
    "da": "-----Oprindelig meddelelse-----",
    "cs": "-----Původní zpráva-----",
    "ru": "-----Исходное сообщение-----",
    "tr": "-----Özgün İleti-----",
    "zh": "-----邮件原件-----",
    "he": "-----הודעה מקורית-----",
    "ja": "-----Original Message-----",
    "pl": "-----Original Message-----",
}

#: Samsung's: the line, the labels of sender, date, recipient and subject, and the date.
SAMSUNG = {
    "en": (
        "Original message",
        ("From:", "Date:", "To:", "Subject:"),
        "3/2/26  10:15 AM  (GMT+01:00)",
    ),
    "de": (
        "Ursprüngliche Nachricht",
        ("Von:", "Datum:", "An:", "Betreff:"),
        "02.03.26  10:15  (GMT+01:00)",
    ),
    "fr": (
        "Message d'origine",
        ("De :", "Date :", "À :", "Objet :"),
        "02/03/2026  10:15  (GMT+01:00)",
    ),
    "es": ("Mensaje original", ("De:", "Fecha:", "Para:", "Asunto:"), "2/3/26  10:15  (GMT+01:00)"),
    "pt": (
        "Mensagem original",
        ("De:", "Data:", "Para:", "Assunto:"),
        "02/03/2026  10:15  (GMT-03:00)",
    ),
    "it": (
        "Messaggio originale",
        ("Da:", "Data:", "A:", "Oggetto:"),
        "02/03/26  10:15  (GMT+01:00)",
    ),
    "nl": (
        "Oorspronkelijk bericht",
        ("Van:", "Datum:", "Aan:", "Onderwerp:"),
        "02-03-2026  10:15  (GMT+01:00)",
    ),
    "pl": (
        "Oryginalna wiadomość",
        ("Od:", "Data:", "Do:", "Temat:"),
        "02.03.2026  10:15  (GMT+01:00)",
    ),
    "sv": (
        "Originalmeddelande",
        ("Från:", "Datum:", "Till:", "Ämne:"),
        "2026-03-02  10:15  (GMT+01:00)",
    ),
    "ru": (
        "Исходное сообщение",
        ("От:", "Дата:", "Кому:", "Тема:"),
        "02.03.2026  10:15  (GMT+03:00)",
    ),
    "tr": (
        "Orijinal mesaj",
        ("Kimden:", "Tarih:", "Alıcı:", "Konu:"),
        "2.03.2026  10:15  (GMT+03:00)",
    ),
    "ko": (
        "원본 이메일",
        ("보낸 사람:", "날짜:", "받은 사람:", "제목:"),
        "26/3/2  오전 10:15  (GMT+09:00)",
    ),
}

#: GMX and web.de.
UNITED_INTERNET = {
    "en": (("Sent:", "From:", "To:", "Subject:"), "Monday, March 02, 2026 at 10:15 AM"),
    "de": (("Gesendet:", "Von:", "An:", "Betreff:"), "Montag, 02. März 2026 um 10:15 Uhr"),
    "fr": (("Envoyé:", "De:", "À:", "Objet:"), "lundi 2 mars 2026 à 10:15"),
    "es": (("Enviado:", "De:", "Para:", "Asunto:"), "lunes, 02 de marzo de 2026 a las 10:15"),
}

QQ = {
    "zh": (
        "原始邮件",
        ("发件人:", "发送时间:", "收件人:", "主题:"),
        "2026年3月2日(星期一) 下午5:15",
    ),
    "en": ("Original", ("From:", "Date:", "To:", "Subject:"), "Mon, Mar 2, 2026 05:15 PM"),
}
