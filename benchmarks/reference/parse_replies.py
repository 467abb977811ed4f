"""mail-parser-reply over a folder of messages: `python -m benchmarks.reference.parse_replies DIR`.

Reading with the standard library and parsing alone: nothing is kept, routed, classified or posted.
"""

import sys
from email import message_from_bytes, policy
from pathlib import Path

from mailparser_reply import EmailReplyParser

parser = EmailReplyParser(languages=["en", "de"])
for file in sorted(Path(sys.argv[1]).iterdir()):
    message = message_from_bytes(file.read_bytes(), policy=policy.default)
    body = message.get_body(("plain",))
    parser.parse_reply(text=body.get_content())
