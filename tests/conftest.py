"""Fixtures that tests of several parts share.

- `faulty_smtp`: makes scripted SMTP servers that commit one fault (integration/mail/faulty_smtp.py)
- `real_smtp`: makes aiosmtpd servers, with TLS, AUTH and extensions (integration/mail/real_smtp.py)
"""

from __future__ import annotations

import sys
from pathlib import Path

# Tests are no package (--import-mode=importlib), so helpers are found by path.
sys.path.insert(0, str(Path(__file__).parent / "integration" / "mail"))

pytest_plugins = ["faulty_smtp", "real_smtp"]
