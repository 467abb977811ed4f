"""Fixtures that tests of several parts share.

- `faulty_smtp`: makes scripted SMTP servers that commit one fault (integration/mail/faulty_smtp.py)
- `real_smtp`: makes aiosmtpd servers, with TLS, AUTH and extensions (integration/mail/real_smtp.py)
- `chat`, `run`, `spawn`, `process`: a chat backend's database and the program (cli/program.py)
"""

from __future__ import annotations

import sys
from pathlib import Path

# Tests are no package (--import-mode=importlib), so helpers are found by path.
for folder in ("integration/mail", "cli"):
    sys.path.insert(0, str(Path(__file__).parent / folder))

pytest_plugins = ["faulty_smtp", "real_smtp", "program"]
