"""Fills the queue with the emails that a database of the project holds: same texts, same HTML.

Run as `python -m benchmarks.reference.enqueue DATABASE`, in the reference's own environment.
"""

import email
import email.policy
import sqlite3
import sys
from collections.abc import Iterator

import django


def emails(database: str) -> Iterator[dict[str, object]]:
    """What the project sent, taken apart again."""
    for message, recipient in sqlite3.connect(database).execute(
        "SELECT message, recipient FROM emails ORDER BY id"
    ):
        parsed = email.message_from_bytes(message, policy=email.policy.default)
        text, html = (part.get_content() for part in parsed.iter_parts())
        yield {
            "from_email": parsed["From"],
            "to": [recipient],
            "subject": parsed["Subject"],
            "message": text,
            "html_message": html,
            "message_id": parsed["Message-ID"],
            "headers": {
                name: parsed[name] for name in ("Reply-To", "Auto-Submitted", "List-Unsubscribe")
            },
        }


def main() -> None:
    """Make the tables and fill them."""
    django.setup()
    from django.core.management import call_command
    from post_office.models import PRIORITY, STATUS, Email

    call_command("migrate", verbosity=0)
    Email.objects.bulk_create(
        (
            Email(**fields, priority=PRIORITY.medium, status=STATUS.queued)
            for fields in emails(sys.argv[1])
        ),
        batch_size=500,
    )


if __name__ == "__main__":
    main()
