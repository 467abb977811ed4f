"""From a URL and the environment to an IMAP mailbox: host, TLS, login, folder."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING
from urllib.parse import unquote

from continuation_cli.mail import server_url
from continuation_cli.mail.mailbox import IMAP_EXAMPLE, Disposal, check_folder
from continuation_cli.mail.transport import Misconfigured, describe

if TYPE_CHECKING:
    from collections.abc import Mapping

    from continuation_cli.mail.imap import ImapMailbox, Login

_PASSWORD = "CONTINUATION_IMAP_PASSWORD"  # noqa: S105 (the variable's name)
_TOKEN = "CONTINUATION_IMAP_TOKEN"  # noqa: S105 (likewise)
_CA_FILE = "CONTINUATION_IMAP_CAFILE"
_KIND = server_url.Kind(
    {"imap": 143, "imap+starttls": 143, "imaps": 993}, _PASSWORD, IMAP_EXAMPLE, has_path=True
)


def from_url(url: str, disposal: Disposal, environ: Mapping[str, str]) -> ImapMailbox:
    """The mailbox for `imaps://`, `imap+starttls://` or, on this machine only, `imap://`.

    The path is the folder, percent-encoded UTF-8 as in RFC 5092; INBOX if there is none. From
    `environ`: CONTINUATION_IMAP_PASSWORD, or CONTINUATION_IMAP_TOKEN, an OAuth 2.0 access token,
    or a file with either, named by the same variable with _FILE; CONTINUATION_IMAP_CAFILE,
    certificates (PEM) to trust in place of the system's. Raises Misconfigured.
    """
    server = server_url.parse(url, _KIND)
    if server.username is None:
        raise Misconfigured(
            f"{describe(url)!r}: there is no user name; expected one like {IMAP_EXAMPLE}"
        )
    if server.scheme == "imap" and not server.is_loopback:
        raise Misconfigured(
            f"{describe(url)} would send the password and the mail in plain text; use imaps:// or "
            f"imap+starttls://, such as imaps://{server.username}@{server.host}"
        )
    if "%00" in server.path:
        raise Misconfigured(f"{describe(url)!r}: the folder is not one, such as INBOX")
    folder = check_folder(unquote(server.path, errors="replace") or "INBOX")
    if disposal.folder is not None:
        check_folder(disposal.folder)
    login = _login(url, server.username, environ)
    ca_file = environ.get(_CA_FILE) or None
    context = None if server.scheme == "imap" else server_url.tls_context(_CA_FILE, ca_file)
    try:
        from continuation_cli.mail.imap import ImapMailbox
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "imap_tools":
            raise
        raise Misconfigured(
            "reading mail by IMAP needs imap-tools, which is not installed; install it with: "
            f"{shlex.quote(sys.executable)} -m pip install 'continuation-cli[imap]'"
        ) from None
    return ImapMailbox(
        server.host,
        server.port,
        login,
        folder,
        disposal,
        tls_context=context,
        implicit_tls=server.scheme == "imaps",
    )


def _login(url: str, username: str, environ: Mapping[str, str]) -> Login:
    password = server_url.secret(_PASSWORD, environ)
    token = server_url.secret(_TOKEN, environ)
    if password and token:
        raise Misconfigured(f"{_PASSWORD} and {_TOKEN} are both set; unset one of them")
    if token:
        return username, token, "token"
    if password:
        return username, password, "password"
    raise Misconfigured(
        f"there is no password for {describe(url)}: set {_PASSWORD}, or set {_PASSWORD}_FILE to a "
        f"file that holds it, such as /etc/continuation/imap-password (for an OAuth 2.0 access "
        f"token: {_TOKEN} or {_TOKEN}_FILE)"
    )
