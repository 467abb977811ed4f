"""The words of the emails, and how dates are written, by language.

Where a language marks the gender of a person, the phrase is built so that it need not be known.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Phrases:
    """One language. `{agent}`, `{brand}` and so on are filled in with `str.format`."""

    language: str
    from_agent: str
    replied: str
    new_message: str
    new_messages: str
    you: str
    assistant: str
    button: str
    link_hint: str
    reply_also: str
    reply_only: str
    reply_above: str
    earlier: str
    attachment: str
    reason: str
    unsubscribe: str
    months: tuple[str, ...]
    first: str = "1"
    date: str = "{day} {month} {year}"
    comma: str = ", "
    twelve_hours: bool = False
    decimal_point: str = ","
    units: tuple[str, str, str, str] = ("B", "kB", "MB", "GB")
    direction: str = "ltr"

    @property
    def reply_marker(self) -> str:
        """The line above which a reply is written; one of `REPLY_MARKERS`."""
        return f"-- {self.reply_above} --"


def _months(names: str) -> tuple[str, ...]:
    return tuple(names.split())


_ALL = (
    Phrases(
        language="en",
        from_agent="{agent} at {brand}",
        replied="{agent} replied to your chat with {brand}",
        new_message="New message from {brand}",
        new_messages="New messages from {brand}",
        you="You",
        assistant="Assistant",
        button="Reply in widget",
        link_hint="If the button does not work, open this link:",
        reply_also="You can also just reply to this email. Your answer will appear in the chat.",
        reply_only="Just reply to this email. Your answer will appear in the chat.",
        reply_above="Reply above this line",
        earlier="Earlier in this conversation",
        attachment="Attachment",
        reason="You are receiving this email because you chatted with {brand}.",
        unsubscribe="Unsubscribe",
        months=_months(
            "January February March April May June July August September October November December"
        ),
        date="{month} {day}, {year}",
        twelve_hours=True,
        decimal_point=".",
    ),
    Phrases(
        language="de",
        from_agent="{agent} von {brand}",
        replied="{agent} hat Ihnen im Chat mit {brand} geantwortet",
        new_message="Neue Nachricht von {brand}",
        new_messages="Neue Nachrichten von {brand}",
        you="Sie",
        assistant="Assistent",
        button="Im Chat antworten",
        link_hint="Falls die Schaltfläche nicht funktioniert, öffnen Sie diesen Link:",
        reply_also="Sie können auch einfach auf diese E-Mail antworten. "
        "Ihre Antwort erscheint dann im Chat.",
        reply_only="Antworten Sie einfach auf diese E-Mail. Ihre Antwort erscheint dann im Chat.",
        reply_above="Bitte oberhalb dieser Zeile antworten",
        earlier="Bisheriger Verlauf",
        attachment="Anhang",
        reason="Sie erhalten diese E-Mail, weil Sie mit {brand} gechattet haben.",
        unsubscribe="Abbestellen",
        months=_months(
            "Januar Februar März April Mai Juni Juli August September Oktober November Dezember"
        ),
        date="{day}. {month} {year}",
    ),
    Phrases(
        language="fr",
        from_agent="{agent} chez {brand}",
        replied="{agent} vous a répondu dans le chat avec {brand}",
        new_message="{brand} vous a envoyé un nouveau message",
        new_messages="{brand} vous a envoyé de nouveaux messages",
        you="Vous",
        assistant="Assistant",
        button="Répondre dans le chat",
        link_hint="Si le bouton ne fonctionne pas, ouvrez ce lien\xa0:",
        reply_also="Vous pouvez aussi répondre directement à cet e-mail. "
        "Votre réponse s’affichera dans le chat.",
        reply_only="Répondez directement à cet e-mail. Votre réponse s’affichera dans le chat.",
        reply_above="Répondez au-dessus de cette ligne",
        earlier="Plus tôt dans cette conversation",
        attachment="Pièce jointe",
        reason="Vous recevez cet e-mail parce que vous avez échangé avec {brand} par chat.",
        unsubscribe="Se désabonner",
        months=_months(
            "janvier février mars avril mai juin juillet août septembre octobre novembre décembre"
        ),
        first="1er",
        units=("o", "ko", "Mo", "Go"),
    ),
    Phrases(
        language="es",
        from_agent="{agent} de {brand}",
        replied="{agent} le ha respondido en el chat con {brand}",
        new_message="Nuevo mensaje de {brand}",
        new_messages="Nuevos mensajes de {brand}",
        you="Usted",
        assistant="Asistente",
        button="Responder en el chat",
        link_hint="Si el botón no funciona, abra este enlace:",
        reply_also="También puede responder directamente a este correo. "
        "Su respuesta aparecerá en el chat.",
        reply_only="Responda directamente a este correo. Su respuesta aparecerá en el chat.",
        reply_above="Responda por encima de esta línea",
        earlier="Anteriormente en esta conversación",
        attachment="Archivo adjunto",
        reason="Recibe este correo porque ha chateado con {brand}.",
        unsubscribe="Darse de baja",
        months=_months(
            "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre "
            "diciembre"
        ),
        date="{day} de {month} de {year}",
    ),
    Phrases(
        language="pt",
        from_agent="{agent} da {brand}",
        replied="{agent} respondeu no seu chat com {brand}",
        new_message="Nova mensagem de {brand}",
        new_messages="Novas mensagens de {brand}",
        you="Você",
        assistant="Assistente",
        button="Responder no chat",
        link_hint="Se o botão não funcionar, abra este link:",
        reply_also="Também pode responder diretamente a este e-mail. "
        "A sua resposta aparecerá no chat.",
        reply_only="Responda diretamente a este e-mail. A sua resposta aparecerá no chat.",
        reply_above="Responda acima desta linha",
        earlier="Anteriormente nesta conversa",
        attachment="Anexo",
        reason="Este e-mail foi enviado porque conversou com {brand} por chat.",
        unsubscribe="Não receber mais estes e-mails",
        months=_months(
            "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro "
            "dezembro"
        ),
        date="{day} de {month} de {year}",
    ),
    Phrases(
        language="it",
        from_agent="{agent} di {brand}",
        replied="{agent} ti ha risposto nella chat con {brand}",
        new_message="Nuovo messaggio da {brand}",
        new_messages="Nuovi messaggi da {brand}",
        you="Tu",
        assistant="Assistente",
        button="Rispondi nella chat",
        link_hint="Se il pulsante non funziona, apri questo link:",
        reply_also="Puoi anche rispondere direttamente a questa email. "
        "La tua risposta apparirà nella chat.",
        reply_only="Rispondi direttamente a questa email. La tua risposta apparirà nella chat.",
        reply_above="Rispondi sopra questa riga",
        earlier="In precedenza in questa conversazione",
        attachment="Allegato",
        reason="Ricevi questa email perché hai chattato con {brand}.",
        unsubscribe="Annulla iscrizione",
        months=_months(
            "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre "
            "dicembre"
        ),
    ),
    Phrases(
        language="nl",
        from_agent="{agent} van {brand}",
        replied="{agent} heeft geantwoord in je chat met {brand}",
        new_message="Nieuw bericht van {brand}",
        new_messages="Nieuwe berichten van {brand}",
        you="Jij",
        assistant="Assistent",
        button="Antwoorden in de chat",
        link_hint="Werkt de knop niet? Open dan deze link:",
        reply_also="Je kunt ook gewoon op deze e-mail antwoorden. "
        "Je antwoord verschijnt dan in de chat.",
        reply_only="Antwoord gewoon op deze e-mail. Je antwoord verschijnt dan in de chat.",
        reply_above="Antwoord boven deze regel",
        earlier="Eerder in dit gesprek",
        attachment="Bijlage",
        reason="Je ontvangt deze e-mail omdat je met {brand} hebt gechat.",
        unsubscribe="Afmelden",
        months=_months(
            "januari februari maart april mei juni juli augustus september oktober november "
            "december"
        ),
    ),
    Phrases(
        language="pl",
        from_agent="{agent} ({brand})",
        replied="{agent} odpowiada na czacie {brand}",
        new_message="Nowa wiadomość od {brand}",
        new_messages="Nowe wiadomości od {brand}",
        you="Ty",
        assistant="Asystent",
        button="Odpowiedz na czacie",
        link_hint="Jeśli przycisk nie działa, otwórz ten link:",
        reply_also="Możesz też po prostu odpowiedzieć na tego e-maila. "
        "Twoja odpowiedź pojawi się na czacie.",
        reply_only="Po prostu odpowiedz na tego e-maila. Twoja odpowiedź pojawi się na czacie.",
        reply_above="Odpowiedz powyżej tej linii",
        earlier="Wcześniej w tej rozmowie",
        attachment="Załącznik",
        reason="Otrzymujesz tę wiadomość w związku z rozmową na czacie {brand}.",
        unsubscribe="Wypisz się",
        months=_months(
            "stycznia lutego marca kwietnia maja czerwca lipca sierpnia września października "
            "listopada grudnia"
        ),
    ),
    Phrases(
        language="sv",
        from_agent="{agent} på {brand}",
        replied="{agent} har svarat i din chatt med {brand}",
        new_message="Nytt meddelande från {brand}",
        new_messages="Nya meddelanden från {brand}",
        you="Du",
        assistant="Assistent",
        button="Svara i chatten",
        link_hint="Fungerar inte knappen? Öppna den här länken:",
        reply_also="Du kan också svara direkt på det här mejlet. Ditt svar visas då i chatten.",
        reply_only="Svara direkt på det här mejlet. Ditt svar visas då i chatten.",
        reply_above="Svara ovanför den här raden",
        earlier="Tidigare i konversationen",
        attachment="Bilaga",
        reason="Du får det här mejlet eftersom du har chattat med {brand}.",
        unsubscribe="Avregistrera",
        months=_months(
            "januari februari mars april maj juni juli augusti september oktober november december"
        ),
    ),
    Phrases(
        language="ar",
        from_agent="{agent} من {brand}",
        replied="رد جديد من {agent} في محادثتك مع {brand}",
        new_message="رسالة جديدة من {brand}",
        new_messages="رسائل جديدة من {brand}",
        you="أنت",
        assistant="المساعد",
        button="الرد في الدردشة",
        link_hint="إذا لم يعمل الزر، يمكنك فتح هذا الرابط:",
        reply_also="يمكنك أيضًا الرد على هذه الرسالة مباشرةً، وسيظهر ردك في الدردشة.",
        reply_only="يمكنك الرد على هذه الرسالة مباشرةً، وسيظهر ردك في الدردشة.",
        reply_above="يُرجى كتابة الرد فوق هذا السطر",
        earlier="سابقًا في هذه المحادثة",
        attachment="مرفق",
        reason="وصلتك هذه الرسالة لأنك تحدثت مع {brand} عبر الدردشة.",
        unsubscribe="إلغاء الاشتراك",
        months=_months(
            "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر"
        ),
        comma="، ",
        decimal_point=".",
        direction="rtl",
    ),
    Phrases(
        language="he",
        from_agent="{agent} מ-{brand}",
        replied="תשובה חדשה מ-{agent} בצ׳אט שלך עם {brand}",
        new_message="הודעה חדשה מ-{brand}",
        new_messages="הודעות חדשות מ-{brand}",
        you="את/ה",
        assistant="עוזר וירטואלי",
        button="להשיב בצ׳אט",
        link_hint="אם הכפתור לא עובד, אפשר לפתוח את הקישור הזה:",
        reply_also="אפשר גם להשיב ישירות להודעת הדוא״ל הזו, והתשובה תופיע בצ׳אט.",
        reply_only="אפשר להשיב ישירות להודעת הדוא״ל הזו, והתשובה תופיע בצ׳אט.",
        reply_above="יש להשיב מעל השורה הזו",
        earlier="מוקדם יותר בשיחה",
        attachment="קובץ מצורף",
        reason="הודעה זו נשלחה אליך כי שוחחת עם {brand} בצ׳אט.",
        unsubscribe="הסרה מרשימת התפוצה",
        months=_months("ינואר פברואר מרץ אפריל מאי יוני יולי אוגוסט ספטמבר אוקטובר נובמבר דצמבר"),
        date="{day} ב{month} {year}",
        decimal_point=".",
        direction="rtl",
    ),
    Phrases(
        language="ja",
        from_agent="{brand} {agent}",
        replied="{brand}の{agent}からチャットに返信がありました",
        new_message="{brand}から新しいメッセージがあります",
        new_messages="{brand}から新しいメッセージがあります",
        you="お客様",
        assistant="アシスタント",
        button="チャットで返信する",
        link_hint="ボタンが機能しない場合は、次のリンクを開いてください。",
        reply_also="このメールにそのまま返信することもできます。返信内容はチャットに表示されます。",
        reply_only="このメールにそのまま返信してください。返信内容はチャットに表示されます。",
        reply_above="この行より上に返信を入力してください",
        earlier="これまでのやり取り",
        attachment="添付ファイル",
        reason="このメールは、{brand}のチャットをご利用いただいた方にお送りしています。",
        unsubscribe="配信停止",
        months=_months("1 2 3 4 5 6 7 8 9 10 11 12"),
        date="{year}年{month}月{day}日",
        comma=" ",
        decimal_point=".",
    ),
)

#: The languages that are known, by ISO 639 code.
BY_LANGUAGE = {phrases.language: phrases for phrases in _ALL}
BY_LANGUAGE["iw"] = BY_LANGUAGE["he"]  # the code of Hebrew until 1989; Java still says it

#: Every first line, in any language, of an email that can be replied to.
REPLY_MARKERS: frozenset[str] = frozenset(phrases.reply_marker for phrases in _ALL)
