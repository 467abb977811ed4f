"""Fills a queue: python -m benchmarks.reference.kill_enqueue post_office|mailer NUMBER, in the
reference's own environment.
"""

import sys

import django


def post_office(fields: list[dict[str, object]]) -> None:
    """Queue with django-post_office."""
    from post_office.models import PRIORITY, STATUS, Email

    Email.objects.bulk_create(
        Email(
            from_email=each["from_email"], to=each["to"], subject=each["subject"],
            message=each["body"], priority=PRIORITY.medium, status=STATUS.queued,
        )
        for each in fields
    )  # fmt: skip


def mailer(fields: list[dict[str, object]]) -> None:
    """Queue with django-mailer."""
    from django.db import transaction
    from mailer.models import PRIORITY_MEDIUM, make_message

    with transaction.atomic():
        for each in fields:
            make_message(priority=PRIORITY_MEDIUM, **each).save()


def main() -> None:
    """Make the tables and fill one."""
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    queue = {"post_office": post_office, "mailer": mailer}[sys.argv[1]]
    queue(
        [
            {
                "from_email": "support@example.com",
                "to": [f"a{number}@example.com"],
                "subject": "Ana replied to your chat",
                "body": "Your refund is on its way.\n" * 20,
            }
            for number in range(int(sys.argv[2]))
        ]
    )


if __name__ == "__main__":
    main()
