"""Reopen links: the URL that opens the widget on a conversation, and the token that proves it.

A link is a page's URL with two query parameters: `continue_chat`, the conversation, and
`continue_token`, a JSON Web Token (RFC 7519) that any JWT library can verify. `docs/links.md` is
the same for the developer of a chat backend.

jwt, idna and ipaddress are imported where they are used: PyJWT loads `cryptography` where that is
installed, which costs a tenth of a second, and most runs need none of the three. Signing, which
takes three lines, does without it; verifying, where every line could be a hole, does not.
"""

from __future__ import annotations

import base64
import hmac
import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote, unquote, unquote_plus

if TYPE_CHECKING:
    from collections.abc import Mapping

CHAT_PARAMETER = "continue_chat"
TOKEN_PARAMETER = "continue_token"  # noqa: S105 - a name, not a secret
ISSUER = "continuation"
ALGORITHM = "HS256"

#: Octets of the longest link. Office and other users of WinINet cut links at 2,083 octets
#: (INTERNET_MAX_URL_LENGTH); a link that is cut has lost the end of its token. Lines of a mail
#: (998 octets, RFC 5322, section 2.1.1) set no lower limit, as bodies are sent quoted-printable.
LONGEST_URL = 2000

#: Octets of the shortest secret: as long as the hash (RFC 7518, section 3.2).
SHORTEST_SECRET = 32

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)


# --- The URL ----------------------------------------------------------------------------------


class UnusableUrlError(ValueError):
    """A URL that cannot be made into a link; the text names it (shortened), and what is wrong."""

    def __init__(self, url: str, expected: str) -> None:
        scheme, slashes, rest = url.partition("//")
        # What stands before an @ may be a password, and this text goes into logs.
        shown = scheme + slashes + re.sub(r"\A[^?#]*@", "***@", rest)
        shown = repr(shown if len(shown) <= 80 else shown[:79] + "…")
        super().__init__(f"{shown} {expected} (example: https://www.example.com/help?lang=en)")


