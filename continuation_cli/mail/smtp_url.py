"""From a URL and the environment to an SMTP transport: host, TLS, login and where secrets live."""

from __future__ import annotations

from typing import TYPE_CHECKING

from continuation_cli.mail import server_url
from continuation_cli.mail.smtp import SmtpTransport, Tls
from continuation_cli.mail.transport import SMTP_EXAMPLE, Misconfigured, describe

if TYPE_CHECKING:
    from collections.abc import Mapping

_TLS: Mapping[str, Tls] = {"smtp": "none", "smtp+starttls": "starttls", "smtps": "implicit"}
_PASSWORD = "CONTINUATION_SMTP_PASSWORD"  # noqa: S105 (the variable's name)
_CA_FILE = "CONTINUATION_SMTP_CAFILE"
_EHLO = "CONTINUATION_SMTP_EHLO"
_KIND = server_url.Kind(
    {"smtp": 25, "smtp+starttls": 587, "smtps": 465}, _PASSWORD, SMTP_EXAMPLE
)  # fmt: skip


def from_url(url: str, environ: Mapping[str, str]) -> SmtpTransport:
    """The transport for `smtp://`, `smtp+starttls://` or `smtps://`; nothing is connected.

    From `environ`: CONTINUATION_SMTP_PASSWORD, or the file that CONTINUATION_SMTP_PASSWORD_FILE
    names; CONTINUATION_SMTP_CAFILE, certificates (PEM) to trust in place of the system's;
    CONTINUATION_SMTP_EHLO, the name to greet with. Raises Misconfigured.
    """
    server = server_url.parse(url, _KIND)
    tls = _TLS[server.scheme]
    ehlo_name = environ.get(_EHLO) or None
    if ehlo_name and (not ehlo_name.isascii() or not ehlo_name.isprintable() or " " in ehlo_name):
        raise Misconfigured(f"{_EHLO}: {ehlo_name!r} is no host name, such as chat.example.com")
    username = server.username
    if username is not None and tls == "none" and not server.is_loopback:
        raise Misconfigured(
            f"{describe(url)} would send the password in plain text; use smtp+starttls:// or "
            f"smtps://, such as smtp+starttls://{username}@{server.host}:587"
        )
    ca_file = environ.get(_CA_FILE) or None
    return SmtpTransport(
        server.host,
        server.port,
        tls=tls,
        tls_context=None if tls == "none" else server_url.tls_context(_CA_FILE, ca_file),
        username=username,
        password="" if username is None else _password(url, environ),
        ehlo_name=ehlo_name,
    )


def _password(url: str, environ: Mapping[str, str]) -> str:
    password = server_url.secret(_PASSWORD, environ)
    if password is None:
        raise Misconfigured(
            f"{describe(url)} has a user name but there is no password: set {_PASSWORD}, or set "
            f"{_PASSWORD}_FILE to a file that holds it, such as /etc/continuation/smtp-password"
        )
    return password
