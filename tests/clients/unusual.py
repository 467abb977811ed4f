"""Replies that are more than text and HTML: signed, with a photograph amid them, looked through."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import TYPE_CHECKING

from clients import apple, gmail, mozilla
from clients.footers import IPHONE
from clients.posting import PDF
from clients.rewriting import lines_as_html, rewritten
from clients.wording import APPLE

if TYPE_CHECKING:
    from clients.sent import Reply

_SIGNATURE = """\
-----BEGIN PGP SIGNATURE-----

iQEzBAEBCAAdFiEEfa1cdbSSyQvbBzYbH7lWyFqRTzoFAmBUpXMACgkQH7lWyFqR
=njUY
-----END PGP SIGNATURE-----
"""


def clearsigned(reply: Reply) -> bytes:
    """mutt with `pgp_autoinline`: armor around all of it, a dash before lines that begin with one
    (RFC 9580, section 7).
    """
    head, _, body = mozilla.mutt(replace(reply, encoding="8bit")).partition(b"\r\n\r\n")
    text = body.decode().replace("\r\n-", "\r\n- -")
    armored = f"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n{text}\n{_SIGNATURE}"
    return head + b"\r\n\r\n" + armored.replace("\n", "\r\n").replace("\r\r", "\r").encode()


def signed(reply: Reply) -> bytes:
    """PGP/MIME or S/MIME (RFC 1847): the reply is the first part, the signature the second."""
    head, _, body = mozilla.thunderbird(reply).partition(b"\r\nContent-Type:")
    return (
        head + b"\r\nContent-Type: multipart/signed; micalg=pgp-sha512;\r\n"
        b' protocol="application/pgp-signature"; boundary="sig"\r\n\r\n--sig\r\nContent-Type:'
        + body
        + b"\r\n--sig\r\nContent-Type: application/pgp-signature; name=signature.asc\r\n\r\n"
        + _SIGNATURE.encode()
        + b"\r\n--sig--\r\n"
    )


def photograph(reply: Reply) -> bytes:
    """A photograph on an iPhone: HTML before it, and HTML after it with footer and quote."""
    head = apple.iphone(reply).partition(b"\r\nContent-Type:")[0]
    attribution = reply.attribution(APPLE).replace("<", "&lt;").replace(">", "&gt;")
    ours = rewritten(reply.sent.body)
    before = f'<body dir="auto">{lines_as_html(reply.answer)}<div></div></body>'
    after = (
        '<body dir="auto"><div></div><div><br><br><div dir="ltr">'
        f'{IPHONE[reply.language]}</div><div dir="ltr"><br><blockquote type="cite">{attribution}'
        f'<br><br></blockquote></div><blockquote type="cite"><div dir="ltr">{ours}</div>'
        "</blockquote></div></body>"
    )
    parts = [_html(before), _photograph(), _html(after)]
    return (
        head
        + b'\r\nContent-Type: multipart/mixed; boundary="mix"\r\n\r\n'
        + b"".join(b"--mix\r\n" + part + b"\r\n" for part in parts)
        + b"--mix--\r\n"
    )


def scanned(reply: Reply) -> bytes:
    """Gmail, with the line of a virus scanner that its browser extension adds above the quote."""
    raw = gmail.web(replace(reply, encoding="8bit", parts="html")).decode()
    line = (
        '<div id="DAB4FAD8-2DD7-40BB-A1B8-4E2AA1F9FDF2"><br><table style="border-top:1px solid '
        '#D3D4DE"><tr><td style="width:55px"><a href="https://www.avast.com/sig-email"><img '
        'src="https://s-install.avcdn.net/avast.png" alt="" width="46"></a></td><td>Virus-free.'
        '<a href="https://www.avast.com/sig-email">www.avast.com</a></td></tr></table></div>'
    )
    return raw.replace('<br><div class="gmail_quote', f'{line}<br><div class="gmail_quote').encode()


def _html(body: str) -> bytes:
    html = f'<html><head><meta http-equiv="content-type" content="text/html"></head>{body}</html>'
    octets = base64.encodebytes(html.encode()).replace(b"\n", b"\r\n")
    return (
        b"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + octets
    )


def _photograph() -> bytes:
    return (
        b"Content-Type: image/jpeg; name=IMG_0815.jpeg\r\nContent-Disposition: inline;\r\n"
        b" filename=IMG_0815.jpeg\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.encodebytes(PDF).replace(b"\n", b"\r\n")
    )
