"""The URL of a mail server, and what the environment adds to it: secrets and certificates."""

from __future__ import annotations

import os
import shlex
import stat
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from continuation_cli.mail.transport import Misconfigured, describe

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator, Mapping


#: No password or token is longer, in octets; a device may be endless.
_LONGEST_SECRET = 65536


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of server: the port of each scheme, the variable that holds the password, and a
    good URL. `has_path`: a path may follow."""

    ports: Mapping[str, int]
    password_variable: str
    example: str
    has_path: bool = False


@dataclass(frozen=True, slots=True)
class ServerUrl:
    """The parts of a URL; `path` is still percent-encoded and begins with no slash."""

    scheme: str
    host: str
    port: int
    username: str | None
    path: str = ""

    @property
    def is_loopback(self) -> bool:
        """Whether the server is certainly this machine."""
        import ipaddress

        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def parse(url: str, kind: Kind) -> ServerUrl:
    """Take a URL apart. Raises Misconfigured; no text of a password gets into the error."""

    def wrong(what: str) -> Misconfigured:
        return Misconfigured(f"{describe(url)!r}: {what}; expected one like {kind.example}")

    if any(c.isspace() or not c.isprintable() for c in url):
        raise wrong("there is white space or a control character in it")
    scheme, _, rest = url.partition(":")
    authority = rest.removeprefix("//")
    if kind.has_path:  # an @ in the path belongs to no user name
        authority = authority.partition("/")[0]
    userinfo, at, _ = authority.rpartition("@")
    if ":" in userinfo:
        variable = kind.password_variable
        raise Misconfigured(
            f"{describe(url)!r} held a password, which would show in logs and process lists; put "
            f"it into {variable} or into the file that {variable}_FILE names"
        )
    try:
        parts = urlsplit(url)
        host = parts.hostname
        (host or "").encode("idna")  # as the socket will: "a..b" is no name
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
    path = parts.path.removeprefix("/")
    if (path and not kind.has_path) or parts.query or parts.fragment:
        raise wrong("nothing may follow the host and port")
    username = unquote(parts.username or "") if at else None
    if username is not None and (not username or not username.isprintable()):
        raise wrong("the user name is empty or unprintable")
    name = scheme.lower()
    return ServerUrl(name, host, port or kind.ports[name], username, path)


def secret(variable: str, environ: Mapping[str, str]) -> str | None:
    """The secret in a variable, or in the file that the variable with _FILE names, less one newline
    at its end; None where neither is set. Raises Misconfigured, also for a file that every user of
    the machine may write. Containers mount secrets that all may read: that alone refuses none."""
    given, path = environ.get(variable), environ.get(f"{variable}_FILE")
    if given and path:
        raise Misconfigured(f"{variable} and {variable}_FILE are both set; unset one of them")
    if not given and not path:
        return None
    if path:
        source = f"{variable}_FILE={path}"
        text = _read_secret(source, path)
    else:
        source, text = variable, given or ""
    if not text or "\0" in text or "\n" in text or not _is_utf8(text):
        raise Misconfigured(f"{source}: expected one line of text that is not empty")
    return text


def secret_files(environ: Mapping[str, str]) -> Iterator[tuple[str, bool]]:
    """The files that variables name for secrets, and whether every user of the machine may read
    each. A file that is not there is left to what asks for it."""
    for variable, path in sorted(environ.items()):
        if path and variable.startswith("CONTINUATION_") and variable.endswith("_FILE"):
            with suppress(OSError):
                yield path, bool(Path(path).stat().st_mode & stat.S_IROTH)


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # other octets stand in the environment as surrogates (PEP 383)
        return False
    return True


def _read_secret(source: str, path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            octets = file.read(_LONGEST_SECRET)
        if stat.S_ISREG(mode) and mode & stat.S_IWOTH:
            raise Misconfigured(
                f"{source}: every user of this machine may change it; take that away with: "
                f"chmod o= {shlex.quote(path)}"
            )
        text = octets.decode()
    except OSError as error:
        raise Misconfigured(f"{source}: {error.strerror}") from None
    except UnicodeDecodeError:
        # `from None`: the exception carries the octets of the file.
        raise Misconfigured(f"{source}: the file is not UTF-8 text") from None
    return text.removesuffix("\n").removesuffix("\r")


@cache  # loading the system's certificates takes longer than a delivery
def tls_context(ca_variable: str, ca_file: str | None) -> ssl.SSLContext:
    """Certificate and name are always verified; TLS 1.2 or newer (Python's default).

    `ca_file`: certificates (PEM) to trust in place of the system's, named by the environment's
    `ca_variable`. Raises Misconfigured.
    """
    import ssl

    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # ssl.SSLError is one
        what = (
            "there is no PEM certificate in it"
            if isinstance(error, ssl.SSLError)
            else error.strerror
        )
        raise Misconfigured(f"{ca_variable}={ca_file}: {what}") from None
