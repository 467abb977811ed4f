"""Reopen links: what stays of a page's URL, and what makes one unusable."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from continuation_cli.core import links
from continuation_cli.core.links import UnusableUrlError

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
EXPIRY = NOW + timedelta(days=30)
KEY = links.SigningKey("2026-03", bytes(range(32)))
OURS = "continue_chat=c42&continue_token=x.y.z"

# A page's URL, and the link: {} stands for our two parameters.
USABLE = [
    # Paths and queries
    ("https://acme.example/", "https://acme.example/?{}"),
    ("https://acme.example", "https://acme.example/?{}"),
    ("https://acme.example?a=1", "https://acme.example/?a=1&{}"),
    ("https://acme.example#top", "https://acme.example/?{}#top"),
    ("https://acme.example/pricing", "https://acme.example/pricing?{}"),
    ("https://acme.example/a/../b//c/./", "https://acme.example/a/../b//c/./?{}"),
    ("https://acme.example/pricing?plan=pro", "https://acme.example/pricing?plan=pro&{}"),
    ("https://acme.example/?a=1&a=2&a=1", "https://acme.example/?a=1&a=2&a=1&{}"),
    ("https://acme.example/?tag[]=x&tag[]=y", "https://acme.example/?tag[]=x&tag[]=y&{}"),
    ("https://acme.example/?filter[a][b]=1", "https://acme.example/?filter[a][b]=1&{}"),
    ("https://acme.example/?", "https://acme.example/?{}"),
    ("https://acme.example/?&", "https://acme.example/?&{}"),
    ("https://acme.example/?a=1&", "https://acme.example/?a=1&{}"),
    ("https://acme.example/?a=1&&", "https://acme.example/?a=1&&{}"),
    ("https://acme.example/?&&a=1", "https://acme.example/?&&a=1&{}"),
    ("https://acme.example/?a=&b&=c", "https://acme.example/?a=&b&=c&{}"),
    ("https://acme.example/?q=a+b%2Bc%20d", "https://acme.example/?q=a+b%2Bc%20d&{}"),
    ("https://acme.example/?a=1;b=2", "https://acme.example/?a=1;b=2&{}"),
    ("https://acme.example/p;v=1.2/q;jsessionid=8A", "https://acme.example/p;v=1.2/q;jsessionid=8A?{}"),
    ("https://acme.example/?a=b=c==", "https://acme.example/?a=b=c==&{}"),
    ("https://acme.example/?u=https://x.example/?y=1", "https://acme.example/?u=https://x.example/?y=1&{}"),
    ("https://acme.example/?u=https%3A%2F%2Fx.example%2F%3Fy%3D1#z",
     "https://acme.example/?u=https%3A%2F%2Fx.example%2F%3Fy%3D1&{}#z"),
    ("https://acme.example/@ana/posts?to=ana@acme.example", "https://acme.example/@ana/posts?to=ana@acme.example&{}"),
    ("https://acme.example/?gclid=EAIa_Qob-Ch~MI.x&utm_source=news", "https://acme.example/?gclid=EAIa_Qob-Ch~MI.x&utm_source=news&{}"),
    ("https://acme.example/cart!$&'()*+,;=:@", "https://acme.example/cart!$&'()*+,;=:@?{}"),
    # Percent-encoding: theirs stays as it is, also where it is odd
    ("https://acme.example/caf%C3%A9/%e2%82%ac", "https://acme.example/caf%C3%A9/%e2%82%ac?{}"),
    ("https://acme.example/a%2Fb%00?x=%26%3D%23", "https://acme.example/a%2Fb%00?x=%26%3D%23&{}"),
    ("https://acme.example/?latin1=%E9&sale=100%", "https://acme.example/?latin1=%E9&sale=100%&{}"),
    ("https://acme.example/?x=%zz%", "https://acme.example/?x=%zz%&{}"),
    # What a URI cannot hold
    ("https://acme.example/café?q=naïve#größe", "https://acme.example/caf%C3%A9?q=na%C3%AFve&{}#gr%C3%B6%C3%9Fe"),
    ("https://acme.example/日本?q=😀", "https://acme.example/%E6%97%A5%E6%9C%AC?q=%F0%9F%98%80&{}"),
    ("https://acme.example/my file?q=a b#c d", "https://acme.example/my%20file?q=a%20b&{}#c%20d"),
    ('https://acme.example/?q="<b>"', "https://acme.example/?q=%22%3Cb%3E%22&{}"),
    ("https://acme.example/?q={a|b}^`c`", "https://acme.example/?q=%7Ba%7Cb%7D%5E%60c%60&{}"),
    (r"https://acme.example/?path=C:\x#\y", "https://acme.example/?path=C:%5Cx&{}#%5Cy"),
    ("https://acme.example/\u202egnp.exe", "https://acme.example/%E2%80%AEgnp.exe?{}"),
    ("https://acme.example/a\u00a0b\u2028c\ufeff", "https://acme.example/a%C2%A0b%E2%80%A8c%EF%BB%BF?{}"),
    # Surrounding white space
    ("  https://acme.example/a \r\n", "https://acme.example/a?{}"),
    ("\thttps://acme.example/?a=1\n", "https://acme.example/?a=1&{}"),
    # Scheme, host, port
    ("http://acme.example/", "http://acme.example/?{}"),
    ("HTTP://Acme.Example/A", "HTTP://Acme.Example/A?{}"),
    ("https://acme.example:8443/x", "https://acme.example:8443/x?{}"),
    ("https://acme.example:443/", "https://acme.example:443/?{}"),
    ("https://acme.example:/", "https://acme.example:/?{}"),
    ("https://acme.example:65535", "https://acme.example:65535/?{}"),
    ("http://localhost:3000/#/", "http://localhost:3000/?{}#/"),
    ("http://intranet/help", "http://intranet/help?{}"),
    ("https://acme.example./x", "https://acme.example./x?{}"),
    ("https://my_shop.acme.example/", "https://my_shop.acme.example/?{}"),
    ("https://r3---sn-.acme.example/", "https://r3---sn-.acme.example/?{}"),
    ("https://3com.example/", "https://3com.example/?{}"),
    ("http://192.168.0.10:8080/chat", "http://192.168.0.10:8080/chat?{}"),
    ("http://[::1]/", "http://[::1]/?{}"),
    ("http://[2001:DB8::a:0]:8080/?a#b", "http://[2001:DB8::a:0]:8080/?a&{}#b"),
    ("http://[::ffff:192.0.2.1]", "http://[::ffff:192.0.2.1]/?{}"),
    ("https://münchen.example/", "https://xn--mnchen-3ya.example/?{}"),
    ("https://MÜNCHEN.example:8443", "https://xn--mnchen-3ya.example:8443/?{}"),
    ("https://straße.example/", "https://xn--strae-oqa.example/?{}"),
    ("https://例え。テスト/", "https://xn--r8jz45g.xn--zckzah/?{}"),
    ("https://ａｃｍｅ.example/", "https://acme.example/?{}"),
    ("https://i❤.example/", "https://xn--i-7iq.example/?{}"),
    ("https://مثال.إختبار/", "https://xn--mgbh0fb.xn--kgbechtv/?{}"),
    ("https://xn--mnchen-3ya.example/", "https://xn--mnchen-3ya.example/?{}"),
    # Fragments
    ("https://acme.example/#", "https://acme.example/?{}#"),
    ("https://acme.example/?a=1#faq", "https://acme.example/?a=1&{}#faq"),
    ("https://acme.example/#/", "https://acme.example/?{}#/"),
    ("https://acme.example/#/orders?id=7&id=8", "https://acme.example/?{}#/orders?id=7&id=8"),
    ("https://acme.example/app?v=2#/orders?id=7", "https://acme.example/app?v=2&{}#/orders?id=7"),
    ("https://acme.example/#!/orders?id=7", "https://acme.example/?{}#!/orders?id=7"),
    ("https://acme.example/#/a?b#c?d&", "https://acme.example/?{}#/a?b#c?d&"),
    ("https://acme.example/#tab=2&sort=asc", "https://acme.example/?{}#tab=2&sort=asc"),
    ("https://acme.example/#:~:text=refund%20policy", "https://acme.example/?{}#:~:text=refund%20policy"),
    # Parameters of our names
    ("https://acme.example/?continue_chat=c1&continue_token=o.l.d", "https://acme.example/?{}"),
    ("https://acme.example/?a=1&continue_token=o.l.d&b=2", "https://acme.example/?a=1&b=2&{}"),
    ("https://acme.example/?continue_chat=1&a=1&continue_chat=2&", "https://acme.example/?a=1&{}"),
    ("https://acme.example/?continue_token&continue_chat=", "https://acme.example/?{}"),
    ("https://acme.example/?continue%5Fchat=c1&%63ontinue_token=o", "https://acme.example/?{}"),
    ("https://acme.example/?xcontinue_chat=1&continue_chats=2&Continue_Chat=3",
     "https://acme.example/?xcontinue_chat=1&continue_chats=2&Continue_Chat=3&{}"),
    ("https://acme.example/?next=%3Fcontinue_chat%3Dc1", "https://acme.example/?next=%3Fcontinue_chat%3Dc1&{}"),
    ("https://acme.example/#/x?continue_chat=c1&continue_token=o", "https://acme.example/?{}#/x"),
    ("https://acme.example/#/x?y=1&continue_token=o&z=2", "https://acme.example/?{}#/x?y=1&z=2"),
    ("https://acme.example/#/x?continue_chat=c1&y=1", "https://acme.example/?{}#/x?y=1"),
    ("https://acme.example/#!/x?continue%5Ftoken=o", "https://acme.example/?{}#!/x"),
    ("https://acme.example/#continue_chat=c1&continue_token=o", "https://acme.example/?{}"),
    ("https://acme.example/#?continue_chat=c1&y", "https://acme.example/?{}#?y"),
    ("https://acme.example/#continue_chat=c1&y=1?z", "https://acme.example/?{}#y=1?z"),
    ("https://acme.example/#/continue_chat?y", "https://acme.example/?{}#/continue_chat?y"),
]  # fmt: skip


@pytest.mark.parametrize(("base", "expected"), USABLE)
def test_a_page_keeps_its_url(base: str, expected: str) -> None:
    assert links.reopen_url(base, "c42", "x.y.z") == expected.replace("{}", OURS)


UNUSABLE = [
    # Not absolute, or not http(s)
    ("", "absolute"),
    ("   ", "absolute"),
    ("/pricing?plan=pro", "absolute"),
    ("pricing", "absolute"),
    ("acme.example/pricing", "absolute"),
    ("//acme.example/pricing", "absolute"),
    ("?a=1", "absolute"),
    ("#top", "absolute"),
    ("https:", "absolute"),
    ("https:acme.example", "absolute"),
    ("https:/acme.example/x", "absolute"),
    ("https//acme.example", "absolute"),
    ("about:blank", "absolute"),
    ("about:srcdoc", "absolute"),
    ("javascript:alert(1)", "absolute"),
    ("JavaScript://acme.example/%0aalert(1)", "absolute"),
    ("data:text/html,<script>alert(1)</script>", "absolute"),
    ("blob:https://acme.example/9115d58c", "absolute"),
    ("file:///home/ada/page.html", "absolute"),
    ("chrome-extension://abcdefgh/page.html", "absolute"),
    ("view-source:https://acme.example/", "absolute"),
    ("ftp://acme.example/", "absolute"),
    ("ws://acme.example/", "absolute"),
    ("mailto:ada@example.com", "absolute"),
    ("httpſ://acme.example/", "absolute"),
    ("\ufeffhttps://acme.example/", "absolute"),
    ("https:\\\\acme.example\\x", "absolute"),
    # Control characters, also those that browsers drop
    ("java\tscript:alert(1)", "control"),
    ("https://acme.example/a\tb", "control"),
    ("https://acme.example/\r\nBcc: all@example.com", "control"),
    ("https://acme.example/\x00", "control"),
    ("https://acme.example/\x7f", "control"),
    ("https://acme.example/\x85", "control"),
    ("\x01https://acme.example/", "control"),
    # Credentials
    ("https://ada:secret@acme.example/", "user name or password"),
    ("https://ada@acme.example/", "user name or password"),
    ("https://:@acme.example/", "user name or password"),
    ("https://@acme.example/", "user name or password"),
    ("https://acme.example:443@evil.example/", "user name or password"),
    # Hosts that two readers could read differently, or none can
    (r"https://acme.example\@evil.example/", "backslash"),
    (r"https://acme.example\x", "backslash"),
    (r"https://acme.example/a\b", "backslash"),
    ("https://", "no host"),
    ("https:///x", "no host"),
    ("https://?a=1", "no host"),
    ("https://#a", "no host"),
    ("https://:8080/", "no host"),
    ("https://acme.example:99999/", "port"),
    ("https://acme.example:123456/", "port"),
    ("https://acme.example:-1/", "port"),
    ("https://acme.example:8o/", "port"),
    ("https://acme.example:٨٠/", "port"),
    ("https://acme.example:80:80/", "port"),
    ("https://[::1", "malformed host"),
    ("https://[::1]x/", "malformed host"),
    ("https://[]/", "malformed host"),
    ("https://[::g]/", "malformed host"),
    ("https://[::1%25eth0]/", "malformed host"),
    ("https://[v1.x]/", "malformed host"),
    ("https://::1/", "malformed host"),
    ("https://a..b/", "malformed host"),
    ("https://.acme.example/", "malformed host"),
    ("https://./", "malformed host"),
    ("https://acme example/", "malformed host"),
    ("https://acme%2eexample/", "malformed host"),
    ("https://acme<b>.example/", "malformed host"),
    ("https://acme.example\u202e/", "malformed host"),
    ("https://acme\u200b\ud800.example/", "malformed host"),
    ("https://℀.example/", "malformed host"),
    ("https://acme.example＠evil.example/", "malformed host"),
    ("https://acme.example／evil/", "malformed host"),
    ("https://é b.example/", "malformed host"),
    ("https://" + "a" * 64 + ".example/", "malformed host"),
    ("https://" + "ü" * 63 + ".example/", "malformed host"),
    ("https://" + "ab." * 90 + "example/", "malformed host"),
    ("https://" + "ü." * 200 + "example/", "malformed host"),
    ("https://2130706433/", "malformed host"),
    ("https://0x7f.1/", "malformed host"),
    ("https://127.1/", "malformed host"),
    ("https://256.1.1.1/", "malformed host"),
    ("https://1.2.3.04/", "malformed host"),
    ("https://１２７.１/", "malformed host"),
    # Not text, or too much of it
    ("https://acme.example/\ud800", "surrogate"),
    ("https://acme.example/" + "a" * 2000, "at most 2000"),
    ("https://acme.example/" + "é" * 340, "at most 2000"),
]


@pytest.mark.parametrize(("base", "why"), UNUSABLE)
def test_a_url_that_cannot_be_a_link(base: str, why: str) -> None:
    with pytest.raises(UnusableUrlError, match=why) as caught:
        links.reopen_url(base, "c42", "x.y.z")
    text = str(caught.value)
    assert text.isprintable()
    assert len(text) < 400
    assert "secret" not in text
    assert "example: https://" in text


def test_the_error_names_the_url() -> None:
    with pytest.raises(UnusableUrlError, match=r"^'ftp://acme\.example/' is not an absolute http"):
        links.reopen_url("ftp://acme.example/", "c42", "x.y.z")
    with pytest.raises(UnusableUrlError, match=r"^'https://\*\*\*@acme\.example/x' holds a user"):
        links.reopen_url("https://ada:p@ss@acme.example/x", "c42", "x.y.z")


def test_a_password_stays_out_of_the_error_even_where_the_url_is_broken() -> None:
    for base in ("ftp://ada:sec@h/", "https://ada:s/sec@h/", "https://" + "a" * 99 + ":sec@h"):
        with pytest.raises(UnusableUrlError) as caught:
            links.reopen_url(base, "c42", "x.y.z")
        assert "sec" not in str(caught.value)


@pytest.mark.parametrize(
    ("conversation", "expected"),
    [
        ("c42", "c42"),
        ("a/b?c&d=e#f", "a%2Fb%3Fc%26d%3De%23f"),
        ("100% +1", "100%25%20%2B1"),
        ("Grüße 😀", "Gr%C3%BC%C3%9Fe%20%F0%9F%98%80"),
        ("-._~", "-._~"),
        ("\r\n\x00", "%0D%0A%00"),
        ("", ""),
    ],
)
def test_a_conversation_id_may_be_any_text(conversation: str, expected: str) -> None:
    url = links.reopen_url("https://acme.example/", conversation, "x.y.z")
    assert url == f"https://acme.example/?continue_chat={expected}&continue_token=x.y.z"


def test_a_conversation_id_that_is_not_text() -> None:
    with pytest.raises(UnusableUrlError, match="not text"):
        links.reopen_url("https://acme.example/", "\ud800", "x.y.z")


def test_the_longest_link_is_exact() -> None:
    overhead = len(f"https://acme.example/?{OURS}")
    room = links.LONGEST_URL - overhead
    assert len(links.reopen_url("https://acme.example/" + "a" * room, "c42", "x.y.z")) == 2000
    with pytest.raises(UnusableUrlError, match="2001 octets"):
        links.reopen_url("https://acme.example/" + "a" * (room + 1), "c42", "x.y.z")


def test_a_hostile_url_costs_no_time() -> None:
    hostile = ["//" * 100_000, "https://" + "a:" * 100_000, "https://h/#" + "?&" * 100_000]
    hostile += [
        "https://" + "é." * 100_000,
        "https://h/" + "%5" * 100_000,
        "https://" + "[" * 200_000,
    ]
    hostile += ["https://h/?" + "&" * 200_000, "https://h/" + "é" * 200_000, "\t" * 200_000 + "x"]
    for base in hostile:  # quadratic time would be minutes here
        with pytest.raises(UnusableUrlError):
            links.reopen_url(base, "c42", "x.y.z")


# URLs as their makers make them: of characters that a URI may hold, and of some that it may not;
# short enough for a link even where each of them takes 12 octets.
_uri_text = st.text(
    st.sampled_from("abcXYZ019-._~!$'()*+,;:@/?=&%[]") | st.sampled_from(' "<>{}|^`éß日😀'),
    max_size=10,
)
_names = st.sampled_from(
    ["a", "b[]", "q", "", "continue_chat", "continue_token", "continue%5Fchat"]
)
_parameters = st.lists(
    st.tuples(_names, st.none() | _uri_text).map(
        lambda p: p[0] if p[1] is None else f"{p[0]}={p[1]}"
    ),
    max_size=4,
).map("&".join)
_hosts = st.sampled_from(["acme.example", "h", "acme.example:8080", "[::1]:1", "münchen.example"])
_urls = st.builds(
    lambda scheme, host, path, query, fragment: (
        f"{scheme}://{host}{path}"
        + ("" if query is None else "?" + query)
        + ("" if fragment is None else "#" + fragment)
    ),
    st.sampled_from(["http", "https", "HTTPS"]),
    _hosts,
    st.just("") | _uri_text.map(lambda text: "/" + text.replace("?", "")),
    st.none() | _parameters | _uri_text,
    st.none() | _uri_text | st.builds("/{}?{}".format, _uri_text, _parameters),
).map(str.strip)  # fmt: skip


def parameters(url: str) -> list[tuple[str, str]]:
    """Another reader's view of the query: the standard library's."""
    return parse_qsl(urlsplit(url).query, keep_blank_values=True)


def is_ours(parameter: tuple[str, str]) -> bool:
    return parameter[0] in ("continue_chat", "continue_token")


@given(_urls, st.text(st.characters(exclude_categories=["Cs"]), max_size=10))
def test_every_other_parameter_survives_in_order_and_ours_come_last(
    base: str, conversation: str
) -> None:
    url = links.reopen_url(base, conversation, "x.y.z")
    theirs = [pair for pair in parameters(base) if not is_ours(pair)]
    assert parameters(url) == [
        *theirs,
        ("continue_chat", conversation),
        ("continue_token", "x.y.z"),
    ]


@given(_urls)
def test_scheme_path_and_fragment_survive(base: str) -> None:
    before, after = urlsplit(base), urlsplit(links.reopen_url(base, "c42", "x.y.z"))
    assert (after.scheme, after.port) == (before.scheme, before.port)
    assert after.geturl().isascii()

    assert unquote(after.path) == unquote(before.path or "/")
    if "continue" in before.fragment:
        names = (unquote(part.partition("=")[0]) for part in re.split("[?&]", after.fragment))
        assert not {"continue_chat", "continue_token"} & set(names)
    else:
        assert unquote(after.fragment) == unquote(before.fragment)


@given(_urls, st.sampled_from(["c1", "ü&?"]), st.sampled_from(["o.l.d", ""]))
def test_a_second_time_replaces_the_first(base: str, conversation: str, token: str) -> None:
    first = links.reopen_url(base, conversation, token)
    assert links.reopen_url(first, "c42", "x.y.z") == links.reopen_url(base, "c42", "x.y.z")


_ascii_urls = st.from_regex(
    r"https://acme\.example/[!$-;=@-Z\[\]_a-z~]*\?[!$-;=?-Z\[\]_a-z~]*", fullmatch=True
)


@given(_ascii_urls)
def test_what_a_uri_may_hold_stays_octet_for_octet(base: str) -> None:
    assume("continue" not in unquote(base))
    url = links.reopen_url(base, "c42", "x.y.z")
    glue = "" if base.endswith("&") or base.partition("?")[2] == "" else "&"
    assert url == f"{base}{glue}{OURS}"


@given(st.text() | st.text().map(lambda text: "https://" + text))
@example("https://[")
@example("https://\u2488/")
@example("https://ü\ud800/")
def test_any_text_is_a_link_or_refused(base: str) -> None:
    try:
        url = links.reopen_url(base, "c42", "x.y.z")
    except UnusableUrlError as error:
        url, refusal = None, str(error)
    if url is None:
        assert refusal.isprintable()
        return
    assert url.isascii()
    assert url.isprintable()
    assert " " not in url
    assert urlsplit(url).hostname
    assert parameters(url)[-2:] == [("continue_chat", "c42"), ("continue_token", "x.y.z")]


@given(_urls, st.text(st.characters(exclude_categories=["Cs"]), max_size=10))
def test_a_whole_link_verifies(base: str, conversation: str) -> None:
    token = links.sign(conversation, "acme", 0, KEY, issued_at=NOW, expires_at=EXPIRY)
    url = links.reopen_url(base, conversation, token)
    assert links.verify(f" {url}\n", {KEY.kid: KEY.secret}, now=NOW) == links.Verified(
        conversation, "acme", 0, EXPIRY
    )
