"""`url`: where links lead, and the links themselves."""

from __future__ import annotations

import base64
import json
from typing import get_args
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

from continuation_cli.commands import url
from continuation_cli.core import links


@pytest.fixture
def link(run, chat):
    chat.due()
    return run("url", "create", "c1").out.strip()


def verdict(run, value, *words):
    ran = run("url", "verify", value, "--json", *words)
    assert ran.code == (0 if ran.data["valid"] else 65)
    return ran.data


def test_set_show_unset(run, chat):
    chat.conversation("c1")
    ran = run("url", "show")
    assert ran.out == "\n"
    assert "leads to the last page that the customer was on" in ran.err
    run("url", "set", "https://acme.example/a?x=1#y")
    run("url", "set", "https://acme.example/b", "--channel", "acme")
    assert run("url", "show").out == "https://acme.example/a?x=1#y\n"
    shown = run("url", "show", "--channel", "acme", "--json").data
    assert shown["reply_url"] == "https://acme.example/b"
    assert shown["source"] == "channel"
    run("url", "unset", "--channel", "acme")
    assert run("url", "show", "--channel", "acme").out == "https://acme.example/a?x=1#y\n"
    run("url", "unset")
    assert run("url", "show", "--json").data["reply_url"] is None
    assert len(run("settings", "history", "--key", "reply-url").rows) == 4


@pytest.mark.parametrize(
    "value",
    ["javascript:alert(1)", "acme.example/x", "ftp://acme.example/", "https://", " ", "//x"],
)
def test_set_refuses_what_no_link_can_be_made_of(run, chat, value):
    ran = run("url", "set", value)
    assert (ran.code, ran.out) == (2, "")
    assert repr(value) in ran.err
    assert "(example: reply-url https://www.example.com/support)" in ran.err
    assert chat.sql("SELECT 1 FROM settings WHERE key = 'reply_url'") == []


def test_create_leads_to_the_last_page_or_to_reply_url(run, chat, link):
    parts = urlsplit(link)
    assert (parts.hostname, parts.path) == ("acme.example", "/pricing")
    assert parse_qs(parts.query)["continue_chat"] == ["c1"]
    run("url", "set", "https://help.example/#/chat?tab=1")
    assert run("url", "create", "c1").out.startswith("https://help.example/")


def test_create_says_why_there_is_none(run, chat):
    chat.conversation("c1")
    ran = run("url", "create", "c1")
    assert (ran.code, ran.out) == (65, "")
    assert "no link for c1: " in ran.err
    chat.page("c1", url="javascript:alert(1)")
    ran = run("url", "create", "c1")
    assert (ran.code, ran.out) == (65, "")
    assert "'javascript:alert(1)' is not an absolute http or https URL" in ran.err


def test_verify(run, chat, link):
    assert verdict(run, link) == {
        "valid": True,
        "conversation": "c1",
        "channel": "acme",
        "expires_at": verdict(run, link)["expires_at"],
        "reason": None,
    }
    ran = run("url", "verify", link)
    assert ran.out.startswith("valid: opens c1 in acme; expires ")
    token = parse_qs(urlsplit(link).query)["continue_token"][0]
    assert verdict(run, token)["valid"]
    before = chat.dump()
    run("url", "verify", link)
    assert chat.dump() == before  # mail scanners prefetch: looking consumes nothing


def forged(run, link, **claims):
    """The link with other claims, signed with the real key."""
    key = json.loads(run("url", "keys", "export").out)["keys"][0]
    secret = base64.urlsafe_b64decode(key["k"] + "=" * (-len(key["k"]) % 4))
    token = parse_qs(urlsplit(link).query)["continue_token"][0]
    payload = jwt.decode(token, options={"verify_signature": False}) | claims
    return jwt.encode(payload, secret, algorithm="HS256", headers={"kid": key["kid"]})


def test_verify_says_why_not(run, chat, link):
    def reason(value, *words):
        data = verdict(run, value, *words)
        assert (data["valid"], data["conversation"], data["channel"]) == (False, None, None)
        return data["reason"]

    reasons = {
        "expired": reason(link, "--now", "+31d"),
        "tampered": reason(link[:-10] + "AAAAAAAAAA"),
        "no token": reason("https://acme.example/"),
        "nonsense": reason("nonsense"),
        "other conversation": reason(forged(run, link, sub="c9")),
        "other channel": reason(forged(run, link, aud="beta")),
    }
    run("url", "revoke", "c1")
    reasons["revoked"] = reason(link)
    assert len(set(reasons.values())) >= 5
    assert all(reasons.values())
    ran = run("url", "verify", link)
    assert (ran.code, ran.out) == (65, "")
    assert ran.err == (
        "continuation: not valid: revoked (made before the conversation's links were revoked)\n"
    )


def test_every_verdict_is_told_in_words():
    assert set(url.WHY_NOT) == set(get_args(links.Reason))


def test_revoke_ends_the_links_of_one_conversation(run, chat, link):
    chat.due("c2", email="bob@example.com")
    other = run("url", "create", "c2").out.strip()
    assert run("url", "revoke", "c1").err == "The links of c1 are revoked; new ones work.\n"
    assert not verdict(run, link)["valid"]
    assert verdict(run, other)["valid"]
    assert verdict(run, run("url", "create", "c1").out.strip())["valid"]


def test_key_rotation(run, chat, link):
    [first] = run("url", "keys", "list", "--json").data
    assert first["signs"]
    ran = run("url", "keys", "rotate")
    assert ran.code == 0
    newest, oldest = run("url", "keys", "list", "--json").data
    assert (newest["signs"], oldest["signs"]) == (True, False)
    assert oldest["kid"] == first["kid"]
    assert verdict(run, link)["valid"]
    fresh = run("url", "create", "c1").out.strip()
    assert run("url", "keys", "remove", oldest["kid"]).code == 0
    assert not verdict(run, link)["valid"]
    assert verdict(run, fresh)["valid"]
    ran = run("url", "keys", "remove", newest["kid"])
    assert ran.code == 65
    assert "make another first: continuation url keys rotate" in ran.err
    run("url", "keys", "rotate")
    ran = run("url", "keys", "remove", "nope")
    assert ran.code == 2
    assert "there is no key 'nope'" in ran.err


def test_secrets_are_told_by_export_only(run, chat, link):
    exported = json.loads(run("url", "keys", "export").out)
    [key] = exported["keys"]
    secret = base64.urlsafe_b64decode(key["k"] + "==")
    assert len(secret) >= 32
    assert (key["kty"], key["alg"]) == ("oct", "HS256")
    for words in (("url", "keys", "list"), ("url", "keys", "list", "--json"), ("settings", "list")):
        assert key["k"] not in run(*words).out


def test_an_email_goes_without_a_button_where_no_link_can_be_made(run, chat):
    chat.conversation("c1")
    chat.page("c1", url="about:blank", closed=30)
    chat.message("c1")
    ran = run("preview", "c1")
    assert "No Reply in widget button: " in ran.err
    assert "Reply in widget" not in ran.out
    assert run("sweep", "--json").data["sent"] == 1
    assert run("emails", "show", "1", "--json").data["reopen_url"] is None
