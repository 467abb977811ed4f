"""flufl.bounce over messages: `python -m benchmarks.reference.scan_bounces`, JSON Lines in and out.

A line in is a message in base64; a line out is the addresses that failed for good and those that
failed for now, each as a list.
"""

import base64
import json
import sys
from email import message_from_bytes

from flufl.bounce import all_failures

for line in sys.stdin:
    try:
        temporary, permanent = all_failures(message_from_bytes(base64.b64decode(line)))
    except Exception:
        temporary, permanent = set(), set()
    answer = [
        sorted(address.decode("utf-8", "replace") for address in found)
        for found in (permanent, temporary)
    ]
    print(json.dumps(answer))
