"""Secrets stay where they belong: canaries are put wherever a secret goes, and everything that
comes out is searched for them, as they are and as protocols encode them.
"""

from __future__ import annotations

import base64
import json
import os
import stat
import time
from pathlib import Path

import pytest
from command_tree import GOOD, commands

PASSWORD = "Canary-9d1f-Passw0rd"
IMAP_PASSWORD = "Canary-77aa-Imap"
IMAP_TOKEN = "ya29.Canary-31ee-Token"
SECRETS = {
    "CONTINUATION_SMTP_PASSWORD": PASSWORD,
    "CONTINUATION_IMAP_PASSWORD": IMAP_PASSWORD,
}


def encoded(secret):
    """What a secret looks like on its way: as it is, in SMTP's and IMAP's logins, and in Python."""
    logins = (secret, f"\0mailer\0{secret}", f"\0ada\0{secret}", f"user=ada\1auth=Bearer {secret}")
    octets = [login.encode() for login in logins]
    # Base64 of something in the middle of a text: whichever way it falls, less its two ends.
    octets += [b"x" * n + secret.encode() for n in range(3)]
    found = {base64.b64encode(each)[4:-8] for each in octets} | {secret.encode()}
    return found | {secret.encode().hex().encode(), secret[::-1].encode()}


def leaks(content, *secrets):
    content = content if isinstance(content, bytes) else content.encode()
    return [secret for secret in secrets if any(form in content for form in encoded(secret))]


def everything_under(folder):
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


@pytest.fixture
def clean(tmp_path):
    """Assert that no canary is in what was said, nor in any file of the test."""

    def clean(*runs):
        for ran in runs:
            assert not leaks(ran.stdout + ran.stderr, PASSWORD, IMAP_PASSWORD, IMAP_TOKEN), ran.err
        assert not leaks(everything_under(tmp_path), PASSWORD, IMAP_PASSWORD, IMAP_TOKEN)

    return clean


def test_the_search_finds_what_it_looks_for():
    plain = base64.b64encode(f"\0mailer\0{PASSWORD}".encode())
    bearer = base64.b64encode(f"user=ada\1auth=Bearer {IMAP_TOKEN}\1\1".encode())
    assert leaks(b"AUTH PLAIN " + plain, PASSWORD)
    assert leaks(b"AUTHENTICATE XOAUTH2 " + bearer, IMAP_TOKEN)
    assert leaks(f"smtp://u:{PASSWORD}@h", PASSWORD)
    assert not leaks(b"AUTH PLAIN " + base64.b64encode(b"\0mailer\0other"), PASSWORD)


def test_no_command_tells_a_secret(run, chat, clean):
    """Every command with good values, plain, with --json, with --verbose and with --help."""
    chat.set("inbound_domain", "reply.acme.example")
    chat.due()
    assert run("sweep").code == 0
    chat.message("c1", "m2", ago=5)
    keys = json.loads(run("url", "keys", "export").out)["keys"]
    [secret] = [base64.urlsafe_b64decode(key["k"] + "==") for key in keys]
    forms = {secret, secret.hex().encode(), base64.b64encode(secret)[:-4],
             base64.urlsafe_b64encode(secret)[:-4], repr(secret).encode()[2:-1]}  # fmt: skip
    for path, command in commands():
        values = [GOOD[each.name] for each in command.params if each.param_type_name == "argument"]
        flags = {flag for each in command.params for flag in each.opts}
        required = ("--older-than", "3000d") if path == ("prune",) else ()
        if path in {("url", "keys", "export"), ("demo",)}:
            continue
        for more in ((), ("--help",), ("--json",), ("--verbose",)):
            if more and more[0] != "--help" and more[0] not in flags:
                continue
            ran = run(*path, *required, *more, "--", *values, env=SECRETS)
            clean(ran)
            assert not any(form in ran.stdout + ran.stderr for form in forms), (path, more)


@pytest.mark.parametrize("offers", [("AUTH PLAIN",), ("AUTH LOGIN",)])
@pytest.mark.parametrize(
    "answer",
    [
        "535 5.7.8 {plain} {login} {password} is wrong",
        "454 4.7.0 try again, {password}",
        "421 {plain}",
        "235 welcome {password}",
        "334 {plain}",
        "garbage {password} {plain}",
        "drop",
    ],
)
def test_a_login_that_goes_wrong(run, chat, faulty_smtp, clean, answer, offers):
    from faulty_smtp import DROP

    said = DROP if answer == "drop" else answer.format(
        plain=base64.b64encode(f"\0mailer\0{PASSWORD}".encode()).decode(),
        login=base64.b64encode(PASSWORD.encode()).decode(),
        password=PASSWORD,
    )  # fmt: skip
    server = faulty_smtp(offers=offers, auth=said, mail=f"550 5.7.1 I know {PASSWORD}")
    chat.due()
    url = f"smtp://mailer@{server.host}:{server.port}"
    clean(
        run("sweep", "-v", "--json", "--transport", url, env=SECRETS),
        *(run(*words) for words in (("emails", "list"), ("show", "c1", "--json"))),
    )
    assert any("AUTH" in command for command in server.commands)


