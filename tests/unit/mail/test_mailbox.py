"""The choice of a mailbox by URL, and what errors say."""

from __future__ import annotations

import contextlib
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from continuation_cli.mail.imap import ImapMailbox
from continuation_cli.mail.mailbox import Disposal, open_mailbox
from continuation_cli.mail.transport import Misconfigured, describe

PASSWORD = {"CONTINUATION_IMAP_PASSWORD": "hunter2"}
MOVE = Disposal()


def made(url, environ=PASSWORD):
    mailbox = open_mailbox(url, MOVE, environ)
    assert isinstance(mailbox, ImapMailbox)
    return mailbox


@pytest.mark.parametrize(
    ("url", "host", "port", "user", "folder"),
    [
        ("imaps://ada@m.example", "m.example", 993, "ada", "INBOX"),
        ("imaps://ada@m.example/", "m.example", 993, "ada", "INBOX"),
        ("IMAPS://ada@M.Example:9993/INBOX", "m.example", 9993, "ada", "INBOX"),
        ("imap+starttls://ada@m.example/Support", "m.example", 143, "ada", "Support"),
        ("imaps://a%40b.example@m.example/A/B", "m.example", 993, "a@b.example", "A/B"),
        ("imaps://a@b.example@m.example", "m.example", 993, "a@b.example", "INBOX"),
        ("imaps://ada@m.example/Support%20mail", "m.example", 993, "ada", "Support mail"),
        ("imaps://ada@m.example/Entw%C3%BCrfe", "m.example", 993, "ada", "Entwürfe"),
        ("imaps://ada@m.example/at%40home", "m.example", 993, "ada", "at@home"),
        ("imaps://ada@m.example/at@home:1", "m.example", 993, "ada", "at@home:1"),
        ("imap://ada@localhost", "localhost", 143, "ada", "INBOX"),
        ("imap://ada@127.0.0.53:1143", "127.0.0.53", 1143, "ada", "INBOX"),
        ("imap://ada@[::1]", "::1", 143, "ada", "INBOX"),
        ("  imaps://ada@m.example  ", "m.example", 993, "ada", "INBOX"),
    ],
)
def test_imap_urls(url, host, port, user, folder):
    mailbox = made(url)
    assert (mailbox._host, mailbox._port, mailbox._folder) == (host, port, folder)
    assert mailbox._login == (user, "hunter2", "password")
    assert (mailbox._tls_context is None) == url.startswith("imap://")
    assert mailbox._implicit_tls == url.strip().lower().startswith("imaps")
    assert mailbox.name == f"imap:{user}@{host}:{port}/{folder}"
    assert "hunter2" not in repr(mailbox)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "not a mailbox"),
        ("mail.example.com", "not a mailbox"),
        ("http://ada@m.example", "not a mailbox"),
        ("pop3://ada@m.example", "not a mailbox"),
        ("imaps:", "no host"),
        ("imaps:ada@m.example", "no host"),
        ("imaps://ada@", "no host"),
        ("imaps://m.example", "no user name"),
        ("imaps://@m.example", "user name"),
        ("imaps://%0A@m.example", "user name"),
        ("imaps://ada@m.example:0", "port"),
        ("imaps://ada@m.example:99999", "port"),
        ("imaps://ada@m.example?x=1", "follow"),
        ("imaps://ada@m.example/a b", "white space"),
        ("imaps://ada@m.example/a%0Ab", "not the name of a folder"),
        ("imaps://ada@m.example/a%00b", "the folder is not one"),
        ("imap://ada@m.example", "plain text"),
        ("imap://ada@10.0.0.1", "plain text"),
        ("imap://ada@localhost.example", "plain text"),
        ("maildir:", "no path"),
        ("maildir://host/path", "no path"),
        ("maildir:/a\0b", "no path"),
        ("maildir:/no/such/place", "no Maildir"),
        ("maildir:/etc/passwd", "no Maildir"),
    ],
)
def test_bad_urls_are_named_with_an_example(url, says):
    with pytest.raises(Misconfigured, match=says) as caught:
        open_mailbox(url, MOVE, PASSWORD)
    assert any(
        good in str(caught.value) for good in ("imaps://", "maildir:/", "Processed", "INBOX")
    )


