"""The JSON contract that other programs rely on: the envelope, exact keys, types, vocabularies.

A change here is a change of the contract: it needs a new version in the envelope.
"""

from __future__ import annotations

import json
import re
from email.message import EmailMessage

import pytest
from command_tree import commands

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
SHA256 = re.compile(r"[0-9a-f]{64}")
RECEIVED_KINDS = {"reply", "auto_reply", "bounce", "complaint", "unsubscribe", "unroutable"}
EMAIL_STATES = {"sending", "sent", "deferred", "failed", "cancelled", "unknown"}
REASONS = {
    "nothing_unseen", "disabled", "no_address", "invalid_address", "suppressed", "opted_out",
    "held", "expired", "rate_capped", "set_aside", "rule_off",
}  # fmt: skip


# --- Shapes: a type, a set of words, a pattern, [shape], {key: shape}, Maybe, MapOf ---------------


class Maybe:
    def __init__(self, shape):
        self.shape = shape


class MapOf:
    def __init__(self, keys, shape):
        self.keys, self.shape = keys, shape


def fits(value, shape, path="data"):
    if isinstance(shape, Maybe):
        if value is not None:
            fits(value, shape.shape, path)
    elif isinstance(shape, MapOf):
        for key, each in value.items():
            fits(key, shape.keys, f"{path}.key")
            fits(each, shape.shape, f"{path}.{key}")
    elif isinstance(shape, dict):
        assert set(value) == set(shape), f"{path}: {set(value) ^ set(shape)}"
        for key, each in shape.items():
            fits(value[key], each, f"{path}.{key}")
    elif isinstance(shape, list):
        assert isinstance(value, list), path
        for n, each in enumerate(value):
            fits(each, shape[0], f"{path}[{n}]")
    elif isinstance(shape, set):
        assert value in shape, f"{path}: {value!r}"
    elif isinstance(shape, re.Pattern):
        assert isinstance(value, str), path
        assert shape.fullmatch(value), f"{path}: {value!r}"
    else:
        assert type(value) is shape, f"{path}: {value!r} is not {shape.__name__}"


