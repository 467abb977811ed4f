"""The choice of a transport by URL, and what errors say."""

from __future__ import annotations

import contextlib
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from continuation_cli.mail.maildir import MaildirTransport
from continuation_cli.mail.sendmail import SendmailTransport
from continuation_cli.mail.smtp import SmtpTransport
from continuation_cli.mail.transport import (
    LONGEST_TEXT,
    Misconfigured,
    NotSent,
    Refused,
    Unavailable,
    Undelivered,
    describe,
    one_line,
    open_transport,
    reason,
)

PASSWORD = {"CONTINUATION_SMTP_PASSWORD": "hunter2"}


def made(url, environ=PASSWORD):
    transport = open_transport(url, environ)
    assert isinstance(transport, SmtpTransport)
    return transport


@pytest.mark.parametrize(
    ("url", "host", "port", "tls", "username"),
    [
        ("smtp://mail.example.com", "mail.example.com", 25, "none", None),
        ("smtp://mail.example.com:2525/", "mail.example.com", 2525, "none", None),
        ("SMTP://Mail.Example.COM:25", "mail.example.com", 25, "none", None),
        ("  smtp://localhost  ", "localhost", 25, "none", None),
        ("smtp://[::1]:25", "::1", 25, "none", None),
        ("smtp://ada@localhost", "localhost", 25, "none", "ada"),
        ("smtp://ada@127.0.0.53:25", "127.0.0.53", 25, "none", "ada"),
        ("smtp://ada@[::1]", "::1", 25, "none", "ada"),
        ("smtp+starttls://m.example", "m.example", 587, "starttls", None),
        ("smtp+starttls://ada@m.example:25", "m.example", 25, "starttls", "ada"),
        ("smtps://a%40b.example@m.example", "m.example", 465, "implicit", "a@b.example"),
        ("smtps://a@b.example@m.example", "m.example", 465, "implicit", "a@b.example"),
        ("smtps://a%3Ab%25@m.example", "m.example", 465, "implicit", "a:b%"),
        ("smtps://%D1%8F@m.example", "m.example", 465, "implicit", "я"),
    ],
)
def test_smtp_urls(url, host, port, tls, username):
    transport = made(url)
    assert (transport._host, transport._port) == (host, port)
    assert (transport._tls, transport._username) == (tls, username)
    assert (transport._tls_context is None) == (tls == "none")
    assert transport._password == ("hunter2" if username else "")
    assert not transport.is_open


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "not a transport URL"),
        ("mail.example.com", "not a transport URL"),
        ("mail.example.com:25", "not a transport URL"),
        ("http://mail.example.com", "not a transport URL"),
        ("smtp:", "no host"),
        ("smtp:mail.example.com", "no host"),
        ("smtp://", "no host"),
        ("smtp://:25", "no host"),
        ("smtp://[::1", "host"),
        ("smtp://[zz]:25", "host"),
        ("smtp://m.example:0", "port"),
        ("smtp://m.example:65536", "port"),
        ("smtp://m.example:smtp", "port"),
        ("smtp://m.example:-1", "port"),
        ("smtp://m.example/path", "follow"),
        ("smtp://m.example?x=1", "follow"),
        ("smtp://m.example#x", "follow"),
        ("smtp://m.exa mple", "white space"),
        ("smtp://m.example\x00", "control character"),
        ("smtps://@m.example", "user name"),
        ("smtps://%0A@m.example", "user name"),
        ("smtp://ada@m.example", "plain text"),
        ("smtp://ada@localhost.example", "plain text"),
        ("smtp://ada@10.0.0.1", "plain text"),
        ("sendmail:", "no path"),
        ("sendmail:usr/sbin/sendmail", "absolute"),
        ("sendmail:/no/such/program", "no such program"),
        ("sendmail:/etc/passwd", "not executable"),
        ("sendmail:/etc", "no such program"),
        ("maildir:", "no path"),
        ("maildir://host/path", "no path"),
        ("maildir:/no/such/place", "no directory"),
        ("maildir:/etc/passwd", "not a directory"),
        ("maildir:/etc", "no Maildir"),
    ],
)
def test_bad_urls_are_named_with_an_example(url, says):
    with pytest.raises(Misconfigured, match=says) as caught:
        open_transport(url, PASSWORD)
    assert describe(url).strip("'") in str(caught.value).replace("\\x00", " ")
    assert (
        "://" in str(caught.value)
        or "sendmail:/usr" in str(caught.value)
        or "maildir:/" in str(caught.value)
    )


@pytest.mark.parametrize(
    "url",
    [
        "smtp://ada:hunter2@localhost",
        "smtps://ada:hunter2@m.example:465",
        "smtps://:hunter2@m.example",
        "smtps://ada:hunter2@with@at@m.example",
        "smtps://ada:hunter2/slash@m.example",
        "smtps://ada:hunter2#hash@m.example",
        "smtps://ada:hunter2 space@m.example",
        "smtps:ada:hunter2@m.example",
        "smtpx://ada:hunter2@m.example",
        "ada:hunter2@m.example",
    ],
)
def test_a_password_in_the_url_is_refused_and_not_shown(url):
    with pytest.raises(Misconfigured) as caught:
        open_transport(url, {})
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in describe(url)
    assert caught.value.__cause__ is None


def test_the_password_comes_from_the_environment_or_a_file(tmp_path):
    file = tmp_path / "password"
    file.touch(0o600)
    for text, password in [
        ("hunter2", "hunter2"),
        ("hunter2\n", "hunter2"),
        ("hunter2\r\n", "hunter2"),
        (" pä:5%@ 5 \n", " pä:5%@ 5 "),
    ]:
        file.write_bytes(text.encode())
        environ = {"CONTINUATION_SMTP_PASSWORD_FILE": str(file)}
        assert made("smtps://ada@m.example", environ)._password == password
    assert made("smtps://ada@m.example")._password == "hunter2"