@pytest.mark.parametrize(
    "url",
    [
        "imaps://ada:hunter2@m.example",
        "imaps://:hunter2@m.example",
        "imaps://ada:hunter2@with@at@m.example/INBOX",
        "imap://ada:hunter2@localhost",
        "imaps://ada:hunter2/slash@m.example",
        "imaps://ada:12/hunter2@m.example",
        "imaps:ada:hunter2@m.example",
        "imapx://ada:hunter2@m.example",
        "ada:hunter2@m.example",
    ],
)
def test_a_password_in_the_url_is_refused_and_not_shown(url):
    with pytest.raises(Misconfigured) as caught:
        open_mailbox(url, MOVE, {})
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in describe(url)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(("name", "kind"), [("PASSWORD", "password"), ("TOKEN", "token")])
def test_the_secret_comes_from_the_environment_or_a_file(tmp_path, name, kind):
    variable = f"CONTINUATION_IMAP_{name}"
    (tmp_path / "secret").write_text("pä:5%@ 5\n")
    (tmp_path / "secret").chmod(0o600)
    for environ in ({variable: "pä:5%@ 5"}, {f"{variable}_FILE": str(tmp_path / "secret")}):
        assert made("imaps://ada@m.example", environ)._login == ("ada", "pä:5%@ 5", kind)


def test_without_a_usable_secret_it_is_misconfigured(tmp_path):
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "empty").chmod(0o600)
    file = "CONTINUATION_IMAP_PASSWORD_FILE"
    for environ, says in [
        ({}, "set CONTINUATION_IMAP_PASSWORD"),
        ({"CONTINUATION_SMTP_PASSWORD": "hunter2"}, "set CONTINUATION_IMAP_PASSWORD"),
        ({file: str(tmp_path / "missing")}, "No such file"),
        ({file: str(tmp_path / "empty")}, "one line of text"),
        ({file: str(tmp_path / "empty"), **PASSWORD}, "are both set"),
        ({"CONTINUATION_IMAP_TOKEN": "x", **PASSWORD}, "are both set"),
        ({"CONTINUATION_IMAP_TOKEN_FILE": "/no/such"}, "CONTINUATION_IMAP_TOKEN_FILE=/no/such"),
    ]:
        with pytest.raises(Misconfigured, match=says) as caught:
            open_mailbox("imaps://ada@m.example", MOVE, environ)
        assert "hunter2" not in str(caught.value)


def test_the_ca_file_must_hold_certificates(tmp_path):
    (tmp_path / "ca.pem").write_text("not a certificate")
    environ = {"CONTINUATION_IMAP_CAFILE": str(tmp_path / "ca.pem"), **PASSWORD}
    with pytest.raises(Misconfigured, match=r"CONTINUATION_IMAP_CAFILE=.*ca\.pem: there is no PEM"):
        open_mailbox("imaps://ada@m.example", MOVE, environ)


def test_without_imap_tools_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "imap_tools", None)
    for name in ("continuation_cli.mail.imap", "continuation_cli.mail.imap_client"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    with pytest.raises(Misconfigured, match=r"pip install 'continuation-cli\[imap\]'"):
        open_mailbox("imaps://ada@m.example", MOVE, PASSWORD)


SCHEMES = st.sampled_from(["imap:", "imaps:", "imap+starttls:", "imaps://", "imap://", "x://", ""])


@given(SCHEMES, st.text(), st.text())
def test_whatever_is_around_a_password_it_is_not_shown(scheme, before, after):
    with pytest.raises(Misconfigured) as caught:
        open_mailbox(f"{scheme}{before}:hunter2@{after}", MOVE, {})
    assert "hunter2" not in str(caught.value)


@given(SCHEMES | st.just("maildir:"), st.text())
@example("maildir:", "x" * 300)
def test_any_text_is_a_mailbox_or_misconfigured(scheme, text):
    with contextlib.suppress(Misconfigured):  # and no other error
        assert open_mailbox(scheme + text, MOVE, PASSWORD).name