DECISION = {
    "conversation": str,
    "channel": str,
    "to": Maybe(str),
    "state": {"due", "waiting", "skipped"},
    "rule": Maybe({"offline", "unseen"}),
    "presence": {"online", "away", "offline"},
    "since": Maybe(TIME),
    "due_at": Maybe(TIME),
    "reason": Maybe(REASONS),
    "messages": [str],
}
CONTENT = {
    "from": str,
    "to": str,
    "subject": str,
    "message_id": re.compile(r"<[a-z2-7]{26}@[a-z0-9.-]+>"),
    "reply_to": Maybe(str),
    "reopen_url": Maybe(str),
    "messages": [str],
    "text": str,
    "html": str,
    "eml": str,
}
EMAIL = {
    "id": int,
    "conversation": str,
    "channel": str,
    "to": str,
    "subject": str,
    "message_id": str,
    "rule": {"offline", "unseen"},
    "state": EMAIL_STATES,
    "detail": Maybe(str),
    "created_at": TIME,
    "attempts": int,
    "next_attempt_at": Maybe(TIME),
    "finished_at": Maybe(TIME),
    "messages": [str],
}
ATTEMPT = {
    "number": int,
    "started_at": TIME,
    "finished_at": Maybe(TIME),
    "outcome": Maybe(EMAIL_STATES),
    "stage": Maybe({"connect", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "dot", "quit",
                    "exec", "write"}),
    "code": Maybe(int),
    "reply": Maybe(str),
}  # fmt: skip
MESSAGE = {
    "id": str,
    "author": {"agent", "bot", "customer", "note", "system"},
    "name": Maybe(str),
    "via": {"chat", "email"},
    "text": str,
    "format": {"plain", "markdown", "html"},
    "attachments": [
        {
            "name": str,
            "url": Maybe(str),
            "size": Maybe(int),
            "content_type": Maybe(str),
            "sha256": Maybe(SHA256),
        }
    ],
    "sent_at": TIME,
    "seen_at": Maybe(TIME),
    "edited_at": Maybe(TIME),
    "deleted_at": Maybe(TIME),
    "email": Maybe(int),
    "reply": Maybe(int),
}
RECEIVED = {
    "id": int,
    "kind": RECEIVED_KINDS | {"duplicate"},
    "state": {"posted", "quarantined", "ignored", "rejected"},
    "conversation": Maybe(str),
    "message": Maybe(str),
    "reason": Maybe(re.compile(r"[a-z0-9_+]+")),
}
REPLY = {
    **RECEIVED,
    "kind": RECEIVED_KINDS,
    "detail": Maybe(str),
    "email": Maybe(int),
    "from": Maybe(str),
    "from_name": Maybe(str),
    "to": Maybe(str),
    "subject": Maybe(str),
    "message_id": Maybe(str),
    "received_at": TIME,
    "sent_at": Maybe(TIME),
    "size": int,
    "decided_at": Maybe(TIME),
    "decided_by": Maybe(str),
}
PAGE = {
    "page": str,
    "url": Maybe(str),
    "opened_at": Maybe(TIME),
    "visible_at": Maybe(TIME),
    "hidden_at": Maybe(TIME),
    "last_active_at": Maybe(TIME),
    "closed_at": Maybe(TIME),
}
SWEEP = {
    **dict.fromkeys(("sent", "deferred", "failed", "cancelled", "unknown"), int),
    "skipped": MapOf(REASONS, int),
    "emails": [
        {
            "id": Maybe(int),
            "conversation": str,
            "state": EMAIL_STATES | {"set_aside"},
            "detail": Maybe(str),
        }
    ],
    "stopped": Maybe(str),
}
PREVIEWED = {
    "id": Maybe(int),
    "conversation": str,
    "channel": str,
    "to": str,
    "state": {"due"},
    "rule": {"offline", "unseen"},
    "due_at": TIME,
    "subject": str,
    "messages": [str],
    "detail": Maybe(str),
}
SETTING = {
    "key": str,
    "value": Maybe(str),
    "source": {"built in", "default", "channel"},
    "channel": Maybe(str),
    "help": str,
}
FINDING = {
    "check": {"database", "schema", "integrity", "permissions", "disk_space", "clock",
              "signing_key", "templates", "transport", "rules", "sender", "reopen_link", "replies",
              "authentication", "settings", "sweep", "held_emails", "deferred_emails",
              "suppressions", "quarantine", "incoming", "mailbox"},
    "channel": Maybe(str),
    "state": {"ok", "warning", "problem"},
    "detail": str,
    "remedy": Maybe(str),
}  # fmt: skip
CONTRACT = {
    ("pending",): [DECISION],
    ("pending", "--all"): [DECISION],
    ("explain", "due"): {
        **DECISION,
        "steps": [{"about": {"presence", "message", "rule", "decision", "email", "reply", "note"},
                   "text": str}],
    },
    ("explain", "sent"): {
        **DECISION,
        "steps": [{"about": {"presence", "message", "rule", "decision", "email", "reply", "note"},
                   "text": str}],
    },
    ("preview", "due"): {**CONTENT, "decision": DECISION},
    ("show", "due"): {
        "conversation": str, "channel": str, "email": Maybe(str), "name": Maybe(str),
        "locale": Maybe(str), "began_at": TIME, "state": {"open", "closed"},
        "presence": {"online", "away", "offline"}, "messages": [MESSAGE], "pages": [PAGE],
        "emails": [EMAIL], "replies": [REPLY],
    },
    ("show", "sent"): {
        "conversation": str, "channel": str, "email": Maybe(str), "name": Maybe(str),
        "locale": Maybe(str), "began_at": TIME, "state": {"open", "closed"},
        "presence": {"online", "away", "offline"}, "messages": [MESSAGE], "pages": [PAGE],
        "emails": [EMAIL], "replies": [REPLY],
    },
    ("emails", "list"): [EMAIL],
    ("emails", "show", "1"): {**EMAIL, **CONTENT, "headers": str, "tried": [ATTEMPT]},
    ("replies", "list"): [REPLY],
    ("replies", "list", "--state", "quarantined"): [REPLY],
    ("replies", "show", "1"): {
        **REPLY, "text": Maybe(str), "headers": str, "eml": str,
        "attachments": [
            {"name": str, "content_type": str, "size": int, "sha256": SHA256, "path": str}
        ],
    },
    ("replies", "accept", "2"): RECEIVED,
    ("replies", "reject", "2"): RECEIVED,
    ("receive", "EMAIL"): RECEIVED,
    ("fetch", "MAILBOX"): [RECEIVED],
    ("settings", "list"): [SETTING],
    ("settings", "list", "--channel", "acme"): [SETTING],
    ("settings", "get", "recap"): SETTING,
    ("settings", "history"): [
        {"at": TIME, "by": str, "channel": Maybe(str), "key": str, "old": Maybe(str),
         "new": Maybe(str)}
    ],
    ("channels", "list"): [
        {"channel": str, "name": Maybe(str), "created_at": TIME, "conversations": int}
    ],
    ("suppressions", "list"): [
        {"address": str, "reason": {"manual", "unsubscribe", "complaint", "bounce"},
         "source": Maybe(str), "created_at": TIME}
    ],
    ("url", "show"): {
        "reply_url": Maybe(str), "source": {"built in", "default", "channel"},
        "channel": Maybe(str),
    },
    ("url", "create", "due"): {"url": str},
    ("url", "keys", "list"): [{"kid": str, "created_at": TIME, "signs": bool}],
    ("sweep", "--preview"): {**SWEEP, "emails": [PREVIEWED]},
    ("sweep",): SWEEP,
    ("doctor",): [FINDING],
    ("prune", "--older-than", "90d", "--dry-run"): {"conversations": int, "removed": bool},
    ("db", "check"): {"problems": [str], "repaired": bool},
}  # fmt: skip


