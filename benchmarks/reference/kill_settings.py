"""A Django site whose queues are sent as they are unless told otherwise: every default is kept, as
this is about what a kill does, not about speed.
"""

import os

SECRET_KEY = "measured only"
USE_TZ = True
INSTALLED_APPS = ["post_office", "mailer"]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ["BENCH_DATABASE"],
        "OPTIONS": {
            "timeout": 30,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;",
        },
    }
}
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates"}]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
EMAIL_HOST = "127.0.0.1"
EMAIL_PORT = int(os.environ["BENCH_PORT"])
MAILER_USE_FILE_LOCK = os.environ.get("BENCH_MAILER_LOCK", "on") == "on"
