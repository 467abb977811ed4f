"""By what our own emails are known when they come back, quoted in a reply.

Every email is in one element of class EMAIL_CLASS; where replying works, the text part begins with
the line `Phrases.reply_marker` (all languages' are in `phrases.REPLY_MARKERS`), and the HTML part
shows the same line in an element of class REPLY_MARKER_CLASS. Some mail clients put a prefix before
class names when they quote.
"""

from __future__ import annotations

from typing import Final

#: The class of the element that holds the whole email, in every email.
EMAIL_CLASS: Final = "continuation-email"
#: The class of the element with the line above which a reply is written.
REPLY_MARKER_CLASS: Final = "continuation-reply-marker"