@pytest.fixture
def busy(chat, run, faulty_smtp):
    """Something of everything: emails of every state but sending, pages and messages of all kinds,
    every reason to skip, mail received of several kinds.
    """
    chat.set("inbound_domain", "reply.acme.example")
    server = faulty_smtp(
        rcpt=[None, "550 5.1.1 no", "450 4.2.1 later", None], dot=[None, "999 what", None]
    )
    for name in ("sent", "failed", "deferred", "unknown"):
        chat.due(name, email=f"{name}@example.com", name="Ada", locale="en-GB")
        run("sweep", "--transport", server.url, "--connections", "1")
    for email in chat.emails():
        assert email["state"] == email["conversation"]
    chat.due("due")
    chat.page("due", "p2", opened=50, hidden_at=chat.ago(40), last_active_at=chat.ago(45))
    files = [{"name": "a.pdf", "url": "https://x.example/a.pdf", "size": 9}, {"name": "b"}]
    chat.message("due", "b1", author="bot", ago=40, seen_at=chat.ago(39))
    chat.message("due", "m2", ago=9, attachments=json.dumps(files), format="markdown")
    chat.message("due", "m3", ago=8, deleted_at=chat.ago(7), edited_at=chat.ago(7))
    chat.message("due", "n1", author="note", ago=8)
    chat.waits("waiting")
    chat.due("no-address", email=None)
    chat.due("held", held_at=chat.ago(1), held_by="eve")
    chat.due("off", channel="off")
    chat.set("enabled", "off", "off")
    chat.due("set-aside", set_aside_until=chat.ago(-30), set_aside_why="cannot be composed: x")
    chat.conversation("quiet")
    run("settings", "set", "recap", "3", "--channel", "acme")
    run("receive", stdin=answer(chat, 1))
    run("receive", stdin=answer(chat, 2, "bob@example.com"))
    run("receive", stdin=b"To: nobody@acme.example\n\nx")
    return server


