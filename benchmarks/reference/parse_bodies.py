"""The new text of bodies by mail-parser-reply and email-reply-parser: JSON strings on stdin, one a
line; on stdout one object, a list of texts for each package."""

import json
import sys

from email_reply_parser import EmailReplyParser
from mailparser_reply import EmailReplyParser as MailReplyParser

LANGUAGES = ["en", "da", "de", "es", "fr", "it", "ja", "ko", "nl", "pl", "sv", "cs", "zh", "he"]


def known_languages() -> list[str]:
    """Those of LANGUAGES that the installed release knows."""
    known = []
    for language in LANGUAGES:
        try:
            MailReplyParser(languages=[language]).parse_reply(text="Hello")
        except Exception:
            continue
        known.append(language)
    return known


def main() -> None:
    """Read, parse, write."""
    parser = MailReplyParser(languages=known_languages())
    texts = [json.loads(line) for line in sys.stdin]
    answers = {
        "mail-parser-reply": [parser.parse_reply(text=text) or "" for text in texts],
        "email-reply-parser": [EmailReplyParser.parse_reply(text) for text in texts],
    }
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
