"""Whether a failed delivery says that the address itself is dead: the table behind `Failure.hard`.

Suppressing an address ends all mail to a customer, so that it takes clear words. In the order in
which they are asked:

| what the report gives | hard |
|---|---|
| status of class 4, or none of class 5 and no 5yz reply | no |
| 5.1.1, 5.1.2, 5.1.3, 5.1.6, 5.1.10, 5.2.1 | yes, unless the text names a passing cause alone |
| x.2.2, 5.2.3, 5.3.x but 5.3.0, 5.4.x, 5.6.x, 5.7.x, 5.1.4, 5.1.5, 5.1.7 to 5.1.9 | no |
| 5.0.0, 5.1.0, 5.2.0, 5.3.0, 5.5.x, other codes, or a 5yz reply alone | if the text says that \
there is no such mailbox, and names no passing cause |

5.1.1 to 5.1.6 and 5.2.1 are RFC 3463, section 3.2 and 3.3; 5.1.10 is RFC 7505. A full mailbox
(5.2.2), a message too large (5.2.3, 5.3.4), the network (5.4.x), the content (5.6.x) and policy
(5.7.x) say nothing about the address; 5.1.7 and 5.1.8 are about the sender's.
"""

from __future__ import annotations

import re

_DEAD = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
_UNDECIDED = re.compile(r"5\.(?:0\.\d+|1\.0|2\.0|3\.0|5\.\d+|1\.\d{3})")
# Of a report, more than this is a copy of something else.
_MAX_TEXT = 4096

_NO_MAILBOX = re.compile(
    r"""
    \b(?:user|recipient|mailbox|address(?:ee)?|account|e-?mail|alias|username|userid|addressee|
        destination|local\ ?part)(?:'s)?(?:\ (?:name|address|account|user|mailbox|e-?mail|alias))?
      [^.\n]{0,40}?
      \b(?:unknown|unrecogni[sz]ed|not\ recogni[sz]ed|not\ found|not\ known|not\ exist|
         (?:is\ )?(?:invalid|inactive|disabled|deactivated|terminated|closed|cancelled|canceled|
         discontinued|expired|suspended|unavailable\ or\ unknown|undeliverable|not\ valid|not\ active|
         no\ longer\ (?:valid|active|available|in\ use|exists?)|not\ listed))\b
  | \b(?:unknown|no\ such|invalid|bad|non-?existent|nonexisting|illegal|unrouteable|inactive|
       disabled|incorrect|wrong|undefined|unrecogni[sz]ed|not\ a\ (?:valid|known|registered))
      (?:\ or\ \w+)?
      (?:\ (?:local|final|delivery|gateway|virtual|e-?mail|destination|smtp|sender's|alias|mailbox))*
      \ ?(?:user|recipients?|mailbox|address(?:ee)?|account|alias|person|userid|user\ ?name|
            local[\ -]part|e-?mail)\b
  | \bno\ (?:mailbox|account|user|recipient|address)(?:\ \w+){0,3}\ (?:by\ that|with\ that|of\ that|
       named|here|found|exists|called)\b
  | \bmailbox\ here\ by\ that\ name\b | \bno\ mailbox\ here\b | \bnot\ our\ customer\b
  | \bdo(?:es)?(?:\ not|n't|nt)\ (?:exist|have\ an?\ [\w.-]{0,60}\ ?(?:account|mailbox))
  | \baddress\ (?:could\ not\ be\ found|couldn't\ be\ found|not\ found)\b
  | \brecip(?:ient)?notfound\b | \bnosuchuser\b | \bunknown\ or\ illegal\b
  | \bunknown\ (?:local|recipient|user|address)\b | \buser\ unknown\b | \baddressee\ unknown\b
  | \bis\ not\ a\ (?:valid|known|registered|local)\b[^.\n]{0,30}\b(?:user|mailbox|recipient|address|account)
  | \bhas\ (?:moved|left|been\ (?:disabled|discontinued|deactivated|closed|deleted|removed))\b
  | \bno\ longer\ (?:works?|employed|with\ (?:us|the\ company))\b
  | \bnot\ listed\ in\ (?:domino|public\ name|directory)\b | \bname\ &?\ ?address\ book\b
  | \brcp-p1\b
  | \bcompte\ (?:inexistant|inconnu|desactive) | \b(?:destinataire|utilisateur)\ inconnu
  | \b(?:adresse|adressat|empfänger|benutzer)\ (?:unbekannt|existiert\ nicht)
  | \b(?:usuario|destinatario|buzón)\ (?:desconocido|no\ existe|inexistente)
  | \b(?:utente|casella)\ (?:sconosciut\w|inesistente)
  | нет\ такого\ (?:пользователя|ящика) | пользователь\ не\ (?:найден|существует)
  | 宛先(?:不明|が見つかりません|のメールアドレスが存在) | ユーザ(?:ー)?が(?:見つかりません|存在しません)
  | (?:用户|用戶|收件人|邮箱|地址)[^\n。]{0,8}不存在 | 查无此(?:人|用户)
    """,
    re.IGNORECASE | re.VERBOSE,
)