def test_without_a_usable_password_it_is_misconfigured(tmp_path):
    empty, binary, lines = (tmp_path / name for name in ("empty", "binary", "lines"))
    empty.write_bytes(b"\n")
    binary.write_bytes(b"hunter2\xff")
    lines.write_bytes(b"hunter2\nhunter2\n")
    for path in (empty, binary, lines):
        path.chmod(0o600)
    file = "CONTINUATION_SMTP_PASSWORD_FILE"
    for environ in (
        {},
        {"CONTINUATION_SMTP_PASSWORD": ""},
        {file: ""},
        {file: str(tmp_path / "missing")},
        {file: str(tmp_path)},
        {file: str(empty)},
        {file: str(binary)},
        {file: str(lines)},
        {file: str(lines)} | PASSWORD,
        {"CONTINUATION_SMTP_PASSWORD": "hunter2\n"},
        {"CONTINUATION_SMTP_PASSWORD": "hunter2\0"},
        {"CONTINUATION_SMTP_PASSWORD": "hunter2\udcff"},
    ):
        with pytest.raises(Misconfigured, match="CONTINUATION_SMTP_PASSWORD") as caught:
            open_transport("smtps://ada@m.example", environ)
        assert "hunter2" not in str(caught.value)
        if environ.get(file):
            assert file in str(caught.value)


def test_the_ca_file_must_hold_certificates(tmp_path):
    (tmp_path / "ca.pem").write_text("not a certificate")
    for name in ("ca.pem", "missing.pem"):
        path = str(tmp_path / name)
        with pytest.raises(Misconfigured, match="CONTINUATION_SMTP_CAFILE") as caught:
            open_transport("smtps://m.example", {"CONTINUATION_SMTP_CAFILE": path})
        assert path in str(caught.value)
    # It does not matter where there is no TLS.
    open_transport("smtp://m.example", {"CONTINUATION_SMTP_CAFILE": path})


@pytest.mark.parametrize("name", ["a b", "a\r\nMAIL", "bücher.example"])
def test_the_name_to_greet_with_cannot_carry_a_command(name):
    with pytest.raises(Misconfigured, match="CONTINUATION_SMTP_EHLO"):
        open_transport("smtp://m.example", {"CONTINUATION_SMTP_EHLO": name})


def test_no_secret_in_a_repr():
    transport = made("smtps://ada@m.example")
    assert repr(transport) == "SmtpTransport('m.example', 465, tls='implicit')"


def test_paths(tmp_path):
    for url in (f"maildir:{tmp_path}/mail", f"maildir://{tmp_path}/mail"):
        transport = open_transport(url, {})
        assert isinstance(transport, MaildirTransport)
        assert str(tmp_path / "mail") in repr(transport)
    assert not (tmp_path / "mail").exists()
    assert isinstance(open_transport("sendmail:/bin/true", {}), SendmailTransport)


def test_loading_the_module_loads_nothing_heavy():
    program = (
        "import sys; import continuation_cli.mail.transport;"
        "print(*{'smtplib', 'ssl', 'socket', 'subprocess', 'email', 'urllib.parse', 'pathlib'}"
        ".intersection(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-I", "-c", program], capture_output=True, text=True)
    assert (run.stdout.strip(), run.returncode) == ("", 0), run.stderr


# --- Errors -------------------------------------------------------------------------------------


def test_errors_say_where_and_what():
    error = Refused(
        "rcpt", "5.1.1 no\nsuch user", permanent=True, recipient=True, code=550, status="5.1.1"
    )
    assert str(error) == "rcpt: 550 5.1.1 no such user"
    assert str(Unavailable("connect", "Connection refused")) == "connect: Connection refused"
    assert isinstance(error, Undelivered)


def test_only_a_permanent_refusal_blames_the_recipient():
    assert not Refused("rcpt", "4.1.2 later", permanent=False, recipient=True).recipient


@given(st.text())
def test_one_line_is_one_printable_bounded_line(text):
    line = one_line(text)
    assert line.isprintable()
    assert len(line) <= LONGEST_TEXT
    assert NotSent("mail", text).text == line
    assert one_line(line) == line


SCHEMES = st.sampled_from(["smtp:", "smtps:", "smtp+starttls:", "smtp://", "smtps://", "x://", ""])


@given(SCHEMES, st.text(), st.text())
def test_whatever_is_around_a_password_it_is_refused_and_not_shown(scheme, before, after):
    with pytest.raises(Misconfigured) as caught:
        open_transport(f"{scheme}{before}:hunter2@{after}", {})
    assert "hunter2" not in str(caught.value)


@given(SCHEMES, st.text())
def test_any_text_is_a_transport_or_misconfigured(scheme, text):
    with contextlib.suppress(Misconfigured):  # and no other error
        assert not open_transport(scheme + text, {}).is_open


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (TimeoutError(), "timed out"),
        (TimeoutError("_ssl.c:983: The handshake operation timed out"), "timed out"),
        (TimeoutError(110, "Connection timed out"), "Connection timed out"),
        (ConnectionRefusedError(111, "Connection refused"), "Connection refused"),
        (OSError("the server closed the connection"), "the server closed the connection"),
        (OSError(), "OSError"),
        (OSError(1, "[SSL] wrong version number (_ssl.c:1006)"), "[SSL] wrong version number"),
    ],
)
def test_reason(error, text):
    assert reason(error) == text