def answer(chat, number, author="sent@example.com"):
    """A reply with a file to the first email."""
    made = EmailMessage()
    made["From"] = author
    made["To"] = chat.one("SELECT reply_to FROM emails WHERE id = 1")
    made["Message-ID"] = f"<{number}@mail.example>"
    made.set_content(f"Answer {number}")
    made.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="a.pdf")
    return made.as_bytes()


@pytest.fixture
def files(chat, tmp_path):
    """What a command line names."""
    mailbox = tmp_path / "mailbox"
    for folder in ("cur", "new", "tmp"):
        (mailbox / folder).mkdir(parents=True)
    return {"EMAIL": tmp_path / "a.eml", "MAILBOX": mailbox}


@pytest.mark.parametrize("words", CONTRACT, ids="-".join)
def test_the_contract(run, chat, busy, files, words):
    files["EMAIL"].write_bytes(answer(chat, 3))
    (files["MAILBOX"] / "new" / "1.M1.x").write_bytes(answer(chat, 4))
    given = {"EMAIL": files["EMAIL"], "MAILBOX": f"maildir:{files['MAILBOX']}"}
    ran = run(*(given.get(word, word) for word in words), "--json")
    assert ran.code == 0
    assert ran.stdout.endswith(b"\n")
    assert ran.stdout.count(b"\n") == 1
    envelope = ran.json
    assert set(envelope) == {"version", "command", "data"}
    assert envelope["version"] == 1
    values = ("due", "sent", "acme", "quarantined", *given)
    named = [word for word in words if word.isalpha() and word not in values]
    assert envelope["command"] == " ".join(named[:3]).removesuffix(" recap")
    fits(envelope["data"], CONTRACT[words])
    assert envelope["data"]


def test_verify(run, busy):
    shape = {
        "valid": bool, "conversation": Maybe(str), "channel": Maybe(str), "expires_at": Maybe(TIME),
        "reason": Maybe({"no_token", "malformed", "wrong_algorithm", "unknown_key",
                         "bad_signature", "wrong_issuer", "expired", "wrong_conversation",
                         "unknown_conversation", "wrong_channel", "revoked"}),
    }  # fmt: skip
    link = run("url", "create", "due", "--json").data["url"]
    for value, valid in ((link, True), ("x", False), (link[:-5] + "AAAAA", False)):
        ran = run("url", "verify", value, "--json")
        assert ran.json["command"] == "url verify"
        fits(ran.data, shape)
        assert ran.data["valid"] is valid
        assert (ran.data["reason"] is None) is valid


def test_import(run):
    shape = {
        "read": int, "changed": int, "rejected": int, "errors": [{"line": int, "error": str}],
    }  # fmt: skip
    ran = run("import", "-", "--json", stdin=b"{}\n")
    assert ran.json["command"] == "import"
    fits(ran.data, shape)
    assert ran.data["errors"]


def test_every_command_that_reads_has_json(run, busy):
    """So that one that is added is added here too."""
    with_json = {
        path
        for path, command in commands()
        if any("--json" in option.opts for option in command.params)
    }
    covered = {tuple(w for w in words if w.isalpha()) for words in CONTRACT}
    covered |= {("url", "verify"), ("import",)}
    missing = {path for path in with_json if not any(c[: len(path)] == path for c in covered)}
    assert missing == set()


def test_text_of_the_world_is_utf_8(run, chat, process):
    chat.due("c1", name="Zoë 😀")
    chat.sql("UPDATE messages SET text = 'שלום 😀'")
    ran = process("show", "c1", "--json", env={"PYTHONIOENCODING": "ascii"})
    assert json.loads(ran.stdout)["data"]["name"] == "Zoë 😀"
    assert "שלום".encode() in ran.stdout