_PASSING = re.compile(
    r"""
    \b(?:mail)?box(?:es)?\b[^.\n]{0,40}\bfull\b | \bmail\ ?folder\ is\ full | \bquota\b | \bfull\ mailbox
  | \bover\ ?(?:quota|limit|storage) | \bexceed(?:s|ed|ing)?\b | \binsufficient\b | \bout\ of\ (?:disk|storage)
  | \bdisk\ (?:full|space) | \btoo\ (?:large|big|long|many|much|fast|quickly|often|busy)\b
  | \b(?:size|rate|frequency|connection)\ limit | \blimited\b | \bthrottl | \btoo\ quickly
  | \bspam\b | \bjunk\b | \bblock(?:ed|list|ing)?\b | \bbl[ao]ck\ ?list | \bdnsbl\b | \brbl\b | \bdeny?list
  | \bpolic(?:y|ies)\b | \breputation\b | \bdmarc\b | \bspf\b | \bdkim\b | \bunauthenticated\b
  | \brelay(?:ing)?\b[^.\n]{0,20}\b(?:denied|prohibited|not\ (?:permitted|allowed)|access)
  | \bgr[ea]y\ ?list | \btry\ (?:again|later)\b | \bagain\ later\b | \btempora(?:ry|rily)\b | \bdeferred\b
  | \btimed?[\ -]?out\b | \bin\ the\ queue\ too\ long\b | \bconnection\ (?:refused|reset|failed|lost)
  | \bname\ (?:service|server)\ (?:error|fail) | \bdns\ (?:error|fail|query|lookup)
  | \bmail\ ?loop | \btoo\ many\ hops\b | \bhop\ count\b | \bloops?\ back\b
  | \bsender\b[^.\n]{0,40}\b(?:reject|denied|invalid|unknown|verif|not\ exist|not\ found|block)
  | \b(?:invalid|unknown|bad)\ sender\b | \bvirus\b | \bmalware\b | \bcontent\b | \bsuspicious\b
  | \bunsolicited\b | \battachment\b | \bauthenticat | \baccess\ denied\b | \bon\ hold\b
  | \brdns\b | \breverse\ dns\b | \bptr\ record\b | \bstarttls\b | \breceiving\ mail\ (?:at\ a|too)
  | \bsystem\ resources\b | \bresources\ (?:temporarily|unavailable)\b | \bnot\ accepting\b
    """,
    re.IGNORECASE | re.VERBOSE,
)


def is_hard(status: str | None, text: str) -> bool:
    """Whether the address does not exist or will never take mail.

    `status` is an enhanced status code (RFC 3463) or None, `text` what the server said.
    """
    text = " ".join(text[:_MAX_TEXT].split())
    if status is None:
        status = "5.0.0" if re.search(r"\b55\d\b|\b5\d\d[ -]", text) or not text else "0.0.0"
        if status == "0.0.0" and not re.search(r"\b4\d\d[ -]", text):
            status = "5.0.0"  # no code at all: the words decide
    if not status.startswith("5."):
        return False
    if status in _DEAD:
        return bool(_NO_MAILBOX.search(text)) or not _PASSING.search(text)
    if not _UNDECIDED.fullmatch(status):
        return False
    return bool(_NO_MAILBOX.search(text)) and not _PASSING.search(text)
