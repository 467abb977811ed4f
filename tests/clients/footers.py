"""What phones and their mail apps sign with until somebody turns it off, by language."""

from __future__ import annotations

IPHONE = {
    "en": "Sent from my iPhone",
    "de": "Von meinem iPhone gesendet",
    "fr": "Envoyé de mon iPhone",
    "es": "Enviado desde mi iPhone",
    "pt": "Enviado do meu iPhone",
    "it": "Inviato da iPhone",
    "nl": "Verstuurd vanaf mijn iPhone",
    "pl": "Wysłane z iPhone’a",
    "sv": "Skickat från min iPhone",
    "ar": "أُرسلت من الـ iPhone",
    "he": "נשלח מה-iPhone שלי",
    "ja": "iPhoneから送信",
    "ru": "Отправлено с iPhone",
    "zh": "发自我的iPhone",
    "tr": "iPhone’umdan gönderildi",
    "cs": "Odesláno z iPhonu",
    "da": "Sendt fra min iPhone",
    "ko": "나의 iPhone에서 보냄",
    "fi": "Lähetetty iPhonesta",
}

OUTLOOK = {
    "en": "Get Outlook for iOS",
    "de": "Hol dir Outlook für iOS",
    "fr": "Obtenir Outlook pour iOS",
    "es": "Obtener Outlook para iOS",
    "pt": "Obter o Outlook para iOS",
    "it": "Scarica Outlook per iOS",
    "nl": "Outlook voor iOS downloaden",
    "pl": "Pobierz program Outlook dla systemu iOS",
    "sv": "Hämta Outlook för iOS",
    "ar": "الحصول على Outlook for iOS",
    "he": "קבל את Outlook עבור iOS",
    "ja": "Outlook for iOS を入手",
    "ru": "Получить Outlook для iOS",
    "zh": "获取 Outlook for iOS",
    "tr": "iOS için Outlook’u edinin",
    "cs": "Získat Outlook pro iOS",
    "da": "Hent Outlook til iOS",
    "ko": "Outlook for iOS 다운로드",
    "fi": "Hanki Outlook for iOS",
}

GALAXY = {
    "en": "Sent from my Galaxy",
    "de": "Von meinem/meiner Galaxy gesendet",
    "fr": "Envoyé depuis mon appareil Galaxy",
    "es": "Enviado desde mi Galaxy",
    "pt": "Enviado do meu Galaxy",
    "it": "Inviato dal mio Galaxy",
    "nl": "Verzonden vanaf mijn Galaxy",
    "pl": "Wysłane z mojego Galaxy",
    "sv": "Skickat från min Galaxy",
    "ru": "Отправлено с моего Galaxy",
    "tr": "Galaxy cihazımdan gönderildi",
    "ko": "나의 Galaxy에서 보냄",
}

YAHOO = {
    "en": "Sent from Yahoo Mail for iPhone",
    "de": "Gesendet von Yahoo Mail auf Android",
    "fr": "Envoyé à partir de Yahoo Mail pour iPhone",
    "es": "Enviado desde Yahoo Mail con Android",
    "it": "Inviato da Yahoo Mail per iPhone",
}

PROTON = {
    "en": "Sent with Proton Mail secure email.",
    "de": "Gesendet mit Proton Mail sichere E-Mail.",
    "fr": "Envoyé avec la messagerie sécurisée Proton Mail.",
}

GMX = {
    "en": "Sent from my Android phone with GMX Mail. Please excuse my brevity.",
    "de": "Diese Nachricht wurde von meinem Android Mobiltelefon mit GMX Mail gesendet.",
}

WEB_DE = {"de": "Diese Nachricht wurde von meinem Android Mobiltelefon mit WEB.DE Mail gesendet."}
YANDEX = {"ru": "Отправлено из мобильной Яндекс Почты"}
MAIL_RU = {"ru": "Отправлено из мобильной Почты Mail.ru"}
WINDOWS = {
    "en": "Sent from Mail for Windows",
    "de": "Gesendet von Mail für Windows",
    "fr": "Envoyé à partir de Courrier pour Windows",
    "es": "Enviado desde Correo para Windows",
    "it": "Inviato da Posta per Windows",
    "nl": "Verzonden vanuit Mail voor Windows",
    "ru": 'Отправлено из приложения "Почта" для Windows',
}