_SURROUNDING = " \t\n\f\r"
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<authority>[^/?#]*)(?P<path>[^?#]*)"
    r"(?P<rest>(?:\?[^#]*)?(?:#.*)?)",
    re.IGNORECASE | re.ASCII,  # ASCII, or ſ would be an s
)
_AUTHORITY = re.compile(r"(?P<host>\[[^\]]*\]|[^:\[\]]*)(?P<port>:[0-9]{0,5})?")
_HOST_NAME = re.compile(r"(?=.{1,253}\.?\Z)[A-Za-z0-9_-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\.?")
_ENDS_IN_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0[xX][0-9A-Fa-f]*)\.?")
_OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = re.compile(rf"{_OCTET}(?:\.{_OCTET}){{3}}\.?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
#: What RFC 3986 allows nowhere in a URI. `%` is not among it, even where no two digits follow:
#: browsers leave such a `%` alone, and servers that were sent it expect it so.
_NOT_IN_A_URI = re.compile(r"[^!#-;=?-Z\[\]_a-z~]+")


def reopen_url(base: str, conversation: str, token: str) -> str:
    """The link: `base` with the conversation (any text) and its token (a JWT) as parameters.

    `base` is an absolute http or https URL as a browser's `location.href` gives it or as a person
    types it. What is there stays, octet for octet and in its order, but for this:

    - Parameters of our names, in the query or in the fragment (`#/route?continue_token=…`), go.
      Ours come last in the query proper, before the fragment: `location.search` and the server
      see them there, whatever an application does with its hash routes.
    - What a URI cannot hold (RFC 3986) is percent-encoded as UTF-8, a space as `%20`; a host
      becomes A-labels (UTS #46, as in browsers); an empty path becomes `/` (section 6.2.3).
      Mail clients find the end of a link by these characters.
    - Surrounding white space goes, as in browsers.

    Raises UnusableUrlError for anything else that a browser or a mail client could read in two
    ways or should not be sent: other schemes, control characters, user names and passwords, no or
    a malformed host, a backslash before the query, a result of more than LONGEST_URL octets.
    """
    origin, path, query, fragment = _split(base)
    given = [] if query is None else query.split("&")
    kept = [parameter for parameter in given if not _is_ours(parameter)]
    if kept and not given[-1]:
        kept.pop()  # the & that ends the query already separates
    try:
        kept += [f"{CHAT_PARAMETER}={quote(conversation, safe='')}"]
        kept += [f"{TOKEN_PARAMETER}={quote(token, safe='')}"]
    except UnicodeEncodeError:
        raise UnusableUrlError(base, "would name a conversation that is not text") from None
    url = f"{origin}{path or '/'}?{'&'.join(kept)}{_without_ours(fragment)}"
    if len(url) > LONGEST_URL:
        raise UnusableUrlError(
            base, f"makes a link of {len(url)} octets; expected at most {LONGEST_URL}"
        )
    return url


def _split(base: str) -> tuple[str, str, str | None, str]:
    """Scheme and authority; path; query or None; fragment with its `#`, or empty. All in ASCII."""
    url = base.strip(_SURROUNDING)
    if _CONTROL.search(url):
        raise UnusableUrlError(base, "has control characters in it")
    parts = _URL.fullmatch(url)
    if parts is None:
        raise UnusableUrlError(base, "is not an absolute http or https URL")
    scheme, authority, path, rest = parts.group("scheme", "authority", "path", "rest")
    if "\\" in authority or "\\" in path:
        # A browser reads / here, RFC 3986 does not: they may disagree on the host itself.
        raise UnusableUrlError(base, "has a backslash before the query; expected /")
    origin = f"{scheme}://{_ascii_authority(base, authority)}"
    if not url.isascii() or _NOT_IN_A_URI.search(path) or _NOT_IN_A_URI.search(rest):
        try:
            path, rest = (_NOT_IN_A_URI.sub(_percent_encoded, part) for part in (path, rest))
        except UnicodeEncodeError:
            raise UnusableUrlError(base, "has lone surrogates in it") from None
    before, mark, fragment = rest.partition("#")
    return origin, path, before[1:] if before else None, mark + fragment


def _percent_encoded(found: re.Match[str]) -> str:
    return quote(found[0], safe="")


def _ascii_authority(base: str, authority: str) -> str:
    """Host and port as a mail client understands them."""
    if "@" in authority:
        raise UnusableUrlError(base, "holds a user name or password, which the customer would see")
    parts = _AUTHORITY.fullmatch(authority)
    if parts is None:
        raise UnusableUrlError(base, "has a malformed host or port")
    host, port = parts["host"], parts["port"] or ""
    if int(port[1:] or 0) > 65535:
        raise UnusableUrlError(base, "has a malformed port; expected at most 65535")
    if host.startswith("["):
        usable = _is_ipv6(host[1:-1])
    else:
        host = host if host.isascii() else _a_labels(host)
        usable = _HOST_NAME.fullmatch(host) is not None
        # Browsers read any host that ends in a number as an IPv4 address, octal and hex included.
        if usable and _ENDS_IN_NUMBER.fullmatch(host):
            usable = _IPV4.fullmatch(host) is not None
    if not usable:
        raise UnusableUrlError(base, "has no host" if not host else "has a malformed host")
    return host + port


def _a_labels(host: str) -> str:
    """An internationalised host in ASCII; as it is, and so refused, where it has no such form.

    UTS #46, non-transitional, as the URL Standard asks for. `idna.encode` would go on to apply
    IDNA 2008 and refuse hosts that browsers open, emoji for one.
    """
    if len(host) > 253:
        return host
    import idna

    try:
        labels = idna.uts46_remap(host, std3_rules=False).split(".")
        return ".".join(
            label if label.isascii() else f"xn--{label.encode('punycode').decode()}"
            for label in labels
        )
    except UnicodeError:
        return host


def _is_ipv6(text: str) -> bool:
    from ipaddress import IPv6Address

    try:
        return IPv6Address(text).scope_id is None
    except ValueError:
        return False


def _is_ours(parameter: str) -> bool:
    name = parameter.partition("=")[0]
    return (unquote(name) if "%" in name else name) in (CHAT_PARAMETER, TOKEN_PARAMETER)


def _without_ours(fragment: str) -> str:
    """A fragment, `#` included, without our parameters; nothing at all if nothing else was in it.

    Applications keep parameters in `#/route?a=1`, `#!/route?a=1` and `#a=1&b=2`.
    """
    if "continue" not in fragment and "%" not in fragment:
        return fragment
    kept, inherited = [], None
    pieces = ["", *re.split(r"([?&])", fragment[1:])]
    for separator, parameter in zip(pieces[::2], pieces[1::2], strict=True):
        if inherited is not None and separator == "&":
            separator = inherited
        inherited = separator if _is_ours(parameter) else None
        if inherited is None:
            kept.append(separator + parameter)
    return "#" + "".join(kept) if kept else ""


# --- The token --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key that signs links, named `kid`. Raises ValueError for a secret below 32 octets."""

    kid: str
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.secret) < SHORTEST_SECRET:
            raise ValueError(
                f"the secret of key {self.kid!r} has {len(self.secret)} octets; expected at least "
                f"{SHORTEST_SECRET} random ones (RFC 7518, section 3.2)"
            )


