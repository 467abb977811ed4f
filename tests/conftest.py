"""Fixtures that tests of several parts share.

- `faulty_smtp`: makes scripted SMTP servers that commit one fault (integration/mail/faulty_smtp.py)
- `faulty_imap`: the same for IMAP (integration/mail/faulty_imap.py)
- `real_smtp`: makes aiosmtpd servers, with TLS, AUTH and extensions (integration/mail/real_smtp.py)
- `dovecot`, `make_dovecot`: a real IMAP and LMTP server (dovecot.py)
- `post_office`: a real Postfix as docs/postfix.md sets it up (e2e/mail_servers.py)
- `healthy`, `found`: a database in which all is in order, what `doctor` finds (cli/doctored.py)
- `browser`: a real Chromium and all that its pages ask for (browser.py)
- `chat`, `run`, `spawn`, `process`: a chat backend's database and the program (cli/program.py)
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

# Tests are no package (--import-mode=importlib), so helpers are found by path.
for folder in ("integration/mail", "cli", "e2e"):
    sys.path.insert(0, str(Path(__file__).parent / folder))

pytest_plugins = [
    "faulty_smtp",
    "faulty_imap",
    "real_smtp",
    "dovecot",
    "program",
    "mail_servers",
    "delivering",
    "fetched",
    "browser",
    "doctored",
]

#: What a developer may lack, but not CI (.ci/run installs it): there, to skip is to fail.
MUST_RUN_IN_CI = ("browser", "smtpsink", "npm", "dovecot", "postfix")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    needed = [mark for mark in MUST_RUN_IN_CI if item.get_closest_marker(mark)]
    if report.skipped and needed and os.environ.get("CI") == "true":
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, which must not be in CI: {report.longrepr}"
    return report
