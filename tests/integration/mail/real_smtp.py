"""A real SMTP server, aiosmtpd, for tests; with TLS from a certificate authority of its own.

As a fixture, from any test:

    def test_x(real_smtp):
        server = real_smtp()                        # or tls="starttls", auth=True, …
        ... deliver to server.host, server.port ...
        [mail] = server.mails                       # mail.sender, mail.recipients, mail.content
"""

from __future__ import annotations

import contextlib
import ssl
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import pytest
import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

USERNAME, PASSWORD = "mailer@example.com", "pä55 wörd:%@"


@dataclass
class Mail:
    sender: str
    recipients: list[str]
    content: bytes
    smtp_utf8: bool
    options: list[str]
    tls: bool


@dataclass
class RealSmtp:
    """The mails that a server accepted, in order; `mechanisms`, the logins that succeeded."""

    host: str = "127.0.0.1"
    port: int = 0
    mails: list[Mail] = field(default_factory=list)
    mechanisms: list[str] = field(default_factory=list)
    sessions: set[int] = field(default_factory=set)
    ca_file: Path | None = None
    controller: Controller | None = None

    @property
    def url(self) -> str:
        return f"smtp://{self.host}:{self.port}"

    def stop(self) -> None:
        if self.controller is not None:
            self.controller.stop()
            self.controller = None

    # What aiosmtpd calls.
    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:  # noqa: N802
        self.sessions.add(session.peer[1])
        self.mails.append(
            Mail(
                envelope.mail_from,
                envelope.rcpt_tos,
                envelope.original_content,
                envelope.smtp_utf8,
                envelope.mail_options,
                server.transport.get_extra_info("ssl_object") is not None,
            )
        )
        return f"250 2.0.0 queued as {len(self.mails)}"

    def authenticate(
        self, server: SMTP, session: Any, envelope: Any, mechanism: str, data: Any
    ) -> AuthResult:
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (
            USERNAME.encode(),
            PASSWORD.encode(),
        )
        if good:
            self.mechanisms.append(mechanism)
        return AuthResult(success=good, handled=False)


class _Controller(Controller):
    def factory(self) -> SMTP:
        with warnings.catch_warnings():
            # It warns that a login without STARTTLS is unwise; it does not count implicit TLS.
            warnings.simplefilter("ignore")
            return SMTP(self.handler, **self.SMTP_kwargs)

    def _trigger_server(self) -> None:
        # aiosmtpd connects to itself to see whether it runs, and would connect to port 0.
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    """A certificate authority that nobody else trusts."""
    return trustme.CA()


def server_context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    return context


@pytest.fixture
def real_smtp(authority: trustme.CA, tmp_path: Path) -> Iterator[Callable[..., RealSmtp]]:
    """Makes running servers. `names` are what the certificate is for; `options` are aiosmtpd's."""
    with contextlib.ExitStack() as running:

        def make(
            *,
            tls: Literal["none", "starttls", "implicit"] = "none",
            auth: bool = False,
            names: tuple[str, ...] = ("127.0.0.1", "localhost"),
            certificate: trustme.LeafCert | None = None,
            port: int = 0,
            **options: Any,
        ) -> RealSmtp:
            server = RealSmtp(ca_file=tmp_path / "authority.pem")
            authority.cert_pem.write_to_path(str(server.ca_file))
            context = None
            if tls != "none":
                context = server_context(certificate or authority.issue_cert(*names))
            if tls == "starttls":
                options |= {"tls_context": context, "require_starttls": True}
            if auth:
                options |= {
                    "authenticator": server.authenticate,
                    "auth_required": True,
                    "auth_require_tls": tls == "starttls",
                }
            server.controller = _Controller(
                server,
                server.host,
                port,
                ssl_context=context if tls == "implicit" else None,
                enable_SMTPUTF8=options.pop("enable_SMTPUTF8", True),
                server_hostname="real.example",
                **options,
            )
            server.controller.start()
            server.port = server.controller.port
            running.callback(server.stop)
            return server

        yield make