@pytest.mark.parametrize(
    ("variable", "secret", "faults"),
    [
        ("CONTINUATION_IMAP_PASSWORD", IMAP_PASSWORD, {"authenticate": "NO {0} {1}"}),
        ("CONTINUATION_IMAP_PASSWORD", IMAP_PASSWORD, {"select": "NO {0} {1}"}),
        ("CONTINUATION_IMAP_PASSWORD", IMAP_PASSWORD, {"search": "BAD {0} {1}"}),
        ("CONTINUATION_IMAP_PASSWORD", IMAP_PASSWORD, {"login": "NO {0} {1}"}),
        ("CONTINUATION_IMAP_TOKEN", IMAP_TOKEN, {"authenticate": "NO {0} {2}"}),
    ],
)
def test_a_mailbox_that_goes_wrong(run, chat, faulty_imap, clean, variable, secret, faults):
    plain = base64.b64encode(f"\0ada\0{secret}".encode()).decode()
    bearer = base64.b64encode(f"user=ada\1auth=Bearer {secret}\1\1".encode()).decode()
    faults = {stage: said.format(secret, plain, bearer) for stage, said in faults.items()}
    offers = "IMAP4rev1" if "login" in faults else "IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2"
    server = faulty_imap([], offers=offers, **faults)
    ran = run("fetch", "-v", server.url, env={variable: secret})
    assert ran.code in (75, 78)
    assert ran.err
    clean(ran)


def test_bad_tls_and_no_server(run, chat, real_smtp, clean):
    chat.due()
    server = real_smtp(tls="starttls", auth=True)
    for url in (
        f"smtp+starttls://mailer@127.0.0.1:{server.port}",  # a certificate nobody vouches for
        f"smtps://mailer@127.0.0.1:{server.port}",  # no TLS where it begins
        "smtps://mailer@127.0.0.1:1",
        "smtp://mailer@mail.example.com",  # would be plain text
    ):
        ran = run("sweep", "-v", "--transport", url, env=SECRETS)
        assert ran.code in (75, 78)
        clean(ran)


@pytest.mark.parametrize("scheme", ["smtp", "smtps", "smtp+starttls", "imaps", "gopher", "SMTP"])
def test_a_password_in_a_url_is_refused_and_not_repeated(run, chat, clean, scheme):
    url = f"{scheme}://mailer:{PASSWORD}@mail.example.com"
    chat.due()
    for words, env in (
        (("sweep", "--transport", url), {}),
        (("sweep",), {"CONTINUATION_TRANSPORT": url}),
        (("settings", "set", "transport", url), {}),
        (("fetch", url), {}),
        (("url", "set", f"https://u:{PASSWORD}@acme.example/"), {}),
    ):
        ran = run(*words, env=env)
        assert ran.code in (2, 78), words
        clean(ran)


def test_a_password_that_sql_wrote_into_the_database_is_not_shown(run, chat):
    chat.due()
    chat.set("transport", f"smtps://mailer:{PASSWORD}@mail.example.com")
    for words in (
        ("settings", "list"), ("settings", "list", "--json"), ("settings", "get", "transport"),
        ("settings", "get", "transport", "--json"), ("sweep", "-v"), ("schedule", "cron"),
        ("settings", "set", "transport", "smtp://localhost:25"), ("settings", "history"),
        ("settings", "history", "--json"), ("settings", "unset", "transport"),
    ):  # fmt: skip
        ran = run(*words)
        assert not leaks(ran.stdout + ran.stderr, PASSWORD), words


SENDMAIL = """#!/bin/sh
{ tr '\\0' ' ' </proc/$$/cmdline; env; cat; } >>"$(dirname "$0")/seen"
exit 0
"""


def test_sendmail_is_not_told(chat, process, tmp_path, clean):
    program = tmp_path / "sendmail"
    program.write_text(SENDMAIL)
    program.chmod(0o755)
    chat.due()
    env = SECRETS | {"PATH": os.environ["PATH"], "CONTINUATION_TRANSPORT": f"sendmail:{program}"}
    ran = process("sweep", "-v", env=env)
    assert ran.code == 0
    assert b"Your refund is on its way" in (tmp_path / "seen").read_bytes()
    assert b"CONTINUATION" not in (tmp_path / "seen").read_bytes()
    clean(ran)


