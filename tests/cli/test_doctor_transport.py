"""`doctor` and the way out: servers that answer well, badly or not at all, logins, templates."""

from __future__ import annotations

import re
import socket
import subprocess
import time

import pytest
from real_smtp import PASSWORD, USERNAME

from continuation_cli.commands import doctor_mail


@pytest.mark.parametrize("tls", ["starttls", "implicit"])
def test_tls_and_login(healthy, found, real_smtp, tls, tmp_path):
    server = real_smtp(tls=tls, auth=True)
    scheme = {"starttls": "smtp+starttls", "implicit": "smtps"}[tls]
    user = USERNAME.replace("@", "%40")
    password = tmp_path / "password"
    password.write_text(PASSWORD)
    password.chmod(0o600)
    env = {
        "CONTINUATION_TRANSPORT": f"{scheme}://{user}@localhost:{server.port}",
        "CONTINUATION_SMTP_CAFILE": str(server.ca_file),
        "CONTINUATION_SMTP_PASSWORD_FILE": str(password),
    }
    each = found(env=env)["transport"]
    assert re.search(r": connected, TLSv1\.\d, login accepted \(\d\.\d s\)$", each.detail)
    assert len(server.mechanisms) == 1

    wrong = {**env, "CONTINUATION_SMTP_PASSWORD": "wrong"}
    del wrong["CONTINUATION_SMTP_PASSWORD_FILE"]
    each = found(code=75, env=wrong)["transport"]
    assert "auth: 535" in each.detail
    assert "wrong" not in each.detail

    password.chmod(0o602)
    each = found(code=78, env=env)["transport"]
    assert "may change it" in each.detail

    del env["CONTINUATION_SMTP_CAFILE"]
    password.chmod(0o600)
    assert "certificate verify failed" in found(code=75, env=env)["transport"].detail
    assert found("--offline", env=env)["transport"].state == "ok"


def test_a_password_that_all_may_read(healthy, found, tmp_path):
    """It is used, as containers mount secrets so, but told."""
    password = tmp_path / "imap password"
    env = {"CONTINUATION_IMAP_PASSWORD_FILE": str(password)}
    assert "password_file" not in found(env=env)
    password.write_text(PASSWORD)
    password.chmod(0o444)
    each = found(env=env)["password_file"]
    assert each.state == "warning"
    assert each.detail == f"every user of this machine may read {password}"
    subprocess.run(["sh", "-c", each.remedy], check=True)
    assert found(env=env)["password_file"].state == "ok"


def test_nothing_but_ehlo(healthy, found, faulty_smtp):
    server = faulty_smtp()
    assert "no TLS, no login" in found("--transport", server.url)["transport"].detail
    assert [line.split()[0] for line in server.commands] == ["EHLO", "QUIT"]


def test_a_server_that_says_nothing(healthy, found, faulty_smtp, monkeypatch):
    from faulty_smtp import STALL

    monkeypatch.setattr(doctor_mail, "PATIENCE", 0.2)
    began = time.monotonic()
    each = found("--transport", faulty_smtp(ehlo=STALL).url, code=75)["transport"]
    assert each.detail.endswith("ehlo: timed out")
    assert time.monotonic() - began < 5


def test_nobody_listens(healthy, found):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    healthy.set("transport", f"smtp://127.0.0.1:{port}")
    assert "Connection refused" in found(code=75)["transport"].detail
    assert "not connected" in found("--offline")["transport"].detail


@pytest.mark.parametrize(
    "url", ["pigeon:coop", "smtp://", "sendmail:/nowhere/sendmail", "maildir:/nowhere/at/all"]
)
def test_a_transport_that_is_none(healthy, found, url):
    healthy.set("transport", url)
    for words in ((), ("--offline",)):
        assert "expected one like" in found(*words, code=78)["transport"].detail


def test_sendmail_is_not_run(healthy, found, tmp_path):
    program = tmp_path / "sendmail"
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    program.chmod(0o755)
    assert found("--transport", f"sendmail:{program}")["transport"].state == "ok"
    assert not (tmp_path / "ran").exists()


def test_a_maildir_is_not_made(healthy, found, tmp_path):
    each = found("--transport", f"maildir:{tmp_path}/new")["transport"]
    assert "made by the first email" in each.detail
    assert not (tmp_path / "new").exists()


def test_templates(healthy, found, tmp_path):
    (tmp_path / "subject.txt").write_text("{{ nothing.at.all }}")
    each = found("--templates", tmp_path, code=78)["templates"]
    assert "nothing" in each.detail
    (tmp_path / "subject.txt").write_text("{% if %}")
    assert found("--templates", tmp_path, code=78)["templates"].state == "problem"
    (tmp_path / "subject.txt").write_text("News")
    assert found("--templates", tmp_path)["templates"].state == "ok"
    assert found("--templates", tmp_path / "none", code=78)["templates"].state == "problem"
