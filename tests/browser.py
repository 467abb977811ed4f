"""A real browser: what a page does once it is shown, and whom it asks for anything.

Chromium sends every request through a proxy that answers from memory and keeps a list, so that a
page that asks a stranger for anything is caught, whatever the host.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
from html import unescape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
#: Where the pages are.
HOST = "mail.example"
LOGO = f"http://{HOST}/logo.svg"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="120" height="36"/>'


class Browser:
    """`pages` are there to be fetched, by path: text and content type; `requests` were made."""

    def __init__(self, profile: Path, port: int) -> None:
        self.pages = {"/logo.svg": (SVG, "image/svg+xml")}
        self.requests: list[str] = []
        self._profile = profile
        self._port = port

    def show(self, page: str, *, dark: bool = False) -> Any:
        """Open a page in a fresh Chromium; what it leaves in its title, which is JSON."""
        self.pages["/"] = (page, "text/html")
        assert CHROMIUM is not None
        done = subprocess.run(
            [
                CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
                "--no-first-run", "--disable-background-networking", "--disable-component-update",
                "--disable-sync", "--disable-default-apps", "--hide-scrollbars",
                f"--user-data-dir={self._profile}", f"--proxy-server=127.0.0.1:{self._port}",
                f"--blink-settings=preferredColorScheme={0 if dark else 1}",
                "--virtual-time-budget=5000", "--timeout=30000", "--dump-dom", f"http://{HOST}/",
            ],
            capture_output=True, text=True, timeout=90, check=True,
        )  # fmt: skip
        title = re.search("<title>(.*?)</title>", done.stdout, re.DOTALL)
        assert title, done.stdout[:2000] + done.stderr[-2000:]
        return json.loads(unescape(title.group(1)))

    def foreign(self) -> list[str]:
        """What was asked for that is none of the pages."""
        own = {f"http://{HOST}{path}" for path in self.pages} | {f"http://{HOST}/favicon.ico"}
        return [url for url in self.requests if url not in own]


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    """Skips the test where there is no Chromium."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")

    class Proxy(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            opened.requests.append(self.path)
            path = self.path.removeprefix(f"http://{HOST}")
            body, kind = opened.pages.get(path, ("", "text/plain"))
            self.send_response(200)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.end_headers()
            self.wfile.write(body.encode())

        def do_CONNECT(self) -> None:
            opened.requests.append(f"https://{self.path}")
            self.send_error(403)

        do_POST = do_HEAD = do_GET  # noqa: N815 - the library's names

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as server:
        opened = Browser(tmp_path / "profile", server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield opened
        server.shutdown()
        thread.join()
