"""Whether a failed delivery says that the address itself is dead: the table behind `Failure.hard`.

Suppressing an address ends all mail to a customer, so that it takes clear words. In the order in
which they are asked:

| what the report gives | hard |
|---|---|
| a status of class 4 or 2, or a 4yz reply alone | no |
| 5.1.1, 5.1.2, 5.1.3, 5.1.6, 5.1.10, 5.2.1 | yes, unless the text names only a passing cause |
| 5.0.z, 5.1.0, 5.2.0, 5.3.0, 5.5.z, 5.1.100 and above, or no status | if the text says that there \
is no such mailbox, and names no passing cause |
| any other: 5.2.2 and 5.2.3 (full, too large), 5.3.z (their system), 5.4.z (network, routing), \
5.6.z (content), 5.7.z (policy), 5.1.7 and 5.1.8 (the sender's address), … | no |

5.1.1 to 5.1.6 and 5.2.1 are of RFC 3463, sections 3.2 and 3.3; 5.1.10 of RFC 7505. Exchange Online
numbers its own from 5.1.100 on. A domain that is not found, without a code that says so, counts as
passing: it may be our resolver that fails.
"""

from __future__ import annotations

import re

_DEAD = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
_UNDECIDED = re.compile(r"5\.(?:0\.\d+|1\.0|2\.0|3\.0|5\.\d+|1\.\d{3})")
# Of a report, more than this is a copy of something else.
_MAX_TEXT = 4096

_WHO = (
    r"(?:user|recipient|mailbox|mail ?drop|address(?:ee)?|account|alias|username|user ?id|e-?mail)"
)
_NO_MAILBOX = (
    rf"\b{_WHO}(?:'s)?(?: (?:name|address|account|user|mailbox|alias|you \w+))*"
    r"[^.\n]{0,40}?\b(?:unknown|unrecogni[sz]ed|not (?:be )?(?:recogni[sz]ed|found|known|exist|"
    r"valid|active|listed|identified)|invalid|inactive|disabled|"
    r"deactivated|terminated|closed|cancell?ed|discontinued|suspended|no longer "
    r"(?:valid|active|available|in use|exists?|on (?:the )?server))\b",
    rf"\b{_WHO}[^.\n]{{0,40}}?n't (?:be )?(?:found|exist)\b",
    r"\b(?:unknown|no such|invalid|bad|non-?existent|illegal|inactive|disabled|incorrect|wrong|"
    r"undefined|unrecogni[sz]ed|not an? (?:valid|known|registered|existing))(?: or \w+)?"
    r"(?: (?:local|final|delivery|gateway|virtual|e-?mail|destination|smtp|mailbox|alias))* ?"
    r"(?:user|recipients?|mailbox|address(?:ee)?|account|alias|person|user ?id|user ?name|"
    r"local[ -]part|e-?mail)\b",
    r"\bno (?:mailbox|account|user|recipient|address)(?: \w+){0,3} "
    r"(?:by that|with that|of that|named|here|found|exists|called)\b",
    r"\bno mailbox\b", r"\bnot our customer\b", r"\bwe do not have (?:such|this|that|an)\b",
    r"\bdo(?:es)?(?: not|n't|nt) (?:exist|have an? \S{0,80} ?(?:account|mailbox))",
    r"\brecip(?:ient)?notfound\b", r"\bnosuchuser\b", r"\brcp-p1\b", r"\bunknown or illegal\b",
    r"\bhas (?:moved|left|been (?:disabled|discontinued|deactivated|closed|deleted|removed))\b",
    r"\bno longer (?:works?|employed|with (?:us|the company))\b",
    r"\bis no longer (?:valid|active|in use)\b",
    r"\bnot listed in (?:domino|public name|directory)\b",
    r"\bcompte (?:inexistant|inconnu|desactiv|désactiv)",
    r"\b(?:destinataire|utilisateur|adresse) (?:inconnu|invalide|inexistant)",
    r"\b(?:adresse|adressat|empfänger|benutzer)\w* (?:ist )?(?:unbekannt|existiert nicht|ungültig)",
    r"\b(?:usuario|destinatario|destinatário|buzón|usuário|conta|cuenta) "
    r"(?:desconocido|desconhecid\w|no existe|não existe|inexistente)",
    r"\b(?:utente|casella|destinatario) (?:sconosciut\w|inesistente)",
    r"нет такого (?:пользователя|ящика)", r"пользователь не (?:найден|существует)",
    r"宛先(?:不明|が見つかりません|のメールアドレスが存在)",
    r"(?:ユーザー?|アドレス)が?(?:見つかりません|存在しません)",
    r"(?:用户|用戶|收件人|邮箱|地址)[^\n。]{0,8}不存在", r"查无此(?:人|用户)",
)  # fmt: skip
_PASSING = (
    r"\b(?:mail)?box(?:es)?\b[^.\n]{0,40}\bfull\b", r"\bmail ?folder is full", r"\bquota\b",
    r"\bfull mailbox", r"\bover ?(?:quota|limit|storage)", r"\bexceed(?:s|ed|ing)?\b",
    r"\binsufficient\b", r"\bout of (?:disk|storage)", r"\bdisk (?:full|space)",
    r"\btoo (?:large|big|long|many|much|fast|quickly|often|busy)\b",
    r"\b(?:size|rate|frequency|connection) limit", r"\bfrequency limited", r"\bthrottl",
    r"\bspam\b", r"\bspamming\b", r"\bjunk\b", r"\bblock(?:ed|list|ing)?\b", r"\bbl[ao]ck ?list",
    r"\bdnsbl\b", r"\brbl\b", r"\bdeny ?list", r"\bpolic(?:y|ies)\b", r"\breputation\b",
    r"\bdmarc\b", r"\bspf\b", r"\bdkim\b", r"\bunauthenticated\b", r"\bauthenticat",
    r"\brelay(?:ing)?\b[^.\n]{0,20}\b(?:denied|prohibited|not (?:permitted|allowed)|access)",
    r"\bgr[ea]y ?list", r"\btry later\b", r"\bagain later\b", r"\btempora(?:ry|rily)\b",
    r"\bdeferred\b", r"\btimed?[ -]?out\b", r"\bin the queue too long\b",
    r"\bconnection (?:refused|reset|failed|lost)", r"\bname (?:service|server) (?:error|fail)",
    r"\bdns (?:error|fail|query|lookup)", r"\bmail ?loop", r"\btoo many hops\b", r"\bhop count\b",
    r"\bloops? back\b", r"\b(?:invalid|unknown|bad) sender\b", r"\bvirus\b", r"\bmalware\b",
    r"\bsender\b[^.\n]{0,40}\b(?:reject|denied|invalid|unknown|verif|not exist|not found|block)",
    r"\bcontent\b(?![-:])", r"\bsuspicious\b", r"\bunsolicited\b", r"\baccess denied\b",
    r"\bon hold\b", r"\brdns\b", r"\breverse dns\b", r"\bptr record\b", r"\bstarttls\b",
    r"\breceiving mail (?:at a|too)", r"\bresources (?:temporarily|unavailable)\b",
    r"\bnot accepting\b", r"\bunpaid\b", r"\bfrozen\b",
)  # fmt: skip
_NO_DOMAIN = (
    r"\b(?:domain|host)(?: name)?\b[^.\n]{0,40}\b(?:not exist|not found|unknown|invalid)\b",
    r"\b(?:unknown|no such|invalid) (?:domain|host)\b", r"\bnxdomain\b", r"\bunrouteable\b",
)  # fmt: skip