def sign(
    conversation: str,
    channel: str,
    generation: int,
    key: SigningKey,
    *,
    issued_at: datetime,
    expires_at: datetime,
) -> str:
    """The token of a link: a compact JWT (RFC 7519), signed with HS256, its header naming the key.

    Claims: `iss`, `aud` (the channel), `sub` (the conversation), `iat`, `exp` (seconds since 1970,
    rounded so that the token is never too young nor expires early), and `gen`, the conversation's
    link generation, which `url revoke` counts up. Times are aware.
    """
    claims = {
        "iss": ISSUER,
        "aud": channel,
        "sub": conversation,
        "iat": (issued_at - _EPOCH) // _SECOND,
        "exp": -((_EPOCH - expires_at) // _SECOND),
        "gen": generation,
    }
    signed = f"{_header(key.kid)}.{_base64url(_json(claims).encode())}"
    return f"{signed}.{_base64url(hmac.digest(key.secret, signed.encode(), 'sha256'))}"


_json = json.JSONEncoder(separators=(",", ":")).encode


@lru_cache(maxsize=8)
def _header(kid: str) -> str:
    return _base64url(_json({"alg": ALGORITHM, "kid": kid, "typ": "JWT"}).encode())


def _base64url(octets: bytes) -> str:
    """RFC 7515, section 2: the URL-safe alphabet, no padding."""
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


Reason = Literal[
    "no_token",  # a URL without continue_token, or nothing at all
    "malformed",  # not a JWT, several of them, or claims that `sign` does not make
    "wrong_algorithm",  # not HS256
    "unknown_key",  # no `kid`, or none of the keys has it
    "bad_signature",
    "wrong_issuer",
    "expired",
    "wrong_conversation",  # continue_chat is missing or differs from the token's
    "unknown_conversation",
    "wrong_channel",
    "revoked",
]


@dataclass(frozen=True, slots=True)
class Verified:
    """What a token proves; still to be confirmed against the conversation as it is now."""

    conversation: str
    channel: str
    generation: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Invalid:
    """Why a link opens nothing."""

    reason: Reason


def verify(url_or_token: str, keys: Mapping[str, bytes], *, now: datetime) -> Verified | Invalid:
    """Check a whole link, or a bare token, with the secrets of all keys by `kid`, at `now` (aware).

    Never raises, whatever the text. Ask `confirm` next: a token cannot know of its revocation.
    """
    text = url_or_token.strip()
    if not re.search(r"[/?&#]", text):
        return _verify_token(text, keys, now) if text else Invalid("no_token")
    chats, tokens = _parameters_of(text)
    if len(tokens) != 1:  # of several, which one counts would depend on who reads them
        return Invalid("malformed" if tokens else "no_token")
    found = _verify_token(tokens.pop(), keys, now)
    if isinstance(found, Verified) and chats != {found.conversation}:
        return Invalid("wrong_conversation")
    return found


def confirm(
    found: Verified, *, channel: str | None, link_generation: int | None
) -> Verified | Invalid:
    """Compare with the conversation as it is stored; None: there is no such conversation.

    A token of another generation than the present one is revoked.
    """
    if channel is None or link_generation is None:
        return Invalid("unknown_conversation")
    if found.channel != channel:
        return Invalid("wrong_channel")
    return found if found.generation == link_generation else Invalid("revoked")


def _parameters_of(url: str) -> tuple[set[str], list[str]]:
    """The values of our two parameters in the query, decoded as forms are."""
    query = url.partition("#")[0].partition("?")[2]
    values: dict[str, list[str]] = {CHAT_PARAMETER: [], TOKEN_PARAMETER: []}
    for parameter in query.split("&"):
        name, _, value = parameter.partition("=")
        if _is_ours(name):
            values[unquote(name)].append(unquote_plus(value))
    return set(values[CHAT_PARAMETER]), values[TOKEN_PARAMETER]


_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
#: 32 octets in base64url: 43 characters, of which the last carries two bits that mean nothing and
#: must be 0 (RFC 4648, section 3.5), or several texts would pass for one token.
_HS256_SIGNATURE = re.compile(r".*\.[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]")


def _verify_token(token: str, keys: Mapping[str, bytes], now: datetime) -> Verified | Invalid:
    """Check a compact JWT: form, algorithm, key, signature, claims, time; in this order."""
    if len(token) > LONGEST_URL or not _COMPACT.fullmatch(token):
        return Invalid("malformed")
    try:
        header = json.loads(base64.urlsafe_b64decode(token.partition(".")[0] + "=="))
    except (ValueError, RecursionError):
        return Invalid("malformed")
    if not isinstance(header, dict):
        return Invalid("malformed")
    if header.get("alg") != ALGORITHM:
        return Invalid("wrong_algorithm")
    kid = header.get("kid")
    secret = keys.get(kid) if isinstance(kid, str) else None
    if secret is None or len(secret) < SHORTEST_SECRET:
        return Invalid("unknown_key")
    if not _HS256_SIGNATURE.fullmatch(token):
        return Invalid("bad_signature")
    import jwt

    try:  # PyJWS, as jwt.decode compares times with the wall clock
        claims = json.loads(jwt.PyJWS().decode(token, secret, algorithms=[ALGORITHM]))
    except jwt.InvalidSignatureError:
        return Invalid("bad_signature")
    except (jwt.PyJWTError, ValueError, RecursionError):
        return Invalid("malformed")
    return _verify_claims(claims, now)


def _verify_claims(claims: Any, now: datetime) -> Verified | Invalid:
    match claims:
        case {"iss": str(issuer)} if issuer != ISSUER:
            return Invalid("wrong_issuer")
        case {
            "iss": str(),
            "aud": str(channel),
            "sub": str(conversation),
            "exp": int(expires),
            "gen": int(generation),
        } if bool not in (type(expires), type(generation)) and "nbf" not in claims:
            pass  # `sign` makes no `nbf`, which not every library heeds (RFC 7519, section 4.1.5)
        case _:
            return Invalid("malformed")
    if (now - _EPOCH) // _SECOND >= expires:  # RFC 7519, section 4.1.4: not on or after
        return Invalid("expired")
    try:
        (conversation + channel).encode()  # half a surrogate pair, which JSON can spell, is no text
        return Verified(conversation, channel, generation, _EPOCH + expires * _SECOND)
    except (OverflowError, UnicodeEncodeError):
        return Invalid("malformed")
