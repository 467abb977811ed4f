"""From a URL and the environment to an SMTP transport: host, TLS, login and where secrets live."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from continuation_cli.mail.smtp import SmtpTransport, Tls
from continuation_cli.mail.transport import SMTP_EXAMPLE, Misconfigured, describe

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping

_SCHEMES: Mapping[str, tuple[Tls, int]] = {
    "smtp": ("none", 25),
    "smtp+starttls": ("starttls", 587),
    "smtps": ("implicit", 465),
}
_PASSWORD = "CONTINUATION_SMTP_PASSWORD"  # noqa: S105 (the variable's name)
_PASSWORD_FILE = f"{_PASSWORD}_FILE"
_CA_FILE = "CONTINUATION_SMTP_CAFILE"
_EHLO = "CONTINUATION_SMTP_EHLO"


def from_url(url: str, environ: Mapping[str, str]) -> SmtpTransport:
    """The transport for `smtp://`, `smtp+starttls://` or `smtps://`; nothing is connected.

    From `environ`: CONTINUATION_SMTP_PASSWORD, or the file that CONTINUATION_SMTP_PASSWORD_FILE
    names; CONTINUATION_SMTP_CAFILE, certificates (PEM) to trust in place of the system's;
    CONTINUATION_SMTP_EHLO, the name to greet with. Raises Misconfigured.
    """
    scheme, host, port, username = _parse(url)
    tls = _SCHEMES[scheme][0]
    ehlo_name = environ.get(_EHLO) or None
    if ehlo_name and (not ehlo_name.isascii() or not ehlo_name.isprintable() or " " in ehlo_name):
        raise Misconfigured(f"{_EHLO}: {ehlo_name!r} is no host name, such as chat.example.com")
    if username is not None and tls == "none" and not _is_loopback(host):
        raise Misconfigured(
            f"{describe(url)} would send the password in plain text; use smtp+starttls:// or "
            f"smtps://, such as smtp+starttls://{username}@{host}:587"
        )
    return SmtpTransport(
        host,
        port,
        tls=tls,
        tls_context=None if tls == "none" else _tls_context(environ.get(_CA_FILE) or None),
        username=username,
        password="" if username is None else _password(url, environ),
        ehlo_name=ehlo_name,
    )


def _parse(url: str) -> tuple[str, str, int, str | None]:
    """Scheme, host, port and user name of a URL. No text of a password gets into an error."""

    def wrong(what: str) -> Misconfigured:
        return Misconfigured(f"{describe(url)!r}: {what}; expected one like {SMTP_EXAMPLE}")

    if any(c.isspace() or not c.isprintable() for c in url):
        raise wrong("there is white space or a control character in it")
    scheme, _, rest = url.partition(":")
    userinfo, at, _ = rest.removeprefix("//").rpartition("@")
    if ":" in userinfo:
        raise Misconfigured(
            f"{describe(url)!r} held a password, which would show in logs and process lists; put "
            f"it into {_PASSWORD} or into the file that {_PASSWORD_FILE} names"
        )
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        raise wrong("the host is not one") from None
    try:
        port = parts.port
    except ValueError:
        port = 0
    if not rest.startswith("//") or not host:
        raise wrong("there is no host")
    if port == 0:
        raise wrong("the port is not a number from 1 to 65535")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise wrong("nothing may follow the host and port")
    username = unquote(parts.username or "") if at else None
    if username is not None and (not username or not username.isprintable()):
        raise wrong("the user name is empty or unprintable")
    name = scheme.lower()
    return name, host, port or _SCHEMES[name][1], username


def _is_loopback(host: str) -> bool:
    import ipaddress

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _password(url: str, environ: Mapping[str, str]) -> str:
    """The password, from the environment or a file, less one newline at its end."""
    given, path = environ.get(_PASSWORD), environ.get(_PASSWORD_FILE)
    if given and path:
        raise Misconfigured(f"{_PASSWORD} and {_PASSWORD_FILE} are both set; unset one of them")
    if given:
        source, password = _PASSWORD, given
    elif path:
        source, password = f"{_PASSWORD_FILE}={path}", _read_secret(path)
    else:
        raise Misconfigured(
            f"{describe(url)} has a user name but there is no password: set {_PASSWORD}, or set "
            f"{_PASSWORD_FILE} to a file that holds it, such as /etc/continuation/smtp-password"
        )
    if not password or "\0" in password or "\n" in password:
        raise Misconfigured(f"{source}: expected one line of text that is not empty")
    return password


def _read_secret(path: str) -> str:
    try:
        text = Path(path).read_bytes().decode()
    except OSError as error:
        raise Misconfigured(f"{_PASSWORD_FILE}={path}: {error.strerror}") from None
    except UnicodeDecodeError:
        # `from None`: the exception carries the octets of the file.
        raise Misconfigured(f"{_PASSWORD_FILE}={path}: the file is not UTF-8 text") from None
    return text.removesuffix("\n").removesuffix("\r")


@cache  # loading the system's certificates takes longer than a delivery
def _tls_context(ca_file: str | None) -> ssl.SSLContext:
    """Certificate and name are always verified; TLS 1.2 or newer (Python's default)."""
    import ssl

    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # ssl.SSLError is one
        what = (
            "there is no PEM certificate in it"
            if isinstance(error, ssl.SSLError)
            else error.strerror
        )
        raise Misconfigured(f"{_CA_FILE}={ca_file}: {what}") from None