def command_lines():
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            yield int(path.parent.name), path.read_bytes()
        except OSError:
            continue


def test_no_process_has_a_secret_on_its_command_line(chat, spawn, faulty_smtp, tmp_path, clean):
    """With so many emails that a process of its own sends them. ps shows everybody's."""
    for number in range(120):
        chat.due(f"c{number}", email=f"c{number}@example.com")
    server = faulty_smtp(offers=("AUTH PLAIN", "PIPELINING"))
    url = f"smtp://mailer@{server.host}:{server.port}"
    before = {number for number, _ in command_lines()}
    started = spawn("sweep", env=SECRETS | {"CONTINUATION_TRANSPORT": url})
    seen = set()
    while started.poll() is None:
        seen.update(each for each in command_lines() if each[0] not in before)
        time.sleep(0.01)
    assert len(server.accepted) == 120
    assert {number for number, line in seen if b"continuation_cli" in line} > {started.pid}
    assert not any(leaks(line, PASSWORD) for _, line in seen)


BROKEN = """
import imaplib, socket

def broken(*args, **more):
    secret = args  # a local variable, as a debugger would show it
    raise RuntimeError("out of order")

imaplib.IMAP4.authenticate = broken
socket.create_connection = broken if {smtp} else socket.create_connection
"""


@pytest.mark.parametrize("smtp", [True, False], ids=["sweep", "fetch"])
def test_a_fault_of_our_own_shows_no_values(chat, process, faulty_imap, tmp_path, clean, smtp):
    """What nobody has thought of ends with a traceback: of lines, not of what variables hold."""
    (tmp_path / "python").mkdir()
    (tmp_path / "python" / "sitecustomize.py").write_text(BROKEN.format(smtp=smtp))
    env = SECRETS | {"PYTHONPATH": str(tmp_path / "python")}
    chat.due()
    words = ["sweep", "-v", "--transport", "smtp://mailer@127.0.0.1:1"]
    ran = process(*(words if smtp else ["fetch", "-v", faulty_imap([]).url]), env=env)
    assert ran.code != 0
    assert "out of order" in ran.err
    clean(ran)


# --- Password files -------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "password"
    path.write_text(PASSWORD + "\n")
    return path


@pytest.mark.parametrize(
    ("mode", "usable"),
    [(0o600, True), (0o400, True), (0o640, True), (0o660, True), (0o444, True), (0o602, False),
     (0o644, True), (0o646, False), (0o777, False)],
)  # fmt: skip
def test_a_password_file_that_everybody_may_change_is_not_used(
    run, chat, faulty_smtp, file, mode, usable
):
    """Docker and Kubernetes mount secrets that all may read. A group is trusted, as it is with the
    database.
    """
    file.chmod(mode)
    chat.due()
    server = faulty_smtp(offers=("AUTH PLAIN",))
    url = f"smtp://mailer@{server.host}:{server.port}"
    for path in (file, file.parent / "link"):
        if path != file:
            path.symlink_to(file)  # what counts is what it leads to
        ran = run("sweep", "--transport", url, env={"CONTINUATION_SMTP_PASSWORD_FILE": str(path)})
        assert not leaks(ran.stdout + ran.stderr, PASSWORD)
        if usable:
            assert ran.code == 0
        else:
            assert ran.code == 78
            assert f"chmod o= {path}" in ran.err
            assert server.connections == 0
    assert len(server.accepted) == usable


def test_a_password_may_come_through_a_pipe_but_not_without_end(run, chat, faulty_smtp, file):
    chat.due()
    server = faulty_smtp(offers=("AUTH PLAIN",))
    url = f"smtp://mailer@{server.host}:{server.port}"
    ran = run("sweep", "--transport", url, env={"CONTINUATION_SMTP_PASSWORD_FILE": "/dev/zero"})
    assert ran.code == 78
    assert len(ran.err) < 500


def test_the_keys_come_out_by_one_command_only(run, chat):
    """The database holds them, and is for its owner only; test_file_modes.py."""
    assert stat.S_IMODE(Path(chat.path).stat().st_mode) & 0o077 == 0
    exported = json.loads(run("url", "keys", "export").out)
    assert [set(key) for key in exported["keys"]] == [{"kty", "use", "alg", "kid", "k"}]
    assert "the keys, secrets included" in run("url", "keys", "export", "--help").out
    for words in (("url", "keys", "rotate"), ("url", "keys", "list")):
        ran = run(*words)
        for key in json.loads(run("url", "keys", "export").out)["keys"]:
            assert key["k"] not in ran.out + ran.err