_SAYS_NO_MAILBOX = re.compile("|".join(_NO_MAILBOX), re.IGNORECASE)
_SAYS_PASSING = re.compile("|".join(_PASSING), re.IGNORECASE)
_SAYS_NO_DOMAIN = re.compile("|".join(_NO_DOMAIN), re.IGNORECASE)
_REPLY_4YZ = re.compile(r"(?<!\d)4[2-5]\d(?!\d)")
_REPLY_5YZ = re.compile(r"(?<!\d)5[0-5]\d(?!\d)")
# Names are no words: `no-such-user@example.com`, `…/reason/#userunknown`.
_NAMES = re.compile(r"\S{0,300}@\S{1,300}|https?://\S{1,500}")


def is_hard(status: str | None, text: str) -> bool:
    """Whether the address does not exist or will never take mail.

    `status` is an enhanced status code (RFC 3463) or None, `text` what the server said.
    """
    text = _words(text)
    if status is None:
        if _REPLY_4YZ.search(text) and not _REPLY_5YZ.search(text):
            return False
    elif status in _DEAD:
        return bool(_SAYS_NO_MAILBOX.search(text)) or not _SAYS_PASSING.search(text)
    elif not _UNDECIDED.fullmatch(status):
        return False
    if _SAYS_PASSING.search(text) or _SAYS_NO_DOMAIN.search(text):
        return False
    return _SAYS_NO_MAILBOX.search(text) is not None


def says_why(text: str) -> bool:
    """Whether a text gives a reason: a reply code, or words that are known."""
    text = _words(text)
    patterns = (_REPLY_5YZ, _REPLY_4YZ, _SAYS_NO_MAILBOX, _SAYS_PASSING, _SAYS_NO_DOMAIN)
    return any(pattern.search(text) for pattern in patterns)


def _words(text: str) -> str:
    return " ".join(_NAMES.sub(" ", text[:_MAX_TEXT]).split()).replace("’", "'")
